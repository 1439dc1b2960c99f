/*
 * Any bytes, cut into any chunks: the joined stream must give them back, as
 * zlib reads it.  The first four bytes say how long the chunks are.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "mem.h"
#include "nni-pack/deflate.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Compresses in chunks; returns the length of what is at *out, malloced. */
static size_t
join(const uint8_t *data, size_t size, const uint8_t lengths[4],
    unsigned char **out, uint32_t *crc)
{
	struct deflater *d = deflater_new();
	size_t at = 0, n = 0, len, turn = 0;
	bool last;

	*out = NULL;
	*crc = 0;
	do {
		len = (size_t)lengths[turn % 4] << turn % 8;
		turn++;
		/* It must come to an end. */
		if (turn > 100 || len > size - at)
			len = size - at;
		last = at + len == size;
		*out = xrealloc(*out, n + deflate_bound(d, len));
		n += deflate_chunk(d, data + at, len, last, *out + n);
		*crc = crc_join(*crc, crc_update(0, data + at, len), len);
		at += len;
	} while (!last);
	deflater_free(d);
	return n;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	unsigned char *packed, *back;
	size_t n;
	z_stream z;
	uint32_t crc;

	if (size < 4)
		return 0;
	n = join(data + 4, size - 4, data, &packed, &crc);
	back = xmalloc(size);
	memset(&z, 0, sizeof z);
	z.next_in = packed;
	z.avail_in = (uInt)n;
	z.next_out = back;
	z.avail_out = (uInt)size;
	if (inflateInit2(&z, -15) != Z_OK ||
	    inflate(&z, Z_FINISH) != Z_STREAM_END || z.avail_in != 0 ||
	    z.total_out != size - 4 || memcmp(back, data + 4, size - 4) != 0 ||
	    crc != crc32(0, back, (uInt)(size - 4)))
		abort();
	inflateEnd(&z);
	free(back);
	free(packed);
	return 0;
}
