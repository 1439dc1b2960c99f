#ifndef NNI_REMOTE_WINDOWS_H
#define NNI_REMOTE_WINDOWS_H

#include <stdbool.h>
#include "buf.h"
#include "machine.h"

/*
 * Windows machines, behind OpenSSH Server.  Whose shell answers there is a
 * setting of theirs (DefaultShell), and the far program is started by one line
 * of plain words, which mean the same to all of them:
 *
 *	.local\share\nni\bin\DIGEST\nni-platform-local.exe watch --stdio
 *
 * relative to the account's profile, where sshd starts every command, so that
 * blanks and letters in its path do not matter.
 */
enum windows_shell {
	WINDOWS_NOT, /* no Windows, or nothing that we know */
	WINDOWS_CMD,
	WINDOWS_POWERSHELL,
	WINDOWS_SH /* of Git for Windows, MSYS2, Cygwin */
};

/* "cmd", "powershell", "sh"; NULL for WINDOWS_NOT. */
const char *windows_shell_name(enum windows_shell shell);
/* NULL is allowed. */
enum windows_shell windows_shell_of(const char *name);

/*
 * The line that tells them apart, for a login shell that could not run `sh -c`,
 * or whose `uname -s` is a Windows one's; it does no harm to others.
 */
#define WINDOWS_PROBE "echo nni:%OS%:$env:OS"
/* `said`: all that was printed.  `system`: what uname -s said; NULL: nothing.
 */
enum windows_shell windows_shell_tell(const char *said, const char *system);
/* Is it the `uname -s` of a sh on Windows? */
bool windows_system(const char *system);

/* Where the program lives, from the profile on, with slashes as sftp has it. */
#define WINDOWS_BIN ".local/share/nni/bin"
#define WINDOWS_PROGRAM "nni-platform-local.exe"
/* Appends BIN\DIGEST\PROGRAM. */
void windows_program(
    struct buf *to, enum windows_shell shell, const char *digest);
/*
 * Appends the command that runs the far program's verb; `digest` is the
 * program's, in hexadecimal.  -1 with err: the machine's agentPath cannot be
 * written there in plain words.
 */
int windows_command(struct buf *to, enum windows_shell shell,
    const struct machine *m, const char *digest, const char *verb,
    struct buf *err);

/*
 * The shell is remembered in the experiment's directory, so that the next
 * connection need not ask: platforms/MEMBER-PLACE.json.  Nothing depends on it.
 */
enum windows_shell windows_recall(const struct machine *m);
void windows_remember(const struct machine *m, enum windows_shell shell);

#endif
