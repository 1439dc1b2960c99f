/* Windows machines: which shell it is, and the line that starts the program. */
#include <stdlib.h>
#include <string.h>

#include "expdir.h"
#include "os/file.h"
#include "os/sys.h"
#include "tap.h"
#include "windows.h"

#define DIGEST                                                                 \
	"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

static void
tells(const char *said, const char *system, const char *wanted)
{
	const char *name = windows_shell_name(windows_shell_tell(said, system));

	is_str(name ? name : "none", wanted, system ? system : wanted);
}

static void
test_shells(void)
{
	int i;

	tells("nni:Windows_NT:$env:OS\r\n", NULL, "cmd");
	tells("Microsoft Windows [Version 10.0]\r\n\r\n"
	      "nni:Windows_NT:$env:OS\r\n",
	    NULL, "cmd");
	/* Git's sh was in PATH, but is not who answers. */
	tells("nni:Windows_NT:$env:OS\r\n", "MINGW64_NT-10.0-19045", "cmd");
	tells("nni:%OS%:Windows_NT\r\n", NULL, "powershell");
	tells("nni:%OS%::OS\n", "MINGW64_NT-10.0-19045", "sh");
	tells("nni:%OS%::OS\n", "CYGWIN_NT-10.0", "sh");
	tells("nni:%OS%::OS\n", "MSYS_NT-10.0", "sh");
	tells("nni:%OS%::OS\n", NULL, "none");
	tells("nni:%OS%::OS\n", "Linux", "none");
	tells("% Unknown command: echo\n", NULL, "none");
	tells("", NULL, "none");
	ok(windows_system("CYGWIN_NT-6.1") && !windows_system("Linux") &&
		!windows_system(NULL) && !windows_system(""),
	    "what uname -s tells");
	for (i = WINDOWS_CMD; i <= WINDOWS_SH; i++)
		ok(windows_shell_of(windows_shell_name(
		       (enum windows_shell)i)) == (enum windows_shell)i,
		    windows_shell_name((enum windows_shell)i));
	ok(windows_shell_of(NULL) == WINDOWS_NOT &&
		windows_shell_of("fish") == WINDOWS_NOT,
	    "no other names");
}

static void
starts(const char *agent_path, enum windows_shell shell, const char *wanted)
{
	struct machine m = {.place = (char *)"win"};
	struct buf got = BUF_INIT, err = BUF_INIT;

	m.agent_path = (char *)agent_path;
	if (windows_command(&got, shell, &m, DIGEST, "watch --once", &err) ==
	    -1)
		buf_setf(&got, "refused: %s", err.data);
	if (strncmp(wanted, "refused", 7) == 0)
		ok(strncmp(got.data, "refused: agentPath '", 20) == 0,
		    agent_path);
	else
		is_str(got.data, wanted, wanted);
	buf_release(&got);
	buf_release(&err);
}

static void
test_commands(void)
{
	starts(NULL, WINDOWS_CMD,
	    ".local\\share\\nni\\bin\\" DIGEST
	    "\\nni-platform-local.exe watch --once --stdio");
	starts(NULL, WINDOWS_POWERSHELL,
	    ".local\\share\\nni\\bin\\" DIGEST
	    "\\nni-platform-local.exe watch --once --stdio");
	starts(NULL, WINDOWS_SH,
	    ".local/share/nni/bin/" DIGEST
	    "/nni-platform-local.exe watch --once --stdio");
	starts(
	    "C:/nni/l.exe", WINDOWS_CMD, "C:\\nni\\l.exe watch --once --stdio");
	starts(
	    "C:\\nni\\l.exe", WINDOWS_SH, "C:/nni/l.exe watch --once --stdio");
	starts("C:\\Program Files\\l.exe", WINDOWS_CMD, "refused");
	starts("C:\\n&calc.exe", WINDOWS_CMD, "refused");
	starts("C:\\%X%\\l.exe", WINDOWS_CMD, "refused");
	starts("C:\\$x\\l.exe", WINDOWS_POWERSHELL, "refused");
	starts("C:\\J\xc3\xb6rg\\l.exe", WINDOWS_CMD, "refused");
	starts("C:\\n;x.exe", WINDOWS_SH, "refused");
	/* These would be searched in PATH, or be an option. */
	starts("l.exe", WINDOWS_CMD, "refused");
	starts("-x/l.exe", WINDOWS_CMD, "refused");
}

static void
test_memory(void)
{
	struct machine m = {.member = "remote"};
	struct buf dir = BUF_INIT, path = BUF_INIT, err = BUF_INIT;

	if (expdir_scratch("t", &dir, &err) == -1) {
		ok(0, err.data);
		return;
	}
	m.dir = dir.data;
	m.place = (char *)"J\xc3\xb6rg@[fe80::1]:2201";
	expdir_path(&path, dir.data, "platforms");
	dir_make(path.data, 0700, NULL);
	ok(windows_recall(&m) == WINDOWS_NOT, "nothing is known at first");
	windows_remember(&m, WINDOWS_POWERSHELL);
	ok(windows_recall(&m) == WINDOWS_POWERSHELL, "then it is");
	m.place = (char *)"J\xc3\xb6rg@[fe80::1]:2202";
	ok(windows_recall(&m) == WINDOWS_NOT, "of that machine alone");
	windows_remember(&m, WINDOWS_CMD);
	ok(windows_recall(&m) == WINDOWS_CMD, "each has its own");
	dir_remove_tree(dir.data, NULL);
	buf_release(&dir);
	buf_release(&path);
	buf_release(&err);
}

int
nni_main(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	test_shells();
	test_commands();
	test_memory();
	return done_testing();
}
