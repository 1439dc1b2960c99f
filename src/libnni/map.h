#ifndef NNI_MAP_H
#define NNI_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * From 64-bit keys, 0 not among them, to 64-bit values: an open hash table.
 * Nothing is ever removed from it.  All zero is an empty map.
 */
struct map {
	struct map_slot *slots;
	size_t count, size; /* of slots: a power of two, or 0 */
};

/* The value's place, made with 0 if the key is new; *made may be NULL. */
uint64_t *map_put(struct map *m, uint64_t key, bool *made);
/* NULL if there is none. Valid until the next map_put(). */
uint64_t *map_get(const struct map *m, uint64_t key);
void map_release(struct map *m);

/* Spreads the bits of a key (the finalizer of splitmix64). */
uint64_t map_mix(uint64_t key);

#endif
