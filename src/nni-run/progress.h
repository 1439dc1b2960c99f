#ifndef NNI_RUN_PROGRESS_H
#define NNI_RUN_PROGRESS_H

#include <stdbool.h>
#include "experiment.h"

/*
 * How an experiment gets on, in figures and words.  `now` is clock_mono_ms().
 */
struct progress {
	const struct experiment *exp;
	const struct config *config;
	int64_t started_ms;	 /* this session, monotonic */
	int64_t started_wall_ms; /* ... and by the clock of the records */
	size_t ended_here;	 /* trials that ended in this session */
	const char *doing;	 /* "", "time is up", "stopping"; static */
	/* What the trial said last that waits, or is out of reach. */
	struct buf held_by;
	int64_t moved_ms; /* when a trial was last made or has started */
};

void progress_init(struct progress *p);
void progress_release(struct progress *p);
void progress_start(struct progress *p, const struct experiment *e,
    const struct config *c, int64_t now);

/* One has ended, at this time of the clock: before this session it does not
   tell how fast it goes. */
void progress_ended(struct progress *p, int64_t wall_ms);
/* Trials that have ended, in all sessions. */
size_t progress_count(const struct progress *p);

/* Ended trials a minute; 0: too early to tell. */
double progress_rate(const struct progress *p, int64_t now);
void progress_add_rate(struct buf *b, double per_minute);
/*
 * Milliseconds until the first of the limits, by the rate and by the
 * experiment's running time so far; -1: no limit, or no way to tell.
 */
int64_t progress_left_ms(const struct progress *p, int64_t ran_ms, int64_t now);

/*
 * Why what should go on does not, once nothing has moved for `ms`; "": nothing
 * is held up.
 */
const char *progress_held(const struct progress *p, int64_t now, int64_t ms);
/* "2 trials wait, 1 is out of reach" */
void progress_add_held(struct buf *b, const struct progress *p);

#endif
