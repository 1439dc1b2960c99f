#ifndef NNI_CONFIG_EXPERIMENT_H
#define NNI_CONFIG_EXPERIMENT_H

#include "node.h"
#include "reading.h"

/*
 * Reads a whole configuration: V1, V2 or V3, or what this program printed.
 * `name` is the file's as the user typed it ("-": standard input), for messages
 * about files beside it.  `top` becomes the canonical object; *space_file (the
 * caller frees it) the name of the file that the search space is from, or NULL.
 * What is wrong is in r->problems.
 */
void experiment_read(struct reading *r, const struct node *file,
    const char *name, struct node *top, char **space_file);

#endif
