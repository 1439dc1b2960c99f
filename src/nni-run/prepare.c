/*
 * Before an experiment runs: its configuration by nni-config, its directory,
 * the checks of its platforms; and afterwards what is to be removed there.
 */
#include "prepare.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "canonical.h"
#include "check.h"
#include "config.h"
#include "expdir.h"
#include "experiment.h"
#include "parents.h"
#include "record.h"
#include "say.h"
#include "survey.h"
#include "os/file.h"
#include "os/loop.h"
#include "os/process.h"
#include "os/sys.h"

#define OUTPUT_MAX ((size_t)64 << 20)
/* So long a platform may take to say whether anything lives there. */
#define ASK_MS 60000

/* Runs a program and gathers what it prints; its stderr is the user's. */
static int
run_program(
    const char *const *argv, struct buf *out, int *code, struct buf *err)
{
	struct proc_spec spec = {.argv = (char *const *)argv,
	    .in = {PROC_NULL, OS_NO_FILE},
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
	static const char *const secretly[] = {"--redact", NULL};
	static const char *const runnable[] = {"--runnable", NULL};

	return canonical_read(file, redact ? secretly : runnable, json, err);
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

static void
add_remedy(struct buf *err, int rc, const char *id)
{
	if (rc > 0)
		buf_addf(err, "; take another id, or: nni-run --resume %s", id);
	else
		buf_adds(err,
		    "; experimentWorkingDirectory, or "
		    "NNI_EXPERIMENTS in the environment, names another "
		    "place");
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
		add_remedy(err, rc, id);
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

/* ---- an experiment that never was ---- */

/*
 * A directory for programs that read their part of the configuration from one,
 * before there is any.  Its name is drawn: nobody was there before us, and the
 * configuration may hold passwords.
 */
struct scratch {
	struct buf parent, dir;
	struct config config;
};

static int
scratch_make(struct scratch *s, const struct buf *json, struct buf *err)
{
	struct buf path = BUF_INIT;
	char id[33];
	int r;

	experiment_id_new(id);
	r = expdir_scratch("nni-run", &s->parent, err);
	expdir_path(&s->dir, s->parent.data, id);
	if (r == 0)
		r = dir_make(s->dir.data, 0700, err);
	if (r == 0) {
		expdir_path(&path, s->dir.data, "log");
		r = dir_make(path.data, 0700, err);
	}
	if (r == 0) {
		expdir_path(&path, s->dir.data, "config.json");
		r = file_replace(
		    path.data, json->data, json->len, 0600, false, err);
	}
	if (r == 0)
		r = config_parse(&s->config, json->data, json->len, err);
	buf_release(&path);
	return r == 0 ? NNI_OK : NNI_TEMPORARY;
}

static void
scratch_remove(struct scratch *s)
{
	if (s->parent.len > 0)
		dir_remove_tree(s->parent.data, NULL);
	config_release(&s->config);
	buf_release(&s->parent);
	buf_release(&s->dir);
}

/* The programs that it takes beside the backends. */
static int
find_tools(const struct config *c, struct buf *err)
{
	static const char *const names[] = {
	    "nni-submit", "nni-watch", "nni-collect", "nni-tune", "nni-assess"};
	struct buf path = BUF_INIT;
	size_t count = c->assessor.at != NULL ? 5 : 4, i = 0;

	while (i < count && tool_find(names[i], &path, err) == 0)
		i++;
	buf_release(&path);
	return i == count ? NNI_OK : NNI_TEMPORARY;
}

/* What is done where all is well, while the directory is there. */
typedef int scratch_fn(
    const struct scratch *s, const struct buf *json, struct buf *err);

/* As nni-submit would do it, for platforms that have to know how large it is;
   what is wrong with it is said by nni-pack. */
static int
pack_code(const struct scratch *s, struct buf *err)
{
	struct buf tool = BUF_INIT, zip = BUF_INIT, out = BUF_INIT;
	const char *argv[] = {NULL, "-o", NULL, NULL, NULL};
	const struct config_member *m = s->config.members;
	int code = NNI_OK;
	size_t i;

	for (i = 0; i < s->config.member_count && argv[3] == NULL; i++)
		if (platform_jq_find(m[i].platform, &tool, &zip, NULL) == 0)
			argv[3] = m[i].code_dir;
	expdir_path(&zip, s->dir.data, "code.zip");
	if (argv[3] != NULL && tool_find("nni-pack", &tool, err) == -1) {
		code = NNI_TEMPORARY;
	} else if (argv[3] != NULL) {
		argv[0] = tool.data;
		argv[2] = zip.data;
		if (run_program(argv, &out, &code, err) != 0)
			code = NNI_TEMPORARY;
	}
	buf_release(&tool);
	buf_release(&zip);
	buf_release(&out);
	return code;
}

/* Could it run?  `then` may be NULL; for `what` see check_members(). */
static int
scratch_try(const struct buf *json, enum check_for what, scratch_fn *then,
    struct buf *err)
{
	struct scratch s = {.parent = BUF_INIT, .dir = BUF_INIT};
	int code = scratch_make(&s, json, err), signal = 0;

	if (code == NNI_OK)
		code = find_tools(&s.config, err);
	if (code == NNI_OK && what != CHECK_CREATING)
		code = pack_code(&s, err);
	if (code == NNI_OK)
		code = check_members(&s.config, s.dir.data, what, &signal);
	if (code == NNI_OK && signal == 0 && then != NULL)
		code = then(&s, json, err);
	scratch_remove(&s);
	if (signal != 0)
		die_by_signal(signal);
	return code;
}

int
prepare_try(const struct buf *json, struct buf *err)
{
	return scratch_try(json, CHECK_CREATING, NULL, err);
}

int
prepare_check(const char *file, struct buf *err)
{
	struct buf json = BUF_INIT_MAX(OUTPUT_MAX);
	int code = prepare_config(file, false, &json, err);

	if (code == NNI_OK)
		code = scratch_try(&json, CHECK_ONLY, NULL, err);
	if (code == NNI_OK)
		say("'%s' is good", file);
	buf_release(&json);
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
		buf_addf(&most, "%" PRId64 " trial%s", c->max_trial_number,
		    plural((uint64_t)c->max_trial_number));
	say("would make an experiment in %s, and run %s, %" PRId64 " at once",
	    parent.data, most.len > 0 ? most.data : "unlimited trials",
	    c->trial_concurrency);
	for (size_t i = 0; i < c->member_count; i++)
		say("would run on %s (%s), with the code in %s%s%s",
		    c->members[i].name, c->members[i].platform,
		    c->members[i].code_dir != NULL ? c->members[i].code_dir
						   : ".",
		    c->members[i].trial_command != NULL ? ": " : "",
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
		if (run_program(argv, &out, &code, err) != 0)
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

static int
tell_plan(const struct scratch *s, const struct buf *json, struct buf *err)
{
	say_plan(&s->config, json);
	return propose(&s->config, s->dir.data, err);
}

int
prepare_dry_run(const char *file, struct buf *err)
{
	struct buf json = BUF_INIT_MAX(OUTPUT_MAX);
	int code = prepare_config(file, false, &json, err);

	if (code == NNI_OK)
		code = scratch_try(&json, CHECK_DRY, tell_plan, err);
	buf_release(&json);
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

	if (experiment_is_served(dir, &pid)) {
		buf_err(err, "experiment %s is being run by process %" PRId64,
		    expdir_id(dir), pid);
		return NNI_LOCKED;
	}
	experiment_init(&e, dir);
	if (experiment_replay(&e, NULL, err) != 0 ||
	    (survey_is_needed(&e) && survey_read(&e, ASK_MS, err) != 0)) {
		code = NNI_TEMPORARY;
	} else if (e.trials.live > 0) {
		buf_err(err,
		    "%zu trial%s of experiment %s ha%s not ended; stop %s "
		    "first: nnictl stop %s",
		    e.trials.live, plural(e.trials.live), expdir_id(dir),
		    e.trials.live == 1 ? "s" : "ve",
		    e.trials.live == 1 ? "it" : "them", expdir_id(dir));
		code = NNI_TEMPORARY;
	}
	experiment_release(&e);
	return code;
}

/* It may have much to remove. */
#define CLEAN_MS ((int64_t)3600 * 1000)

/* Its exit code, or one of ours with the reason in err. */
static int
run_clean(const struct config_member *m, const char *dir, struct buf *out,
    struct buf *err)
{
	struct buf path = BUF_INIT, why = BUF_INIT;
	const char *argv[] = {
	    NULL, "clean", "--dir", dir, "--member", m->name, NULL};
	struct proc_spec spec = {
	    .argv = (char *const *)argv, .err = {PROC_INHERIT, OS_NO_FILE}};
	struct proc_end end;
	int code = NNI_TEMPORARY;

	if (backend_find(m->platform, &path, err) != 0) {
		buf_release(&path);
		return NNI_CONFIG;
	}
	argv[0] = path.data;
	if (proc_run(&spec, out, CLEAN_MS, &end, &why) == 0) {
		if (end.signaled)
			buf_addf(&why, "it was killed by SIG%s",
			    proc_signal_name(end.code));
		else if (end.code != NNI_OK)
			buf_addf(&why, "exit code %d", end.code);
		if (!end.signaled && end.code <= NNI_LOCKED &&
		    end.code != NNI_TRIAL_FAILED)
			code = end.code;
	}
	if (why.len > 0)
		buf_err(
		    err, "nni-platform-%s clean: %s", m->platform, why.data);
	buf_release(&path);
	buf_release(&why);
	return code;
}

/* Has it told what is wrong? */
static bool
has_error(const struct buf *lines)
{
	return lines->len > 0 && strstr(lines->data, "\"type\":\"error\"");
}

/*
 * Each member is asked, whatever comes of the others.  Nothing is removed here:
 * what could not be reached can be cleaned later.
 */
static int
clean_members(const struct config *c, const char *dir, struct buf *err)
{
	struct buf out = BUF_INIT_MAX(OUTPUT_MAX), why = BUF_INIT;
	size_t failed = 0;
	int code = NNI_OK;

	for (size_t i = 0; i < c->member_count; i++) {
		int one;

		buf_clear(&out);
		buf_clear(&why);
		one = run_clean(&c->members[i], dir, &out, &why);
		check_show(c->members[i].name, &out, one != NNI_OK);
		if (one == NNI_OK)
			continue;
		failed++;
		if (!has_error(&out))
			say_error(0, "%s: %s", c->members[i].name, why.data);
		if (code == NNI_OK || code == NNI_TEMPORARY)
			code = one;
	}
	if (failed > 0)
		buf_err(err,
		    "not all that experiment %s left on its platforms is "
		    "removed; again, later: nni-run --clean %s",
		    expdir_id(dir), expdir_id(dir));
	buf_release(&out);
	buf_release(&why);
	return code;
}

int
prepare_clean(const char *dir, struct buf *err)
{
	struct buf path = BUF_INIT;
	struct config c = {0};
	int code = may_clean(dir, err);

	expdir_path(&path, dir, "config.json");
	if (code == NNI_OK)
		code = config_load(&c, path.data, err);
	if (code == NNI_OK)
		code = clean_members(&c, dir, err);
	config_release(&c);
	buf_release(&path);
	return code;
}
