/*
 * What all trials of a member have in common.
 */
#include <stdlib.h>
#include <string.h>
#include "place.h"
#include "command.h"
#include "expdir.h"
#include "journal.h"
#include "mem.h"
#include "say.h"
#include "state.h"
#include "share.h"
#include "trees.h"
#include "os/process.h"
#include "os/sys.h"

/* "NAME=OLD:DIR"; OLD may be NULL. */
static char *
appended(const char *name, const char *old, const char *dir)
{
	struct buf b = BUF_INIT;

	buf_setf(&b, "%s=", name);
	if (old != NULL)
		buf_addf(&b, "%s%s", old, path_list_separator());
	buf_adds(&b, dir);
	return buf_detach(&b);
}

/*
 * A trial in sh calls nni-trial, wherever the tools were put.  An entry of PATH
 * that is empty is the current directory: none is added, and none lost.
 */
static char *
find_path(const char *code_dir, const char *tools)
{
	const char *old = env_get("PATH"), *dirs = old;
	struct buf found = BUF_INIT;
	char *path = NULL;

	if (dirs == NULL && *sys_default_path())
		dirs = sys_default_path();
	if (proc_find("nni-trial", code_dir, &found) == 0) {
		/* It is the trial's as it is. */
	} else if (tools != NULL) {
		path = appended("PATH", dirs, tools);
	} else if (tool_find("nni-trial", &found, NULL) == 0) {
		buf_cut(
		    &found, (size_t)(path_base(found.data) - found.data) - 1);
		path = appended("PATH", dirs, found.data);
	}
	if (path == NULL && old == NULL && dirs != NULL) {
		buf_setf(&found, "PATH=%s", dirs);
		path = buf_detach(&found);
	}
	buf_release(&found);
	return path;
}

static void
set_paths(struct place *p)
{
	const char *python = env_get("PYTHONPATH");
	struct buf dir = BUF_INIT, tools = BUF_INIT;

	/* To Python an empty one is none. */
	if (python != NULL && !*python)
		python = NULL;
	if (p->tools != NULL && tree_dir(&tools, p->store, p->tools) == 0) {
		path_add(&tools, "files");
		expdir_path(&dir, tools.data, "python");
	}
	if (tools.len > 0 || stand_in_find(&dir))
		p->python_path = appended("PYTHONPATH", python, dir.data);
	p->path =
	    find_path(p->member->code_dir, tools.len > 0 ? tools.data : NULL);
	buf_release(&dir);
	buf_release(&tools);
}

/*
 * pythonPath is found before what the machine has (v3.0:ts/nni_manager/
 * training_service/remote_machine/shellExecutor.ts), as a directory of programs
 * or as the program itself.
 */
static void
put_python_first(struct place *p)
{
	const char *path = env_get("PATH");
	struct buf dirs = BUF_INIT;
	struct file_info info;
	char *python = json_strdup(json_get(p->member->section, "pythonPath"));

	if (python != NULL && *python) {
		/* As a shell does it behind "PATH=". */
		if (path_expand(python, &dirs, NULL) == -1)
			buf_set(&dirs, python);
		if (file_info(dirs.data, true, &info) == 0 &&
		    info.type == FILE_REGULAR &&
		    path_base(dirs.data) > dirs.data)
			buf_cut(&dirs,
			    (size_t)(path_base(dirs.data) - dirs.data) - 1);
		buf_addf(&dirs, "%s%s", path_list_separator(),
		    path != NULL ? path : sys_default_path());
		env_set("PATH", dirs.data);
	}
	free(python);
	buf_release(&dirs);
}

/* What each keeper would find out again.  What is in an attempt's own copy of
   the code only the keeper can find. */
static void
look_ahead(struct place *p)
{
	struct buf found = BUF_INIT;

	if (p->argv != NULL && strpbrk(p->argv[0], "/\\") == NULL &&
	    proc_find(
		p->argv[0], p->far ? p->dir : p->member->code_dir, &found) == 0)
		p->program = buf_detach(&found);
	buf_release(&found);
	sys_boot_id();
	sys_host();
}

void
place_store(struct buf *out, const char *dir)
{
	buf_set(out, dir);
	buf_cut(out, (size_t)(path_base(dir) - dir));
	buf_adds(out, "code-trees");
}

void
place_read(struct place *p, const char *dir)
{
	struct buf path = BUF_INIT, text = BUF_INIT;
	struct json all = JSON_NONE;

	*p = (struct place){.events = OS_NO_FILE, .dir = xstrdup(dir)};
	expdir_path(&path, p->dir, PLACE_FILE);
	if (file_read_ordinary(path.data, &text, NULL) == 0 &&
	    json_check(text.data, text.len, JSON_STRICT, &all, NULL, NULL) == 0)
		p->name = json_strdup(json_get(all, "place"));
	p->far = p->name != NULL;
	if (p->far) {
		place_store(&path, p->dir);
		p->store = buf_detach(&path);
		p->code = json_strdup(json_get(all, "code"));
		p->tools = json_strdup(json_get(all, "tools"));
	} else {
		p->name = xstrdup(PLACE_NAME);
	}
	buf_release(&path);
	buf_release(&text);
}

int
place_open(
    struct place *p, const char *dir, const char *member, struct buf *err)
{
	struct buf path = BUF_INIT;
	int r;

	*p = (struct place){.events = OS_NO_FILE};
	if (path_absolute(dir, NULL, &path, err) == -1) {
		buf_release(&path);
		return NNI_CONFIG;
	}
	place_read(p, path.data);
	buf_release(&path);
	r = config_open(&p->config, p->dir, member, &p->member, err);
	if (r != NNI_OK)
		return r;
	p->concurrency = p->config.trial_concurrency;
	if (p->member->trial_command != NULL)
		p->argv = command_split(p->member->trial_command);
	if (p->far)
		put_python_first(p);
	p->share = share_find(p);
	set_paths(p);
	look_ahead(p);
	return 0;
}

void
place_code_dir(struct buf *out, const struct place *p, const char *attempt_dir)
{
	if (p->far)
		expdir_path(out, attempt_dir, "code");
	else
		buf_set(out, p->member->code_dir);
}

void
place_hear(struct place *p, const struct record *r)
{
	int64_t n;

	if (record_sets_concurrency(r, &n))
		p->concurrency = n;
}

static int
hear_control(void *arg, const char *line, size_t len, int64_t offset)
{
	struct record r;

	(void)offset;
	if (record_parse(&r, line, len, NULL) == 0)
		place_hear(arg, &r);
	return 0;
}

void
place_read_control(struct place *p)
{
	struct buf path = BUF_INIT;

	expdir_path(&path, p->dir, "control.jsonl");
	journal_read(path.data, &p->control_offset, hear_control, p, NULL);
	buf_release(&path);
}

void
place_close(struct place *p)
{
	free(p->dir);
	free(p->name);
	free(p->store);
	free(p->code);
	free(p->tools);
	free(p->share);
	command_free(p->argv);
	free(p->program);
	free(p->python_path);
	free(p->path);
	if (p->events != OS_NO_FILE)
		file_close(p->events);
	if (p->config.text.data != NULL)
		config_release(&p->config);
}
