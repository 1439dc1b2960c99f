#ifndef NNI_REST_PROGRAM_H
#define NNI_REST_PROGRAM_H

#include <stdbool.h>
#include "buf.h"

/*
 * The text of jq's program for a verb of a platform: dir/PLATFORM.jq with what
 * it includes, of the same folder or of lib (""), and the call of its
 * step_VERB($state; $event), or of step() where it has none of that name.  With
 * `reuse`: of PLATFORM-reuse.jq, if there is one, and its reuse_VERB().
 */
void program_text(struct buf *out, const char *platform, bool reuse,
    const char *dir, const char *lib, const char *verb);

#endif
