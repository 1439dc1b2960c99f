#ifndef NNI_RNG_H
#define NNI_RNG_H

#include <stdint.h>

/*
 * Chance without a state to save: Philox4x32-10, a counter-based generator
 * (Salmon, Moraes, Dror, Shaw: "Parallel random numbers: as easy as 1, 2, 3",
 * SC11).  The stream (seed, n) is the same wherever and whenever it is opened,
 * so a tuner needs no more than its history to go on where it was.
 */
struct rng {
	uint32_t key[2];
	uint32_t counter[4];
	uint32_t block[4];
	int left; /* words of block not used yet */
};

/* Opens the stream (seed, n) at its beginning. */
void rng_init(struct rng *r, uint64_t seed, uint64_t n);
/* Uniform in the open interval (0, 1), 52 bits. */
double rng_uniform(struct rng *r);
/* Uniform in 0 .. n - 1, as a double; n > 0. */
double rng_index(struct rng *r, double n);
/* Normal, mean 0, deviation 1. */
double rng_normal(struct rng *r);

/* One block, for the test against the published vectors. */
void philox(const uint32_t counter[4], const uint32_t key[2], uint32_t out[4]);

#endif
