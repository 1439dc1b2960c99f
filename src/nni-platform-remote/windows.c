/*
 * Windows machines: their shells, and what is said to them.  No word of a
 * command line there needs quotes, since none does the same in cmd.exe,
 * PowerShell and sh.
 */
#include "windows.h"

#include <string.h>

#include "expdir.h"
#include "json.h"
#include "os/file.h"
#include "remote.h"

/* ---- shells ---- */

static const struct {
	const char *name, *answer;
} shells[] = {
    [WINDOWS_NOT] = {NULL, NULL},
    [WINDOWS_CMD] = {"cmd", "nni:Windows_NT:$env:OS"},
    [WINDOWS_POWERSHELL] = {"powershell", "nni:%OS%:Windows_NT"},
    [WINDOWS_SH] = {"sh", "nni:%OS%::OS"},
};
enum { SHELLS = sizeof(shells) / sizeof(*shells) };

const char *
windows_shell_name(enum windows_shell shell)
{
	return shells[shell].name;
}

enum windows_shell
windows_shell_of(const char *name)
{
	int i;

	for (i = WINDOWS_CMD; name && i < SHELLS; i++)
		if (!strcmp(shells[i].name, name))
			return (enum windows_shell)i;
	return WINDOWS_NOT;
}

bool
windows_system(const char *system)
{
	static const char *const of_sh[] = {
	    "MINGW", "MSYS", "CYGWIN", "Windows"};
	size_t i;

	for (i = 0; system && i < sizeof(of_sh) / sizeof(*of_sh); i++)
		if (!strncmp(system, of_sh[i], strlen(of_sh[i])))
			return true;
	return false;
}

enum windows_shell
windows_shell_tell(const char *said, const char *system)
{
	int i;

	for (i = WINDOWS_CMD; i < SHELLS; i++)
		if (strstr(said, shells[i].answer))
			break;
	/* Every sh answers so. */
	if (i == SHELLS || (i == WINDOWS_SH && !windows_system(system)))
		return WINDOWS_NOT;
	return (enum windows_shell)i;
}

/* ---- the far program's command line ---- */

/* A path of plain words in the shell's own spelling; it has '/' or '\'. */
static void
add_path(struct buf *to, enum windows_shell shell, const char *path)
{
	for (; *path; path++)
		buf_addc(to, *path != '/' && *path != '\\' ? *path
			     : shell == WINDOWS_SH	   ? '/'
							   : '\\');
}

void
windows_program(struct buf *to, enum windows_shell shell, const char *digest)
{
	add_path(to, shell, WINDOWS_BIN "/");
	buf_adds(to, digest);
	add_path(to, shell, "/" WINDOWS_PROGRAM);
}

/* Is it the same to every shell?  A dash in front is an option's. */
static bool
is_plain(const char *path)
{
	for (; *path; path++)
		if (!(*path >= 'a' && *path <= 'z') &&
		    !(*path >= 'A' && *path <= 'Z') &&
		    !(*path >= '0' && *path <= '9') &&
		    !strchr("_./:+-\\", *path))
			return false;
	return true;
}

int
windows_command(struct buf *to, enum windows_shell shell,
    const struct machine *m, const char *digest, const char *verb,
    struct buf *err)
{
	if (!m->agent_path)
		windows_program(to, shell, digest);
	else if (is_plain(m->agent_path) && m->agent_path[0] != '-' &&
		 strpbrk(m->agent_path, "/\\"))
		add_path(to, shell, m->agent_path);
	else
		return buf_err(err,
		    "agentPath '%s' cannot be started on Windows, where it "
		    "must be a path of letters, digits and _ . / \\ : + -",
		    m->agent_path);
	buf_addf(to, " %s --stdio", verb);
	return 0;
}

/* ---- what is remembered ---- */

static void
memory_path(struct buf *path, const struct machine *m)
{
	expdir_path(path, m->dir, "platforms/");
	buf_addf(path, "%s-", m->member);
	remote_place_name(path, m->place);
	buf_adds(path, ".json");
}

enum windows_shell
windows_recall(const struct machine *m)
{
	struct buf path = BUF_INIT, text = BUF_INIT, name = BUF_INIT;
	enum windows_shell shell = WINDOWS_NOT;
	struct json all;

	memory_path(&path, m);
	if (file_read_ordinary(path.data, &text, NULL) == 0 &&
	    json_check(text.data, text.len, JSON_STRICT, &all, NULL, NULL) ==
		0 &&
	    json_string(json_get(all, "shell"), &name) == 0)
		shell = windows_shell_of(name.data);
	buf_release(&path);
	buf_release(&text);
	buf_release(&name);
	return shell;
}

void
windows_remember(const struct machine *m, enum windows_shell shell)
{
	struct buf path = BUF_INIT, text = BUF_INIT;

	memory_path(&path, m);
	buf_addf(&text, "{\"shell\":\"%s\"}\n", windows_shell_name(shell));
	file_replace(path.data, text.data, text.len, 0600, false, NULL);
	buf_release(&path);
	buf_release(&text);
}
