/*
 * SHA-256 as FIPS 180-4, section 6.2, writes it down.
 */
#include "sha256.h"

#include <string.h>

/* Section 4.2.2: the fractional parts of the cube roots of 64 primes. */
const uint32_t sha256_constants[64] = {0x428a2f98, 0x71374491, 0xb5c0fbcf,
    0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5, 0xd807aa98,
    0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7,
    0xc19bf174, 0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f,
    0x4a7484aa, 0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8,
    0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967, 0x27b70a85,
    0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e,
    0x92722c85, 0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819,
    0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116, 0x1e376c08, 0x2748774c,
    0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3, 0x748f82ee,
    0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7,
    0xc67178f2};

static uint32_t
rotate(uint32_t x, int n)
{
	return x >> n | x << (32 - n);
}

static uint32_t
load_be(const unsigned char *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 |
	       (uint32_t)p[2] << 8 | p[3];
}

static void
store_be(unsigned char *p, uint32_t x)
{
	p[0] = (unsigned char)(x >> 24);
	p[1] = (unsigned char)(x >> 16);
	p[2] = (unsigned char)(x >> 8);
	p[3] = (unsigned char)x;
}

/*
 * One round.  In the standard the eight working variables move up by one at
 * each round; here they stay and the caller names them one place further on,
 * which leaves them in registers.  The two choices of bits are written with one
 * operation less than there.
 */
#define ROUND(a, b, c, d, e, f, g, h, k, w)                                    \
	do {                                                                   \
		uint32_t t = h + k + w + (g ^ (e & (f ^ g))) +                 \
			     (rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25));   \
		d += t;                                                        \
		h = t + ((a & b) | (c & (a | b))) +                            \
		    (rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22));            \
	} while (0)

/* Eight rounds, after which the variables have their own names again. */
static void
eight_rounds(uint32_t v[8], const uint32_t k[8], const uint32_t w[8])
{
	uint32_t a = v[0], b = v[1], c = v[2], d = v[3];
	uint32_t e = v[4], f = v[5], g = v[6], h = v[7];

	ROUND(a, b, c, d, e, f, g, h, k[0], w[0]);
	ROUND(h, a, b, c, d, e, f, g, k[1], w[1]);
	ROUND(g, h, a, b, c, d, e, f, k[2], w[2]);
	ROUND(f, g, h, a, b, c, d, e, k[3], w[3]);
	ROUND(e, f, g, h, a, b, c, d, k[4], w[4]);
	ROUND(d, e, f, g, h, a, b, c, k[5], w[5]);
	ROUND(c, d, e, f, g, h, a, b, k[6], w[6]);
	ROUND(b, c, d, e, f, g, h, a, k[7], w[7]);
	v[0] = a;
	v[1] = b;
	v[2] = c;
	v[3] = d;
	v[4] = e;
	v[5] = f;
	v[6] = g;
	v[7] = h;
}

/* One block of 64 bytes: section 6.2.2. */
static void
one_block(uint32_t state[8], const unsigned char *p)
{
	uint32_t w[64], v[8];
	int i;

	for (i = 0; i < 16; i++)
		w[i] = load_be(p + 4 * i);
	for (; i < 64; i++) {
		uint32_t a = w[i - 15], b = w[i - 2];

		w[i] = w[i - 16] + w[i - 7] +
		       (rotate(a, 7) ^ rotate(a, 18) ^ a >> 3) +
		       (rotate(b, 17) ^ rotate(b, 19) ^ b >> 10);
	}
	memcpy(v, state, sizeof v);
	for (i = 0; i < 64; i += 8)
		eight_rounds(v, sha256_constants + i, w + i);
	for (i = 0; i < 8; i++)
		state[i] += v[i];
}

void
sha256_any_blocks(uint32_t state[8], const unsigned char *p, size_t count)
{
	for (; count > 0; count--, p += 64)
		one_block(state, p);
}

void
sha256_init(struct sha256 *s)
{
	/* Section 5.3.3. */
	static const uint32_t start[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372,
	    0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};

	memcpy(s->state, start, sizeof start);
	s->length = 0;
	s->blocks = sha256_x86_works() ? sha256_x86_blocks : sha256_any_blocks;
}

void
sha256_update(struct sha256 *s, const void *bytes, size_t len)
{
	const unsigned char *p = bytes;
	size_t have = (size_t)(s->length % 64), part;

	s->length += len;
	if (have > 0) {
		part = len < 64 - have ? len : 64 - have;
		memcpy(s->block + have, p, part);
		p += part;
		len -= part;
		if (have + part < 64)
			return;
		s->blocks(s->state, s->block, 1);
	}
	s->blocks(s->state, p, len / 64);
	if (len % 64 > 0)
		memcpy(s->block, p + len / 64 * 64, len % 64);
}

void
sha256_final(struct sha256 *s, unsigned char digest[SHA256_BYTES])
{
	uint64_t bits = s->length * 8;
	size_t have = (size_t)(s->length % 64);
	int i;

	s->block[have++] = 0x80;
	if (have > 56) {
		memset(s->block + have, 0, 64 - have);
		s->blocks(s->state, s->block, 1);
		have = 0;
	}
	memset(s->block + have, 0, 56 - have);
	store_be(s->block + 56, (uint32_t)(bits >> 32));
	store_be(s->block + 60, (uint32_t)bits);
	s->blocks(s->state, s->block, 1);
	for (i = 0; i < 8; i++)
		store_be(digest + 4 * i, s->state[i]);
}

void
sha256_final_hex(struct sha256 *s, char hex[SHA256_HEX + 1])
{
	static const char digits[] = "0123456789abcdef";
	unsigned char digest[SHA256_BYTES];
	int i;

	sha256_final(s, digest);
	for (i = 0; i < SHA256_BYTES; i++) {
		hex[2 * i] = digits[digest[i] >> 4];
		hex[2 * i + 1] = digits[digest[i] & 15];
	}
	hex[SHA256_HEX] = '\0';
}
