/*
 * The archive's format, by minizip in raw mode, which takes data as they are.
 */
#include "zip.h"

#include <minizip/zip.h>
#include <stdlib.h>
#include <string.h>

#include "mem.h"

#define MADE_BY_UNIX 3
#define VERSION 20    /* 2.0: deflate, directories */
#define VERSION_64 45 /* 4.5: zip64 */
#define FLAG_UTF8 (1u << 11)
#define DOS_DIRECTORY 0x10
#define UNIX_DIRECTORY 0040000
#define TYPE_MASK 0170000
/* 1980-01-01 00:00:00 as DOS writes it, the first time that it can. */
#define NO_TIME ((1u << 5 | 1u) << 16)
/*
 * From here on an entry gets 64-bit sizes: a bit less than 4 GiB, since what
 * cannot be compressed grows a little.
 */
#define LARGE ((int64_t)0xff000000)

struct zip {
	struct sink *sink;
	zipFile file;
};

/* ---- minizip's idea of a file, over the sink ---- */

static voidpf ZCALLBACK
on_open(voidpf opaque, const void *name, int mode)
{
	(void)name;
	(void)mode;
	return opaque;
}

static uLong ZCALLBACK
on_read(voidpf opaque, voidpf stream, void *to, uLong size)
{
	(void)opaque;
	(void)stream;
	(void)to;
	(void)size;
	return 0; /* asked only to add to an archive that is there */
}

static uLong ZCALLBACK
on_write(voidpf opaque, voidpf stream, const void *bytes, uLong size)
{
	(void)opaque;
	sink_write(stream, bytes, size);
	return size;
}

static ZPOS64_T ZCALLBACK
on_tell(voidpf opaque, voidpf stream)
{
	struct sink *s = stream;

	(void)opaque;
	return (ZPOS64_T)s->pos;
}

static long ZCALLBACK
on_seek(voidpf opaque, voidpf stream, ZPOS64_T offset, int origin)
{
	struct sink *s = stream;
	int64_t from = origin == ZLIB_FILEFUNC_SEEK_SET	  ? 0
		       : origin == ZLIB_FILEFUNC_SEEK_CUR ? s->pos
							  : sink_size(s);

	(void)opaque;
	sink_seek(s, from + (int64_t)offset);
	return 0;
}

static int ZCALLBACK
on_close(voidpf opaque, voidpf stream)
{
	(void)opaque;
	(void)stream;
	return 0;
}

static int ZCALLBACK
on_error(voidpf opaque, voidpf stream)
{
	struct sink *s = stream;

	(void)opaque;
	return s->failed;
}

struct zip *
zip_begin(struct sink *s)
{
	struct zip *z = xmalloc(sizeof *z);
	zlib_filefunc64_def calls = {on_open, on_read, on_write, on_tell,
	    on_seek, on_close, on_error, s};

	z->sink = s;
	z->file = xchecked(zipOpen2_64("", APPEND_STATUS_CREATE, NULL, &calls));
	return z;
}

void
zip_entry_begin(struct zip *z, const struct zip_entry *e)
{
	zip_fileinfo info;

	memset(&info, 0, sizeof info);
	info.dosDate = NO_TIME;
	info.external_fa = (uLong)e->mode << 16;
	if ((e->mode & TYPE_MASK) == UNIX_DIRECTORY)
		info.external_fa |= DOS_DIRECTORY;
	if (zipOpenNewFileInZip4_64(z->file, e->name, &info, NULL, 0, NULL, 0,
		NULL, e->deflated ? Z_DEFLATED : 0, Z_DEFAULT_COMPRESSION, 1,
		-MAX_WBITS, DEF_MEM_LEVEL, Z_DEFAULT_STRATEGY, NULL, 0,
		MADE_BY_UNIX << 8 | VERSION, FLAG_UTF8,
		e->size >= LARGE) != ZIP_OK)
		sink_fail(z->sink, "the archive's format cannot hold it");
}

void
zip_entry_data(struct zip *z, const void *bytes, size_t len)
{
	const char *p = bytes;
	size_t part;

	for (; len > 0; p += part, len -= part) {
		part = len < (1u << 30) ? len : 1u << 30;
		zipWriteInFileInZip(z->file, p, (unsigned)part);
	}
}

void
zip_entry_end(struct zip *z, int64_t size, uint32_t crc)
{
	if (zipCloseFileInZipRaw64(z->file, (ZPOS64_T)size, crc) != ZIP_OK)
		sink_fail(z->sink, "the archive's format cannot hold it");
	sink_commit(z->sink);
}

static unsigned char *
put(unsigned char *p, uint64_t value, int bytes)
{
	for (; bytes > 0; bytes--, value >>= 8)
		*p++ = (unsigned char)value;
	return p;
}

static uint64_t
capped(uint64_t value, uint64_t cap)
{
	return value < cap ? value : cap;
}

/* What comes behind the central directory: APPNOTE 4.3.14 to 4.3.16. */
static void
write_end(struct sink *s, uint64_t at, uint64_t size, uint64_t count)
{
	unsigned char end[56 + 20 + 22], *p = end;

	if (count >= 0xffff || at >= 0xffffffff || size >= 0xffffffff) {
		p = put(p, 0x06064b50, 4);
		p = put(p, 44, 8); /* of what follows in this record */
		p = put(p, MADE_BY_UNIX << 8 | VERSION_64, 2);
		p = put(p, VERSION_64, 2);
		p = put(p, 0, 8); /* disks */
		p = put(p, count, 8);
		p = put(p, count, 8);
		p = put(p, size, 8);
		p = put(p, at, 8);
		p = put(p, 0x07064b50, 4);
		p = put(p, 0, 4);
		p = put(p, at + size, 8);
		p = put(p, 1, 4);
	}
	p = put(p, 0x06054b50, 4);
	p = put(p, 0, 4);
	p = put(p, capped(count, 0xffff), 2);
	p = put(p, capped(count, 0xffff), 2);
	p = put(p, capped(size, 0xffffffff), 4);
	p = put(p, capped(at, 0xffffffff), 4);
	p = put(p, 0, 2); /* no comment */
	sink_write(s, end, (size_t)(p - end));
}

/*
 * minizip 1.1 forgets where an entry is from (and with it that its attributes
 * are a Unix mode) when it goes over to 64 bits, and that the number of entries
 * can be a reason to do so.  So the central directory, still in memory, is put
 * right here, and its end written anew.  Its heads begin with "PK\1\2" and end
 * with three runs of bytes, whose lengths are at 28, 30 and 32
 * (APPNOTE 4.3.12).
 */
static void
correct_directory(struct sink *s, size_t begin)
{
	unsigned char *data = (unsigned char *)s->window.data;
	int64_t at = s->base + (int64_t)begin;
	size_t p = begin;
	uint64_t count = 0;

	while (s->window.len - p >= 46 && memcmp(data + p, "PK\1\2", 4) == 0) {
		const unsigned char *head = data + p;

		data[p + 5] = MADE_BY_UNIX;
		p += (size_t)(46 + (head[28] | head[29] << 8) +
			      (head[30] | head[31] << 8) +
			      (head[32] | head[33] << 8));
		count++;
	}
	buf_cut(&s->window, p);
	s->pos = at + (int64_t)(p - begin);
	write_end(s, (uint64_t)at, p - begin, count);
}

int
zip_end(struct zip *z)
{
	struct sink *s = z->sink;
	size_t begin = s->window.len;
	int rc;

	s->hold = true;
	rc = zipClose(z->file, NULL);
	free(z);
	if (rc != ZIP_OK)
		sink_fail(s, "the archive's format cannot hold it");
	if (!s->failed)
		correct_directory(s, begin);
	s->hold = false;
	sink_commit(s);
	return s->failed ? -1 : 0;
}
