#ifndef NNI_OS_TIMERS_H
#define NNI_OS_TIMERS_H

#include "loop.h"

/*
 * The timers of a loop, a heap by due time: the same on every system, so that
 * the twins of loop.h only ask what is due.  timers.c also implements
 * timer_set(), timer_stop() and timer_is_set() of loop.h.
 */
struct timers {
	struct timers_entry *heap; /* heap[1] is due first; heap[0] unused */
	size_t count, room;
	uint64_t set_count; /* timers due at the same time run in order */
};

/* Each twin's loop has one: implemented there. */
struct timers *loop_timers(struct loop *l);

/* Milliseconds until the first is due at `now_ms`, 0 if it is; -1: none. */
int64_t timers_wait_ms(const struct timers *ts, int64_t now_ms);
/* Calls those that are due, but not again those that set themselves anew. */
void timers_run(struct timers *ts, int64_t now_ms);
/* Stops all and frees the memory. */
void timers_release(struct timers *ts);

#endif
