/*
 * Timers in a binary heap.  Each knows its slot, so that stopping one of
 * thousands is as cheap as setting it.
 */
#include <stdlib.h>
#include "../mem.h"
#include "sys.h"
#include "timers.h"

struct timers_entry {
	int64_t due_ms;
	uint64_t order;
	struct timer *timer;
};

static bool
is_before(const struct timers_entry *a, const struct timers_entry *b)
{
	return a->due_ms != b->due_ms ? a->due_ms < b->due_ms
				      : a->order < b->order;
}

static void
put(struct timers *ts, size_t slot, struct timers_entry e)
{
	ts->heap[slot] = e;
	e.timer->slot = slot;
}

/* Finds the place of `e`, going up from `slot`, and puts it there. */
static void
rise(struct timers *ts, size_t slot, struct timers_entry e)
{
	while (slot > 1 && is_before(&e, &ts->heap[slot / 2])) {
		put(ts, slot, ts->heap[slot / 2]);
		slot /= 2;
	}
	put(ts, slot, e);
}

static void
sink(struct timers *ts, size_t slot, struct timers_entry e)
{
	size_t child;

	while ((child = slot * 2) <= ts->count) {
		if (child < ts->count &&
		    is_before(&ts->heap[child + 1], &ts->heap[child]))
			child++;
		if (!is_before(&ts->heap[child], &e))
			break;
		put(ts, slot, ts->heap[child]);
		slot = child;
	}
	put(ts, slot, e);
}

void
timer_set(struct loop *l, struct timer *t, int64_t ms, loop_fn *fn, void *arg)
{
	struct timers *ts = loop_timers(l);
	struct timers_entry e = {.timer = t};

	timer_stop(t);
	if (ts->count + 1 >= ts->room) {
		ts->room = ts->room == 0 ? 16 : ts->room * 2;
		ts->heap = xreallocarray(ts->heap, ts->room, sizeof(*ts->heap));
	}
	/* Not loop_now_ms(): this round may have taken long already. */
	e.due_ms = clock_mono_ms() + (ms > 0 ? ms : 0);
	e.order = ts->set_count++;
	t->loop = l;
	t->fn = fn;
	t->arg = arg;
	t->due_ms = e.due_ms;
	rise(ts, ++ts->count, e);
}

void
timer_stop(struct timer *t)
{
	struct timers *ts;
	struct timers_entry last;
	size_t slot = t->slot;

	if (slot == 0)
		return;
	t->slot = 0;
	ts = loop_timers(t->loop);
	last = ts->heap[ts->count--];
	if (last.timer == t)
		return;
	if (slot > 1 && is_before(&last, &ts->heap[slot / 2]))
		rise(ts, slot, last);
	else
		sink(ts, slot, last);
}

bool
timer_is_set(const struct timer *t)
{
	return t->slot != 0;
}

int64_t
timers_wait_ms(const struct timers *ts, int64_t now_ms)
{
	int64_t due;

	if (ts->count == 0)
		return -1;
	due = ts->heap[1].due_ms;
	return due > now_ms ? due - now_ms : 0;
}

void
timers_run(struct timers *ts, int64_t now_ms)
{
	uint64_t born_before = ts->set_count;

	while (ts->count > 0 && ts->heap[1].due_ms <= now_ms &&
	       ts->heap[1].order < born_before) {
		struct timer *t = ts->heap[1].timer;

		timer_stop(t);
		t->fn(t->arg);
	}
}

void
timers_release(struct timers *ts)
{
	while (ts->count > 0)
		ts->heap[ts->count--].timer->slot = 0;
	free(ts->heap);
	ts->heap = NULL;
	ts->room = 0;
}
