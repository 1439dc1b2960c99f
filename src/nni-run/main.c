/*
 * nni-run: runs, resumes, or advances one experiment.  Options, and which of
 * these it is; the work is in run.c.
 */
#include <stdio.h>
#include <string.h>

#include "backend.h"
#include "expdir.h"
#include "opt.h"
#include "prepare.h"
#include "run.h"
#include "say.h"
#include "os/file.h"
#include "os/sys.h"

static struct {
	const char *resume, *clean, *id, *on_interrupt, *format;
	bool tick, check, print_config, dry_run, prepare;
	int64_t retry;
} o = {.retry = -1};

static const struct opt options[] = {
    {0, "resume", "ID|DIR", "go on with an experiment", OPT_STRING, &o.resume,
	0, 0},
    {0, "tick", NULL, "one pass, then exit: for cron; needs --id", OPT_FLAG,
	&o.tick, 0, 0},
    {0, "id", "NAME", "the experiment's id ([a-z][a-z0-9]*)", OPT_STRING, &o.id,
	0, 0},
    {0, "check", NULL, "only check the configuration and its platforms",
	OPT_FLAG, &o.check, 0, 0},
    {0, "print-config", NULL, "only print the canonical configuration",
	OPT_FLAG, &o.print_config, 0, 0},
    {0, "dry-run", NULL, "only say what would be started", OPT_FLAG, &o.dry_run,
	0, 0},
    {0, "prepare", NULL, "only make the directory, and print its path",
	OPT_FLAG, &o.prepare, 0, 0},
    {0, "clean", "ID|DIR", "remove what it left on its platforms", OPT_STRING,
	&o.clean, 0, 0},
    {0, "retry", "N", "attempts after failures of machine or service", OPT_INT,
	&o.retry, 0, 1000},
    {0, "on-interrupt", "detach|stop", "leave trials running, or stop them",
	OPT_STRING, &o.on_interrupt, 0, 0},
    {0, "format", "jsonl|none", "print records on stdout, or none", OPT_STRING,
	&o.format, 0, 0},
    {0, NULL, NULL, NULL, OPT_FLAG, NULL, 0, 0},
};

static const struct opt_tool tool = {
    .name = "nni-run",
    .summary = "run an experiment to its end",
    .operands = "[CONFIG]",
    .examples = "  nni-run config.yml\n"
		"  nni-run --resume k3j2h1a9\n"
		"  nni-run config.yml | jq 'select(.type==\"metric\")'\n",
    .options = options,
    .environment = backend_environment,
};

/* ---- running one ---- */

static bool
want_records(void)
{
	if (o.format != NULL)
		return strcmp(o.format, "jsonl") == 0;
	return !o.tick && !console_is_terminal(sys_stdout());
}

/*
 * Why it is not run.  That somebody else is at work is no fault of a tick, and
 * cron mails whatever is said.
 */
static int
refuse(int code, const char *why)
{
	if (!o.tick || code != NNI_LOCKED)
		return say_error(code, "%s", why);
	if (say_level_get() > 1)
		say("%s", why);
	return code;
}

static int
run_experiment(const char *dir, bool is_new)
{
	struct run run = {.tick = o.tick,
	    .retries = o.retry,
	    .lock = LOCK_INIT,
	    .journal = JOURNAL_INIT,
	    .print_records = want_records()};
	struct buf err = BUF_INIT, log = BUF_INIT;
	int code;

	run_init(&run);
	run.stop_on_interrupt =
	    o.on_interrupt != NULL && strcmp(o.on_interrupt, "stop") == 0;
	view_init(&run.view, o.tick);
	code = run_open(&run, dir, &err);
	if (code != NNI_OK) {
		refuse(code, err.data);
	} else if (o.tick && experiment_is_over(&run.exp)) {
		code = NNI_NOTHING;
	} else {
		expdir_path(&log, run.log_dir.data, "nni-run.log");
		view_log(&run.view, log.data);
		view_say(&run.view, "experiment %s %s %s", expdir_id(dir),
		    is_new ? "is in" : "goes on in", dir);
		code = run_go(&run);
	}
	view_release(&run.view);
	run_close(&run);
	buf_release(&err);
	buf_release(&log);
	if (run.signal != 0)
		die_by_signal(run.signal);
	return code;
}

/* The experiment of that id exactly, wherever it is. */
static bool
is_there(const char *id, struct buf *dir)
{
	return expdir_find(id, NULL, dir, NULL) == 0 &&
	       strcmp(expdir_id(dir->data), id) == 0;
}

/* A directory for what the file describes. */
static int
create(const char *file, struct buf *dir)
{
	struct buf json = BUF_INIT, err = BUF_INIT;
	int code, level = say_level_get();

	if (o.tick && level == 1)
		say_level(0); /* notes are for who looks on */
	code = prepare_config(file, false, &json, &err);
	if (code == NNI_OK)
		code = prepare_try(&json, &err);
	say_level(level);
	if (code == NNI_OK)
		code = prepare_create(&json, o.id, o.retry, dir, &err);
	/* Two first ticks at once: the other one has just made it. */
	if (code == NNI_USAGE && o.tick)
		code = NNI_LOCKED;
	if (code != NNI_OK && err.len > 0)
		refuse(code, err.data);
	buf_release(&json);
	buf_release(&err);
	return code;
}

static int
run_config(const char *file)
{
	struct buf dir = BUF_INIT;
	bool is_new = !o.tick || !is_there(o.id, &dir);
	int code = is_new ? create(file, &dir) : NNI_OK;

	if (code == NNI_OK && o.prepare)
		puts(dir.data);
	else if (code == NNI_OK)
		code = run_experiment(dir.data, is_new);
	buf_release(&dir);
	return code;
}

static int
resume(const char *what)
{
	struct buf dir = BUF_INIT, err = BUF_INIT;
	int code;

	if (expdir_find(what, NULL, &dir, &err) != 0)
		code = say_error(NNI_NOTHING,
		    "%s (nnictl experiment list --all shows them)", err.data);
	else
		code = run_experiment(dir.data, false);
	buf_release(&dir);
	buf_release(&err);
	return code;
}

/* ---- the other things to do ---- */

static int
clean(const char *what, struct buf *err)
{
	struct buf dir = BUF_INIT;
	int code = NNI_NOTHING;

	if (expdir_find(what, NULL, &dir, err) == 0)
		code = prepare_clean(dir.data, err);
	buf_release(&dir);
	return code;
}

static int
print_config(const char *file, struct buf *err)
{
	struct buf json = BUF_INIT;
	int code = prepare_config(file, true, &json, err);

	buf_addc(&json, '\n');
	if (code == NNI_OK)
		say_data(json.data, json.len);
	buf_release(&json);
	return code;
}

static int
do_other(const char *file)
{
	struct buf err = BUF_INIT;
	int code;

	if (o.clean != NULL)
		code = clean(o.clean, &err);
	else if (o.check)
		code = prepare_check(file, &err);
	else if (o.print_config)
		code = print_config(file, &err);
	else
		code = prepare_dry_run(file, &err);
	if (err.len > 0)
		say_error(code, "%s", err.data);
	buf_release(&err);
	return code;
}

/* 0, or the exit code with the fault said. */
static int
check_usage(int operands, const char *first)
{
	bool no_file = o.resume != NULL || o.clean != NULL;
	int modes = (o.resume != NULL) + (o.clean != NULL) + o.tick + o.check +
		    o.print_config + o.dry_run + o.prepare;

	if (modes > 1)
		return opt_usage(&tool, "only one of --resume, --tick, "
					"--check, --print-config, --dry-run, "
					"--prepare and --clean can be done");
	if (no_file && operands > 0)
		return opt_usage(&tool, "'%s' is one operand too many", first);
	if (!no_file && operands != 1)
		return opt_usage(
		    &tool, operands == 0 ? "no configuration is named"
					 : "only one configuration can be run");
	if (o.tick && o.id == NULL)
		return opt_usage(&tool, "--tick needs --id NAME, to find the "
					"experiment again");
	if (o.id != NULL && !experiment_id_valid(o.id, strlen(o.id)))
		return opt_usage(&tool,
		    "'%s' is not an id: a letter, then up to 31 letters and "
		    "digits, all lower case",
		    o.id);
	return NNI_OK;
}

int
nni_main(int argc, char **argv)
{
	int code;

	say_program("nni-run");
	code = opt_parse(&tool, &argc, argv, NULL);
	if (code != OPT_GO)
		return code;
	code = check_usage(argc, argv[0]);
	if (code != NNI_OK)
		return code;
	if (o.clean != NULL || o.check || o.print_config || o.dry_run)
		return do_other(argv[0]);
	if (want_records() || o.prepare)
		code = say_check_output();
	if (code != NNI_OK)
		return code;
	if (o.resume != NULL)
		return resume(o.resume);
	return run_config(argv[0]);
}
