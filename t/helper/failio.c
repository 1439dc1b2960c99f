/*
 * failio.so: makes a program's file system fail, or kills the program, at the
 * n-th call that changes a file.
 *
 *	LD_PRELOAD=build/t/failio.so FAILIO_N=7 FAILIO_ERRNO=ENOSPC nni-run ...
 *
 * What counts: write, writev, pwrite, fsync, fdatasync, ftruncate on regular
 * files, and the flush of a directory; open for writing or creating; rename,
 *mkdir, link, symlink.  With FAILIO_KILL also writes to pipes, since a death
 *between two of them is as good a test.  Printf's own buffers do not count, nor
 *does what runs without libc.
 *
 * FAILIO_N        the first call to fail, from 1; unset or 0: none, only count
 * FAILIO_ERRNO    ENOSPC (default), EIO, EROFS, EACCES, EDQUOT, or a number
 * FAILIO_ONCE     1: only that call fails.  Otherwise all later ones too: the
 *                 disk stays full
 * FAILIO_WHILE    a file: the disk stays full only as long as that is there
 * FAILIO_SHORT    1: the first half of the bytes of a failing write is written
 * FAILIO_KILL     1: SIGKILL to this process before the call (with
 *                 FAILIO_SHORT: in the middle of it) in place of an error
 * FAILIO_MATCH    count only where this is part of the path or of the
 *                 program's name
 * FAILIO_PROGRAM  count only in programs of exactly this name
 * FAILIO_COUNT    a file that holds the number of calls so far, in decimal.
 *                 All processes count together in it then; otherwise each
 *                 (also each fork) for itself.  Remove it before a run
 * FAILIO_LOG      a file that gets a line "NUMBER PID PROGRAM CALL PATH" for
 *                 each call that counts
 *
 * FAILIO_SYNCED   a directory: for each file that is flushed with success, one
 *                 of its name gets the size that it had then, in decimal.  What
 *                 is behind that would be gone if the power failed
 *
 * A program built with AddressSanitizer wants its own library first:
 * LD_PRELOAD="$(cc -print-file-name=libasan.so) failio.so", or
 * ASAN_OPTIONS=verify_asan_link_order=0.
 *
 * So a test runs once with FAILIO_COUNT alone to learn the total, and then once
 * for each n, or for some of them.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

enum verdict { PASS, FAIL };

/* The next library's function of this name. */
#define REAL(type, name, ...)                                                  \
	static type (*real)(__VA_ARGS__);                                      \
	if (!real)                                                             \
	*(void **)&real = dlsym(RTLD_NEXT, name)

static bool
is_on(const char *name)
{
	const char *v = getenv(name);

	return v && v[0] != '\0' && strcmp(v, "0") != 0;
}

static long
number_of(const char *name)
{
	const char *v = getenv(name);

	return v ? strtol(v, NULL, 10) : 0;
}

static int
chosen_errno(void)
{
	static const struct {
		const char *name;
		int value;
	} known[] = {
	    {"ENOSPC", ENOSPC},
	    {"EIO", EIO},
	    {"EROFS", EROFS},
	    {"EACCES", EACCES},
	    {"EDQUOT", EDQUOT},
	};
	const char *v = getenv("FAILIO_ERRNO");
	size_t i;

	if (!v || v[0] == '\0')
		return ENOSPC;
	for (i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (!strcmp(known[i].name, v))
			return known[i].value;
	}
	return (int)strtol(v, NULL, 10);
}

static const char *
program(void)
{
	static char path[PATH_MAX];
	ssize_t n;
	char *slash;

	if (path[0] == '\0') {
		n = readlink("/proc/self/exe", path, sizeof(path) - 1);
		path[n > 0 ? n : 0] = '\0';
	}
	slash = strrchr(path, '/');
	return slash ? slash + 1 : path;
}

static bool
matches(const char *path)
{
	const char *match = getenv("FAILIO_MATCH");
	const char *only = getenv("FAILIO_PROGRAM");

	if (only && only[0] != '\0' && strcmp(only, program()) != 0)
		return false;
	return !match || match[0] == '\0' || strstr(path, match) ||
	       strstr(program(), match);
}

/* Raw calls: ours would count themselves. */
static int
raw_open(const char *path, int flags)
{
	return (int)syscall(
	    SYS_openat, AT_FDCWD, path, flags | O_CLOEXEC, 0666);
}

/* One more in the file at `path`, which all processes share. */
static long
count_together(const char *path, long own)
{
	char text[32] = "";
	long n;
	int fd, len;

	fd = raw_open(path, O_RDWR | O_CREAT);
	if (fd < 0)
		return own;
	flock(fd, LOCK_EX);
	if (pread(fd, text, sizeof(text) - 1, 0) < 0)
		text[0] = '\0';
	n = strtol(text, NULL, 10) + 1;
	len = snprintf(text, sizeof(text), "%ld\n", n);
	syscall(SYS_pwrite64, fd, text, (size_t)len, (off_t)0);
	close(fd);
	return n;
}

/*
 * This call's number.  A signal's handler may write, too: not while we hold the
 * lock.
 */
static long
count(void)
{
	static long own;
	const char *path = getenv("FAILIO_COUNT");
	sigset_t all, old;
	long n = ++own;

	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, &old);
	if (path && path[0] != '\0')
		n = count_together(path, n);
	sigprocmask(SIG_SETMASK, &old, NULL);
	return n;
}

static void
log_call(long n, const char *call, const char *path)
{
	const char *log = getenv("FAILIO_LOG");
	char line[PATH_MAX + 256];
	int fd, len;

	if (!log || log[0] == '\0')
		return;
	fd = raw_open(log, O_WRONLY | O_APPEND | O_CREAT);
	if (fd < 0)
		return;
	len = snprintf(line, sizeof(line), "%ld %ld %s %s %s\n", n,
	    (long)getpid(), program(), call, path);
	syscall(SYS_write, fd, line, (size_t)len);
	close(fd);
}

static void
die(void)
{
	kill(getpid(), SIGKILL);
	for (;;)
		pause();
}

/* Is there room again? */
static bool
is_over(void)
{
	const char *path = getenv("FAILIO_WHILE");

	return path && path[0] != '\0' && access(path, F_OK) != 0;
}

/* Counts, and says what is to become of the call; FAIL with errno set. */
static enum verdict
judge(const char *call, const char *path)
{
	long first = number_of("FAILIO_N"), n;
	int saved = errno;

	if (!matches(path)) {
		errno = saved;
		return PASS;
	}
	n = count();
	log_call(n, call, path);
	errno = saved;
	if (first <= 0 || n < first || (n > first && is_on("FAILIO_ONCE")) ||
	    is_over())
		return PASS;
	if (is_on("FAILIO_KILL") && !is_on("FAILIO_SHORT"))
		die();
	errno = chosen_errno();
	return FAIL;
}

static enum verdict
judge_fd(const char *call, int fd)
{
	char link[64], path[PATH_MAX] = "?";
	int saved = errno;
	struct stat st;
	ssize_t n;

	/* A test reads on standard error what a program says of its failure. */
	if (fd == STDERR_FILENO || fstat(fd, &st) != 0 ||
	    (!S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode) &&
		!(is_on("FAILIO_KILL") && S_ISFIFO(st.st_mode)))) {
		errno = saved;
		return PASS;
	}
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, path, sizeof(path) - 1);
	if (n > 0)
		path[n] = '\0';
	errno = saved;
	return judge(call, path);
}

/* The end of a failing write: half of it done, or none. */
static ssize_t
fail_write(int fd, const void *bytes, size_t len, off_t offset)
{
	int error = errno;

	if (is_on("FAILIO_SHORT") && offset < 0)
		syscall(SYS_write, fd, bytes, len / 2);
	else if (is_on("FAILIO_SHORT"))
		syscall(SYS_pwrite64, fd, bytes, len / 2, offset);
	if (is_on("FAILIO_KILL"))
		die();
	errno = error;
	return -1;
}

ssize_t
write(int fd, const void *bytes, size_t len)
{
	REAL(ssize_t, "write", int, const void *, size_t);
	if (judge_fd("write", fd) == FAIL)
		return fail_write(fd, bytes, len, -1);
	return real(fd, bytes, len);
}

ssize_t
writev(int fd, const struct iovec *v, int n)
{
	REAL(ssize_t, "writev", int, const struct iovec *, int);
	if (judge_fd("writev", fd) == FAIL)
		return fail_write(fd, v[0].iov_base, v[0].iov_len, -1);
	return real(fd, v, n);
}

ssize_t
pwrite(int fd, const void *bytes, size_t len, off_t offset)
{
	REAL(ssize_t, "pwrite", int, const void *, size_t, off_t);
	if (judge_fd("pwrite", fd) == FAIL)
		return fail_write(fd, bytes, len, offset);
	return real(fd, bytes, len, offset);
}

ssize_t
pwrite64(int fd, const void *bytes, size_t len, off64_t offset)
{
	REAL(ssize_t, "pwrite64", int, const void *, size_t, off64_t);
	if (judge_fd("pwrite", fd) == FAIL)
		return fail_write(fd, bytes, len, offset);
	return real(fd, bytes, len, offset);
}

/* With FAILIO_SHORT a failing call of another kind dies here. */
static int
failed(void)
{
	if (is_on("FAILIO_KILL"))
		die();
	return -1;
}

/* The size that is safe once the file is flushed; -1: nobody asks. */
static long long
size_to_sync(int fd)
{
	struct stat st;

	if (!getenv("FAILIO_SYNCED") || fstat(fd, &st) != 0 ||
	    !S_ISREG(st.st_mode))
		return -1;
	return (long long)st.st_size;
}

static void
note_sync(int fd, long long size)
{
	char link[64], path[PATH_MAX], note[PATH_MAX + 256], text[32];
	const char *name;
	int saved = errno, out, len;
	ssize_t n;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, path, sizeof(path) - 1);
	if (n <= 0)
		return;
	path[n] = '\0';
	name = strrchr(path, '/');
	snprintf(note, sizeof(note), "%s/%s", getenv("FAILIO_SYNCED"),
	    name ? name + 1 : path);
	out = raw_open(note, O_WRONLY | O_CREAT);
	len = snprintf(text, sizeof(text), "%lld\n", size);
	if (out >= 0) {
		syscall(SYS_write, out, text, (size_t)len);
		close(out);
	}
	errno = saved;
}

static int
sync_with(int (*real)(int), const char *call, int fd)
{
	long long size = size_to_sync(fd);
	int rc;

	if (judge_fd(call, fd) == FAIL)
		return failed();
	rc = real(fd);
	if (rc == 0 && size >= 0)
		note_sync(fd, size);
	return rc;
}

int
fsync(int fd)
{
	REAL(int, "fsync", int);
	return sync_with(real, "fsync", fd);
}

int
fdatasync(int fd)
{
	REAL(int, "fdatasync", int);
	return sync_with(real, "fdatasync", fd);
}

int
ftruncate(int fd, off_t len)
{
	REAL(int, "ftruncate", int, off_t);
	return judge_fd("ftruncate", fd) == FAIL ? failed() : real(fd, len);
}

int
ftruncate64(int fd, off64_t len)
{
	REAL(int, "ftruncate64", int, off64_t);
	return judge_fd("ftruncate", fd) == FAIL ? failed() : real(fd, len);
}

int
rename(const char *from, const char *to)
{
	REAL(int, "rename", const char *, const char *);
	return judge("rename", to) == FAIL ? failed() : real(from, to);
}

int
renameat(int from_dir, const char *from, int to_dir, const char *to)
{
	REAL(int, "renameat", int, const char *, int, const char *);
	return judge("rename", to) == FAIL ? failed()
					   : real(from_dir, from, to_dir, to);
}

int
mkdir(const char *path, mode_t mode)
{
	REAL(int, "mkdir", const char *, mode_t);
	return judge("mkdir", path) == FAIL ? failed() : real(path, mode);
}

int
mkdirat(int dir, const char *path, mode_t mode)
{
	REAL(int, "mkdirat", int, const char *, mode_t);
	return judge("mkdir", path) == FAIL ? failed() : real(dir, path, mode);
}

int
link(const char *from, const char *to)
{
	REAL(int, "link", const char *, const char *);
	return judge("link", to) == FAIL ? failed() : real(from, to);
}

int
symlink(const char *target, const char *path)
{
	REAL(int, "symlink", const char *, const char *);
	return judge("symlink", path) == FAIL ? failed() : real(target, path);
}

static bool
opens_to_write(const char *path, int flags)
{
	struct stat st;

	if ((flags & O_ACCMODE) == O_RDONLY && !(flags & O_CREAT))
		return false;
	/* A device cannot be full. */
	return stat(path, &st) != 0 || S_ISREG(st.st_mode);
}

static bool
open_fails(const char *path, int flags)
{
	int saved = errno;
	bool writes = opens_to_write(path, flags);

	errno = saved;
	return writes && judge("open", path) == FAIL;
}

/* The mode is there only if the flags say so. */
#define TAKE_MODE(mode, flags)                                                 \
	do {                                                                   \
		va_list ap;                                                    \
		va_start(ap, flags);                                           \
		if ((flags) & (O_CREAT | O_TMPFILE))                           \
			mode = va_arg(ap, mode_t);                             \
		va_end(ap);                                                    \
	} while (0)

int
open(const char *path, int flags, ...)
{
	mode_t mode = 0;

	REAL(int, "open", const char *, int, ...);
	TAKE_MODE(mode, flags);
	return open_fails(path, flags) ? failed() : real(path, flags, mode);
}

int
open64(const char *path, int flags, ...)
{
	mode_t mode = 0;

	REAL(int, "open64", const char *, int, ...);
	TAKE_MODE(mode, flags);
	return open_fails(path, flags) ? failed() : real(path, flags, mode);
}

int
openat(int dir, const char *path, int flags, ...)
{
	mode_t mode = 0;

	REAL(int, "openat", int, const char *, int, ...);
	TAKE_MODE(mode, flags);
	return open_fails(path, flags) ? failed()
				       : real(dir, path, flags, mode);
}

int
openat64(int dir, const char *path, int flags, ...)
{
	mode_t mode = 0;

	REAL(int, "openat64", int, const char *, int, ...);
	TAKE_MODE(mode, flags);
	return open_fails(path, flags) ? failed()
				       : real(dir, path, flags, mode);
}
