#ifndef NNI_LOCAL_GPULOCK_H
#define NNI_LOCAL_GPULOCK_H

#include "gpu.h"
#include "os/lock.h"

/*
 * Who has which GPU, on the whole machine: kernel locks on files in a folder
 * that all users can write to.  UUID.N is slot N of a GPU; whoever holds it
 * says in it who he is.  All slots of a GPU that are held are one experiment's.
 * GATE is held for the moment of a choice.
 */
struct gpu_claim {
	struct lock *slots;
	size_t count;
	struct buf devices; /* "0,2" */
};
#define GPU_CLAIM_INIT                                                         \
	{                                                                      \
		NULL, 0, BUF_INIT                                              \
	}

/*
 * Claims what a trial of `m` needs.  `owner` names the experiment in one word
 * that no other one has, `trial` the trial.  1; 0 if there is no room, with
 * the reason in why; -1 if the locks cannot be had at all.
 */
int gpu_claim(struct gpu_claim *c, const struct gpus *g,
    const struct config_member *m, const char *owner, const char *trial,
    struct buf *why);
void gpu_claim_release(struct gpu_claim *c);

/*
 * How many trials of `m` could start now, and why not more: "gpu 0 busy: pid
 * 812 Xorg; gpu 1 taken by alice:exp1".
 */
int64_t gpu_room(const struct gpus *g, const struct config_member *m,
    const char *owner, struct buf *why);

/* user:experiment:digest of its directory. */
void gpu_owner(struct buf *owner, const char *dir);

#endif
