/*
 * Copies of what trials made, kept in step.  A copy has the time of its
 * original, which tells at the next look whether that has changed.
 */
#include "copy.h"

#include <string.h>

#include "expdir.h"
#include "os/file.h"
#include "os/sys.h"

#define CHUNK ((size_t)64 << 10)
/* What was written to so lately may be written to again within the same tick
   of the file system's clock. */
enum { FRESH_MS = 2000 };

struct copy {
	const char *part; /* where a file is written before it is renamed */
	bool last;
};

static char ours[CHUNK], theirs[CHUNK];

/* Does the file `to`, of `size` bytes, hold what `in` begins with? */
static bool
begins_so(os_file in, const char *to, int64_t size)
{
	os_file f =
	    file_open(to, FILE_READ | FILE_NOFOLLOW | FILE_ORDINARY, 0, NULL);
	int64_t at = 0, n = 0;

	if (f == OS_NO_FILE)
		return false;
	while (at < size) {
		n = size - at < (int64_t)CHUNK ? size - at : (int64_t)CHUNK;
		if (file_read_at(f, ours, (size_t)n, at) != n ||
		    file_read_at(in, theirs, (size_t)n, at) != n ||
		    memcmp(ours, theirs, (size_t)n) != 0)
			break;
		at += n;
	}
	file_close(f);
	return at == size;
}

/* The bytes from `at` on, up to where the file ended when it was looked at. */
static int
write_rest(os_file in, const char *from, os_file out, const char *to,
    int64_t at, int64_t size, struct buf *err)
{
	int64_t n;

	for (; at < size; at += n) {
		n = size - at < (int64_t)CHUNK ? size - at : (int64_t)CHUNK;
		n = file_read_at(in, ours, (size_t)n, at);
		if (n == -1)
			return buf_err(
			    err, "cannot read '%s': %s", from, os_strerror());
		if (n == 0)
			break; /* it was cut meanwhile */
		if (file_write_at(out, ours, (size_t)n, at) == -1)
			return buf_err(
			    err, "cannot write '%s': %s", to, os_strerror());
	}
	return 0;
}

static void
keep_time(const struct copy *c, os_file out, const struct file_info *info)
{
	if (c->last || clock_wall_ms() - info->mtime_ms > FRESH_MS)
		file_set_mtime(out, info->mtime_ms);
}

static int
append_file(const struct copy *c, os_file in, const char *from, const char *to,
    int64_t at, const struct file_info *info, struct buf *err)
{
	os_file out =
	    file_open(to, FILE_WRITE | FILE_NOFOLLOW | FILE_ORDINARY, 0, err);
	int r;

	if (out == OS_NO_FILE)
		return -1;
	r = write_rest(in, from, out, to, at, info->size, err);
	if (r == 0)
		keep_time(c, out, info);
	file_close(out);
	return r;
}

static int
write_file(const struct copy *c, os_file in, const char *from, const char *to,
    const struct file_info *info, struct buf *err)
{
	os_file out;
	int r;

	if (file_remove(c->part, err) == -1)
		return -1;
	out = file_open(c->part, FILE_WRITE | FILE_CREATE | FILE_EXCL,
	    (int)(info->mode & 0777) | 0200, err);
	if (out == OS_NO_FILE)
		return -1;
	r = write_rest(in, from, out, to, 0, info->size, err);
	if (r == 0)
		keep_time(c, out, info);
	file_close(out);
	if (r == 0 && (info->mode & 0200) == 0)
		file_chmod(c->part, info->mode & 0777, NULL);
	if (r == 0)
		r = file_rename(c->part, to, err);
	if (r == -1)
		file_remove(c->part, NULL);
	return r;
}

static int
copy_file(
    const struct copy *c, const char *from, const char *to, struct buf *err)
{
	struct file_info now, had;
	os_file in;
	int r;

	if (file_info(to, false, &had) == -1 ||
	    file_info(from, false, &now) == -1)
		return buf_err(
		    err, "cannot look at '%s': %s", to, os_strerror());
	if (had.type == FILE_REGULAR && had.size == now.size &&
	    had.mtime_ms == now.mtime_ms)
		return 0;
	in = file_open(from, FILE_READ | FILE_NOFOLLOW | FILE_ORDINARY, 0, err);
	if (in == OS_NO_FILE)
		return -1;
	if (file_info_of(in, &now) == -1)
		r = buf_err(
		    err, "cannot look at '%s': %s", from, os_strerror());
	else if (had.type == FILE_REGULAR && (had.mode & 0200) &&
		 had.size <= now.size && begins_so(in, to, had.size))
		r = append_file(c, in, from, to, had.size, &now, err);
	else
		r = write_file(c, in, from, to, &now, err);
	file_close(in);
	return r;
}

static int
copy_link(const char *from, const char *to, struct buf *err)
{
	struct buf target = BUF_INIT, had = BUF_INIT;
	int r = link_read(from, &target, err);

	if (r == 0 && (link_read(to, &had, NULL) == -1 ||
			  strcmp(target.data, had.data) != 0)) {
		r = file_remove(to, err);
		if (r == 0)
			r = link_make(target.data, to, err);
	}
	buf_release(&target);
	buf_release(&had);
	return r;
}

/* A directory of that name, not a link to one that lies elsewhere. */
static int
make_dir(const char *path, struct buf *err)
{
	struct file_info info = {.type = FILE_ABSENT};

	if (file_info(path, false, &info) == 0 && info.type != FILE_ABSENT &&
	    info.type != FILE_DIR && file_remove(path, err) == -1)
		return -1;
	return info.type == FILE_DIR ? 0 : dir_make(path, 0700, err);
}

/* One that was removed meanwhile is no fault. */
static bool
has_gone(const char *path)
{
	struct file_info info;

	return file_info(path, false, &info) == 0 && info.type == FILE_ABSENT;
}

static int
copy_tree(const struct copy *c, const char *from, const char *to, bool top,
    struct buf *err)
{
	struct buf a = BUF_INIT, b = BUF_INIT;
	enum file_type *types;
	char **list;
	size_t count, i;
	int r = 0;

	if (dir_list(from, &list, &types, &count, err) == -1)
		return -1;
	for (i = 0; i < count; i++) {
		struct buf why = BUF_INIT;
		int one = 0;

		if (top && !strcmp(list[i], ".nni"))
			continue;
		expdir_path(&a, from, list[i]);
		expdir_path(&b, to, list[i]);
		if (types[i] == FILE_REGULAR)
			one = copy_file(c, a.data, b.data, &why);
		else if (types[i] == FILE_LINK)
			one = copy_link(a.data, b.data, &why);
		else if (types[i] == FILE_DIR &&
			 (one = make_dir(b.data, &why)) == 0)
			one = copy_tree(c, a.data, b.data, false, &why);
		if (one == -1 && !has_gone(a.data) && r == 0)
			r = buf_err(err, "%s", why.data);
		buf_release(&why);
	}
	dir_list_free(list, types, count);
	buf_release(&a);
	buf_release(&b);
	return r;
}

int
copy_step(const char *from, const char *to, bool last, struct buf *err)
{
	struct buf part = BUF_INIT;
	struct copy c = {.last = last};
	int r = dir_make_all(to, 0700, err);

	expdir_path(&part, to, ".nni-part");
	c.part = part.data;
	if (r == 0)
		r = copy_tree(&c, from, to, true, err);
	buf_release(&part);
	return r;
}
