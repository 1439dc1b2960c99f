/*
 * nni-conformance: does a backend keep the contract?  Options, the experiment's
 * configuration, and the trial that is run; the play itself is in play.c.
 */
#include <stdlib.h>
#include <string.h>

#include "canonical.h"
#include "expdir.h"
#include "opt.h"
#include "os/file.h"
#include "os/sys.h"
#include "play.h"
#include "say.h"

static struct {
	const char *member;
	int64_t limit_ms;
	struct opt_list only;
	bool list, contract, sh, be_trial;
} o = {NULL, 120000, {NULL, 0}, false, false, false, false};

static const struct opt options[] = {
    {'m', "member", "NAME", "the member to play with (default: the first)",
	OPT_STRING, &o.member, 0, 0},
    {'n', "trials", "N", "how many the part 'many' starts (1000)", OPT_INT,
	&play_many_trials, 1, 9999},
    {'o', "only", "PART[,...]", "play these parts only; may be repeated",
	OPT_LIST, &o.only, 0, 0},
    {'l', "list", NULL, "list the parts", OPT_FLAG, &o.list, 0, 0},
    {0, "contract", NULL, "list what is asked of a backend", OPT_FLAG,
	&o.contract, 0, 0},
    {0, "sh", NULL, "trials are a script in sh, not this program", OPT_FLAG,
	&o.sh, 0, 0},
    {0, "trial", NULL, "be one of those trials", OPT_FLAG, &o.be_trial, 0, 0},
    {'t', "timeout", "TIME", "the longest wait for anything (2m)", OPT_DURATION,
	&o.limit_ms, 0, 0},
    {0, NULL, NULL, NULL, OPT_FLAG, NULL, 0, 0},
};

static const struct opt_tool tool = {
    .name = "nni-conformance",
    .summary = "does a backend keep the contract?",
    .operands = "PLATFORM CONFIG",
    .examples = "  nni-conformance local config.yml\n"
		"  nni-conformance --list\n"
		"  NNI_PLATFORM_PATH=$PWD nni-conformance -t 5s -o one mine "
		"config.yml\n",
    .options = options,
};

/* `v` with every "command" in it (of a role, say) replaced. */
static void
add_with_command(struct buf *out, struct json v, const char *command)
{
	enum json_type type = json_type(v);
	struct json_iter it;
	struct json key, item;
	const char *comma = "";

	if (type != JSON_OBJECT && type != JSON_ARRAY) {
		json_add(out, v);
		return;
	}
	buf_addc(out, type == JSON_OBJECT ? '{' : '[');
	json_iter_init(&it, v);
	for (; json_next(&it, &key, &item); comma = ",") {
		buf_adds(out, comma);
		if (type == JSON_OBJECT) {
			json_add(out, json_key_string(key));
			buf_addc(out, ':');
		}
		if (type == JSON_OBJECT && json_key_is(key, "command") &&
		    json_type(item) == JSON_STRING)
			json_add_str(out, command);
		else
			add_with_command(out, item, command);
	}
	buf_addc(out, type == JSON_OBJECT ? '}' : ']');
}

/*
 * The play brings its own trial, in a code directory of its own: every
 * trialCommand and trialCodeDirectory of the configuration is replaced, and so
 * are the commands of roles.
 */
static void
set_trial(struct buf *text, const char *command, const char *code_dir)
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
		add_with_command(&member, v, command);
		for (i = 0; i < 2; i++) {
			buf_clear(&value);
			json_add_str(&value, i ? code_dir : command);
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

/* This program as a trial, as a command for any shell; false if it has a name
   that needs more than quotes. */
static bool
add_self(struct buf *command)
{
	struct buf path = BUF_INIT;
	bool good = tool_find(tool.name, &path, NULL) == 0 &&
		    !strpbrk(path.data, "\"$`\\!%^");

	if (good)
		buf_addf(command, "\"%s\" --trial", path.data);
	buf_release(&path);
	return good;
}

static bool
lists(struct json verbs, const char *name)
{
	struct json_iter it;
	struct json key, v;

	if (json_type(verbs) != JSON_ARRAY)
		return false;
	json_iter_init(&it, verbs);
	while (json_next(&it, &key, &v))
		if (record_is(v, name))
			return true;
	return false;
}

/*
 * Where trials run on machines that have only what is sent there, they are a
 * script in sh.
 */
static void
choose_trial(struct stage *s, const char *code_dir, bool *archive)
{
	struct buf command = BUF_INIT;
	struct verb v = {0};

	if (stage_open(s, NULL) == 0 &&
	    play_alone(s, &v, "capabilities", NULL, NULL) && v.count == 1) {
		struct json line = v.heard[0].r.line;

		s->adopt = json_bool(json_get(line, "adopt"), false);
		s->credit = json_bool(json_get(line, "credit"), false);
		s->update = json_bool(json_get(line, "update"), false);
		s->fetch = lists(json_get(line, "verbs"), "fetch");
		*archive = record_is(json_get(line, "needs_code"), "archive");
		if (!o.sh && record_is(json_get(line, "needs_code"), "none"))
			add_self(&command);
	}
	verb_release(&v);
	set_trial(
	    &s->text, command.len ? command.data : "sh trial.sh", code_dir);
	buf_release(&command);
	s->gave_up = false; /* the play will tell */
}

static int
make_code_dir(struct stage *s, struct buf *code_dir, struct buf *err)
{
	struct buf path = BUF_INIT;
	int code = NNI_OK;

	if (expdir_scratch(tool.name, &s->parent, err) == -1)
		return NNI_TEMPORARY;
	expdir_path(code_dir, s->parent.data, "code");
	expdir_path(&path, code_dir->data, "trial.sh");
	if (dir_make(code_dir->data, 0700, err) == -1 ||
	    file_replace(path.data, play_trial_script,
		strlen(play_trial_script), 0600, false, err) == -1)
		code = NNI_TEMPORARY;
	buf_release(&path);
	return code;
}

/* The code as an archive, for platforms to which it is sent. */
static int
pack(struct stage *s, const char *code_dir, struct buf *err)
{
	struct buf tool_path = BUF_INIT, zip = BUF_INIT, said = BUF_INIT;
	struct json all;
	const char *argv[] = {NULL, "-q", "-o", NULL, code_dir, NULL};
	struct proc_spec spec = {.argv = (char *const *)argv,
	    .in = {PROC_NULL, OS_NO_FILE},
	    .err = {PROC_INHERIT, OS_NO_FILE}};
	struct proc_end end;
	int r = tool_find("nni-pack", &tool_path, err);

	expdir_path(&zip, s->parent.data, "code.zip");
	argv[0] = tool_path.data;
	argv[3] = zip.data;
	if (r == 0)
		r = proc_run(&spec, &said, s->limit_ms, &end, err);
	if (r == 0 && (end.signaled || end.code != 0 ||
			  json_check(said.data, said.len, JSON_STRICT, &all,
			      NULL, NULL) == -1 ||
			  json_string(json_get(all, "digest"), &s->code) == -1))
		r = buf_err(err, "cannot pack the trial's code");
	buf_release(&tool_path);
	buf_release(&zip);
	buf_release(&said);
	return r;
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

/* s->text, and the member in it. */
static int
read_again(struct stage *s, const char *platform, struct buf *err)
{
	config_release(&s->config);
	if (config_parse(&s->config, s->text.data, s->text.len, err) == -1 ||
	    choose_member(s, platform, err) == -1)
		return NNI_CONFIG;
	return NNI_OK;
}

static int
prepare(
    struct stage *s, const char *platform, const char *file, struct buf *err)
{
	static const char *const no_tuner[] = {"--no-tuner", NULL};
	struct buf code_dir = BUF_INIT;
	bool archive = false;
	int code = NNI_CONFIG;

	if (backend_find(platform, &s->backend, err) == 0)
		code = canonical_read(file, no_tuner, &s->text, err);
	if (code == NNI_OK)
		code = make_code_dir(s, &code_dir, err);
	if (code == NNI_OK)
		code = read_again(s, platform, err);
	if (code == NNI_OK) {
		choose_trial(s, code_dir.data, &archive);
		code = read_again(s, platform, err);
		if (code == NNI_OK && archive &&
		    pack(s, code_dir.data, err) == -1)
			code = NNI_TEMPORARY;
	}
	buf_release(&code_dir);
	return code;
}

/* Returns an exit code. */
static int
test_backend(const char *platform, const char *file, const bool *chosen)
{
	struct stage s = {.limit_ms = o.limit_ms};
	struct buf err = BUF_INIT;
	int code;

	buf_init(&s.backend, BUF_MAX_DEFAULT);
	buf_init(&s.text, BUF_MAX_DEFAULT);
	buf_init(&s.place, BUF_MAX_DEFAULT);
	buf_init(&s.code, BUF_MAX_DEFAULT);
	buf_init(&s.parent, BUF_MAX_DEFAULT);
	buf_init(&s.dir, BUF_MAX_DEFAULT);
	stage_init(&s);
	code = prepare(&s, platform, file, &err);
	if (code != NNI_OK) {
		if (err.len) /* else nni-config has said it */
			say_error(code, "%s", err.data);
	} else {
		play(&s, chosen);
		code = s.failures ? NNI_TRIAL_FAILED : NNI_OK;
	}
	stage_release(&s);
	buf_release(&err);
	return code;
}

int
nni_main(int argc, char **argv)
{
	bool chosen[PLAY_MOST] = {false};
	struct buf err = BUF_INIT;
	size_t i;
	int code;

	say_program(tool.name);
	code = opt_parse(&tool, &argc, argv, NULL);
	if (code != OPT_GO)
		return code;
	if (o.be_trial)
		return play_trial();
	code = NNI_OK;
	for (i = 0; i < o.only.count && code == NNI_OK; i++)
		if (play_choose(o.only.items[i], chosen, &err) == -1)
			code = opt_usage(&tool, "%s", err.data);
	if (code == NNI_OK && (o.contract || o.list) && argc)
		code = opt_usage(&tool, "--%s takes no operands",
		    o.contract ? "contract" : "list");
	else if (code == NNI_OK && o.contract)
		contract_list();
	else if (code == NNI_OK && o.list)
		play_list();
	else if (code == NNI_OK && argc != 2)
		code = opt_usage(
		    &tool, "a platform and a configuration are needed");
	else if (code == NNI_OK && (code = say_check_output()) == NNI_OK)
		code = test_backend(
		    argv[0], argv[1], o.only.count ? chosen : NULL);
	opt_list_release(&o.only);
	buf_release(&err);
	return code;
}
