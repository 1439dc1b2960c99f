#ifndef NNI_PARENTS_H
#define NNI_PARENTS_H

#include <stddef.h>
#include "buf.h"

/*
 * The directories that hold experiments.  There is no registry: experiments
 * are found by listing these.  They are the default parent (expdir.h) and what
 * is in its file ".experiments", one path a line: the parents that
 * experimentWorkingDirectory named.  That file is only a hint; what it lacks is
 * found by its path.
 */

/* Malloced strings, the default parent first; free with parents_free(). */
int parents_list(char ***list, size_t *count, struct buf *err);
void parents_free(char **list, size_t count);
/* Adds one if it is not known yet. */
int parents_remember(const char *parent, struct buf *err);

#endif
