#ifndef NNI_REST_BRING_H
#define NNI_REST_BRING_H

#include "engine.h"

/*
 * Brings what lies in the directory `path` into the attempt's directory here,
 * in step with what was brought before (copy.h).  Of the names in it `only`
 * those of that list in `spec`, or all `but` those.  `folder`: what `path` ends
 * in, and where it goes below the attempt's directory.  The reply has `files`
 * and `bytes`, those that were written.
 */
void bring_request(
    struct subject *s, struct json spec, const char *id, const char *path);
/* `s` wants nothing any more. */
void bring_forget(struct subject *s);

#endif
