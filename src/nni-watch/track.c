/*
 * What is kept of a trial is little: its record without the parameters, so that
 * a new process of the backend can be given it, and what was told last, so that
 * nothing is told twice.
 */
#include "track.h"

#include <stdlib.h>
#include <string.h>

#include "expdir.h"
#include "hash.h"
#include "mem.h"
#include "os/sys.h"

/* Failures in a row after which a member's trials are said to be UNKNOWN. */
enum { TELL_AFTER = 2 };

struct tracked {
	struct attempt key;
	struct crew_member *member;
	char *line;    /* the trial record; NULL once it has ended */
	char *updates; /* update lines, for a new process; usually NULL */
	uint64_t told; /* hash of the status and reason told last */
	enum trial_status status;
	enum intent cancel;
	bool lost; /* given up as soon as its place cannot be reached */
	bool ended;
	bool heard;   /* its backend has said something of it */
	bool started; /* ... that it was RUNNING */
};

/* ---- to the backend ---- */

static void
send_cancel(const struct tracked *e)
{
	struct buf line = BUF_INIT;

	record_begin_trial(&line, "cancel", e->key.trial, e->key.number);
	if (e->cancel == INTENT_EARLY)
		json_member_bool(&line, "early", true);
	if (e->cancel == INTENT_SYSTEM)
		json_member_bool(&line, "system", true);
	record_end(&line);
	backend_write(e->member->backend, line.data, line.len);
	buf_release(&line);
}

static void
feed(const struct tracked *e)
{
	backend_write(e->member->backend, e->line, strlen(e->line));
	if (e->updates)
		backend_write(
		    e->member->backend, e->updates, strlen(e->updates));
	if (e->cancel)
		send_cancel(e);
}

/* ---- to the reader ---- */

/* True if the status and its reason are not what was told last. */
static bool
changes(struct tracked *e, const struct record *r)
{
	struct buf b = BUF_INIT;
	uint64_t hash;
	bool new;

	json_add(&b, r->status_text);
	json_add(&b, r->reason);
	hash = hash_bytes(b.data, b.len);
	buf_release(&b);
	new = hash != e->told;
	e->told = hash;
	return new;
}

/* From now on nothing more is told of it. */
static void
finish(struct tracker *t, struct tracked *e)
{
	e->ended = true;
	e->member->live--;
	t->live--;
	t->untold -= !e->heard;
	/* One given up is cancelled until its place confirms. */
	if (e->lost && !status_is_end(e->status))
		return;
	free(e->line);
	free(e->updates);
	e->line = e->updates = NULL;
}

static void
give_up(struct tracker *t, struct tracked *e)
{
	struct buf line = BUF_INIT;

	record_begin_trial(&line, "status", e->key.trial, e->key.number);
	json_member_str(&line, "status", status_name(STATUS_SYS_CANCELED));
	json_member_str(&line, "reason",
	    "given up: its place cannot be reached, it may still run there");
	json_member_bool(&line, "infra", true);
	json_member_bool(&line, "lost", true);
	json_member_time(&line, "time", clock_wall_ms());
	record_end(&line);
	filter_put_buf(&t->filter, &line);
	buf_release(&line);
	finish(t, e);
}

/* A status of a trial that lives. */
static void
tell(struct tracker *t, struct tracked *e, const struct record *r)
{
	struct buf line = BUF_INIT, now = BUF_INIT;
	bool starts = r->status == STATUS_RUNNING && !e->started;

	/* Only what comes once: others may go to and fro for ever. */
	if (starts || status_is_end(r->status))
		backend_progress(e->member->backend);
	e->started |= starts;
	e->status = r->status;
	if (!changes(e, r))
		return;
	if (r->time.at) {
		filter_put(&t->filter, r->line.at, r->line.len);
	} else {
		buf_addf(&now, "%.3f", (double)clock_wall_ms() / 1000);
		record_set(
		    &line, r->line, "time", (struct json){now.data, now.len});
		filter_put_buf(&t->filter, &line);
	}
	buf_release(&line);
	buf_release(&now);
	if (status_is_end(e->status))
		finish(t, e);
	else if (e->lost && e->status == STATUS_UNKNOWN)
		give_up(t, e);
}

static void
tell_unknown(struct tracker *t, struct tracked *e, const char *reason)
{
	struct buf line = BUF_INIT;
	struct record r;

	record_begin_trial(&line, "status", e->key.trial, e->key.number);
	json_member_str(&line, "status", status_name(STATUS_UNKNOWN));
	json_member_str(&line, "reason", reason);
	json_member_time(&line, "time", clock_wall_ms());
	buf_addc(&line, '}');
	if (record_parse(&r, line.data, line.len, NULL) == 0)
		tell(t, e, &r);
	buf_release(&line);
}

/* ---- from the backend ---- */

static void
nonsense(struct tracker *t, struct crew_member *m, const char *what)
{
	struct buf line = BUF_INIT;

	crew_nonsense(m, what, &line);
	filter_put_buf(&t->filter, &line);
	buf_release(&line);
}

static void
heard_status(struct tracker *t, struct crew_member *m, const struct record *r)
{
	struct tracked *e = attempts_find(&t->trials, r->trial, r->attempt);

	if (!e || e->member != m || !r->status)
		return;
	backend_useful(m->backend);
	if (e->ended) {
		/* The place of one given up confirms that it is gone. */
		if (e->line && status_is_end(r->status)) {
			free(e->line);
			e->line = NULL;
		}
		return;
	}
	t->untold -= !e->heard;
	e->heard = true;
	tell(t, e, r);
}

static void
heard(void *arg, char *line, size_t len)
{
	struct crew_member *m = arg;
	struct tracker *t = m->crew->arg;
	struct buf err = BUF_INIT;
	struct record r;

	if (!line)
		nonsense(t, m, "a line is longer than 1 MiB");
	else if (record_parse(&r, line, len, &err) == -1)
		nonsense(t, m, err.data);
	else if (r.type == RECORD_STATUS)
		heard_status(t, m, &r);
	else if (r.type == RECORD_BARE)
		nonsense(t, m, "a line has no \"type\"");
	else
		filter_put(&t->filter, line, len);
	buf_release(&err);
}

/* Each trial of the member that is still followed. */
static void
each(struct crew_member *m, void (*fn)(struct tracker *, struct tracked *))
{
	struct tracker *t = m->crew->arg;
	size_t i;

	for (i = 0; i < t->trials.count; i++) {
		struct tracked *e = (struct tracked *)t->trials.all[i];

		if (e->member == m && e->line)
			fn(t, e);
	}
}

static void
feed_again(struct tracker *t, struct tracked *e)
{
	(void)t;
	feed(e);
}

static void
started(struct crew_member *m)
{
	struct tracker *t = m->crew->arg;

	each(m, feed_again);
	if (t->crew.once && t->filter.ended)
		backend_finish(m->backend);
}

static void
lose_sight(struct tracker *t, struct tracked *e)
{
	if (!e->ended)
		tell_unknown(t, e, e->member->trouble);
}

/* A process that died once is soon replaced: that is nobody's concern. */
static void
died(struct crew_member *m)
{
	if (backend_failures(m->backend) >= TELL_AFTER)
		each(m, lose_sight);
}

static void
ended(struct crew_member *m, const char *why)
{
	struct tracker *t = m->crew->arg;

	if (!why || !t->live)
		return;
	free(m->trouble);
	m->trouble = xstrdup(why);
	each(m, lose_sight);
}

/* It owes a status of each trial. */
static bool
silent(struct crew_member *m)
{
	struct tracker *t = m->crew->arg;
	struct buf line = BUF_INIT;
	size_t i, owed = 0;

	for (i = 0; i < t->trials.count; i++) {
		struct tracked *e = (struct tracked *)t->trials.all[i];

		owed += e->member == m && !e->heard && !e->ended;
	}
	if (owed) {
		crew_silence(m, owed, &line);
		filter_put_buf(&t->filter, &line);
	}
	buf_release(&line);
	return owed > 0;
}

static const struct crew_calls crew_calls = {
    heard, started, died, ended, silent};

/* ---- from the input ---- */

static void
refuse(struct tracker *t, const struct record *r, const char *why)
{
	filter_refuse(&t->filter, why, NULL, r->trial[0] ? r->trial : NULL);
}

void
track_trial(struct tracker *t, const struct record *r)
{
	struct buf line = BUF_INIT, err = BUF_INIT;
	struct crew_member *m;
	struct tracked *e;

	/* Its first status comes soon. */
	filter_put_calm(&t->filter, r->line.at, r->line.len);
	if (!r->trial[0] || attempts_find(&t->trials, r->trial, r->attempt))
		return;
	m = crew_member(&t->crew, r, &err);
	if (!m) {
		refuse(t, r, err.data);
		buf_release(&err);
		return;
	}
	record_set(&line, r->line, "parameters", JSON_NONE);
	e = attempts_add(&t->trials, r->trial, r->attempt, sizeof(*e));
	e->member = m;
	e->line = xstrdup(line.data);
	m->live++;
	t->live++;
	t->untold++;
	if (m->backend)
		backend_write(m->backend, r->line.at, r->line.len);
	else
		tell_unknown(t, e, m->trouble);
	buf_release(&line);
	buf_release(&err);
}

static enum intent
intent_of(const struct record *r)
{
	if (json_bool(r->early, false))
		return INTENT_EARLY;
	if (json_bool(record_get(r, "system"), false) ||
	    json_bool(record_get(r, "lost"), false))
		return INTENT_SYSTEM;
	return INTENT_USER;
}

/* The intent is on disk before the request goes out. */
static void
write_intent(struct tracker *t, struct tracked *e, enum intent why)
{
	struct buf dir = BUF_INIT, err = BUF_INIT;

	e->cancel = why;
	expdir_trial(&dir, e->member->dir, e->key.trial, e->key.number);
	if (intent_write(dir.data, why, &err) == -1)
		filter_error(&t->filter, err.data, dir.data,
		    "the trial is cancelled all the same", e->key.trial);
	buf_release(&dir);
	buf_release(&err);
}

void
track_cancel(struct tracker *t, const struct record *r)
{
	struct tracked *e = attempts_of(&t->trials, r);

	if (!e) {
		refuse(t, r, "there is no such trial to cancel");
		return;
	}
	if (e->ended)
		return;
	if (!e->cancel)
		write_intent(t, e, intent_of(r));
	e->lost = e->lost || json_bool(record_get(r, "lost"), false);
	if (e->member->backend)
		send_cancel(e);
	if (e->lost && e->status == STATUS_UNKNOWN)
		give_up(t, e);
}

void
track_update(struct tracker *t, const struct record *r)
{
	struct tracked *e = attempts_of(&t->trials, r);
	struct buf all = BUF_INIT, number = BUF_INIT;
	size_t before;

	if (!e) {
		refuse(t, r, "there is no such trial to update");
		return;
	}
	if (e->ended)
		return;
	buf_adds(&all, e->updates ? e->updates : "");
	before = all.len;
	/* The backend knows attempts, not which one is the latest. */
	json_add_int(&number, e->key.number);
	record_set(
	    &all, r->line, "attempt", (struct json){number.data, number.len});
	buf_addc(&all, '\n');
	free(e->updates);
	e->updates = buf_detach(&all);
	if (e->member->backend)
		backend_write(e->member->backend, e->updates + before,
		    strlen(e->updates + before));
	buf_release(&number);
}

/* ---- all of them ---- */

/* One that is to be started again does so when it runs. */
void
track_finish(struct tracker *t)
{
	size_t i;

	for (i = 0; i < t->crew.count; i++)
		if (t->crew.all[i]->backend &&
		    backend_running(t->crew.all[i]->backend))
			backend_finish(t->crew.all[i]->backend);
}

bool
track_failed(const struct tracker *t)
{
	size_t i;

	for (i = 0; i < t->trials.count; i++) {
		struct tracked *e = (struct tracked *)t->trials.all[i];

		if (e->status == STATUS_FAILED &&
		    attempts_latest(&t->trials, e->key.trial) == (void *)e)
			return true;
	}
	return false;
}

void
track_init(struct tracker *t, struct loop *loop, bool once)
{
	memset(t, 0, sizeof(*t));
	t->loop = loop;
	crew_init(&t->crew, loop, "watch", &crew_calls, t);
	t->crew.once = once;
}

void
track_release(struct tracker *t)
{
	size_t i;

	crew_release(&t->crew);
	for (i = 0; i < t->trials.count; i++) {
		struct tracked *e = (struct tracked *)t->trials.all[i];

		free(e->line);
		free(e->updates);
	}
	attempts_release(&t->trials);
	loop_free(t->loop);
}
