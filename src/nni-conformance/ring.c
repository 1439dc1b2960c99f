/* The three verbs joined, with credit kept to. */
#include "ring.h"

#include <string.h>

int
ring_open(struct ring *r, struct stage *s, struct buf *err)
{
	memset(r, 0, sizeof(*r));
	r->stage = s;
	buf_init(&r->place, 4096);
	buf_adds(&r->place, s->member);
	r->unlimited = !s->credit;
	if (verb_start(s, &r->collect, "collect", err) == -1 ||
	    verb_start(s, &r->watch, "watch", err) == -1 ||
	    verb_start(s, &r->submit, "submit", err) == -1)
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
		trial_line(
		    r->stage, a->id, r->place.data, a->parameters, &line);
		verb_send(&r->submit, line.data);
		a->sent = true;
		unanswered++;
	}
	buf_release(&line);
	return !open;
}

bool
ring_submit(struct ring *r, struct actor *actors, size_t count)
{
	size_t i;

	r->actors = actors;
	r->count = count;
	for (i = 0; i < count; i++)
		if (!actors[i].id[0])
			trial_new(r->stage, actors[i].id);
	return stage_wait(r->stage, &r->submit, all_answered, r);
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
	return ends >= r->count;
}

bool
ring_ends(struct ring *r)
{
	return stage_wait(r->stage, &r->collect, all_ended, r);
}

bool
ring_finish(struct ring *r)
{
	bool good = verb_finish(&r->submit);

	good = verb_finish(&r->watch) && good;
	return verb_finish(&r->collect) && good;
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
