#ifndef NNI_CATEGORY_H
#define NNI_CATEGORY_H

#include "rng.h"
#include "split.h"

/*
 * NNI's estimator for values without an order (choice, randint): each has its
 * observations' weights and the prior's (v3.0:nni/algorithms/hpo/
 * tpe_tuner.py).  Costs nothing for values never seen, however many there are.
 */
struct category {
	const struct side *seen; /* borrowed */
	double size;		 /* values are 0 .. size - 1 */
	double prior_weight;	 /* of each */
	double seen_weight;	 /* of all observations */
};

void category_init(struct category *c, const struct side *seen, double size,
    double prior_weight);
double category_probability(const struct category *c, double value);
double category_draw(const struct category *c, struct rng *r);

#endif
