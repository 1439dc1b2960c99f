#ifndef NNI_HMAC_H
#define NNI_HMAC_H

#include "sha256.h"

/*
 * HMAC-SHA-256 (RFC 2104, RFC 4231): how requests to services are signed with
 * a key that both sides know.  Over sha256.h, whose time does not depend on
 * what it takes.
 */
void hmac_sha256(const void *key, size_t key_len, const void *bytes, size_t len,
    unsigned char mac[SHA256_BYTES]);

#endif
