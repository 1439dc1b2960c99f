#ifndef NNI_REST_SHARE_H
#define NNI_REST_SHARE_H

#include "engine.h"

/*
 * Requests that no server answers: files in a folder that workers see too, the
 * member's localMountPoint (nni-platform-rest(8)).
 */

/* Carries out a request of one of these kinds; false: it is of another. */
bool share_request(struct subject *s, struct json spec, const char *id);
/* The trial record of `s` has come: what was read of it before is for it. */
void share_line(struct subject *s);
/* `s` wants nothing any more. */
void share_forget(struct subject *s);
void share_free(struct share *h);

#endif
