/* Zip archives, by minizip, over files of ours: long and wide paths work. */
#include "archive.h"

#include <minizip/unzip.h>
#include <stdlib.h>
#include <string.h>

#include "mem.h"
#include "os/file.h"

#define NAME_MAX_LEN 4096
#define DEFAULT_MODE 0644u
#define TYPE_MASK 0170000u /* of a Unix mode */
#define TYPE_LINK 0120000u
#define LAST_RECORD 22 /* bytes, without a comment */

struct archive {
	unzFile zip;
	os_file file;
	int64_t pos;
	char *path;
	char name[NAME_MAX_LEN + 1];
	bool empty; /* no entries; zip is NULL */
	bool begun; /* an entry was asked for */
	bool open;  /* one is being read */
};

/* ---- minizip's idea of a file ---- */

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
	struct archive *a = stream;
	int64_t n = file_read_at(a->file, to, size, a->pos);

	(void)opaque;
	if (n <= 0)
		return 0;
	a->pos += n;
	return (uLong)n;
}

static uLong ZCALLBACK
on_write(voidpf opaque, voidpf stream, const void *bytes, uLong size)
{
	(void)opaque;
	(void)stream;
	(void)bytes;
	(void)size;
	return 0;
}

static ZPOS64_T ZCALLBACK
on_tell(voidpf opaque, voidpf stream)
{
	const struct archive *a = stream;

	(void)opaque;
	return (ZPOS64_T)a->pos;
}

static long ZCALLBACK
on_seek(voidpf opaque, voidpf stream, ZPOS64_T offset, int origin)
{
	struct archive *a = stream;
	int64_t from = origin == ZLIB_FILEFUNC_SEEK_SET	  ? 0
		       : origin == ZLIB_FILEFUNC_SEEK_CUR ? a->pos
							  : file_size(a->file);

	(void)opaque;
	a->pos = from + (int64_t)offset;
	return 0;
}

static int ZCALLBACK
on_close(voidpf opaque, voidpf stream)
{
	(void)opaque;
	(void)stream;
	return 0;
}

/* ---- archives ---- */

/* One of no files is its last record alone, where minizip does not look. */
static bool
is_empty(os_file f)
{
	static const char end[] = {'P', 'K', 5, 6};
	char bytes[LAST_RECORD];

	return file_size(f) == LAST_RECORD &&
	       file_read_at(f, bytes, LAST_RECORD, 0) == LAST_RECORD &&
	       memcmp(bytes, end, sizeof(end)) == 0;
}

struct archive *
archive_open(const char *path, struct buf *err)
{
	struct archive *a = xcalloc(1, sizeof(*a));
	zlib_filefunc64_def calls = {on_open, on_read, on_write, on_tell,
	    on_seek, on_close, on_close, a};

	a->path = xstrdup(path);
	a->file = file_open(path, FILE_READ | FILE_ORDINARY, 0, err);
	if (a->file != OS_NO_FILE) {
		a->empty = is_empty(a->file);
		if (!a->empty)
			a->zip = unzOpen2_64("", &calls);
		if (!a->empty && !a->zip)
			buf_err(err, "'%s' is no zip archive", path);
	}
	if (a->zip || a->empty)
		return a;
	archive_close(a);
	return NULL;
}

static int
damaged(const struct archive *a, struct buf *err)
{
	return buf_err(err, "the archive '%s' is damaged", a->path);
}

static void
leave_entry(struct archive *a)
{
	if (a->open)
		unzCloseCurrentFile(a->zip);
	a->open = false;
}

int
archive_next(struct archive *a, struct archive_entry *e, struct buf *err)
{
	unz_file_info64 info;
	int r;

	if (a->empty)
		return 0;
	leave_entry(a);
	r = a->begun ? unzGoToNextFile(a->zip) : unzGoToFirstFile(a->zip);
	a->begun = true;
	if (r == UNZ_END_OF_LIST_OF_FILE)
		return 0;
	if (r != UNZ_OK ||
	    unzGetCurrentFileInfo64(a->zip, &info, a->name, NAME_MAX_LEN, NULL,
		0, NULL, 0) != UNZ_OK ||
	    info.size_filename > NAME_MAX_LEN ||
	    unzOpenCurrentFile(a->zip) != UNZ_OK)
		return damaged(a, err);
	a->open = true;
	a->name[info.size_filename] = '\0';
	e->path = a->name;
	e->mode = (uint32_t)(info.external_fa >> 16) & 0777;
	if (!e->mode)
		e->mode = DEFAULT_MODE;
	e->link = ((info.external_fa >> 16) & TYPE_MASK) == TYPE_LINK;
	e->size = (int64_t)info.uncompressed_size;
	return 1;
}

int64_t
archive_read(struct archive *a, void *to, size_t size, struct buf *err)
{
	int n = unzReadCurrentFile(a->zip, to, (unsigned)size);

	if (n > 0)
		return n;
	if (n == 0) {
		a->open = false;
		if (unzCloseCurrentFile(a->zip) == UNZ_OK)
			return 0;
	}
	return damaged(a, err);
}

void
archive_close(struct archive *a)
{
	if (!a)
		return;
	if (a->zip) {
		leave_entry(a);
		unzClose(a->zip);
	}
	if (a->file != OS_NO_FILE)
		file_close(a->file);
	free(a->path);
	free(a);
}
