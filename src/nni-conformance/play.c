/*
 * The contract of section "Verbs" in platforms/README, played against a real
 * backend: what nni-submit, nni-watch and nni-collect rely on.
 */
#include "play.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "expdir.h"
#include "intent.h"
#include "os/file.h"
#include "os/sys.h"
#include "quote.h"
#include "ring.h"
#include "say.h"

static int tests, failures;

/* One TAP line; returns `good`. */
static bool told(bool good, const char *fmt, ...) NNI_FORMAT(2, 3);

static bool
told(bool good, const char *fmt, ...)
{
	struct buf line = BUF_INIT;
	size_t from;
	va_list ap;

	buf_addf(&line, "%sok %d - ", good ? "" : "not ", ++tests);
	from = line.len;
	va_start(ap, fmt);
	buf_addv(&line, fmt, ap);
	va_end(ap);
	quote_visible_tail(&line, from);
	buf_addc(&line, '\n');
	say_data(line.data, line.len);
	buf_release(&line);
	failures += !good;
	return good;
}

static void
passed_over(const char *name, const char *why)
{
	printf("ok %d - %s # SKIP %s\n", ++tests, name, why);
}

/* A new experiment and its three verbs; false: said, nothing to go on with. */
static bool
begin(struct ring *r, struct stage *s)
{
	struct buf err = BUF_INIT;
	bool good;

	memset(r, 0, sizeof(*r));
	good = stage_open(s, &err) == 0 && ring_open(r, s, &err) == 0;
	if (!good)
		told(false, "an experiment begins: %s", err.data);
	buf_release(&err);
	return good;
}

/* Does the end say this status? Tells what it says if not. */
static bool
ended_as(const struct verb *v, const char *id, enum trial_status wanted,
    const char *name)
{
	const struct heard *end = verb_end_of(v, id);

	if (!told(end && end->r.status == wanted, "%s", name))
		printf("# %s: %s\n", id, end ? end->line : "no end was said");
	return end != NULL;
}

/* ---- verbs that ask ---- */

static bool
one_object(struct stage *s, const char *verb, struct verb *v)
{
	struct buf err = BUF_INIT;
	bool good = verb_start(s, v, verb, &err) == 0 && verb_finish(v);

	buf_release(&err);
	return good && !v->bad;
}

static void
play_capabilities(struct stage *s)
{
	struct verb v = {0};
	struct json line, needs;
	int64_t protocol;

	if (stage_open(s, NULL) == -1 ||
	    !told(one_object(s, "capabilities", &v) && v.count == 1,
		"capabilities prints one object and exits with 0")) {
		verb_release(&v);
		return;
	}
	line = v.heard[0].r.line;
	told(json_type(json_get(line, "verbs")) == JSON_ARRAY,
	    "capabilities lists its verbs");
	needs = json_get(line, "needs_code");
	told(record_is(needs, "none") || record_is(needs, "archive") ||
		 record_is(needs, "shared"),
	    "capabilities: needs_code is none, archive or shared");
	told(json_int(json_get(line, "protocol"), &protocol) == 0 &&
		 protocol == 1,
	    "capabilities: protocol is 1");
	s->adopt = json_bool(json_get(line, "adopt"), false);
	s->credit = json_bool(json_get(line, "credit"), false);
	verb_release(&v);
}

static size_t
count_files(const char *dir)
{
	char **names;
	enum file_type *types;
	struct buf path = BUF_INIT;
	size_t count, i, n = 0;

	if (dir_list(dir, &names, &types, &count, NULL) == -1)
		return 0;
	for (i = 0; i < count; i++) {
		n++;
		if (types[i] != FILE_DIR)
			continue;
		expdir_path(&path, dir, names[i]);
		n += count_files(path.data);
	}
	dir_list_free(names, types, count);
	buf_release(&path);
	return n;
}

static void
play_check(struct stage *s)
{
	struct verb v = {0};
	size_t before, after;

	stage_open(s, NULL);
	before = count_files(s->dir.data);
	told(one_object(s, "check", &v), "check exits with 0 on a good config");
	after = count_files(s->dir.data);
	told(before == after, "check changes nothing");
	verb_release(&v);
}

static void
play_nothing(struct stage *s)
{
	static const char *const verbs[] = {"submit", "watch", "collect"};
	size_t i;

	for (i = 0; i < 3; i++) {
		struct verb v = {0};

		stage_open(s, NULL);
		told(one_object(s, verbs[i], &v),
		    "%s with no input ends with 0", verbs[i]);
		verb_release(&v);
	}
}

static void
play_usage(struct stage *s)
{
	const char *member = s->member;
	struct verb v = {0};

	stage_open(s, NULL);
	if (verb_start(s, &v, "no-such-verb", NULL) == 0)
		told(!verb_finish(&v), "an unknown verb is refused");
	verb_release(&v);
	s->member = "no-such-member";
	if (verb_start(s, &v, "submit", NULL) == 0)
		told(!verb_finish(&v), "an unknown member is refused");
	verb_release(&v);
	s->member = member;
}

/* ---- one trial ---- */

/* The n-th metric's value is exactly that text. */
static void
value_is(const struct verb *v, const char *id, size_t n, const char *kind,
    const char *text)
{
	const struct heard *h = verb_find(v, RECORD_METRIC, id, n);
	bool good =
	    h && json_is(h->r.value, text) && record_is(h->r.kind, kind);

	if (!told(good, "metric %d is %s, byte for byte", (int)n, text))
		printf("# %s\n", h ? h->line : "no such metric");
}

/* All metrics of the trial stand before its end, and the end stands once. */
static bool
in_order(const struct verb *v, const char *id)
{
	size_t i, ends = 0;

	for (i = 0; i < v->count; i++) {
		const struct heard *h = &v->heard[i];

		if (strcmp(h->r.trial, id))
			continue;
		if (h->r.type == RECORD_METRIC && ends)
			return false;
		if (h->r.type == RECORD_STATUS && status_is_end(h->r.status))
			ends++;
	}
	return ends == 1;
}

static void
look_at_records(struct ring *r, const char *id)
{
	const char *line = ring_trial(r, id);
	const struct heard *metric;
	struct record t;

	told(line && record_parse(&t, line, strlen(line), NULL) == 0 &&
		 record_is(record_get(&t, "x-unknown"), "kept"),
	    "submit keeps keys that it does not know");
	told(verb_count(&r->submit, RECORD_TRIAL, id) == 1,
	    "submit answers a trial once");
	metric = verb_find(&r->collect, RECORD_METRIC, id, 1);
	told(metric && metric->r.at.at && metric->r.attempt == 1 &&
		 metric->r.time.at,
	    "a metric says its attempt, time and where it was (at)");
	told(verb_find(&r->watch, RECORD_STATUS, id, 0) != NULL,
	    "watch says a trial's status");
}

static void
play_one(struct stage *s)
{
	struct actor a = {"", "{\"do\":\"metrics\",\"x\":2.0}", false, false};
	struct ring r;

	if (!begin(&r, s))
		return;
	told(ring_submit(&r, &a, 1), "submit answers a trial");
	told(ring_ends(&r), "collect says its end");
	ended_as(&r.collect, a.id, STATUS_SUCCEEDED, "which is SUCCEEDED");
	look_at_records(&r, a.id);
	value_is(&r.collect, a.id, 1, "intermediate", "0.10");
	value_is(&r.collect, a.id, 2, "intermediate",
	    "{\"default\": 1e-5, \"note\": \"it\\u0027s\"}");
	value_is(&r.collect, a.id, 3, "intermediate", "\"NaN\"");
	value_is(&r.collect, a.id, 4, "final", "2.50");
	told(in_order(&r.collect, a.id), "the end follows the last metric");
	told(ring_finish(&r), "at the end of input all three end with 0");
	ring_release(&r);
}

static void
play_ends(struct stage *s)
{
	struct actor a[] = {{"", "{\"do\":\"fail\"}", false, false},
	    {"", "{\"do\":\"none\"}", false, false}};
	const struct heard *end;
	struct ring r;
	int64_t code = -1;

	if (!begin(&r, s))
		return;
	ring_submit(&r, a, 2);
	ring_ends(&r);
	if (ended_as(
		&r.collect, a[0].id, STATUS_FAILED, "a trial that fails")) {
		end = verb_end_of(&r.collect, a[0].id);
		json_int(record_get(&end->r, "exit_code"), &code);
		told(code == 3, "its exit code is told");
		told(end->r.reason.at && !end->r.infra,
		    "so is a reason, and that it was the trial's own failure");
	}
	ended_as(&r.collect, a[1].id, STATUS_SUCCEEDED,
	    "a trial without metrics succeeds");
	end = verb_end_of(&r.collect, a[1].id);
	told(end && json_bool(record_get(&end->r, "no_final_metric"), false),
	    "with no_final_metric: true");
	ring_finish(&r);
	ring_release(&r);
}

/* ---- starting once ---- */

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
play_adopt(struct stage *s)
{
	struct actor a = {"", "{\"do\":\"short\"}", false, false};
	struct buf other = BUF_INIT;
	struct verb again = {0};
	const struct heard *h;
	struct ring r;

	if (!s->adopt) {
		passed_over("a trial is started once", "adopt is false");
		return;
	}
	if (!begin(&r, s))
		return;
	ring_submit(&r, &a, 1);
	/* The same once more, to the same and to another process. */
	trial_line(s, a.id, r.place.data, a.parameters, &other);
	verb_send(&r.submit, other.data);
	if (verb_start(s, &again, "submit", NULL) == 0) {
		verb_send(&again, other.data);
		verb_finish(&again);
	}
	h = verb_find(&again, RECORD_TRIAL, a.id, 0);
	told(h && h->r.job.at, "a trial that is there is adopted");
	verb_release(&again);
	ring_ends(&r);
	stage_pass(s, 200);
	told(starts(&r.collect, a.id) == 1, "it was started once");
	/* The same id with other parameters is somebody else's. */
	trial_line(s, a.id, r.place.data, "{\"do\":\"none\"}", &other);
	if (verb_start(s, &again, "submit", NULL) == 0) {
		verb_send(&again, other.data);
		verb_finish(&again);
	}
	h = verb_find(&again, RECORD_STATUS, a.id, 0);
	told(h && h->r.status == STATUS_FAILED &&
		 !verb_count(&again, RECORD_TRIAL, a.id),
	    "with other parameters it is not adopted: FAILED");
	verb_release(&again);
	ring_finish(&r);
	ring_release(&r);
	buf_release(&other);
}

/* Sends a trial, kills the verb after `ms`, and lets the ring submit it. */
static bool
killed_after(struct stage *s, int64_t ms, size_t *started)
{
	struct actor a = {"", "{\"do\":\"short\"}", false, false};
	struct buf line = BUF_INIT;
	struct verb first = {0};
	struct ring r;
	bool good;

	if (stage_open(s, NULL) == -1 ||
	    verb_start(s, &first, "submit", NULL) == -1)
		return false;
	trial_new(s, a.id);
	/* Its place is what credit names; wait for that as nni-submit does. */
	trial_line(s, a.id, s->member, a.parameters, &line);
	verb_send(&first, line.data);
	stage_pass(s, ms);
	verb_kill(&first);
	verb_release(&first);
	buf_release(&line);
	good = ring_open(&r, s, NULL) == 0 && ring_submit(&r, &a, 1) &&
	       ring_ends(&r);
	good =
	    good && verb_end_of(&r.collect, a.id)->r.status == STATUS_SUCCEEDED;
	*started = starts(&r.collect, a.id);
	if (!good)
		printf("# killed after %d ms: no good end\n", (int)ms);
	ring_finish(&r);
	ring_release(&r);
	return good;
}

static void
play_kills(struct stage *s)
{
	int64_t ms;
	size_t started, wrong = 0, twice = 0;

	if (!s->adopt) {
		passed_over("submit is killed and repeated", "adopt is false");
		return;
	}
	for (ms = 0; ms < 40; ms += ms < 10 ? 1 : 3) {
		wrong += !killed_after(s, ms, &started);
		twice += started > 1;
	}
	told(!wrong, "killed at 20 moments and repeated, each trial ends well");
	told(!twice, "and none of them was started twice");
}

static void
play_lookup(struct stage *s)
{
	struct buf line = BUF_INIT, old = BUF_INIT;
	struct verb v = {0};
	const struct heard *end;
	char id[TRIAL_ID_LEN + 1];
	struct record t;

	stage_open(s, NULL);
	trial_new(s, id);
	trial_line(s, id, s->member, "{\"do\":\"short\"}", &line);
	record_parse(&t, line.data, line.len, NULL);
	record_set(&old, t.line, "time", (struct json){"1000000000.000", 14});
	record_parse(&t, old.data, old.len, NULL);
	buf_clear(&line);
	record_set(&line, t.line, "job", (struct json){"\"gone\"", 6});
	if (verb_start(s, &v, "watch", NULL) == 0) {
		verb_send(&v, line.data);
		verb_finish(&v);
	}
	end = verb_end_of(&v, id);
	told(end && end->r.status == STATUS_SYS_CANCELED && end->r.infra &&
		 end->r.reason.at,
	    "a job that was seen by nobody is SYS_CANCELED, infra, with "
	    "reason");
	verb_release(&v);
	buf_release(&line);
	buf_release(&old);
}

/* ---- cancelling ---- */

static void
cancel(struct ring *r, const char *id, bool early)
{
	struct buf path = BUF_INIT, line = BUF_INIT;

	/* As nni-watch does: the intent first, then the request. */
	expdir_trial(&path, r->stage->dir.data, id, 1);
	intent_write(path.data, early ? INTENT_EARLY : INTENT_USER, NULL);
	record_begin_trial(&line, "cancel", id, 1);
	json_member_bool(&line, "early", early);
	buf_addc(&line, '}');
	verb_send(&r->watch, line.data);
	buf_release(&path);
	buf_release(&line);
}

static bool
all_run(void *arg)
{
	struct ring *r = arg;
	size_t i, n, running = 0;

	for (i = 0; i < r->count; i++)
		for (n = 0; n < r->watch.count; n++)
			running +=
			    r->watch.heard[n].r.status == STATUS_RUNNING &&
			    !strcmp(r->watch.heard[n].r.trial, r->actors[i].id);
	return running >= r->count;
}

static void
play_cancel(struct stage *s)
{
	struct actor a[] = {{"", "{\"do\":\"long\"}", false, false},
	    {"", "{\"do\":\"long\"}", false, false},
	    {"", "{\"do\":\"stubborn\"}", false, false}};
	struct ring r;
	size_t i;

	/* One after the other: there may be room for one trial only. */
	for (i = 0; i < 3; i++) {
		static const char *const names[] = {
		    "cancelled while it runs: USER_CANCELED",
		    "stopped early: EARLY_STOPPED",
		    "a trial that ignores SIGTERM is gone as well"};

		if (!begin(&r, s))
			return;
		ring_submit(&r, &a[i], 1);
		told(stage_wait(s, &r.collect, all_run, &r),
		    "watch says RUNNING of a trial that runs");
		cancel(&r, a[i].id, i == 1);
		ring_ends(&r);
		ended_as(&r.collect, a[i].id,
		    i == 1 ? STATUS_EARLY_STOPPED : STATUS_USER_CANCELED,
		    names[i]);
		told(ring_finish(&r), "and the verbs end");
		ring_release(&r);
	}
}

static void
play_cancel_at_once(struct stage *s)
{
	struct actor a = {"", "{\"do\":\"long\"}", false, false};
	struct ring r;

	if (!begin(&r, s))
		return;
	ring_submit(&r, &a, 1);
	cancel(&r, a.id, false);
	ring_ends(&r);
	ended_as(&r.collect, a.id, STATUS_USER_CANCELED,
	    "cancelled as soon as it has a job");
	told(in_order(&r.collect, a.id), "with one end");
	ring_finish(&r);
	ring_release(&r);
}

static void
play_cancel_late(struct stage *s)
{
	struct actor a = {"", "{\"do\":\"short\"}", false, false};
	struct ring r;

	if (!begin(&r, s))
		return;
	ring_submit(&r, &a, 1);
	ring_ends(&r);
	cancel(&r, a.id, false);
	ring_finish(&r);
	ended_as(&r.collect, a.id, STATUS_SUCCEEDED,
	    "cancelled after its end, a trial keeps its own");
	told(in_order(&r.collect, a.id), "and has no second one");
	ring_release(&r);
}

/* ---- being killed while trials run ---- */

/* A new process of the verb is told everything again. */
static void
told_again(struct stage *s, struct ring *r, const char *verb, const char *id)
{
	struct verb v = {0};
	const struct heard *status = verb_end_of(&r->watch, id);

	if (verb_start(s, &v, verb, NULL) == -1)
		return;
	verb_send(&v, ring_trial(r, id));
	if (!strcmp(verb, "collect") && status)
		verb_send(&v, status->line);
	verb_finish(&v);
	ended_as(&v, id, STATUS_SUCCEEDED, verb);
	if (!strcmp(verb, "collect")) {
		const struct heard *a, *b;
		size_t i, wrong = 0, n = verb_count(&v, RECORD_METRIC, id);

		wrong += n != verb_count(&r->collect, RECORD_METRIC, id);
		for (i = 0; i < n; i++) {
			a = verb_find(&v, RECORD_METRIC, id, i);
			b = verb_find(&r->collect, RECORD_METRIC, id, i);
			wrong += !b || a->r.at.len != b->r.at.len ||
				 memcmp(a->r.at.at, b->r.at.at, a->r.at.len);
		}
		told(!wrong, "gives the same metrics with the same `at`");
	}
	verb_release(&v);
}

static void
play_again(struct stage *s)
{
	struct actor a = {"", "{\"do\":\"metrics\"}", false, false};
	struct ring r;

	if (!begin(&r, s))
		return;
	ring_submit(&r, &a, 1);
	ring_ends(&r);
	verb_kill(&r.watch);
	verb_kill(&r.collect);
	told_again(s, &r, "watch", a.id);
	told_again(s, &r, "collect", a.id);
	ring_release(&r);
}

static void
play_nonsense(struct stage *s)
{
	struct actor a = {"", "{\"do\":\"short\"}", false, false};
	struct ring r;

	if (!begin(&r, s))
		return;
	verb_send(&r.watch, "this is not JSON");
	verb_send(&r.watch, "{\"type\":\"of somebody else\",\"x\":1}");
	verb_send(&r.submit, "{\"type\":\"of somebody else\",\"x\":1}");
	verb_send(&r.collect, "[]");
	verb_send(&r.watch,
	    "{\"type\":\"cancel\",\"trial\":\"zzzzz\",\"attempt\":1}");
	ring_submit(&r, &a, 1);
	ring_ends(&r);
	ended_as(&r.collect, a.id, STATUS_SUCCEEDED,
	    "lines of nonsense do not disturb a trial");
	ring_finish(&r);
	ring_release(&r);
}

static void
play_clean(struct stage *s)
{
	struct actor a = {"", "{\"do\":\"short\"}", false, false};
	struct verb v = {0};
	struct ring r;

	if (!begin(&r, s))
		return;
	ring_submit(&r, &a, 1);
	ring_ends(&r);
	ring_finish(&r);
	told(one_object(s, "clean", &v), "clean ends with 0");
	verb_release(&v);
	told(one_object(s, "clean", &v), "and a second time");
	verb_release(&v);
	ring_release(&r);
}

/* ---- many ---- */

static void
play_many(struct stage *s, int64_t trials)
{
	struct actor *all = calloc((size_t)trials, sizeof(*all));
	size_t i, n = (size_t)trials, good = 0, ordered = 0;
	struct ring r;

	for (i = 0; all && i < n; i++)
		all[i].parameters = "{\"do\":\"quick\"}";
	if (all && begin(&r, s)) {
		told(ring_submit(&r, all, n), "%d trials are answered", (int)n);
		told(ring_ends(&r), "all of them end");
		for (i = 0; i < n; i++) {
			const struct heard *e =
			    verb_end_of(&r.collect, all[i].id);

			good += e && e->r.status == STATUS_SUCCEEDED;
			ordered += in_order(&r.collect, all[i].id) &&
				   verb_count(&r.collect, RECORD_METRIC,
				       all[i].id) == 1;
		}
		told(good == n, "all succeed (%d of %d)", (int)good, (int)n);
		told(ordered == n, "each has its metric, then one end");
		told(ring_finish(&r), "and the verbs end with 0");
		ring_release(&r);
	}
	free(all);
}

/* More at once than there is credit for: a place answers each of them. */
static void
play_no_room(struct stage *s)
{
	enum { MANY = 64 };
	struct buf line = BUF_INIT;
	struct actor a[MANY];
	struct ring r;
	size_t i, answered = 0;

	if (!s->credit) {
		passed_over("no_room", "a queue of its own, no credit");
		return;
	}
	if (!begin(&r, s))
		return;
	memset(a, 0, sizeof(a));
	ring_submit(&r, a, 0);
	stage_pass(s, 200);
	ring_submit(&r, a, 0);
	for (i = 0; i < MANY; i++) {
		trial_new(s, a[i].id);
		trial_line(
		    s, a[i].id, r.place.data, "{\"do\":\"short\"}", &line);
		verb_send(&r.submit, line.data);
	}
	verb_finish(&r.submit);
	for (i = 0; i < MANY; i++)
		answered += verb_find(&r.submit, RECORD_TRIAL, a[i].id, 0) ||
			    verb_find(&r.submit, RECORD_NO_ROOM, a[i].id, 0) ||
			    verb_find(&r.submit, RECORD_STATUS, a[i].id, 0);
	told(answered == MANY,
	    "%d trials beyond credit: each gets a job, no_room or FAILED",
	    MANY);
	verb_finish(&r.watch);
	ring_finish(&r);
	ring_release(&r);
	buf_release(&line);
}

int
play(struct stage *s, int64_t trials)
{
	play_capabilities(s);
	play_check(s);
	play_nothing(s);
	play_usage(s);
	play_one(s);
	play_ends(s);
	play_adopt(s);
	play_kills(s);
	play_lookup(s);
	play_cancel_at_once(s);
	play_cancel(s);
	play_cancel_late(s);
	play_again(s);
	play_nonsense(s);
	play_clean(s);
	play_no_room(s);
	play_many(s, trials);
	printf("1..%d\n", tests);
	return failures;
}
