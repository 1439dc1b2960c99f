#ifndef NNI_OS_LOCK_H
#define NNI_OS_LOCK_H

#include "file.h"

/*
 * Kernel locks on whole files: released when the holder dies, so they are
 * never stale.  Not inherited by a forked child.  POSIX record locks
 * (fcntl, also over NFS) or LockFileEx on one byte far behind the data.
 *
 * POSIX drops a process's lock when it closes *any* descriptor of that file:
 * open a lock file through here only.  lock_try() of a lock that this process
 * has answers 0 with our own pid.
 */
struct lock {
	os_file file;
};
#define LOCK_INIT                                                              \
	{                                                                      \
		OS_NO_FILE                                                     \
	}

/*
 * 1: taken; 0: another process holds it, *holder (may be NULL) gets its pid or
 * 0; -1: error.  Creates the file with exactly `mode` (whatever the umask is);
 * never follows a symbolic link.
 */
int lock_try(struct lock *l, const char *path, int mode, int64_t *holder,
    struct buf *err);
/* Is it held by another process now? Takes nothing. 1, 0 or -1. */
int lock_held(const char *path, int64_t *holder);
void lock_release(struct lock *l);

#endif
