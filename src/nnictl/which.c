/* Which experiment is meant: named, or the only one that is running. */
#include <stdlib.h>
#include <string.h>

#include "expdir.h"
#include "mem.h"
#include "nnictl.h"
#include "parents.h"
#include "say.h"
#include "os/file.h"

bool
which_is_there(const char *dir)
{
	struct buf path = BUF_INIT;
	struct file_info info;
	bool yes;

	expdir_path(&path, dir, "config.json");
	yes =
	    file_info(path.data, true, &info) == 0 && info.type == FILE_REGULAR;
	buf_release(&path);
	return yes;
}

static void
add_of_parent(
    const char *parent, bool running_only, char ***dirs, size_t *count)
{
	struct buf path = BUF_INIT;
	char **names;
	size_t n;

	if (dir_list(parent, &names, NULL, &n, NULL) != 0)
		return;
	for (size_t i = 0; i < n; i++) {
		expdir_path(&path, parent, names[i]);
		if (!experiment_id_valid(names[i], strlen(names[i])) ||
		    !which_is_there(path.data) ||
		    (running_only && !state_is_running(path.data)))
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
	char **parents;
	size_t n;

	*dirs = NULL;
	*count = 0;
	if (parents_list(&parents, &n, NULL) != 0)
		return;
	for (size_t i = 0; i < n; i++)
		add_of_parent(parents[i], running_only, dirs, count);
	parents_free(parents, n);
}

void
which_free(char **dirs, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free(dirs[i]);
	free(dirs);
}

static int
the_running_one(struct buf *dir)
{
	struct buf ids = BUF_INIT;
	char **dirs;
	size_t count;
	int code = NNI_OK;

	which_all(true, &dirs, &count);
	for (size_t i = 0; i < count; i++)
		buf_addf(&ids, " %s", expdir_id(dirs[i]));
	if (count == 1)
		buf_set(dir, dirs[0]);
	else if (count == 0)
		code = say_error(NNI_NOTHING,
		    "no experiment is running; name one (nnictl experiment "
		    "list --all shows them)");
	else
		code = say_error(NNI_USAGE,
		    "several experiments are running, name one:%s", ids.data);
	which_free(dirs, count);
	buf_release(&ids);
	return code;
}

int
which_one(int argc, char **argv, struct buf *dir)
{
	struct buf err = BUF_INIT;
	int code = NNI_OK;

	if (argc == 0)
		return the_running_one(dir);
	if (expdir_find(argv[0], NULL, dir, &err) != 0)
		code = say_error(NNI_USAGE, "%s", err.data);
	buf_release(&err);
	return code;
}

int
which_read(int argc, char **argv, struct experiment *e)
{
	struct buf dir = BUF_INIT, err = BUF_INIT;
	struct config c = {0};
	int code = which_one(argc, argv, &dir);

	if (code != NNI_OK)
		experiment_init(e, "");
	else if (state_read(e, &c, dir.data, true, &err) != 0)
		code = say_error(NNI_TEMPORARY, "%s", err.data);
	config_release(&c);
	buf_release(&dir);
	buf_release(&err);
	return code;
}
