#ifndef NNI_RING_H
#define NNI_RING_H

#include "stage.h"

/* What a trial is to do; its id and how far it is. */
struct actor {
	char id[TRIAL_ID_LEN + 1];
	const char *parameters;
	int attempt;	     /* 0: the first */
	bool sent, answered; /* by the `submit` verb: with a job, or an end */
};

/*
 * `submit`, `watch` and `collect` of one experiment, joined as nni-submit,
 * nni-watch and nni-collect join them; credit is kept to.
 */
struct ring {
	struct stage *stage;
	struct verb submit, watch, collect;
	struct buf place; /* as credit names it, else the member's name */
	int64_t level;	  /* as last told; what is sent and not answered counts
			     against it */
	struct timer refused; /* set: no_room came, wait a little */
	bool unlimited;
	size_t read; /* lines of submit looked at */
	struct actor *actors;
	size_t count;
};

/* On the stage's present experiment.  0; -1: said. */
int ring_open(struct ring *r, struct stage *s);
/*
 * Submits and waits until all are answered; false: told, with what was said of
 * them, and nobody waits in this part any more.
 */
bool ring_submit(struct ring *r, struct actor *actors, size_t count);
/* Waits until `collect` has said the ends of all; the same. */
bool ring_ends(struct ring *r);
/* Waits until `watch` has said RUNNING of all; the same. */
bool ring_runs(struct ring *r);
/* Ends all three in order; told. */
bool ring_finish(struct ring *r);
/* A cancel of actor `a`, as nni-watch does it: the intent, then the record. */
void ring_cancel(struct ring *r, const struct actor *a, bool early);
/* What all three said of it, where the last line was not ok. */
void ring_note(struct ring *r, const char *trial);
void ring_release(struct ring *r);
/* ring_finish(), then ring_release(). */
void ring_close(struct ring *r);
/* A place that trials can be given; one of an earlier ring, if it is known. */
const char *ring_place(struct stage *s);
/* The trial's record with its job, as `submit` answered; NULL: none. */
const char *ring_trial(const struct ring *r, const char *id);

#endif
