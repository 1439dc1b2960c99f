/* Trials from their start to their end, with their metrics; one, and many. */
#include "play.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mem.h"

/* ---- one ---- */

/* The n-th metric's value is exactly that text, and its number is n. */
static void
value_is(struct ring *r, const char *id, size_t n, const char *kind,
    const char *text)
{
	const struct heard *h = verb_find(&r->collect, RECORD_METRIC, id, n);
	bool final = !strcmp(kind, "final");

	told(r->stage,
	    h && json_is(h->r.value, text) && record_is(h->r.kind, kind) &&
		h->r.sequence == (final ? 0 : (int64_t)n),
	    strcmp(text, "\"NaN\"") ? BYTE_FOR_BYTE : METRIC_NAN,
	    "metric %d: %s, sequence %d, value %s", (int)n, kind,
	    final ? 0 : (int)n, text);
	if (h)
		note(r->stage, "`collect` said: %s", h->line);
	else
		note_verb(&r->collect, id);
}

/* Says `watch` each thing once, and nothing behind the end? */
static void
look_at_statuses(struct ring *r, const char *id)
{
	struct stage *s = r->stage;
	enum trial_status last = STATUS_NONE;
	struct json why = JSON_NONE;
	size_t i, repeated = 0, late = 0;

	for (i = 0; i < r->watch.count; i++) {
		const struct heard *h = &r->watch.heard[i];

		if (h->r.type != RECORD_STATUS || strcmp(h->r.trial, id))
			continue;
		late += status_is_end(last);
		/* Why it waits may change. */
		repeated += h->r.status == last && !status_is_end(last) &&
			    h->r.reason.len == why.len &&
			    (why.len == 0 ||
				memcmp(h->r.reason.at, why.at, why.len) == 0);
		last = h->r.status;
		why = h->r.reason;
	}
	told(s, !late, WATCH_ENDS, "watch says one end, and nothing after it");
	note_verb(&r->watch, id);
	told(s, !repeated, WATCH_CHANGES, "and no status twice");
	note_verb(&r->watch, id);
}

static void
look_at_records(struct ring *r, const char *id)
{
	struct stage *s = r->stage;
	const char *line = ring_trial(r, id);
	const struct heard *metric;
	struct record t;

	told(s, line != NULL && verb_count(&r->submit, RECORD_TRIAL, id) == 1,
	    SUBMIT_ANSWERS, "submit answers a trial once, with a job");
	note_verb(&r->submit, id);
	told(s,
	    line && record_parse(&t, line, strlen(line), NULL) == 0 &&
		record_is(record_get(&t, "x-unknown"), "kept"),
	    KEEP_KEYS, "the answer has the keys that nobody knows");
	note(s, "sent was \"x-unknown\":\"kept\"");
	note_verb(&r->submit, id);
	metric = verb_find(&r->collect, RECORD_METRIC, id, 1);
	told(s,
	    metric && metric->r.at.at && metric->r.attempt == 1 &&
		metric->r.time.at,
	    METRIC_AT, "a metric has its attempt, time and `at`");
	note_verb(&r->collect, id);
}

/* Metrics before the end, the end once. */
static void
look_at_order(struct ring *r, const char *id)
{
	told(r->stage, play_in_order(&r->collect, id), METRICS_FIRST,
	    "collect gives the metrics, then one end");
	note_verb(&r->collect, id);
}

void
part_one(struct stage *s)
{
	struct actor a = {
	    .parameters = "{\"do\":\"metrics\",\"x\":250.0e-2,\"y\":1}"};
	struct ring r;

	if (!play_trials(&r, s, &a, 1, ring_ends))
		return;
	ring_finish(&r);
	play_ended_as(&r, a.id, STATUS_SUCCEEDED, WATCH_ENDS, "a trial ends");
	if (!s->gave_up) {
		look_at_statuses(&r, a.id);
		look_at_records(&r, a.id);
		value_is(&r, a.id, 1, "intermediate", "0.10");
		value_is(&r, a.id, 2, "intermediate",
		    "{\"default\": 1e-5, \"note\": \"it\\u0027s\"}");
		value_is(&r, a.id, 3, "intermediate", "\"NaN\"");
		/* what the trial found in its parameter file */
		value_is(&r, a.id, 4, "intermediate", "250.0e-2");
		value_is(&r, a.id, 5, "final", "2.50");
		look_at_order(&r, a.id);
	}
	ring_release(&r);
}

/* ---- ends, attempts ---- */

static void
look_at_failure(struct ring *r, const char *id)
{
	const struct heard *end = verb_end_of(&r->collect, id);
	int64_t code = -1;

	if (!end)
		return;
	json_int(record_get(&end->r, "exit_code"), &code);
	told(r->stage, code == 3, WATCH_REASON, "its exit_code is 3");
	note(r->stage, "it ended so: %s", end->line);
	told(r->stage, end->r.reason.at && !end->r.infra, WATCH_REASON,
	    "it has a reason, and infra is not true");
	note(r->stage, "it ended so: %s", end->line);
}

void
part_ends(struct stage *s)
{
	struct actor a[] = {{.parameters = "{\"do\":\"fail\"}"},
	    {.parameters = "{\"do\":\"none\"}"}};
	const struct heard *end;
	struct ring r;

	if (!play_trials(&r, s, a, 2, ring_ends))
		return;
	play_ended_as(&r, a[0].id, STATUS_FAILED, WATCH_REASON,
	    "a trial that exits with 3");
	look_at_failure(&r, a[0].id);
	play_ended_as(&r, a[1].id, STATUS_SUCCEEDED, WATCH_ENDS,
	    "a trial that reports nothing");
	end = verb_end_of(&r.collect, a[1].id);
	told(s, end && json_bool(record_get(&end->r, "no_final_metric"), false),
	    NO_FINAL_METRIC, "with no_final_metric: true");
	note_verb(&r.collect, a[1].id);
	ring_close(&r);
}

/* Records about this attempt alone. */
static size_t
other_attempts(const struct verb *v, const char *id, int attempt)
{
	size_t i, n = 0;

	for (i = 0; i < v->count; i++)
		n += !strcmp(v->heard[i].r.trial, id) &&
		     v->heard[i].r.attempt != attempt;
	return n;
}

void
part_attempts(struct stage *s)
{
	struct actor first = {.parameters = "{\"do\":\"fail\"}"};
	struct actor second = {
	    .parameters = "{\"do\":\"short\"}", .attempt = 2};
	struct ring r;

	if (!play_trials(&r, s, &first, 1, ring_ends))
		return;
	ring_close(&r);
	if (ring_open(&r, s) == -1)
		return;
	memcpy(second.id, first.id, sizeof(second.id));
	ring_submit(&r, &second, 1);
	ring_ends(&r);
	play_ended_as(&r, second.id, STATUS_SUCCEEDED, ATTEMPTS,
	    "a trial that failed, in its second attempt");
	told(s,
	    !other_attempts(&r.submit, second.id, 2) &&
		!other_attempts(&r.watch, second.id, 2) &&
		!other_attempts(&r.collect, second.id, 2),
	    ATTEMPTS, "all that is said of it has \"attempt\":2");
	ring_note(&r, second.id);
	told(s, verb_count(&r.collect, RECORD_METRIC, second.id) == 2, ATTEMPTS,
	    "its metrics are its own");
	note_verb(&r.collect, second.id);
	ring_close(&r);
}

/* ---- again, once ---- */

/* Who does not stay ends at once. */
#define STAYS_MS 300

/* The same metrics with the same `at`, in the same order. */
static bool
same_metrics(const struct verb *one, const struct verb *other, const char *id)
{
	size_t i, n = verb_count(one, RECORD_METRIC, id);
	bool same = n == verb_count(other, RECORD_METRIC, id);

	for (i = 0; i < n && same; i++) {
		struct json a = verb_find(one, RECORD_METRIC, id, i)->r.at;
		struct json b = verb_find(other, RECORD_METRIC, id, i)->r.at;

		same = a.len == b.len && (!a.len || !memcmp(a.at, b.at, a.len));
	}
	return same;
}

/* A new process of the verb is told everything again. */
static void
told_again(struct stage *s, struct ring *r, const char *verb, const char *id)
{
	struct verb v = {0};
	const struct heard *status = verb_end_of(&r->watch, id);
	const struct heard *end;

	play_alone(s, &v, verb, ring_trial(r, id),
	    !strcmp(verb, "collect") && status ? status->line : NULL);
	end = verb_end_of(&v, id);
	told(s, end && end->r.status == STATUS_SUCCEEDED && !v.late, WATCH_ENDS,
	    "a new %s says the same end", verb);
	note_verb(&v, id);
	if (!strcmp(verb, "collect")) {
		told(s, same_metrics(&r->collect, &v, id), METRIC_AT,
		    "and the same metrics with the same `at`");
		note_verb(&r->collect, id);
		note_verb(&v, id);
	}
	verb_release(&v);
}

void
part_again(struct stage *s)
{
	struct actor a = {.parameters = "{\"do\":\"metrics\",\"x\":1}"};
	struct ring r;

	if (!play_trials(&r, s, &a, 1, ring_ends))
		return;
	verb_kill(&r.watch);
	verb_kill(&r.collect);
	told_again(s, &r, "watch", a.id);
	told_again(s, &r, "collect", a.id);
	ring_release(&r);
}

/* `watch --once` of a trial that runs. */
static void
watch_once(struct stage *s, struct ring *r, const char *id)
{
	const struct heard *h;
	struct verb v = {0};

	if (s->gave_up || verb_start_once(s, &v, "watch") == -1)
		return;
	verb_send(&v, ring_trial(r, id));
	told(s, verb_finish(&v), WATCH_ONCE,
	    "watch --once ends while a trial runs");
	note_verb(&v, id);
	h = verb_find(&v, RECORD_STATUS, id, 0);
	told(s, h && h->r.status == STATUS_RUNNING, WATCH_ONCE,
	    "and says RUNNING");
	note_verb(&v, id);
	verb_release(&v);
}

void
part_once(struct stage *s)
{
	struct actor a = {.parameters = "{\"do\":\"long\"}"};
	struct verb stays = {0};
	struct ring r;
	bool started;

	if (!play_trials(&r, s, &a, 1, ring_runs))
		return;
	watch_once(s, &r, a.id);
	started = !s->gave_up && verb_start(s, &stays, "watch", NULL) == 0;
	if (started) {
		verb_send(&stays, ring_trial(&r, a.id));
		verb_end_input(&stays);
		told(s, !stage_pass(s, STAYS_MS, verb_has_ended, &stays),
		    WATCH_STAYS, "without --once watch stays");
		note_verb(&stays, a.id);
	}
	ring_cancel(&r, &a, false);
	ring_ends(&r);
	if (started) {
		told(s, verb_finish(&stays) && verb_end_of(&stays, a.id),
		    WATCH_STAYS,
		    "without --once watch stays until the trial has ended");
		note_verb(&stays, a.id);
	}
	verb_release(&stays);
	ring_finish(&r);
	look_at_statuses(&r, a.id);
	ring_release(&r);
}

/* ---- many ---- */

/* The trial has its metric, then one end, which is SUCCEEDED. */
static bool
is_good(const struct verb *v, const char *id)
{
	const struct heard *end = verb_end_of(v, id);

	return end && end->r.status == STATUS_SUCCEEDED &&
	       play_in_order(v, id) && verb_count(v, RECORD_METRIC, id) == 1;
}

void
part_many(struct stage *s)
{
	size_t i, n = (size_t)play_many_trials, good = 0;
	struct actor *all = xcalloc(n, sizeof(*all));
	const char *bad = NULL;
	struct ring r;

	for (i = 0; i < n; i++)
		all[i].parameters = "{\"do\":\"quick\"}";
	if (play_begin(&r, s)) {
		ring_submit(&r, all, n);
		ring_ends(&r);
		ring_finish(&r);
		for (i = 0; i < n; i++) {
			if (is_good(&r.collect, all[i].id))
				good++;
			else
				bad = all[i].id;
		}
		told(s, good == n, METRICS_FIRST,
		    "%d trials, each with its metric, then one end", (int)n);
		note(s, "%d of them are so", (int)good);
		if (bad)
			ring_note(&r, bad);
		ring_release(&r);
	}
	free(all);
}

/* ---- no-room ---- */

enum { BEYOND = 64 };

/* What `submit` said of it: a job, no_room or FAILED, all complete. */
static bool
is_answered(const struct verb *v, const char *id)
{
	const struct heard *h = verb_find(v, RECORD_NO_ROOM, id, 0);
	size_t answers = verb_count(v, RECORD_TRIAL, id) +
			 verb_count(v, RECORD_STATUS, id) +
			 verb_count(v, RECORD_NO_ROOM, id);

	return answers == 1 && (!h || (h->r.place.at && h->r.reason.at &&
					  record_get(&h->r, "attempt").at));
}

/* Those that were given back must not be started all the same. */
static void
look_at_refused(struct stage *s, struct ring *r, struct actor *a, size_t n)
{
	struct buf line = BUF_INIT;
	struct verb v = {0};
	const char *started = NULL;
	size_t i;

	if (verb_start(s, &v, "collect", NULL) == -1)
		return;
	for (i = 0; i < n; i++) {
		if (!verb_find(&r->submit, RECORD_NO_ROOM, a[i].id, 0))
			continue;
		trial_line(
		    s, a[i].id, 1, r->place.data, a[i].parameters, &line);
		verb_send(&v, line.data);
	}
	verb_finish(&v);
	for (i = 0; i < n; i++)
		if (verb_find(&r->submit, RECORD_NO_ROOM, a[i].id, 0) &&
		    verb_count(&v, RECORD_METRIC, a[i].id))
			started = a[i].id;
	told(s, !started, NO_ROOM, "none of those given back was started");
	if (started) {
		note_verb(&r->submit, started);
		note_verb(&v, started);
	}
	verb_release(&v);
	buf_release(&line);
}

/* More at once than there is credit for. */
static void
send_many(struct stage *s, struct ring *r, struct actor *a)
{
	struct buf line = BUF_INIT;
	size_t i;

	for (i = 0; i < BEYOND; i++) {
		a[i].parameters = "{\"do\":\"short\"}";
		trial_new(s, a[i].id);
		trial_line(
		    s, a[i].id, 1, r->place.data, a[i].parameters, &line);
		verb_send(&r->submit, line.data);
	}
	buf_release(&line);
}

static bool
has_credit(void *arg)
{
	return verb_find(arg, RECORD_CREDIT, NULL, 0) != NULL;
}

void
part_no_room(struct stage *s)
{
	struct actor a[BEYOND] = {{.attempt = 1}};
	const char *bad = NULL;
	struct ring r;
	size_t i, good = 0;

	if (!s->credit) {
		passed_over(s, "no_room", "it has a queue of its own");
		return;
	}
	if (!play_begin(&r, s))
		return;
	told(s, stage_wait(s, NULL, has_credit, &r.submit), CREDIT,
	    "credit comes by itself");
	ring_submit(&r, a, 0);
	send_many(s, &r, a);
	verb_finish(&r.submit);
	for (i = 0; i < BEYOND; i++) {
		if (is_answered(&r.submit, a[i].id))
			good++;
		else
			bad = a[i].id;
	}
	told(s, good == BEYOND, NO_ROOM,
	    "each of %d at once gets one job, no_room or FAILED", BEYOND);
	if (bad)
		note_verb(&r.submit, bad);
	ring_finish(&r);
	if (!s->gave_up)
		look_at_refused(s, &r, a, BEYOND);
	ring_release(&r);
}
