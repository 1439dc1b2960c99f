/*
 * process-win32: CreateProcessW with an explicit list of what the child
 * inherits.  Our ends of its pipes are overlapped (the loop waits for many of
 * them at once); its own ends are not, since C programs cannot use such.
 */
#include "process.h"
#include "win32.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "../mem.h"
#include "sys.h"

#define PIPE_SIZE 65536

/* ---- streams ---- */

/*
 * A pipe with an overlapped end for us.  Ours is open both ways even if we only
 * write: a pending read there is how the loop learns that the reader has gone.
 */
static int
make_pipe(HANDLE *ours, HANDLE *theirs, bool child_reads)
{
	static LONG serial;
	SECURITY_ATTRIBUTES inherit = {sizeof(inherit), NULL, TRUE};
	wchar_t name[96];
	uint32_t chance[2];

	if (random_bytes(chance, sizeof(chance)) < 0)
		return -1;
	_snwprintf(name, 96, L"\\\\.\\pipe\\nni-%lu-%ld-%08lx%08lx",
	    GetCurrentProcessId(), InterlockedIncrement(&serial),
	    (unsigned long)chance[0], (unsigned long)chance[1]);
	*ours = CreateNamedPipeW(name,
	    (child_reads ? PIPE_ACCESS_DUPLEX : PIPE_ACCESS_INBOUND) |
		FILE_FLAG_OVERLAPPED | FILE_FLAG_FIRST_PIPE_INSTANCE,
	    PIPE_TYPE_BYTE | PIPE_WAIT | PIPE_REJECT_REMOTE_CLIENTS, 1,
	    PIPE_SIZE, PIPE_SIZE, 0, NULL);
	if (*ours == INVALID_HANDLE_VALUE)
		return win32_failed();
	*theirs = CreateFileW(name,
	    child_reads ? GENERIC_READ | FILE_WRITE_ATTRIBUTES
			: GENERIC_WRITE | FILE_READ_ATTRIBUTES,
	    0, &inherit, OPEN_EXISTING, 0, NULL);
	if (*theirs != INVALID_HANDLE_VALUE)
		return 0;
	win32_failed();
	CloseHandle(*ours);
	*ours = INVALID_HANDLE_VALUE;
	return -1;
}

/* An inheritable copy of `h`, for the child alone. */
static int
lend(HANDLE h, HANDLE *theirs)
{
	HANDLE self = GetCurrentProcess();

	if (DuplicateHandle(
		self, h, self, theirs, 0, TRUE, DUPLICATE_SAME_ACCESS))
		return 0;
	*theirs = INVALID_HANDLE_VALUE;
	return win32_failed();
}

static int
open_null(HANDLE *theirs)
{
	SECURITY_ATTRIBUTES inherit = {sizeof(inherit), NULL, TRUE};

	*theirs = CreateFileW(L"NUL", GENERIC_READ | GENERIC_WRITE, WIN32_SHARE,
	    &inherit, OPEN_EXISTING, 0, NULL);
	return *theirs != INVALID_HANDLE_VALUE ? 0 : win32_failed();
}

static int
open_stream(
    const struct proc_stream *s, DWORD standard, HANDLE *theirs, os_file *ours)
{
	HANDLE mine;
	int rc;

	switch (s->io) {
	case PROC_PIPE:
		rc = make_pipe(&mine, theirs, standard == STD_INPUT_HANDLE);
		if (rc == 0)
			*ours = (os_file)mine;
		return rc;
	case PROC_FILE:
		return lend(win32_handle(s->file), theirs);
	case PROC_INHERIT:
		return lend(GetStdHandle(standard), theirs);
	default:
		return open_null(theirs);
	}
}

/* ---- starting ---- */

struct start {
	wchar_t *program, *line, *environment, *dir;
	HANDLE std[3]; /* the child's; INVALID_HANDLE_VALUE: not opened */
	LPPROC_THREAD_ATTRIBUTE_LIST attributes;
};

static void
start_release(struct start *s)
{
	int i;

	free(s->program);
	free(s->line);
	free(s->environment);
	free(s->dir);
	for (i = 0; i < 3; i++)
		if (s->std[i] != INVALID_HANDLE_VALUE)
			CloseHandle(s->std[i]);
	if (s->attributes != NULL)
		DeleteProcThreadAttributeList(s->attributes);
	free(s->attributes);
}

/* CreateProcessW takes neither \\?\ nor much more than MAX_PATH here. */
static int
prepare_dir(struct start *s, const char *dir, struct buf *err)
{
	if (dir == NULL)
		return 0;
	s->dir = win32_wide_path(dir);
	if (s->dir != NULL && wcsncmp(s->dir, L"\\\\?\\", 4) == 0)
		win32_fail(ERROR_FILENAME_EXCED_RANGE);
	else if (s->dir != NULL &&
		 GetFileAttributesW(s->dir) != INVALID_FILE_ATTRIBUTES)
		return 0;
	else if (s->dir != NULL)
		win32_failed();
	return win32_say(err, "enter directory", dir);
}

static const char *
name_of(const struct proc_spec *spec)
{
	return spec->argv != NULL ? spec->argv[0] : "cmd.exe";
}

static bool
ends_with(const char *text, const char *end)
{
	size_t n = strlen(text), m = strlen(end);

	return n >= m && _stricmp(text + n - m, end) == 0;
}

static int
prepare_program(struct start *s, const struct proc_spec *spec, struct buf *err)
{
	struct buf path = BUF_INIT, full = BUF_INIT;
	const char *name = name_of(spec);
	int rc = win32_find_program(spec, &path);

	if (rc == 0)
		rc = path_absolute(path.data, NULL, &full, err);
	if (rc < 0) {
		win32_say(err, "run", name);
	} else if (ends_with(full.data, ".bat") ||
		   ends_with(full.data, ".cmd")) {
		/* Their arguments are read again by cmd.exe: CVE-2024-24576. */
		rc = buf_err(err,
		    "cannot run '%s': a batch file; start it with cmd.exe /c",
		    name);
	} else {
		s->program = win32_wide_path(full.data);
		s->line = win32_command_line(full.data, spec);
		s->environment = win32_environment(spec->env);
		if (s->program == NULL || s->line == NULL ||
		    s->environment == NULL)
			rc = win32_say(err, "run", name);
	}
	buf_release(&path);
	buf_release(&full);
	return rc;
}

static int
prepare_streams(struct start *s, struct proc *p, const struct proc_spec *spec)
{
	if (open_stream(&spec->in, STD_INPUT_HANDLE, &s->std[0], &p->in) < 0 ||
	    open_stream(&spec->out, STD_OUTPUT_HANDLE, &s->std[1], &p->out) <
		0 ||
	    open_stream(&spec->err, STD_ERROR_HANDLE, &s->std[2], &p->err) < 0)
		return -1;
	return 0;
}

/* The child inherits these three handles and nothing else. */
static int
prepare_attributes(struct start *s)
{
	SIZE_T size = 0;

	InitializeProcThreadAttributeList(NULL, 1, 0, &size);
	s->attributes = xmalloc(size);
	if (!InitializeProcThreadAttributeList(s->attributes, 1, 0, &size)) {
		free(s->attributes);
		s->attributes = NULL;
		return win32_failed();
	}
	if (!UpdateProcThreadAttribute(s->attributes, 0,
		PROC_THREAD_ATTRIBUTE_HANDLE_LIST, s->std, sizeof(s->std), NULL,
		NULL))
		return win32_failed();
	return 0;
}

static BOOL
create(struct start *s, DWORD flags, PROCESS_INFORMATION *pi)
{
	STARTUPINFOEXW si = {0};

	si.StartupInfo.cb = sizeof(si);
	si.StartupInfo.dwFlags = STARTF_USESTDHANDLES;
	si.StartupInfo.hStdInput = s->std[0];
	si.StartupInfo.hStdOutput = s->std[1];
	si.StartupInfo.hStdError = s->std[2];
	si.lpAttributeList = s->attributes;
	return CreateProcessW(s->program, s->line, NULL, NULL, TRUE, flags,
	    s->environment, s->dir, &si.StartupInfo, pi);
}

/* Suspended if it is to be in a job, so that nothing starts outside. */
static int
launch(struct start *s, DWORD flags, HANDLE job, PROCESS_INFORMATION *pi)
{
	flags |= EXTENDED_STARTUPINFO_PRESENT | CREATE_UNICODE_ENVIRONMENT;
	if (job != NULL)
		flags |= CREATE_SUSPENDED;
	if (!create(s, flags, pi)) {
		/* A job object above us may forbid leaving it. */
		if (!(flags & CREATE_BREAKAWAY_FROM_JOB) ||
		    GetLastError() != ERROR_ACCESS_DENIED ||
		    !create(s, flags & ~(DWORD)CREATE_BREAKAWAY_FROM_JOB, pi))
			return win32_failed();
	}
	if (job == NULL)
		return 0;
	if (AssignProcessToJobObject(job, pi->hProcess) &&
	    ResumeThread(pi->hThread) != (DWORD)-1)
		return 0;
	win32_failed();
	TerminateProcess(pi->hProcess, WIN32_KILLED_CODE);
	CloseHandle(pi->hThread);
	CloseHandle(pi->hProcess);
	return -1;
}

static void
close_ours(struct proc *p)
{
	file_close(p->in);
	file_close(p->out);
	file_close(p->err);
	p->in = p->out = p->err = OS_NO_FILE;
}

int
win32_start(struct proc *p, const struct proc_spec *spec, DWORD flags,
    HANDLE job, struct buf *err)
{
	struct start s = {0};
	PROCESS_INFORMATION pi;
	int rc;

	s.std[0] = s.std[1] = s.std[2] = INVALID_HANDLE_VALUE;
	p->pid = 0;
	p->handle = 0;
	p->in = p->out = p->err = OS_NO_FILE;
	rc = prepare_program(&s, spec, err);
	if (rc == 0)
		rc = prepare_dir(&s, spec->dir, err);
	if (rc == 0) {
		rc = prepare_streams(&s, p, spec);
		if (rc == 0)
			rc = prepare_attributes(&s);
		if (rc == 0)
			rc = launch(&s, flags, job, &pi);
		if (rc < 0)
			win32_say(err, "run", name_of(spec));
	}
	start_release(&s);
	if (rc < 0) {
		close_ours(p);
		return -1;
	}
	CloseHandle(pi.hThread);
	p->pid = (int64_t)pi.dwProcessId;
	p->handle = (intptr_t)pi.hProcess;
	p->leads_group = (flags & CREATE_NEW_PROCESS_GROUP) != 0;
	return 0;
}

int
proc_start(struct proc *p, const struct proc_spec *spec, struct buf *err)
{
	DWORD flags = 0, pid;

	if (spec->own_group || spec->detached)
		flags |= CREATE_NEW_PROCESS_GROUP;
	if (spec->detached)
		flags |= DETACHED_PROCESS | CREATE_BREAKAWAY_FROM_JOB;
	/* A child of a detached process would open a window of its own. */
	else if (GetConsoleProcessList(&pid, 1) == 0)
		flags |= CREATE_NO_WINDOW;
	return win32_start(p, spec, flags, NULL, err);
}

/* ---- ends ---- */

static int
end_of(HANDLE h, struct proc_end *end)
{
	DWORD code;

	if (!GetExitCodeProcess(h, &code))
		return win32_failed();
	end->signaled = false;
	end->code = (int)code;
	return 0;
}

int
proc_wait(struct proc *p, struct proc_end *end)
{
	HANDLE h = (HANDLE)p->handle;
	int rc;

	if (WaitForSingleObject(h, INFINITE) != WAIT_OBJECT_0)
		return win32_failed();
	rc = end_of(h, end);
	proc_release(p);
	return rc;
}

/* What is left of a deadline (0: none) as Windows' functions want it. */
static DWORD
ms_left(int64_t deadline)
{
	int64_t left;

	if (deadline == 0)
		return INFINITE;
	left = deadline - clock_mono_ms();
	return left <= 0 ? 0 : left > 60000 ? 60000 : (DWORD)left;
}

/* One read of an overlapped pipe: false at its end, on expiry or failure,
   which GetLastError() then tells. */
static bool
read_until(HANDLE from, HANDLE event, char *block, DWORD *n, int64_t deadline)
{
	OVERLAPPED ov = {0};

	ov.hEvent = event;
	if (!ReadFile(from, block, *n, NULL, &ov) &&
	    GetLastError() != ERROR_IO_PENDING)
		return false;
	while (WaitForSingleObject(event, ms_left(deadline)) != WAIT_OBJECT_0) {
		if (ms_left(deadline) > 0)
			continue;
		CancelIoEx(from, &ov);
		GetOverlappedResult(from, &ov, n, TRUE);
		SetLastError(ERROR_TIMEOUT);
		return false;
	}
	return GetOverlappedResult(from, &ov, n, TRUE);
}

/* Until its end; 0, or -1 with err. */
static int
gather(HANDLE from, struct buf *out, int64_t deadline, struct buf *err)
{
	HANDLE event = CreateEventW(NULL, TRUE, FALSE, NULL);
	char block[16384];
	DWORD n = sizeof(block), error;
	int rc = 0;

	while (rc == 0 && read_until(from, event, block, &n, deadline)) {
		if (buf_add(out, block, n) < 0)
			rc = buf_err(err, "its output is too long");
		n = sizeof(block);
	}
	error = GetLastError();
	if (event != NULL)
		CloseHandle(event);
	if (rc < 0 || error == ERROR_BROKEN_PIPE)
		return rc;
	if (error == ERROR_TIMEOUT)
		return buf_err(err, "timed out");
	win32_fail(error);
	return buf_err(err, "%s", os_strerror());
}

static int
await(struct proc *p, int64_t deadline, struct proc_end *end, struct buf *err)
{
	while (WaitForSingleObject((HANDLE)p->handle, ms_left(deadline)) !=
	       WAIT_OBJECT_0)
		if (ms_left(deadline) == 0)
			return buf_err(err, "timed out");
	return proc_wait(p, end) == 0 ? 0 : buf_err(err, "%s", os_strerror());
}

int
proc_run(const struct proc_spec *spec, struct buf *out, int64_t timeout_ms,
    struct proc_end *end, struct buf *err)
{
	int64_t deadline = timeout_ms > 0 ? clock_mono_ms() + timeout_ms : 0;
	struct proc_spec ask = *spec;
	struct buf why = BUF_INIT;
	struct proc p;
	int rc;

	if (ask.in.io != PROC_FILE)
		ask.in.io = PROC_NULL;
	ask.out.io = PROC_PIPE;
	if (ask.err.io == PROC_PIPE)
		ask.err.io = PROC_NULL;
	if (proc_start(&p, &ask, err) < 0)
		return -1;
	rc = gather(win32_handle(p.out), out, deadline, &why);
	if (rc == 0)
		rc = await(&p, deadline, end, &why);
	if (rc < 0) {
		proc_kill(&p, PROC_KILL);
		proc_wait(&p, end);
		buf_err(err, "'%s' failed: %s",
		    spec->argv != NULL ? spec->argv[0] : spec->command,
		    why.data);
	}
	close_ours(&p);
	proc_release(&p);
	buf_release(&why);
	return rc;
}

int
win32_break(DWORD pid)
{
	return GenerateConsoleCtrlEvent(CTRL_BREAK_EVENT, pid) ? 0
							       : win32_failed();
}

/*
 * CTRL_BREAK reaches only the leader of a group on our own console; what cannot
 * be asked is ended.
 */
int
proc_kill(struct proc *p, enum proc_signal sig)
{
	HANDLE h = (HANDLE)p->handle;

	if (sig != PROC_KILL && p->leads_group &&
	    win32_break((DWORD)p->pid) == 0)
		return 0;
	if (TerminateProcess(
		h, sig == PROC_KILL ? WIN32_KILLED_CODE : WIN32_CONTROL_C_CODE))
		return 0;
	/* It may have ended meanwhile, which is what was wanted. */
	return WaitForSingleObject(h, 0) == WAIT_OBJECT_0 ? 0 : win32_failed();
}

void
proc_release(struct proc *p)
{
	if (p->handle != 0)
		CloseHandle((HANDLE)p->handle);
	p->handle = 0;
}

int64_t
proc_self_pid(void)
{
	return (int64_t)GetCurrentProcessId();
}

int64_t
proc_start_time(int64_t pid)
{
	HANDLE h = OpenProcess(
	    PROCESS_QUERY_LIMITED_INFORMATION | SYNCHRONIZE, FALSE, (DWORD)pid);
	FILETIME made, ignored;
	int64_t start = -1;

	if (h == NULL)
		return win32_failed();
	/* Somebody's open handle keeps an ended process. */
	if (WaitForSingleObject(h, 0) == WAIT_TIMEOUT &&
	    GetProcessTimes(h, &made, &ignored, &ignored, &ignored))
		start = (int64_t)((uint64_t)made.dwHighDateTime << 32 |
				  made.dwLowDateTime);
	CloseHandle(h);
	return start;
}

int
proc_become(const struct proc_spec *spec, struct buf *err)
{
	(void)spec;
	(void)err;
	return 1;
}

bool
proc_is_gone(int64_t pid)
{
	HANDLE h =
	    OpenProcess(PROCESS_QUERY_LIMITED_INFORMATION, FALSE, (DWORD)pid);

	if (h == NULL)
		return GetLastError() == ERROR_INVALID_PARAMETER;
	CloseHandle(h);
	return false;
}

const char *
proc_signal_name(int signal)
{
	static char text[16];

	snprintf(text, sizeof(text), "%d", signal);
	return text;
}
