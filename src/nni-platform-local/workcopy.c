/*
 * Working copies: the code of one attempt.
 */
#include "workcopy.h"
#include <stdlib.h>
#include <string.h>
#include "mem.h"
#include "trees.h"
#include "os/file.h"

#define PIECE ((size_t)64 << 10)

struct workcopy {
	const struct tree *tree;
	const char *to;
	bool may_clone; /* until it did not work */
	bool may_link;
	struct buf from, path, parent;
	char *piece;
};

/* Second names are safe only if nobody can write to what they name: for root
   everything can be written to. */
static bool
is_protected(const char *path)
{
	os_file f = file_open(path, FILE_WRITE, 0, NULL);

	if (f != OS_NO_FILE)
		file_close(f);
	return f == OS_NO_FILE;
}

static int
write_failed(struct workcopy *w, struct buf *err)
{
	return buf_err(
	    err, "cannot write '%s': %s", w->path.data, os_strerror());
}

static int
copy_bytes(struct workcopy *w, os_file from, os_file to, struct buf *err)
{
	int64_t n;

	while ((n = file_read(from, w->piece, PIECE)) > 0)
		if (file_write(to, w->piece, (size_t)n) == -1)
			return write_failed(w, err);
	return n == 0 ? 0 : write_failed(w, err);
}

static int
copy_file(struct workcopy *w, const struct tree_file *f, struct buf *err)
{
	os_file from = file_open(w->from.data, FILE_READ, 0, err), to;
	int r = -1;

	if (from == OS_NO_FILE)
		return -1;
	to = file_open(w->path.data,
	    FILE_WRITE | FILE_CREATE | FILE_EXCL | FILE_NOFOLLOW,
	    f->executable ? 0700 : 0600, err);
	if (to != OS_NO_FILE) {
		w->may_clone = w->may_clone && file_clone(from, to) == 0;
		r = w->may_clone ? 0 : copy_bytes(w, from, to, err);
		/* So that what the trial changes is told from the rest. */
		file_set_mtime(to, f->mtime_ms);
		file_close(to);
	}
	file_close(from);
	return r;
}

static int
share_file(struct workcopy *w, const struct tree_file *f)
{
	if (w->may_clone || !w->may_link || f->size <= TREE_SMALL)
		return -1;
	w->may_link = is_protected(w->from.data) &&
		      file_link(w->from.data, w->path.data, NULL) == 0;
	return w->may_link ? 0 : -1;
}

static int
copy_link(struct workcopy *w, struct buf *err)
{
	struct buf target = BUF_INIT;
	int r = link_read(w->from.data, &target, err);

	if (r == 0)
		r = link_make(target.data, w->path.data, err);
	buf_release(&target);
	return r;
}

/* Files of one directory mostly come one after the other. */
static int
make_parent(struct workcopy *w, struct buf *err)
{
	size_t len = (size_t)(path_base(w->path.data) - w->path.data) - 1;

	if (w->parent.len == len &&
	    memcmp(w->parent.data, w->path.data, len) == 0)
		return 0;
	buf_clear(&w->parent);
	buf_add(&w->parent, w->path.data, len);
	return dir_make_all(w->parent.data, 0700, err);
}

static enum workcopy_result
add_file(struct workcopy *w, size_t i, struct buf *err)
{
	const struct tree_file *f = &w->tree->files[i];

	if (tree_check_file(w->tree, i, err) == -1)
		return WORKCOPY_STALE;
	buf_setf(&w->from, "%s/%s", w->tree->files_dir, f->path);
	buf_setf(&w->path, "%s/%s", w->to, f->path);
	if (f->directory)
		return dir_make_all(w->path.data, 0700, err) == 0
			   ? WORKCOPY_OK
			   : WORKCOPY_FAILED;
	if (make_parent(w, err) == -1)
		return WORKCOPY_FAILED;
	if (f->link)
		return copy_link(w, err) == 0 ? WORKCOPY_OK : WORKCOPY_FAILED;
	if (share_file(w, f) == 0 || copy_file(w, f, err) == 0)
		return WORKCOPY_OK;
	return WORKCOPY_FAILED;
}

enum workcopy_result
workcopy_make(const char *to, const char *tree, struct buf *err)
{
	struct tree t = TREE_INIT;
	struct workcopy w = {&t, to, true, *path_list_separator() == ':',
	    BUF_INIT, BUF_INIT, BUF_INIT, NULL};
	enum workcopy_result result = WORKCOPY_OK;
	size_t i;

	if (dir_remove_tree(to, err) == -1 || dir_make(to, 0700, err) == -1)
		return WORKCOPY_FAILED;
	if (tree == NULL)
		return WORKCOPY_OK;
	w.piece = xmalloc(PIECE);
	if (tree_open(&t, tree, err) == -1)
		result = WORKCOPY_STALE;
	for (i = 0; i < t.count && result == WORKCOPY_OK; i++)
		result = add_file(&w, i, err);
	tree_release(&t);
	buf_release(&w.from);
	buf_release(&w.path);
	buf_release(&w.parent);
	free(w.piece);
	return result;
}

/* ---- when the trial is over ---- */

static bool
leads_there_still(struct workcopy *w, const struct tree_file *f)
{
	struct buf now = BUF_INIT, then = BUF_INIT;
	bool same;

	buf_setf(&w->from, "%s/%s", w->tree->files_dir, f->path);
	same = link_read(w->path.data, &now, NULL) == 0 &&
	       link_read(w->from.data, &then, NULL) == 0 &&
	       strcmp(now.data, then.data) == 0;
	buf_release(&now);
	buf_release(&then);
	return same;
}

/* Is the file at w->path as add_file() made it? */
static bool
is_untouched(struct workcopy *w, const struct tree_file *f)
{
	struct file_info info;

	if (f->link)
		return leads_there_still(w, f);
	return !f->directory && file_info(w->path.data, false, &info) == 0 &&
	       info.type == FILE_REGULAR && info.size == f->size &&
	       info.mtime_ms == f->mtime_ms;
}

/* The directories above it that are empty now. */
static void
remove_parents(struct workcopy *w)
{
	size_t top = strlen(w->to);

	for (;;) {
		buf_cut(&w->path,
		    (size_t)(path_base(w->path.data) - w->path.data) - 1);
		if (w->path.len <= top || dir_remove(w->path.data, NULL) == -1)
			break;
	}
}

void
workcopy_prune(const char *to, const char *tree)
{
	struct tree t = TREE_INIT;
	struct workcopy w = {
	    &t, to, false, false, BUF_INIT, BUF_INIT, BUF_INIT, NULL};
	size_t i;

	if (tree_open(&t, tree, NULL) == -1)
		t.count = 0;
	for (i = 0; i < t.count; i++) {
		buf_setf(&w.path, "%s/%s", to, t.files[i].path);
		if (is_untouched(&w, &t.files[i]) &&
		    file_remove(w.path.data, NULL) == 0 &&
		    strchr(t.files[i].path, '/') != NULL)
			remove_parents(&w);
	}
	tree_release(&t);
	buf_release(&w.from);
	buf_release(&w.path);
}
