/*
 * Threads over Win32: CreateThread, a slim lock and a condition variable.
 */
#include "win32.h"

#include "thread.h"

#include <stdlib.h>

#include "../mem.h"

struct thread {
	HANDLE handle;
	void (*fn)(void *arg);
	void *arg;
};

struct monitor {
	SRWLOCK lock;
	CONDITION_VARIABLE changed;
};

static DWORD WINAPI
run(LPVOID arg)
{
	struct thread *t = arg;

	t->fn(t->arg);
	return 0;
}

struct thread *
thread_start(void (*fn)(void *arg), void *arg, struct buf *err)
{
	struct thread *t = xmalloc(sizeof *t);

	t->fn = fn;
	t->arg = arg;
	t->handle = CreateThread(NULL, 0, run, t, 0, NULL);
	if (t->handle == NULL) {
		win32_failed();
		buf_err(err, "cannot start a thread: %s", os_strerror());
		free(t);
		return NULL;
	}
	return t;
}

void
thread_join(struct thread *t)
{
	WaitForSingleObject(t->handle, INFINITE);
	CloseHandle(t->handle);
	free(t);
}

struct monitor *
monitor_new(void)
{
	struct monitor *m = xmalloc(sizeof *m);

	InitializeSRWLock(&m->lock);
	InitializeConditionVariable(&m->changed);
	return m;
}

void
monitor_free(struct monitor *m)
{
	free(m); /* neither part holds anything of the system's */
}

void
monitor_enter(struct monitor *m)
{
	AcquireSRWLockExclusive(&m->lock);
}

void
monitor_leave(struct monitor *m)
{
	ReleaseSRWLockExclusive(&m->lock);
}

void
monitor_wait(struct monitor *m)
{
	SleepConditionVariableSRW(&m->changed, &m->lock, INFINITE, 0);
}

void
monitor_wake(struct monitor *m)
{
	WakeAllConditionVariable(&m->changed);
}
