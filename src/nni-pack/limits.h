#ifndef NNI_PACK_LIMITS_H
#define NNI_PACK_LIMITS_H

#include <stdint.h>
#include "buf.h"
#include "tree.h"

/*
 * NNI's limits on a code directory: 2000 files and directories, and 300 MiB
 * (v3.0:ts/nni_manager/training_service/common/util.ts, validateCodeDir).  They
 * are there because of the wrong directory, a whole home say, taken for one.
 * As in NNI what is ignored does not count and the root itself neither; unlike
 * there a link counts as one and is not followed, and the sizes of directories,
 * which differ between file systems, do not count.
 */
#define LIMIT_FILES 2000
#define LIMIT_BYTES ((int64_t)300 << 20)

/*
 * 0 if the tree keeps the limits (0: no limit); else -1, and err says on
 * several lines what is too much and which folders hold most of it.
 */
int limits_check(const struct tree *t, int64_t max_files, int64_t max_bytes,
    struct buf *err);

#endif
