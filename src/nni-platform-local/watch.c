/*
 * watch: trial, cancel and update records in, status records out.
 *
 * The keepers' events say when to look, the state of an attempt says what is
 * true, and its lock whether somebody still sees to it.  The locks of running
 * attempts are tried every few seconds, so that a dead keeper never leaves
 * a trial RUNNING for ever.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include "attempts.h"
#include "contact.h"
#include "expdir.h"
#include "intent.h"
#include "mem.h"
#include "parameters.h"
#include "prepare.h"
#include "say.h"
#include "state.h"
#include "tail.h"
#include "verbs.h"
#include "os/job.h"
#include "os/keeper.h"
#include "os/lock.h"
#include "os/process.h"
#include "os/sys.h"

#define LOCKS_MS 5000
/* What a dead keeper left does not die at once, and a start takes a moment. */
#define SOON_MS 100
/* An end that is known by its event only is believed after this. */
#define EVENT_MS 1000
/* After a trial that ended before this the next is looked at once, not twice,
   if it does too. */
#define FIRST_MS 3

struct watched {
	struct attempt a;
	enum trial_status said;
	bool given; /* by a trial record; else only an event told of it */
	bool heard; /* an event told of its end */
	bool fresh; /* given, and not looked at yet */
	bool listed;
	int64_t given_ms; /* monotonic */
	bool poked;
	bool look_soon; /* no event will tell of it */
	bool has_job;	/* its record has one: it was started, or tried to */
	bool cleared;	/* what lived of it without its directory was ended */
	/* As seen when it was told to be running. */
	int64_t session, session_start;
	int64_t keeper, keeper_start; /* as its lock told; 0: not known */
	/* Why it cannot be looked at, as it was last said, and since when. */
	char *trouble;
	int64_t trouble_ms;
	enum trial_status told; /* the end that an event told */
	enum trial_status wish; /* that of its cancel */
	struct watched *next_fresh;
};

struct watcher {
	const struct verb *v;
	struct loop *loop;
	struct filter filter;
	struct buf line; /* of output, being made */
	struct attempts all;
	size_t live; /* not ended, as far as was said */
	struct tail *events;
	struct timer locks, soon, first;
	struct contact contact;
	struct watched *fresh, **last_fresh;
	bool quick; /* the last end came in an instant */
	struct state state;
	struct buf dir; /* of the attempt at hand */
};

static void
attempt_dir(struct watcher *w, const struct watched *t)
{
	expdir_trial(&w->dir, w->v->dir, t->a.trial, t->a.number);
}

/* ---- what is said ---- */

static void
put(struct watcher *w)
{
	filter_put_buf(&w->filter, &w->line);
	buf_clear(&w->line);
}

/* Of what ends in an instant this goes out with the end. */
static void
put_calm(struct watcher *w)
{
	filter_put_calm(&w->filter, w->line.data, w->line.len);
	buf_clear(&w->line);
}

static void
fault(struct watcher *w, const char *message, const char *trial)
{
	filter_error(&w->filter, message, far_where(w->v->far, w->v->member),
	    NULL, trial);
}

static void look_soon(void *arg);

static void
again_soon(struct watcher *w, struct watched *t)
{
	t->look_soon = true;
	if (!timer_is_set(&w->soon))
		timer_set(w->loop, &w->soon, SOON_MS, look_soon, w);
}

static void
begin_status(struct watcher *w, const struct watched *t)
{
	record_begin_trial(&w->line, "status", t->a.trial, t->a.number);
}

static void
tell(struct watcher *w, struct watched *t, enum trial_status status,
    int64_t time_ms, const char *reason)
{
	if (t->said == status)
		return;
	t->said = status;
	begin_status(w, t);
	json_member_str(&w->line, "status", status_name(status));
	if (reason != NULL)
		json_member_str(&w->line, "reason", reason);
	json_member_time(&w->line, "time", time_ms);
	record_end(&w->line);
	if (status == STATUS_RUNNING && w->quick)
		put_calm(w);
	else
		put(w);
}

static void
tell_end(struct watcher *w, struct watched *t)
{
	enum trial_status meant = STATUS_NONE;

	if (w->state.poked)
		meant = intent_status(intent_read(w->dir.data));
	if (!status_is_end(t->said))
		w->live--;
	t->said = meant != STATUS_NONE ? meant : w->state.status;
	begin_status(w, t);
	state_end_members(&w->line, w->state.end, meant);
	record_end(&w->line);
	put(w);
}

/* The end is all that is known: its keeper could write its event only. */
static void
tell_end_by_event(struct watcher *w, struct watched *t, const char *why)
{
	enum trial_status status = t->told;
	struct buf reason = BUF_INIT;

	/* Nor could the keeper read why it was told to end. */
	if (status == STATUS_SYS_CANCELED && t->wish != STATUS_NONE)
		status = t->wish;
	buf_setf(&reason, "how it ended is not known: %s", why);
	if (!status_is_end(t->said))
		w->live--;
	t->said = status;
	begin_status(w, t);
	json_member_str(&w->line, "status", status_name(status));
	json_member_str(&w->line, "reason", reason.data);
	if (status == STATUS_SYS_CANCELED)
		json_member_bool(&w->line, "infra", true);
	json_member_time(&w->line, "time", clock_wall_ms());
	record_end(&w->line);
	put(w);
	buf_release(&reason);
}

/* What is true of it cannot be seen: said once, until the reason is another. */
static void
out_of_sight(struct watcher *w, struct watched *t, const char *why)
{
	int64_t now = loop_now_ms(w->loop);

	if (t->trouble == NULL || strcmp(t->trouble, why) != 0) {
		if (t->trouble == NULL)
			t->trouble_ms = now;
		free(t->trouble);
		t->trouble = xstrdup(why);
		fault(w, why, t->a.trial);
	}
	if (t->told == STATUS_NONE)
		tell(w, t, STATUS_UNKNOWN, clock_wall_ms(), why);
	else if (now - t->trouble_ms >= EVENT_MS)
		tell_end_by_event(w, t, why);
	else
		again_soon(w, t);
}

static void
in_sight(struct watched *t)
{
	free(t->trouble);
	t->trouble = NULL;
}

/* ---- what is true ---- */

/*
 * Writes an end that no keeper wrote, holding the lock.  0, or -1: not now.
 */
static int
write_verdict(struct watcher *w, struct watched *t, enum trial_status status,
    bool infra, const char *reason)
{
	struct buf err = BUF_INIT;
	int r = state_write_end(w->dir.data, status, infra, reason, &err);

	if (r == -1)
		out_of_sight(w, t, err.data);
	else /* `submit` counts what lives by the events */
		events_tell(
		    w->v->dir, OS_NO_FILE, t->a.trial, t->a.number, status);
	buf_release(&err);
	return r;
}

/* Of the attempt's claim. */
static bool
is_this_boot(const struct state *s)
{
	return record_is(s->boot, sys_boot_id());
}

/*
 * The attempt's directory was copied while it ran: what lives is not the
 * copy's. `dir`: where its keeper was started.
 */
static bool
lives_in_original(struct watcher *w, struct watched *t, const char *dir)
{
	struct buf lock = BUF_INIT, reason = BUF_INIT;
	bool lives;

	buf_setf(&lock, "%s/.nni/lock", dir);
	lives =
	    strcmp(dir, w->dir.data) != 0 && lock_held(lock.data, NULL) == 1;
	buf_setf(&reason, "it runs in '%s', of which this is a copy", dir);
	if (lives)
		tell(w, t, STATUS_UNKNOWN, clock_wall_ms(), reason.data);
	buf_release(&lock);
	buf_release(&reason);
	return lives;
}

/* Kills what a dead keeper left here. 0: all is gone; -1: not yet. */
static int
end_orphans(struct watcher *w, struct watched *t)
{
	struct buf dir = BUF_INIT, mark = BUF_INIT;
	int left = -1;

	if (json_string(w->state.dir, &dir) == -1)
		buf_set(&dir, w->dir.data);
	buf_setf(&mark, "NNI_SYS_DIR=%s", dir.data);
	if (!lives_in_original(w, t, dir.data)) {
		left = job_kill_orphans(
		    w->state.session, w->state.session_start, mark.data);
		if (left > 0)
			again_soon(w, t);
		else
			left = 0;
	}
	buf_release(&dir);
	buf_release(&mark);
	return left == 0 ? 0 : -1;
}

/* Its keeper is dead, and the lock is ours. */
static int
bury(struct watcher *w, struct watched *t)
{
	enum intent why = intent_read(w->dir.data);
	struct buf reason = BUF_INIT;
	int r;

	if (state_original_ended(&w->state, w->dir.data, &reason)) {
		r = write_verdict(w, t,
		    why ? intent_status(why) : STATUS_SYS_CANCELED, !why,
		    reason.data);
		buf_release(&reason);
		return r;
	}
	if (!is_this_boot(&w->state))
		return write_verdict(w, t, STATUS_FAILED, true,
		    "the machine was restarted while it ran");
	if (end_orphans(w, t) == -1)
		return -1;
	if (why != INTENT_NONE)
		return write_verdict(w, t, intent_status(why), false,
		    "its keeper was killed; what it left was ended");
	return write_verdict(w, t, STATUS_FAILED, true,
	    "its keeper died; what it left was ended");
}

/*
 * Its directory is gone, or was put elsewhere: that says nothing of what was
 * started in it, which is known by its environment, and by its session if we
 * saw that.  0: nothing lives; -1: not yet.
 */
static int
end_traceless(struct watcher *w, struct watched *t)
{
	struct buf dir = BUF_INIT, mark = BUF_INIT;
	int left = 0;

	if (path_absolute(w->dir.data, NULL, &dir, NULL) == 0) {
		buf_setf(&mark, "NNI_SYS_DIR=%s", dir.data);
		left =
		    job_kill_orphans(t->session, t->session_start, mark.data);
	}
	if (left > 0) {
		t->cleared = true;
		again_soon(w, t);
	}
	buf_release(&dir);
	buf_release(&mark);
	return left > 0 ? -1 : 0;
}

/* Nobody has the lock, there is no word of a start. */
static int
bury_unstarted(struct watcher *w, struct watched *t)
{
	enum intent why = intent_read(w->dir.data);

	if (end_traceless(w, t) == -1)
		return -1;
	if (t->cleared)
		return write_verdict(w, t, STATUS_SYS_CANCELED, true,
		    "its directory was removed while it ran; what lived of it "
		    "was ended");
	if (why != INTENT_NONE)
		return write_verdict(w, t, intent_status(why), false,
		    "cancelled before it was started");
	return write_verdict(w, t, STATUS_SYS_CANCELED, true,
	    "there is no trace of it in its directory");
}

/*
 * Nobody seems to see to it.  With the lock in our hands what the state says is
 * final.
 */
static void
look_for_dead(struct watcher *w, struct watched *t)
{
	struct buf path = BUF_INIT, err = BUF_INIT;
	struct lock lock = LOCK_INIT;
	int r;

	buf_setf(&path, "%s/.nni/lock", w->dir.data);
	r = prepare_dirs(w->dir.data, &err);
	if (r == 0)
		r = lock_try(&lock, path.data, 0600, NULL, &err);
	if (r == 1 && state_read(&w->state, w->dir.data, &err) == -1)
		r = -1;
	if (r == -1)
		out_of_sight(w, t, err.data);
	if (r == 1) {
		r = w->state.ended     ? 0
		    : w->state.claimed ? bury(w, t)
				       : bury_unstarted(w, t);
		if (r == 0 && !w->state.ended)
			r = state_read(&w->state, w->dir.data, NULL);
		if (r == 0 && w->state.ended) {
			in_sight(t);
			tell_end(w, t);
		}
	}
	lock_release(&lock);
	buf_release(&path);
	buf_release(&err);
}

/*
 * Nobody has its lock, as far as can be seen from here.  A record without a job
 * is that of a trial which is still to be started, as far as we know: whoever
 * asks how it is must not end it.
 */
static void
look_at_free(struct watcher *w, struct watched *t)
{
	if (!w->state.claimed && !expdir_is_there(w->v->dir))
		tell(w, t, STATUS_UNKNOWN, clock_wall_ms(),
		    "its experiment's directory was moved or removed");
	else if (!t->has_job && !w->state.claimed &&
		 intent_read(w->dir.data) == INTENT_NONE)
		tell(w, t, STATUS_WAITING, clock_wall_ms(),
		    "it is to be started here");
	else
		look_for_dead(w, t);
}

/* 1 held, 0 free. */
static int
lock_is_held(struct watcher *w, int64_t *holder)
{
	struct buf path = BUF_INIT;
	int r;

	buf_setf(&path, "%s/.nni/lock", w->dir.data);
	r = lock_held(path.data, holder);
	buf_release(&path);
	return r == 1;
}

/* It runs, or ran, on a machine whose locks and processes we cannot see. */
static bool
is_elsewhere(const struct state *s)
{
	return s->claimed && !is_this_boot(s) &&
	       !record_is(s->host, sys_host());
}

static void
tell_elsewhere(struct watcher *w, struct watched *t)
{
	struct buf reason = BUF_INIT, host = BUF_INIT;

	json_string(w->state.host, &host);
	buf_setf(&reason, "runs on %s", host.data);
	tell(w, t, STATUS_UNKNOWN, clock_wall_ms(), reason.data);
	buf_release(&reason);
	buf_release(&host);
}

static void
tell_running(struct watcher *w, struct watched *t, int64_t keeper)
{
	if (keeper > 0 && keeper != t->keeper) {
		t->keeper = keeper;
		t->keeper_start = proc_start_time(keeper);
	}
	in_sight(t);
	t->session = w->state.session;
	t->session_start = w->state.session_start;
	tell(w, t, STATUS_RUNNING, w->state.start_ms, NULL);
}

/* Somebody has the lock and has not come to the start yet. */
static void
wait_for_start(struct watcher *w, struct watched *t)
{
	tell(w, t, STATUS_WAITING, clock_wall_ms(), "being started");
	again_soon(w, t);
}

/* Of one that was too quick to be seen running, that it ran is told too. */
static void
tell_run_and_end(struct watcher *w, struct watched *t)
{
	if (t->said == STATUS_NONE && t->heard && w->state.started)
		tell(w, t, STATUS_RUNNING, w->state.start_ms, NULL);
	tell_end(w, t);
}

/* Finds out what is true of an attempt and says what is new. */
static void
look(struct watcher *w, struct watched *t)
{
	struct buf err = BUF_INIT;
	int64_t keeper = 0;

	attempt_dir(w, t);
	t->look_soon = t->fresh = false;
	if (state_read(&w->state, w->dir.data, &err) == -1)
		out_of_sight(w, t, err.data);
	else if (w->state.ended)
		tell_run_and_end(w, t);
	else if (is_elsewhere(&w->state))
		tell_elsewhere(w, t);
	else if (!lock_is_held(w, &keeper))
		look_at_free(w, t);
	else if (w->state.started)
		tell_running(w, t, keeper);
	else if (t->said != STATUS_RUNNING) /* else its state was emptied */
		wait_for_start(w, t);
	buf_release(&err);
}

/* ---- when to look ---- */

static void
hear_event(void *arg, char *line, size_t len)
{
	struct watcher *w = arg;
	struct watched *t;
	struct event e;

	(void)len;
	if (line == NULL || !events_parse(line, &e))
		return;
	t = attempts_find(&w->all, e.trial, e.attempt);
	/* It may be quicker than the record that gives it to us. */
	if (t == NULL)
		t = attempts_add(&w->all, e.trial, e.attempt, sizeof(*t));
	t->heard = true;
	if (status_is_end(e.status))
		t->told = e.status;
	w->quick = !t->given || loop_now_ms(w->loop) - t->given_ms <= FIRST_MS;
	if (t->given && !status_is_end(t->said))
		look(w, t);
}

static void
look_first(void *arg)
{
	struct watcher *w = arg;
	struct watched *t;

	while ((t = w->fresh) != NULL) {
		w->fresh = t->next_fresh;
		t->listed = false;
		if (!t->fresh)
			continue;
		w->quick = false;
		look(w, t);
	}
	w->last_fresh = &w->fresh;
}

static void
look_soon(void *arg)
{
	struct watcher *w = arg;
	struct watched *t;
	size_t i;

	for (i = 0; i < w->all.count; i++) {
		t = (struct watched *)w->all.all[i];
		if (t->look_soon)
			look(w, t);
	}
}

static void
look_later(struct watcher *w, struct watched *t)
{
	t->fresh = true;
	if (t->listed)
		return;
	t->listed = true;
	t->next_fresh = NULL;
	*w->last_fresh = t;
	w->last_fresh = &t->next_fresh;
	if (!timer_is_set(&w->first))
		timer_set(w->loop, &w->first, FIRST_MS, look_first, w);
}

static bool poke(struct watcher *w, const struct watched *t);

static void
try_lock(struct watcher *w, struct watched *t)
{
	if (t->said == STATUS_NONE || status_is_end(t->said))
		return;
	attempt_dir(w, t);
	if (t->said != STATUS_RUNNING || !lock_is_held(w, NULL))
		look(w, t);
	else if (t->poked)
		poke(w, t);
}

static void
try_locks(void *arg)
{
	struct watcher *w = arg;
	size_t i;

	for (i = 0; i < w->all.count; i++)
		try_lock(w, (struct watched *)w->all.all[i]);
	if (w->live > 0)
		timer_set(w->loop, &w->locks, LOCKS_MS, try_locks, w);
}

/* ---- what comes in ---- */

static struct watched *
watched(struct watcher *w, const struct record *r)
{
	struct watched *t = attempts_find(&w->all, r->trial, r->attempt);

	if (t == NULL)
		t = attempts_add(&w->all, r->trial, r->attempt, sizeof(*t));
	if (!t->given) {
		t->given = true;
		t->given_ms = loop_now_ms(w->loop);
		w->live++;
		if (!timer_is_set(&w->locks))
			timer_set(w->loop, &w->locks, LOCKS_MS, try_locks, w);
	}
	return t;
}

/*
 * Wakes the keeper of the attempt at hand, which then reads the intent.  Where
 * the lock cannot be looked at, the keeper is who held it before.
 */
static bool
poke(struct watcher *w, const struct watched *t)
{
	int64_t holder = 0;

	if (!lock_is_held(w, &holder)) {
		if (t == NULL || t->keeper == 0 || t->keeper_start <= 0 ||
		    proc_start_time(t->keeper) != t->keeper_start)
			return false;
		holder = t->keeper;
	}
	keeper_poke(w->dir.data, holder);
	return true;
}

static enum intent
intent_of(const struct record *r)
{
	if (json_bool(r->early, false))
		return INTENT_EARLY;
	return json_bool(record_get(r, "system"), false) ? INTENT_SYSTEM
							 : INTENT_USER;
}

/*
 * Of an attempt that we were not given nothing is said, but if it is there it
 * will end, or not start.
 */
static void
cancel(struct watcher *w, const struct record *r)
{
	struct watched *t = attempts_find(&w->all, r->trial, r->attempt);
	struct buf err = BUF_INIT;
	struct file_info info;

	if (t != NULL && !t->given)
		t = NULL;
	if (t != NULL && t->fresh)
		look(w, t);
	expdir_trial(&w->dir, w->v->dir, r->trial, r->attempt);
	if (t != NULL ? status_is_end(t->said)
		      : file_info(w->dir.data, false, &info) == -1 ||
			    info.type != FILE_DIR)
		return;
	if (t != NULL) {
		t->poked = true;
		t->wish = intent_status(intent_of(r));
	}
	/* nni-watch has written it; who drives us by hand has not. */
	if (intent_write(w->dir.data, intent_of(r), &err) == -1)
		fault(w, err.data, r->trial);
	if (!poke(w, t) && t != NULL)
		look(w, t);
	buf_release(&err);
}

/* The next parameters of a multi-phase trial. */
static void
update(struct watcher *w, const struct record *r)
{
	const struct watched *t = attempts_find(&w->all, r->trial, r->attempt);
	struct buf err = BUF_INIT;

	if (t != NULL && status_is_end(t->said))
		return;
	expdir_trial(&w->dir, w->v->dir, r->trial, r->attempt);
	if (parameters_update(w->dir.data, r, &err) == -1)
		fault(w, err.data, r->trial);
	buf_release(&err);
}

static void
take(void *arg, const struct record *r, const char *line, size_t len)
{
	struct watcher *w = arg;
	struct watched *t;

	(void)line;
	(void)len;
	if (far_takes(w->v->far, r))
		return;
	if (r->trial[0] == '\0')
		return;
	if (r->type == RECORD_TRIAL) {
		t = watched(w, r);
		t->has_job |= json_type(r->job) > JSON_NULL;
		if (t->said == STATUS_NONE && !t->heard && w->quick)
			look_later(w, t);
		else
			look(w, t);
	} else if (r->type == RECORD_CANCEL) {
		cancel(w, r);
	} else if (r->type == RECORD_UPDATE) {
		update(w, r);
	}
}

static void
no_more(void *arg)
{
	struct watcher *w = arg;

	contact_keep(&w->contact);
}

static void
leave_if_done(void *arg)
{
	struct watcher *w = arg;

	if (w->filter.ended && (w->live == 0 || w->v->once))
		filter_leave(&w->filter, NNI_OK);
}

static const struct filter_calls calls = {take, no_more, leave_if_done, NULL};

int
verb_watch(const struct verb *v)
{
	struct watcher w = {.v = v,
	    .loop = loop_new(),
	    .line = BUF_INIT,
	    .all = ATTEMPTS_INIT,
	    .dir = BUF_INIT};
	size_t i;
	int code;

	w.last_fresh = &w.fresh;
	state_init(&w.state);
	filter_init(&w.filter, w.loop, FILTER_JSONL, true, &calls, &w);
	w.events = tail_events(w.loop, v->dir, hear_event, &w);
	far_begin(v->far, w.loop, &w.filter, contact_make, &w.contact);
	contact_begin(&w.contact, w.loop, v->dir);
	if (v->far == NULL)
		contact_keep(&w.contact);
	code = loop_run(w.loop);
	contact_end(&w.contact);
	tail_close(w.events);
	timer_stop(&w.locks);
	timer_stop(&w.soon);
	timer_stop(&w.first);
	filter_release(&w.filter);
	loop_free(w.loop);
	for (i = 0; i < w.all.count; i++)
		in_sight((struct watched *)w.all.all[i]);
	attempts_release(&w.all);
	state_release(&w.state);
	buf_release(&w.line);
	buf_release(&w.dir);
	return code;
}
