/* HMAC over SHA-256. */
#include "hmac.h"

#include <string.h>

#define BLOCK 64

void
hmac_sha256(const void *key, size_t key_len, const void *bytes, size_t len,
    unsigned char mac[SHA256_BYTES])
{
	unsigned char pad[BLOCK], inner[SHA256_BYTES];
	struct sha256 s;
	size_t i;

	memset(pad, 0, sizeof(pad));
	if (key_len > BLOCK) {
		sha256_init(&s);
		sha256_update(&s, key, key_len);
		sha256_final(&s, pad);
	} else if (key_len > 0) {
		memcpy(pad, key, key_len);
	}
	for (i = 0; i < BLOCK; i++)
		pad[i] ^= 0x36;
	sha256_init(&s);
	sha256_update(&s, pad, BLOCK);
	sha256_update(&s, bytes, len);
	sha256_final(&s, inner);
	for (i = 0; i < BLOCK; i++)
		pad[i] ^= 0x36 ^ 0x5c;
	sha256_init(&s);
	sha256_update(&s, pad, BLOCK);
	sha256_update(&s, inner, SHA256_BYTES);
	sha256_final(&s, mac);
	memset(pad, 0, sizeof(pad));
}
