/* create and resume: nni-run, in the foreground or detached. */
#include <stdio.h>
#include <string.h>

#include "canonical.h"
#include "expdir.h"
#include "nnictl.h"
#include "opt.h"
#include "say.h"
#include "survey.h"
#include "os/loop.h"
#include "os/process.h"
#include "os/sys.h"

#define ARGS_MAX 8
#define LOOK_MS 20

/* ---- in the foreground ---- */

static void
on_interrupt(void *arg, enum loop_interrupt what, int signal)
{
	/* The program has got it too, and says what comes of it. */
	(void)arg;
	(void)what;
	(void)signal;
}

struct waiting {
	struct loop *loop;
	struct proc_end end;
	const char *dir; /* NULL: for its end */
	struct timer look;
	bool began;
};

static void
on_end(void *arg, struct proc_end end)
{
	struct waiting *w = arg;

	w->end = end;
	loop_stop(w->loop, 1);
}

static int
run_beside_us(const struct proc_spec *spec, struct buf *err)
{
	struct waiting w = {.loop = loop_new()};
	struct proc proc;

	w.end.code = NNI_TEMPORARY;
	loop_interrupts(w.loop, on_interrupt, NULL);
	if (proc_start(&proc, spec, err) == 0) {
		loop_child(w.loop, &proc, on_end, &w);
		loop_run(w.loop);
	}
	loop_free(w.loop);
	if (w.end.signaled)
		die_by_signal(w.end.code);
	return w.end.code;
}

/* With our streams but the output. */
static int
run(struct proc_stream in, const char *tool, const char *const *args,
    bool quiet, bool in_our_place)
{
	struct buf path = BUF_INIT, err = BUF_INIT;
	const char *argv[ARGS_MAX + 2] = {NULL};
	struct proc_spec spec = {.argv = (char *const *)argv,
	    .in = in,
	    .out = {quiet ? PROC_NULL : PROC_INHERIT, OS_NO_FILE}};
	int code = NNI_TEMPORARY;

	for (int i = 0; i < ARGS_MAX && args[i] != NULL; i++)
		argv[i + 1] = args[i];
	if (tool_find(tool, &path, &err) == 0) {
		argv[0] = path.data;
		if (!in_our_place || proc_become(&spec, &err) == 1)
			code = run_beside_us(&spec, &err);
	}
	if (err.len > 0)
		say_error(code, "%s", err.data);
	buf_release(&path);
	buf_release(&err);
	return code;
}

int
run_tool(const char *tool, const char *const *args, bool quiet)
{
	return run((struct proc_stream){PROC_INHERIT, OS_NO_FILE}, tool, args,
	    quiet, false);
}

/*
 * In our place where that can be: docker stop and systemd tell but the process
 * that they know.
 */
static int
run_foreground(struct proc_stream in, const char *const *args)
{
	return run(in, "nni-run", args, true, true);
}

/* ---- detached ---- */

/* Its lock is held: it has read what there is, and works. */
static void
look(void *arg)
{
	struct waiting *w = arg;

	if (experiment_is_running(w->dir, NULL))
		loop_stop(w->loop, 0);
	else
		timer_set(w->loop, &w->look, LOOK_MS, look, w);
}

/* What it had to say before it ended. */
static void
show_stderr(const char *file, int64_t from)
{
	struct buf text = BUF_INIT;

	if (file_read_all(file, &text, NULL) == 0 && (int64_t)text.len > from)
		file_write(
		    sys_stderr(), text.data + from, text.len - (size_t)from);
	buf_release(&text);
}

static int
await_start(struct waiting *w, struct proc *proc)
{
	int ended;

	loop_child(w->loop, proc, on_end, w);
	timer_set(w->loop, &w->look, 0, look, w);
	ended = loop_run(w->loop);
	timer_stop(&w->look);
	if (!ended) {
		proc_release(proc);
		return NNI_OK;
	}
	return w->end.signaled ? NNI_TEMPORARY : w->end.code;
}

int
start_detached(const char *dir, struct buf *err)
{
	struct buf path = BUF_INIT, log = BUF_INIT;
	const char *argv[] = {NULL, "--resume", dir, "--format", "none",
	    o.debug ? "-v" : NULL, NULL};
	struct proc_spec spec = {.argv = (char *const *)argv,
	    .in = {PROC_NULL, OS_NO_FILE},
	    .out = {PROC_NULL, OS_NO_FILE},
	    .detached = true};
	struct waiting w = {.loop = loop_new(), .dir = dir};
	struct proc proc;
	os_file f;
	int64_t size = 0;
	int code = NNI_TEMPORARY;

	expdir_path(&log, dir, "log/stderr");
	f = file_open(log.data, FILE_APPEND | FILE_CREATE, 0600, err);
	if (f != OS_NO_FILE && tool_find("nni-run", &path, err) == 0) {
		size = file_size(f);
		argv[0] = path.data;
		spec.err = (struct proc_stream){PROC_FILE, f};
		if (proc_start(&proc, &spec, err) == 0)
			code = await_start(&w, &proc);
	}
	if (f != OS_NO_FILE)
		file_close(f);
	if (code != NNI_OK && code != NNI_TRIAL_FAILED)
		show_stderr(log.data, size);
	loop_free(w.loop);
	buf_release(&path);
	buf_release(&log);
	return code;
}

static void
tell_started(const char *dir)
{
	const char *id = expdir_id(dir);

	printf("The experiment id is %s\n\n"
	       "  nnictl experiment show %s   its configuration and state\n"
	       "  nnictl trial ls %s          its trials\n"
	       "  nnictl top %s               how it gets on\n"
	       "  nnictl log stdout %s        what was told\n"
	       "  nnictl log stderr %s        what went wrong\n"
	       "  nnictl stop %s              stop it with its trials\n",
	    id, id, id, id, id, id, id);
	printf("\nIt is in %s\n", dir);
}

static int
start(const char *dir)
{
	struct buf err = BUF_INIT;
	int code = start_detached(dir, &err);

	if (err.len > 0)
		say_error(code, "%s", err.data);
	else if (code == NNI_OK || code == NNI_TRIAL_FAILED)
		tell_started(dir);
	buf_release(&err);
	return code;
}

static void
say_no_port(void)
{
	if (o.port != NULL || o.url_prefix != NULL)
		say("there is no web page and no port here: --port and "
		    "--url_prefix are not needed");
}

/* nni-run --prepare: its messages are the user's, its output is DIR. */
static int
prepare(const char *file, struct proc_stream in, struct buf *dir)
{
	struct buf path = BUF_INIT, err = BUF_INIT;
	const char *argv[] = {
	    NULL, "--prepare", file, say_level_get() == 0 ? "-q" : NULL, NULL};
	struct proc_spec spec = {.argv = (char *const *)argv, .in = in};
	struct proc_end end = {false, NNI_TEMPORARY};

	if (tool_find("nni-run", &path, &err) == 0) {
		argv[0] = path.data;
		proc_run(&spec, dir, 0, &end, &err);
		buf_rtrim(dir);
	}
	if (err.len > 0)
		say_error(end.code, "%s", err.data);
	buf_release(&path);
	buf_release(&err);
	return end.signaled ? NNI_TEMPORARY : end.code;
}

static int
create(const char *file, struct proc_stream in)
{
	const char *foreground[] = {
	    "--on-interrupt", "stop", file, o.debug ? "-v" : NULL, NULL};
	struct buf dir = BUF_INIT;
	int code;

	if (o.foreground)
		return run_foreground(in, foreground);
	code = say_check_output();
	if (code == NNI_OK)
		code = prepare(file, in, &dir);
	if (code == NNI_OK)
		code = start(dir.data);
	buf_release(&dir);
	return code;
}

int
ctl_create(int argc, char **argv)
{
	const char *file = o.config;
	struct proc_stream in;
	struct buf err = BUF_INIT;
	int code;

	(void)argc;
	(void)argv;
	if (file == NULL)
		return say_error(
		    NNI_USAGE, "--config FILE says what is to be run");
	say_no_port();
	if (canonical_open(&file, &in, &err) != 0) {
		code = say_error(NNI_CONFIG, "%s", err.data);
	} else {
		code = create(file, in);
		canonical_close(in);
	}
	buf_release(&err);
	return code;
}

/* --experiment_dir is the parent, or the directory itself. */
static int
find_to_resume(int argc, char **argv, struct buf *dir)
{
	struct buf err = BUF_INIT;
	const char *what = argc > 0 ? argv[0] : o.experiment_dir;
	const char *parent = argc > 0 ? o.experiment_dir : NULL;
	int code = NNI_OK;

	if (what == NULL)
		return say_error(NNI_USAGE, "name the experiment to resume "
					    "(nnictl experiment list --all)");
	if (expdir_find(what, parent, dir, &err) != 0)
		code = say_error(NNI_NOTHING, "%s", err.data);
	else if (survey_refuse(dir->data, &err) != 0)
		code = say_error(NNI_USAGE, "%s", err.data);
	buf_release(&err);
	return code;
}

/*
 * All its trials were made, and no request that might raise their number waits
 * for a nni-run to come.
 */
static bool
is_used_up(const char *dir, int64_t *most)
{
	struct buf err = BUF_INIT, path = BUF_INIT;
	struct experiment e;
	struct config c = {0};
	struct file_info control;
	bool yes;

	expdir_path(&path, dir, "control.jsonl");
	yes = state_read(&e, &c, dir, false, &err) == 0 &&
	      e.last == SESSION_DONE && e.trials.live == 0;
	*most = yes ? experiment_max_trials(&e, &c) : 0;
	yes = *most > 0 && (int64_t)e.trials.count >= *most &&
	      (file_info(path.data, true, &control) != 0 ||
		  control.type == FILE_ABSENT ||
		  control.size <= e.control_offset);
	experiment_release(&e);
	config_release(&c);
	buf_release(&err);
	buf_release(&path);
	return yes;
}

static int
resume(const char *dir)
{
	const char *foreground[] = {"--on-interrupt", "stop", "--resume", dir,
	    o.debug ? "-v" : NULL, NULL};
	const char *id = expdir_id(dir);
	int64_t n;
	int code = o.foreground ? NNI_OK : say_check_output();

	if (code != NNI_OK)
		return code;
	if (experiment_is_running(dir, &n))
		return say_error(NNI_LOCKED,
		    "experiment %s is running: process %lld", id, (long long)n);
	if (is_used_up(dir, &n))
		return say_error(NNI_NOTHING,
		    "experiment %s is done: maxTrialNumber of %lld is reached; "
		    "for more trials: nnictl update trialnum %s --value N, and "
		    "resume it then",
		    id, (long long)n, id);
	if (o.foreground)
		return run_foreground(
		    (struct proc_stream){PROC_INHERIT, OS_NO_FILE}, foreground);
	return start(dir);
}

int
ctl_resume(int argc, char **argv)
{
	struct buf dir = BUF_INIT;
	int code = find_to_resume(argc, argv, &dir);

	say_no_port();
	if (code == NNI_OK)
		code = resume(dir.data);
	buf_release(&dir);
	return code;
}
