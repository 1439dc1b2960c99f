#ifndef NNI_REST_UNPACK_H
#define NNI_REST_UNPACK_H

#include <stdint.h>
#include "archive.h"
#include "buf.h"
#include "os/file.h"

/*
 * Makes what is in an archive in `dir`, which is there and empty: files (0644,
 * or 0755 if they may be executed), directories (0755) and links, readable for
 * everybody whatever our umask.  A name that leads out of `dir` is refused,
 * and nothing is written through a link.  0, or -1 with err; what was made so
 * far stays then.
 */
int unpack_archive(struct archive *a, const char *dir, struct buf *err);

/* Copies a file of ours to dir/name the same way, with the directories above
   it. */
int unpack_file(
    const char *file, const char *dir, const char *name, struct buf *err);

#endif
