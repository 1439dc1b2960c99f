#ifndef NNI_LOCAL_SAMPLER_H
#define NNI_LOCAL_SAMPLER_H

#include "gpu.h"
#include "os/loop.h"

/* Looks at the GPUs while the loop goes on: one nvidia-smi at a time. */
struct sampler;

/* `looked` is called at the end of each look, a failed one too. */
struct sampler *sampler_new(struct loop *l, loop_fn *looked, void *arg);
void sampler_free(struct sampler *s);

/* Starts a look unless one goes on. */
void sampler_look(struct sampler *s);
/* The last look, a failed one too, has ended a few seconds ago at most. */
bool sampler_is_fresh(const struct sampler *s);
/* At least one look has ended. */
bool sampler_has_looked(const struct sampler *s);
/*
 * What the last look that went well has shown: one that fails, and
 * nvidia-smi sometimes does, changes nothing.  NULL: none went well yet; why
 * (may be NULL) gets the reason.  Valid until the next look ends.
 */
const struct gpus *sampler_gpus(const struct sampler *s, struct buf *why);

#endif
