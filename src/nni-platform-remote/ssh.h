#ifndef NNI_REMOTE_SSH_H
#define NNI_REMOTE_SSH_H

#include <stdbool.h>
#include "buf.h"
#include "machine.h"

/*
 * The OpenSSH client as this platform uses it.  The user's own configuration,
 * agent, known_hosts and jump hosts keep working: only what the experiment's
 * configuration says is put before them, and what cannot be without (`ssh -G`,
 * which prints the user's configuration for a host, is asked first).
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
 *
 * Commands of one experiment for a machine share a connection (ControlMaster)
 * where the client can, no jump host is in between, and the user's
 * configuration has no sharing of its own. A server that allows one session a
 * connection (MaxSessions 1) gets one more connection: ssh says so and goes on.
 * A master that was killed, or left its socket behind, is replaced.  One that
 * is frozen is not noticed: whoever has waited in vain takes
 * ssh_command_alone() the next time.
 */
void ssh_command(
    struct ssh_command *c, const struct machine *m, const char *command);
/* The same on a connection of its own: for the next try after a failure. */
void ssh_command_alone(
    struct ssh_command *c, const struct machine *m, const char *command);
void ssh_command_release(struct ssh_command *c);

/*
 * What ssh said last on standard error before it ended with `exit_code`, told
 * in our words: `message` (what and why, "bob@192.0.2.2: ...") and `hint` (what
 * to do, with the exact command); hint stays empty if there is none.  Returns
 * the exit code of this trouble: NNI_AUTH, NNI_CONFIG (no such name, a fault in
 * ssh's own configuration), NNI_TEMPORARY.  `said` may hold what others wrote
 * there (banners, the far end): only the last lines count, cleaned for people.
 */
int ssh_explain(struct buf *message, struct buf *hint, const struct machine *m,
    const char *said, int exit_code);

/*
 * The environment variable by which our askpass finds a secret, never the
 * secret itself: lines with the experiment's directory, the member, the
 * machine's index in machineList, and, where ssh told them, whose password may
 * be asked for
 * ("bob@192.0.2.2", as ssh names it) and "proxied" if others stand in between.
 */
#define SSH_ASKPASS_POINTER "NNI_ASKPASS"
/* What our askpass, by its standard error, which is ssh's, tells ssh_explain().
 */
#define SSH_ASKPASS_NAME "nni-askpass"
#define SSH_GAVE_PASSWORD "gave the password"
#define SSH_GAVE_PASSPHRASE "gave the passphrase"
#define SSH_GAVE_NOTHING "no answer to"

/*
 * Are we started by ssh to answer a prompt?  Then answers on standard output
 * and returns an exit code, else -1.  Only passwords and passphrases are
 * answered; a question about a host key is refused.
 */
int ssh_askpass(int argc, char **argv);

#endif
