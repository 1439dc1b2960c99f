#ifndef NNI_HISTORY_H
#define NNI_HISTORY_H

#include <stddef.h>
#include <stdint.h>

/*
 * What has been learnt: the losses of all results in order of arrival, and for
 * each parameter the values it had in those in which it was active.  Both are
 * put in order only when somebody asks, so that reading a long journal costs no
 * more than its length.
 */
struct losses {
	double *loss; /* by arrival; never NaN */
	size_t count, cap;
	/* after losses_sort(): */
	uint32_t *by_loss; /* results, the least loss first; ties by arrival */
	uint32_t *rank;	   /* of each result, its place in by_loss */
	size_t sorted;
};

/* Returns the number of the new result. */
uint32_t losses_add(struct losses *l, double loss);
void losses_sort(struct losses *l);
/* How many are no greater than `loss`, in a sorted one. */
size_t losses_not_above(const struct losses *l, double loss);
void losses_release(struct losses *l);

struct history {
	/* after history_sort() in order of x, ties by arrival */
	double *x;
	uint32_t *result; /* the number of the result that x belongs to */
	size_t count, cap, sorted;
};

void history_add(struct history *h, double x, uint32_t result);
void history_sort(struct history *h);
void history_release(struct history *h);

#endif
