/* The canonical tree: putting values into it. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "json.h"
#include "mem.h"
#include "reading.h"

/* Whole numbers beyond are not all doubles. */
#define EXACT 9007199254740992.0 /* 2^53 */

struct node *
tree_put(struct node *map, const char *key)
{
	struct node *n = node_get(map, key);

	if (n)
		return n;
	map->type = NODE_MAP;
	n = node_add(map);
	n->key = xstrdup(key);
	return n;
}

struct node *
tree_put_path(struct node *map, const char *path)
{
	const char *dot;

	while ((dot = strchr(path, '.'))) {
		char *name = xstrndup(path, (size_t)(dot - path));

		map = tree_put(map, name);
		map->type = NODE_MAP;
		free(name);
		path = dot + 1;
	}
	return tree_put(map, path);
}

void
tree_remove(struct node *map, const char *key)
{
	struct node *n = node_get(map, key);
	size_t left;

	if (!n)
		return;
	left = map->count - (size_t)(n - map->items) - 1;
	node_clear(n);
	free(n->key);
	memmove(n, n + 1, left * sizeof(*n));
	map->count--;
}

void
tree_move(
    struct node *from, const char *key, struct node *to, const char *to_key)
{
	struct node *n = from ? node_get(from, key) : NULL;
	struct node value = {.type = NODE_NULL};
	struct node *made;

	if (!n)
		return;
	node_copy(&value, n);
	value.key_line = n->key_line;
	value.key_col = n->key_col;
	tree_remove(from, key);
	made = tree_put(to, to_key);
	node_copy(made, &value);
	made->key_line = value.key_line;
	made->key_col = value.key_col;
	node_clear(&value);
}

static void
set(struct node *n, enum node_type type, struct buf *text,
    const struct node *from)
{
	int line = from ? from->line : 0, col = from ? from->col : 0;

	node_clear(n);
	n->type = type;
	n->len = text->len;
	n->text = buf_detach(text);
	n->line = line;
	n->col = col;
}

void
tree_set_string(struct node *n, const char *text, const struct node *from)
{
	struct buf b = BUF_INIT;

	buf_adds(&b, text);
	set(n, NODE_STRING, &b, from);
}

void
tree_set_int(struct node *n, int64_t i, const struct node *from)
{
	struct buf b = BUF_INIT;

	json_add_int(&b, i);
	set(n, NODE_INT, &b, from);
}

void
tree_set_number(struct node *n, double d, const struct node *from)
{
	struct buf b = BUF_INIT;

	if (fabs(d) <= EXACT && d == (double)(int64_t)d) {
		tree_set_int(n, (int64_t)d, from);
		return;
	}
	json_add_double(&b, d);
	set(n, NODE_FLOAT, &b, from);
}

void
tree_set_json(struct node *n, const char *json)
{
	struct buf b = BUF_INIT;
	enum node_type type = NODE_INT;

	if (*json == '"') {
		type = NODE_STRING;
		json_string((struct json){json, strlen(json)}, &b);
	} else {
		if (*json == 't' || *json == 'f')
			type = NODE_BOOL;
		buf_adds(&b, json);
	}
	set(n, type, &b, NULL);
}

const char *
tree_text(const struct node *map, const char *key)
{
	const struct node *n = node_get(map, key);

	return n && n->type == NODE_STRING ? n->text : NULL;
}

int64_t
tree_int(const struct node *map, const char *key, int64_t otherwise)
{
	const struct node *n = node_get(map, key);
	int64_t i;

	return n && node_int(n, &i) == 0 ? i : otherwise;
}
