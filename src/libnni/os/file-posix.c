/*
 * Files and whole-file operations on POSIX.  Directories and paths are in
 * dir-posix.c.  Every descriptor is close-on-exec from birth.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>
#include "file.h"
#include "posix.h"
#include "sys.h"
#ifdef NNI_LINUX
#include <sys/ioctl.h>
/* As <linux/fs.h> has it, which is not everywhere. */
#define FICLONE_REQUEST _IOW(0x94, 9, int)
#endif

#ifdef __APPLE__
#define st_mtim st_mtimespec
#endif

/* An errno of our own: none of the system's says it. */
#define NOT_ORDINARY (-1)

/* A thread's own: nni-pack reads files in several. */
static _Thread_local int last_error;

int
os_failed(void)
{
	last_error = errno;
	return -1;
}

int
os_failed_at(struct buf *err, const char *verb, const char *path)
{
	os_failed();
	return buf_err(err, "cannot %s '%s': %s", verb, path, os_strerror());
}

const char *
os_strerror(void)
{
	return last_error == NOT_ORDINARY ? "Not a regular file"
					  : strerror(last_error);
}

enum os_error
os_errno(void)
{
	switch (last_error) {
	case NOT_ORDINARY:
		return OS_NOT_FILE;
	case ENOENT:
		return OS_NOT_FOUND;
	case EEXIST:
		return OS_EXISTS;
	case EACCES:
	case EPERM:
	case EROFS:
		return OS_DENIED;
	case ENOSPC:
	case EDQUOT:
	case EFBIG:
		return OS_FULL;
	case EPIPE:
	case ECONNRESET:
		return OS_GONE;
	case ENOTDIR:
		return OS_NOT_DIR;
	case EISDIR:
		return OS_IS_DIR;
	case ENOTEMPTY:
		return OS_NOT_EMPTY;
	case ELOOP:
	case EMLINK: /* FreeBSD's answer to O_NOFOLLOW */
		return OS_IS_LINK;
	case EBUSY:
	case ETXTBSY:
		return OS_BUSY;
	case EMFILE:
	case ENFILE:
	case EAGAIN: /* fork()'s answer */
	case ENOMEM:
		return OS_NO_MORE;
	default:
		return OS_OTHER;
	}
}

static int
open_flags(int flags)
{
	bool writes = flags & (FILE_WRITE | FILE_APPEND);
	int f = O_CLOEXEC | O_NOCTTY;

	f |= !writes ? O_RDONLY : flags & FILE_READ ? O_RDWR : O_WRONLY;
	if (flags & FILE_APPEND)
		f |= O_APPEND;
	if (flags & FILE_CREATE)
		f |= O_CREAT;
	if (flags & FILE_EXCL)
		f |= O_EXCL;
	if (flags & FILE_TRUNC)
		f |= O_TRUNC;
	if (flags & FILE_NOFOLLOW)
		f |= O_NOFOLLOW;
	if (flags & FILE_ORDINARY)
		f |= O_NONBLOCK; /* a FIFO; of no effect on a file */
	return f;
}

static bool
is_ordinary(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && S_ISREG(st.st_mode);
}

os_file
file_open(const char *path, int flags, int mode, struct buf *err)
{
	int fd;

	do
		fd = open(path, open_flags(flags), mode);
	while (fd < 0 && errno == EINTR);
	/* ENXIO: to be written, and nobody reads that FIFO. */
	if ((flags & FILE_ORDINARY) &&
	    (fd >= 0 ? !is_ordinary(fd) : errno == ENXIO)) {
		if (fd >= 0)
			close(fd);
		errno = NOT_ORDINARY;
		fd = -1;
	}
	if (fd >= 0)
		return fd;
	os_failed_at(err, flags & FILE_EXCL ? "create" : "open", path);
	return OS_NO_FILE;
}

/* Not tried again on EINTR: the descriptor is gone then on the systems we know,
   and its number may already be another file's. */
void
file_close(os_file f)
{
	if (f != OS_NO_FILE)
		close((int)f);
}

int64_t
file_read(os_file f, void *to, size_t size)
{
	ssize_t n;

	do
		n = read((int)f, to, size);
	while (n < 0 && errno == EINTR);
	return n < 0 ? os_failed() : n;
}

int64_t
file_read_at(os_file f, void *to, size_t size, int64_t offset)
{
	ssize_t n;

	do
		n = pread((int)f, to, size, (off_t)offset);
	while (n < 0 && errno == EINTR);
	return n < 0 ? os_failed() : n;
}

int
file_write(os_file f, const void *bytes, size_t len)
{
	const char *p = bytes;
	ssize_t n;

	while (len > 0) {
		n = write((int)f, p, len);
		if (n < 0 && errno == EAGAIN) {
			/* Somebody made a stream we share nonblocking. */
			struct pollfd wait = {.fd = (int)f, .events = POLLOUT};
			poll(&wait, 1, -1);
		} else if (n < 0 && errno != EINTR) {
			return os_failed();
		} else if (n > 0) {
			p += n;
			len -= (size_t)n;
		}
	}
	return 0;
}

int
file_write_at(os_file f, const void *bytes, size_t len, int64_t offset)
{
	const char *p = bytes;
	ssize_t n;

	while (len > 0) {
		n = pwrite((int)f, p, len, (off_t)offset);
		if (n < 0 && errno != EINTR)
			return os_failed();
		if (n > 0) {
			p += n;
			len -= (size_t)n;
			offset += n;
		}
	}
	return 0;
}

/* What cannot be flushed (a pipe, a device) has nothing to lose. */
static bool
not_flushable(int error)
{
	return error == EINVAL || error == ENOTSUP;
}

int
file_sync(os_file f)
{
	int rc;

	do
#ifdef __APPLE__ /* whose fsync() stops at the disk's own cache */
		rc = fcntl((int)f, F_FULLFSYNC);
#else
		rc = fdatasync((int)f);
#endif
	while (rc < 0 && errno == EINTR);
	return rc == 0 || not_flushable(errno) ? 0 : os_failed();
}

void
file_sync_begin(os_file f, int64_t offset, size_t len)
{
#ifdef NNI_LINUX
	sync_file_range(
	    (int)f, (off_t)offset, (off_t)len, SYNC_FILE_RANGE_WRITE);
#else
	(void)f;
	(void)offset;
	(void)len;
#endif
}

int64_t
file_size(os_file f)
{
	struct stat st;

	return fstat((int)f, &st) == 0 ? (int64_t)st.st_size : os_failed();
}

int
file_truncate(os_file f, int64_t size)
{
	int rc;

	do
		rc = ftruncate((int)f, (off_t)size);
	while (rc < 0 && errno == EINTR);
	return rc == 0 ? 0 : os_failed();
}

int
file_read_rest(os_file f, const char *path, struct buf *to, struct buf *err)
{
	struct stat st;
	size_t want = 4096, room;
	char more;
	int64_t n;

	/* One byte more than the size, so that one read() also sees the end;
	   files of /proc say 0. */
	if (fstat((int)f, &st) == 0 && st.st_size > 0 &&
	    (uint64_t)st.st_size < to->max)
		want = (size_t)st.st_size + 1;
	for (;;) {
		room = to->max - to->len;
		if (want > room)
			want = room;
		if (want > 0 && buf_reserve(to, want) == 0)
			n = file_read(f, to->data + to->len, want);
		else /* full: was that all? */
			n = file_read(f, &more, 1);
		if (n == 0)
			return 0;
		if (n > 0 && want == 0) {
			errno = EFBIG;
			n = -1;
		}
		if (n < 0)
			return os_failed_at(err, "read", path);
		to->len += (size_t)n;
		to->data[to->len] = '\0';
		want = to->len < 4096 ? 4096 : to->len;
	}
}

int
dir_sync(const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int rc;

	if (fd < 0)
		return os_failed();
	do
		rc = fsync(fd);
	while (rc < 0 && errno == EINTR);
	rc = rc == 0 || not_flushable(errno) ? 0 : os_failed();
	close(fd);
	return rc;
}

static int
sync_parent(const char *path)
{
	struct buf dir = BUF_INIT;
	size_t len = (size_t)(path_base(path) - path);
	int rc;

	if (len == 0)
		buf_set(&dir, ".");
	else
		buf_add(&dir, path, len);
	rc = dir_sync(dir.data);
	buf_release(&dir);
	return rc;
}

/* A new file beside `path`; its name goes to `name`. */
static os_file
open_beside(const char *path, int mode, struct buf *name, struct buf *err)
{
	os_file f = OS_NO_FILE;
	uint32_t chance;
	int tries;

	for (tries = 0; tries < 100; tries++) {
		if (random_bytes(&chance, sizeof(chance)) != 0)
			break;
		buf_setf(name, "%s.%08lx.tmp", path, (unsigned long)chance);
		f = file_open(name->data,
		    FILE_WRITE | FILE_CREATE | FILE_EXCL | FILE_NOFOLLOW, mode,
		    NULL);
		if (f != OS_NO_FILE || os_errno() != OS_EXISTS)
			break;
	}
	if (f == OS_NO_FILE)
		buf_err(err, "cannot write '%s': %s", path, os_strerror());
	return f;
}

static int
fill_and_rename(os_file f, const char *name, const char *path,
    const void *bytes, size_t len, bool sync)
{
	int rc = file_write(f, bytes, len);

	if (rc == 0 && sync)
		rc = file_sync(f);
	/* NFS tells of a full disk only here. */
	if (close((int)f) != 0 && errno != EINTR && rc == 0)
		rc = os_failed();
	if (rc == 0 && rename(name, path) != 0)
		rc = os_failed();
	if (rc != 0)
		unlink(name);
	return rc;
}

int
file_replace(const char *path, const void *bytes, size_t len, int mode,
    bool sync, struct buf *err)
{
	struct buf name = BUF_INIT;
	os_file f = open_beside(path, mode, &name, err);
	int rc = -1;

	if (f != OS_NO_FILE) {
		rc = fill_and_rename(f, name.data, path, bytes, len, sync);
		if (rc == 0 && sync)
			rc = sync_parent(path);
		if (rc != 0)
			buf_err(
			    err, "cannot write '%s': %s", path, os_strerror());
	}
	buf_release(&name);
	return rc;
}

int
file_rename(const char *from, const char *to, struct buf *err)
{
	if (rename(from, to) == 0)
		return 0;
	os_failed();
	return buf_err(
	    err, "cannot rename '%s' to '%s': %s", from, to, os_strerror());
}

int
file_remove(const char *path, struct buf *err)
{
	if (unlink(path) == 0 || errno == ENOENT)
		return 0;
	return os_failed_at(err, "remove", path);
}

static enum file_type
type_of_mode(mode_t mode)
{
	return S_ISREG(mode)   ? FILE_REGULAR
	       : S_ISDIR(mode) ? FILE_DIR
	       : S_ISLNK(mode) ? FILE_LINK
			       : FILE_SPECIAL;
}

static void
info_of_stat(struct file_info *info, const struct stat *st)
{
	info->type = type_of_mode(st->st_mode);
	info->size = (int64_t)st->st_size;
	info->mtime_ms =
	    (int64_t)st->st_mtim.tv_sec * 1000 + st->st_mtim.tv_nsec / 1000000;
	info->mode = st->st_mode & 07777;
	info->open_to_others = (st->st_mode & (S_IRGRP | S_IROTH)) != 0;
	info->device = (uint64_t)st->st_dev;
	info->inode = (uint64_t)st->st_ino;
	info->links = (uint32_t)st->st_nlink;
}

int
file_info(const char *path, bool follow, struct file_info *info)
{
	struct stat st;

	*info = (struct file_info){.type = FILE_ABSENT};
	if ((follow ? stat(path, &st) : lstat(path, &st)) != 0)
		return errno == ENOENT || errno == ENOTDIR ? 0 : os_failed();
	info_of_stat(info, &st);
	return 0;
}

int
file_info_of(os_file f, struct file_info *info)
{
	struct stat st;

	*info = (struct file_info){.type = FILE_ABSENT};
	if (fstat((int)f, &st) != 0)
		return os_failed();
	info_of_stat(info, &st);
	return 0;
}

int
file_chmod(const char *path, uint32_t mode, struct buf *err)
{
	if (chmod(path, (mode_t)mode) == 0)
		return 0;
	return os_failed_at(err, "change the mode of", path);
}

int
file_set_mtime(os_file f, int64_t mtime_ms)
{
	struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}};
	int64_t ms = mtime_ms % 1000;

	times[1].tv_nsec = (long)(ms < 0 ? ms + 1000 : ms) * 1000000;
	times[1].tv_sec = (time_t)(mtime_ms / 1000 - (ms < 0));
	return futimens((int)f, times) == 0 ? 0 : os_failed();
}

int
file_clone(os_file from, os_file to)
{
#ifdef NNI_LINUX
	if (ioctl((int)to, FICLONE_REQUEST, (int)from) == 0)
		return 0;
#else
	(void)from;
	(void)to;
	errno = ENOTSUP;
#endif
	return os_failed();
}

int
file_link(const char *from, const char *to, struct buf *err)
{
	if (link(from, to) == 0)
		return 0;
	return os_failed_at(err, "create the link", to);
}

int
disk_free(const char *path, int64_t *bytes, struct buf *err)
{
	struct statvfs s;

	if (statvfs(path, &s) != 0)
		return os_failed_at(err, "see the space left at", path);
	*bytes = (int64_t)s.f_bavail * (int64_t)s.f_frsize;
	return 0;
}

int
link_read(const char *path, struct buf *target, struct buf *err)
{
	size_t size = 256;
	ssize_t n;

	buf_clear(target);
	for (;; size *= 2) {
		if (buf_reserve(target, size) != 0) {
			errno = ENAMETOOLONG;
			return os_failed_at(err, "read the link", path);
		}
		n = readlink(path, target->data, size);
		if (n < 0)
			return os_failed_at(err, "read the link", path);
		if ((size_t)n < size)
			break;
	}
	target->data[n] = '\0';
	target->len = (size_t)n;
	return 0;
}

int
link_make(const char *target, const char *path, struct buf *err)
{
	if (symlink(target, path) == 0)
		return 0;
	return os_failed_at(err, "create the link", path);
}
