#ifndef NNI_ARCHIVE_H
#define NNI_ARCHIVE_H

#include <stdbool.h>
#include <stdint.h>
#include "buf.h"

/*
 * Reads a zip archive, an entry at a time, in its order (minizip).
 */
struct archive;

struct archive_entry {
	const char *path; /* UTF-8; a directory's ends with '/' */
	uint32_t mode;	  /* permission bits; 0644 if the archive has none */
	bool link;	  /* symbolic; its contents are where it leads to */
	int64_t size;	  /* bytes, as the archive's list of entries says */
};

/* NULL with err if it cannot be read, or is none. */
struct archive *archive_open(const char *path, struct buf *err);
/* The next entry, valid until the next call.  1; 0: no more; -1. */
int archive_next(struct archive *a, struct archive_entry *e, struct buf *err);
/* Some more of the entry's contents: bytes read, 0 at its end, -1. */
int64_t archive_read(struct archive *a, void *to, size_t size, struct buf *err);
/* NULL is allowed. */
void archive_close(struct archive *a);

#endif
