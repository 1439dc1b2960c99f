#ifndef NNI_SHA256_H
#define NNI_SHA256_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * SHA-256 (FIPS 180-4), the digest by which code archives and programs on
 * other machines are known.
 *
 * Written here because no library has one interface to it on all our systems:
 * OpenSSL is a large dependency for one function, CommonCrypto, libmd and
 * bcrypt are each of one system.  It guards against mix-ups and torn copies,
 * and signs (hmac.h): what it does, and for how long, does not depend on what
 * the bytes are.
 */
#define SHA256_BYTES 32
#define SHA256_HEX 64

struct sha256 {
	uint32_t state[8];
	uint64_t length;	 /* bytes taken so far */
	unsigned char block[64]; /* the last length % 64 of them */
	/* What takes `count` blocks of 64 bytes; set by sha256_init(). */
	void (*blocks)(uint32_t state[8], const unsigned char *p, size_t count);
};

void sha256_init(struct sha256 *s);
void sha256_update(struct sha256 *s, const void *bytes, size_t len);
/* The digest; `s` must be initialised again before its next use. */
void sha256_final(struct sha256 *s, unsigned char digest[SHA256_BYTES]);
/* The same in lower-case hexadecimal, NUL-terminated. */
void sha256_final_hex(struct sha256 *s, char hex[SHA256_HEX + 1]);

/*
 * The two ways to take blocks, for any processor and for those of x86-64 that
 * have instructions for it.  Only sha256_init() and the tests ask for one.
 */
void sha256_any_blocks(uint32_t state[8], const unsigned char *p, size_t count);
bool sha256_x86_works(void);
void sha256_x86_blocks(uint32_t state[8], const unsigned char *p, size_t count);
extern const uint32_t sha256_constants[64];

#endif
