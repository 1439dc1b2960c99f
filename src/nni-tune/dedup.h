#ifndef NNI_DEDUP_H
#define NNI_DEDUP_H

#include <stdbool.h>
#include "grid.h"
#include "hash.h"
#include "point.h"

/*
 * Keeps a tuner from proposing one configuration twice
 * (v3.0:nni/common/hpo_utils/dedup.py): what is a repetition is replaced by the
 * next point of a grid that is not one, so that a finite space is gone through
 * exactly once.  Where a number outside of all choices can take any real value,
 * nothing is checked.
 */
struct dedup {
	const struct space *space; /* borrowed */
	struct hash_set seen;	   /* of points */
	struct grid *grid;	   /* NULL until the first repetition */
	bool needed;
};

void dedup_init(struct dedup *d, const struct space *s);
void dedup_release(struct dedup *d);
/* A configuration that exists already. */
void dedup_note(struct dedup *d, const struct point *pt);
/*
 * Makes the point a new one and notes it. False: none is left; the point is
 * then of no use.
 */
bool dedup_pass(struct dedup *d, struct point *pt);

#endif
