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

/* Where it is, or the free slot where it would go. */
static size_t
slot_of(const struct hash_set *s, uint64_t hash)
{
	size_t i = (size_t)hash & (s->slot_count - 1);

	while (s->slots[i] && s->slots[i] != hash)
		i = (i + 1) & (s->slot_count - 1);
	return i;
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
			s->slots[slot_of(s, old[i])] = old[i];
	free(old);
}

bool
hash_set_add(struct hash_set *s, uint64_t hash)
{
	size_t i;

	hash += !hash; /* 0 means a free slot */
	if ((s->count + 1) * 4 > s->slot_count * 3)
		grow(s);
	i = slot_of(s, hash);
	if (s->slots[i])
		return false;
	s->slots[i] = hash;
	s->count++;
	return true;
}

bool
hash_set_has(const struct hash_set *s, uint64_t hash)
{
	hash += !hash;
	return s->slot_count && s->slots[slot_of(s, hash)];
}

void
hash_set_release(struct hash_set *s)
{
	free(s->slots);
	*s = (struct hash_set)HASH_SET_INIT;
}
