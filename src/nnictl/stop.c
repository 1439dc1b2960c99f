/* stop, trial kill, experiment delete: what ends or removes something. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "expdir.h"
#include "journal.h"
#include "nnictl.h"
#include "opt.h"
#include "quote.h"
#include "say.h"
#include "survey.h"
#include "os/file.h"
#include "os/loop.h"
#include "os/sys.h"

#define STOP_MS 120000
#define LOOK_MS 50

/* ---- asking ---- */

int
ask_before(const char *verb, char **dirs, size_t count, bool must)
{
	struct buf shown = BUF_INIT;
	char answer[8] = "";

	if (o.yes || (!must && !console_is_terminal(sys_stdin())))
		return NNI_OK;
	if (!console_is_terminal(sys_stdin()))
		return say_error(NNI_USAGE,
		    "--yes is needed where nobody can be asked whether to %s "
		    "%s",
		    verb, count == 1 ? dirs[0] : "them");
	for (size_t i = 0; i < count; i++) {
		buf_clear(&shown);
		quote_visible(&shown, dirs[i], strlen(dirs[i]));
		fprintf(stderr, "  %s\n", shown.data);
	}
	buf_release(&shown);
	fprintf(stderr, "%s %s%s? [y/N] ", verb,
	    count == 1 ? "it" : "all of them", must ? " with all results" : "");
	if (fgets(answer, sizeof(answer), stdin) != NULL &&
	    (answer[0] == 'y' || answer[0] == 'Y'))
		return NNI_OK;
	say("nothing is done");
	return NNI_NOTHING;
}

/* One that fails does not keep the others from it. */
static int
each(int (*fn)(const char *dir), char **dirs, size_t count)
{
	int code = NNI_OK;

	for (size_t i = 0; i < count; i++)
		if (fn(dirs[i]) != NNI_OK)
			code = NNI_TEMPORARY;
	return code;
}

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

	if (!experiment_is_served(s->dir, NULL))
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
	struct buf path = BUF_INIT, err = BUF_INIT, request = BUF_INIT;
	int code = NNI_OK;

	record_begin(&request, "stop");
	json_member_time(&request, "time", clock_wall_ms());
	buf_addc(&request, '}');
	expdir_path(&path, dir, "control.jsonl");
	if (journal_append_line(path.data, request.data, request.len, &err) !=
	    0)
		code = say_error(NNI_TEMPORARY, "%s", err.data);
	buf_release(&request);
	buf_release(&path);
	buf_release(&err);
	return code;
}

/* Does anything of it run, or will run? 1, 0, or -1 after a message. */
static int
anything_left(const char *dir)
{
	struct experiment e;
	struct config c;
	struct buf err = BUF_INIT;
	int left;

	if (state_read(&e, &c, dir, false, &err) != 0) {
		say_error(NNI_TEMPORARY, "%s", err.data);
		left = -1;
	} else {
		left = e.trials.live > 0 || state_is_running(dir);
	}
	experiment_release(&e);
	config_release(&c);
	buf_release(&err);
	return left;
}

/* The last resort: the journal learns of it when it is resumed. */
static int
cancel_all(const char *dir)
{
	const char *args[] = {"--dir", dir, "--all", NULL};
	int code = run_tool("nni-cancel", args, true);

	return code == NNI_NOTHING ? NNI_OK : code;
}

/*
 * Nobody is at work on it.  A nni-run that finds the request at its start does
 * nothing but stop the trials and write down their ends, and that it was
 * stopped: the next tick has nothing to do.
 */
static int
stop_by_new_run(const char *dir)
{
	struct buf err = BUF_INIT;
	int code = request_stop(dir);

	if (code == NNI_OK)
		code = start_detached(dir, &err);
	if (code == NNI_TRIAL_FAILED) /* some time, not now */
		code = NNI_OK;
	if (code == NNI_OK)
		code = await_stop(dir);
	if (err.len > 0)
		say_error(code, "%s", err.data);
	buf_release(&err);
	if (code == NNI_OK || code == NNI_LOCKED || code == NNI_DEADLINE)
		return code;
	return cancel_all(dir);
}

/* A tick may come between, which reads requests only once. */
static int
stop_journaled(const char *dir)
{
	bool was = false;
	int code = NNI_OK, left = 1;

	for (int tries = 0; tries < 5 && code == NNI_OK; tries++) {
		if (experiment_is_running(dir, NULL)) {
			was = true;
			code = request_stop(dir);
			if (code == NNI_OK)
				code = await_stop(dir);
			if (code != NNI_OK)
				return code;
		}
		left = anything_left(dir);
		if (left <= 0)
			break;
		was = true;
		code = stop_by_new_run(dir);
		if (code == NNI_LOCKED)
			code = NNI_OK;
	}
	if (left == 0)
		say(was ? "experiment %s is stopped"
			: "experiment %s is not running",
		    expdir_id(dir));
	return left < 0 ? NNI_TEMPORARY : code;
}

/*
 * That of a typed pipeline: nni-submit cancels what it serves and ends, and so
 * does the pipeline when its trials have.  What is left, we cancel.
 */
static int
stop_typed(const char *dir)
{
	bool served = experiment_is_served(dir, NULL);
	int left = served ? 1 : anything_left(dir);
	bool was = left > 0;
	int code = NNI_OK;

	if (was)
		code = request_stop(dir);
	if (code == NNI_OK && served)
		code = await_stop(dir);
	if (code == NNI_OK && served)
		left = anything_left(dir);
	if (code == NNI_OK && left > 0)
		code = cancel_all(dir);
	if (code == NNI_OK && left >= 0)
		say(was ? "experiment %s is stopped"
			: "experiment %s is not running",
		    expdir_id(dir));
	return left < 0 ? NNI_TEMPORARY : code;
}

static int
stop_one(const char *dir)
{
	return survey_is_typed(dir) ? stop_typed(dir) : stop_journaled(dir);
}

/* --all, or "ID*" as NNI has it: all running ones that begin so. */
static int
stop_many(const char *prefix, size_t len)
{
	char **dirs;
	size_t count, kept = 0;
	int code = NNI_OK;

	which_all(true, &dirs, &count);
	for (size_t i = 0; i < count; i++)
		if (strncmp(expdir_id(dirs[i]), prefix, len) == 0)
			dirs[kept++] = dirs[i];
		else
			free(dirs[i]);
	if (kept == 0 && count > 0)
		code = say_error(NNI_NOTHING,
		    "no experiment that begins with '%.*s' is running",
		    (int)len, prefix);
	else if (kept == 0)
		code = say_error(NNI_NOTHING, "no experiment is running");
	else
		code = ask_before("stop", dirs, kept, false);
	if (code == NNI_OK)
		code = each(stop_one, dirs, kept);
	which_free(dirs, kept);
	return code;
}

int
ctl_stop(int argc, char **argv)
{
	struct buf dir = BUF_INIT;
	size_t len = argc > 0 ? strlen(argv[0]) : 0;
	int code;

	if (o.all && argc > 0)
		return say_error(NNI_USAGE, "--all or an experiment, not both");
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
	struct experiment e;
	struct trial *tr = NULL;
	struct buf dir = BUF_INIT;
	int code;

	if (o.trial == NULL)
		return say_error(NNI_USAGE, "--trial_id TRIAL says which one");
	code = which_one(argc, argv, &dir);
	if (code == NNI_OK)
		code = which_read(1, &dir.data, &e);
	else
		experiment_init(&e, "");
	buf_release(&dir);
	if (code == NNI_OK && (tr = which_trial(&e, o.trial)) == NULL)
		code = NNI_NOTHING;
	if (code == NNI_OK) {
		const char *args[] = {"--dir", e.dir, tr->id, NULL};

		if (tr->flags & TRIAL_ENDED)
			say("trial %s has ended: %s", tr->id,
			    status_word((enum trial_status)tr->status));
		else if ((code = run_tool("nni-cancel", args, true)) == NNI_OK)
			say("trial %s is stopped", tr->id);
	}
	experiment_release(&e);
	return code;
}

/* ---- delete ---- */

static int
refuse_running(const char *dir)
{
	int64_t pid = 0;

	if (experiment_is_served(dir, &pid))
		return say_error(NNI_LOCKED,
		    "experiment %s is running (process %" PRId64
		    "); stop it first",
		    expdir_id(dir), pid);
	if (state_is_running(dir))
		return say_error(NNI_LOCKED,
		    "experiment %s is running; stop it first: nnictl stop %s",
		    expdir_id(dir), expdir_id(dir));
	return NNI_OK;
}

static int
delete_one(const char *dir)
{
	const char *args[] = {"--clean", dir, NULL};
	struct buf err = BUF_INIT;
	int code = run_tool("nni-run", args, true);

	if (code != NNI_OK && o.force && code != NNI_LOCKED &&
	    anything_left(dir) == 0) {
		say_warning("what experiment %s left elsewhere stays there",
		    expdir_id(dir));
		code = NNI_OK;
	}
	if (code != NNI_OK)
		return say_error(code,
		    "experiment %s is not deleted: with its directory what it "
		    "left elsewhere could not be found any more",
		    expdir_id(dir));
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
	int code;

	which_all(false, &dirs, &count);
	count = state_filter(dirs, count, false);
	if (count == 0)
		code = say_error(NNI_NOTHING, "there is nothing to delete");
	else
		code = ask_before("delete", dirs, count, true);
	if (code == NNI_OK)
		code = each(delete_one, dirs, count);
	which_free(dirs, count);
	return code;
}

int
ctl_delete(int argc, char **argv)
{
	struct buf dir = BUF_INIT;
	int code;

	if (o.all && argc > 0)
		return say_error(NNI_USAGE, "--all or an experiment, not both");
	if (o.all)
		return delete_all();
	if (argc == 0)
		return say_error(NNI_USAGE, "name the experiment to delete");
	code = which_one(argc, argv, &dir);
	if (code == NNI_OK)
		code = refuse_running(dir.data);
	if (code == NNI_OK)
		code = ask_before("delete", &dir.data, 1, true);
	if (code == NNI_OK)
		code = delete_one(dir.data);
	buf_release(&dir);
	return code;
}
