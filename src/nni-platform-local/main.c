/*
 * nni-platform-local VERB: trials as processes of this machine.
 */
#include <stdlib.h>
#include <string.h>
#include "opt.h"
#include "say.h"
#include "verbs.h"
#include "os/sys.h"

static struct {
	const char *dir, *member;
	bool once, stdio;
	int64_t idle_ms;
} o = {NULL, "local", false, false, 600000};

static const struct opt options[] = {
    {'d', "dir", "DIR", "the experiment's directory", OPT_STRING, &o.dir, 0, 0},
    {'m', "member", "NAME", "the member of its trainingService", OPT_STRING,
	&o.member, 0, 0},
    {0, "once", NULL, "watch: say what is true now, do not wait for ends",
	OPT_FLAG, &o.once, 0, 0},
    {0, "stdio", NULL, "be the other end of nni-platform-remote", OPT_FLAG,
	&o.stdio, 0, 0},
    {0, "idle", "TIME", "environment: leave after so long idle (10m)",
	OPT_DURATION, &o.idle_ms, 0, 0},
    {0, NULL, NULL, NULL, OPT_FLAG, NULL, 0, 0},
};

static int say_capabilities(const struct verb *v);

static int
be_environment(const struct verb *v)
{
	return verb_environment(v, o.idle_ms);
}

static const struct verb_entry verbs[] = {
    {"capabilities", say_capabilities, VERB_ALONE},
    {"check", verb_check, 0},
    {"submit", verb_submit, 0},
    {"watch", verb_watch, 0},
    {"collect", verb_collect, 0},
    {"fetch", verb_fetch, VERB_UNSAID},
    {"clean", verb_clean, 0},
    {"environment", be_environment, VERB_UNSAID},
    {NULL, NULL, 0},
};

static int
say_capabilities(const struct verb *v)
{
	(void)v;
	return verb_say_capabilities(verbs, "none");
}

static void
complete(const char *what, struct buf *out)
{
	verb_complete(verbs, what, out);
}

static const struct opt_tool tool = {
    .name = "nni-platform-local",
    .summary = "run trials as processes of this machine",
    .operands = "VERB",
    .examples = "  nni-platform-local check --dir ~/nni-experiments/abcd1234\n",
    .options = options,
    .words = complete,
};

/* Behind an ssh: the settings say which directory and member. */
static int
run_far(int (*run)(const struct verb *v))
{
	struct verb v = {NULL, NULL, o.once, NULL};
	struct far far;
	int code = far_open(&far);

	if (code == NNI_OK) {
		v.dir = far.dir;
		v.member = far.member;
		v.far = &far;
		code = run(&v);
	}
	far_close(&far);
	return code;
}

int
nni_main(int argc, char **argv)
{
	struct verb v = {NULL, NULL, false, NULL};
	const struct verb_entry *e;
	int code;

	say_program("nni-platform-local");
	code = opt_parse(&tool, &argc, argv, NULL);
	if (code != OPT_GO)
		return code;
	if (argc == 2 && strcmp(argv[0], "keep") == 0)
		return verb_keep(argv[1]);
	if (argc != 1)
		return opt_usage(&tool, "give one verb");
	e = verb_find(&tool, verbs, argv[0]);
	if (e == NULL)
		return NNI_USAGE;
	if (o.stdio && !(e->flags & VERB_ALONE))
		return run_far(e->run);
	v = (struct verb){o.dir, o.member, o.once, NULL};
	return verb_run(&tool, e, &v);
}
