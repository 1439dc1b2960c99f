/*
 * Locks by POSIX record locks on the whole file: the kernel drops them when the
 * holder dies, tells the holder's pid, and they work over NFS.
 *
 * Their one trap: a process that closes any descriptor of a file loses its lock
 * on it, and asking for a lock that it has already succeeds.  So the locks this
 * process holds are listed here by device and inode, and such a file is never
 * opened a second time.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include "../mem.h"
#include "lock.h"
#include "posix.h"

struct held {
	struct held *next;
	dev_t device;
	ino_t inode;
	int fd;
	pid_t pid; /* a forked child has this list, but not the locks */
};
static struct held *all_held;

static bool
held_by_us(const char *path)
{
	struct stat st;
	struct held *h;

	if (all_held == NULL || lstat(path, &st) != 0)
		return false;
	for (h = all_held; h != NULL; h = h->next) {
		if (h->device == st.st_dev && h->inode == st.st_ino &&
		    h->pid == getpid())
			return true;
	}
	return false;
}

/* O_CREAT only if it is absent: Linux refuses it on another user's file in a
   sticky directory (fs.protected_regular).  The umask must not narrow `mode`
   either, so that other users can take the lock after us. */
static int
open_lock_file(const char *path, int mode)
{
	int flags = O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY;
	int fd, tries;

	for (tries = 0; tries < 100; tries++) {
		fd = open(path, flags);
		if (fd >= 0 || errno != ENOENT)
			return fd;
		fd = open(path, flags | O_CREAT | O_EXCL, mode);
		if (fd >= 0)
			fchmod(fd, (mode_t)mode);
		if (fd >= 0 || errno != EEXIST)
			return fd;
	}
	return -1;
}

static int
set_lock(int fd, int command, struct flock *fl)
{
	int rc;

	*fl = (struct flock){.l_type = F_WRLCK, .l_whence = SEEK_SET};
	do
		rc = fcntl(fd, command, fl);
	while (rc < 0 && errno == EINTR);
	return rc;
}

static void
remember(int fd, const struct stat *st)
{
	struct held *h = xmalloc(sizeof(*h));

	*h = (struct held){.next = all_held,
	    .device = st->st_dev,
	    .inode = st->st_ino,
	    .fd = fd,
	    .pid = getpid()};
	all_held = h;
}

/* 1, 0 or -1 as lock_try(). */
static int
lock_fd(int fd, struct stat *st, int64_t *holder)
{
	struct flock fl;

	if (fstat(fd, st) != 0)
		return -1;
	if (!S_ISREG(st->st_mode)) {
		errno = EINVAL;
		return -1;
	}
	if (set_lock(fd, F_SETLK, &fl) == 0)
		return 1;
	if (errno != EACCES && errno != EAGAIN)
		return -1;
	/* It may be let go between the two calls: then no pid is known. */
	if (holder != NULL && set_lock(fd, F_GETLK, &fl) == 0)
		*holder = fl.l_type == F_UNLCK ? 0 : (int64_t)fl.l_pid;
	return 0;
}

int
lock_try(struct lock *l, const char *path, int mode, int64_t *holder,
    struct buf *err)
{
	struct stat st;
	int fd, rc;

	l->file = OS_NO_FILE;
	if (holder != NULL)
		*holder = 0;
	if (held_by_us(path)) {
		if (holder != NULL)
			*holder = (int64_t)getpid();
		return 0;
	}
	fd = open_lock_file(path, mode);
	if (fd < 0)
		return os_failed_at(err, "lock", path);
	rc = lock_fd(fd, &st, holder);
	if (rc < 0)
		os_failed_at(err, "lock", path);
	if (rc != 1) {
		close(fd);
		return rc;
	}
	remember(fd, &st);
	l->file = fd;
	return 1;
}

int
lock_held(const char *path, int64_t *holder)
{
	struct flock fl;
	int fd, rc;

	if (holder != NULL)
		*holder = 0;
	if (held_by_us(path))
		return 0;
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0)
		return errno == ENOENT ? 0 : os_failed();
	rc = set_lock(fd, F_GETLK, &fl);
	if (rc < 0)
		os_failed();
	close(fd);
	if (rc < 0 || fl.l_type == F_UNLCK)
		return rc;
	if (holder != NULL)
		*holder = (int64_t)fl.l_pid;
	return 1;
}

void
lock_release(struct lock *l)
{
	struct held **p, *h;

	if (l->file == OS_NO_FILE)
		return;
	for (p = &all_held; *p != NULL; p = &(*p)->next) {
		h = *p;
		if (h->fd == (int)l->file) {
			*p = h->next;
			free(h);
			break;
		}
	}
	close((int)l->file);
	l->file = OS_NO_FILE;
}
