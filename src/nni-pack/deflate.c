/*
 * Compression in chunks that are joined to one stream.
 *
 * libdeflate ends each of its results with a block marked as the last one of
 * the stream.  To go on behind it, that mark (one bit) has to be cleared, and
 * an empty stored block put behind to get to a byte's boundary, which is what
 * zlib's Z_SYNC_FLUSH does.  The mark of the last block is found by reading the
 * result with zlib, which tells the places of the blocks; this costs a fifth of
 * the time of compressing, and only where a file has more than one chunk.
 */
#include "deflate.h"

#include <libdeflate.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "mem.h"

/*
 * The longer a file, the more a longer search finds in it: these levels give
 * archives not larger than those of `zip -6`, names and heads included, in the
 * least time (bench/pack).
 */
static const struct {
	size_t below; /* bytes */
	int level;
} levels[] = {{(size_t)96 << 10, 4}, {(size_t)1 << 20, 5}, {SIZE_MAX, 6}};
#define LEVELS (sizeof levels / sizeof levels[0])

/* Behind a joined chunk: at most one byte with the rest of the empty block's
   head, then its length and the complement of that (RFC 1951, 3.2.4). */
#define JOINT 5

#define SCRATCH ((size_t)1 << 18)

struct deflater {
	struct libdeflate_compressor *compressors[LEVELS];
	z_stream reader; /* set up if scratch is not NULL */
	unsigned char *scratch;
};

struct deflater *
deflater_new(void)
{
	struct deflater *d = xcalloc(1, sizeof *d);
	size_t i;

	for (i = 0; i < LEVELS; i++)
		d->compressors[i] =
		    xchecked(libdeflate_alloc_compressor(levels[i].level));
	return d;
}

void
deflater_free(struct deflater *d)
{
	size_t i;

	for (i = 0; i < LEVELS; i++)
		libdeflate_free_compressor(d->compressors[i]);
	if (d->scratch != NULL)
		inflateEnd(&d->reader);
	free(d->scratch);
	free(d);
}

size_t
deflate_bound(struct deflater *d, size_t len)
{
	/* The formula is the same at all levels. */
	return libdeflate_deflate_compress_bound(d->compressors[0], len) +
	       JOINT;
}

/* Where blocks are, in bits from the beginning of a stream. */
struct layout {
	size_t last_block; /* its mark */
	size_t end;
};

static void
start_reader(struct deflater *d)
{
	if (d->scratch != NULL) {
		inflateReset(&d->reader);
		return;
	}
	d->scratch = xmalloc(SCRATCH);
	if (inflateInit2(&d->reader, -15) != Z_OK) /* raw, 32 KiB window */
		xchecked(NULL);
}

/*
 * Reads a whole stream that is well formed.  zlib.h on inflate(): with Z_BLOCK
 * it returns at the end of each block, and data_type is then the number of bits
 * not used of the last byte taken, plus 128, plus 64 if it was the last block.
 */
static struct layout
find_blocks(struct deflater *d, const unsigned char *bytes, size_t len)
{
	struct layout l = {0, 0};
	z_stream *z = &d->reader;
	int rc, state;

	start_reader(d);
	z->next_in = (z_const Bytef *)(uintptr_t)bytes;
	z->avail_in = (uInt)len;
	do {
		z->next_out = d->scratch;
		z->avail_out = (uInt)SCRATCH;
		rc = inflate(z, Z_BLOCK);
		state = z->data_type;
		l.end = (len - z->avail_in) * 8 - (size_t)(state & 7);
		if ((state & (64 | 128)) == 128)
			l.last_block = l.end;
	} while (rc == Z_OK && (state & (64 | 128)) != (64 | 128));
	return l;
}

size_t
deflate_chunk(struct deflater *d, const unsigned char *bytes, size_t len,
    bool last, unsigned char *out)
{
	struct layout l;
	size_t n, i = 0;

	while (len >= levels[i].below)
		i++;
	n = libdeflate_deflate_compress(
	    d->compressors[i], bytes, len, out, deflate_bound(d, len) - JOINT);
	if (last)
		return n;
	l = find_blocks(d, out, n);
	out[l.last_block / 8] &= (unsigned char)~(1 << l.last_block % 8);
	/* The three bits that begin an empty stored block are zeros, as are
	   those that fill the last byte. */
	if (n * 8 - l.end < 3)
		out[n++] = 0;
	memcpy(out + n, "\0\0\xff\xff", 4);
	return n + 4;
}

uint32_t
crc_update(uint32_t crc, const void *bytes, size_t len)
{
	return libdeflate_crc32(crc, bytes, len);
}

uint32_t
crc_join(uint32_t first, uint32_t second, size_t len)
{
	return (uint32_t)crc32_combine(first, second, (z_off_t)len);
}
