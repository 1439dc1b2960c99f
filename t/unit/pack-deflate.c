/* Joined streams: chunks whose results end at each of a byte's eight bits. */
#include "tap.h"

#include <stdlib.h>
#include <zlib.h>

#include "deflate.h"
#include "mem.h"
#include "os/sys.h"

#define CHUNKS 250
#define CHUNK_MAX 60000

/* Text that compresses a little, of changing kinds so that it is worth several
   blocks; always the same. */
static void
fill(unsigned char *p, size_t len)
{
	static const char *const kinds[] = {
	    "etaoin shrdlu\n", "0123456789,.-\n", "{}()[]<>;:=*/\n"};
	uint32_t state = 1;
	size_t i;

	for (i = 0; i < len; i++) {
		state = state * 1664525 + 1013904223;
		p[i] = (unsigned char)kinds[i / 15000 % 3][(state >> 24) % 14];
	}
}

/* How a stream of `n` bytes reads; its bytes go to `back`. */
static bool
reads_back(const unsigned char *packed, size_t n, const unsigned char *bytes,
    size_t len)
{
	unsigned char *back = xmalloc(len + 1);
	z_stream z;
	bool good;

	memset(&z, 0, sizeof z);
	z.next_in = (z_const Bytef *)(uintptr_t)packed;
	z.avail_in = (uInt)n;
	z.next_out = back;
	z.avail_out = (uInt)len + 1;
	good = inflateInit2(&z, -15) == Z_OK &&
	       inflate(&z, Z_FINISH) == Z_STREAM_END && z.avail_in == 0 &&
	       z.total_out == len && memcmp(back, bytes, len) == 0;
	inflateEnd(&z);
	free(back);
	return good;
}

static void
test_joints(void)
{
	struct deflater *d = deflater_new();
	unsigned char *bytes = xmalloc(CHUNK_MAX);
	unsigned char *packed = xmalloc(2 * deflate_bound(d, CHUNK_MAX));
	size_t i, n, first, whole, longer = 0, bad = 0;

	fill(bytes, CHUNK_MAX);
	for (i = 0; i < CHUNKS; i++) {
		first = i * (CHUNK_MAX - 100) / CHUNKS;
		whole = deflate_chunk(d, bytes, first, true, packed);
		n = deflate_chunk(d, bytes, first, false, packed);
		/* A joint is 4 bytes, or 5 if the last one has no room. */
		longer += n - whole - 4;
		n += deflate_chunk(d, bytes + first, 100, true, packed + n);
		bad += !reads_back(packed, n, bytes, first + 100);
	}
	is_int((int64_t)bad, 0, "each chunk goes on into the next one");
	ok(longer > CHUNKS / 8 && longer < CHUNKS * 5 / 8,
	    "with room for the joint's head and without");
	free(packed);
	free(bytes);
	deflater_free(d);
}

static void
test_crc(void)
{
	const char *text = "123456789";
	uint32_t first = crc_update(0, text, 4);

	is_int(crc_update(0, text, 9), 0xcbf43926, "the check value of CRC-32");
	is_int(crc_update(first, text + 4, 5), 0xcbf43926, "in pieces");
	is_int(crc_join(first, crc_update(0, text + 4, 5), 5), 0xcbf43926,
	    "and joined");
	is_int(crc_join(first, 0, 0), first, "with nothing");
}

int
nni_main(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	test_joints();
	test_crc();
	return done_testing();
}
