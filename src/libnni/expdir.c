/* An experiment's directory, and where programs are. */
#include "expdir.h"

#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "json.h"
#include "mem.h"
#include "names.h"
#include "opt.h"
#include "os/file.h"
#include "os/lock.h"
#include "os/process.h"
#include "os/sys.h"
#include "parents.h"
#include "record.h"

int
expdir_scratch(const char *tool, struct buf *dir, struct buf *err)
{
	char id[33];

	experiment_id_new(id);
	buf_setf(dir, "%s/%s-%s", sys_temp(), tool, id);
	if (dir_make(dir->data, 0700, err) == 0)
		return 0;
	buf_clear(dir);
	return -1;
}

void
expdir_path(struct buf *out, const char *dir, const char *name)
{
	buf_set(out, dir);
	path_add(out, name);
}

void
expdir_trial(struct buf *out, const char *dir, const char *trial, int attempt)
{
	expdir_path(out, dir, "trials");
	path_add(out, trial);
	if (attempt > 1)
		buf_addf(out, "-%d", attempt);
}

int
expdir_make_trial(const char *attempt_dir, struct buf *err)
{
	size_t parent = (size_t)(path_base(attempt_dir) - attempt_dir);
	struct buf trials = BUF_INIT;
	int r;

	if (dir_make(attempt_dir, 0700, NULL) == 0 || os_errno() == OS_EXISTS)
		return 0;
	/* trials/ itself is made once; this path is rare. */
	buf_add(&trials, attempt_dir, parent > 0 ? parent - 1 : 0);
	if (dir_make(trials.data, 0700, NULL) == -1 && os_errno() != OS_EXISTS)
		r = buf_err(
		    err, "cannot make '%s': %s", trials.data, os_strerror());
	else
		r = dir_make(attempt_dir, 0700, err);
	buf_release(&trials);
	return r;
}

bool
expdir_is_there(const char *dir)
{
	struct buf path = BUF_INIT;
	struct file_info info;
	bool is;

	expdir_path(&path, dir, "config.json");
	is =
	    file_info(path.data, true, &info) == 0 && info.type == FILE_REGULAR;
	buf_release(&path);
	return is;
}

bool
expdir_trial_parse(const char *name, struct attempt *a)
{
	char *end;
	long n = 1;

	if (strlen(name) < TRIAL_ID_LEN || !trial_id_valid(name, TRIAL_ID_LEN))
		return false;
	if (name[TRIAL_ID_LEN] != '\0') {
		n = strtol(name + TRIAL_ID_LEN + 1, &end, 10);
		if (name[TRIAL_ID_LEN] != '-' || *end != '\0' || n < 2 ||
		    n > INT_MAX)
			return false;
	}
	memcpy(a->trial, name, TRIAL_ID_LEN);
	a->trial[TRIAL_ID_LEN] = '\0';
	a->number = (int)n;
	return true;
}

const char *
expdir_id(const char *dir)
{
	return path_base(dir);
}

bool
expdir_lock_held(const char *dir, const char *name, int64_t *pid)
{
	struct buf path = BUF_INIT;
	int64_t holder = 0;
	int held;

	expdir_path(&path, dir, name);
	held = lock_held(path.data, &holder);
	buf_release(&path);
	if (pid != NULL)
		*pid = holder;
	return held == 1;
}

/* ---- making one ---- */

/* The configuration with "seed" (drawn if it has none), as a line. */
static int
add_seed(struct buf *out, struct json config, struct buf *err)
{
	uint64_t seed;
	char text[24];
	struct buf b = BUF_INIT;

	if (json_get(config, "seed").at) {
		json_add(out, config);
	} else {
		if (random_bytes(&seed, sizeof(seed)) == -1)
			return buf_err(
			    err, "cannot draw a seed: %s", os_strerror());
		/* 53 bits: every JSON reader takes it exactly. */
		buf_addf(&b, "%" PRIu64, seed >> 11);
		memcpy(text, b.data, b.len + 1);
		record_set(out, config, "seed", (struct json){text, b.len});
		buf_release(&b);
	}
	buf_addc(out, '\n');
	return 0;
}

static int
fill(const char *dir, struct json config, struct buf *err)
{
	static const char *const below[] = {"trials", "log", "platforms"};
	struct buf path = BUF_INIT, text = BUF_INIT;
	size_t i;
	int r = dir_make(dir, 0700, err);

	for (i = 0; !r && i < sizeof(below) / sizeof(below[0]); i++) {
		expdir_path(&path, dir, below[i]);
		r = dir_make(path.data, 0700, err);
	}
	if (!r)
		r = add_seed(&text, config, err);
	if (!r) {
		expdir_path(&path, dir, "config.json");
		r = file_replace(
		    path.data, text.data, text.len, 0600, true, err);
	}
	buf_release(&path);
	buf_release(&text);
	return r;
}

/*
 * rename() replaces an empty directory silently, but an experiment is never
 * empty, so one that is there makes it fail.
 */
int
expdir_create(const char *parent, const char *id, struct json config,
    struct buf *dir, struct buf *err)
{
	struct buf temp = BUF_INIT, base = BUF_INIT;
	char fresh[33];
	int r = -1, tries;

	if (path_absolute(parent, NULL, &base, err) == -1 ||
	    dir_make_all(base.data, 0700, err) == -1)
		goto out;
	expdir_path(&temp, base.data, ".new-");
	buf_addf(&temp, "%" PRId64, proc_self_pid());
	dir_remove_tree(temp.data, NULL);
	if (fill(temp.data, config, err) == -1)
		goto out;
	for (tries = 0; r && tries < (id ? 1 : 10); tries++) {
		if (!id)
			experiment_id_new(fresh);
		expdir_path(dir, base.data, id ? id : fresh);
		r = file_rename(temp.data, dir->data, err);
		if (r == -1 && expdir_is_there(dir->data))
			r = -buf_err(err,
			    "experiment '%s' is there already: %s",
			    expdir_id(dir->data), dir->data);
	}
	/* Some may make names in it, and not read it: then it cannot be. */
	if (r == 0 && dir_sync(base.data) == -1 && os_errno() != OS_DENIED)
		r = buf_err(
		    err, "cannot flush '%s': %s", base.data, os_strerror());
out:
	if (r && temp.len)
		dir_remove_tree(temp.data, NULL);
	buf_release(&temp);
	buf_release(&base);
	return r;
}

/* ---- finding one ---- */

int
expdir_default_parent(struct buf *parent, struct buf *err)
{
	const char *given = env_get("NNI_EXPERIMENTS");
	struct buf path = BUF_INIT;
	int r;

	r = path_expand(
	    given && *given ? given : "~/nni-experiments", &path, err);
	if (r == 0)
		r = path_absolute(path.data, NULL, parent, err);
	buf_release(&path);
	return r;
}

/* `what` as a path of the directory or of a file somewhere in it. */
static bool
find_by_path(const char *what, struct buf *dir)
{
	struct buf given = BUF_INIT;
	bool found = false;
	size_t len;

	if (path_expand(what, &given, NULL) == 0 &&
	    path_real(given.data, dir, NULL) == 0)
		for (;;) {
			found = expdir_is_there(dir->data);
			len = (size_t)(path_base(dir->data) - dir->data);
			if (found || len <= 1 || len >= dir->len)
				break;
			buf_cut(dir, len - 1);
		}
	buf_release(&given);
	return found;
}

/*
 * Adds to *found how many begin with `what`; `dir` gets the last one found.
 * True: the whole id is there, and no other counts.
 */
static bool
find_in_parent(const char *what, const char *parent, struct buf *dir,
    struct buf *names, size_t *found)
{
	struct buf path = BUF_INIT;
	char **list;
	size_t count, i, len = strlen(what);
	bool whole = false;

	if (dir_list(parent, &list, NULL, &count, NULL) == -1)
		return false;
	for (i = 0; i < count && !whole; i++) {
		if (strncmp(list[i], what, len) || list[i][0] == '.')
			continue;
		expdir_path(&path, parent, list[i]);
		if (!expdir_is_there(path.data))
			continue;
		buf_set(dir, path.data);
		buf_addf(names, "%s%s", *found ? ", " : "", list[i]);
		++*found;
		whole = list[i][len] == '\0';
	}
	dir_list_free(list, NULL, count);
	buf_release(&path);
	return whole;
}

/* How many of all known ones begin with `what`. */
static size_t
find_by_prefix(const char *what, char **parents, size_t count, struct buf *dir,
    struct buf *names)
{
	size_t i, found = 0;

	for (i = 0; i < count; i++)
		if (find_in_parent(what, parents[i], dir, names, &found))
			return 1;
	return found;
}

/* By an id or its beginning: 1 found, 0 not, -1 several (err). */
static int
find_by_id(const char *what, const char *parent, struct buf *dir,
    struct buf *where, struct buf *err)
{
	struct buf names = BUF_INIT;
	char **parents = NULL;
	size_t count = 0, n;
	int r;

	if (parent) {
		if (path_absolute(parent, NULL, where, err) == -1)
			return -1;
		n = find_by_prefix(what, &where->data, 1, dir, &names);
	} else {
		if (parents_list(&parents, &count, NULL) == -1)
			return 0; /* no home: it may be a path */
		buf_set(where, parents[0]);
		n = find_by_prefix(what, parents, count, dir, &names);
		parents_free(parents, count);
	}
	r = n > 1 ? buf_err(err,
			"'%s' is the beginning of several experiments: %s",
			what, names.data)
		  : (int)n;
	buf_release(&names);
	return r;
}

/* Adds the id among the names in a directory that `what` may have meant. */
static void
add_nearest(const char *what, const char *parent, struct buf *id)
{
	struct buf path = BUF_INIT;
	char **names;
	const char **ids, *near;
	size_t count, n = 0;

	if (dir_list(parent, &names, NULL, &count, NULL) == -1)
		return;
	ids = xcalloc(count + 1, sizeof(*ids));
	for (size_t i = 0; i < count; i++)
		if (experiment_id_valid(names[i], strlen(names[i])))
			ids[n++] = names[i];
	near = opt_nearest(what, ids);
	if (near)
		expdir_path(&path, parent, near);
	if (near && expdir_is_there(path.data))
		buf_set(id, near);
	free(ids);
	dir_list_free(names, NULL, count);
	buf_release(&path);
}

/* It is there, but not readable, or without its config.json: says so. */
static bool
is_broken(const char *what, const struct buf *where, struct buf *err)
{
	struct buf dir = BUF_INIT, path = BUF_INIT;
	struct file_info info;
	bool broken = false;

	expdir_path(&dir, where->len ? where->data : ".", what);
	expdir_path(&path, dir.data, "config.json");
	if (file_info(dir.data, true, &info) == 0 && info.type == FILE_DIR) {
		broken = true;
		if (file_info(path.data, true, &info) == -1)
			buf_err(err, "cannot read '%s': %s", path.data,
			    os_strerror());
		else
			buf_err(err,
			    "'%s' has no config.json: it is no experiment, or "
			    "a damaged one",
			    dir.data);
	}
	buf_release(&dir);
	buf_release(&path);
	return broken;
}

static int
not_found(const char *what, const char *parent, const struct buf *where,
    struct buf *err)
{
	struct buf near = BUF_INIT, why = BUF_INIT;
	char **parents = NULL;
	size_t count = 0;

	if (is_broken(what, where, err))
		return -1;
	if (parent)
		add_nearest(what, where->data, &near);
	else if (parents_list(&parents, &count, &why) == 0)
		for (size_t i = 0; i < count && !near.len; i++)
			add_nearest(what, parents[i], &near);
	parents_free(parents, count);
	if (near.len)
		buf_setf(&why, "did you mean '%s'?", near.data);
	buf_err(err, "no experiment '%s'%s%s%s%s", what,
	    where->len ? " in " : "", where->data, why.len ? "; " : "",
	    why.data);
	buf_release(&near);
	buf_release(&why);
	return -1;
}

int
expdir_find(
    const char *what, const char *parent, struct buf *dir, struct buf *err)
{
	struct buf where = BUF_INIT;
	int r = 0;

	buf_clear(dir);
	if (!*what)
		return buf_err(err, "no experiment is named");
	if (experiment_id_valid(what, strlen(what)))
		r = find_by_id(what, parent, dir, &where, err);
	if (r == 0 && !find_by_path(what, dir)) {
		buf_clear(dir);
		r = not_found(what, parent, &where, err);
	}
	buf_release(&where);
	return r < 0 ? -1 : 0;
}

/* ---- where programs are ---- */

static bool
is_program(const struct buf *path)
{
	struct file_info info;

	return file_info(path->data, true, &info) == 0 &&
	       info.type == FILE_REGULAR;
}

/* DIR/name, with the system's ending for programs. */
static bool
find_in(const char *dir, const char *below, const char *name, struct buf *path)
{
	buf_set(path, dir);
	if (*below)
		path_add(path, below);
	path_add(path, name);
	if (is_program(path))
		return true;
	buf_adds(path, ".exe");
	return is_program(path);
}

int
tool_find(const char *name, struct buf *path, struct buf *err)
{
	const char *self = sys_self_dir();

	if (self && find_in(self, "", name, path))
		return 0;
	/* A backend lives in libexec/nni; the tools are then in bin. */
	if (self && find_in(self, "../../bin", name, path))
		return 0;
	if (proc_find(name, NULL, path) == 0)
		return 0;
	return buf_err(err,
	    "cannot find the program '%s' beside '%s' or in "
	    "PATH",
	    name, self ? self : "?");
}

/* ---- where backends are ---- */

static void
list_add(char ***names, size_t *count, char *name)
{
	size_t i;

	for (i = 0; i < *count; i++)
		if (strcmp((*names)[i], name) == 0) {
			free(name);
			return;
		}
	*names = xreallocarray(*names, *count + 1, sizeof(**names));
	(*names)[(*count)++] = name;
}

/*
 * The directories in which backends are, in the order in which they are
 * searched: those of $NNI_PLATFORM_PATH (a list like PATH), where `make
 * install` puts them as bin and as libexec/nni see it, and the source tree.
 */
static void
places(char ***dirs, size_t *count)
{
	static const char *const ours[] = {"../libexec/nni",
	    "../libexec/nni/platforms", "", "platforms", "../platforms"};
	const char *self = sys_self_dir(), *list = env_get("NNI_PLATFORM_PATH");
	size_t len, i;

	*dirs = NULL;
	*count = 0;
	for (; list && *list; list += len + (list[len] != '\0')) {
		len = strcspn(list, path_list_separator());
		if (len)
			list_add(dirs, count, xstrndup(list, len));
	}
	for (i = 0; self && i < sizeof(ours) / sizeof(*ours); i++) {
		struct buf dir = BUF_INIT;

		buf_set(&dir, self);
		if (*ours[i])
			path_add(&dir, ours[i]);
		list_add(dirs, count, buf_detach(&dir));
	}
}

/* DIR/nni-platform-NAME or DIR/NAME/nni-platform-NAME. */
static bool
has_program(const char *dir, const char *platform, struct buf *path)
{
	struct buf name = BUF_INIT;
	bool found;

	buf_setf(&name, "nni-platform-%s", platform);
	found = find_in(dir, "", name.data, path) ||
		find_in(dir, platform, name.data, path);
	buf_release(&name);
	return found;
}

/* DIR/NAME/NAME.jq or DIR/NAME.jq; `folder` is the one that has it. */
static bool
has_jq(const char *dir, const char *platform, struct buf *folder)
{
	struct buf path = BUF_INIT;
	bool found = false;
	int below;

	for (below = 1; below >= 0 && !found; below--) {
		buf_set(folder, dir);
		if (below)
			path_add(folder, platform);
		buf_set(&path, folder->data);
		path_add(&path, platform);
		buf_adds(&path, ".jq");
		found = is_program(&path);
	}
	buf_release(&path);
	return found;
}

/* The engine of the platforms that are a jq file. */
#define REST "rest"

static bool
find_engine(char **dirs, size_t count, struct buf *path)
{
	size_t i;

	for (i = 0; i < count; i++)
		if (has_program(dirs[i], REST, path))
			return true;
	return proc_find("nni-platform-" REST, NULL, path) == 0;
}

static int
no_platform(const char *platform, struct buf *err)
{
	return buf_err(err,
	    "there is no platform '%s': no program 'nni-platform-%s' and no "
	    "'%s.jq' in $NNI_PLATFORM_PATH, beside the tools or in PATH",
	    platform, platform, platform);
}

int
backend_find(const char *platform, struct buf *path, struct buf *err)
{
	struct buf folder = BUF_INIT, name = BUF_INIT;
	char **dirs;
	size_t count, i;
	int r = -1;

	/* The engine alone is none. */
	if (!name_is_plain(platform) || strcmp(platform, REST) == 0)
		return buf_err(
		    err, "'%.64s' is not a platform's name", platform);
	places(&dirs, &count);
	for (i = 0; i < count; i++) {
		if (has_program(dirs[i], platform, path)) {
			r = 0;
			break;
		}
		if (!has_jq(dirs[i], platform, &folder))
			continue;
		if (find_engine(dirs, count, path))
			r = 0;
		else
			buf_err(err,
			    "platform '%s' needs the program "
			    "'nni-platform-rest', which is neither beside the "
			    "tools nor in PATH",
			    platform);
		break;
	}
	if (i == count) {
		buf_setf(&name, "nni-platform-%s", platform);
		r = proc_find(name.data, NULL, path) == 0
			? 0
			: no_platform(platform, err);
	}
	dir_list_free(dirs, NULL, count);
	buf_release(&folder);
	buf_release(&name);
	return r;
}

/* Is there a file of jq in it?  Many a `lib` is something else. */
static bool
is_jq_library(const char *dir)
{
	char **found;
	size_t n, i;
	bool is = false;

	if (dir_list(dir, &found, NULL, &n, NULL) != 0)
		return false;
	for (i = 0; i < n && !is; i++) {
		size_t len = strlen(found[i]);

		is = len > 3 && strcmp(found[i] + len - 3, ".jq") == 0;
	}
	dir_list_free(found, NULL, n);
	return is;
}

int
platform_jq_find(
    const char *platform, struct buf *dir, struct buf *lib, struct buf *err)
{
	char **dirs;
	size_t count, i, at;
	bool found = false;

	if (!name_is_plain(platform))
		return buf_err(
		    err, "'%.64s' is not a platform's name", platform);
	places(&dirs, &count);
	for (at = 0; at < count && !found; at++)
		found = has_jq(dirs[at], platform, dir);
	/* The one beside it, else ours. */
	for (i = 0; found && i <= count; i++) {
		buf_set(lib, dirs[i == 0 ? at - 1 : i - 1]);
		path_add(lib, "lib");
		if (is_jq_library(lib->data))
			break;
		buf_clear(lib);
	}
	dir_list_free(dirs, NULL, count);
	return found ? 0 : no_platform(platform, err);
}

/* What DIR/FOUND[.jq] or a folder DIR/FOUND says of a platform. */
static void
list_entry(const char *dir, const char *found, char ***names, size_t *count)
{
	static const char prefix[] = "nni-platform-";
	size_t len = strlen(found);
	struct buf path = BUF_INIT;
	char *name = NULL;

	if (strncmp(found, prefix, strlen(prefix)) == 0) {
		found += strlen(prefix);
		len = strlen(found);
		if (len > 4 && strcmp(found + len - 4, ".exe") == 0)
			len -= 4;
		name = xstrndup(found, len);
	} else if (len > 3 && strcmp(found + len - 3, ".jq") == 0) {
		name = xstrndup(found, len - 3);
	} else if (name_is_plain(found) && (has_program(dir, found, &path) ||
					       has_jq(dir, found, &path))) {
		name = xstrdup(found);
	}
	if (name && strcmp(name, REST) != 0)
		list_add(names, count, name);
	else
		free(name);
	buf_release(&path);
}

void
backend_list(char ***names, size_t *count)
{
	char **dirs, **found;
	size_t n, i, j, dir_count;

	*names = NULL;
	*count = 0;
	places(&dirs, &dir_count);
	for (i = 0; i < dir_count; i++) {
		if (dir_list(dirs[i], &found, NULL, &n, NULL) != 0)
			continue;
		for (j = 0; j < n; j++)
			list_entry(dirs[i], found[j], names, count);
		dir_list_free(found, NULL, n);
	}
	dir_list_free(dirs, NULL, dir_count);
}

bool
stand_in_find(struct buf *dir)
{
	static const char *const places[] = {
	    "../../share/nni/python", "../share/nni/python", "../share/python"};
	struct file_info info;
	size_t i;

	for (i = 0; sys_self_dir() && i < sizeof(places) / sizeof(*places);
	     i++) {
		buf_clear(dir);
		if (path_absolute(places[i], sys_self_dir(), dir, NULL) == 0 &&
		    file_info(dir->data, true, &info) == 0 &&
		    info.type == FILE_DIR)
			return true;
	}
	return false;
}
