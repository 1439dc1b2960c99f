/*
 * The limits, and who is to blame.
 */
#include "limits.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "mem.h"
#include "quote.h"

#define NAMED 10 /* folders of each kind in a message */

/* Everything below a folder, at any depth. */
struct folder {
	const char *path; /* "data/", "" is the root */
	int64_t entries, bytes;
	/* The most that a single folder in it holds of these. */
	int64_t child_entries, child_bytes;
	size_t parent;
};

/* "1.5 MiB", for people. */
static void
size_add(struct buf *out, int64_t bytes)
{
	static const char *const units[] = {"KiB", "MiB", "GiB", "TiB"};
	double size = (double)bytes / 1024;
	size_t i = 0;

	if (bytes < 1024) {
		buf_addf(out, "%d byte%s", (int)bytes, plural((uint64_t)bytes));
		return;
	}
	while (size >= 1024 && i < 3) {
		size /= 1024;
		i++;
	}
	buf_addf(out, "%.1f %s", size, units[i]);
}

/* A folder is complete: what it holds its parent holds too. */
static size_t
leave(struct folder *folders, size_t at)
{
	struct folder *f = &folders[at], *up = &folders[f->parent];

	up->entries += f->entries;
	up->bytes += f->bytes;
	if (f->entries > up->child_entries)
		up->child_entries = f->entries;
	if (f->bytes > up->child_bytes)
		up->child_bytes = f->bytes;
	return f->parent;
}

/*
 * The entries are sorted, so all that is in a folder follows right behind it.
 * Returns `count` folders, the first is the root.
 */
static struct folder *
sum_up(const struct tree *t, size_t *count)
{
	struct folder *folders = xcalloc((size_t)t->dirs + 1, sizeof *folders);
	size_t i, n = 1, at = 0;

	folders[0].path = "";
	for (i = 0; i < t->count; i++) {
		const struct tree_entry *e = &t->entries[i];

		while (strncmp(e->path, folders[at].path,
			   strlen(folders[at].path)) != 0)
			at = leave(folders, at);
		folders[at].entries++;
		folders[at].bytes += e->size;
		if (e->type != FILE_DIR)
			continue;
		folders[n].path = e->path;
		folders[n].parent = at;
		at = n++;
	}
	while (at != 0)
		at = leave(folders, at);
	*count = n;
	return folders;
}

static int
by_entries(const void *a, const void *b)
{
	const struct folder *x = a, *y = b;

	if (x->entries != y->entries)
		return x->entries < y->entries ? 1 : -1;
	return strcmp(x->path, y->path);
}

static int
by_bytes(const void *a, const void *b)
{
	const struct folder *x = a, *y = b;

	if (x->bytes != y->bytes)
		return x->bytes < y->bytes ? 1 : -1;
	return strcmp(x->path, y->path);
}

/* A folder that is no more than the shell of one in it is not worth a line. */
static bool
is_shell(int64_t all, int64_t child)
{
	return all == 0 || child * 10 >= all * 9;
}

/* The message has several lines: a name must not make another one. */
static void
add_name(struct buf *err, const char *path)
{
	if (*path == '\0')
		path = "./";
	quote_visible(err, path, strlen(path));
}

static void
name_folders(struct folder *folders, size_t count, struct buf *err)
{
	size_t i, named;

	qsort(folders, count, sizeof *folders, by_entries);
	buf_adds(err, "\nfolders with the most files:");
	for (i = named = 0; i < count && named < NAMED; i++) {
		const struct folder *f = &folders[i];

		if (is_shell(f->entries, f->child_entries))
			continue;
		buf_addf(err, "\n%12" PRId64 "  ", f->entries);
		add_name(err, f->path);
		named++;
	}
	qsort(folders, count, sizeof *folders, by_bytes);
	if (folders[0].bytes == 0)
		return;
	buf_adds(err, "\nlargest folders:");
	for (i = named = 0; i < count && named < NAMED; i++) {
		const struct folder *f = &folders[i];
		struct buf size = BUF_INIT;

		if (is_shell(f->bytes, f->child_bytes))
			continue;
		size_add(&size, f->bytes);
		buf_addf(err, "\n%12s  ", size.data);
		add_name(err, f->path);
		buf_release(&size);
		named++;
	}
}

int
limits_check(
    const struct tree *t, int64_t max_files, int64_t max_bytes, struct buf *err)
{
	bool many = max_files > 0 && (int64_t)t->count > max_files;
	bool large = max_bytes > 0 && t->bytes > max_bytes;
	const char *least = t->cut ? "at least " : "";
	struct folder *folders;
	size_t count;

	if (!many && !large)
		return 0;
	add_name(err, t->root);
	buf_addf(err, " holds %s%" PRIu64 " files and directories, %s", least,
	    (uint64_t)t->count, least);
	size_add(err, t->bytes);
	buf_adds(err, ";");
	if (many)
		buf_addf(
		    err, " more than %" PRId64 " (--max-files)", max_files);
	if (large) {
		buf_adds(err, many ? " and more than " : " more than ");
		size_add(err, max_bytes);
		buf_adds(err, " (--max-size)");
	}
	folders = sum_up(t, &count);
	name_folders(folders, count, err);
	free(folders);
	buf_adds(err, "\nis it the right directory? leave folders out by "
		      "a " IGNORE_NAME ", or raise the limit (0: none)");
	return -1;
}
