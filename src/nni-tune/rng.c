/* Philox4x32-10: random numbers as a function of (seed, stream, position). */
#include "rng.h"

#include <math.h>

#include "normal.h"

static void
philox_round(uint32_t c[4], const uint32_t key[2])
{
	uint64_t a = (uint64_t)0xD2511F53 * c[0];
	uint64_t b = (uint64_t)0xCD9E8D57 * c[2];

	c[0] = (uint32_t)(b >> 32) ^ c[1] ^ key[0];
	c[1] = (uint32_t)b;
	c[2] = (uint32_t)(a >> 32) ^ c[3] ^ key[1];
	c[3] = (uint32_t)a;
}

void
philox(const uint32_t counter[4], const uint32_t key[2], uint32_t out[4])
{
	uint32_t k[2] = {key[0], key[1]};
	int i;

	for (i = 0; i < 4; i++)
		out[i] = counter[i];
	for (i = 0; i < 10; i++) {
		philox_round(out, k);
		k[0] += 0x9E3779B9;
		k[1] += 0xBB67AE85;
	}
}

void
rng_init(struct rng *r, uint64_t seed, uint64_t n)
{
	r->key[0] = (uint32_t)seed;
	r->key[1] = (uint32_t)(seed >> 32);
	r->counter[0] = r->counter[1] = 0;
	r->counter[2] = (uint32_t)n;
	r->counter[3] = (uint32_t)(n >> 32);
	r->left = 0;
}

static uint32_t
next_word(struct rng *r)
{
	if (!r->left) {
		philox(r->counter, r->key, r->block);
		if (!++r->counter[0])
			r->counter[1]++;
		r->left = 4;
	}
	return r->block[--r->left];
}

/* The half keeps both ends out: neither log(0) nor an infinite quantile. */
double
rng_uniform(struct rng *r)
{
	uint64_t high = next_word(r);
	uint64_t bits = (high << 32 | next_word(r)) >> 12;

	return ((double)bits + 0.5) * 0x1p-52;
}

double
rng_index(struct rng *r, double n)
{
	double k = floor(rng_uniform(r) * n);

	return k < n ? k : n - 1;
}

double
rng_normal(struct rng *r)
{
	return normal_quantile(rng_uniform(r));
}
