/*
 * Trees of files kept by their digests, and how they are received.
 */
#include "trees.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include "base64.h"
#include "mem.h"
#include "names.h"
#include "os/lock.h"
#include "os/sys.h"

/* What is being received or removed; beside it "NAME.lock", locked meanwhile.
 */
#define UNFINISHED ".in-"

static bool
is_windows(void)
{
	return *path_list_separator() == ';';
}

int
tree_dir(struct buf *out, const char *store, const char *digest)
{
	const char *name = digest, *p;

	if (strncmp(name, "sha256:", 7) == 0)
		name += 7;
	for (p = name; (*p >= 'a' && *p <= 'z') || (*p >= '0' && *p <= '9');)
		p++;
	if (*p != '\0' || p - name < 8 || p - name > 128)
		return -1;
	buf_set(out, store);
	path_add(out, name);
	return 0;
}

/* ---- reading ---- */

/* "SIZE MTIME_MS x|-|d|l PATH"; -1: it is none. */
static int
parse_file(struct tree_file *f, char *line)
{
	char *p;

	f->size = strtoll(line, &p, 10);
	if (p == line || *p != ' ' || f->size < 0)
		return -1;
	line = p + 1;
	f->mtime_ms = strtoll(line, &p, 10);
	if (p == line || *p != ' ' || p[1] == '\0' || !strchr("x-dl", p[1]) ||
	    p[2] != ' ')
		return -1;
	f->executable = p[1] == 'x';
	f->directory = p[1] == 'd';
	f->link = p[1] == 'l';
	f->path = p + 3;
	return name_path_fault(f->path, is_windows()) == NULL ? 0 : -1;
}

/* The last line has their number alone. */
static int
parse_manifest(struct tree *t)
{
	char *line = t->text.data, *lf, *p;
	size_t room = 0;

	for (; (lf = strchr(line, '\n')) != NULL; line = lf + 1) {
		*lf = '\0';
		if (strchr(line, ' ') == NULL)
			return strtoull(line, &p, 10) == t->count && p > line &&
				       *p == '\0'
				   ? 0
				   : -1;
		if (t->count == room) {
			room = room ? room * 2 : 64;
			t->files =
			    xreallocarray(t->files, room, sizeof(*t->files));
		}
		if (parse_file(&t->files[t->count++], line) == -1)
			return -1;
	}
	return -1;
}

int
tree_open(struct tree *t, const char *dir, struct buf *err)
{
	struct buf path = BUF_INIT;
	int r;

	*t = (struct tree)TREE_INIT;
	buf_setf(&path, "%s/files", dir);
	t->files_dir = buf_detach(&path);
	buf_setf(&path, "%s/manifest", dir);
	r = file_read_ordinary(path.data, &t->text, err);
	if (r == 0 && parse_manifest(t) == -1)
		r = buf_err(err, "'%s' is damaged", path.data);
	buf_release(&path);
	return r;
}

int
tree_check_file(const struct tree *t, size_t i, struct buf *err)
{
	const struct tree_file *f = &t->files[i];
	struct buf path = BUF_INIT;
	struct file_info info;
	int r = 0;

	buf_setf(&path, "%s/%s", t->files_dir, f->path);
	if (file_info(path.data, false, &info) == -1 ||
	    (f->directory
		    ? info.type != FILE_DIR
		    : info.type != (f->link ? FILE_LINK : FILE_REGULAR) ||
			  info.size != f->size || info.mtime_ms != f->mtime_ms))
		r = buf_err(err, "'%s' was changed", path.data);
	buf_release(&path);
	return r;
}

int
tree_check(const struct tree *t, struct buf *err)
{
	size_t i;

	for (i = 0; i < t->count; i++)
		if (tree_check_file(t, i, err) == -1)
			return -1;
	return 0;
}

void
tree_release(struct tree *t)
{
	free(t->files_dir);
	free(t->files);
	buf_release(&t->text);
	*t = (struct tree)TREE_INIT;
}

/* ---- what is not finished ---- */

/* A name of its own in the store, locked. 0 or -1. */
static int
new_name(struct buf *dir, struct lock *lock, const char *store, struct buf *err)
{
	char id[33];
	struct buf path = BUF_INIT;
	int r = 0;

	while (r == 0) {
		experiment_id_new(id);
		buf_setf(dir, "%s/" UNFINISHED "%s", store, id);
		buf_setf(&path, "%s.lock", dir->data);
		r = lock_try(lock, path.data, 0600, NULL, err);
	}
	buf_release(&path);
	return r == 1 ? 0 : -1;
}

static void
give_name_up(const char *dir, struct lock *lock)
{
	struct buf path = BUF_INIT;

	dir_remove_tree(dir, NULL);
	buf_setf(&path, "%s.lock", dir);
	file_remove(path.data, NULL);
	lock_release(lock);
	buf_release(&path);
}

/* Whose process died. */
static void
remove_unfinished(const char *store)
{
	struct buf path = BUF_INIT;
	struct lock lock = LOCK_INIT;
	char **names;
	size_t count, i, len;

	if (dir_list(store, &names, NULL, &count, NULL) == -1)
		return;
	for (i = 0; i < count; i++) {
		len = strlen(names[i]);
		if (strncmp(names[i], UNFINISHED, strlen(UNFINISHED)) != 0 ||
		    len < 6 || strcmp(names[i] + len - 5, ".lock") != 0)
			continue;
		buf_setf(&path, "%s/%s", store, names[i]);
		if (lock_try(&lock, path.data, 0600, NULL, NULL) != 1)
			continue;
		buf_cut(&path, path.len - 5);
		give_name_up(path.data, &lock);
	}
	dir_list_free(names, NULL, count);
	buf_release(&path);
}

int
tree_remove(const char *store, const char *dir, struct buf *err)
{
	struct buf aside = BUF_INIT;
	struct lock lock = LOCK_INIT;
	int r = new_name(&aside, &lock, store, err);

	if (r == 0) {
		r = file_rename(dir, aside.data, err);
		give_name_up(aside.data, &lock);
	}
	buf_release(&aside);
	return r;
}

/* ---- receiving ---- */

struct incoming {
	struct buf dir;	  /* where it is put together */
	struct buf final; /* where it is to be */
	struct lock lock;
	struct buf manifest;
	struct buf links; /* PATH, NUL, TARGET, NUL, ... */
	int64_t files;
	char *path; /* the file that goes on in the next line; or NULL */
	os_file file;
	bool executable;
};

struct incoming *
incoming_new(const char *store, const char *digest, struct buf *err)
{
	struct incoming *in = xcalloc(1, sizeof(*in));
	struct buf files = BUF_INIT;
	int r;

	in->lock = (struct lock)LOCK_INIT;
	in->file = OS_NO_FILE;
	buf_init(&in->dir, BUF_MAX_DEFAULT);
	buf_init(&in->final, BUF_MAX_DEFAULT);
	buf_init(&in->manifest, BUF_MAX_DEFAULT);
	buf_init(&in->links, BUF_MAX_DEFAULT);
	tree_dir(&in->final, store, digest);
	r = dir_make_all(store, 0700, err);
	if (r == 0) {
		remove_unfinished(store);
		r = new_name(&in->dir, &in->lock, store, err);
		if (r == -1)
			buf_clear(&in->dir);
	}
	buf_setf(&files, "%s/files", in->dir.data);
	if (r == 0)
		r = dir_make_all(files.data, 0700, err);
	buf_release(&files);
	if (r == 0)
		return in;
	incoming_free(in);
	return NULL;
}

void
incoming_free(struct incoming *in)
{
	if (in == NULL)
		return;
	if (in->file != OS_NO_FILE)
		file_close(in->file);
	if (in->dir.len > 0)
		give_name_up(in->dir.data, &in->lock);
	free(in->path);
	buf_release(&in->dir);
	buf_release(&in->final);
	buf_release(&in->manifest);
	buf_release(&in->links);
	free(in);
}

static void
file_path(struct buf *out, const struct incoming *in, const char *path)
{
	buf_setf(out, "%s/files/%s", in->dir.data, path);
}

/* "a/b/" */
static enum incoming_result
make_directory(struct incoming *in, char *path, struct buf *err)
{
	struct buf full = BUF_INIT;
	const char *why;
	int r;

	path[strlen(path) - 1] = '\0';
	why = name_path_fault(path, is_windows());
	if (why != NULL) {
		buf_err(err, "the directory '%s' is refused: it %s", path, why);
		return INCOMING_NEVER;
	}
	file_path(&full, in, path);
	r = dir_make_all(full.data, 0700, err);
	if (r == 0)
		buf_addf(&in->manifest, "0 0 d %s\n", path);
	in->files++;
	buf_release(&full);
	return r == 0			  ? INCOMING_OK
	       : os_errno() == OS_NOT_DIR ? INCOMING_NEVER
					  : INCOMING_LATER;
}

/* What the system's last word means for the tree. */
static enum incoming_result
refusal(void)
{
	switch (os_errno()) {
	case OS_EXISTS: /* twice, or told apart by case only */
	case OS_NOT_DIR:
	case OS_IS_DIR:
		return INCOMING_NEVER;
	default:
		return INCOMING_LATER;
	}
}

/* Where a file or link is to be, and the directories above it. */
static enum incoming_result
make_room(
    struct incoming *in, const char *path, struct buf *full, struct buf *err)
{
	const char *why = name_path_fault(path, is_windows());
	struct buf parent = BUF_INIT;
	int r = 0;

	if (why != NULL) {
		buf_err(err, "the file '%s' is refused: it %s", path, why);
		return INCOMING_NEVER;
	}
	file_path(full, in, path);
	buf_add(&parent, full->data,
	    (size_t)(path_base(full->data) - full->data) - 1);
	if (strchr(path, '/') != NULL)
		r = dir_make_all(parent.data, 0700, err);
	buf_release(&parent);
	return r == 0 ? INCOMING_OK : refusal();
}

static enum incoming_result
begin_file(
    struct incoming *in, const char *path, bool executable, struct buf *err)
{
	struct buf full = BUF_INIT;
	enum incoming_result result = make_room(in, path, &full, err);

	in->executable = executable;
	if (result == INCOMING_OK) {
		in->file = file_open(full.data,
		    FILE_WRITE | FILE_CREATE | FILE_EXCL | FILE_NOFOLLOW, 0600,
		    err);
		if (in->file == OS_NO_FILE)
			result = refusal();
		else
			in->path = xstrdup(path);
	}
	buf_release(&full);
	return result;
}

/* Executable files stay so; the large ones are never written to again. */
static enum incoming_result
end_file(struct incoming *in, struct buf *err)
{
	bool large = file_size(in->file) > TREE_SMALL && !is_windows();
	struct buf path = BUF_INIT;
	struct file_info info;
	int r;

	file_close(in->file);
	in->file = OS_NO_FILE;
	file_path(&path, in, in->path);
	r = file_chmod(path.data,
	    (large ? 0400U : 0600U) | (in->executable ? 0100U : 0), err);
	if (r == 0 && file_info(path.data, false, &info) == -1)
		r = buf_err(
		    err, "cannot see '%s': %s", path.data, os_strerror());
	if (r == 0)
		buf_addf(&in->manifest, "%" PRId64 " %" PRId64 " %c %s\n",
		    info.size, info.mtime_ms, in->executable ? 'x' : '-',
		    in->path);
	in->files++;
	free(in->path);
	in->path = NULL;
	buf_release(&path);
	return r == 0 ? INCOMING_OK : INCOMING_LATER;
}

/* ---- links ---- */

/* It is made later. */
static enum incoming_result
take_link(struct incoming *in, const char *path, const struct buf *target,
    struct buf *err)
{
	struct buf full = BUF_INIT;
	enum incoming_result result = make_room(in, path, &full, err);

	if (result == INCOMING_OK &&
	    (target->len == 0 || target->len != strlen(target->data))) {
		buf_err(
		    err, "the link '%s' is refused: it leads to no name", path);
		result = INCOMING_NEVER;
	}
	if (result == INCOMING_OK) {
		buf_add(&in->links, path, strlen(path) + 1);
		buf_add(&in->links, target->data, target->len + 1);
		in->files++;
	}
	buf_release(&full);
	return result;
}

/* Where that takes rights that we have not (Windows) it is a file that says
   where it would lead, as git(1) has it. */
static enum incoming_result
make_link(
    struct incoming *in, const char *path, const char *target, struct buf *err)
{
	struct buf full = BUF_INIT;
	struct file_info info;
	enum incoming_result result = INCOMING_OK;

	file_path(&full, in, path);
	if (link_make(target, full.data, is_windows() ? NULL : err) == 0) {
		if (file_info(full.data, false, &info) == -1)
			result = INCOMING_LATER;
		buf_addf(&in->manifest, "%" PRId64 " %" PRId64 " l %s\n",
		    info.size, info.mtime_ms, path);
	} else if (is_windows()) {
		result = begin_file(in, path, false, err);
		if (result == INCOMING_OK)
			result =
			    file_write(in->file, target, strlen(target)) == 0
				? end_file(in, err)
				: INCOMING_LATER;
		in->files--; /* it was counted when it came */
	} else {
		result = refusal();
	}
	buf_release(&full);
	return result;
}

static enum incoming_result
make_links(struct incoming *in, struct buf *err)
{
	enum incoming_result result = INCOMING_OK;
	size_t at = 0, target;

	while (at < in->links.len && result == INCOMING_OK) {
		target = at + strlen(in->links.data + at) + 1;
		result = make_link(
		    in, in->links.data + at, in->links.data + target, err);
		at = target + strlen(in->links.data + target) + 1;
	}
	return result;
}

/* ---- lines ---- */

/* The bytes of a line; -1: it has none. */
static int
decode(struct buf *bytes, const struct record *r)
{
	struct buf text = BUF_INIT;
	int rc = json_string(record_get(r, "data"), &text);

	if (rc == 0)
		rc = base64_decode(bytes, text.data, text.len);
	buf_release(&text);
	return rc;
}

enum incoming_result
incoming_file(struct incoming *in, const struct record *r, struct buf *err)
{
	char *path = json_strdup(record_get(r, "path"));
	enum incoming_result result = INCOMING_OK;
	struct buf bytes = BUF_INIT;
	int64_t mode = 0;

	json_int(record_get(r, "mode"), &mode);
	if (path == NULL || decode(&bytes, r) == -1) {
		buf_err(err, "a line of a file has no path or no data");
		result = INCOMING_NEVER;
	} else if (in->path == NULL &&
		   ((*path && path[strlen(path) - 1] == '/') ||
		       json_bool(record_get(r, "link"), false))) {
		result = path[strlen(path) - 1] == '/'
			     ? make_directory(in, path, err)
			     : take_link(in, path, &bytes, err);
		free(path);
		buf_release(&bytes);
		return result;
	} else if (in->path == NULL) {
		result = begin_file(in, path, mode & 0111, err);
	} else if (strcmp(in->path, path) != 0) {
		buf_err(err, "a piece of '%s' is missing", in->path);
		result = INCOMING_TORN;
	}
	if (result == INCOMING_OK && bytes.len > 0 &&
	    file_write(in->file, bytes.data, bytes.len) == -1) {
		buf_err(err, "cannot write '%s' of the code to '%s': %s", path,
		    in->final.data, os_strerror());
		result = INCOMING_LATER;
	}
	if (result == INCOMING_OK && !json_bool(record_get(r, "more"), false))
		result = end_file(in, err);
	free(path);
	buf_release(&bytes);
	return result;
}

/* Somebody else may have sent the same in the meantime. */
static enum incoming_result
settle(struct incoming *in, struct buf *err)
{
	struct tree other = TREE_INIT;
	enum incoming_result result = INCOMING_OK;

	if (file_rename(in->dir.data, in->final.data, err) == -1) {
		result = tree_open(&other, in->final.data, NULL) == 0
			     ? INCOMING_OK
			     : INCOMING_LATER;
		tree_release(&other);
	}
	return result;
}

enum incoming_result
incoming_whole(struct incoming *in, const struct record *r, struct buf *err)
{
	struct buf path = BUF_INIT;
	enum incoming_result result;
	int64_t files = -1;

	json_int(record_get(r, "files"), &files);
	if (in->path != NULL || files != in->files) {
		buf_err(err,
		    "of %" PRId64 " files of the code %" PRId64 " have come",
		    files, in->files);
		return INCOMING_TORN;
	}
	result = make_links(in, err);
	if (result != INCOMING_OK)
		return result;
	result = INCOMING_LATER;
	buf_addf(&in->manifest, "%" PRId64 "\n", in->files);
	buf_setf(&path, "%s/manifest", in->dir.data);
	if (file_replace(path.data, in->manifest.data, in->manifest.len, 0600,
		false, err) == 0)
		result = settle(in, err);
	buf_release(&path);
	return result;
}
