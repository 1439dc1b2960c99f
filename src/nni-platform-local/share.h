#ifndef NNI_LOCAL_SHARE_H
#define NNI_LOCAL_SHARE_H

#include "place.h"

/*
 * sharedStorage: a directory that this machine and others have mounted, on
 * which trials leave their output, as NNI's reuse mode has it:
 * MOUNTED/nni/EXPERIMENT/trials/ATTEMPT/nnioutput.  Nothing is mounted here.
 */

/* Where it is mounted, malloced; NULL: trials of this place have none. */
char *share_find(const struct place *p);
/* Is it there?  0; or -1, with err and what to type in `hint` (may be NULL). */
int share_check(const struct place *p, struct buf *err, struct buf *hint);
/* Appends where the attempt's output goes, a directory that is made, or
   attempt_dir itself where there is no share.  0, or -1 with err. */
int share_output(struct buf *out, const struct place *p,
    const char *attempt_dir, struct buf *err);

#endif
