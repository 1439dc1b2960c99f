/*
 * nni-platform-rest VERB: trials on a platform that is one jq file.
 */
#include <string.h>

#include "access.h"
#include "engine.h"
#include "errand.h"
#include "expdir.h"
#include "opt.h"
#include "os/sys.h"
#include "os/file.h"
#include "say.h"

static struct {
	const char *dir, *member;
	bool once;
} o = {NULL, NULL, false};

static const struct opt options[] = {
    {'d', "dir", "DIR", "the experiment's directory", OPT_STRING, &o.dir, 0, 0},
    {'m', "member", "NAME", "the member of its trainingService", OPT_STRING,
	&o.member, 0, 0},
    {0, "once", NULL, "watch: say what is true now, do not wait for ends",
	OPT_FLAG, &o.once, 0, 0},
    {0, NULL, NULL, NULL, OPT_FLAG, NULL, 0, 0},
};

static int
verb_check(const struct verb *v)
{
	return engine_run(v, VERB_CHECK);
}

static int
verb_submit(const struct verb *v)
{
	return engine_run(v, VERB_SUBMIT);
}

static int
verb_watch(const struct verb *v)
{
	return engine_run(v, VERB_WATCH);
}

static int
verb_collect(const struct verb *v)
{
	return engine_run(v, VERB_COLLECT);
}

static int
verb_fetch(const struct verb *v)
{
	return engine_run(v, VERB_FETCH);
}

static int
verb_clean(const struct verb *v)
{
	int code = engine_run(v, VERB_CLEAN);

	access_clean(v->dir);
	return code;
}

/* A part of submit and check, beside their loop. */
static int
verb_deliver(const struct verb *v)
{
	return errand_run(v->dir);
}

/* What the platform's folder says of it. */
static int
verb_capabilities(const struct verb *v)
{
	struct buf dir = BUF_INIT, lib = BUF_INIT, text = BUF_INIT;
	struct buf err = BUF_INIT;
	struct config config;
	struct config_member *member;
	struct json all;
	int code = config_open(&config, v->dir, v->member, &member, &err);

	if (code == NNI_OK) {
		if (platform_jq_find(member->platform, &dir, &lib, &err) == -1)
			code = NNI_CONFIG;
		config_release(&config);
	}
	if (code == NNI_OK) {
		path_add(&dir, "capabilities.json");
		if (file_read_all(dir.data, &text, &err) == -1 ||
		    json_check(text.data, text.len, JSON_STRICT, &all, NULL,
			&err) == -1)
			code = NNI_CONFIG;
	}
	if (code == NNI_OK) {
		buf_rtrim(&text);
		buf_addc(&text, '\n');
		code =
		    say_data(text.data, text.len) == 0 ? NNI_OK : NNI_TEMPORARY;
	} else {
		say_error(code, "%s", err.data);
	}
	buf_release(&dir);
	buf_release(&lib);
	buf_release(&text);
	buf_release(&err);
	return code;
}

static const struct verb_entry verbs[] = {
    {"capabilities", verb_capabilities, 0},
    {"check", verb_check, 0},
    {"submit", verb_submit, 0},
    {"watch", verb_watch, 0},
    {"collect", verb_collect, 0},
    {"fetch", verb_fetch, 0},
    {"clean", verb_clean, 0},
    {"deliver", verb_deliver, VERB_UNSAID},
    {NULL, NULL, 0},
};

static void
complete(const char *what, struct buf *out)
{
	verb_complete(verbs, what, out);
}

static const struct opt_tool tool = {
    .name = "nni-platform-rest",
    .summary = "run trials on a platform that is one jq file",
    .operands = "VERB",
    .examples = "  nni-platform-rest check --member kubernetes \\\n"
		"      --dir ~/nni-experiments/abcd1234\n",
    .options = options,
    .words = complete,
};

int
nni_main(int argc, char **argv)
{
	struct verb v;
	const struct verb_entry *e;
	int code;

	say_program("nni-platform-rest");
	code = opt_parse(&tool, &argc, argv, NULL);
	if (code != OPT_GO)
		return code;
	if (argc != 1)
		return opt_usage(&tool, "give one verb");
	e = verb_find(&tool, verbs, argv[0]);
	if (e == NULL)
		return NNI_USAGE;
	if (o.member == NULL)
		return opt_usage(&tool, "%s needs --member", e->name);
	v = (struct verb){o.dir, o.member, o.once, NULL};
	return verb_run(&tool, e, &v);
}
