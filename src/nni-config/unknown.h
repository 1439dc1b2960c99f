#ifndef NNI_CONFIG_UNKNOWN_H
#define NNI_CONFIG_UNKNOWN_H

#include "reading.h"

/*
 * Tells that none of the tables has the key of n, which is a member of `map`,
 * and what it may have been meant for.  Returns the row that its value can be
 * judged by, of targets[*table]; NULL where there is none, or where that key is
 * set as well.
 */
const struct key *unknown_key(struct reading *r, const struct node *map,
    const struct node *n, const struct target *targets, size_t count,
    size_t *table);

#endif
