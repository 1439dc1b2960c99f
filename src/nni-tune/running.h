#ifndef NNI_RUNNING_H
#define NNI_RUNNING_H

#include <stdbool.h>
#include <stdint.h>
#include "point.h"

/*
 * The proposals that have no result yet, by number.  A failed one stays in the
 * list, not running: its result may still come from a later attempt.
 */
struct running_item {
	uint64_t n;
	struct point point;
	bool runs;
};

struct running {
	struct running_item *items; /* ascending n */
	size_t count, cap;
	size_t runs; /* how many of them do */
};

/* Takes the point over; it runs.  A number that is there is left alone. */
void running_add(struct running *r, uint64_t n, struct point *pt);
/* NULL if it is not there. */
struct running_item *running_find(struct running *r, uint64_t n);
void running_set(struct running *r, struct running_item *item, bool runs);
void running_remove(struct running *r, struct running_item *item);
void running_release(struct running *r);

#endif
