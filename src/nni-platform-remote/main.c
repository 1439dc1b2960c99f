/*
 * nni-platform-remote VERB: trials as processes of machines that ssh reaches.
 */
#include <string.h>

#include "opt.h"
#include "os/file.h"
#include "os/sys.h"
#include "record.h"
#include "say.h"
#include "ssh.h"
#include "verb.h"

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
    .name = "nni-platform-remote",
    .summary = "run trials on machines that ssh reaches",
    .operands = "VERB",
    .examples = "  nni-platform-remote check --member remote \\\n"
		"      --dir ~/nni-experiments/abcd1234\n",
    .options = options,
    .words = complete,
};

int
verb_capabilities(const struct verb *v)
{
	struct buf line = BUF_INIT;

	(void)v;
	record_begin(&line, "capabilities");
	json_member_int(&line, "protocol", 1);
	json_key(&line, "verbs");
	buf_adds(&line,
	    "[\"capabilities\",\"check\",\"submit\",\"watch\",\"collect\","
	    "\"fetch\",\"clean\"]");
	json_member_str(&line, "needs_code", "archive");
	json_member_bool(&line, "update", true);
	json_member_bool(&line, "adopt", true);
	json_member_bool(&line, "credit", true);
	json_member_bool(&line, "keeps_concurrency", true);
	record_end(&line);
	say_data(line.data, line.len);
	buf_release(&line);
	return NNI_OK;
}

static int
run_verb(const char *name)
{
	struct verb v = {NULL, o.member, o.once};
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
	int code = ssh_askpass(argc, argv);

	if (code != -1)
		return code;
	say_program("nni-platform-remote");
	code = opt_parse(&tool, &argc, argv, NULL);
	if (code != OPT_GO)
		return code;
	if (argc != 1)
		return opt_usage(&tool, "give one verb");
	return run_verb(argv[0]);
}
