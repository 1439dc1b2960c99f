/* A trial that asks for further parameters while it runs. */
#include "play.h"

#include <string.h>

/* A wait for the n-th metric of the only trial. */
struct wanted {
	struct ring *r;
	size_t n;
};

static bool
is_heard(void *arg)
{
	const struct wanted *w = arg;

	return verb_find(
	    &w->r->collect, RECORD_METRIC, w->r->actors[0].id, w->n);
}

static bool
has_stopped(void *arg)
{
	const struct wanted *w = arg;

	return w->r->watch.ended || w->r->collect.ended ||
	       verb_end_of(&w->r->collect, w->r->actors[0].id);
}

static const struct heard *
metric(struct ring *r, size_t n)
{
	struct wanted w = {r, n};

	if (!stage_wait(r->stage, has_stopped, is_heard, &w))
		return NULL;
	return verb_find(&r->collect, RECORD_METRIC, r->actors[0].id, n);
}

static void
update(struct ring *r, int index, const char *parameters)
{
	struct buf line = BUF_INIT;

	record_begin_trial(&line, "update", r->actors[0].id, 1);
	json_member_int(&line, "parameter_index", index);
	json_member_int(&line, "parameter_id", 7);
	json_member_raw(
	    &line, "parameters", (struct json){parameters, strlen(parameters)});
	buf_addc(&line, '}');
	verb_send(&r->watch, line.data);
	buf_release(&line);
}

static bool
look_at_request(struct ring *r)
{
	const struct heard *h = metric(r, 1);
	int64_t index = 0;
	bool good = h && record_is(h->r.kind, "request") && !h->r.value.at &&
		    json_int(record_get(&h->r, "parameter_index"), &index) == 0;

	told(r->stage, good && index == 1, UPDATE_REQUEST,
	    "what it asks for comes as a request");
	note_verb(&r->collect, r->actors[0].id);
	return good;
}

static bool
look_at_answer(struct ring *r)
{
	const struct heard *h;

	update(r, 1, "{\"x\":250.0e-2}");
	h = metric(r, 2);
	told(r->stage, h && json_is(h->r.value, "250.0e-2"), UPDATE_FILE,
	    "it gets the parameters, byte for byte");
	ring_note(r, r->actors[0].id);
	if (!h)
		return false;
	told(r->stage, h->r.parameter_id == 7, UPDATE_REQUEST,
	    "what it reports then has their parameter_id");
	note(r->stage, "`collect` said: %s", h->line);
	return true;
}

void
part_update(struct stage *s)
{
	struct actor a = {.parameters = "{\"do\":\"phases\"}"};
	const struct heard *h;
	struct ring r;

	if (!s->update) {
		passed_over(
		    s, "a trial asks for parameters", "update is false");
		return;
	}
	if (!play_trials(&r, s, &a, 1, ring_runs))
		return;
	if (look_at_request(&r) && look_at_answer(&r)) {
		/* The second one lets it go on and look once more. */
		update(&r, 1, "{\"x\":9}");
		update(&r, 2, "null");
		ring_ends(&r);
		h = verb_find(&r.collect, RECORD_METRIC, a.id, 3);
		told(s, h && json_is(h->r.value, "250.0e-2"), UPDATE_STAYS,
		    "another update of the same index changes nothing");
		note_verb(&r.collect, a.id);
	} else {
		ring_cancel(&r, &a, false);
	}
	ring_close(&r);
}
