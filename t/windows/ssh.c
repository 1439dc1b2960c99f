/*
 * A stand-in for ssh.exe, for the tests of a Windows client: Linux' own cannot
 * be given Win32 pipes.  `ssh OPTION... HOST COMMAND` runs COMMAND here, as
 * cmd.exe does for sshd on Windows, in the directory that FAKE_HOME names.
 *
 * It refuses what Windows' ssh.exe cannot do: a standard input that is neither
 * a pipe nor a file, -n, connection sharing.  With a password configured it
 * asks SSH_ASKPASS for it, as ssh.exe would: only if DISPLAY is set, with no
 * shell, and takes FAKE_PASSWORD alone.  Called tar.exe, it unpacks the one
 * file of `tar -xf -`, which Wine has not.
 */
#include <windows.h>
#include <direct.h>
#include <fcntl.h>
#include <io.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int
fail(const char *why)
{
	fprintf(stderr, "%s\r\n", why);
	return 255;
}

/* Directories on the way to `path`, then a file. */
static FILE *
make(char *path)
{
	char *p;

	for (p = path; (p = strchr(p + 1, '/')) != NULL; *p = '/') {
		*p = '\0';
		_mkdir(path);
	}
	return fopen(path, "wb");
}

static int
untar(void)
{
	char head[512], path[300], block[512];
	unsigned long left;
	FILE *f;

	_setmode(0, _O_BINARY);
	if (fread(head, sizeof(head), 1, stdin) != 1)
		return fail("tar.exe: no archive");
	if (memcmp(head + 257, "ustar", 6) != 0)
		return fail("tar.exe: Unrecognized archive format");
	snprintf(path, sizeof(path), "%.155s/%.100s", head + 345, head);
	left = strtoul(head + 124, NULL, 8);
	if ((f = make(path)) == NULL)
		return fail("tar.exe: cannot make the file");
	for (; left > 0; left -= left < 512 ? left : 512) {
		if (fread(block, sizeof(block), 1, stdin) != 1)
			return fail("tar.exe: Truncated input file");
		fwrite(block, left < 512 ? left : 512, 1, f);
	}
	fclose(f);
	while (fread(block, sizeof(block), 1, stdin) == 1)
		;
	return 0;
}

/* Runs a command line with our streams and waits; `out`: its standard output,
   NULL: ours. */
static DWORD
run(char *line, HANDLE out)
{
	STARTUPINFOA si = {sizeof(si)};
	PROCESS_INFORMATION pi;
	DWORD code = 255;

	si.dwFlags = STARTF_USESTDHANDLES;
	si.hStdInput = GetStdHandle(STD_INPUT_HANDLE);
	si.hStdOutput = out != NULL ? out : GetStdHandle(STD_OUTPUT_HANDLE);
	si.hStdError = GetStdHandle(STD_ERROR_HANDLE);
	if (!CreateProcessA(NULL, line, NULL, NULL, TRUE, CREATE_NO_WINDOW,
		NULL, NULL, &si, &pi))
		return 255;
	WaitForSingleObject(pi.hProcess, INFINITE);
	GetExitCodeProcess(pi.hProcess, &code);
	return code;
}

/* Bytes of askpass are taken as they are: UTF-8, whatever the code page is. */
static char *
wanted_password(void)
{
	static char text[256];
	wchar_t wide[128];

	if (GetEnvironmentVariableW(L"FAKE_PASSWORD", wide, 128) == 0)
		return NULL;
	WideCharToMultiByte(
	    CP_UTF8, 0, wide, -1, text, sizeof(text), NULL, NULL);
	return text;
}

static int
log_in(const char *wanted)
{
	const char *askpass = getenv("SSH_ASKPASS");
	const char *display = getenv("DISPLAY");
	SECURITY_ATTRIBUTES inherit = {sizeof(inherit), NULL, TRUE};
	char line[1024], got[256] = "";
	HANDLE reading, writing;
	DWORD n = 0;

	if (askpass == NULL || display == NULL || !*display)
		return fail("x@192.0.2.1: Permission denied (password).");
	snprintf(
	    line, sizeof(line), "\"%s\" \"x@192.0.2.1's password: \"", askpass);
	if (!CreatePipe(&reading, &writing, &inherit, 0))
		return fail("no pipe");
	SetHandleInformation(reading, HANDLE_FLAG_INHERIT, 0);
	if (run(line, writing) != 0)
		return fail("x@192.0.2.1: Permission denied (askpass).");
	CloseHandle(writing);
	ReadFile(reading, got, sizeof(got) - 1, &n, NULL);
	got[strcspn(got, "\r\n")] = '\0';
	if (strcmp(got, wanted) != 0)
		return fail("x@192.0.2.1: Permission denied (password).");
	return 0;
}

int
main(int argc, char **argv)
{
	static const char with_value[] = "BbcDEeFIiJLlmOopQRSWw";
	const char *name = strrchr(argv[0], '\\');
	char line[9000];
	DWORD mode;
	int i;

	name = name != NULL ? name + 1 : argv[0];
	if (strncmp(name, "tar", 3) == 0)
		return untar();
	for (i = 1; i < argc && argv[i][0] == '-'; i++) {
		if (strcmp(argv[i], "--") == 0) {
			i++;
			break;
		}
		if (strcmp(argv[i], "-n") == 0)
			return fail("-n hangs");
		if (strcmp(argv[i], "-s") == 0)
			return fail("subsystem request failed on channel 0");
		if (strchr(with_value, argv[i][1]) && !argv[i][2])
			i++;
		if (i < argc && strstr(argv[i], "ControlMaster=auto"))
			return fail("no connection sharing");
	}
	if (i + 1 >= argc)
		return fail("usage: ssh HOST COMMAND");
	if (GetFileType(GetStdHandle(STD_INPUT_HANDLE)) == FILE_TYPE_CHAR &&
	    !GetConsoleMode(GetStdHandle(STD_INPUT_HANDLE), &mode))
		return fail("GetConsoleMode on STD_INPUT_HANDLE failed with 6");
	if (wanted_password() != NULL && log_in(wanted_password()) != 0)
		return 255;
	if (getenv("FAKE_HOME")) {
		_chdir(getenv("FAKE_HOME"));
		SetEnvironmentVariableA("USERPROFILE", getenv("FAKE_HOME"));
	}
	snprintf(line, sizeof(line), "c:\\windows\\system32\\cmd.exe /c \"%s\"",
	    argv[i + 1]);
	return (int)run(line, NULL);
}
