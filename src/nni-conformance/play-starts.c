/* Starting once, whatever happens, and cancelling. */
#include "play.h"

#include <string.h>

#include "os/sys.h"

/* ---- adopt ---- */

/* How many starts of the trial its metrics tell of; a repeat is none. */
static size_t
starts(const struct verb *v, const char *id)
{
	struct json first = JSON_NONE;
	size_t i, n = 0;

	for (i = 0; i < v->count; i++) {
		const struct heard *h = &v->heard[i];
		struct json value = h->r.value;

		if (h->r.type != RECORD_METRIC || strcmp(h->r.trial, id) ||
		    value.len < 7 || memcmp(value.at, "\"start ", 7))
			continue;
		if (first.at && first.len == value.len &&
		    !memcmp(first.at, value.at, value.len))
			continue;
		first = value;
		n++;
	}
	return n;
}

static void
submit_again(struct stage *s, struct ring *r, struct actor *a)
{
	struct verb again = {0};
	const struct heard *h;
	struct buf line = BUF_INIT;
	struct record first;
	const char *t = ring_trial(r, a->id);

	/* The same once more, to the same and to another process. */
	trial_line(s, a->id, 1, r->place.data, a->parameters, &line);
	verb_send(&r->submit, line.data);
	play_alone(s, &again, "submit", line.data, NULL);
	h = verb_find(&again, RECORD_TRIAL, a->id, 0);
	told(s,
	    h && t && record_parse(&first, t, strlen(t), NULL) == 0 &&
		h->r.job.len == first.job.len &&
		!memcmp(h->r.job.at, first.job.at, first.job.len),
	    ADOPT, "a trial that is there is answered with its job");
	note_verb(&r->submit, a->id);
	note_verb(&again, a->id);
	verb_release(&again);
	buf_release(&line);
}

/* The same id with other parameters is somebody else's. */
static void
submit_other(struct stage *s, struct ring *r, struct actor *a)
{
	struct verb other = {0};
	const struct heard *h;
	struct buf line = BUF_INIT;

	trial_line(s, a->id, 1, r->place.data, "{\"do\":\"none\"}", &line);
	play_alone(s, &other, "submit", line.data, NULL);
	h = verb_find(&other, RECORD_STATUS, a->id, 0);
	told(s,
	    h && h->r.status == STATUS_FAILED && h->r.reason.at &&
		!verb_count(&other, RECORD_TRIAL, a->id),
	    ADOPT_EQUAL, "with other parameters it is FAILED");
	note_verb(&other, a->id);
	verb_release(&other);
	buf_release(&line);
}

static bool
started_twice(void *arg)
{
	struct ring *r = arg;

	return starts(&r->collect, r->actors[0].id) > 1;
}

void
part_adopt(struct stage *s)
{
	struct actor a = {.parameters = "{\"do\":\"short\"}"};
	struct ring r;
	bool twice;

	if (!s->adopt) {
		passed_over(s, "a trial is started once", "adopt is false");
		return;
	}
	if (!play_begin(&r, s))
		return;
	if (ring_submit(&r, &a, 1))
		submit_again(s, &r, &a);
	ring_ends(&r);
	if (!s->gave_up && verb_end_of(&r.watch, a.id)) {
		/* Somebody who starts it again does so soon. */
		twice = stage_pass(s, 300, started_twice, &r);
		verb_kill(&r.collect);
		verb_release(&r.collect);
		r.watch.to_collect = &r.collect;
		play_alone(s, &r.collect, "collect", ring_trial(&r, a.id),
		    verb_end_of(&r.watch, a.id)->line);
		told(s, !twice && starts(&r.collect, a.id) == 1, ADOPT,
		    "it was started once");
		note_verb(&r.collect, a.id);
		submit_other(s, &r, &a);
	}
	ring_release(&r);
}

/* Sends a trial, kills the verb after `ms`, and lets the ring submit it. */
static bool
killed_after(struct stage *s, int64_t ms, size_t *started)
{
	struct actor a = {.parameters = "{\"do\":\"short\"}"};
	struct buf line = BUF_INIT;
	const struct heard *end;
	struct verb first = {0};
	struct ring r;
	bool good;

	*started = 0;
	if (stage_open(s, NULL) == -1 ||
	    verb_start(s, &first, "submit", NULL) == -1)
		return false;
	trial_new(s, a.id);
	trial_line(s, a.id, 1, s->member, a.parameters, &line);
	verb_send(&first, line.data);
	stage_pass(s, ms, NULL, NULL);
	verb_kill(&first);
	verb_release(&first);
	buf_release(&line);
	if (ring_open(&r, s) == -1)
		return false;
	ring_submit(&r, &a, 1);
	ring_ends(&r);
	end = verb_end_of(&r.collect, a.id);
	*started = starts(&r.collect, a.id);
	good = end && end->r.status == STATUS_SUCCEEDED;
	if (!s->gave_up && !good) {
		told(s, false, ADOPT,
		    "submit was killed %d ms after it got a trial: this ends "
		    "well all the same",
		    (int)ms);
		ring_note(&r, a.id);
	}
	verb_finish(&r.submit);
	verb_finish(&r.watch);
	verb_finish(&r.collect);
	ring_release(&r);
	return good;
}

void
part_kills(struct stage *s)
{
	int64_t ms;
	size_t started, twice = 0;
	bool good = true;

	if (!s->adopt) {
		passed_over(
		    s, "submit is killed and repeated", "adopt is false");
		return;
	}
	for (ms = 0; ms < 40 && good; ms += ms < 10 ? 1 : 3) {
		good = killed_after(s, ms, &started);
		twice += started > 1;
	}
	if (!good)
		return; /* told already */
	told(s, true, ADOPT,
	    "killed at 20 moments and repeated, each trial ends well");
	told(s, !twice, ADOPT, "and none of them was started twice");
	note(s, "%d were", (int)twice);
}

/* It is asked for before it is submitted: that must not end it. */
static void
look_up_unsent(struct stage *s)
{
	struct actor a = {.parameters = "{\"do\":\"short\"}"};
	struct buf line = BUF_INIT;
	const struct heard *h;
	struct verb v = {0};
	const char *place = ring_place(s);
	struct ring r;

	stage_open(s, NULL);
	trial_new(s, a.id);
	trial_line(s, a.id, 1, place, a.parameters, &line);
	if (verb_start_once(s, &v, "watch") == 0) {
		verb_send(&v, line.data);
		verb_finish(&v);
	}
	h = verb_find(&v, RECORD_STATUS, a.id, 0);
	told(s, h && h->r.status == STATUS_WAITING && !verb_end_of(&v, a.id),
	    WATCH_UNSENT, "a trial without a job is WAITING");
	note_verb(&v, a.id);
	verb_release(&v);
	buf_release(&line);
	if (s->gave_up || ring_open(&r, s) == -1)
		return;
	ring_submit(&r, &a, 1);
	ring_ends(&r);
	play_ended_as(&r, a.id, STATUS_SUCCEEDED, WATCH_UNSENT,
	    "and can be started then");
	ring_close(&r);
}

void
part_lookup(struct stage *s)
{
	struct buf line = BUF_INIT, old = BUF_INIT;
	struct verb v = {0};
	const struct heard *end;
	char id[TRIAL_ID_LEN + 1];
	const char *place = ring_place(s);
	struct record t;

	stage_open(s, NULL);
	trial_new(s, id);
	trial_line(s, id, 1, place, "{\"do\":\"short\"}", &line);
	record_parse(&t, line.data, line.len, NULL);
	record_set(&old, t.line, "time", (struct json){"1000000000.000", 14});
	record_parse(&t, old.data, old.len, NULL);
	buf_clear(&line);
	record_set(&line, t.line, "job", (struct json){"\"gone\"", 6});
	play_alone(s, &v, "watch", line.data, NULL);
	end = verb_end_of(&v, id);
	told(s,
	    end && end->r.status == STATUS_SYS_CANCELED && end->r.infra &&
		end->r.reason.at,
	    WATCH_LOOKUP,
	    "a job of the year 2001 that nobody knows is SYS_CANCELED");
	note_verb(&v, id);
	verb_release(&v);
	buf_release(&line);
	buf_release(&old);
	if (!s->gave_up)
		look_up_unsent(s);
}

/* ---- cancelling ---- */

static void
cancel_running(struct stage *s, bool early)
{
	struct actor a = {.parameters = "{\"do\":\"long\"}"};
	struct ring r;

	if (!play_trials(&r, s, &a, 1, ring_runs))
		return;
	ring_cancel(&r, &a, early);
	ring_ends(&r);
	play_ended_as(&r, a.id,
	    early ? STATUS_EARLY_STOPPED : STATUS_USER_CANCELED, CANCEL_INTENT,
	    early ? "`intent` says early" : "`intent` says user");
	ring_close(&r);
}

void
part_cancel(struct stage *s)
{
	/* One after the other: there may be room for one trial only. */
	cancel_running(s, false);
	cancel_running(s, true);
}

void
part_cancel_now(struct stage *s)
{
	struct actor a = {.parameters = "{\"do\":\"long\"}"};
	struct ring r;

	if (!play_trials(&r, s, &a, 1, NULL))
		return;
	ring_cancel(&r, &a, false);
	ring_ends(&r);
	ring_finish(&r);
	play_ended_as(&r, a.id, STATUS_USER_CANCELED, CANCEL_INTENT,
	    "cancelled as soon as it has a job");
	told(s, play_in_order(&r.collect, a.id), METRICS_FIRST, "with one end");
	note_verb(&r.collect, a.id);
	ring_release(&r);
}

void
part_cancel_late(struct stage *s)
{
	struct actor a = {.parameters = "{\"do\":\"short\"}"};
	struct ring r;

	if (!play_trials(&r, s, &a, 1, ring_ends))
		return;
	ring_cancel(&r, &a, false);
	ring_finish(&r);
	play_ended_as(&r, a.id, STATUS_SUCCEEDED, CANCEL_LATE,
	    "cancelled after its end, a trial keeps it");
	told(s, play_in_order(&r.collect, a.id), WATCH_ENDS,
	    "and has no second one");
	note_verb(&r.collect, a.id);
	ring_release(&r);
}

/* ---- a trial that does not want to go ---- */

/* How long its first metric may take, and how long it is watched for others. */
#define LIVE_MS 1500
#define BEATS_MS 1000

/* How many metrics it has, asked now. */
static size_t
count_now(struct stage *s, struct ring *r, const char *id)
{
	struct verb v = {0};
	const struct heard *end = verb_end_of(&r->watch, id);
	size_t n;

	if (!end || !ring_trial(r, id))
		return 0;
	play_alone(s, &v, "collect", ring_trial(r, id), end->line);
	n = verb_count(&v, RECORD_METRIC, id);
	verb_release(&v);
	return n;
}

static bool
has_metric(void *arg)
{
	struct ring *r = arg;

	return verb_find(&r->collect, RECORD_METRIC, r->actors[0].id, 0);
}

/* An assessor must see metrics of trials that run; not all backends can. */
static void
look_for_live(struct stage *s, struct ring *r)
{
	bool live;

	if (s->gave_up)
		return;
	live = stage_pass(s, LIVE_MS, has_metric, r);
	if (live)
		told(s, true, METRICS_LIVE, "metrics come while it runs");
	else
		todo(s, METRICS_LIVE, "metrics come while it runs");
}

void
part_gone(struct stage *s)
{
	struct actor a = {.parameters = "{\"do\":\"stubborn\"}"};
	size_t first, second;
	struct ring r;

	if (!play_trials(&r, s, &a, 1, ring_runs))
		return;
	look_for_live(s, &r);
	ring_cancel(&r, &a, false);
	ring_ends(&r);
	play_ended_as(&r, a.id, STATUS_USER_CANCELED, CANCEL_GONE,
	    "a trial that ignores SIGTERM is cancelled");
	if (!s->gave_up) {
		first = count_now(s, &r, a.id);
		/* It reports five times a second, if it lives. */
		stage_pass(s, BEATS_MS, NULL, NULL);
		second = count_now(s, &r, a.id);
		told(s, first == second, CANCEL_GONE,
		    "nothing of it is left when its end is said");
		note(s, "%d metrics at its end, %d later: it lives", (int)first,
		    (int)second);
	}
	ring_close(&r);
}
