#ifndef NNI_TPE_ARGS_H
#define NNI_TPE_ARGS_H

#include <stdbool.h>
#include <stdint.h>
#include "buf.h"
#include "json.h"

/* What a running proposal is taken to have resulted in. */
enum liar { LIAR_NONE, LIAR_BEST, LIAR_WORST, LIAR_MEAN };

/* The TPE tuner's classArgs; defaults as NNI v3.0's. */
struct tpe_args {
	bool maximize;
	enum liar liar;
	uint64_t seed;
	int64_t startup_jobs;  /* random below so many observations */
	int64_t ei_candidates; /* drawn, the best of which is proposed */
	int64_t forgetting;    /* so many observations have full weight */
	double prior_weight, gamma;
};

/* seed: what to use if there is none in args. 0 or -1. */
int tpe_args_read(
    struct tpe_args *a, struct json args, uint64_t seed, struct buf *err);

#endif
