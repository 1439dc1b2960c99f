/*
 * Files of lines that only grow.  A writer gathers lines, writes them at once
 * and flushes once; whoever reads takes whole lines only.
 */
#include "journal.h"

#include <stdlib.h>
#include <string.h>

#include "mem.h"

/* Where the last whole line ends, looking back from the end; -1 on error. */
static int64_t
last_whole(os_file f, int64_t size)
{
	char block[4096];
	int64_t start, n, i;

	for (; size > 0; size = start) {
		start = size > (int64_t)sizeof(block)
			    ? size - (int64_t)sizeof(block)
			    : 0;
		n = file_read_at(f, block, (size_t)(size - start), start);
		if (n != size - start)
			return -1;
		for (i = n; i > 0; i--)
			if (block[i - 1] == '\n')
				return start + i;
	}
	return 0;
}

static int
repair(struct journal *j, bool shared, int64_t *torn, struct buf *err)
{
	int64_t whole = last_whole(j->file, j->size);

	if (whole == -1)
		return buf_err(
		    err, "cannot read '%s': %s", j->path, os_strerror());
	*torn = j->size - whole;
	if (!*torn)
		return 0;
	/* Another writer may be at work: never cut what is not ours. */
	if (shared) {
		if (file_write(j->file, "\n", 1) == -1)
			return buf_err(err, "cannot write '%s': %s", j->path,
			    os_strerror());
		j->size++;
	} else {
		if (file_truncate(j->file, whole) == -1 ||
		    file_sync(j->file) == -1)
			return buf_err(err, "cannot repair '%s': %s", j->path,
			    os_strerror());
		j->size = whole;
	}
	return 0;
}

/* The name itself has to survive a crash. */
static int
sync_name(const char *path, struct buf *err)
{
	char *dir = xstrndup(path, (size_t)(path_base(path) - path));
	int r = dir_sync(*dir ? dir : ".");

	if (r == -1)
		buf_err(err, "cannot flush '%s': %s", *dir ? dir : ".",
		    os_strerror());
	free(dir);
	return r;
}

int
journal_open(struct journal *j, const char *path, bool shared, int64_t *torn,
    struct buf *err)
{
	struct file_info info;
	int64_t cut = 0;

	if (file_info(path, true, &info) == -1)
		info.type = FILE_ABSENT;
	buf_init(&j->pending, BUF_MAX_DEFAULT);
	j->shared = shared;
	j->damaged = j->lost = false;
	j->file = file_open(path,
	    FILE_READ | FILE_APPEND | FILE_CREATE | FILE_ORDINARY, 0600, err);
	if (j->file == OS_NO_FILE)
		return -1;
	j->path = xstrdup(path);
	j->size = file_size(j->file);
	if (j->size == -1) {
		buf_err(err, "cannot read '%s': %s", path, os_strerror());
		journal_close(j);
		return -1;
	}
	if (repair(j, shared, &cut, err) == -1) {
		journal_close(j);
		return -1;
	}
	if (torn)
		*torn = cut;
	j->unsynced = j->size > 0;
	if (info.type == FILE_ABSENT && sync_name(path, err) == -1) {
		journal_close(j);
		return -1;
	}
	return 0;
}

void
journal_add(struct journal *j, const char *line, size_t len)
{
	buf_add(&j->pending, line, len);
	if (!len || line[len - 1] != '\n')
		buf_addc(&j->pending, '\n');
}

/*
 * Half a batch must not stay: it would be written again.  A disk that fails may
 * fail here too; then before the next write.  A shared file is not cut: what
 * others have appended since is behind our half, and not ours.
 */
static int
cut_back(struct journal *j)
{
	if (j->shared)
		return 0;
	j->damaged = file_truncate(j->file, j->size) == -1;
	return j->damaged ? -1 : 0;
}

static int
fail(struct journal *j, const char *what, struct buf *err)
{
	enum os_error kind = os_errno();

	buf_err(err, "cannot %s '%s': %s", what, j->path, os_strerror());
	if (kind != OS_GONE)
		cut_back(j);
	return -1;
}

static int
write_out(struct journal *j, bool flush, struct buf *err)
{
	flush = flush && (j->pending.len || j->unsynced);
	if (j->lost)
		return buf_err(
		    err, "cannot flush '%s': it failed before", j->path);
	if (j->pending.len) {
		if ((j->damaged && cut_back(j) == -1) ||
		    file_write(j->file, j->pending.data, j->pending.len) == -1)
			return fail(j, "write", err);
		j->unsynced = true;
	}
	if (flush && file_sync(j->file) == -1) {
		j->lost = true;
		return fail(j, "flush", err);
	}
	j->size += (int64_t)j->pending.len;
	buf_clear(&j->pending);
	if (flush)
		j->unsynced = false;
	return 0;
}

int
journal_commit(struct journal *j, struct buf *err)
{
	return write_out(j, true, err);
}

int
journal_write(struct journal *j, struct buf *err)
{
	return write_out(j, false, err);
}

bool
journal_is_there(const struct journal *j)
{
	struct file_info there, ours;

	if (file_info(j->path, true, &there) == -1 ||
	    file_info_of(j->file, &ours) == -1)
		return true; /* as far as can be seen */
	return there.type != FILE_ABSENT && there.inode == ours.inode &&
	       there.device == ours.device;
}

void
journal_close(struct journal *j)
{
	if (j->file != OS_NO_FILE)
		file_close(j->file);
	j->file = OS_NO_FILE;
	buf_release(&j->pending);
	free(j->path);
	j->path = NULL;
}

/* Gives the whole lines of `block`; stores how many bytes they were. */
static int
give_lines(const char *block, size_t len, int64_t offset, journal_fn *fn,
    void *arg, size_t *used)
{
	const char *at = block, *end = block + len, *lf;
	int r;

	while (at < end && (lf = memchr(at, '\n', (size_t)(end - at)))) {
		size_t n = (size_t)(lf - at);

		*used = (size_t)(lf + 1 - block);
		if (n && at[n - 1] == '\r')
			n--;
		if (n) {
			r = fn(arg, at, n, offset + (at - block));
			if (r)
				return r;
		}
		at = lf + 1;
	}
	return 0;
}

int
journal_read(const char *path, int64_t *offset, journal_fn *fn, void *arg,
    struct buf *err)
{
	struct file_info info;
	struct buf block = BUF_INIT;
	os_file f;
	int64_t n;
	size_t used;
	int r = 0;

	if (file_info(path, true, &info) == 0 && info.type == FILE_ABSENT)
		return 0;
	f = file_open(path, FILE_READ | FILE_ORDINARY, 0, err);
	if (f == OS_NO_FILE)
		return -1;
	for (;;) {
		/* Usually 256 KiB; more when one line is longer. */
		buf_reserve(&block, 262144);
		n = file_read_at(f, block.data + block.len,
		    block.cap - block.len - 1, *offset + (int64_t)block.len);
		if (n <= 0)
			break;
		buf_cut(&block, block.len + (size_t)n);
		used = 0;
		r = give_lines(block.data, block.len, *offset, fn, arg, &used);
		*offset += (int64_t)used;
		buf_drop(&block, used);
		if (r)
			break;
	}
	if (n == -1)
		r = buf_err(err, "cannot read '%s': %s", path, os_strerror());
	buf_release(&block);
	file_close(f);
	return r;
}

int
journal_append_line(
    const char *path, const char *line, size_t len, struct buf *err)
{
	struct journal j = JOURNAL_INIT;
	int r;

	if (journal_open(&j, path, true, NULL, err) == -1)
		return -1;
	journal_add(&j, line, len);
	r = journal_commit(&j, err);
	journal_close(&j);
	return r;
}
