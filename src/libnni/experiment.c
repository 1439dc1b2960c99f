/*
 * An experiment's journal, read: trials.c keeps the trials, this keeps what is
 * about the whole: sessions and their running time, limits changed on the way.
 */
#include "experiment.h"

#include <stdlib.h>
#include <string.h>

#include "expdir.h"
#include "journal.h"
#include "mem.h"

static const char *const end_names[] = {
    [SESSION_NONE] = "new",
    [SESSION_OPEN] = "open",
    [SESSION_DONE] = "done",
    [SESSION_STOPPED] = "stopped",
    [SESSION_DETACHED] = "detached",
    [SESSION_PASS] = "pass",
    [SESSION_FAILED] = "failed",
};

const char *
session_end_name(enum session_end e)
{
	return end_names[e];
}

void
experiment_init(struct experiment *e, const char *dir)
{
	memset(e, 0, sizeof(*e));
	e->dir = xstrdup(dir);
	e->concurrency = e->max_trials = e->max_duration_ms = -1;
	trials_init(&e->trials);
}

void
experiment_release(struct experiment *e)
{
	trials_release(&e->trials);
	free(e->dir);
	free(e->id);
	free(e->search_space);
	e->dir = e->id = e->search_space = NULL;
}

/* ---- the journal's own records ---- */

static int
apply_first(struct experiment *e, const struct record *r, struct buf *err)
{
	char *schema = json_strdup(record_get(r, "schema"));
	int rc = 0;

	if (schema == NULL || strcmp(schema, JOURNAL_SCHEMA) != 0)
		rc = buf_err(err,
		    "the journal is of schema '%s', this program knows '%s'; "
		    "a newer version of nni-tools wrote it",
		    schema != NULL ? schema : "", JOURNAL_SCHEMA);
	free(schema);
	if (rc != 0)
		return rc;
	free(e->id);
	e->id = json_strdup(record_get(r, "id"));
	e->created_ms = record_time_ms(r);
	if (e->id == NULL)
		return buf_err(err, "the journal's first record has no id");
	return 0;
}

static enum session_end
parse_end(struct json reason)
{
	for (int i = SESSION_DONE; i <= SESSION_FAILED; i++)
		if (record_is(reason, end_names[i]))
			return (enum session_end)i;
	return SESSION_FAILED;
}

static int64_t
not_negative(int64_t ms)
{
	return ms > 0 ? ms : 0;
}

static void
session_starts(struct experiment *e, const struct record *r, int64_t now)
{
	if (e->last == SESSION_OPEN) /* killed: its last record is its end */
		e->ran_ms += not_negative(e->last_ms - e->session_start_ms);
	if (e->last == SESSION_PASS) /* the experiment ran on between ticks */
		e->ran_ms += not_negative(now - e->last_ms);
	e->ticks = record_is(record_get(r, "mode"), "tick");
	if (!e->ticks)
		e->stopped = false;
	e->last = SESSION_OPEN;
	e->session_start_ms = now;
	e->trials.failed_in_a_row = 0;
}

static void
session_ends(struct experiment *e, const struct record *r)
{
	int64_t ran_ms;

	if (json_seconds_ms(record_get(r, "ran"), &ran_ms) == 0)
		e->ran_ms += ran_ms;
	e->last = parse_end(r->reason);
}

static void
apply_set(struct experiment *e, struct json request)
{
	struct json key = json_get(request, "key");
	struct json value = json_get(request, "value");
	int64_t n = 0;

	if (record_is(key, "searchSpace") && json_type(value) == JSON_OBJECT) {
		free(e->search_space);
		e->search_space = xstrndup(value.at, value.len);
	} else if (record_is(key, "maxExperimentDuration")) {
		if (json_seconds_ms(value, &n) == 0)
			e->max_duration_ms = n;
	} else if (json_int(value, &n) == 0) {
		if (record_is(key, "trialConcurrency"))
			e->concurrency = n;
		else if (record_is(key, "maxTrialNumber"))
			e->max_trials = n;
	}
}

static void
apply_control(struct experiment *e, const struct record *r)
{
	struct json request = record_get(r, "request");
	struct json type = json_get(request, "type");

	json_int(record_get(r, "offset"), &e->control_offset);
	if (record_is(type, "stop"))
		e->stopped = true;
	else if (record_is(type, "set"))
		apply_set(e, request);
}

static int
apply_own(struct experiment *e, const struct record *r, struct buf *err)
{
	int64_t now = record_time_ms(r);

	if (record_is(r->type_text, "experiment"))
		return apply_first(e, r, err);
	if (record_is(r->type_text, "control"))
		apply_control(e, r);
	else if (!record_is(r->type_text, "session"))
		return 0;
	else if (record_is(record_get(r, "event"), "start"))
		session_starts(e, r, now);
	else
		session_ends(e, r);
	return 0;
}

int
experiment_apply(struct experiment *e, const struct record *r, struct buf *err)
{
	int64_t now;

	if (e->id == NULL && !record_is(r->type_text, "experiment"))
		return buf_err(err,
		    "the journal does not begin with an experiment record");
	if (r->type == RECORD_OTHER) {
		if (apply_own(e, r, err) != 0)
			return -1;
	} else {
		trials_apply(&e->trials, r);
	}
	/* Metrics are many, and their trials' statuses come soon enough. */
	now = r->type != RECORD_METRIC ? record_time_ms(r) : 0;
	if (now > e->last_ms)
		e->last_ms = now;
	return 0;
}

/* ---- replay ---- */

struct replay {
	struct experiment *experiment;
	struct buf *err;
	int64_t records;
};

static int
replay_line(void *arg, const char *line, size_t len, int64_t offset)
{
	struct replay *rp = arg;
	struct record r;

	(void)offset;
	rp->records++;
	if (record_parse(&r, line, len, rp->err) != 0)
		return 1;
	return experiment_apply(rp->experiment, &r, rp->err) != 0;
}

int
experiment_replay(struct experiment *e, int64_t *records, struct buf *err)
{
	struct buf path = BUF_INIT, why = BUF_INIT;
	struct replay rp = {e, &why, 0};
	int64_t offset = 0;
	int rc;

	expdir_path(&path, e->dir, "events.jsonl");
	rc = journal_read(path.data, &offset, replay_line, &rp, &why);
	if (rc > 0)
		rc = buf_err(err, "%s:%lld: %s", path.data,
		    (long long)rp.records, why.data);
	else if (rc < 0)
		buf_err(err, "%s", why.data);
	if (records != NULL)
		*records = rp.records;
	buf_release(&why);
	buf_release(&path);
	return rc;
}

/* ---- how it stands ---- */

bool
experiment_is_over(const struct experiment *e)
{
	return e->last == SESSION_DONE ||
	       (e->last == SESSION_STOPPED && e->trials.live == 0);
}

/* The last whole line of a file, if it is not long; else nothing. */
static void
read_last_line(const char *path, struct buf *line)
{
	char text[4096];
	os_file f = file_open(path, FILE_READ | FILE_ORDINARY, 0, NULL);
	int64_t size, n = 0, from;

	if (f == OS_NO_FILE)
		return;
	size = file_size(f);
	from = size > (int64_t)sizeof(text) ? size - (int64_t)sizeof(text) : 0;
	if (size > from)
		n = file_read_at(f, text, (size_t)(size - from), from);
	file_close(f);
	while (n > 0 && text[n - 1] != '\n') /* torn */
		n--;
	for (from = n - 1; from > 0 && text[from - 1] != '\n';)
		from--;
	if (n > 1)
		buf_add(line, text + from, (size_t)(n - 1 - from));
}

enum session_end
experiment_last_end(const char *dir)
{
	struct buf path = BUF_INIT, line = BUF_INIT;
	enum session_end end = SESSION_OPEN;
	struct record r;

	expdir_path(&path, dir, "events.jsonl");
	read_last_line(path.data, &line);
	if (record_parse(&r, line.data, line.len, NULL) == 0 &&
	    record_is(r.type_text, "session") &&
	    record_is(record_get(&r, "event"), "end"))
		end = parse_end(r.reason);
	buf_release(&path);
	buf_release(&line);
	return end;
}

/* ---- limits ---- */

int64_t
experiment_concurrency(const struct experiment *e, const struct config *c)
{
	return e->concurrency >= 0 ? e->concurrency : c->trial_concurrency;
}

int64_t
experiment_max_trials(const struct experiment *e, const struct config *c)
{
	return e->max_trials >= 0 ? e->max_trials : c->max_trial_number;
}

int64_t
experiment_max_duration_ms(const struct experiment *e, const struct config *c)
{
	return e->max_duration_ms >= 0 ? e->max_duration_ms
				       : c->max_experiment_duration_ms;
}

bool
config_minimize(const struct config *c)
{
	struct json mode = json_path(c->tuner, "classArgs.optimize_mode");
	char *name;
	bool minimizes;

	if (mode.at != NULL)
		return record_is(mode, "minimize");
	name = json_strdup(json_get(c->tuner, "name"));
	minimizes = name != NULL &&
		    (strcmp(name, "TPE") == 0 || strcmp(name, "Anneal") == 0);
	free(name);
	return minimizes;
}

bool
experiment_is_running(const char *dir, int64_t *pid)
{
	return expdir_lock_held(dir, "lock", pid);
}

bool
experiment_is_served(const char *dir, int64_t *pid)
{
	return experiment_is_running(dir, pid) ||
	       expdir_lock_held(dir, "submit.lock", pid);
}
