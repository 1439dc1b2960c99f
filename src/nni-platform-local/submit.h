#ifndef NNI_LOCAL_SUBMIT_H
#define NNI_LOCAL_SUBMIT_H

#include "attempts.h"
#include "place.h"
#include "sampler.h"
#include "state.h"
#include "supply.h"
#include "tail.h"
#include "verbs.h"

/* What submit.c and answer.c share. */
struct submitted {
	struct attempt a;
	bool live;  /* it counts against the credit */
	char *line; /* its record, until it is answered */
	struct buf answer;
	struct stream *stream;	/* of its keeper's answer */
	int64_t start_ms;	/* monotonic; 0: not by us */
	struct submitted *next; /* waits for a look at the GPUs, or is held */
	struct submitter *s;
};

struct submitter {
	const struct verb *v;
	struct loop *loop;
	struct filter filter;
	struct buf line; /* of output, being made */
	struct place place;
	struct supply supply;
	struct attempts all;
	int64_t live, starting;
	struct watch *control;
	int64_t credit; /* as last said; -1: never */
	int64_t infra,
	    infra_said; /* ends in a row that no trial is to blame for */
	int64_t told;	/* live ones, as last said */
	bool answered;	/* in this round of the loop */
	bool started;	/* and that one was started */
	struct buf reason;
	/* Why nothing can be started now; empty: something can, perhaps. */
	struct buf short_of;
	struct buf no_disk; /* of a trial's files, as it was last said */
	struct tail *events;
	struct sampler *gpus; /* NULL: no trial needs any */
	struct submitted *first, **last;
	struct submitted *held_first, **held_last;
	int64_t held, quick; /* how many; quick ends in a row */
	struct timer look, held_long;
	struct state state;
};

/* ---- submit.c ---- */

/* Puts out s->line. */
void submitter_put(struct submitter *s);
/* How many more may be held. */
int64_t submitter_most_held(const struct submitter *s);
/* Counts it against the credit, or no longer. */
void submitted_set_live(struct submitted *t, bool live);
/* One that was there before us may have ended long ago. */
void submitted_count_if_live(struct submitted *t);
/* A keeper has it, or has ended it: it needs no room. */
bool submitted_is_there(const struct submitted *t);

/* ---- answer.c: each answers the record, and forgets it ---- */

/* The record, with its job. */
void answer_started(struct submitted *t);
void answer_no_room(struct submitted *t, const char *reason);
void answer_failed(struct submitted *t, const char *reason, bool infra);
/* What its keeper said: keeper.h. */
void answer_keeper(struct submitted *t, char *line);
void submitted_forget_line(struct submitted *t);

#endif
