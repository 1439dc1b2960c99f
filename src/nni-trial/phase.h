#ifndef NNI_TRIAL_PHASE_H
#define NNI_TRIAL_PHASE_H

#include <stdint.h>
#include "buf.h"

/*
 * The phases of a multi-phase trial: it is started with the parameters of
 * phase 0 and asks for those of 1, 2... itself (nni-core 2.3).  As each command
 * is a process of its own, .nni/phase says which one it is.
 */

/* The present phase: 0 until phase_next() has succeeded. 0 or -1. */
int phase_now(int64_t *phase, struct buf *err);
/* The file with its parameters. 0 or -1. */
int phase_path(struct buf *path, int64_t phase, struct buf *err);
/*
 * Asks for the next parameters and waits until they are there: 1, from then on
 * they are the present ones; 0: there are no more, err says why; -1.
 */
int phase_next(struct buf *err);

#endif
