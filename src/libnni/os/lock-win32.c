/*
 * lock-win32: LockFileEx on one byte.  Its locks are mandatory (reads of the
 * range fail), so the byte lies where no data ever comes.
 */
#include "lock.h"
#include "win32.h"

#include <stdlib.h>
#include "../mem.h"

#define LOCK_OFFSET_HIGH 0x40000000

/* Our own locks: another handle of ours cannot tell them from others'. */
struct held {
	struct held *next;
	os_file file;
	uint64_t device, inode;
};
static struct held *all_held;

static bool
held_by_us(const char *path)
{
	struct file_info info;
	struct held *h;

	if (all_held == NULL || file_info(path, false, &info) < 0)
		return false;
	for (h = all_held; h != NULL; h = h->next)
		if (h->device == info.device && h->inode == info.inode)
			return true;
	return false;
}

static void
remember(os_file file, const char *path)
{
	struct held *h = xcalloc(1, sizeof(*h));
	struct file_info info = {0};

	file_info(path, false, &info);
	h->file = file;
	h->device = info.device;
	h->inode = info.inode;
	h->next = all_held;
	all_held = h;
}

static BOOL
lock_byte(HANDLE h, DWORD flags)
{
	OVERLAPPED at = {0};

	at.OffsetHigh = LOCK_OFFSET_HIGH;
	return LockFileEx(h, flags | LOCKFILE_FAIL_IMMEDIATELY, 0, 1, 0, &at);
}

static void
unlock_byte(HANDLE h)
{
	OVERLAPPED at = {0};

	at.OffsetHigh = LOCK_OFFSET_HIGH;
	UnlockFileEx(h, 0, 1, 0, &at);
}

/*
 * Holders lock exclusively, lock_held() shared and for a moment only: what
 * leaves room for another shared lock is no holder.
 */
static int
take(HANDLE h)
{
	for (;;) {
		if (lock_byte(h, LOCKFILE_EXCLUSIVE_LOCK))
			return 1;
		if (GetLastError() != ERROR_LOCK_VIOLATION)
			return win32_failed();
		if (!lock_byte(h, 0))
			return 0;
		unlock_byte(h);
	}
}

int
lock_try(struct lock *l, const char *path, int mode, int64_t *holder,
    struct buf *err)
{
	const int flags = FILE_READ | FILE_CREATE | FILE_NOFOLLOW;
	bool ours = held_by_us(path);
	os_file f;
	int taken;

	/* Windows does not tell who else it is. */
	if (holder != NULL)
		*holder = ours ? proc_self_pid() : 0;
	l->file = OS_NO_FILE;
	if (ours)
		return 0;
	f = file_open(path, flags | FILE_WRITE, mode, NULL);
	/* Another user's may be read only, which is enough to lock it. */
	if (f == OS_NO_FILE)
		f = file_open(path, flags, mode, NULL);
	if (f == OS_NO_FILE)
		return win32_say(err, "lock", path);
	taken = take(win32_handle(f));
	if (taken == 1) {
		remember(f, path);
		l->file = f;
		return 1;
	}
	file_close(f);
	return taken == 0 ? 0 : win32_say(err, "lock", path);
}

int
lock_held(const char *path, int64_t *holder)
{
	os_file f;
	int held;

	if (holder != NULL)
		*holder = 0;
	if (held_by_us(path))
		return 0;
	f = file_open(path, FILE_READ | FILE_NOFOLLOW, 0, NULL);
	if (f == OS_NO_FILE)
		return os_errno() == OS_NOT_FOUND ? 0 : -1;
	if (lock_byte(win32_handle(f), 0))
		held = 0;
	else
		held =
		    GetLastError() == ERROR_LOCK_VIOLATION ? 1 : win32_failed();
	file_close(f);
	return held;
}

void
lock_release(struct lock *l)
{
	struct held **p, *h;

	if (l->file == OS_NO_FILE)
		return;
	for (p = &all_held; (h = *p) != NULL; p = &h->next)
		if (h->file == l->file) {
			*p = h->next;
			free(h);
			break;
		}
	file_close(l->file);
	l->file = OS_NO_FILE;
}
