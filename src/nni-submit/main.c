/*
 * nni-submit: gives each spec a place and starts it there.  The only router:
 * specs and cancels come in, trial records go out, everything else is passed
 * on.  Options, wiring and the end of each round; tasks are in task.c, credit
 * in place.c, backends in member.c.
 */
#include <stdlib.h>
#include <string.h>

#include "backend.h"
#include "expdir.h"
#include "opt.h"
#include "os/sys.h"
#include "say.h"
#include "submit.h"

enum { COMMIT_RETRY_MS = 100, COMMIT_TRIES = 6 };
/* After the end of input a backend has this long to end. */
enum { LEAVE_MS = 10000 };
enum { THERE_MS = 1000 };

static struct {
	const char *dir, *config, *resume, *format;
	struct opt_list weights;
	bool once;
} o;

static const struct opt options[] = {
    {'d', "dir", "ID|DIR", "the experiment", OPT_STRING, &o.dir, 0, 0},
    {'c', "config", "FILE", "make a new experiment of this configuration",
	OPT_PATH, &o.config, 0, 0},
    {'r', "resume", "ID|DIR", "place what is left, give all trials again",
	OPT_STRING, &o.resume, 0, 0},
    {0, "once", NULL, "place what has credit now, then end", OPT_FLAG, &o.once,
	0, 0},
    {'w', "weight", "PLACE=N", "share of a place or member, by its live trials",
	OPT_LIST, &o.weights, 0, 0},
    {0, "format", "jsonl|table", "how records are printed", OPT_STRING,
	&o.format, 0, 0},
    {0, NULL, NULL, NULL, OPT_FLAG, NULL, 0, 0},
};

static const struct opt_tool tool = {
    .name = "nni-submit",
    .summary = "give each trial a place and start it there",
    .operands = "",
    .examples =
	"  nni-tune -s space.json -n 20 | nni-submit -c exp.yml |\n"
	"      nni-watch | nni-collect\n"
	"  jq -nc '{lr:(0.1,0.01)}' | nni-submit -c exp.yml | nni-watch\n"
	"  nni-submit --resume DIR </dev/null | nni-watch | nni-collect\n",
    .options = options,
    .environment = backend_environment,
};

void
submit_fail(struct submit *s, int code, const char *message)
{
	if (!s->filter.leaving)
		say_error(code, "%s", message);
	filter_leave(&s->filter, code);
}

/* ---- input ---- */

static void
take(void *arg, const struct record *r, const char *line, size_t len)
{
	struct submit *s = arg;

	switch (r->type) {
	case RECORD_SPEC:
	case RECORD_BARE:
		task_accept(s, r);
		break;
	case RECORD_CANCEL:
	case RECORD_UPDATE:
		task_control(s, r);
		break;
	default:
		/* nni-run's word to us, where there are several members */
		if (r->type == RECORD_OTHER &&
		    record_is(r->type_text, "ended")) {
			task_gone(s, r);
			return;
		}
		buf_add(&s->said, line, len);
		buf_addc(&s->said, '\n');
	}
}

static void
once_over(void *arg)
{
	struct submit *s = arg;

	say_warning("no place has become ready in time");
	s->finishing = true;
	members_finish(s);
}

static void
end_of_input(void *arg)
{
	struct submit *s = arg;

	if (s->once)
		timer_set(
		    s->loop, &s->deadline, backend_timeout_ms(), once_over, s);
}

/* ---- the end of a round ---- */

static void
too_long(void *arg)
{
	struct submit *s = arg;

	say_warning("a backend does not end; leaving it");
	filter_leave(&s->filter, s->failed ? NNI_TRIAL_FAILED : NNI_OK);
}

static void
come_round(void *arg)
{
	(void)arg;
}

/* What an earlier run has left, as fast as the reader takes it. */
static void
replay(struct submit *s)
{
	size_t burst = 1000;

	while (s->replayed < s->tasks.count && burst-- &&
	       !filter_pressed(&s->filter)) {
		struct task *t = (struct task *)s->tasks.all[s->replayed++];

		if (t->state == TASK_LOADED)
			task_resume(s, t);
	}
	if (s->replayed == s->tasks.count) {
		s->replay = false;
		filter_hold(&s->filter, s->stuck);
	} else if (!filter_pressed(&s->filter)) {
		timer_set(s->loop, &s->next_burst, 0, come_round, s);
	}
}

static void
try_again(void *arg)
{
	struct submit *s = arg;

	s->stuck = false;
}

/*
 * What is written to a file that was moved or removed nobody will read.  Of the
 * whole directory nni-run says it.
 */
static bool
is_lost(const struct submit *s)
{
	return !journal_is_there(&s->placed) &&
	       !(s->given_ids && !expdir_is_there(s->dir));
}

static int
tell_lost(const struct submit *s)
{
	return say_error(NNI_TEMPORARY,
	    "'%s' was moved or removed while it was being written; the trials "
	    "run on%s",
	    s->placed.path,
	    s->given_ids ? ""
			 : "; go on where it is now with: nni-submit --resume");
}

static void
look_whether_there(struct submit *s)
{
	int64_t now = loop_now_ms(s->loop);

	if (now - s->looked_ms < THERE_MS || s->filter.leaving)
		return;
	s->looked_ms = now;
	if (is_lost(s))
		filter_leave(&s->filter, tell_lost(s));
}

/* placed.jsonl first; only what is on disk may be said or sent. */
static bool
commit(struct submit *s)
{
	struct buf err = BUF_INIT;
	int r;

	if (s->stuck)
		return false;
	r = s->flush ? journal_commit(&s->placed, &err)
		     : journal_write(&s->placed, &err);
	if (r == 0) {
		look_whether_there(s);
		s->flush = false;
		if (s->commit_failures)
			filter_hold(&s->filter, s->replay);
		s->commit_failures = 0;
	} else if (s->placed.lost || s->commit_failures++ >= COMMIT_TRIES) {
		submit_fail(s, NNI_TEMPORARY, err.data);
	} else {
		if (s->commit_failures == 1)
			say_warning("%s; trying again", err.data);
		s->stuck = true;
		filter_hold(&s->filter, true);
		timer_set(s->loop, &s->commit_retry,
		    (int64_t)COMMIT_RETRY_MS << (s->commit_failures - 1),
		    try_again, s);
	}
	buf_release(&err);
	return r == 0;
}

/* Is it time to go? */
static void
consider_end(struct submit *s)
{
	struct buf text = BUF_INIT;
	bool done = (s->filter.ended || s->stopping) && !s->replay && !s->sent;

	if (s->filter.leaving)
		return;
	if ((s->queued || s->sent) && members_hopeless(s)) {
		places_reason(s, &text);
		submit_fail(s, NNI_TEMPORARY, text.data);
	} else if (s->finishing) {
		if (members_finished(s))
			filter_leave(
			    &s->filter, s->failed ? NNI_TRIAL_FAILED : NNI_OK);
	} else if (done && (!s->queued || (s->once && members_settled(s)))) {
		s->finishing = true;
		s->reasons_due_ms = 0; /* the last word on what waits */
		members_finish(s);
		timer_set(s->loop, &s->deadline, LEAVE_MS, too_long, s);
		if (members_finished(s))
			consider_end(s);
	}
	buf_release(&text);
}

static void
end_round(void *arg)
{
	struct submit *s = arg;

	if (s->replay)
		replay(s);
	control_read(s);
	if (!s->finishing)
		places_fill(s);
	lives_watch(s);
	tasks_wait(s);
	if (commit(s)) {
		tasks_send(s);
		if (s->calm < s->said.len)
			filter_put_buf(&s->filter, &s->said);
		else
			filter_put_calm(&s->filter, s->said.data, s->said.len);
		s->calm = 0;
		if (s->said.cap > (1 << 20))
			buf_release(&s->said);
		buf_clear(&s->said);
	}
	if (!s->stuck)
		consider_end(s);
}

static void
pressed(void *arg, bool slow)
{
	struct submit *s = arg;

	members_pause(s, slow);
	if (!slow && s->replay)
		timer_set(s->loop, &s->next_burst, 0, come_round, s);
}

static const struct filter_calls calls = {
    take, end_of_input, end_round, pressed};

/* ---- options ---- */

static int
check_options(int argc)
{
	size_t i;
	const char *equals;

	if (argc)
		return opt_usage(&tool, "it takes no operands");
	if (!o.dir + !o.config + !o.resume != 2)
		return opt_usage(
		    &tool, "one of --dir, --config and --resume is needed");
	for (i = 0; i < o.weights.count; i++) {
		equals = strrchr(o.weights.items[i], '=');
		if (!equals || !(strtod(equals + 1, NULL) > 0))
			return opt_usage(&tool,
			    "--weight '%s' is not NAME=N with N > 0",
			    o.weights.items[i]);
	}
	if (!o.resume && console_is_terminal(sys_stdin()))
		return opt_usage(&tool, "specs are read from standard input");
	return OPT_GO;
}

static int
serve(struct submit *s)
{
	struct buf err = BUF_INIT;
	bool typed = console_is_terminal(sys_stdin());
	int code;

	s->replay = o.resume != NULL;
	s->once = o.once;
	s->weights = o.weights;
	s->loop = loop_new();
	filter_init(&s->filter, s->loop, filter_format(o.format),
	    !(o.resume && typed), &calls, s);
	filter_hold(&s->filter, s->replay);
	if (o.config || o.resume)
		say("experiment %s in %s; to go on after a stop: nni-submit "
		    "--resume %s </dev/null | nni-watch | nni-collect",
		    expdir_id(s->dir), s->dir, s->dir);
	code = members_open(s, &err);
	if (code) {
		say_error(code, "%s", err.data);
	} else {
		control_start(s);
		code = filter_code(&s->filter, loop_run(s->loop));
		if ((code == NNI_OK || code == NNI_TRIAL_FAILED) && is_lost(s))
			code = tell_lost(s);
	}
	control_stop(s);
	members_release(s);
	tasks_release(s);
	timer_stop(&s->commit_retry);
	timer_stop(&s->reasons);
	timer_stop(&s->deadline);
	timer_stop(&s->next_burst);
	filter_release(&s->filter);
	loop_free(s->loop);
	buf_release(&err);
	return code;
}

int
nni_main(int argc, char **argv)
{
	struct submit s = {
	    .placed = JOURNAL_INIT, .lock = LOCK_INIT, .last_sequence = -1};
	int code;

	say_program("nni-submit");
	code = opt_parse(&tool, &argc, argv, NULL);
	if (code == OPT_GO)
		code = check_options(argc);
	if (code != OPT_GO)
		return code;
	code = say_check_output();
	if (code)
		return code;
	buf_init(&s.said, BUF_MAX_DEFAULT);
	buf_init(&s.pack_line, NNI_LINE_MAX);
	code = experiment_open(&s, o.config, o.dir ? o.dir : o.resume);
	if (!code)
		code = serve(&s);
	buf_release(&s.said);
	buf_release(&s.pack_line);
	experiment_close(&s);
	free(s.code);
	opt_list_release(&o.weights);
	return code;
}
