#ifndef NNI_REST_ERRAND_H
#define NNI_REST_ERRAND_H

#include "engine.h"

/*
 * Packing and copying the code takes seconds where it is large or a share slow:
 * this program does so as a child of itself, its verb `deliver`, while the loop
 * goes on.
 */
struct errand;

/*
 * Carries out a request of the kinds `prepare` and `unpack` (delivery.h); its
 * reply comes later.
 */
void errand_start(struct subject *s, struct json spec, const char *id);
/* All of the engine's are given up. */
void errands_stop(struct engine *e);

/*
 * The child's part: the request comes on standard input, what the reply has on
 * standard output, "error" if it failed.  The exit code.
 */
int errand_run(const char *dir);

#endif
