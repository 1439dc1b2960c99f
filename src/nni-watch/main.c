/*
 * nni-watch: tracks status until every trial it was given has ended.  Each
 * trial goes to its member's `watch`; every change of status is told once,
 * every end exactly once.  Options, input and the end; trials are in track.c.
 */
#include <stdlib.h>

#include "expdir.h"
#include "opt.h"
#include "os/sys.h"
#include "placed.h"
#include "say.h"
#include "track.h"

/*
 * --once: a backend that has told its trials' status has this long to end; one
 * that tells nothing has the second.  The third is for backends when all trials
 * have ended, as far as we know: one given up may not have for its backend.
 */
enum { ONCE_TOLD_MS = 1000, ONCE_MS = 60000, LEAVE_MS = 5000 };

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
	timer_set(t->loop, &t->deadline, ONCE_MS, give_up, t);
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
	    "%d trials cannot be followed; they are not lost: give them to "
	    "nni-watch again",
	    (int)live);
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

/* What placed.jsonl has of an experiment, as if it had been piped in. */
static int
take_experiment(struct tracker *t, const char *what)
{
	struct buf dir = BUF_INIT, path = BUF_INIT, err = BUF_INIT;
	struct buf line = BUF_INIT;
	struct attempts table = ATTEMPTS_INIT;
	int64_t offset = 0, sequence = -1;
	struct record r;
	os_file f = OS_NO_FILE;
	size_t i;
	int code = 0;

	if (expdir_find(what, NULL, &dir, &err) == -1) {
		code = say_error(NNI_NOTHING, "%s", err.data);
		goto out;
	}
	expdir_path(&path, dir.data, "placed.jsonl");
	if (placed_load(&table, path.data, &offset, sizeof(struct placed),
		&sequence, &err) == -1) {
		code = say_error(NNI_TEMPORARY, "%s", err.data);
		goto out;
	}
	f = table.count ? file_open(path.data, FILE_READ, 0, &err) : OS_NO_FILE;
	for (i = 0; i < table.count && f != OS_NO_FILE; i++) {
		struct placed *p = (struct placed *)table.all[i];

		/* What has no place yet is nni-submit's. */
		if (p->kind != PLACED_SPEC &&
		    placed_line(f, p, &line, &err) == 0 &&
		    record_parse(&r, line.data, line.len, NULL) == 0)
			take(t, &r, line.data, line.len);
	}
out:
	if (f != OS_NO_FILE)
		file_close(f);
	attempts_release(&table);
	buf_release(&dir);
	buf_release(&path);
	buf_release(&line);
	buf_release(&err);
	return code;
}

int
nni_main(int argc, char **argv)
{
	struct tracker t;
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
	code = 0;
	for (i = 0; i < argc && !code; i++)
		code = take_experiment(&t, argv[i]);
	if (!code)
		code = loop_run(t.loop);
	timer_stop(&t.deadline);
	filter_release(&t.filter);
	track_release(&t);
	return code;
}
