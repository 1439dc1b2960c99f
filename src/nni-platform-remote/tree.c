/* Trees of files, in pieces that fit a line. */
#include "tree.h"

#include <stdlib.h>
#include <string.h>

#include "archive.h"
#include "base64.h"
#include "json.h"
#include "mem.h"
#include "os/file.h"
#include "record.h"

#define PIECE ((size_t)192 << 10)

struct tree {
	char *digest;
	struct archive *archive; /* or: */
	char **names, **files;
	size_t count, next;
	os_file file; /* the one that is being read */
	char *path;   /* of it in the tree; NULL: none is */
	uint32_t mode;
	bool link;    /* its contents are where it leads to */
	int64_t done; /* files */
	unsigned char *piece;
	struct buf ahead; /* what was read last: the end shows only then */
};

static struct tree *
new_tree(const char *digest)
{
	struct tree *t = xcalloc(1, sizeof(*t));

	t->digest = xstrdup(digest);
	t->file = OS_NO_FILE;
	t->piece = xmalloc(PIECE);
	buf_init(&t->ahead, PIECE);
	return t;
}

struct tree *
tree_of_archive(const char *path, const char *digest, struct buf *err)
{
	struct archive *a = archive_open(path, err);
	struct tree *t;

	if (!a)
		return NULL;
	t = new_tree(digest);
	t->archive = a;
	return t;
}

struct tree *
tree_of_files(const char *digest, const char *const *names,
    const char *const *files, size_t count)
{
	struct tree *t = new_tree(digest);
	size_t i;

	t->names = xcalloc(count + 1, sizeof(*t->names));
	t->files = xcalloc(count + 1, sizeof(*t->files));
	for (i = 0; i < count; i++) {
		t->names[i] = xstrdup(names[i]);
		t->files[i] = xstrdup(files[i]);
	}
	t->count = count;
	return t;
}

void
tree_close(struct tree *t)
{
	size_t i;

	if (!t)
		return;
	archive_close(t->archive);
	if (t->file != OS_NO_FILE)
		file_close(t->file);
	for (i = 0; i < t->count; i++) {
		free(t->names[i]);
		free(t->files[i]);
	}
	free(t->names);
	free(t->files);
	free(t->digest);
	free(t->path);
	free(t->piece);
	buf_release(&t->ahead);
	free(t);
}

/* ---- one file after another ---- */

static int
open_file(struct tree *t, struct buf *err)
{
	struct file_info info;

	if (t->next == t->count)
		return 0;
	t->file =
	    file_open(t->files[t->next], FILE_READ | FILE_ORDINARY, 0, err);
	if (t->file == OS_NO_FILE)
		return -1;
	t->mode = file_info_of(t->file, &info) == 0 ? info.mode & 0777 : 0644;
	t->path = xstrdup(t->names[t->next++]);
	return 1;
}

static int
open_entry(struct tree *t, struct buf *err)
{
	struct archive_entry e;
	int r = archive_next(t->archive, &e, err);

	if (r != 1)
		return r;
	t->mode = e.mode;
	t->link = e.link;
	t->path = xstrdup(e.path);
	return 1;
}

/* A piece of the open file, which is whole unless the file ends. */
static int64_t
read_piece(struct tree *t, struct buf *err)
{
	size_t have = 0;
	int64_t n = 1;

	while (have < PIECE && n > 0) {
		if (t->archive)
			n = archive_read(
			    t->archive, t->piece + have, PIECE - have, err);
		else
			n = file_read(t->file, t->piece + have, PIECE - have);
		if (n == -1)
			return t->archive
				   ? -1
				   : buf_err(err, "cannot read '%s': %s",
					 t->files[t->next - 1], os_strerror());
		have += (size_t)n;
	}
	return (int64_t)have;
}

static void
close_file(struct tree *t)
{
	if (t->file != OS_NO_FILE)
		file_close(t->file);
	t->file = OS_NO_FILE;
	free(t->path);
	t->path = NULL;
	t->done++;
}

static void
add_piece(
    struct tree *t, struct buf *out, const void *bytes, size_t len, bool more)
{
	struct buf text = BUF_INIT;

	base64_encode(&text, bytes, len);
	record_begin(out, "file");
	json_member_str(out, "tree", t->digest);
	json_member_str(out, "path", t->path);
	json_member_int(out, "mode", t->mode);
	if (t->link)
		json_member_bool(out, "link", true);
	json_key(out, "data");
	buf_addf(out, "\"%s\"", text.data);
	if (more)
		json_member_bool(out, "more", true);
	record_end(out);
	buf_release(&text);
}

static void
add_whole(struct tree *t, struct buf *out)
{
	record_begin(out, "whole");
	json_member_str(out, "tree", t->digest);
	json_member_int(out, "files", t->done);
	record_end(out);
}

/* A line can only say that more comes when that is known: one piece is read
   ahead. */
int
tree_line(struct tree *t, struct buf *out, struct buf *err)
{
	int64_t n;
	int r;

	if (!t->path) {
		r = t->archive ? open_entry(t, err) : open_file(t, err);
		if (r == 0)
			add_whole(t, out);
		if (r != 1)
			return r;
		n = read_piece(t, err);
		if (n == -1)
			return -1;
		buf_clear(&t->ahead);
		buf_add(&t->ahead, t->piece, (size_t)n);
	}
	n = t->ahead.len == PIECE ? read_piece(t, err) : 0;
	if (n == -1)
		return -1;
	add_piece(t, out, t->ahead.data, t->ahead.len, n > 0);
	buf_clear(&t->ahead);
	buf_add(&t->ahead, t->piece, (size_t)n);
	if (n == 0)
		close_file(t);
	return 1;
}
