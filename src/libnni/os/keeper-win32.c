/*
 * keeper-win32: this program started once more as `PROGRAM keep DIR`, detached.
 * It is woken by an event that carries the trial directory's identity in its
 * name, so that the spelling of the path does not matter.
 */
#include "keeper.h"
#include "win32.h"

#include <stdio.h>
#include <string.h>
#include "sys.h"

static HANDLE poked;

void
keeper_init(void)
{
	/* A child that nobody waits for leaves nothing behind here. */
}

static int
tell_order(os_file in, const struct keeper_spec *spec)
{
	return spec->order_len == 0
		   ? 0
		   : file_write(in, spec->order, spec->order_len);
}

int
keeper_start(const struct keeper_spec *spec, os_file *answer, struct buf *err)
{
	char keep[] = "keep", self[4096], dir[4096];
	char *argv[4] = {self, keep, dir, NULL};
	struct proc_spec start = {0};
	struct proc p;

	if (sys_self_path() == NULL || strlen(spec->dir) >= sizeof(dir))
		return buf_err(err, "cannot start a keeper: path too long");
	snprintf(self, sizeof(self), "%s", sys_self_path());
	snprintf(dir, sizeof(dir), "%s", spec->dir);
	start.argv = argv;
	start.in.io = PROC_PIPE;
	start.out.io = PROC_PIPE;
	start.err.io = PROC_NULL;
	start.detached = true;
	if (proc_start(&p, &start, err) < 0)
		return -1;
	proc_release(&p);
	if (tell_order(p.in, spec) < 0) {
		file_close(p.in);
		file_close(p.out);
		return buf_err(err, "cannot start a keeper: %s", os_strerror());
	}
	file_close(p.in);
	*answer = p.out;
	return 0;
}

/*
 * Global: a cancel may come from another logon session, such as ssh's, than the
 * one that started the trial.
 */
static int
event_name(const char *dir, wchar_t *name, size_t room)
{
	struct file_info info;

	if (file_info(dir, true, &info) < 0)
		return -1;
	if (info.type != FILE_DIR)
		return win32_fail(ERROR_PATH_NOT_FOUND);
	_snwprintf(name, room, L"Global\\nni-keeper-%llx-%llx",
	    (unsigned long long)info.device, (unsigned long long)info.inode);
	return 0;
}

int
keeper_listen(const char *dir, struct buf *err)
{
	wchar_t name[80];

	if (event_name(dir, name, 80) < 0)
		return win32_say(err, "listen at", dir);
	poked = CreateEventW(NULL, FALSE, FALSE, name);
	if (poked == NULL) {
		win32_failed();
		return win32_say(err, "listen at", dir);
	}
	return 0;
}

enum keeper_wake
keeper_wait(const struct proc *root, int64_t timeout_ms)
{
	HANDLE on[3];
	enum keeper_wake means[3];
	DWORD count = 0, woken, wait = INFINITE;

	if (timeout_ms >= 0)
		wait = timeout_ms < 86400000 ? (DWORD)timeout_ms : 86400000;
	if (root != NULL) {
		means[count] = KEEPER_ROOT;
		on[count++] = (HANDLE)root->handle;
	}
	if (poked != NULL) {
		means[count] = KEEPER_POKED;
		on[count++] = poked;
	}
	if (win32_job_event() != NULL) {
		means[count] = KEEPER_CHILD;
		on[count++] = win32_job_event();
	}
	if (count == 0) {
		Sleep(wait);
		return KEEPER_TIMEOUT;
	}
	woken = WaitForMultipleObjects(count, on, FALSE, wait) - WAIT_OBJECT_0;
	return woken < count ? means[woken] : KEEPER_TIMEOUT;
}

int
keeper_poke(const char *dir, int64_t pid)
{
	wchar_t name[80];
	HANDLE event;
	BOOL ok;

	(void)pid; /* Windows does not tell who holds a lock */
	if (event_name(dir, name, 80) < 0)
		return -1;
	event = OpenEventW(EVENT_MODIFY_STATE, FALSE, name);
	if (event == NULL)
		return win32_failed();
	ok = SetEvent(event);
	CloseHandle(event);
	return ok ? 0 : -1;
}
