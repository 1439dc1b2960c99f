#ifndef NNI_REST_TGZ_H
#define NNI_REST_TGZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "buf.h"
#include "os/file.h"
#include "sha256.h"

/*
 * Writes a tar archive, compressed: ustar (POSIX.1-1988), with pax headers
 * (POSIX.1-2001) for what does not fit into it, in gzip (RFC 1952).  Any tar
 * that containers have reads it.  It holds no times (all are 1980-01-01), no
 * owners and of the permissions one bit, so that its bytes are a function of
 * what is in it, and of zlib.
 *
 * Written here, over zlib, which is linked already: libarchive is ten times
 * the size of what uses it, and the 100 lines are less than its interface
 * would need.
 */
struct tgz;

enum tgz_type { TGZ_FILE, TGZ_PROGRAM, TGZ_DIRECTORY, TGZ_LINK };

/* Into `f`, the caller's, from where it stands. */
struct tgz *tgz_begin(os_file f);
/*
 * An entry of a path with '/' between its parts (a directory's may have one
 * at its end) that leads out of nowhere; of a link, `target` is where it leads
 * to.  `size` bytes of it follow by tgz_data().
 */
void tgz_entry(struct tgz *t, const char *path, enum tgz_type type,
    const char *target, int64_t size);
void tgz_data(struct tgz *t, const void *bytes, size_t len);
/*
 * The end: the digest and the number of all bytes written.  0; or -1 with err,
 * which names no file: an entry got not what was announced, or the disk is
 * full.  `t` is gone either way.
 */
int tgz_end(struct tgz *t, char digest[SHA256_HEX + 1], int64_t *bytes,
    struct buf *err);

#endif
