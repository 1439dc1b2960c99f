#ifndef NNI_REMOTE_H
#define NNI_REMOTE_H

#include "buf.h"

/*
 * What the two ends of a remote machine's connection agree on: the verbs of
 * nni-platform-remote, and `nni-platform-local VERB --stdio` behind an ssh
 * (nni-platform-local(8)).
 */

/* A line of its own; all that comes before it is not the far end's. */
#define FAR_MARKER "nni-platform-local stdio 1"
/* Of the settings, the first line that the far end is given. */
#define FAR_PROTOCOL 1
/* The far end ends when it has heard nothing for so long... */
#define FAR_SILENCE_MS 180000
/* ...so it is given a ping this often. */
#define FAR_PING_MS 20000

/*
 * Appends the name of a place as a part of file names (design section 4): bytes
 * outside [A-Za-z0-9@._-], and a dot in front, become _ ; if there were any,
 * '-' and 8 hexadecimal digits of the name's digest are added.
 */
void remote_place_name(struct buf *out, const char *place);

#endif
