#ifndef NNI_REMOTE_AGENT_H
#define NNI_REMOTE_AGENT_H

#include <stdint.h>
#include "buf.h"
#include "machine.h"
#include "sha256.h"

/*
 * The program for a far end: nni-platform-local for that system and processor,
 * static, one of the files in agents/ beside nni-platform-local here.  There it
 * lives in ROOT/bin/DIGEST/, where every version has its own place.
 */
struct agent {
	char *path;
	char digest[SHA256_HEX + 1]; /* of the file, by which it is known */
	int64_t size;
};

/*
 * The one for a machine of which uname -s says `system` and uname -m `machine`
 * (for Windows "Windows" and "x86_64").  It stays valid, and its digest is
 * computed once a process.  NULL: err and hint say what is missing.
 */
const struct agent *agent_find(
    const char *system, const char *machine, struct buf *err, struct buf *hint);
/* The same of nni-trial, for trials of that machine that call it. */
const struct agent *agent_trial(
    const char *system, const char *machine, struct buf *err, struct buf *hint);

/*
 * What a POSIX machine is told to do: text for whatever login shell is there
 * (sh, csh, tcsh, fish), which hands it to sh; to cmd.exe and PowerShell, in
 * case it is Windows, it means nothing and does nothing.  It is constant but
 * for `arguments` ("submit --once"), which are ours; anybody's values come by
 * standard input.
 *
 * agent_start_text():  says "nni:at SYSTEM MACHINE", and becomes the program;
 *	or says "nni:absent".  Input: agent_start_input().
 * agent_send_text():  takes the program.  Input: agent_send_input(), then the
 *	file.  Says "nni:sent", or "nni:failed STEP WORDS": agent_failed().
 */
void agent_start_text(struct buf *out, const char *arguments);
void agent_start_input(struct buf *out, const struct machine *m);
void agent_send_text(struct buf *out);
void agent_send_input(
    struct buf *out, const struct machine *m, const struct agent *a);
/* What "STEP WORDS" means, and what to do; returns the exit code. */
int agent_failed(struct buf *err, struct buf *hint, const struct machine *m,
    const char *failure);

#endif
