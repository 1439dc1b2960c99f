#ifndef NNI_PACK_SINK_H
#define NNI_PACK_SINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "buf.h"
#include "os/file.h"
#include "sha256.h"

/*
 * Where an archive is written: a file and the digest of its bytes.  What a zip
 * writer comes back to (the head of an entry, once its size is known) is mostly
 * still in memory then, so each byte is written and hashed once; only behind
 * the head of a very large entry the digest is taken from the file at the end.
 */
struct sink {
	os_file file;	   /* for reading and writing; the caller's */
	struct buf window; /* the bytes from `base` on, not yet in the file */
	int64_t base;
	int64_t pos;	/* where the next byte goes */
	int64_t final;	/* bytes that will not change any more */
	int64_t hashed; /* bytes that `hash` has seen */
	struct sha256 hash;
	bool hold;   /* the window may grow as it needs */
	bool failed; /* and the system's reason: */
	enum os_error kind;
	struct buf reason;
};

/* `file` is empty. */
void sink_init(struct sink *s, os_file file);
void sink_release(struct sink *s);

/* At `pos`, which moves on.  After a failure this and the others do nothing. */
void sink_write(struct sink *s, const void *bytes, size_t len);
/* A failure that is not the system's; the first one stays. `reason`: static. */
void sink_fail(struct sink *s, const char *reason);
void sink_seek(struct sink *s, int64_t pos); /* not beyond the end */
int64_t sink_size(const struct sink *s);
/* All that is written so far stays as it is. */
void sink_commit(struct sink *s);
/* Commits, and gives the digest of everything. 0, or -1 if anything failed. */
int sink_finish(struct sink *s, char hex[SHA256_HEX + 1]);

#endif
