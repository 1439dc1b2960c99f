/* Hashes of bytes, and sets of them. */
#include "hash.h"

#include <stdlib.h>

#include "mem.h"

uint64_t
hash_bytes(const void *bytes, size_t len)
{
	const unsigned char *p = bytes;
	uint64_t h = UINT64_C(0xcbf29ce484222325);

	while (len--) {
		h ^= *p++;
		h *= UINT64_C(0x100000001b3);
	}
	return h;
}

static void
put(struct hash_set *s, uint64_t hash)
{
	size_t i = (size_t)hash & (s->slot_count - 1);

	while (s->slots[i])
		i = (i + 1) & (s->slot_count - 1);
	s->slots[i] = hash;
}

static void
grow(struct hash_set *s)
{
	uint64_t *old = s->slots;
	size_t i, n = s->slot_count;

	s->slot_count = n ? n * 2 : 8;
	s->slots = xcalloc(s->slot_count, sizeof(*s->slots));
	for (i = 0; i < n; i++)
		if (old[i])
			put(s, old[i]);
	free(old);
}

bool
hash_set_add(struct hash_set *s, uint64_t hash)
{
	size_t i;

	hash += !hash; /* 0 means a free slot */
	if ((s->count + 1) * 4 > s->slot_count * 3)
		grow(s);
	for (i = (size_t)hash & (s->slot_count - 1); s->slots[i];
	     i = (i + 1) & (s->slot_count - 1))
		if (s->slots[i] == hash)
			return false;
	s->slots[i] = hash;
	s->count++;
	return true;
}

void
hash_set_release(struct hash_set *s)
{
	free(s->slots);
	*s = (struct hash_set)HASH_SET_INIT;
}
