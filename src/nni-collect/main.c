/*
 * nni-collect: gathers the metrics (and, asked, logs and output files) of the
 * trials that pass through, or reads an experiment.  Options, input, formats,
 * the end; the order of metrics and ends is kept in gather.c.
 */
#include <stdlib.h>
#include <string.h>

#include "backend.h"
#include "expdir.h"
#include "gather.h"
#include "journal.h"
#include "opt.h"
#include "os/sys.h"
#include "report.h"
#include "say.h"
#include "survey.h"

#define DAMAGED_NAMED 10 /* lines of a journal; the others are counted */

static struct {
	const char *format, *output;
	bool once, logs, follow;
	struct timer deadline;
	struct backend *watch; /* nni-watch, of an experiment without journal */
	bool reading;	       /* an experiment, and not standard input */
	const char *journal;   /* the one that is being read */
	int64_t line;	       /* number of its present line, from 1 */
	size_t damaged;	       /* lines in it that are no records */
	int code;	       /* to leave with, if not 0 */
} o;

static const struct opt options[] = {
    {0, "once", NULL, "collect what is there now, then end", OPT_FLAG, &o.once,
	0, 0},
    {'l', "logs", NULL, "also what the trials print, as log records", OPT_FLAG,
	&o.logs, 0, 0},
    {'f', "follow", NULL, "with --logs: while they run", OPT_FLAG, &o.follow, 0,
	0},
    {'o', "output", "DIR", "copy what each trial made to DIR/TRIAL", OPT_PATH,
	&o.output, 0, 0},
    {0, "format", "jsonl|table|csv|tsv", "how results are printed", OPT_STRING,
	&o.format, 0, 0},
    {0, NULL, NULL, NULL, OPT_FLAG, NULL, 0, 0},
};

static const struct opt_tool tool = {
    .name = "nni-collect",
    .summary = "gather the results of trials",
    .operands = "[EXPERIMENT]",
    .examples = "  nni-submit -c exp.yml <specs | nni-watch | nni-collect\n"
		"  nni-collect --format csv abcd1234 >results.csv\n",
    .options = options,
    .environment = backend_environment,
};

/* ---- a run ---- */

static void
take(void *arg, const struct record *r, const char *line, size_t len)
{
	struct gatherer *g = arg;

	switch (r->type) {
	case RECORD_TRIAL:
		gather_trial(g, r);
		break;
	case RECORD_STATUS:
		gather_status(g, r);
		break;
	default:
		gather_put(g, line, len);
	}
}

static void
give_up(void *arg)
{
	struct gatherer *g = arg;

	g->late = true;
}

static void
end_of_input(void *arg)
{
	struct gatherer *g = arg;

	gather_finish(g);
}

static void
leave(struct gatherer *g)
{
	struct buf text = BUF_INIT;
	int code = o.code;

	if (!code && !o.reading && gather_failed(g))
		code = NNI_TRIAL_FAILED;
	if (g->no_final > NO_FINAL_NAMED)
		say_warning(
		    "%zu trials succeeded without a final metric", g->no_final);
	if (g->incomplete > NO_FINAL_NAMED)
		say_warning("of %zu trials the metrics are not complete",
		    g->incomplete);
	if (g->live && !o.once && !o.reading) {
		gather_missing(g, &text, 8);
		code = say_error(NNI_TEMPORARY,
		    "%zu trial%s %s no end: %s; %s not lost: to nni-watch and "
		    "nni-collect with %s again",
		    g->live, plural(g->live), g->live == 1 ? "has" : "have",
		    text.data, g->live == 1 ? "it is" : "they are",
		    g->live == 1 ? "it" : "them");
	}
	if (g->report) {
		buf_clear(&text);
		report_print(g->report, &text);
		filter_put_buf(&g->filter, &text);
	}
	buf_release(&text);
	filter_leave(&g->filter, code);
}

static void
end_round(void *arg)
{
	struct gatherer *g = arg;

	gather_round(g);
	/* Ends are waited for as long as it takes; a backend that owes none
	   has its time-out to end, as it has after --once to drain. */
	if (g->finishing && (!g->held || o.once || o.reading)) {
		if (!timer_is_set(&o.deadline) && !g->late)
			timer_set(g->loop, &o.deadline, backend_timeout_ms(),
			    give_up, g);
	} else {
		timer_stop(&o.deadline);
	}
	if (crew_hopeless(&g->crew) ||
	    (g->finishing && (gather_finished(g) || g->late)))
		leave(g);
}

static void
pressed(void *arg, bool slow)
{
	struct gatherer *g = arg;

	crew_pause(&g->crew, slow);
	if (o.watch)
		backend_pause(o.watch, slow);
}

static const struct filter_calls calls = {
    take, end_of_input, end_round, pressed};

/* ---- nni-watch, asked about an experiment ---- */

static void
watch_said(void *arg, char *line, size_t len)
{
	struct gatherer *g = arg;
	struct record r;

	if (!line || record_parse(&r, line, len, NULL) != 0)
		return;
	if (r.type != RECORD_TRIAL ||
	    !attempts_find(&g->trials, r.trial, r.attempt))
		take(g, &r, line, len);
}

static void
watch_ended(void *arg, const char *why, int exit_code)
{
	struct gatherer *g = arg;

	if (why && exit_code != NNI_TRIAL_FAILED)
		o.code = say_error(NNI_TEMPORARY,
		    "not all trials could be asked about: %s", why);
	gather_finish(g);
}

static const struct backend_calls watch_calls = {
    watch_said, NULL, NULL, watch_ended, NULL};

/* ---- an experiment's journal ---- */

/* The others have their records still; but it is not all there was. */
static void
tell_damage(const char *why)
{
	if (o.damaged++ < DAMAGED_NAMED)
		say_error(0, "%s:%lld: %s; it is passed over", o.journal,
		    (long long)o.line, why);
	o.code = NNI_TEMPORARY;
}

static int
take_journal_line(void *arg, const char *line, size_t len, int64_t offset)
{
	struct gatherer *g = arg;
	struct buf why = BUF_INIT;
	struct record r;

	(void)offset;
	o.line++;
	if (record_parse(&r, line, len, &why) != 0)
		tell_damage(why.data);
	else if (!json_bool(record_get(&r, "late"), false) &&
		 (r.type == RECORD_TRIAL || r.type == RECORD_STATUS ||
		     r.type == RECORD_METRIC ||
		     /* of one that never had a place it has the parameters */
		     (g->report && r.type == RECORD_SPEC)))
		gather_journaled(g, &r);
	buf_release(&why);
	return 0;
}

/* What the journal has of an attempt. */
struct told {
	struct attempt key;
	bool ended;
};

static int
note_end(void *arg, const char *line, size_t len, int64_t offset)
{
	struct attempts *all = arg;
	struct told *t;
	struct record r;

	(void)offset;
	if (record_parse(&r, line, len, NULL) != 0 || !r.trial[0] ||
	    (r.type != RECORD_SPEC && r.type != RECORD_STATUS))
		return 0;
	t = attempts_find(all, r.trial, r.attempt);
	if (!t)
		t = attempts_add(all, r.trial, r.attempt, sizeof(*t));
	if (status_is_end(r.status))
		t->ended = true;
	return 0;
}

struct asking {
	struct gatherer *g;
	const char *dir;
	struct attempts told;
	struct buf program;
};

static void
ask_watch(struct asking *a, const struct record *r)
{
	struct gatherer *g = a->g;
	const char *argv[] = {
	    a->program.data, "-q", "--once", "--format", "jsonl", NULL};

	if (!o.watch) {
		o.watch = backend_program(
		    g->loop, argv, a->dir, NULL, &watch_calls, g);
		backend_once(o.watch);
		backend_start(o.watch);
	}
	backend_write(o.watch, r->line.at, r->line.len);
}

static void
ask_of_open(void *arg, enum placed_kind last, const struct record *r)
{
	struct asking *a = arg;
	const struct told *t = attempts_find(&a->told, r->trial, r->attempt);

	if (!t || t->ended)
		return;
	if (last == PLACED_STARTED) {
		gather_trial(a->g, r);
		ask_watch(a, r);
	} else if (last == PLACED_ENDED) {
		gather_status(a->g, r);
	}
}

/*
 * Without a nni-run at work the journal does not grow: how those are that have
 * no end there, their platforms tell.
 */
static void
ask_platforms(struct gatherer *g, const char *dir, const char *journal)
{
	struct asking a = {
	    .g = g, .dir = dir, .told = ATTEMPTS_INIT, .program = BUF_INIT};
	struct buf err = BUF_INIT;
	struct survey s;
	int64_t offset = 0;
	int rc = 0;

	if (experiment_is_served(dir, NULL))
		return;
	rc = survey_open(&s, dir, &err);
	if (rc == 0)
		rc = journal_read(journal, &offset, note_end, &a.told, &err);
	if (rc == 0)
		rc = tool_find("nni-watch", &a.program, &err);
	if (rc == 0)
		rc = survey_last(&s, ask_of_open, &a, &err);
	if (o.watch)
		backend_finish(o.watch);
	if (rc != 0)
		say_warning("%s", err.data);
	survey_release(&s);
	attempts_release(&a.told);
	buf_release(&a.program);
	buf_release(&err);
}

/* What events.jsonl has. */
static int
take_journal(struct gatherer *g, const char *dir, struct buf *err)
{
	struct buf path = BUF_INIT;
	struct file_info info;
	int64_t offset = 0;
	int code = 0;

	expdir_path(&path, dir, "events.jsonl");
	o.journal = path.data;
	if (file_info(path.data, true, &info) == -1 ||
	    info.type == FILE_ABSENT) {
		buf_err(err, "nothing has been run in '%s' yet", dir);
		code = NNI_NOTHING;
		goto out;
	}
	ask_platforms(g, dir, path.data);
	if (journal_read(path.data, &offset, take_journal_line, g, err) == -1) {
		code = NNI_TEMPORARY;
	} else if (o.damaged > DAMAGED_NAMED) {
		say_error(
		    0, "%s: %zu lines are no records", o.journal, o.damaged);
	}
out:
	o.journal = NULL;
	buf_release(&path);
	return code;
}

/* ---- an experiment without one: placed.jsonl, and nni-watch ---- */

/* What has never had a place is in no other record. */
static void
take_spec(void *arg, enum placed_kind last, const struct record *r)
{
	struct gatherer *g = arg;
	struct buf line = BUF_INIT;
	struct attempt a;

	if (last != PLACED_SPEC && last != PLACED_ENDED)
		return;
	gather_put(g, r->line.at, r->line.len);
	if (last == PLACED_ENDED)
		return; /* its end comes through nni-watch */
	memcpy(a.trial, r->trial, sizeof(a.trial));
	a.number = r->attempt;
	survey_status(&line, &a, STATUS_WAITING, "it has no place yet");
	gather_put(g, line.data, line.len);
	buf_release(&line);
}

/* What is true now: the same as with --once behind nni-watch --once. */
static int
take_placed(struct gatherer *g, const char *dir, struct buf *err)
{
	struct buf path = BUF_INIT;
	struct survey s;
	int code = NNI_TEMPORARY;

	if (survey_open(&s, dir, err) == 0 &&
	    survey_specs(&s, take_spec, g, err) == 0 &&
	    tool_find("nni-watch", &path, err) == 0) {
		const char *argv[] = {
		    path.data, "-q", "--once", "--format", "jsonl", dir, NULL};

		o.watch =
		    backend_program(g->loop, argv, dir, NULL, &watch_calls, g);
		backend_once(o.watch);
		backend_start(o.watch);
		backend_finish(o.watch);
		code = 0;
	}
	survey_release(&s);
	buf_release(&path);
	return code;
}

/* ---- an experiment ---- */

/* A journal has been read; otherwise the end comes with nni-watch's. */
static void
reading_done(void *arg)
{
	if (!o.watch)
		leave(arg);
}

static const struct filter_calls reading_calls = {
    take, reading_done, end_round, pressed};

static int
take_experiment(struct gatherer *g, const char *what)
{
	struct buf dir = BUF_INIT, err = BUF_INIT;
	int code;

	if (expdir_find(what, NULL, &dir, &err) == -1)
		code = NNI_NOTHING;
	else if (survey_is_typed(dir.data))
		code = take_placed(g, dir.data, &err);
	else
		code = take_journal(g, dir.data, &err);
	if (code)
		say_error(code, "%s", err.data);
	buf_release(&dir);
	buf_release(&err);
	return code;
}

static int
check_options(int argc)
{
	if (argc > 1)
		return opt_usage(&tool, "one experiment at a time");
	if (o.follow && !o.logs)
		return opt_usage(&tool, "--follow goes with --logs");
	if (argc && (o.logs || o.output || o.once))
		return opt_usage(&tool,
		    "--logs, --output and --once are for records on standard "
		    "input");
	if (!argc && console_is_terminal(sys_stdin()))
		return opt_usage(&tool,
		    "trial and status records are read from standard input");
	return OPT_GO;
}

static bool
format_is(const char *name)
{
	return o.format && !strcmp(o.format, name);
}

int
nni_main(int argc, char **argv)
{
	struct gatherer g;
	int code;

	say_program("nni-collect");
	code = opt_parse(&tool, &argc, argv, NULL);
	if (code == OPT_GO)
		code = check_options(argc);
	if (code != OPT_GO)
		return code;
	gather_init(&g, loop_new());
	g.logs = (struct logs){o.logs, o.output};
	if (format_is("csv") || format_is("tsv"))
		g.report = report_new(format_is("csv") ? ',' : '\t');
	filter_init(&g.filter, g.loop,
	    g.report ? FILTER_JSONL : filter_format(o.format), argc == 0,
	    argc ? &reading_calls : &calls, &g);
	g.filter.no_records = g.report != NULL;
	if (o.follow)
		gather_follow(&g);
	o.reading = argc > 0;
	code = argc ? take_experiment(&g, argv[0]) : 0;
	if (!code)
		code = filter_code(&g.filter, loop_run(g.loop));
	timer_stop(&o.deadline);
	backend_free(o.watch);
	filter_release(&g.filter);
	report_free(g.report);
	gather_release(&g);
	return code;
}
