/*
 * nni-watch: tracks status until every trial it was given has ended.  Each
 * trial goes to its member's `watch`; every change of status is told once,
 * every end exactly once.  Options, input and the end; trials are in track.c.
 */
#include <stdlib.h>
#include <string.h>

#include "backend.h"
#include "expdir.h"
#include "mem.h"
#include "opt.h"
#include "os/lock.h"
#include "os/sys.h"
#include "say.h"
#include "survey.h"
#include "track.h"

/*
 * --once: a backend that has told its trials' status has this long to end; one
 * that tells nothing has its time-out.  The second is for backends when all
 * trials have ended, as far as we know: one given up may not have for its
 * backend.
 */
enum { ONCE_TOLD_MS = 1000, LEAVE_MS = 5000 };

static struct {
	const char *format;
	bool once;
} o;

static const struct opt options[] = {
    {0, "once", NULL, "say what is true now, then end", OPT_FLAG, &o.once, 0,
	0},
    {0, "format", "jsonl|table", "how records are printed", OPT_STRING,
	&o.format, 0, 0},
    {0, NULL, NULL, NULL, OPT_FLAG, NULL, 0, 0},
};

static const struct opt_tool tool = {
    .name = "nni-watch",
    .summary = "follow trials until all of them have ended",
    .operands = "[EXPERIMENT ...]",
    .examples = "  nni-submit -c exp.yml <specs | nni-watch | nni-collect\n"
		"  nni-watch --once ~/nni-experiments/abcd1234\n",
    .options = options,
    .environment = backend_environment,
};

/* ---- input ---- */

static void
take(void *arg, const struct record *r, const char *line, size_t len)
{
	struct tracker *t = arg;

	switch (r->type) {
	case RECORD_TRIAL:
		track_trial(t, r);
		break;
	case RECORD_CANCEL:
		track_cancel(t, r);
		break;
	case RECORD_UPDATE:
		track_update(t, r);
		break;
	case RECORD_STATUS:
		/* nni-submit's: of one that waits, or has never started. */
		if (!status_is_end(r->status)) {
			filter_put_calm(&t->filter, line, len);
			break;
		}
		/* fall through */
	default:
		filter_put(&t->filter, line, len);
	}
}

static void
give_up(void *arg)
{
	struct tracker *t = arg;

	filter_leave(&t->filter, track_failed(t) ? NNI_TRIAL_FAILED : NNI_OK);
}

static void
end_of_input(void *arg)
{
	struct tracker *t = arg;

	if (!o.once)
		return;
	track_finish(t);
	timer_set(t->loop, &t->deadline, backend_timeout_ms(), give_up, t);
}

/* ---- the end of a round ---- */

static void
leave_hopeless(struct tracker *t)
{
	size_t i, live = 0;

	for (i = 0; i < t->crew.count; i++) {
		live += t->crew.all[i]->live;
		if (t->crew.all[i]->live)
			say_error(NNI_TEMPORARY, "member '%s' of '%s': %s",
			    t->crew.all[i]->name, t->crew.all[i]->dir,
			    t->crew.all[i]->trouble);
	}
	say_error(NNI_TEMPORARY,
	    "%zu trial%s cannot be followed; %s not lost: give %s to "
	    "nni-watch again",
	    live, plural(live), live == 1 ? "it is" : "they are",
	    live == 1 ? "it" : "them");
	filter_leave(&t->filter, NNI_TEMPORARY);
}

static void
end_round(void *arg)
{
	struct tracker *t = arg;

	if (crew_hopeless(&t->crew)) {
		if (o.once)
			filter_leave(&t->filter, NNI_TEMPORARY);
		else
			leave_hopeless(t);
	} else if (!t->filter.ended) {
		return;
	} else if (o.once && t->live && !t->untold && !t->leaving) {
		t->leaving = true;
		timer_set(t->loop, &t->deadline, ONCE_TOLD_MS, give_up, t);
	} else if (!t->live && !t->leaving) {
		t->leaving = true;
		crew_finish(&t->crew);
		timer_set(t->loop, &t->deadline, LEAVE_MS, give_up, t);
	}
	if (t->filter.ended && (t->leaving || o.once) &&
	    crew_finished(&t->crew))
		filter_leave(
		    &t->filter, track_failed(t) ? NNI_TRIAL_FAILED : NNI_OK);
}

static void
pressed(void *arg, bool slow)
{
	struct tracker *t = arg;

	crew_pause(&t->crew, slow);
}

static const struct filter_calls calls = {
    take, end_of_input, end_round, pressed};

/* ---- operands ---- */

struct operand {
	struct tracker *tracker;
	const char *dir;
	struct lock lock; /* submit.lock */
	bool tried;	  /* to take it */
	const char *busy; /* why what has no job may not be asked about */
};

/*
 * What may have been started, and may be being started at this moment, is
 * nni-submit's: a backend that is asked about it would find no trace, and say
 * that it is over.
 */
static bool
keep_submit_away(struct operand *op)
{
	struct buf path = BUF_INIT;
	int got;

	if (op->tried)
		return op->busy == NULL;
	op->tried = true;
	expdir_path(&path, op->dir, "submit.lock");
	got = lock_try(&op->lock, path.data, 0600, NULL, NULL);
	op->busy = got == 1   ? NULL
		   : got == 0 ? "nni-submit is at work on it"
			      : "whether it was started cannot be known";
	/* Not for as long as trials run. */
	if (!o.once)
		lock_release(&op->lock);
	buf_release(&path);
	return op->busy == NULL;
}

static void
take_placed(void *arg, enum placed_kind last, const struct record *r)
{
	struct operand *op = arg;
	struct filter *f = &op->tracker->filter;
	struct buf line = BUF_INIT;
	struct attempt a;

	if (last == PLACED_SPEC) /* has no place yet */
		return;
	if (last != PLACED_PLACE || keep_submit_away(op)) {
		take(op->tracker, r, r->line.at, r->line.len);
		return;
	}
	memcpy(a.trial, r->trial, sizeof(a.trial));
	a.number = r->attempt;
	survey_status(&line, &a, STATUS_UNKNOWN, op->busy);
	filter_put(f, r->line.at, r->line.len);
	filter_put_buf(f, &line);
	buf_release(&line);
}

/* What placed.jsonl has of an experiment, as if it had been piped in. */
static int
take_experiment(struct operand *op, const char *what)
{
	struct buf dir = BUF_INIT, err = BUF_INIT;
	struct survey s;
	int code = 0;

	if (expdir_find(what, NULL, &dir, &err) == -1) {
		code = say_error(NNI_NOTHING, "%s", err.data);
	} else {
		op->dir = dir.data;
		if (survey_open(&s, dir.data, &err) == -1 ||
		    survey_last(&s, take_placed, op, &err) == -1)
			code = say_error(NNI_TEMPORARY, "%s", err.data);
		survey_release(&s);
	}
	buf_release(&dir);
	buf_release(&err);
	return code;
}

static int
take_operands(struct tracker *t, struct operand *ops, int argc, char **argv)
{
	int code = 0, i;

	for (i = 0; i < argc; i++)
		ops[i] = (struct operand){.tracker = t, .lock = LOCK_INIT};
	for (i = 0; i < argc && !code; i++)
		code = take_experiment(&ops[i], argv[i]);
	return code;
}

int
nni_main(int argc, char **argv)
{
	struct tracker t;
	struct operand *ops;
	int code, i;

	say_program("nni-watch");
	code = opt_parse(&tool, &argc, argv, NULL);
	if (code != OPT_GO)
		return code;
	if (!argc && console_is_terminal(sys_stdin()))
		return opt_usage(
		    &tool, "trial records are read from standard input");
	track_init(&t, loop_new(), o.once);
	filter_init(
	    &t.filter, t.loop, filter_format(o.format), argc == 0, &calls, &t);
	ops = xcalloc((size_t)argc + 1, sizeof(*ops));
	code = take_operands(&t, ops, argc, argv);
	if (!code)
		code = filter_code(&t.filter, loop_run(t.loop));
	for (i = 0; i < argc; i++)
		lock_release(&ops[i].lock);
	free(ops);
	timer_stop(&t.deadline);
	filter_release(&t.filter);
	track_release(&t);
	return code;
}
