#ifndef NNI_SPLIT_H
#define NNI_SPLIT_H

#include <stddef.h>
#include <stdint.h>
#include "history.h"

/*
 * The observations of one parameter, divided into the good and the rest, each
 * with its weight (v3.0:nni/algorithms/hpo/tpe_tuner.py).  Proposals that still
 * run count as observations whose loss is a lie.
 */
struct side {
	double *x, *weight; /* in order of x */
	size_t count, cap;
};

struct split {
	struct side below, above; /* below: of the smaller losses */
	uint32_t *before;	  /* scratch */
	size_t before_cap;
};

/* The values of one parameter in what runs. */
struct lie {
	double x;
	uint32_t order; /* 0 for the oldest proposal */
};
struct lies {
	struct lie *items; /* in order of x, then of order */
	size_t count, cap;
};

/* Adds the value of a proposal newer than all that are there, in its place. */
void lies_insert(struct lies *l, double x);
/* The same for many: appended one by one, then sorted once. */
void lies_append(struct lies *l, double x);
void lies_sort(struct lies *l);
void lies_clear(struct lies *l);
void lies_release(struct lies *l);

/*
 * Both `losses` and `h` must be sorted.  The first min(ceil(gamma * sqrt(n)),
 * forgetting) of all n in order of loss go below.  Memory is used again.
 */
void split_make(struct split *s, const struct losses *losses,
    const struct history *h, const struct lies *lies, double lie_loss,
    double gamma, size_t forgetting);
void split_release(struct split *s);

#endif
