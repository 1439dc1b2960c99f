/* Of which form a file is, and of which platform, when it does not say so. */
#include "form.h"

#include <string.h>

#include "fold.h"

static const struct key *
find(const struct key *keys, const char *name, bool v1)
{
	for (; keys->name; keys++)
		if (v1 ? strcmp(keys->name, name) == 0
		       : fold_key_equal(keys->name, name))
			return keys;
	return NULL;
}

static bool
is_of_v1(const char *name)
{
	const struct platform *p;

	if (find(v1_keys, name, true))
		return true;
	for (p = platforms; p->name; p++)
		if (p->v1_keys && find(p->v1_keys, name, true))
			return true;
	return false;
}

bool
form_is_v1(const struct node *file)
{
	const struct node *n = node_get(file, "trainingServicePlatform");
	bool named = n && (n->told || (n->type != NODE_NULL && n->len));
	bool service = false;
	size_t i, old = 0, new = 0;

	for (i = 0; i < file->count; i++) {
		const char *key = file->items[i].key;
		bool is_new = find(top_keys, key, false) != NULL;

		if (fold_key_equal(key, "trainingService"))
			service = true;
		else if (is_of_v1(key) && !is_new)
			old++;
		else if (is_new && !is_of_v1(key))
			new ++;
	}
	/* with both, either is an error: of the form that has fewer others */
	if (named != service)
		return named;
	return old > new;
}

/* How many keys of `map`, and of the objects in it, the table has. */
static size_t
count_known(const struct key *keys, const struct node *map, bool v1)
{
	size_t i, known = 0;

	for (i = 0; map->type == NODE_MAP && i < map->count; i++) {
		const struct node *n = &map->items[i];
		const struct key *k = find(keys, n->key, v1);

		known += k != NULL;
		if (k && k->sub)
			known += count_known(k->sub, n, v1);
	}
	return known;
}

const struct platform *
form_platform(const struct node *map, bool v1)
{
	const struct platform *p, *best = NULL;
	size_t most = 0;

	for (p = platforms; p->name; p++) {
		const struct key *keys = v1 ? p->v1_keys : p->keys;
		size_t known = keys ? count_known(keys, map, v1) : 0;

		if (known > most) {
			most = known;
			best = p;
		}
	}
	return best;
}
