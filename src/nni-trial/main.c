/*
 * nni-trial: what a trial in any language needs of NNI: its parameters, and a
 * way to report metrics (nni-core 2).  It is called from loops in sh: one small
 * program, a few files, no other process.
 */
#include <stdlib.h>
#include <string.h>
#include "opt.h"
#include "phase.h"
#include "say.h"
#include "trial.h"
#include "os/sys.h"

static struct {
	const char *otherwise;
	bool json, final;
} o;

static const struct opt get_options[] = {
    {'d', "default", "VALUE", "what to print if there is no such parameter",
	OPT_STRING, &o.otherwise, 0, 0},
    {'j', "json", NULL, "print a string as JSON too, in quotes", OPT_FLAG,
	&o.json, 0, 0},
    {0, NULL, NULL, NULL, OPT_FLAG, NULL, 0, 0},
};
static const struct opt report_options[] = {
    {'f', "final", NULL, "this is the trial's result", OPT_FLAG, &o.final, 0,
	0},
    {0, NULL, NULL, NULL, OPT_FLAG, NULL, 0, 0},
};

static const struct opt_tool get_tool = {
    .name = "nni-trial get",
    .summary = "print a parameter, or all of them",
    .operands = "[NAME]",
    .examples = "  lr=$(nni-trial get lr)\n"
		"  nni-trial get layer.units --default 64\n",
    .options = get_options,
};
static const struct opt_tool report_tool = {
    .name = "nni-trial report",
    .summary = "report an intermediate or the final metric",
    .operands = "VALUE|-",
    .examples = "  nni-trial report 0.93\n"
		"  nni-trial report '{\"default\": 0.93, \"loss\": 0.2}' "
		"--final\n",
    .options = report_options,
};
static const struct opt_tool next_tool = {
    .name = "nni-trial next",
    .summary = "ask for the next parameters, where multiPhase is true",
    .operands = "",
    .examples = "  nni-trial next || break\n",
};
static const struct opt_tool id_tool = {
    .name = "nni-trial id",
    .summary = "print the trial's id",
    .operands = "",
};
static const struct opt_tool experiment_tool = {
    .name = "nni-trial experiment",
    .summary = "print the experiment's id",
    .operands = "",
};
static const struct opt_tool sequence_tool = {
    .name = "nni-trial sequence",
    .summary = "print the trial's number in its experiment, from 0",
    .operands = "",
};
static const struct opt_tool *const commands[] = {&get_tool, &report_tool,
    &next_tool, &id_tool, &experiment_tool, &sequence_tool, NULL};
static const struct opt_tool tool = {
    .name = "nni-trial",
    .summary = "parameters and metrics for a trial in any language",
    .operands = "COMMAND",
    .examples = "  lr=$(nni-trial get lr)\n"
		"  nni-trial report 0.93 --final\n",
    .commands = commands,
};

static int
print(const char *text)
{
	struct buf line = BUF_INIT;

	buf_addf(&line, "%s\n", text);
	say_data(line.data, line.len);
	buf_release(&line);
	return NNI_OK;
}

static int
get(const char *name)
{
	struct buf out = BUF_INIT, err = BUF_INIT;
	int code = NNI_OK, found;

	if (!trial_is_managed())
		say_warning("no NNI experiment runs this: there are no "
			    "parameters");
	found = trial_get(name, o.json, &out, &err);
	if (found == 1)
		code = print(out.data);
	else if (found == 0 && o.otherwise != NULL)
		code = print(o.otherwise);
	else
		code = say_error(
		    found == 0 ? NNI_NOTHING : NNI_TEMPORARY, "%s", err.data);
	buf_release(&out);
	buf_release(&err);
	return code;
}

/* "-": a value too long for an argument comes on standard input. */
static int
read_value(struct buf *text, struct buf *err)
{
	char bytes[4096];
	int64_t n;

	while ((n = file_read(sys_stdin(), bytes, sizeof(bytes))) > 0)
		if (buf_add(text, bytes, (size_t)n) == -1)
			return buf_err(err, "standard input is too long");
	buf_rtrim(text);
	return n == 0 ? 0
		      : buf_err(err, "cannot read standard input: %s",
			    os_strerror());
}

static int
report(const char *text)
{
	struct buf value = BUF_INIT, err = BUF_INIT;
	struct buf input = BUF_INIT_MAX((size_t)4 << 20);
	int code = NNI_OK;

	if (strcmp(text, "-") != 0)
		buf_adds(&input, text);
	if (strcmp(text, "-") == 0 && read_value(&input, &err) == -1)
		code = say_error(NNI_USAGE, "%s", err.data);
	else if (trial_value(input.data, input.len, &value, &err) == -1)
		code = say_error(NNI_USAGE, "%s", err.data);
	else if (trial_report(&value, o.final, &err) == -1)
		code = say_error(NNI_TEMPORARY, "%s", err.data);
	buf_release(&value);
	buf_release(&input);
	buf_release(&err);
	return code;
}

/* That there are no more is an end, and no fault. */
static int
next(void)
{
	struct buf err = BUF_INIT;
	int r = phase_next(&err), code = NNI_OK;

	if (r == 0) {
		say("%s", err.data);
		code = NNI_NOTHING;
	} else if (r == -1) {
		code = say_error(NNI_TEMPORARY, "%s", err.data);
	}
	buf_release(&err);
	return code;
}

static int
print_variable(const char *name, const char *standalone)
{
	const char *value = env_get(name);

	return print(trial_is_managed() && value != NULL ? value : standalone);
}

/* -0.5 is a value, not five options: taken out of argv. */
static char *
take_negative(int *argc, char **argv)
{
	char *value = NULL, *end;
	int from, to = 1;

	for (from = 1; from < *argc; from++) {
		if (value == NULL && argv[from][0] == '-' &&
		    argv[from][1] != '\0' &&
		    (strtod(argv[from], &end), *end == '\0'))
			value = argv[from];
		else
			argv[to++] = argv[from];
	}
	argv[to] = NULL;
	*argc = to;
	return value;
}

int
nni_main(int argc, char **argv)
{
	const struct opt_tool *command = NULL;
	char *value = NULL;
	int code;

	say_program("nni-trial");
	code = opt_parse(&tool, &argc, argv, &command);
	if (code != OPT_GO)
		return code;
	if (command == &report_tool)
		value = take_negative(&argc, argv);
	code = opt_parse(command, &argc, argv, NULL);
	if (code != OPT_GO)
		return code;
	if (value == NULL && argc > 0)
		value = argv[0];
	else if (value != NULL && argc > 0)
		return opt_usage(command, "give one value");
	if (command == &report_tool ? value == NULL || argc > 1
				    : argc > (command == &get_tool))
		return opt_usage(command, command == &report_tool
					      ? "give one value"
					      : "too many arguments");
	/* A shell's variable that is not set must not get all of them. */
	if (command == &get_tool && argc == 1 && argv[0][0] == '\0')
		return opt_usage(command, "the parameter's name is empty");
	if (command == &get_tool)
		return get(argc == 1 ? argv[0] : NULL);
	if (command == &report_tool)
		return report(value);
	if (command == &next_tool)
		return next();
	if (command == &id_tool)
		return print_variable("NNI_TRIAL_JOB_ID", "STANDALONE");
	if (command == &experiment_tool)
		return print_variable("NNI_EXP_ID", "STANDALONE");
	return print_variable("NNI_TRIAL_SEQ_ID", "0");
}
