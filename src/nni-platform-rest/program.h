#ifndef NNI_REST_PROGRAM_H
#define NNI_REST_PROGRAM_H

#include "buf.h"

/*
 * The text of jq's program for a verb of a platform: dir/PLATFORM.jq with what
 * it includes, of the same folder or of lib (""), and the call of its
 * step_VERB($state; $event), or of step() where it has none of that name.
 */
void program_text(struct buf *out, const char *platform, const char *dir,
    const char *lib, const char *verb);

#endif
