/*
 * SHA-256 with the instructions that x86-64 processors have for it since about
 * 2017: five times as fast.  Four rounds go at once; the variables lie in two
 * registers in the order A B E F and C D G H, which is how the instruction
 * wants them (Intel, SHA Extensions, July 2013).
 */
#include "sha256.h"

#if defined(__x86_64__) && defined(__GNUC__)
#include <cpuid.h>
#include <immintrin.h>

bool
sha256_x86_works(void)
{
	unsigned a, b, c, d;

	/* SSSE3 and SSE4.1: leaf 1, ECX bits 9 and 19; SHA: leaf 7, EBX 29. */
	if (!__get_cpuid(1, &a, &b, &c, &d) || (c >> 9 & 1) == 0 ||
	    (c >> 19 & 1) == 0)
		return false;
	return __get_cpuid_count(7, 0, &a, &b, &c, &d) && (b >> 29 & 1) != 0;
}

__attribute__((target("sha,ssse3,sse4.1"))) static void
one_block(__m128i *abef, __m128i *cdgh, const unsigned char *p)
{
	const __m128i *k = (const __m128i *)(const void *)sha256_constants;
	const __m128i big_endian =
	    _mm_set_epi64x(0x0c0d0e0f08090a0b, 0x0405060700010203);
	__m128i v = *abef, w = *cdgh, m[4], next, kw;
	int i;

	for (i = 0; i < 4; i++)
		m[i] = _mm_shuffle_epi8(
		    _mm_loadu_si128((const __m128i *)(const void *)p + i),
		    big_endian);
	for (i = 0; i < 16; i++) {
		kw = _mm_add_epi32(m[0], _mm_loadu_si128(k + i));
		w = _mm_sha256rnds2_epu32(w, v, kw);
		v = _mm_sha256rnds2_epu32(v, w, _mm_shuffle_epi32(kw, 0x0e));
		next = _mm_add_epi32(_mm_sha256msg1_epu32(m[0], m[1]),
		    _mm_alignr_epi8(m[3], m[2], 4));
		next = _mm_sha256msg2_epu32(next, m[3]);
		m[0] = m[1];
		m[1] = m[2];
		m[2] = m[3];
		m[3] = next;
	}
	*abef = _mm_add_epi32(*abef, v);
	*cdgh = _mm_add_epi32(*cdgh, w);
}

__attribute__((target("sha,ssse3,sse4.1"))) void
sha256_x86_blocks(uint32_t state[8], const unsigned char *p, size_t count)
{
	__m128i *s = (__m128i *)(void *)state;
	__m128i abcd = _mm_shuffle_epi32(_mm_loadu_si128(s), 0xb1);
	__m128i efgh = _mm_shuffle_epi32(_mm_loadu_si128(s + 1), 0x1b);
	__m128i abef = _mm_alignr_epi8(abcd, efgh, 8);
	__m128i cdgh = _mm_blend_epi16(efgh, abcd, 0xf0);

	for (; count > 0; count--, p += 64)
		one_block(&abef, &cdgh, p);
	abcd = _mm_shuffle_epi32(abef, 0x1b);
	efgh = _mm_shuffle_epi32(cdgh, 0xb1);
	_mm_storeu_si128(s, _mm_blend_epi16(abcd, efgh, 0xf0));
	_mm_storeu_si128(s + 1, _mm_alignr_epi8(efgh, abcd, 8));
}

#else

bool
sha256_x86_works(void)
{
	return false;
}

void
sha256_x86_blocks(uint32_t state[8], const unsigned char *p, size_t count)
{
	(void)state;
	(void)p;
	(void)count;
}

#endif
