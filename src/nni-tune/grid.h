#ifndef NNI_GRID_H
#define NNI_GRID_H

#include <stdbool.h>
#include "point.h"
#include "searchspace.h"

/*
 * NNI's endless grid (v3.0:nni/algorithms/hpo/gridsearch_tuner.py): all
 * combinations on a coarse grid, then those that a grid twice as fine adds, and
 * so on until no parameter can be divided further.  A walk may give
 * configurations that look the same after rounding; its users leave them out.
 */
struct grid;

/* The space is borrowed. */
struct grid *grid_new(const struct space *s);
void grid_free(struct grid *g); /* NULL is allowed */
/* The next configuration, into a cleared point; false: there are no more. */
bool grid_next(struct grid *g, struct point *pt);

#endif
