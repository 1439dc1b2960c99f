#ifndef NNI_CONFIG_ALGORITHM_H
#define NNI_CONFIG_ALGORITHM_H

#include "node.h"
#include "reading.h"

/*
 * Checks top's "tuner", "assessor" and "advisor" and makes them canonical:
 * names as in the table, an advisor moved to "tuner", V1's file and class
 * joined to "file.Class". Removes those that are named _none_.
 */
void algorithms_read(struct reading *r, struct node *top);

/* The table's row of top's tuner; NULL if it has none or one of its own. */
const struct algorithm *tuner_of(const struct node *top);

#endif
