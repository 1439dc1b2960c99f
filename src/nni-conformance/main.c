/*
 * nni-conformance: does a backend keep the contract?  Options, the experiment's
 * configuration, and the trial that is run; the play itself is in play.c.
 */
#include <stdlib.h>
#include <string.h>

#include "expdir.h"
#include "opt.h"
#include "os/file.h"
#include "os/sys.h"
#include "play.h"
#include "say.h"

static struct {
	const char *member;
	int64_t trials, limit_ms;
} o = {NULL, 1000, 120000};

static const struct opt options[] = {
    {'m', "member", "NAME", "the member to play with (default: the first)",
	OPT_STRING, &o.member, 0, 0},
    {'n', "trials", "N", "how many the last part starts (1000)", OPT_INT,
	&o.trials, 1, 9999},
    {'t', "timeout", "TIME", "the longest wait for anything (2m)", OPT_DURATION,
	&o.limit_ms, 0, 0},
    {0, NULL, NULL, NULL, OPT_FLAG, NULL, 0, 0},
};

static const struct opt_tool tool = {
    .name = "nni-conformance",
    .summary = "does a backend keep the contract?",
    .operands = "PLATFORM CONFIG",
    .examples = "  nni-conformance local config.yml\n"
		"  NNI_PLATFORM_PATH=$PWD nni-conformance mine config.yml\n",
    .options = options,
};

/* The configuration in canonical form. Returns an exit code. */
static int
read_config(struct stage *s, const char *file, struct buf *err)
{
	struct buf path = BUF_INIT;
	struct proc_end end = {false, 0};
	int code = NNI_OK;

	if (tool_find("nni-config", &path, err) == -1) {
		code = NNI_TEMPORARY;
	} else {
		char *argv[] = {
		    path.data, (char *)"--no-tuner", (char *)file, NULL};
		struct proc_spec spec = {.argv = argv,
		    .in = {PROC_NULL, OS_NO_FILE},
		    .out = {PROC_PIPE, OS_NO_FILE},
		    .err = {PROC_INHERIT, OS_NO_FILE}};

		if (proc_run(&spec, &s->text, 0, &end, err) == -1)
			code = NNI_TEMPORARY;
		else if (end.signaled || end.code)
			code = NNI_CONFIG;
	}
	buf_release(&path);
	return code;
}

/*
 * The play brings its own trial, in a code directory of its own: every
 * trialCommand and trialCodeDirectory of the configuration is replaced.
 */
static void
set_trial(struct buf *text, const char *code_dir)
{
	static const char *const keys[] = {
	    "trialCommand", "trialCodeDirectory"};
	struct buf next = BUF_INIT, value = BUF_INIT, members = BUF_INIT;
	struct buf member = BUF_INIT, one = BUF_INIT;
	struct json_iter it;
	struct json key, v;
	size_t i;

	json_iter_init(&it,
	    json_get((struct json){text->data, text->len}, "trainingService"));
	buf_addc(&members, '[');
	while (json_next(&it, &key, &v)) {
		buf_clear(&member);
		json_add(&member, v);
		for (i = 0; i < 2; i++) {
			buf_clear(&value);
			json_add_str(&value, i ? code_dir : "sh trial.sh");
			buf_clear(&one);
			record_set(&one, (struct json){member.data, member.len},
			    keys[i], (struct json){value.data, value.len});
			buf_set(&member, one.data);
		}
		buf_addf(
		    &members, "%s%s", members.len > 1 ? "," : "", member.data);
	}
	buf_addc(&members, ']');
	record_set(&next, (struct json){text->data, text->len},
	    "trainingService", (struct json){members.data, members.len});
	buf_set(text, next.data);
	buf_release(&next);
	buf_release(&value);
	buf_release(&members);
	buf_release(&member);
	buf_release(&one);
}

static int
prepare(struct stage *s, const char *file, struct buf *err)
{
	struct buf code_dir = BUF_INIT, path = BUF_INIT;
	int code = read_config(s, file, err);

	if (code != NNI_OK)
		return code;
	buf_rtrim(&s->text);
	buf_addf(&s->parent, "%s/nni-conformance-%d", sys_temp(),
	    (int)proc_self_pid());
	expdir_path(&code_dir, s->parent.data, "code");
	expdir_path(&path, code_dir.data, "trial.sh");
	if (dir_make_all(code_dir.data, 0700, err) == -1 ||
	    file_replace(path.data, play_trial_script,
		strlen(play_trial_script), 0600, false, err) == -1)
		code = NNI_TEMPORARY;
	set_trial(&s->text, code_dir.data);
	if (code == NNI_OK &&
	    config_parse(&s->config, s->text.data, s->text.len, err) == -1)
		code = NNI_CONFIG;
	buf_release(&code_dir);
	buf_release(&path);
	return code;
}

/* The member that is of this platform. */
static int
choose_member(struct stage *s, const char *platform, struct buf *err)
{
	size_t i;

	for (i = 0; i < s->config.member_count; i++) {
		struct config_member *m = &s->config.members[i];

		if (strcmp(m->platform, platform) ||
		    (o.member && strcmp(m->name, o.member)))
			continue;
		s->member = m->name;
		return 0;
	}
	return buf_err(err,
	    "the configuration has no member '%s' of the "
	    "platform '%s'",
	    o.member ? o.member : platform, platform);
}

int
nni_main(int argc, char **argv)
{
	struct stage s = {.limit_ms = 0};
	struct buf err = BUF_INIT;
	int code;

	say_program(tool.name);
	code = opt_parse(&tool, &argc, argv, NULL);
	if (code != OPT_GO)
		return code;
	if (argc != 2)
		return opt_usage(&tool, "a platform and a configuration are "
					"needed");
	buf_init(&s.backend, BUF_MAX_DEFAULT);
	buf_init(&s.text, BUF_MAX_DEFAULT);
	buf_init(&s.parent, BUF_MAX_DEFAULT);
	buf_init(&s.dir, BUF_MAX_DEFAULT);
	s.limit_ms = o.limit_ms;
	stage_init(&s);
	code = NNI_CONFIG;
	if (backend_find(argv[0], &s.backend, &err) == 0)
		code = prepare(&s, argv[1], &err);
	if (code == NNI_OK && choose_member(&s, argv[0], &err) == -1)
		code = NNI_CONFIG;
	if (code != NNI_OK)
		say_error(code, "%s", err.len ? err.data : "no configuration");
	else if (play(&s, o.trials))
		code = NNI_TRIAL_FAILED;
	stage_release(&s);
	buf_release(&err);
	return code;
}
