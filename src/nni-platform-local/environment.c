/*
 * environment: trials by orders in a file, for who shares nothing but a folder
 * with this machine (a container that stays for many trials, say).
 *
 * The verbs submit, watch and collect run as programs of their own; lines of
 * DIR/orders.jsonl go to them, and what they say goes to DIR/said.jsonl.  Both
 * files are opened anew for each look: over NFS that is what makes it see what
 * others wrote.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include "attempts.h"
#include "backend.h"
#include "expdir.h"
#include "journal.h"
#include "mem.h"
#include "say.h"
#include "verbs.h"
#include "os/file.h"
#include "os/sys.h"

#define LOOK_MS 250
/* One that there was no room for is offered again. */
#define AGAIN_MS 1000
/* When we are told to end, trials were told the same. */
#define GRACE_MS 5000

enum { SUBMIT, WATCH, COLLECT, VERBS };
static const char *const verb_names[VERBS] = {"submit", "watch", "collect"};

struct ordered {
	struct attempt a;
	char *order;  /* its record, until it is placed */
	char *placed; /* the same with its job */
	char *cancel; /* the record */
	char *end;    /* for collect */
	char *reason; /* why it is not started, as it was last said */
	bool waits;   /* to be offered again */
	bool ended;
};

struct environment {
	const struct verb *v;
	struct loop *loop;
	struct backend *verbs[VERBS];
	struct attempts all;
	size_t live;
	int64_t orders, offset; /* trials; bytes of orders.jsonl */
	struct journal said;
	struct timer look, again, grace;
	int64_t idle_ms, busy_ms; /* monotonic: last order or end */
	struct buf path;
	bool leaving, dying, news;
};

/* ---- what is said ---- */

static void
put(struct environment *e, const char *line, size_t len)
{
	if (e->dying)
		return;
	if (len > 0 && line[len - 1] == '\n')
		len--;
	journal_add(&e->said, line, len);
}

static void
say_buf(struct environment *e, struct buf *line)
{
	record_end(line);
	put(e, line->data, line->len);
	buf_release(line);
}

static void
say_self(struct environment *e, const char *what)
{
	struct buf line = BUF_INIT;

	record_begin(&line, "environment");
	json_member_str(&line, "state", what);
	json_member_int(&line, "orders", e->orders);
	json_member_time(&line, "time", clock_wall_ms());
	say_buf(e, &line);
}

/* Writes what is to be said; a full disk is waited for. */
static void
commit(struct environment *e)
{
	struct buf err = BUF_INIT;

	if (e->said.pending.len > 0 && journal_commit(&e->said, &err) == -1) {
		say_error(NNI_TEMPORARY, "%s", err.data);
		if (e->said.lost)
			loop_stop(e->loop, NNI_TEMPORARY);
	}
	buf_release(&err);
}

static void
say_status(struct environment *e, const struct ordered *t,
    enum trial_status status, const char *reason)
{
	struct buf line = BUF_INIT;

	record_begin_trial(&line, "status", t->a.trial, t->a.number);
	json_member_str(&line, "status", status_name(status));
	if (reason)
		json_member_str(&line, "reason", reason);
	json_member_time(&line, "time", clock_wall_ms());
	say_buf(e, &line);
}

/* ---- a trial ---- */

static void
forget(char **text)
{
	free(*text);
	*text = NULL;
}

static void
has_ended(struct environment *e, struct ordered *t)
{
	if (t->ended)
		return;
	t->ended = true;
	t->waits = false;
	forget(&t->order);
	forget(&t->placed);
	forget(&t->cancel);
	forget(&t->end);
	forget(&t->reason);
	e->live--;
	e->busy_ms = loop_now_ms(e->loop);
	e->news = true;
}

static void
tell(struct environment *e, int verb, const char *line)
{
	struct buf all = BUF_INIT;

	buf_setf(&all, "%s\n", line);
	backend_write(e->verbs[verb], all.data, all.len);
	buf_release(&all);
}

static void
offer_again(void *arg)
{
	struct environment *e = arg;
	size_t i;

	for (i = 0; i < e->all.count; i++) {
		struct ordered *t = (struct ordered *)e->all.all[i];

		if (t->waits)
			tell(e, SUBMIT, t->order);
		t->waits = false;
	}
}

/* One that has not begun is cancelled here. */
static void
cancel_unplaced(struct environment *e, struct ordered *t)
{
	struct record r;
	enum trial_status status = STATUS_USER_CANCELED;

	if (record_parse(&r, t->cancel, strlen(t->cancel), NULL) == 0) {
		if (json_bool(r.early, false))
			status = STATUS_EARLY_STOPPED;
		else if (json_bool(record_get(&r, "system"), false))
			status = STATUS_SYS_CANCELED;
	}
	say_status(e, t, status, "cancelled before it was started");
	has_ended(e, t);
}

static void
no_room(struct environment *e, struct ordered *t, const struct record *r)
{
	char *why = json_strdup(r->reason);

	if (t->cancel) {
		cancel_unplaced(e, t);
		free(why);
		return;
	}
	if (t->reason == NULL || why == NULL || strcmp(t->reason, why) != 0) {
		free(t->reason);
		t->reason = why ? why : xstrdup("no room");
		say_status(e, t, STATUS_WAITING, t->reason);
	} else {
		free(why);
	}
	t->waits = true;
	if (!timer_is_set(&e->again))
		timer_set(e->loop, &e->again, AGAIN_MS, offer_again, e);
}

/* ---- what the verbs say ---- */

static void
submit_said(struct environment *e, struct ordered *t, const struct record *r,
    const char *line, size_t len)
{
	if (r->type == RECORD_TRIAL && json_type(r->job) > JSON_NULL) {
		forget(&t->order);
		free(t->placed);
		t->placed = xstrndup(line, len);
		tell(e, COLLECT, t->placed);
		tell(e, WATCH, t->placed);
		if (t->cancel)
			tell(e, WATCH, t->cancel);
	} else if (r->type == RECORD_STATUS) {
		put(e, line, len);
		has_ended(e, t);
	} else if (r->type == RECORD_NO_ROOM) {
		no_room(e, t, r);
	}
}

static void
heard(struct environment *e, int verb, char *line, size_t len)
{
	struct ordered *t;
	struct record r;

	if (line == NULL || record_parse(&r, line, len, NULL) == -1)
		return;
	t = r.trial[0] ? attempts_find(&e->all, r.trial, r.attempt) : NULL;
	if (e->dying) {
		if (t && verb == WATCH && status_is_end(r.status))
			has_ended(e, t);
		if (e->live == 0)
			loop_stop(e->loop, NNI_TEMPORARY);
	} else if (r.type == RECORD_ERROR) {
		put(e, line, len);
	} else if (t == NULL || t->ended) {
		/* Nobody asked for it. */
	} else if (verb == SUBMIT) {
		if (t->order)
			submit_said(e, t, &r, line, len);
	} else if (verb == WATCH && status_is_end(r.status)) {
		free(t->end);
		t->end = xstrndup(line, len);
		tell(e, COLLECT, t->end);
	} else if (verb == WATCH || r.type == RECORD_METRIC) {
		put(e, line, len);
	} else if (status_is_end(r.status)) {
		put(e, line, len);
		has_ended(e, t);
	}
	backend_useful(e->verbs[verb]);
}

static void
submit_heard(void *arg, char *line, size_t len)
{
	heard(arg, SUBMIT, line, len);
}

static void
watch_heard(void *arg, char *line, size_t len)
{
	heard(arg, WATCH, line, len);
}

static void
collect_heard(void *arg, char *line, size_t len)
{
	heard(arg, COLLECT, line, len);
}

/* ---- the verbs begin, once more perhaps ---- */

static void
started(struct environment *e, int verb)
{
	size_t i;

	for (i = 0; i < e->all.count; i++) {
		struct ordered *t = (struct ordered *)e->all.all[i];

		if (verb == SUBMIT && t->order && !t->waits)
			tell(e, verb, t->order);
		if (verb != SUBMIT && t->placed)
			tell(e, verb, t->placed);
		if (verb == WATCH && t->placed && t->cancel)
			tell(e, verb, t->cancel);
		if (verb == COLLECT && t->end)
			tell(e, verb, t->end);
	}
}

static void
submit_started(void *arg)
{
	started(arg, SUBMIT);
}

static void
watch_started(void *arg)
{
	started(arg, WATCH);
}

static void
collect_started(void *arg)
{
	started(arg, COLLECT);
}

static const struct backend_calls calls[VERBS] = {
    {submit_heard, submit_started, NULL, NULL, NULL},
    {watch_heard, watch_started, NULL, NULL, NULL},
    {collect_heard, collect_started, NULL, NULL, NULL},
};

static void
start_verbs(struct environment *e)
{
	struct buf name = BUF_INIT;
	int i;

	for (i = 0; i < VERBS; i++) {
		const char *argv[] = {sys_self_path(), verb_names[i], "--dir",
		    e->v->dir, "--member", e->v->member, NULL};

		buf_setf(&name, "%s-%s", e->v->member, verb_names[i]);
		e->verbs[i] = backend_program(
		    e->loop, argv, e->v->dir, name.data, &calls[i], e);
		backend_start(e->verbs[i]);
	}
	buf_release(&name);
}

/* ---- orders ---- */

static void
order_trial(struct environment *e, const struct record *r)
{
	struct ordered *t;

	e->orders++;
	if (attempts_find(&e->all, r->trial, r->attempt))
		return;
	t = attempts_add(&e->all, r->trial, r->attempt, sizeof(*t));
	t->order = xstrndup(r->line.at, r->line.len);
	e->live++;
	e->busy_ms = loop_now_ms(e->loop);
	e->news = true;
	tell(e, SUBMIT, t->order);
}

static void
order_cancel(struct environment *e, const struct record *r)
{
	struct ordered *t = attempts_find(&e->all, r->trial, r->attempt);

	if (t == NULL || t->ended || t->cancel)
		return;
	t->cancel = xstrndup(r->line.at, r->line.len);
	if (t->placed)
		tell(e, WATCH, t->cancel);
	else if (t->waits)
		cancel_unplaced(e, t);
}

static int
take_order(void *arg, const char *line, size_t len, int64_t offset)
{
	struct environment *e = arg;
	struct ordered *t;
	struct record r;
	struct buf copy = BUF_INIT;

	(void)offset;
	/* A torn line is no order. */
	if (record_parse(&r, line, len, NULL) == -1)
		return 0;
	if (r.type == RECORD_TRIAL && r.trial[0] && r.attempt > 0) {
		order_trial(e, &r);
	} else if (r.type == RECORD_CANCEL && r.trial[0]) {
		order_cancel(e, &r);
	} else if (r.type == RECORD_UPDATE && r.trial[0]) {
		t = attempts_of(&e->all, &r);
		if (t && !t->ended) {
			buf_add(&copy, line, len);
			tell(e, WATCH, copy.data);
		}
	} else if (record_is(r.type_text, "leave")) {
		e->leaving = true;
	}
	buf_release(&copy);
	return 0;
}

static void
read_orders(struct environment *e)
{
	struct buf err = BUF_INIT;

	if (journal_read(e->path.data, &e->offset, take_order, e, &err) == -1)
		say_error(NNI_TEMPORARY, "%s", err.data);
	buf_release(&err);
}

/*
 * Nobody wants anything any more.  That is said first, and then looked at once
 * more: whoever gave an order meanwhile either is seen, or sees that we left.
 */
static void
leave_if_idle(struct environment *e)
{
	int64_t idle = loop_now_ms(e->loop) - e->busy_ms;

	if (e->live > 0 || (!e->leaving && idle < e->idle_ms))
		return;
	say_self(e, "left");
	commit(e);
	read_orders(e);
	if (e->live == 0)
		loop_stop(e->loop, NNI_OK);
	else
		e->leaving = false;
}

static void
look(void *arg)
{
	struct environment *e = arg;

	read_orders(e);
	leave_if_idle(e);
	timer_set(e->loop, &e->look, LOOK_MS, look, e);
}

static void
end_round(void *arg)
{
	struct environment *e = arg;

	if (e->news)
		say_self(e, e->live > 0 ? "busy" : "free");
	e->news = false;
	commit(e);
}

/* ---- from start to end ---- */

static void
grace_is_over(void *arg)
{
	struct environment *e = arg;

	loop_stop(e->loop, NNI_TEMPORARY);
}

/*
 * The machine is taken away: what becomes of the trials is not theirs, so their
 * ends are not told.  Who ordered them learns that we are gone.
 */
static void
interrupted(void *arg, enum loop_interrupt what, int signal)
{
	struct environment *e = arg;
	size_t i;

	(void)signal;
	if (what != INTERRUPT_STOP || e->dying)
		return;
	commit(e);
	e->dying = true;
	for (i = 0; i < e->all.count; i++) {
		const struct ordered *t = (struct ordered *)e->all.all[i];
		struct buf line = BUF_INIT;

		if (t->ended)
			continue;
		record_begin_trial(&line, "cancel", t->a.trial, t->a.number);
		json_member_bool(&line, "system", true);
		buf_addc(&line, '}');
		tell(e, WATCH, line.data);
		buf_release(&line);
	}
	timer_set(
	    e->loop, &e->grace, e->live > 0 ? GRACE_MS : 0, grace_is_over, e);
}

/* One life only: what an earlier one was doing nobody can see from here. */
static int
begin(struct environment *e, struct buf *err)
{
	struct buf path = BUF_INIT;
	os_file f;
	int code = NNI_TEMPORARY;

	expdir_path(&path, e->v->dir, "began");
	f = file_open(path.data,
	    FILE_WRITE | FILE_CREATE | FILE_EXCL | FILE_NOFOLLOW, 0644, err);
	if (f != OS_NO_FILE) {
		file_write(f, sys_host(), strlen(sys_host()));
		file_close(f);
		expdir_path(&path, e->v->dir, "log");
		dir_make(path.data, 0755, NULL);
		expdir_path(&path, e->v->dir, "trials");
		dir_make(path.data, 0755, NULL);
		/* Who reads it may be another user. */
		expdir_path(&path, e->v->dir, "said.jsonl");
		file_close(
		    file_open(path.data, FILE_WRITE | FILE_CREATE, 0644, NULL));
		if (journal_open(&e->said, path.data, false, NULL, err) == 0)
			code = NNI_OK;
	} else if (os_errno() == OS_EXISTS) {
		buf_setf(err,
		    "'%s' was an environment before; each is one once",
		    e->v->dir);
		code = NNI_NOTHING;
	}
	buf_release(&path);
	return code;
}

static void
release(struct environment *e)
{
	size_t i;

	for (i = 0; i < VERBS; i++)
		backend_free(e->verbs[i]);
	for (i = 0; i < e->all.count; i++) {
		struct ordered *t = (struct ordered *)e->all.all[i];

		free(t->order);
		free(t->placed);
		free(t->cancel);
		free(t->end);
		free(t->reason);
	}
	attempts_release(&e->all);
	timer_stop(&e->look);
	timer_stop(&e->again);
	timer_stop(&e->grace);
	journal_close(&e->said);
	buf_release(&e->path);
}

int
verb_environment(const struct verb *v, int64_t idle_ms)
{
	struct environment e = {.v = v,
	    .all = ATTEMPTS_INIT,
	    .said = JOURNAL_INIT,
	    .look = TIMER_INIT,
	    .again = TIMER_INIT,
	    .grace = TIMER_INIT,
	    .idle_ms = idle_ms,
	    .path = BUF_INIT};
	struct buf err = BUF_INIT;
	int code = begin(&e, &err);

	if (code != NNI_OK) {
		say_error(code, "%s", err.data);
	} else {
		e.loop = loop_new();
		e.busy_ms = loop_now_ms(e.loop);
		expdir_path(&e.path, v->dir, "orders.jsonl");
		start_verbs(&e);
		say_self(&e, "free");
		loop_interrupts(e.loop, interrupted, &e);
		loop_each_round(e.loop, end_round, &e);
		timer_set(e.loop, &e.look, 0, look, &e);
		code = loop_run(e.loop);
		commit(&e);
	}
	release(&e);
	if (e.loop)
		loop_free(e.loop);
	buf_release(&err);
	return code;
}
