#ifndef NNI_REMOTE_SSH_H
#define NNI_REMOTE_SSH_H

#include <stdbool.h>
#include "buf.h"
#include "machine.h"

/*
 * The OpenSSH client as this platform uses it.  The user's own configuration,
 * agent, known_hosts and jump hosts keep working: only what the experiment's
 * configuration says is put before them.
 */
struct ssh_command {
	char **argv; /* NULL-ended; the program is $NNI_SSH, or ssh */
	char **env;  /* "NAME=value", "NAME" unsets; NULL-ended */
};

/*
 * The command that runs `command` on the machine, text for the login shell
 * there (words that mean the same to all shells, see connection.c).  A machine
 * with a password or passphrase gets this program as its SSH_ASKPASS; one
 * without is never asked for anything (BatchMode).
 */
void ssh_command(
    struct ssh_command *c, const struct machine *m, const char *command);
void ssh_command_release(struct ssh_command *c);

/*
 * What ssh said last on standard error before it ended with `exit_code`, told
 * in our words: `message` (what and why, "bob@192.0.2.2: ...") and `hint` (what
 * to do, with the exact command); hint stays empty if there is none.  Returns
 * the exit code of this trouble: NNI_NOT_AUTHORISED, NNI_CONFIG (no such name),
 * NNI_TEMPORARY.
 */
int ssh_explain(struct buf *message, struct buf *hint, const struct machine *m,
    const char *said, int exit_code);

/*
 * Are we started by ssh to answer a prompt?  Then answers on standard output
 * and returns an exit code, else -1.  Only passwords and passphrases are
 * answered; a question about a host key is refused.
 */
int ssh_askpass(int argc, char **argv);

#endif
