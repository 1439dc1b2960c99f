/* stop, trial kill, experiment delete: what ends or removes something. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "expdir.h"
#include "journal.h"
#include "nnictl.h"
#include "opt.h"
#include "say.h"
#include "os/file.h"
#include "os/loop.h"
#include "os/sys.h"

#define STOP_MS 120000
#define LOOK_MS 50

/* ---- stop ---- */

struct stopping {
	struct loop *loop;
	const char *dir;
	int64_t deadline_ms;
	struct timer look;
};

static void
look(void *arg)
{
	struct stopping *s = arg;

	if (!experiment_is_running(s->dir, NULL))
		loop_stop(s->loop, NNI_OK);
	else if (loop_now_ms(s->loop) > s->deadline_ms)
		loop_stop(s->loop, NNI_DEADLINE);
	else
		timer_set(s->loop, &s->look, LOOK_MS, look, s);
}

static int
await_stop(const char *dir)
{
	struct stopping s = {.loop = loop_new(), .dir = dir};
	int code;

	s.deadline_ms = loop_now_ms(s.loop) + STOP_MS;
	timer_set(s.loop, &s.look, 0, look, &s);
	code = loop_run(s.loop);
	loop_free(s.loop);
	if (code != NNI_OK)
		say_error(code,
		    "experiment %s has not come to its end in %d s; it is "
		    "asked to, and goes on stopping",
		    expdir_id(dir), STOP_MS / 1000);
	return code;
}

static int
request_stop(const char *dir)
{
	static const char request[] = "{\"type\":\"stop\"}";
	struct buf path = BUF_INIT, err = BUF_INIT;
	int code = NNI_OK;

	expdir_path(&path, dir, "control.jsonl");
	if (journal_append_line(
		path.data, request, sizeof(request) - 1, &err) != 0)
		code = say_error(NNI_TEMPORARY, "%s", err.data);
	buf_release(&path);
	buf_release(&err);
	return code;
}

/* Nobody is at work on it, but its trials may run. */
static int
stop_trials(const char *dir)
{
	const char *args[] = {"--dir", dir, "--all", NULL};
	struct experiment e;
	struct buf err = BUF_INIT;
	int code = NNI_OK;

	experiment_init(&e, dir);
	if (experiment_replay(&e, NULL, &err) != 0)
		code = say_error(NNI_TEMPORARY, "%s", err.data);
	if (code == NNI_OK && e.last == SESSION_PASS)
		code = request_stop(dir); /* for the next tick */
	if (code == NNI_OK && e.trials.live > 0) {
		code = run_tool("nni-cancel", args, true);
		if (code == NNI_NOTHING)
			code = NNI_OK;
	} else if (code == NNI_OK && e.last != SESSION_PASS) {
		say("experiment %s is not running", expdir_id(dir));
	}
	experiment_release(&e);
	buf_release(&err);
	return code;
}

static int
stop_one(const char *dir)
{
	int code;

	if (!experiment_is_running(dir, NULL))
		return stop_trials(dir);
	code = request_stop(dir);
	if (code == NNI_OK)
		code = await_stop(dir);
	if (code == NNI_OK)
		say("experiment %s is stopped", expdir_id(dir));
	return code;
}

/* --all, or "ID*" as NNI has it: all running ones that begin so. */
static int
stop_many(const char *prefix, size_t len)
{
	char **dirs;
	size_t count, stopped = 0;
	int code = NNI_OK;

	which_all(true, &dirs, &count);
	for (size_t i = 0; i < count; i++) {
		if (strncmp(expdir_id(dirs[i]), prefix, len) != 0)
			continue;
		stopped++;
		if (stop_one(dirs[i]) != NNI_OK)
			code = NNI_TEMPORARY;
	}
	which_free(dirs, count);
	if (stopped == 0)
		return say_error(NNI_NOTHING, "no experiment is running");
	return code;
}

int
ctl_stop(int argc, char **argv)
{
	struct buf dir = BUF_INIT;
	size_t len = argc > 0 ? strlen(argv[0]) : 0;
	int code;

	if (o.all)
		return stop_many("", 0);
	if (len > 0 && argv[0][len - 1] == '*')
		return stop_many(argv[0], len - 1);
	code = which_one(argc, argv, &dir);
	if (code == NNI_OK)
		code = stop_one(dir.data);
	buf_release(&dir);
	return code;
}

/* ---- one trial ---- */

int
ctl_kill(int argc, char **argv)
{
	struct buf dir = BUF_INIT;
	int code;

	if (o.trial == NULL)
		return say_error(NNI_USAGE, "--trial_id TRIAL says which one");
	code = which_one(argc, argv, &dir);
	if (code == NNI_OK) {
		const char *args[] = {"--dir", dir.data, o.trial, NULL};

		code = run_tool("nni-cancel", args, true);
	}
	buf_release(&dir);
	return code;
}

/* ---- delete ---- */

static bool
confirmed(const char *dir)
{
	char answer[8] = "";

	if (o.yes)
		return true;
	if (!console_is_terminal(sys_stdin())) {
		say_error(NNI_USAGE,
		    "--yes is needed where nobody can be "
		    "asked whether to delete '%s'",
		    dir);
		return false;
	}
	fprintf(stderr, "delete %s with all its results? [y/N] ", dir);
	return fgets(answer, sizeof(answer), stdin) != NULL &&
	       (answer[0] == 'y' || answer[0] == 'Y');
}

static int
delete_one(const char *dir)
{
	const char *args[] = {"--clean", dir, NULL};
	struct buf err = BUF_INIT;
	int64_t pid = 0;
	int code;

	if (experiment_is_running(dir, &pid))
		return say_error(NNI_LOCKED,
		    "experiment %s is running (process %" PRId64
		    "); stop it first",
		    expdir_id(dir), pid);
	if (!confirmed(dir))
		return NNI_USAGE;
	code = run_tool("nni-run", args, true);
	if (code != NNI_OK)
		return code;
	if (dir_remove_tree(dir, &err) != 0)
		code = say_error(NNI_TEMPORARY, "%s", err.data);
	else
		say("experiment %s is deleted", expdir_id(dir));
	buf_release(&err);
	return code;
}

static int
delete_all(void)
{
	char **dirs;
	size_t count;
	int code = NNI_OK, one;

	which_all(false, &dirs, &count);
	for (size_t i = 0; i < count; i++) {
		if (experiment_is_running(dirs[i], NULL))
			continue;
		one = delete_one(dirs[i]);
		if (code == NNI_OK)
			code = one;
	}
	which_free(dirs, count);
	return count > 0 ? code : NNI_NOTHING;
}

int
ctl_delete(int argc, char **argv)
{
	struct buf dir = BUF_INIT;
	int code;

	if (o.all)
		return delete_all();
	if (argc == 0)
		return say_error(NNI_USAGE, "name the experiment to delete");
	code = which_one(argc, argv, &dir);
	if (code == NNI_OK)
		code = delete_one(dir.data);
	buf_release(&dir);
	return code;
}
