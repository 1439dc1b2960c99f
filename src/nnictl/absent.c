/* What NNI's nnictl had and this one has not. */
#include "absent.h"

#include <stdio.h>
#include <string.h>

#include "opt.h"
#include "say.h"

#define ALGORITHMS                                                             \
	"the algorithms there are need no registration: nni-tune -h and "      \
	"nni-assess -h name them"

static const struct {
	const char *command, *sub; /* sub NULL: all of the command */
	const char *instead;
} absent[] = {
    {"view", NULL,
	"it showed a stopped experiment on a web page; here everything can be "
	"read at any time: nnictl trial ls, experiment show, experiment "
	"export"},
    {"webui", NULL,
	"there is no web page; see nnictl top, nnictl trial ls and nnictl "
	"experiment export"},
    {"tensorboard", "start",
	"nnictl tensorboard gathers what trials write for TensorBoard, while "
	"they run too, and prints the command that shows it"},
    {"tensorboard", "stop",
	"nothing was started: nnictl tensorboard ends by Ctrl-C, or with the "
	"experiment"},
    {"algo", NULL, ALGORITHMS},
    {"package", NULL, ALGORITHMS},
    {"trainingservice", NULL,
	"there is nothing to register; a program nni-platform-NAME in "
	"$NNI_PLATFORM_PATH is a platform (platforms/README)"},
    {"ss_gen", NULL,
	"it made a search space of a trial's code; write it into the "
	"configuration as searchSpace, or name its file as searchSpaceFile"},
    {"hello", NULL,
	"see the directory examples, then: nnictl create --config FILE"},
    {"jupyter-extension", NULL, "see nnictl top and nnictl trial ls"},
    {"experiment", "import",
	"results of elsewhere cannot be given to a tuner in this version; "
	"nnictl resume and nnictl update trialnum go on with an experiment "
	"and all its results"},
    {"experiment", "save",
	"copy the experiment's directory: it has everything"},
    {"experiment", "load",
	"copy the experiment's directory to ~/nni-experiments, then nnictl "
	"resume"},
    {"trial", "codegen", "it was for annotations, which NNI 3.0 removed"},
};

/* What one may take for a command of its own. */
static const struct {
	const char *word, *meant;
} short_forms[] = {
    {"list", "experiment list"},
    {"ls", "experiment list"},
    {"status", "experiment status"},
    {"show", "experiment show"},
    {"delete", "experiment delete"},
    {"export", "experiment export"},
    {"save", "experiment save"},
    {"load", "experiment load"},
    {"import", "experiment import"},
    {"kill", "trial kill"},
    {"trials", "trial ls"},
    {"logs", "log"},
    {"start", "create"},
    {"run", "create"},
};

int
absent_command(int argc, char **argv)
{
	for (size_t i = 0; i < sizeof(absent) / sizeof(absent[0]); i++) {
		const char *sub = absent[i].sub;

		if (argc < 2 || strcmp(argv[1], absent[i].command) != 0)
			continue;
		if (sub != NULL && (argc < 3 || strcmp(argv[2], sub) != 0))
			continue;
		return say_error(NNI_USAGE, "%s%s%s is not available here: %s",
		    absent[i].command, sub != NULL ? " " : "",
		    sub != NULL ? sub : "", absent[i].instead);
	}
	for (size_t i = 0; i < sizeof(short_forms) / sizeof(short_forms[0]);
	     i++)
		if (argc >= 2 && strcmp(argv[1], short_forms[i].word) == 0)
			return say_error(NNI_USAGE,
			    "'%s' is no command of its own: nnictl %s", argv[1],
			    short_forms[i].meant);
	return OPT_GO;
}
