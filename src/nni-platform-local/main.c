/*
 * nni-platform-local VERB: trials as processes of this machine.
 */
#include <stdlib.h>
#include <string.h>
#include "expdir.h"
#include "opt.h"
#include "say.h"
#include "verb.h"
#include "os/file.h"
#include "os/sys.h"

static struct {
	const char *dir, *member;
	bool once, stdio;
} o = {NULL, "local", false, false};

static const struct opt options[] = {
    {'d', "dir", "DIR", "the experiment's directory", OPT_STRING, &o.dir, 0, 0},
    {'m', "member", "NAME", "the member of its trainingService", OPT_STRING,
	&o.member, 0, 0},
    {0, "once", NULL, "watch: say what is true now, do not wait for ends",
	OPT_FLAG, &o.once, 0, 0},
    {0, "stdio", NULL, "be the other end of nni-platform-remote", OPT_FLAG,
	&o.stdio, 0, 0},
    {0, NULL, NULL, NULL, OPT_FLAG, NULL, 0, 0},
};

static const struct {
	const char *name;
	int (*run)(const struct verb *v);
	bool needs_dir;
} verbs[] = {
    {"capabilities", verb_capabilities, false},
    {"check", verb_check, true},
    {"submit", verb_submit, true},
    {"watch", verb_watch, true},
    {"collect", verb_collect, true},
    {"fetch", verb_fetch, true},
    {"clean", verb_clean, true},
};

static void
complete(const char *what, struct buf *out)
{
	size_t i;

	for (i = 0;
	     strcmp(what, "VERB") == 0 && i < sizeof(verbs) / sizeof(*verbs);
	     i++)
		buf_addf(out, "%s\t\n", verbs[i].name);
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

static int
run_verb(const char *name)
{
	struct verb v = {NULL, o.member, o.once, NULL};
	struct buf dir = BUF_INIT, err = BUF_INIT;
	int code = NNI_USAGE;
	size_t i, count = sizeof(verbs) / sizeof(*verbs);

	for (i = 0; i < count && strcmp(verbs[i].name, name) != 0; i++)
		;
	if (i == count)
		code = opt_usage(&tool,
		    "'%s' is not one of the verbs: capabilities, check, "
		    "submit, watch, collect, fetch, clean",
		    name);
	else if (verbs[i].needs_dir && o.stdio)
		code = run_far(verbs[i].run);
	else if (verbs[i].needs_dir && o.dir == NULL)
		code = opt_usage(&tool, "%s needs --dir", name);
	else if (verbs[i].needs_dir &&
		 path_absolute(o.dir, NULL, &dir, &err) == -1)
		code = say_error(NNI_USAGE, "%s", err.data);
	else {
		v.dir = dir.data;
		code = verbs[i].run(&v);
	}
	buf_release(&dir);
	buf_release(&err);
	return code;
}

int
nni_main(int argc, char **argv)
{
	int code;

	say_program("nni-platform-local");
	code = opt_parse(&tool, &argc, argv, NULL);
	if (code != OPT_GO)
		return code;
	if (argc == 2 && strcmp(argv[0], "keep") == 0)
		return verb_keep(argv[1]);
	if (argc != 1)
		return opt_usage(&tool, "give one verb");
	return run_verb(argv[0]);
}
