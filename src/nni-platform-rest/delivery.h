#ifndef NNI_REST_DELIVERY_H
#define NNI_REST_DELIVERY_H

#include <stdint.h>
#include "buf.h"
#include "json.h"

/*
 * What workers need of this machine: the code of an experiment, and tools for
 * its trials.  By name:
 *
 *	code.tgz	what is in DIR/code.zip
 *	tools.tgz	python/nni/			the pure Python `nni`
 *			bin/linux-x86_64/nni-trial	nni-trial, static, for
 *			bin/linux-aarch64/nni-trial	each that was built here
 *	python.tgz	of that the first, which is small
 *
 * They are made once and kept under DIR/platforms/, by the digest of what they
 * were made of.  All of it blocks.
 */
struct delivery;

/* Of the experiment in `dir`. */
struct delivery *delivery_new(const char *dir);
void delivery_free(struct delivery *d);

/*
 * Makes one, or finds it made.  *bytes is its size, and `digest` gets the
 * SHA-256 of its bytes in 64 hexadecimal digits; both may be NULL.  Two
 * programs at once do no harm.  0, or -1 with err.
 */
int delivery_prepare(struct delivery *d, const char *what, int64_t *bytes,
    struct buf *digest, struct buf *err);

/* More bytes of a file than this in one part are refused. */
#define DELIVERY_PART_MAX ((int64_t)16 << 20)
/*
 * Appends the bytes of one item of a request's `parts`: a string, as it is; or
 *	{"file":"code.tgz","at":0,"length":N,"encoding":"base64"}
 * a slice of one of the above, made first if need be.  A slice that reaches
 * beyond the end of the file ends there; without `length` it does; `encoding`
 * "none", the default: as it is.  0, or -1 with err.
 */
int delivery_part(
    struct delivery *d, struct json part, struct buf *out, struct buf *err);

/*
 * Unpacks what ("code", "tools") into the directory `into`, a path of this
 * machine, unless that is there; of "code.tgz" or "tools.tgz" it has but the
 * archive, as "0.part".  It appears there whole or not at all,
 * readable for everybody, with the directories above it.  0, or -1 with err.
 */
int delivery_unpack(
    struct delivery *d, const char *what, const char *into, struct buf *err);

#endif
