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
#include "reading.h"
#include "report.h"
#include "say.h"
#include "survey.h"

static struct {
	const char *format, *output, *folder;
	bool once, logs, follow;
	bool reading; /* an experiment, and not standard input */
	struct timer deadline;
} o;
static struct reading reading;

static const struct opt options[] = {
    {0, "once", NULL, "collect what is there now, then end", OPT_FLAG, &o.once,
	0, 0},
    {'l', "logs", NULL, "also what the trials print, as log records", OPT_FLAG,
	&o.logs, 0, 0},
    {'f', "follow", NULL, "all this while they run, too", OPT_FLAG, &o.follow,
	0, 0},
    {'o', "output", "DIR", "copy what each trial made to DIR/TRIAL", OPT_PATH,
	&o.output, 0, 0},
    {0, "folder", "NAME", "with --output: only this folder of each trial",
	OPT_STRING, &o.folder, 0, 0},
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
	int code = reading.code;

	if (!code && !o.reading && gather_failed(g))
		code = NNI_TRIAL_FAILED;
	gather_counts(g);
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
	   has its time-out to end, as it has after --once to drain.  Files are
	   given up by themselves. */
	if (g->finishing && !g->files.owed &&
	    (!g->held || o.once || o.reading)) {
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
	reading_pause(&reading, slow);
}

static const struct filter_calls calls = {
    take, end_of_input, end_round, pressed};

/* ---- an experiment ---- */

static void
begun(void *arg)
{
	(void)arg;
	reading_begun(&reading);
}

static const struct filter_calls reading_calls = {
    take, begun, end_round, pressed};

/* ---- the start ---- */

static bool
folder_is_inside(const char *path)
{
	struct buf b = BUF_INIT;
	bool inside;

	/* With / around it, so that ".." is one of its parts or is not. */
	buf_addf(&b, "/%s/", path);
	inside = *path && !path_is_absolute(path) && !strstr(b.data, "/../") &&
		 !strchr(path, '\\');
	buf_release(&b);
	return inside;
}

static int
check_options(int argc)
{
	if (argc > 1)
		return opt_usage(&tool, "one experiment at a time");
	if (o.follow && !argc && !o.logs && !o.output)
		return opt_usage(&tool,
		    "--follow goes with --logs, --output, or an experiment");
	if (argc && (o.logs || o.once))
		return opt_usage(&tool,
		    "--logs and --once are for records on standard input");
	if (o.folder && !o.output)
		return opt_usage(&tool, "--folder goes with --output");
	if (o.folder && !folder_is_inside(o.folder))
		return opt_usage(&tool,
		    "--folder names a folder in each trial's directory, not "
		    "'%s'",
		    o.folder);
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
	g.logs = (struct logs){o.logs};
	g.files.output = o.output;
	g.files.folder = o.folder;
	g.files.logs = o.logs;
	g.files.failed = argc == 0;
	reading.g = &g;
	reading.follow = o.follow;
	if (format_is("csv") || format_is("tsv"))
		g.report = report_new(format_is("csv") ? ',' : '\t');
	filter_init(&g.filter, g.loop,
	    g.report ? FILTER_JSONL : filter_format(o.format), argc == 0,
	    argc ? &reading_calls : &calls, &g);
	g.filter.no_records = g.report != NULL;
	if (o.follow)
		gather_follow(&g);
	o.reading = argc > 0;
	code = argc ? reading_open(&reading, argv[0]) : 0;
	if (!code)
		code = filter_code(&g.filter, loop_run(g.loop));
	timer_stop(&o.deadline);
	reading_release(&reading);
	filter_release(&g.filter);
	report_free(g.report);
	gather_release(&g);
	return code;
}
