#ifndef NNI_JUDGE_H
#define NNI_JUDGE_H

#include "assessor.h"
#include "map.h"
#include "record.h"

/*
 * From records to the calls of an assessor, and from its verdicts to cancels.
 * The same function reads a journal and what comes while the experiment runs.
 */
struct judge {
	struct assessor *assessor; /* owned */
	struct judged *trials;
	size_t count, cap;
	struct map by_trial; /* index + 1 into trials */
};

void judge_init(struct judge *j, struct assessor *a);
void judge_release(struct judge *j);

/*
 * A metric, status or cancel record; others are ignored.  Appends a cancel
 * record to `out` if the trial is to be stopped, once for an attempt; out NULL:
 * the past is told, and nothing is to be done.  -1: err says what was wrong
 * with the record.
 */
int judge_record(
    struct judge *j, const struct record *r, struct buf *out, struct buf *err);

#endif
