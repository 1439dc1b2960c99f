/*
 * Copies of what trials made, kept in step.  A copy has the time of its
 * original, which tells at the next look whether that has changed.
 */
#include "copy.h"

#include <inttypes.h>
#include <string.h>

#include "expdir.h"
#include "names.h"
#include "os/file.h"
#include "os/process.h"
#include "os/sys.h"

#define CHUNK ((size_t)64 << 10)
/* What was written to so lately may be written to again within the same tick
   of the file system's clock. */
enum { FRESH_MS = 2000 };

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

/* Has this part taken its time? It counts from the first byte written. */
static bool
is_over(struct copy *c)
{
	if (c->part_ms == 0)
		return false;
	if (c->until_ms == 0)
		c->until_ms = clock_mono_ms() + c->part_ms;
	return clock_mono_ms() >= c->until_ms;
}

/* The file was written up to `at`, and goes on in the next part. */
static void
break_off(
    struct copy *c, const char *to, int64_t at, const struct file_info *info)
{
	c->more = true;
	buf_set(&c->broken, to);
	c->broken_at = at;
	c->broken_mtime_ms = info->mtime_ms;
}

/* It is the one that was broken off, and its original is the same. */
static bool
was_broken_off(const struct copy *c, const char *to, int64_t size,
    const struct file_info *info)
{
	return c->broken.len > 0 && strcmp(c->broken.data, to) == 0 &&
	       c->broken_at == size && c->broken_mtime_ms == info->mtime_ms;
}

/*
 * The bytes from `at` on, up to where the file ended when it was looked at; or,
 * if it is written where it belongs, to the end of this part.
 */
static int
write_rest(struct copy *c, os_file in, const char *from, os_file out,
    const char *to, int64_t at, const struct file_info *info, bool in_place,
    struct buf *err)
{
	int64_t n, size = info->size;

	for (; at < size && !c->more; at += n) {
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
		c->bytes += n;
		if (in_place && at + n < size && is_over(c))
			break_off(c, to, at + n, info);
	}
	return 0;
}

static void
keep_time(const struct copy *c, os_file out, const struct file_info *info)
{
	if (c->last || clock_wall_ms() - info->mtime_ms > FRESH_MS)
		file_set_mtime(out, info->mtime_ms);
}

/* Where it belongs, from `at` on; or the whole of one that is not there. */
static int
append_file(struct copy *c, os_file in, const char *from, const char *to,
    int64_t at, bool is_new, const struct file_info *info, struct buf *err)
{
	os_file out = file_open(to,
	    FILE_WRITE | FILE_NOFOLLOW |
		(is_new ? FILE_CREATE | FILE_EXCL : FILE_ORDINARY),
	    (int)(info->mode & 0777) | 0600, err);
	int r;

	if (out == OS_NO_FILE)
		return -1;
	c->files += at < info->size || is_new;
	r = write_rest(c, in, from, out, to, at, info, true, err);
	if (r == 0 && !c->more)
		keep_time(c, out, info);
	file_close(out);
	return r;
}

static int
write_file(struct copy *c, os_file in, const char *from, const char *to,
    const struct file_info *info, struct buf *err)
{
	os_file out;
	int r;

	if (file_remove(c->beside.data, err) == -1)
		return -1;
	out = file_open(c->beside.data, FILE_WRITE | FILE_CREATE | FILE_EXCL,
	    (int)(info->mode & 0777) | 0200, err);
	if (out == OS_NO_FILE)
		return -1;
	c->files++;
	r = write_rest(c, in, from, out, to, 0, info, false, err);
	if (r == 0)
		keep_time(c, out, info);
	file_close(out);
	if (r == 0 && (info->mode & 0200) == 0)
		file_chmod(c->beside.data, info->mode & 0777, NULL);
	if (r == 0)
		r = file_rename(c->beside.data, to, err);
	if (r == -1)
		file_remove(c->beside.data, NULL);
	return r;
}

static int
copy_file(struct copy *c, const char *from, const char *to, struct buf *err)
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
		 had.size <= now.size &&
		 (was_broken_off(c, to, had.size, &now) ||
		     begins_so(in, to, had.size)))
		r = append_file(c, in, from, to, had.size, false, &now, err);
	else if (had.type == FILE_ABSENT && c->part_ms > 0 && (now.mode & 0200))
		r = append_file(c, in, from, to, 0, true, &now, err);
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

static bool
is_left_out(const struct copy *c, const char *name)
{
	if (name_compare_folded(name, ".nni") == 0)
		return true;
	return (c->foreign && name_compare_folded(name, "intent") == 0) ||
	       (c->leave_out && c->leave_out(c->arg, name));
}

static int
copy_tree(
    struct copy *c, const char *from, const char *to, bool top, struct buf *err)
{
	struct buf a = BUF_INIT, b = BUF_INIT;
	enum file_type *types;
	char **list;
	size_t count, i;
	int r = 0;

	if (dir_list(from, &list, &types, &count, err) == -1)
		return -1;
	for (i = 0; i < count && !c->more; i++) {
		struct buf why = BUF_INIT;
		int one = 0;

		if (top && is_left_out(c, list[i]))
			continue;
		expdir_path(&a, from, list[i]);
		expdir_path(&b, to, list[i]);
		if (types[i] == FILE_REGULAR)
			one = copy_file(c, a.data, b.data, &why);
		else if (types[i] == FILE_LINK && !c->foreign)
			one = copy_link(a.data, b.data, &why);
		else if (types[i] == FILE_DIR &&
			 (one = make_dir(b.data, &why)) == 0)
			one = copy_tree(c, a.data, b.data, false, &why);
		if (one == -1 && !has_gone(a.data) && r == 0)
			r = buf_err(err, "%s", why.data);
		buf_release(&why);
		c->more |= c->until_ms != 0 && is_over(c);
	}
	dir_list_free(list, types, count);
	buf_release(&a);
	buf_release(&b);
	return r;
}

int
copy_step(const char *from, const char *to, bool last, struct buf *err)
{
	struct copy c;
	int r;

	copy_init(&c, from, to);
	c.last = last;
	r = copy_part(&c, err);
	copy_release(&c);
	return r;
}

void
copy_init(struct copy *c, const char *from, const char *to)
{
	memset(c, 0, sizeof(*c));
	c->from = from;
	c->to = to;
	buf_init(&c->beside, BUF_MAX_DEFAULT);
	buf_init(&c->broken, BUF_MAX_DEFAULT);
}

int
copy_part(struct copy *c, struct buf *err)
{
	int r = 0;

	if (c->scratch) { /* others may be at work there, too */
		expdir_path(&c->beside, c->scratch, "copy");
		buf_addf(&c->beside, "-%" PRId64, proc_self_pid());
		r = dir_make_all(c->scratch, 0700, err);
	} else {
		expdir_path(&c->beside, c->to, ".nni-part");
	}
	if (r == 0)
		r = dir_make_all(c->to, 0700, err);
	c->until_ms = 0;
	c->more = false;
	if (r == 0)
		r = copy_tree(c, c->from, c->to, true, err);
	return c->more ? 1 : r;
}

void
copy_release(struct copy *c)
{
	buf_release(&c->beside);
	buf_release(&c->broken);
}
