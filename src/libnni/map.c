/* A hash table from numbers to numbers: linear probing, half full at most. */
#include "map.h"

#include <stdlib.h>

#include "mem.h"

struct map_slot {
	uint64_t key, value; /* key 0: free */
};

uint64_t
map_mix(uint64_t key)
{
	key += 0x9E3779B97F4A7C15;
	key = (key ^ key >> 30) * 0xBF58476D1CE4E5B9;
	key = (key ^ key >> 27) * 0x94D049BB133111EB;
	return key ^ key >> 31;
}

/* The slot of `key`, or the free one where it belongs. */
static struct map_slot *
slot_of(const struct map *m, uint64_t key)
{
	size_t i = (size_t)map_mix(key) & (m->size - 1);

	while (m->slots[i].key && m->slots[i].key != key)
		i = (i + 1) & (m->size - 1);
	return &m->slots[i];
}

static void
grow(struct map *m)
{
	struct map old = *m;
	size_t i;

	m->size = old.size ? old.size * 2 : 64;
	m->slots = xcalloc(m->size, sizeof(*m->slots));
	for (i = 0; i < old.size; i++)
		if (old.slots[i].key)
			*slot_of(m, old.slots[i].key) = old.slots[i];
	free(old.slots);
}

uint64_t *
map_put(struct map *m, uint64_t key, bool *made)
{
	struct map_slot *s;

	if (m->count * 2 >= m->size)
		grow(m);
	s = slot_of(m, key);
	if (made)
		*made = !s->key;
	if (!s->key) {
		s->key = key;
		m->count++;
	}
	return &s->value;
}

uint64_t *
map_get(const struct map *m, uint64_t key)
{
	struct map_slot *s;

	if (!m->size)
		return NULL;
	s = slot_of(m, key);
	return s->key ? &s->value : NULL;
}

void
map_release(struct map *m)
{
	free(m->slots);
	*m = (struct map){NULL, 0, 0};
}
