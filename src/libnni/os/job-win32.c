/*
 * job-win32: a Job Object.  Children of members are members from birth, nothing
 * can leave it, and it ends with the last handle, that is with us.  What
 * services start in a member's name (WMI, Task Scheduler) is outside.
 */
#include "job.h"
#include "win32.h"

#include <stdlib.h>
#include "../mem.h"

struct job {
	HANDLE job, port;
	DWORD root;
};

static HANDLE job_event;

HANDLE
win32_job_event(void)
{
	return job_event;
}

/* Job messages only come by a port; who waits wants an event. */
static DWORD WINAPI
pass_messages(void *port)
{
	ULONG_PTR key;
	OVERLAPPED *ov;
	DWORD message;

	while (GetQueuedCompletionStatus(port, &message, &key, &ov, INFINITE))
		if (message != JOB_OBJECT_MSG_NEW_PROCESS)
			SetEvent(job_event);
	return 0;
}

static bool
listen_to_messages(struct job *j)
{
	JOBOBJECT_ASSOCIATE_COMPLETION_PORT to;
	HANDLE thread;

	if (job_event == NULL)
		job_event = CreateEventW(NULL, FALSE, FALSE, NULL);
	j->port = CreateIoCompletionPort(INVALID_HANDLE_VALUE, NULL, 0, 1);
	to.CompletionKey = j;
	to.CompletionPort = j->port;
	if (job_event == NULL || j->port == NULL ||
	    !SetInformationJobObject(j->job,
		JobObjectAssociateCompletionPortInformation, &to, sizeof(to)))
		return false;
	thread = CreateThread(NULL, 0, pass_messages, j->port, 0, NULL);
	if (thread != NULL)
		CloseHandle(thread);
	return thread != NULL;
}

struct job *
job_new(struct buf *err)
{
	JOBOBJECT_EXTENDED_LIMIT_INFORMATION limits = {0};
	struct job *j = xcalloc(1, sizeof(*j));

	/* Without BREAKAWAY_OK: a trial could get away. */
	limits.BasicLimitInformation.LimitFlags =
	    JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE;
	j->job = CreateJobObjectW(NULL, NULL);
	if (j->job != NULL &&
	    SetInformationJobObject(j->job, JobObjectExtendedLimitInformation,
		&limits, sizeof(limits)) &&
	    listen_to_messages(j))
		return j;
	win32_failed();
	buf_err(err, "cannot make a job object: %s", os_strerror());
	job_free(j);
	return NULL;
}

int
job_start(struct job *j, struct proc *p, const struct proc_spec *spec,
    struct buf *err)
{
	/* An invisible console, so that CTRL_BREAK has a way in. */
	int rc = win32_start(
	    p, spec, CREATE_NEW_PROCESS_GROUP | CREATE_NO_WINDOW, j->job, err);

	if (rc == 0)
		j->root = (DWORD)p->pid;
	return rc;
}

int
job_count(struct job *j)
{
	JOBOBJECT_BASIC_ACCOUNTING_INFORMATION now;

	if (!QueryInformationJobObject(j->job,
		JobObjectBasicAccountingInformation, &now, sizeof(now), NULL))
		return win32_failed();
	return (int)now.ActiveProcesses;
}

/*
 * An event goes to a group on the sender's own console: so attach to the
 * root's.  It is not in our group, so the event does not come to us.
 */
int
job_stop(struct job *j)
{
	int rc;

	if (j->root == 0 || !AttachConsole(j->root))
		return win32_failed();
	rc = win32_break(j->root);
	FreeConsole();
	return rc;
}

int
job_kill(struct job *j)
{
	return TerminateJobObject(j->job, WIN32_KILLED_CODE) ? 0
							     : win32_failed();
}

void
job_free(struct job *j)
{
	if (j == NULL)
		return;
	if (j->job != NULL)
		CloseHandle(j->job);
	if (j->port != NULL)
		CloseHandle(j->port); /* ends the thread too */
	free(j);
}

/* They died with their holder; the root is looked at to be sure. */
int
job_kill_orphans(int64_t root, int64_t root_start, const char *mark)
{
	HANDLE h;

	(void)mark;
	if (root <= 0 || proc_start_time(root) != root_start)
		return 0;
	h = OpenProcess(PROCESS_TERMINATE, FALSE, (DWORD)root);
	if (h == NULL)
		return GetLastError() == ERROR_INVALID_PARAMETER
			   ? 0
			   : win32_failed();
	TerminateProcess(h, WIN32_KILLED_CODE);
	CloseHandle(h);
	return 1;
}
