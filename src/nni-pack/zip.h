#ifndef NNI_PACK_ZIP_H
#define NNI_PACK_ZIP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "sink.h"

/*
 * Writes a zip archive (PKWARE APPNOTE 6.3) of entries that are compressed
 * already.  Nothing in it tells who made it, where or when: all times are
 * 1980-01-01, the host is Unix, there are no owners; names are UTF-8 (general
 * purpose bit 11).  Failures stay in the sink.
 */
struct zip;

struct zip_entry {
	const char *name; /* a directory's ends with '/' */
	uint32_t mode;	  /* of stat(2), with the type */
	bool deflated;	  /* else stored */
	int64_t size;	  /* uncompressed, as far as is known at the start */
};

/* `s` is borrowed until zip_end(). */
struct zip *zip_begin(struct sink *s);
void zip_entry_begin(struct zip *z, const struct zip_entry *e);
void zip_entry_data(struct zip *z, const void *bytes, size_t len);
/* `size` may be less than what zip_entry_begin() was told. */
void zip_entry_end(struct zip *z, int64_t size, uint32_t crc);
/* Writes the central directory and frees. 0 or -1. */
int zip_end(struct zip *z);

#endif
