/*
 * wine-shim.exe PROG ARG...: gives a Windows program real Win32 pipes when it
 * is started from Linux, and carries the bytes.
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

struct pump {
	HANDLE from, to;
	BOOL to_program;
};

static HANDLE outside[3]; /* what Linux gave us */

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

static BOOL
write_all(HANDLE to, const char *p, DWORD n)
{
	DWORD done;

	for (; n > 0; p += done, n -= done)
		if (!WriteFile(to, p, n, &done, NULL))
			return FALSE;
	return TRUE;
}

static DWORD WINAPI
carry(void *arg)
{
	struct pump *p = arg;
	char *block = malloc(BLOCK);
	DWORD n;

	while (ReadFile(p->from, block, BLOCK, &n, NULL)) {
		/* The end of a Linux pipe; from the program, a write of none.
		 */
		if (n == 0 && p->to_program)
			break;
		if (!write_all(p->to, block, n))
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

static void
make_pipes(HANDLE ours[3], HANDLE theirs[3])
{
	SECURITY_ATTRIBUTES inherit = {sizeof(inherit), NULL, TRUE};
	int i;

	for (i = 0; i < 3; i++) {
		HANDLE reading, writing;

		if (!CreatePipe(&reading, &writing, &inherit, BLOCK))
			die(125, "pipe");
		ours[i] = i == 0 ? writing : reading;
		theirs[i] = i == 0 ? reading : writing;
		SetHandleInformation(ours[i], HANDLE_FLAG_INHERIT, 0);
	}
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
	int i;

	outside[0] = GetStdHandle(STD_INPUT_HANDLE);
	outside[1] = GetStdHandle(STD_OUTPUT_HANDLE);
	outside[2] = open_stderr();
	make_pipes(ours, theirs);
	process = start(rest_of_line(), theirs);
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
