#ifndef NNI_SEARCH_H
#define NNI_SEARCH_H

#include <stdbool.h>
#include <stdint.h>
#include "map.h"
#include "record.h"
#include "searchspace.h"
#include "tuner.h"

/*
 * A search: a tuner, its space, and what became of each proposal.  Turns
 * records into the tuner's calls; the same function reads a journal and what
 * comes while the experiment runs, so that both lead to the same state.
 *
 * A result is the first final metric of a trial's last attempt, once that has
 * ended SUCCEEDED or EARLY_STOPPED; a metric that names no trial is a result at
 * once.  NaN, and any other end, is no result.  Of a multi-phase trial each
 * phase is a proposal of its own, which has its result when the trial asks for
 * the next one; that stays, whatever becomes of the trial.
 */
struct search {
	struct space *space;
	struct tuner *tuner;
	struct proposal *proposals;
	size_t count, cap;
	struct map by_id, by_trial; /* index + 1 into proposals */
	uint64_t next;		    /* number of the next proposal */
};

/*
 * Takes the space over, in any case.  args: classArgs.  0, or -1 with what is
 * wrong with them.
 */
int search_open(struct search *s, const struct tuner_class *class,
    struct space *space, struct json args, uint64_t seed, struct buf *err);
void search_close(struct search *s);

/*
 * A spec, update, metric, status or control record; others are ignored, and so
 * is what is about nobody's proposal.  -1: err says what had to be passed over.
 */
int search_record(struct search *s, const struct record *r, struct buf *err);

/* Appends a spec record; false: there are no more. */
bool search_propose(struct search *s, struct buf *out);

#endif
