#ifndef NNI_HASH_H
#define NNI_HASH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* FNV-1a, 64 bits (RFC 9923): for tables and for noticing repeats, not for
   anything that somebody might want to forge. */
uint64_t hash_bytes(const void *bytes, size_t len);

/* A set of 64-bit hashes, 8 bytes a slot, at most 3/4 full. */
struct hash_set {
	uint64_t *slots; /* 0: free */
	size_t slot_count, count;
};
#define HASH_SET_INIT                                                          \
	{                                                                      \
		NULL, 0, 0                                                     \
	}

/* True if it was not in the set yet. */
bool hash_set_add(struct hash_set *s, uint64_t hash);
bool hash_set_has(const struct hash_set *s, uint64_t hash);
void hash_set_release(struct hash_set *s);

#endif
