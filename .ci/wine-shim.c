/*
 * wine-shim.exe PROG ARG...: gives a Windows program real Win32 pipes when it
 * is started from Linux, and carries the bytes.
 * wine-shim.exe --session: does what OpenSSH's sshd on Windows does for the
 * command in WINE_RUN_COMMAND: `cmd.exe /c "COMMAND"`, whose streams are
 * overlapped pipes of 4096 bytes, in a job that ends all in it when the shell
 * ends (the shell holds the only handle), but lets go what breaks away.
 * WINE_RUN_PROFILE is the account's home, and where the command starts.
 *
 * Wine hands Linux descriptors to what it starts.  There a pipe's end reads as
 * success with 0 bytes (Windows: error 109) and PeekNamedPipe fails.  Behind
 * the shim both are as on Windows.  WINE_RUN_STDERR names a FIFO for stderr:
 * every Wine process inherits the Linux stderr of the first one, so a keeper
 * left behind would hold the caller's.
 *
 * Ends when the program has ended and everybody who inherited its output has
 * closed it.  Exit code: the program's; 125 the shim's own fault; 127 no
 * program.
 */
#include <windows.h>
#include <stdio.h>
#include <stdlib.h>
#include <wchar.h>

#define BLOCK 65536
#define SSHD_BLOCK 4096

struct pump {
	HANDLE from, to;
	BOOL to_program;
};

static HANDLE outside[3]; /* what Linux gave us */
static BOOL as_sshd;

static void
die(UINT code, const char *what)
{
	char line[256];
	int n = snprintf(
	    line, sizeof(line), "wine-shim: %s: %lu\n", what, GetLastError());
	DWORD done;

	WriteFile(outside[2], line, (DWORD)n, &done, NULL);
	ExitProcess(code);
}

/* The end of an operation on a pipe of ours, which may be overlapped. */
static BOOL
finish(HANDLE h, BOOL ok, OVERLAPPED *ov, DWORD *done)
{
	if (!ok && GetLastError() != ERROR_IO_PENDING)
		return FALSE;
	return GetOverlappedResult(h, ov, done, TRUE);
}

static BOOL
write_all(const struct pump *p, const char *bytes, DWORD n)
{
	OVERLAPPED ov = {0};
	DWORD done;
	BOOL ok;

	ov.hEvent = CreateEventW(NULL, TRUE, FALSE, NULL);
	for (ok = TRUE; ok && n > 0; bytes += done, n -= done)
		ok = p->to_program
			 ? finish(p->to, WriteFile(p->to, bytes, n, NULL, &ov),
			       &ov, &done)
			 : WriteFile(p->to, bytes, n, &done, NULL);
	CloseHandle(ov.hEvent);
	return ok;
}

static BOOL
read_some(const struct pump *p, char *bytes, DWORD *n)
{
	OVERLAPPED ov = {0};
	BOOL ok;

	if (p->to_program)
		return ReadFile(p->from, bytes, BLOCK, n, NULL);
	ov.hEvent = CreateEventW(NULL, TRUE, FALSE, NULL);
	ok = finish(
	    p->from, ReadFile(p->from, bytes, BLOCK, NULL, &ov), &ov, n);
	CloseHandle(ov.hEvent);
	return ok;
}

static DWORD WINAPI
carry(void *arg)
{
	struct pump *p = arg;
	char *block = malloc(BLOCK);
	DWORD n;

	while (read_some(p, block, &n)) {
		/* The end of a Linux pipe; from the program, a write of none.
		 */
		if (n == 0 && p->to_program)
			break;
		if (!write_all(p, block, n))
			break;
	}
	/* The program's end of the pipe: it sees the end, or no reader. */
	CloseHandle(p->to_program ? p->to : p->from);
	free(block);
	return 0;
}

static HANDLE
open_stderr(void)
{
	wchar_t *path = _wgetenv(L"WINE_RUN_STDERR");
	HANDLE h = INVALID_HANDLE_VALUE;

	if (path != NULL)
		h = CreateFileW(path, GENERIC_WRITE,
		    FILE_SHARE_READ | FILE_SHARE_WRITE, NULL, OPEN_EXISTING, 0,
		    NULL);
	SetEnvironmentVariableW(L"WINE_RUN_STDERR", NULL);
	return h != INVALID_HANDLE_VALUE ? h : GetStdHandle(STD_ERROR_HANDLE);
}

/* The text of the command line after our own name. */
static wchar_t *
rest_of_line(void)
{
	wchar_t *p = GetCommandLineW();
	int quoted = 0;

	for (; *p && (quoted || (*p != L' ' && *p != L'\t')); p++)
		if (*p == L'"')
			quoted = !quoted;
	while (*p == L' ' || *p == L'\t')
		p++;
	return _wcsdup(p);
}

/* Our ends are overlapped; the program's are as sshd's. */
static void
make_pipe(int which, HANDLE *ours, HANDLE *theirs)
{
	SECURITY_ATTRIBUTES inherit = {sizeof(inherit), NULL, TRUE};
	DWORD flags = as_sshd ? FILE_FLAG_OVERLAPPED : 0;
	DWORD size = as_sshd ? SSHD_BLOCK : BLOCK;
	wchar_t name[64];
	HANDLE writing, reading;

	swprintf(name, 64, L"\\\\.\\pipe\\wine-shim-%lu-%d",
	    GetCurrentProcessId(), which);
	/* The writing end is the pipe's server, whosever it is. */
	writing = CreateNamedPipeW(name,
	    PIPE_ACCESS_OUTBOUND | (which == 0 ? FILE_FLAG_OVERLAPPED : flags),
	    PIPE_TYPE_BYTE | PIPE_WAIT, 1, size, size, 0,
	    which == 0 ? NULL : &inherit);
	reading = CreateFileW(name, GENERIC_READ, 0,
	    which == 0 ? &inherit : NULL, OPEN_EXISTING,
	    which == 0 ? flags : FILE_FLAG_OVERLAPPED, NULL);
	if (writing == INVALID_HANDLE_VALUE || reading == INVALID_HANDLE_VALUE)
		die(125, "pipe");
	*ours = which == 0 ? writing : reading;
	*theirs = which == 0 ? reading : writing;
}

static wchar_t *
session_line(void)
{
	static const wchar_t shell[] = L"c:\\windows\\system32\\cmd.exe";
	const wchar_t *command = _wgetenv(L"WINE_RUN_COMMAND");
	size_t n = wcslen(shell) + (command ? wcslen(command) : 0) + 16;
	wchar_t *line = malloc(n * sizeof(*line));

	if (command == NULL)
		swprintf(line, n, L"\"%ls\"", shell);
	else
		swprintf(line, n, L"\"%ls\" /c \"%ls\"", shell, command);
	SetEnvironmentVariableW(L"WINE_RUN_COMMAND", NULL);
	return line;
}

/* The account's home, in the three ways in which Windows tells it. */
static void
set_profile(void)
{
	const wchar_t *unix_path = _wgetenv(L"WINE_RUN_PROFILE");
	wchar_t path[MAX_PATH], *p;

	if (unix_path == NULL)
		return;
	_snwprintf(path, MAX_PATH, L"Z:%ls", unix_path);
	for (p = path; *p; p++)
		if (*p == L'/')
			*p = L'\\';
	SetEnvironmentVariableW(L"USERPROFILE", path);
	SetEnvironmentVariableW(L"HOMEDRIVE", L"Z:");
	SetEnvironmentVariableW(L"HOMEPATH", path + 2);
	SetCurrentDirectoryW(path);
	SetEnvironmentVariableW(L"WINE_RUN_PROFILE", NULL);
}

/* As sshd does it, after the start: what is started before this is outside. */
static void
put_in_job(HANDLE process)
{
	JOBOBJECT_EXTENDED_LIMIT_INFORMATION limits = {0};
	HANDLE job = CreateJobObjectW(NULL, NULL), dup;

	limits.BasicLimitInformation.LimitFlags =
	    JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE | JOB_OBJECT_LIMIT_BREAKAWAY_OK;
	if (!SetInformationJobObject(job, JobObjectExtendedLimitInformation,
		&limits, sizeof(limits)) ||
	    !AssignProcessToJobObject(job, process) ||
	    !DuplicateHandle(GetCurrentProcess(), job, process, &dup, 0, FALSE,
		DUPLICATE_SAME_ACCESS))
		die(125, "job");
	CloseHandle(job);
}

static HANDLE
start(wchar_t *line, HANDLE theirs[3])
{
	STARTUPINFOEXW si = {0};
	PROCESS_INFORMATION pi;
	SIZE_T size = 0;

	si.StartupInfo.cb = sizeof(si);
	si.StartupInfo.dwFlags = STARTF_USESTDHANDLES;
	si.StartupInfo.hStdInput = theirs[0];
	si.StartupInfo.hStdOutput = theirs[1];
	si.StartupInfo.hStdError = theirs[2];
	InitializeProcThreadAttributeList(NULL, 1, 0, &size);
	si.lpAttributeList = malloc(size);
	if (!InitializeProcThreadAttributeList(
		si.lpAttributeList, 1, 0, &size) ||
	    !UpdateProcThreadAttribute(si.lpAttributeList, 0,
		PROC_THREAD_ATTRIBUTE_HANDLE_LIST, theirs, 3 * sizeof(HANDLE),
		NULL, NULL))
		die(125, "handle list");
	if (!CreateProcessW(NULL, line, NULL, NULL, TRUE,
		EXTENDED_STARTUPINFO_PRESENT | CREATE_NO_WINDOW, NULL, NULL,
		&si.StartupInfo, &pi))
		die(127, "cannot start the program");
	return pi.hProcess;
}

int
wmain(void)
{
	HANDLE ours[3], theirs[3], thread[3], process;
	struct pump pump[3];
	DWORD code = 125;
	wchar_t *line;
	int i;

	outside[0] = GetStdHandle(STD_INPUT_HANDLE);
	outside[1] = GetStdHandle(STD_OUTPUT_HANDLE);
	outside[2] = open_stderr();
	line = rest_of_line();
	as_sshd = wcscmp(line, L"--session") == 0;
	for (i = 0; i < 3; i++)
		make_pipe(i, &ours[i], &theirs[i]);
	if (as_sshd)
		set_profile();
	process = start(as_sshd ? session_line() : line, theirs);
	if (as_sshd)
		put_in_job(process);
	for (i = 0; i < 3; i++) {
		CloseHandle(theirs[i]);
		pump[i].from = i == 0 ? outside[0] : ours[i];
		pump[i].to = i == 0 ? ours[0] : outside[i];
		pump[i].to_program = i == 0;
		thread[i] = CreateThread(NULL, 0, carry, &pump[i], 0, NULL);
	}
	WaitForSingleObject(process, INFINITE);
	WaitForMultipleObjects(2, thread + 1, TRUE, INFINITE);
	GetExitCodeProcess(process, &code);
	/* Linux sees 8 bits: 256 must not look like success. */
	if (code > 255)
		code = (code & 255) != 0 ? code & 255 : 255;
	TerminateProcess(GetCurrentProcess(), code);
	return 0;
}
