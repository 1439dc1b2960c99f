/* The three verbs joined, with credit kept to. */
#include "ring.h"

#include <string.h>

#include "expdir.h"
#include "intent.h"

int
ring_open(struct ring *r, struct stage *s)
{
	struct buf err = BUF_INIT;
	int good;

	memset(r, 0, sizeof(*r));
	r->stage = s;
	buf_init(&r->place, 4096);
	buf_adds(&r->place, s->member);
	r->unlimited = !s->credit;
	good = verb_start(s, &r->collect, "collect", &err) == 0 &&
	       verb_start(s, &r->watch, "watch", &err) == 0 &&
	       verb_start(s, &r->submit, "submit", &err) == 0;
	if (!good) {
		told(s, false, END_OF_INPUT, "the verbs can be started");
		note(s, "%s", err.data);
		ring_release(r);
	}
	buf_release(&err);
	if (!good)
		return -1;
	r->submit.to_watch = &r->watch;
	r->submit.to_collect = &r->collect;
	r->watch.to_collect = &r->collect;
	return 0;
}

static struct actor *
actor_of(struct ring *r, const char *id)
{
	size_t i;

	for (i = 0; i < r->count; i++)
		if (!strcmp(r->actors[i].id, id))
			return &r->actors[i];
	return NULL;
}

/* The loop has woken up: that is all. */
static void
try_again(void *arg)
{
	(void)arg;
}

static bool
has_room(const struct ring *r, size_t unanswered)
{
	if (r->unlimited)
		return true;
	return !timer_is_set(&r->refused) && r->level > (int64_t)unanswered;
}

static void
take(struct ring *r, const struct heard *h)
{
	struct actor *a = actor_of(r, h->r.trial);
	int64_t n;

	if (h->r.type == RECORD_CREDIT) {
		timer_stop(&r->refused);
		if (json_int(h->r.n, &n) == 0)
			r->level = n;
		buf_clear(&r->place);
		json_string(h->r.place, &r->place);
		buf_set(&r->stage->place, r->place.data);
	} else if (h->r.type == RECORD_NO_ROOM && a) {
		a->sent = false;
		timer_set(r->stage->loop, &r->refused, 50, try_again, r);
	} else if (a && ((h->r.type == RECORD_TRIAL && h->r.job.at) ||
			    h->r.type == RECORD_STATUS)) {
		a->answered = true;
	}
}

/* Reads what `submit` said, and sends what there is credit for. */
static bool
all_answered(void *arg)
{
	struct ring *r = arg;
	struct buf line = BUF_INIT;
	size_t i, open = 0, unanswered = 0;

	for (; r->read < r->submit.count; r->read++)
		take(r, &r->submit.heard[r->read]);
	for (i = 0; i < r->count; i++) {
		open += !r->actors[i].answered;
		unanswered += r->actors[i].sent && !r->actors[i].answered;
	}
	for (i = 0; i < r->count && has_room(r, unanswered); i++) {
		struct actor *a = &r->actors[i];

		if (a->sent)
			continue;
		trial_line(r->stage, a->id, a->attempt ? a->attempt : 1,
		    r->place.data, a->parameters, &line);
		verb_send(&r->submit, line.data);
		a->sent = true;
		unanswered++;
	}
	buf_release(&line);
	return !open;
}

/* One of the three has ended, which nobody asked for. */
static bool
is_broken(void *arg)
{
	struct ring *r = arg;

	return r->submit.ended || r->watch.ended || r->collect.ended;
}

void
ring_note(struct ring *r, const char *trial)
{
	note_verb(&r->submit, trial);
	note_verb(&r->watch, trial);
	note_verb(&r->collect, trial);
}

static void
note_credit(struct ring *r)
{
	const struct stage *s = r->stage;

	if (s->credit && !verb_find(&r->submit, RECORD_CREDIT, NULL, 0))
		note(r->stage,
		    "its capabilities have \"credit\":true, so nothing is sent "
		    "to it before it says its first credit");
}

/* The first that is not answered; NULL: none. */
static const char *
open_one(const struct ring *r)
{
	size_t i;

	for (i = 0; i < r->count; i++)
		if (!r->actors[i].answered)
			return r->actors[i].id;
	return NULL;
}

bool
ring_submit(struct ring *r, struct actor *actors, size_t count)
{
	struct stage *s = r->stage;
	bool good;
	size_t i;

	r->actors = actors;
	r->count = count;
	for (i = 0; i < count; i++)
		if (!actors[i].id[0])
			trial_new(s, actors[i].id);
	good = stage_wait(s, is_broken, all_answered, r);
	if (!good) {
		told(s, false, s->credit ? CREDIT : FLUSHED,
		    "submit answers %s",
		    count == 1 ? "the trial" : "all trials");
		note_verb(&r->submit, open_one(r));
		note_credit(r);
	}
	return good;
}

/* The first without an end; NULL: none. */
static const char *
endless_one(const struct ring *r)
{
	size_t i;

	for (i = 0; i < r->count; i++)
		if (!verb_end_of(&r->collect, r->actors[i].id))
			return r->actors[i].id;
	return NULL;
}

static bool
all_ended(void *arg)
{
	struct ring *r = arg;
	size_t i, ends = 0;

	all_answered(r);
	for (i = 0; i < r->collect.count; i++)
		ends += r->collect.heard[i].r.type == RECORD_STATUS &&
			status_is_end(r->collect.heard[i].r.status);
	return ends >= r->count && !endless_one(r);
}

bool
ring_ends(struct ring *r)
{
	struct stage *s = r->stage;
	const char *id;

	if (stage_wait(s, is_broken, all_ended, r))
		return true;
	id = endless_one(r);
	if (id && !verb_end_of(&r->submit, id) && !verb_end_of(&r->watch, id)) {
		told(s, false, WATCH_ENDS, "watch says the end of each trial");
		note_verb(&r->submit, id);
		note_verb(&r->watch, id);
	} else {
		told(s, false, METRICS_FIRST,
		    "collect passes on the end of each trial");
		note_verb(&r->watch, id);
		note_verb(&r->collect, id);
	}
	return false;
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

bool
ring_runs(struct ring *r)
{
	struct stage *s = r->stage;

	if (stage_wait(s, is_broken, all_run, r))
		return true;
	told(
	    s, false, WATCH_CHANGES, "watch says RUNNING of a trial that runs");
	note_verb(&r->watch, r->actors[0].id);
	return false;
}

bool
ring_finish(struct ring *r)
{
	struct verb *all[] = {&r->submit, &r->watch, &r->collect};
	bool good = true;
	size_t i;

	for (i = 0; i < 3; i++)
		good = verb_finish(all[i]) && good;
	told(r->stage, good, END_OF_INPUT,
	    "at the end of input submit, watch and collect end with 0");
	for (i = 0; i < 3; i++)
		note_end(all[i]);
	return good;
}

void
ring_cancel(struct ring *r, const struct actor *a, bool early)
{
	struct buf path = BUF_INIT, line = BUF_INIT;
	int attempt = a->attempt ? a->attempt : 1;

	expdir_trial(&path, r->stage->dir.data, a->id, attempt);
	intent_write(path.data, early ? INTENT_EARLY : INTENT_USER, NULL);
	record_begin_trial(&line, "cancel", a->id, attempt);
	json_member_bool(&line, "early", early);
	buf_addc(&line, '}');
	verb_send(&r->watch, line.data);
	buf_release(&path);
	buf_release(&line);
}

static bool
knows_place(void *arg)
{
	struct ring *r = arg;

	all_answered(r);
	return r->stage->place.len > 0;
}

static bool
submit_has_ended(void *arg)
{
	const struct ring *r = arg;

	return r->submit.ended;
}

const char *
ring_place(struct stage *s)
{
	struct ring r;

	if (s->credit && !s->place.len && stage_open(s, NULL) == 0 &&
	    ring_open(&r, s) == 0) {
		stage_wait(s, submit_has_ended, knows_place, &r);
		ring_close(&r);
	}
	return s->place.len ? s->place.data : s->member;
}

void
ring_release(struct ring *r)
{
	timer_stop(&r->refused);
	verb_release(&r->submit);
	verb_release(&r->watch);
	verb_release(&r->collect);
	buf_release(&r->place);
}

void
ring_close(struct ring *r)
{
	ring_finish(r);
	ring_release(r);
}

const char *
ring_trial(const struct ring *r, const char *id)
{
	size_t i;

	for (i = 0; i < r->submit.count; i++) {
		const struct heard *h = &r->submit.heard[i];

		if (h->r.type == RECORD_TRIAL && h->r.job.at &&
		    !strcmp(h->r.trial, id))
			return h->line;
	}
	return NULL;
}
