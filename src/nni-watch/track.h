#ifndef NNI_TRACK_H
#define NNI_TRACK_H

#include "attempts.h"
#include "crew.h"
#include "filter.h"
#include "intent.h"

/* The trials that nni-watch was given, each until its end. */
struct tracker {
	struct loop *loop;
	struct filter filter;
	struct crew crew;
	struct attempts trials;
	size_t live;   /* trials that have not ended */
	size_t untold; /* of these, without any status from the backend yet */
	bool once;     /* a backend is to end when its trials' status is told */
	bool leaving;
	struct timer deadline;
};

/* Takes the loop over. once: the backends say what is true now, and end. */
void track_init(struct tracker *t, struct loop *loop, bool once);
void track_release(struct tracker *t);

void track_trial(struct tracker *t, const struct record *r);
void track_cancel(struct tracker *t, const struct record *r);
void track_update(struct tracker *t, const struct record *r);
/* No more comes: with `once` that ends the backends. */
void track_finish(struct tracker *t);
/* Did the last attempt of any trial end FAILED? */
bool track_failed(const struct tracker *t);

#endif
