/* What NNI's nnictl had and this one has not. */
#include "absent.h"

#include <stdio.h>
#include <string.h>

#include "opt.h"
#include "say.h"

static const struct {
	const char *command, *sub; /* sub NULL: all of the command */
	const char *instead;
} absent[] = {
    {"view", NULL,
	"it showed a stopped experiment on a web page; here everything can be "
	"read at any time: nnictl trial ls, experiment show, experiment "
	"export"},
    {"webui", NULL,
	"there is no web page; see nnictl top and nnictl experiment export"},
    {"tensorboard", NULL,
	"start it yourself: tensorboard --logdir DIR/trials, where DIR is the "
	"experiment's directory (nnictl experiment list)"},
    {"platform", NULL,
	"nni-run --clean EXPERIMENT removes what an experiment left on its "
	"platforms; nnictl experiment delete does that too"},
    {"algo", NULL,
	"there is nothing to register; nni-tune -h and nni-assess -h name the "
	"algorithms there are"},
    {"package", NULL,
	"there is nothing to install; nni-tune -h and nni-assess -h name the "
	"algorithms there are"},
    {"trainingservice", NULL,
	"there is nothing to register; a program nni-platform-NAME in "
	"$NNI_PLATFORM_PATH is a platform (platforms/README)"},
    {"ss_gen", NULL, "write the search space as JSON or YAML"},
    {"hello", NULL, "see the directory examples"},
    {"jupyter-extension", NULL, "see nnictl top"},
    {"experiment", "import",
	"results of elsewhere cannot be given to a tuner in this version"},
    {"experiment", "save",
	"copy the experiment's directory: it has everything"},
    {"experiment", "load",
	"copy the experiment's directory to ~/nni-experiments, then nnictl "
	"resume"},
    {"trial", "codegen", "it was for annotations, which NNI 3.0 removed"},
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
	return OPT_GO;
}
