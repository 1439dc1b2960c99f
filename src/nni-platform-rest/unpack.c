/* Archives and single files into a directory that others read. */
#include "unpack.h"

#include <stdlib.h>
#include <string.h>

#include "mem.h"
#include "names.h"

#define BLOCK ((size_t)64 << 10)
#define TARGET_MAX 4096

static bool
is_windows(void)
{
	return *path_list_separator() == ';';
}

/* Directories above dir/name, whose modes are not our umask's. */
static int
make_parents(const char *dir, const char *name, bool itself, struct buf *err)
{
	struct buf path = BUF_INIT;
	const char *p = name;
	struct file_info info;
	int r = 0;

	while (r == 0 && *p) {
		p += strcspn(p, "/");
		if (!*p && !itself)
			break;
		buf_setf(&path, "%s/%.*s", dir, (int)(p - name), name);
		p += *p == '/';
		if (file_info(path.data, false, &info) == 0 &&
		    info.type == FILE_DIR)
			continue;
		r = dir_make(path.data, 0755, err);
		if (r == 0)
			r = file_chmod(path.data, 0755, err);
	}
	buf_release(&path);
	return r;
}

static os_file
new_file(struct buf *path, const char *dir, const char *name, struct buf *err)
{
	buf_setf(path, "%s/%s", dir, name);
	if (make_parents(dir, name, false, err) == -1)
		return OS_NO_FILE;
	return file_open(path->data,
	    FILE_WRITE | FILE_CREATE | FILE_EXCL | FILE_NOFOLLOW, 0644, err);
}

static int
close_new(os_file f, const char *path, bool executable, int r, struct buf *err)
{
	file_close(f);
	return r == 0 ? file_chmod(path, executable ? 0755 : 0644, err) : -1;
}

static int
write_all(
    os_file f, const char *path, const char *bytes, size_t len, struct buf *err)
{
	if (file_write(f, bytes, len) == 0)
		return 0;
	return buf_err(err, "cannot write '%s': %s", path, os_strerror());
}

static int
make_file(struct archive *a, const struct archive_entry *e, const char *dir,
    struct buf *err)
{
	struct buf path = BUF_INIT;
	os_file f = new_file(&path, dir, e->path, err);
	char *block = xmalloc(BLOCK);
	int64_t n = 0;
	int r = -1;

	if (f != OS_NO_FILE) {
		r = 0;
		while (r == 0 && (n = archive_read(a, block, BLOCK, err)) > 0)
			r = write_all(f, path.data, block, (size_t)n, err);
		r = close_new(
		    f, path.data, (e->mode & 0100) != 0, n == -1 ? -1 : r, err);
	}
	free(block);
	buf_release(&path);
	return r;
}

/* Where it leads to is the user's: nothing is ever written through a link. */
static int
make_link(struct archive *a, const struct archive_entry *e, const char *dir,
    struct buf *err)
{
	struct buf path = BUF_INIT;
	char *target = xcalloc(1, TARGET_MAX + 1);
	size_t len = 0;
	int64_t n = 0;
	int r = -1;

	while (len < TARGET_MAX &&
	       (n = archive_read(a, target + len, TARGET_MAX - len, err)) > 0)
		len += (size_t)n;
	buf_setf(&path, "%s/%s", dir, e->path);
	if (n == -1)
		;
	else if (len == TARGET_MAX || strlen(target) != len || len == 0)
		buf_err(
		    err, "'%s' in the archive of the code is no link", e->path);
	else if (make_parents(dir, e->path, false, err) == 0)
		r = link_make(target, path.data, err);
	free(target);
	buf_release(&path);
	return r;
}

/* The name without the '/' of directories. */
static int
make_entry(struct archive *a, struct archive_entry *e, const char *dir,
    struct buf *err)
{
	size_t len = strlen(e->path);
	bool directory = len > 0 && e->path[len - 1] == '/';
	char *name = xstrndup(e->path, directory ? len - 1 : len);
	const char *fault = name_path_fault(name, is_windows());
	int r;

	e->path = name;
	if (fault)
		r = buf_err(
		    err, "'%s' in the archive of the code %s", name, fault);
	else if (directory)
		r = make_parents(dir, name, true, err);
	else if (e->link)
		r = make_link(a, e, dir, err);
	else
		r = make_file(a, e, dir, err);
	free(name);
	return r;
}

int
unpack_archive(struct archive *a, const char *dir, struct buf *err)
{
	struct archive_entry e;
	int r;

	while ((r = archive_next(a, &e, err)) == 1)
		if (make_entry(a, &e, dir, err) == -1)
			return -1;
	return r;
}

int
unpack_file(
    const char *file, const char *dir, const char *name, struct buf *err)
{
	struct buf path = BUF_INIT;
	struct file_info info;
	char *block = xmalloc(BLOCK);
	os_file from = file_open(file, FILE_READ | FILE_ORDINARY, 0, err), to;
	int64_t n = 0;
	int r = -1;

	to = from == OS_NO_FILE ? OS_NO_FILE : new_file(&path, dir, name, err);
	if (to != OS_NO_FILE) {
		r = file_info_of(from, &info);
		while (r == 0 && (n = file_read(from, block, BLOCK)) > 0)
			r = write_all(to, path.data, block, (size_t)n, err);
		if (n == -1)
			r = buf_err(
			    err, "cannot read '%s': %s", file, os_strerror());
		r = close_new(to, path.data, (info.mode & 0100) != 0, r, err);
	}
	if (from != OS_NO_FILE)
		file_close(from);
	free(block);
	buf_release(&path);
	return r;
}
