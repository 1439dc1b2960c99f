/*
 * nni-collect: gathers the metrics (and, asked, logs and output files) of the
 * trials that pass through.  Options, input, formats, the end; the order of
 * metrics and ends is kept in gather.c.
 */
#include <stdlib.h>
#include <string.h>

#include "expdir.h"
#include "gather.h"
#include "journal.h"
#include "opt.h"
#include "os/sys.h"
#include "report.h"
#include "say.h"

/* How long a backend may drain after --once or without ends to wait for. */
enum { DRAIN_MS = 60000 };

static struct {
	const char *format, *output;
	bool once, logs, follow;
	struct timer deadline;
} o;

static const struct opt options[] = {
    {0, "once", NULL, "collect what is there now, then end", OPT_FLAG, &o.once,
	0, 0},
    {'l', "logs", NULL, "also what the trials print, as log records", OPT_FLAG,
	&o.logs, 0, 0},
    {'f', "follow", NULL, "with --logs: while they run", OPT_FLAG, &o.follow, 0,
	0},
    {'o', "output", "DIR", "copy what each trial made to DIR/TRIAL", OPT_STRING,
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
	int code = gather_failed(g) ? NNI_TRIAL_FAILED : NNI_OK;

	if (g->live && !o.once) {
		gather_missing(g, &text, 8);
		code = say_error(NNI_TEMPORARY,
		    "%d trials have no end: %s; they are not lost: give them "
		    "to nni-watch and nni-collect again",
		    (int)g->live, text.data);
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

	/* Ends are waited for as long as it takes; a backend that owes none
	   is not. */
	if (g->finishing && (!g->held || o.once)) {
		if (!timer_is_set(&o.deadline) && !g->late)
			timer_set(g->loop, &o.deadline, DRAIN_MS, give_up, g);
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
}

static const struct filter_calls calls = {
    take, end_of_input, end_round, pressed};

/* ---- an experiment's journal ---- */

static int
take_journal_line(void *arg, const char *line, size_t len, int64_t offset)
{
	struct gatherer *g = arg;
	struct record r;

	(void)offset;
	if (record_parse(&r, line, len, NULL) == 0 &&
	    !json_bool(record_get(&r, "late"), false) &&
	    (r.type == RECORD_TRIAL || r.type == RECORD_STATUS ||
		r.type == RECORD_METRIC))
		gather_put(g, line, len);
	return 0;
}

static void
journal_done(void *arg)
{
	leave(arg);
}

static const struct filter_calls journal_calls = {
    take, journal_done, NULL, NULL};

/* All there is to know lies in events.jsonl: no backend is asked. */
static int
take_experiment(struct gatherer *g, const char *what)
{
	struct buf dir = BUF_INIT, path = BUF_INIT, err = BUF_INIT;
	struct file_info info;
	int64_t offset = 0;
	int code = 0;

	if (expdir_find(what, NULL, &dir, &err) == -1) {
		code = say_error(NNI_NOTHING, "%s", err.data);
		goto out;
	}
	expdir_path(&path, dir.data, "events.jsonl");
	if (file_info(path.data, true, &info) == -1 || info.type == FILE_ABSENT)
		code = say_error(NNI_NOTHING,
		    "'%s' has no journal, since nni-run did not make it; say: "
		    "nni-submit --resume %s </dev/null | nni-watch | "
		    "nni-collect",
		    dir.data, dir.data);
	else if (journal_read(path.data, &offset, take_journal_line, g, &err) ==
		 -1)
		code = say_error(NNI_TEMPORARY, "%s", err.data);
out:
	buf_release(&dir);
	buf_release(&path);
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
	    argc ? &journal_calls : &calls, &g);
	if (o.follow)
		gather_follow(&g);
	code = argc ? take_experiment(&g, argv[0]) : 0;
	if (!code)
		code = loop_run(g.loop);
	timer_stop(&o.deadline);
	filter_release(&g.filter);
	report_free(g.report);
	gather_release(&g);
	return code;
}
