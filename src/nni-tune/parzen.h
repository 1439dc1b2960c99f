#ifndef NNI_PARZEN_H
#define NNI_PARZEN_H

#include <stdbool.h>
#include <stddef.h>
#include "rng.h"

/*
 * NNI's adaptive Parzen estimator: a mixture of normal distributions, one at
 * each observation and one for the prior, as wide as their neighbours are far
 * (v3.0:nni/algorithms/hpo/tpe_tuner.py).
 */
struct parzen_prior {
	double mean, sigma;
	double weight;
	bool clipped; /* to [low, high] */
	double low, high;
};

struct parzen {
	struct parzen_prior prior;
	double *mean, *sigma, *weight; /* ascending means; weights sum to 1 */
	double *height;		       /* of each component's peak */
	size_t count, cap;
	size_t prior_at; /* the component that is as wide as the prior */
	double widest;	 /* sigma of all the others */
	bool prior_added;
};

/*
 * The weight of number `rank` among n observations: the last `forgetting` of
 * them have 1, those before rise from 1/n.
 */
double parzen_weight(size_t rank, size_t n, size_t forgetting);

/* Building: begin, add in ascending order of x, end. Memory is used again. */
void parzen_begin(struct parzen *p, const struct parzen_prior *prior);
void parzen_add(struct parzen *p, double x, double weight);
void parzen_end(struct parzen *p);
void parzen_release(struct parzen *p);

/* One draw, inside the clip. */
double parzen_draw(const struct parzen *p, struct rng *r);
double parzen_log_density(const struct parzen *p, double x);

#endif
