/*
 * nnictl: options and commands.  What NNI's nnictl had and this one has not is
 * in absent.c, with what to use in its place.
 */
#include <string.h>

#include "absent.h"
#include "nnictl.h"
#include "opt.h"
#include "say.h"
#include "os/sys.h"

struct ctl_options o = {.time_ms = 3000};

#define OPT_END                                                                \
	{                                                                      \
		0, NULL, NULL, NULL, OPT_FLAG, NULL, 0, 0                      \
	}
#define OPT_PORT                                                               \
	{                                                                      \
		'p', "port", "PORT", "for NNI's sake: there is no port",       \
		    OPT_STRING, &o.port, 0, 0                                  \
	}
#define OPT_DEBUG                                                              \
	{                                                                      \
		'd', "debug", NULL, "say more", OPT_FLAG, &o.debug, 0, 0       \
	}
#define OPT_FOREGROUND                                                         \
	{                                                                      \
		'f', "foreground", NULL, "stay until it is done", OPT_FLAG,    \
		    &o.foreground, 0, 0                                        \
	}

static const struct opt create_options[] = {
    {'c', "config", "FILE", "the experiment's configuration", OPT_PATH,
	&o.config, 0, 0},
    OPT_FOREGROUND, OPT_DEBUG, OPT_PORT,
    {'u', "url_prefix", "PREFIX", "for NNI's sake: there is no web page",
	OPT_STRING, &o.url_prefix, 0, 0},
    OPT_END};
static const struct opt resume_options[] = {
    {'e', "experiment_dir", "DIR", "the directory that holds it", OPT_PATH,
	&o.experiment_dir, 0, 0},
    OPT_FOREGROUND, OPT_DEBUG, OPT_PORT, OPT_END};
static const struct opt stop_options[] = {
    {'a', "all", NULL, "all experiments that are running", OPT_FLAG, &o.all, 0,
	0},
    {'y', "yes", NULL, "do not ask", OPT_FLAG, &o.yes, 0, 0}, OPT_PORT,
    OPT_END};
static const struct opt list_options[] = {
    {'a', "all", NULL, "also those that are not running", OPT_FLAG, &o.all, 0,
	0},
    OPT_END};
static const struct opt delete_options[] = {
    {'a', "all", NULL, "all experiments that are not running", OPT_FLAG, &o.all,
	0, 0},
    {'y', "yes", NULL, "do not ask", OPT_FLAG, &o.yes, 0, 0},
    {0, "force", NULL, "also where what it left elsewhere cannot be removed",
	OPT_FLAG, &o.force, 0, 0},
    OPT_END};
static const struct opt clean_options[] = {
    {'c', "config", "FILE", "the configuration that names the platforms",
	OPT_PATH, &o.config, 0, 0},
    {'y', "yes", NULL, "do not ask", OPT_FLAG, &o.yes, 0, 0}, OPT_END};
static const struct opt export_options[] = {
    {'f', "filename", "FILE", "where to; - is the standard output", OPT_PATH,
	&o.filename, 0, 0},
    {'t', "type", "json|csv", "the file's format", OPT_STRING, &o.type, 0, 0},
    {'i', "intermediate", NULL, "intermediate results too", OPT_FLAG,
	&o.intermediate, 0, 0},
    OPT_END};
static const struct opt trials_options[] = {
    {0, "head", "N", "the N best", OPT_INT, &o.head, 1, 1000000},
    {0, "tail", "N", "the N worst", OPT_INT, &o.tail, 1, 1000000},
    {0, "format", "json|table", "how it is printed", OPT_STRING, &o.format, 0,
	0},
    OPT_END};
static const struct opt kill_options[] = {
    {'T', "trial_id", "TRIAL", "which one", OPT_STRING, &o.trial, 0, 0},
    OPT_END};
static const struct opt log_options[] = {
    {'H', "head", "N", "the first N lines", OPT_INT, &o.head, 1, 1000000000},
    {'T', "tail", "N", "the last N lines", OPT_INT, &o.tail, 1, 1000000000},
    {0, "path", NULL, "only the paths", OPT_FLAG, &o.path, 0, 0}, OPT_END};
static const struct opt log_trial_options[] = {
    {'T', "trial_id", "TRIAL", "which one", OPT_STRING, &o.trial, 0, 0},
    {'H', "head", "N", "the first N lines", OPT_INT, &o.head, 1, 1000000000},
    {0, "tail", "N", "the last N lines", OPT_INT, &o.tail, 1, 1000000000},
    {0, "path", NULL, "only the directories", OPT_FLAG, &o.path, 0, 0},
    OPT_END};
static const struct opt top_options[] = {
    {'t', "time", "SECONDS", "between two looks (3)", OPT_DURATION, &o.time_ms,
	0, 0},
    OPT_END};
static const struct opt tensorboard_options[] = {
    {'T', "trial_id", "TRIAL[,TRIAL...]", "show only these", OPT_STRING,
	&o.trial, 0, 0},
    OPT_END};
static const struct opt value_options[] = {
    {'v', "value", "VALUE", "the new value", OPT_STRING, &o.value, 0, 0},
    OPT_END};
static const struct opt space_options[] = {
    {'f', "filename", "FILE", "the new search space", OPT_PATH, &o.filename, 0,
	0},
    OPT_END};

#define ID "[EXPERIMENT]"
#define TOOL(var, words, what, args, opts, eg)                                 \
	static const struct opt_tool var = {.name = "nnictl " words,           \
	    .summary = (what),                                                 \
	    .operands = (args),                                                \
	    .examples = (eg),                                                  \
	    .options = (opts)}

TOOL(create, "create", "start an experiment", "", create_options,
    "  nnictl create --config config.yml\n");
TOOL(resume, "resume", "go on with an experiment", ID, resume_options, "");
TOOL(stop, "stop", "stop an experiment with all its trials", ID, stop_options,
    "");
TOOL(top, "top", "show how running experiments get on", ID, top_options, "");
TOOL(list, "experiment list", "list the experiments", "", list_options, "");
TOOL(status, "experiment status", "what an experiment is doing", ID, NULL, "");
TOOL(show, "experiment show", "show an experiment's configuration and state",
    ID, NULL, "");
TOOL(delete, "experiment delete", "delete experiments that are not running", ID,
    delete_options, "");
TOOL(export, "experiment export", "write the results to a file", ID,
    export_options, "  nnictl experiment export -f results.csv -t csv -i\n");
TOOL(trials, "trial ls", "list the trials", ID, trials_options, "");
TOOL(kill_, "trial kill", "stop one trial", ID, kill_options, "");
TOOL(log_out, "log stdout", "what nni-run told", ID, log_options, "");
TOOL(log_err, "log stderr", "what the programs complained of", ID, log_options,
    "");
TOOL(log_trial, "log trial", "where the trials' logs are; or one's text", ID,
    log_trial_options, "");
TOOL(tensorboard, "tensorboard", "gather what trials write for TensorBoard", ID,
    tensorboard_options, "");
TOOL(concurrency, "update concurrency", "change how many trials run at once",
    ID, value_options, "");
TOOL(duration, "update duration", "change maxExperimentDuration", ID,
    value_options, "  nnictl update duration --value 2h\n");
TOOL(trialnum, "update trialnum", "change maxTrialNumber", ID, value_options,
    "");
TOOL(searchspace, "update searchspace", "change the search space", ID,
    space_options, "");
TOOL(clean, "platform clean", "remove what experiments left on platforms", "",
    clean_options, "  nnictl platform clean --config config.yml\n");
TOOL(
    config, "config show", "print an experiment's configuration", ID, NULL, "");

#define GROUP(var, words, what, ...)                                           \
	static const struct opt_tool *const var##_commands[] = {               \
	    __VA_ARGS__, NULL};                                                \
	static const struct opt_tool var = {.name = "nnictl " words,           \
	    .summary = (what),                                                 \
	    .operands = "COMMAND",                                             \
	    .commands = var##_commands}

GROUP(experiment, "experiment", "list, show, export, delete experiments", &list,
    &status, &show, &export, &delete);
GROUP(trial, "trial", "list and stop trials", &trials, &kill_);
GROUP(log_, "log", "show logs", &log_out, &log_err, &log_trial);
GROUP(update, "update", "change a running experiment", &concurrency, &duration,
    &trialnum, &searchspace);
GROUP(platform, "platform", "clean up what experiments left", &clean);
GROUP(config_, "config", "show the configuration", &config);

static const struct opt_tool *const commands[] = {&create, &resume, &stop, &top,
    &experiment, &trial, &log_, &tensorboard, &update, &platform, &config_,
    NULL};

/* NNI's letter for it. */
static const struct opt options[] = {
    {'v', "version", NULL, "show the version", OPT_FLAG, NULL, OPT_VERSION, 0},
    OPT_END};

static const struct opt_tool tool = {
    .name = "nnictl",
    .summary = "NNI's commands",
    .operands = "COMMAND",
    .examples = "  nnictl create --config config.yml\n"
		"  nnictl top\n"
		"  nnictl experiment export -f results.json\n",
    .options = options,
    .commands = commands,
};

static const struct {
	const struct opt_tool *tool;
	ctl_fn *run;
	int max_operands;
} actions[] = {
    {&create, ctl_create, 0},
    {&resume, ctl_resume, 1},
    {&stop, ctl_stop, 1},
    {&top, ctl_top, 1},
    {&list, ctl_list, 0},
    {&status, ctl_status, 1},
    {&show, ctl_show, 1},
    {&delete, ctl_delete, 1},
    {&export, ctl_export, 1},
    {&trials, ctl_trials, 1},
    {&kill_, ctl_kill, 1},
    {&log_out, ctl_log_stdout, 1},
    {&log_err, ctl_log_stderr, 1},
    {&log_trial, ctl_log_trial, 1},
    {&tensorboard, ctl_tensorboard, 1},
    {&concurrency, ctl_concurrency, 1},
    {&duration, ctl_duration, 1},
    {&trialnum, ctl_trialnum, 1},
    {&searchspace, ctl_searchspace, 1},
    {&clean, ctl_clean, 0},
    {&config, ctl_config, 1},
};

static int
act(const struct opt_tool *chosen, int argc, char **argv)
{
	size_t i = 0;

	while (actions[i].tool != chosen)
		i++;
	if (argc > actions[i].max_operands)
		return opt_usage(chosen, "'%s' is one operand too many",
		    argv[actions[i].max_operands]);
	return actions[i].run(argc, argv);
}

int
nni_main(int argc, char **argv)
{
	const struct opt_tool *at = &tool, *next;
	int code;

	say_program("nnictl");
	code = absent_command(argc, argv);
	if (code != OPT_GO)
		return code;
	for (;;) {
		code = opt_parse(at, &argc, argv, &next);
		if (code != OPT_GO)
			return code;
		if (at->commands == NULL)
			return act(at, argc, argv);
		at = next;
	}
}
