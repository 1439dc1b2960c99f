#ifndef NNI_MIGRATE_H
#define NNI_MIGRATE_H

#include "searchspace.h"

/*
 * What was learnt in one search space, carried over into another: parameters
 * are the same if they have the same name at the same place and the same kind
 * of value.
 */

/*
 * For each parameter of `to` the index of the same one of `from`, or
 * SPACE_TOP.  The caller frees the array.
 */
size_t *migrate_match(const struct space *from, const struct space *to);
/* x of one parameter as the other counts it; NaN: that value is not in it. */
double migrate_x(
    const struct space_param *from, const struct space_param *to, double x);

#endif
