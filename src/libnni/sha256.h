#ifndef NNI_SHA256_H
#define NNI_SHA256_H

#include <stddef.h>
#include <stdint.h>

/*
 * SHA-256 (FIPS 180-4), the digest by which code archives and programs on
 * other machines are known.
 *
 * Written here because no library has one interface to it on all our systems:
 * OpenSSL is a large dependency for one function, CommonCrypto, libmd and
 * bcrypt are each of one system.  It guards against mix-ups and torn copies;
 * nothing secret is computed with it.
 */
#define SHA256_BYTES 32
#define SHA256_HEX 64

struct sha256 {
	uint32_t state[8];
	uint64_t length;	 /* bytes taken so far */
	unsigned char block[64]; /* the last length % 64 of them */
};

void sha256_init(struct sha256 *s);
void sha256_update(struct sha256 *s, const void *bytes, size_t len);
/* The digest; `s` must be initialised again before its next use. */
void sha256_final(struct sha256 *s, unsigned char digest[SHA256_BYTES]);
/* The same in lower-case hexadecimal, NUL-terminated. */
void sha256_final_hex(struct sha256 *s, char hex[SHA256_HEX + 1]);

#endif
