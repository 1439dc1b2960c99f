#ifndef NNI_PARAMETERS_H
#define NNI_PARAMETERS_H

#include "buf.h"
#include "record.h"

/* A trial's files of parameters, as NNI has them (nni-core 2.3). */

/*
 * The text of parameter.cfg (index 0) or parameter_<index>.cfg, from a trial or
 * an update record.
 */
void parameters_text(struct buf *out, const struct record *r, int64_t index);
/*
 * Writes parameter_<index>.cfg as an update record says it: complete or not at
 * all.  What is there stays, since the trial may have read it.  0; -1: also if
 * that has other parameters.
 */
int parameters_update(
    const char *attempt_dir, const struct record *r, struct buf *err);

#endif
