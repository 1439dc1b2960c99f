/*
 * A trial for the Windows tests: `busy tree` starts itself twice more, each
 * deeper than the one before, and all of them stay for a minute.  `busy MS`
 * stays so long and ends with 0.  `busy leave` starts `busy 60001`, inheriting
 * nothing, and ends at once; `busy away` starts `busy 60002`, which leaves our
 * job object as well.  `busy cat` copies its input.
 */
#include <windows.h>
#include <fcntl.h>
#include <io.h>
#include <stdio.h>
#include <string.h>
#include <stdlib.h>

static int
leave(DWORD flags, const char *ms)
{
	STARTUPINFOA si = {sizeof(si)};
	PROCESS_INFORMATION pi;
	char line[600], self[MAX_PATH];

	GetModuleFileNameA(NULL, self, sizeof(self));
	snprintf(line, sizeof(line), "\"%s\" %s", self, ms);
	if (!CreateProcessA(NULL, line, NULL, NULL, FALSE,
		flags | DETACHED_PROCESS, NULL, NULL, &si, &pi))
		return (int)GetLastError();
	printf("left\r\n");
	return 0;
}

static int
cat(void)
{
	char block[8192];
	int n;

	_setmode(0, _O_BINARY);
	_setmode(1, _O_BINARY);
	while ((n = _read(0, block, sizeof(block))) > 0)
		_write(1, block, (unsigned)n);
	return 0;
}

int
main(int argc, char **argv)
{
	STARTUPINFOA si = {sizeof(si)};
	PROCESS_INFORMATION pi;
	char line[600], self[MAX_PATH];
	const char *what = argc > 1 ? argv[1] : "0";

	if (strcmp(what, "cat") == 0)
		return cat();
	if (strcmp(what, "leave") == 0)
		return leave(0, "60001");
	if (strcmp(what, "away") == 0)
		return leave(CREATE_BREAKAWAY_FROM_JOB, "60002");
	if (strncmp(what, "tree", 4) == 0 && strlen(what) < 6) {
		GetModuleFileNameA(NULL, self, sizeof(self));
		snprintf(line, sizeof(line), "\"%s\" %sx", self, what);
		CreateProcessA(NULL, line, NULL, NULL, FALSE,
		    CREATE_NEW_PROCESS_GROUP | CREATE_NO_WINDOW, NULL, NULL,
		    &si, &pi);
	}
	printf("here\n");
	fflush(stdout);
	Sleep(strncmp(what, "tree", 4) == 0 ? 60000 : strtoul(what, NULL, 10));
	return 0;
}
