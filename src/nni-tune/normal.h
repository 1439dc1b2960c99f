#ifndef NNI_NORMAL_H
#define NNI_NORMAL_H

/* The standard normal distribution. */

/* P(X <= z). */
double normal_cdf(double z);
/*
 * Its inverse: sqrt(2) * erfinv(2u - 1), as NNI writes it
 * (v3.0:nni/algorithms/hpo/gridsearch_tuner.py).  -inf at 0, inf at 1.
 */
double normal_quantile(double u);

#endif
