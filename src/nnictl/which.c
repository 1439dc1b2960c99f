/* Which experiment is meant: named, or the only one that is running. */
#include <stdlib.h>
#include <string.h>

#include "expdir.h"
#include "mem.h"
#include "nnictl.h"
#include "opt.h"
#include "parents.h"
#include "say.h"
#include "os/file.h"

/* So many are named where one is to be chosen. */
#define NAMED_MAX 20

static void
add_of_parent(const char *parent, char ***dirs, size_t *count)
{
	struct buf path = BUF_INIT, err = BUF_INIT;
	char **names;
	size_t n;

	if (dir_list(parent, &names, NULL, &n, &err) != 0) {
		/* Hints grow old; the default one is made when it is needed. */
		if (os_errno() != OS_NOT_FOUND)
			say_warning("%s", err.data);
		buf_release(&err);
		return;
	}
	for (size_t i = 0; i < n; i++) {
		expdir_path(&path, parent, names[i]);
		if (!experiment_id_valid(names[i], strlen(names[i])) ||
		    !expdir_is_there(path.data))
			continue;
		*dirs = xreallocarray(*dirs, *count + 1, sizeof(**dirs));
		(*dirs)[(*count)++] = xstrdup(path.data);
	}
	dir_list_free(names, NULL, n);
	buf_release(&path);
}

void
which_all(bool running_only, char ***dirs, size_t *count)
{
	struct buf err = BUF_INIT;
	char **parents;
	size_t n;

	*dirs = NULL;
	*count = 0;
	if (parents_list(&parents, &n, &err) != 0) {
		say_warning("%s", err.data);
		buf_release(&err);
		return;
	}
	for (size_t i = 0; i < n; i++)
		add_of_parent(parents[i], dirs, count);
	parents_free(parents, n);
	if (running_only)
		*count = state_filter(*dirs, *count, true);
}

void
which_free(char **dirs, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free(dirs[i]);
	free(dirs);
}

/* " abcd1234 (its name)" */
static void
add_named(struct buf *out, const char *dir)
{
	struct buf path = BUF_INIT;
	struct config c = {0};

	expdir_path(&path, dir, "config.json");
	buf_addf(out, " %s", expdir_id(dir));
	if (config_load(&c, path.data, NULL) == 0 && c.experiment_name != NULL)
		buf_addf(out, " (%s)", c.experiment_name);
	config_release(&c);
	buf_release(&path);
}

/* When something was last written down of it. */
static int64_t
last_at_work(const char *dir)
{
	static const char *const files[] = {
	    "events.jsonl", "placed.jsonl", "config.json"};
	struct buf path = BUF_INIT;
	struct file_info info;
	int64_t ms = 0;

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]) && !ms; i++) {
		expdir_path(&path, dir, files[i]);
		if (file_info(path.data, true, &info) == 0 &&
		    info.type == FILE_REGULAR)
			ms = info.mtime_ms;
	}
	buf_release(&path);
	return ms;
}

/* false: there is none at all. */
static bool
the_last_one(struct buf *dir)
{
	struct buf named = BUF_INIT;
	int64_t newest = -1;
	char **dirs;
	size_t count;

	which_all(false, &dirs, &count);
	for (size_t i = 0; i < count; i++) {
		int64_t ms = last_at_work(dirs[i]);

		if (ms > newest)
			buf_set(dir, dirs[i]);
		newest = ms > newest ? ms : newest;
	}
	if (count > 0) {
		add_named(&named, dir->data);
		say("no experiment is running; the last one was%s", named.data);
	}
	which_free(dirs, count);
	buf_release(&named);
	return count > 0;
}

static int
the_running_one(struct buf *dir, bool or_the_last)
{
	struct buf ids = BUF_INIT;
	char **dirs;
	size_t count;
	int code = NNI_OK;

	which_all(true, &dirs, &count);
	for (size_t i = 0; i < count && count > 1 && i < NAMED_MAX; i++) {
		buf_adds(&ids, i > 0 ? "," : "");
		add_named(&ids, dirs[i]);
	}
	if (count == 1)
		buf_set(dir, dirs[0]);
	else if (count == 0 && !(or_the_last && the_last_one(dir)))
		code = say_error(NNI_NOTHING,
		    "no experiment is running; name one (nnictl experiment "
		    "list --all shows them)");
	else if (count > 1)
		code = say_error(NNI_USAGE,
		    "%zu experiments are running, name one:%s%s", count,
		    ids.data, count > NAMED_MAX ? ", ..." : "");
	which_free(dirs, count);
	buf_release(&ids);
	return code;
}

static int
which(int argc, char **argv, bool or_the_last, struct buf *dir)
{
	struct buf err = BUF_INIT;
	int code = NNI_OK;

	if (argc == 0)
		return the_running_one(dir, or_the_last);
	if (expdir_find(argv[0], NULL, dir, &err) != 0)
		code = say_error(NNI_NOTHING, "%s", err.data);
	buf_release(&err);
	return code;
}

int
which_one(int argc, char **argv, struct buf *dir)
{
	return which(argc, argv, false, dir);
}

int
which_to_read(int argc, char **argv, struct buf *dir)
{
	return which(argc, argv, true, dir);
}

int
which_read(int argc, char **argv, struct experiment *e)
{
	struct buf dir = BUF_INIT, err = BUF_INIT;
	struct config c = {0};
	int code = which_to_read(argc, argv, &dir);

	if (code != NNI_OK)
		experiment_init(e, "");
	else if (state_read(e, &c, dir.data, true, &err) != 0)
		code = say_error(NNI_TEMPORARY, "%s", err.data);
	config_release(&c);
	buf_release(&dir);
	buf_release(&err);
	return code;
}

/* ---- which trial ---- */

static void
say_no_trial(const struct experiment *e, const char *what)
{
	const char **ids = xcalloc(e->trials.count + 1, sizeof(*ids)), *near;

	for (size_t i = 0; i < e->trials.count; i++)
		ids[i] = e->trials.list[i].id;
	near = opt_nearest(what, ids);
	say_error(NNI_NOTHING, "experiment %s has no trial '%s'%s%s%s",
	    expdir_id(e->dir), what, near != NULL ? "; did you mean '" : "",
	    near != NULL ? near : "", near != NULL ? "'?" : "");
	free(ids);
}

struct trial *
which_trial(struct experiment *e, const char *what)
{
	struct trial *found = trials_find(&e->trials, what);
	struct buf ids = BUF_INIT;
	size_t count = 0;

	for (size_t i = 0; i < e->trials.count && found == NULL; i++) {
		struct trial *tr = &e->trials.list[i];

		if (what[0] == '\0' || strncmp(tr->id, what, strlen(what)))
			continue;
		if (count++ < NAMED_MAX)
			buf_addf(&ids, " %s", tr->id);
		if (count > NAMED_MAX)
			break;
	}
	if (count > 1)
		say_error(NNI_NOTHING,
		    "'%s' is the beginning of several trials:%s%s", what,
		    ids.data, count > NAMED_MAX ? " ..." : "");
	else if (count == 1)
		found = trials_find(&e->trials, ids.data + 1);
	else if (found == NULL)
		say_no_trial(e, what);
	buf_release(&ids);
	return found;
}
