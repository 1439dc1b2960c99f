/*
 * A trial for the Windows tests: `busy tree` starts itself twice more, each
 * deeper than the one before, and all of them stay for a minute.  `busy MS`
 * stays so long and ends with 0.
 */
#include <windows.h>
#include <stdio.h>
#include <string.h>
#include <stdlib.h>

int
main(int argc, char **argv)
{
	STARTUPINFOA si = {sizeof(si)};
	PROCESS_INFORMATION pi;
	char line[600], self[MAX_PATH];
	const char *what = argc > 1 ? argv[1] : "0";

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
