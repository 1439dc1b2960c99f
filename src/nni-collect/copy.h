#ifndef NNI_COPY_H
#define NNI_COPY_H

#include <stdbool.h>
#include "buf.h"

/*
 * Brings the directory `to` in step with what lies in `from` (NNI's own folder
 * .nni in it left out): only what is new or has changed since the last time is
 * written.  A file that grew gets its new end; one that is another now is
 * written beside and renamed, so that nobody ever reads a part of it or one
 * that has become shorter.  What is no longer in `from` stays.
 *
 * Links are copied as links; what is neither file, directory nor link is left
 * out.  `last`: nobody writes to `from` any more.  0 or -1; then what could be
 * copied was, and err has the first fault.
 */
int copy_step(const char *from, const char *to, bool last, struct buf *err);

#endif
