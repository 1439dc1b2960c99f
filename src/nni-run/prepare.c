/*
 * Before an experiment runs: its configuration by nni-config, its directory,
 * the checks of its platforms; and afterwards what is to be removed there.
 */
#include "prepare.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "config.h"
#include "expdir.h"
#include "experiment.h"
#include "parents.h"
#include "record.h"
#include "say.h"
#include "survey.h"
#include "os/file.h"
#include "os/process.h"
#include "os/sys.h"

#define OUTPUT_MAX ((size_t)64 << 20)
/* So long a platform may take to say whether anything lives there. */
#define ASK_MS 60000

/*
 * Runs a program and gathers what it prints; its stderr is the user's, and so
 * (with_input) is its stdin.
 */
static int
run_program(const char *const *argv, bool with_input, struct buf *out,
    int *code, struct buf *err)
{
	struct proc_spec spec = {.argv = (char *const *)argv,
	    .in = {with_input ? PROC_FILE : PROC_NULL, sys_stdin()},
	    .err = {PROC_INHERIT, OS_NO_FILE}};
	struct proc_end end;

	if (proc_run(&spec, out, 0, &end, err) != 0)
		return -1;
	*code = end.signaled ? NNI_TEMPORARY : end.code;
	return 0;
}

int
prepare_config(const char *file, bool redact, struct buf *json, struct buf *err)
{
	struct buf path = BUF_INIT;
	const char *argv[4];
	int n = 1, code = NNI_TEMPORARY;

	if (tool_find("nni-config", &path, err) == 0) {
		argv[0] = path.data;
		argv[n++] = redact ? "--redact" : "--runnable";
		argv[n++] = file;
		argv[n] = NULL;
		buf_clear(json);
		if (run_program(
			argv, strcmp(file, "-") == 0, json, &code, err) == 0)
			buf_rtrim(json);
		else
			code = NNI_TEMPORARY;
	}
	buf_release(&path);
	return code;
}

/* ---- the directory ---- */

static struct json
whole(const struct buf *json)
{
	return (struct json){json->data, json->len};
}

static int
parent_of(const struct buf *json, struct buf *parent, struct buf *err)
{
	buf_clear(parent);
	if (json_string(json_get(whole(json), "experimentWorkingDirectory"),
		parent) == 0)
		return 0;
	return expdir_default_parent(parent, err);
}

int
prepare_create(const struct buf *json, const char *id, int64_t retries,
    struct buf *dir, struct buf *err)
{
	struct buf parent = BUF_INIT, changed = BUF_INIT, number = BUF_INIT;
	int code = NNI_CONFIG, rc;

	json_add_int(&number, retries);
	record_set(&changed, whole(json), "maxTrialRetry",
	    retries >= 0 ? whole(&number)
			 : json_get(whole(json), "maxTrialRetry"));
	if (parent_of(json, &parent, err) != 0)
		goto out;
	rc = expdir_create(parent.data, id, whole(&changed), dir, err);
	if (rc != 0) {
		code = rc > 0 ? NNI_USAGE : NNI_TEMPORARY;
		goto out;
	}
	/* Only a hint for those who look for it by its id: no reason to fail.
	 */
	parents_remember(parent.data, NULL);
	code = NNI_OK;
out:
	buf_release(&parent);
	buf_release(&changed);
	buf_release(&number);
	return code;
}

/*
 * An experiment that never was, for programs that need a directory to read
 * their part of the configuration from.
 */
static int
make_temporary(const struct buf *json, struct buf *parent, struct buf *dir,
    struct buf *err)
{
	buf_set(parent, sys_temp());
	buf_addf(parent, "/nni-run-%" PRId64, proc_self_pid());
	return expdir_create(parent->data, NULL, whole(json), dir, err);
}

/* ---- the backends' verbs that are run to their ends ---- */

static int
run_verb(const struct config_member *m, const char *verb, const char *dir,
    struct buf *out, int *code, struct buf *err)
{
	struct buf path = BUF_INIT;
	const char *argv[] = {
	    NULL, verb, "--dir", dir, "--member", m->name, NULL};
	int rc = backend_find(m->platform, &path, err);

	argv[0] = path.data;
	if (rc == 0)
		rc = run_program(argv, false, out, code, err);
	buf_release(&path);
	return rc;
}

/* One line for a person: "MEMBER: where: message (hint)". */
static void
show_problem(const struct config_member *m, struct json line)
{
	struct buf where = BUF_INIT, message = BUF_INIT, hint = BUF_INIT;

	json_string(json_get(line, "where"), &where);
	json_string(json_get(line, "message"), &message);
	json_string(json_get(line, "hint"), &hint);
	say_error(0, "%s: %s%s%s%s%s", m->name, where.data,
	    where.len > 0 ? ": " : "", message.data, hint.len > 0 ? "; " : "",
	    hint.data);
	buf_release(&where);
	buf_release(&message);
	buf_release(&hint);
}

/* Problems to stderr, the rest (capacity) to stdout. Their number. */
static size_t
show_answers(const struct config_member *m, const struct buf *out)
{
	const char *at = out->data, *end = at + out->len;
	size_t problems = 0;

	while (at < end) {
		const char *lf = memchr(at, '\n', (size_t)(end - at));
		size_t len = (size_t)((lf != NULL ? lf : end) - at);
		struct json v;

		if (json_check(at, len, JSON_STRICT, &v, NULL, NULL) == 0 &&
		    record_is(json_get(v, "type"), "error")) {
			show_problem(m, v);
			problems++;
		} else if (len > 0) {
			printf("%.*s\n", (int)len, at);
		}
		at += len + 1;
	}
	return problems;
}

static int
check_members(struct config *c, const char *dir)
{
	int worst = NNI_OK;

	for (size_t i = 0; i < c->member_count; i++) {
		struct buf out = BUF_INIT_MAX(OUTPUT_MAX), err = BUF_INIT;
		int code = NNI_OK;

		if (run_verb(&c->members[i], "check", dir, &out, &code, &err) !=
		    0) {
			say_error(0, "%s: %s", c->members[i].name, err.data);
			code = NNI_CONFIG;
		}
		if (show_answers(&c->members[i], &out) > 0 && code == NNI_OK)
			code = NNI_CONFIG;
		if (worst == NNI_OK)
			worst = code;
		buf_release(&out);
		buf_release(&err);
	}
	return worst;
}

int
prepare_check(const char *file, struct buf *err)
{
	struct buf json = BUF_INIT_MAX(OUTPUT_MAX), parent = BUF_INIT;
	struct buf dir = BUF_INIT;
	struct config c = {0};
	int code = prepare_config(file, false, &json, err);

	if (code == NNI_OK) {
		code = NNI_TEMPORARY;
		if (make_temporary(&json, &parent, &dir, err) == 0 &&
		    config_parse(&c, json.data, json.len, err) == 0)
			code = check_members(&c, dir.data);
	}
	if (parent.len > 0)
		dir_remove_tree(parent.data, NULL);
	if (code == NNI_OK)
		say("'%s' is good", file);
	config_release(&c);
	buf_release(&json);
	buf_release(&parent);
	buf_release(&dir);
	return code;
}

/* ---- dry run ---- */

static void
show_specs(const struct buf *out)
{
	static const struct json yes = {"true", 4};
	struct buf shown = BUF_INIT;
	const char *at = out->data, *end = at + out->len, *lf;

	for (; at < end && (lf = memchr(at, '\n', (size_t)(end - at))) != NULL;
	     at = lf + 1) {
		struct json v;

		if (json_check(at, (size_t)(lf - at), JSON_STRICT, &v, NULL,
			NULL) != 0)
			continue;
		buf_clear(&shown);
		record_set(&shown, v, "dry_run", yes);
		buf_addc(&shown, '\n');
		if (say_data(shown.data, shown.len) != 0)
			break;
	}
	buf_release(&shown);
}

static void
say_plan(const struct config *c, const struct buf *json)
{
	struct buf parent = BUF_INIT, most = BUF_INIT;

	parent_of(json, &parent, NULL);
	if (c->max_trial_number > 0)
		buf_addf(&most, "%" PRId64, c->max_trial_number);
	say("would make an experiment in %s, and run %s trials, %" PRId64
	    " at once",
	    parent.data, most.len > 0 ? most.data : "unlimited",
	    c->trial_concurrency);
	for (size_t i = 0; i < c->member_count; i++)
		say("would run on %s (%s), in %s: %s", c->members[i].name,
		    c->members[i].platform,
		    c->members[i].code_dir != NULL ? c->members[i].code_dir
						   : ".",
		    c->members[i].trial_command != NULL
			? c->members[i].trial_command
			: "");
	say("would begin with the parameters on stdout");
	buf_release(&parent);
	buf_release(&most);
}

static int
propose(const struct config *c, const char *dir, struct buf *err)
{
	struct buf path = BUF_INIT, config = BUF_INIT, n = BUF_INIT;
	struct buf out = BUF_INIT_MAX(OUTPUT_MAX);
	const char *argv[] = {NULL, "-c", NULL, "-n", NULL, NULL};
	int64_t count = c->trial_concurrency;
	int code = NNI_TEMPORARY;

	if (c->max_trial_number > 0 && c->max_trial_number < count)
		count = c->max_trial_number;
	json_add_int(&n, count);
	expdir_path(&config, dir, "config.json");
	argv[2] = config.data;
	argv[4] = n.data;
	if (tool_find("nni-tune", &path, err) == 0) {
		argv[0] = path.data;
		if (run_program(argv, false, &out, &code, err) != 0)
			code = NNI_TEMPORARY;
	}
	if (code == NNI_OK)
		show_specs(&out);
	buf_release(&path);
	buf_release(&config);
	buf_release(&n);
	buf_release(&out);
	return code;
}

int
prepare_dry_run(const char *file, struct buf *err)
{
	struct buf json = BUF_INIT_MAX(OUTPUT_MAX), parent = BUF_INIT;
	struct buf dir = BUF_INIT;
	struct config c = {0};
	int code = prepare_config(file, false, &json, err);

	if (code == NNI_OK) {
		code = NNI_TEMPORARY;
		if (make_temporary(&json, &parent, &dir, err) == 0 &&
		    config_parse(&c, json.data, json.len, err) == 0) {
			say_plan(&c, &json);
			code = propose(&c, dir.data, err);
		}
	}
	if (parent.len > 0)
		dir_remove_tree(parent.data, NULL);
	config_release(&c);
	buf_release(&json);
	buf_release(&parent);
	buf_release(&dir);
	return code;
}

/* ---- clean ---- */

/* Nothing may run any more: its journal says so, or its platforms. */
static int
may_clean(const char *dir, struct buf *err)
{
	struct experiment e;
	int64_t pid = 0;
	int code = NNI_OK;

	if (experiment_is_running(dir, &pid) || survey_is_served(dir, &pid)) {
		buf_err(err, "experiment %s is being run by process %" PRId64,
		    expdir_id(dir), pid);
		return NNI_LOCKED;
	}
	experiment_init(&e, dir);
	if (survey_is_typed(dir) ? survey_read(&e, ASK_MS, err) != 0
				 : experiment_replay(&e, NULL, err) != 0) {
		code = NNI_TEMPORARY;
	} else if (e.trials.live > 0) {
		buf_err(err,
		    "%zu trials of experiment %s have not ended; stop them "
		    "first: nnictl stop %s",
		    e.trials.live, expdir_id(dir), expdir_id(dir));
		code = NNI_TEMPORARY;
	}
	experiment_release(&e);
	return code;
}

int
prepare_clean(const char *dir, struct buf *err)
{
	struct buf path = BUF_INIT, out = BUF_INIT_MAX(OUTPUT_MAX);
	struct config c = {0};
	int code = may_clean(dir, err), one = NNI_OK;

	expdir_path(&path, dir, "config.json");
	if (code == NNI_OK && config_load(&c, path.data, err) != 0)
		code = NNI_CONFIG;
	for (size_t i = 0; code == NNI_OK && i < c.member_count; i++) {
		buf_clear(&out);
		if (run_verb(&c.members[i], "clean", dir, &out, &one, err) != 0)
			code = NNI_TEMPORARY;
		else
			code = one;
		show_answers(&c.members[i], &out);
	}
	config_release(&c);
	buf_release(&path);
	buf_release(&out);
	return code;
}
