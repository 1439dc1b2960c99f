/*
 * nni-platform-remote VERB: trials as processes of machines that ssh reaches.
 */
#include <string.h>

#include "opt.h"
#include "os/sys.h"
#include "say.h"
#include "ssh.h"
#include "verbs.h"

static struct {
	const char *dir, *member;
	bool once;
} o = {NULL, "remote", false};

static const struct opt options[] = {
    {'d', "dir", "DIR", "the experiment's directory", OPT_STRING, &o.dir, 0, 0},
    {'m', "member", "NAME", "the member of its trainingService", OPT_STRING,
	&o.member, 0, 0},
    {0, "once", NULL, "watch: say what is true now, do not wait for ends",
	OPT_FLAG, &o.once, 0, 0},
    {0, NULL, NULL, NULL, OPT_FLAG, NULL, 0, 0},
};

static int say_capabilities(const struct verb *v);

static const struct verb_entry verbs[] = {
    {"capabilities", say_capabilities, VERB_ALONE},
    {"check", verb_check, 0},
    {"submit", verb_submit, 0},
    {"watch", verb_watch, 0},
    {"collect", verb_collect, 0},
    {"fetch", verb_fetch, 0},
    {"clean", verb_clean, 0},
    {NULL, NULL, 0},
};

static int
say_capabilities(const struct verb *v)
{
	(void)v;
	return verb_say_capabilities(verbs, "archive");
}

static void
complete(const char *what, struct buf *out)
{
	verb_complete(verbs, what, out);
}

static const struct opt_tool tool = {
    .name = "nni-platform-remote",
    .summary = "run trials on machines that ssh reaches",
    .operands = "VERB",
    .examples = "  nni-platform-remote check --member remote \\\n"
		"      --dir ~/nni-experiments/abcd1234\n",
    .options = options,
    .words = complete,
};

int
nni_main(int argc, char **argv)
{
	struct verb v = {NULL, NULL, false, NULL};
	const struct verb_entry *e;
	int code = ssh_askpass(argc, argv);

	if (code != -1)
		return code;
	say_program("nni-platform-remote");
	code = opt_parse(&tool, &argc, argv, NULL);
	if (code != OPT_GO)
		return code;
	if (argc != 1)
		return opt_usage(&tool, "give one verb");
	e = verb_find(&tool, verbs, argv[0]);
	if (e == NULL)
		return NNI_USAGE;
	v = (struct verb){o.dir, o.member, o.once, NULL};
	return verb_run(&tool, e, &v);
}
