/* Tar archives in gzip, an entry after the other. */
#include "tgz.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "mem.h"

#define BLOCK 512
#define OUT_SIZE ((size_t)64 << 10)
/* 1980-01-01 00:00:00 UTC, as in our zip archives: tar warns of older times. */
#define TIME 315532800
#define GZIP (15 + 16) /* zlib's way to ask for that format */
#define LEVEL 6
#define MEM_LEVEL 8
#define UNIX 3
/* What the field for the size, 11 octal digits, can say. */
#define SIZE_MAX_USTAR (((int64_t)1 << 33) - 1)

/* The header of ustar: offsets and widths of its fields. */
enum {
	NAME = 0,
	NAME_LEN = 100,
	MODE = 100,
	UID = 108,
	GID = 116,
	SIZE = 124,
	MTIME = 136,
	SUM = 148,
	TYPE = 156,
	TARGET = 157,
	TARGET_LEN = 100,
	MAGIC = 257,
	PREFIX = 345,
	PREFIX_LEN = 155
};

struct tgz {
	os_file file;
	z_stream z;
	gz_header head;
	struct sha256 sum;
	int64_t bytes; /* written */
	int64_t left;  /* of the entry's contents */
	int64_t size;  /* of them */
	struct buf err;
	unsigned char *out;
};

struct tgz *
tgz_begin(os_file f)
{
	struct tgz *t = xcalloc(1, sizeof(*t));

	t->file = f;
	t->out = xmalloc(OUT_SIZE);
	buf_init(&t->err, BUF_MAX_DEFAULT);
	sha256_init(&t->sum);
	if (deflateInit2(&t->z, LEVEL, Z_DEFLATED, GZIP, MEM_LEVEL,
		Z_DEFAULT_STRATEGY) != Z_OK)
		xchecked(NULL);
	t->head.os = UNIX; /* wherever it is made */
	deflateSetHeader(&t->z, &t->head);
	return t;
}

static void
write_out(struct tgz *t, size_t len)
{
	if (t->err.len || !len)
		return;
	sha256_update(&t->sum, t->out, len);
	t->bytes += (int64_t)len;
	if (file_write(t->file, t->out, len) == -1)
		buf_err(&t->err, "cannot write: %s", os_strerror());
}

static void
compress_bytes(struct tgz *t, const void *bytes, size_t len, int flush)
{
	const unsigned char *p = bytes;
	size_t part;

	do {
		part = len < OUT_SIZE ? len : OUT_SIZE;
		t->z.next_in = (unsigned char *)p;
		t->z.avail_in = (uInt)part;
		p += part;
		len -= part;
		do {
			t->z.next_out = t->out;
			t->z.avail_out = (uInt)OUT_SIZE;
			deflate(&t->z, len ? Z_NO_FLUSH : flush);
			write_out(t, OUT_SIZE - t->z.avail_out);
		} while (t->z.avail_out == 0);
	} while (len > 0);
}

/* What is to make the contents' length a multiple of a block. */
static void
pad(struct tgz *t, int64_t size)
{
	static const char zeros[BLOCK];
	size_t over = (size_t)(size % BLOCK);

	if (over)
		compress_bytes(t, zeros, BLOCK - over, Z_NO_FLUSH);
}

/* ---- headers ---- */

static void
put_octal(unsigned char *to, size_t width, uint64_t n)
{
	to[--width] = '\0';
	for (; width > 0; n >>= 3)
		to[--width] = (unsigned char)('0' + (n & 7));
}

static void
put_header(struct tgz *t, unsigned char *h, char type, int mode, int64_t size)
{
	unsigned sum = 0;
	size_t i;

	put_octal(h + MODE, 8, (uint64_t)mode);
	put_octal(h + UID, 8, 0);
	put_octal(h + GID, 8, 0);
	put_octal(h + SIZE, 12, (uint64_t)size);
	put_octal(h + MTIME, 12, TIME);
	h[TYPE] = (unsigned char)type;
	memcpy(h + MAGIC, "ustar\00000", 8);
	memset(h + SUM, ' ', 8);
	for (i = 0; i < BLOCK; i++)
		sum += h[i];
	put_octal(h + SUM, 7, sum);
	compress_bytes(t, h, BLOCK, Z_NO_FLUSH);
}

/* The path into name, or prefix and name.  Does it fit? */
static bool
put_path(unsigned char *h, const char *path, size_t len)
{
	const char *cut;

	if (len <= NAME_LEN) {
		memcpy(h + NAME, path, len);
		return true;
	}
	/* The first '/' that leaves a name short enough, for the prefix is the
	   longer the later it is. */
	cut = memchr(path + len - NAME_LEN - 1, '/', NAME_LEN);
	if (!cut || cut == path || cut - path > PREFIX_LEN ||
	    cut + 1 == path + len)
		return false;
	memcpy(h + PREFIX, path, (size_t)(cut - path));
	memcpy(h + NAME, cut + 1, (size_t)(path + len - cut - 1));
	return true;
}

/* "LENGTH KEY=VALUE\n", where LENGTH counts itself. */
static void
add_pax(struct buf *out, const char *key, const char *value, size_t len)
{
	size_t rest = strlen(key) + len + 3, total = rest + 1, digits;

	for (;;) {
		char text[24];

		digits = (size_t)snprintf(text, sizeof(text), "%zu", total);
		if (rest + digits == total)
			break;
		total = rest + digits;
	}
	buf_addf(out, "%zu %s=", total, key);
	buf_add(out, value, len);
	buf_addc(out, '\n');
}

/* All that did not fit, as an entry before the one it is of. */
static void
put_pax(struct tgz *t, const struct buf *pax)
{
	unsigned char h[BLOCK];

	memset(h, 0, sizeof(h));
	memcpy(h + NAME, "pax", 3);
	put_header(t, h, 'x', 0644, (int64_t)pax->len);
	compress_bytes(t, pax->data, pax->len, Z_NO_FLUSH);
	pad(t, (int64_t)pax->len);
}

static void
finish_entry(struct tgz *t)
{
	if (t->left != 0 && !t->err.len)
		buf_err(&t->err, "a file became shorter while it was read");
	pad(t, t->size);
	t->left = t->size = 0;
}

void
tgz_entry(struct tgz *t, const char *path, enum tgz_type type,
    const char *target, int64_t size)
{
	static const struct {
		char type;
		int mode;
	} kinds[] = {{'0', 0644}, {'0', 0755}, {'5', 0755}, {'2', 0777}};
	unsigned char h[BLOCK];
	struct buf pax = BUF_INIT;
	size_t len = strlen(path), to = target ? strlen(target) : 0;
	char text[24];

	finish_entry(t);
	memset(h, 0, sizeof(h));
	if (!put_path(h, path, len)) {
		add_pax(&pax, "path", path, len);
		/* Who cannot read pax gets a shorter name, and no other. */
		memcpy(h + NAME, path, NAME_LEN);
	}
	if (to > TARGET_LEN)
		add_pax(&pax, "linkpath", target, to);
	if (to)
		memcpy(h + TARGET, target, to < TARGET_LEN ? to : TARGET_LEN);
	if (size > SIZE_MAX_USTAR)
		add_pax(&pax, "size", text,
		    (size_t)snprintf(text, sizeof(text), "%" PRId64, size));
	if (pax.len)
		put_pax(t, &pax);
	put_header(t, h, kinds[type].type, kinds[type].mode,
	    size > SIZE_MAX_USTAR ? 0 : size);
	t->left = t->size = size;
	buf_release(&pax);
}

void
tgz_data(struct tgz *t, const void *bytes, size_t len)
{
	if ((int64_t)len > t->left) {
		if (!t->err.len)
			buf_err(&t->err, "a file grew while it was read");
		return;
	}
	t->left -= (int64_t)len;
	compress_bytes(t, bytes, len, Z_NO_FLUSH);
}

int
tgz_end(
    struct tgz *t, char digest[SHA256_HEX + 1], int64_t *bytes, struct buf *err)
{
	static const char zeros[2 * BLOCK];
	int r = 0;

	finish_entry(t);
	compress_bytes(t, zeros, sizeof(zeros), Z_FINISH);
	sha256_final_hex(&t->sum, digest);
	*bytes = t->bytes;
	if (t->err.len)
		r = buf_err(err, "%s", t->err.data);
	deflateEnd(&t->z);
	buf_release(&t->err);
	free(t->out);
	free(t);
	return r;
}
