/*
 * Reads an object of a user's file by tables of keys: what is unknown, of the
 * wrong type, there twice or missing is told, all of it; what is good goes to
 * its place in the canonical form.
 */
#include "schema.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "fold.h"
#include "mem.h"
#include "opt.h"
#include "reading.h"
#include "unknown.h"

/* ---- messages ---- */

static void
add_message(struct reading *r, bool note, int line, int col, const char *key,
    const char *fmt, va_list ap)
{
	struct buf path = BUF_INIT;

	buf_addf(&path, "%s%.200s", r->path.data, key);
	problems_at(r->problems, note, line, col, path.data, fmt, ap);
	buf_release(&path);
}

void
reading_error(struct reading *r, const struct node *at, const char *key,
    const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	add_message(r, false, at->line, at->col, key, fmt, ap);
	va_end(ap);
}

void
reading_note(struct reading *r, const struct node *at, const char *key,
    const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	add_message(r, true, at->line, at->col, key, fmt, ap);
	va_end(ap);
}

void
reading_key(
    struct reading *r, bool note, const struct node *n, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	add_message(r, note, n->key_line, n->key_col, n->key, fmt, ap);
	va_end(ap);
}

void
reading_hint(struct reading *r, const char *name)
{
	buf_addf(&r->hints, "\n%s.", name);
}

bool
reading_hinted(const struct reading *r, const char *key)
{
	struct buf name = BUF_INIT;
	bool hinted;

	buf_addf(&name, "\n%s%s.", r->path.data, key);
	hinted = strstr(r->hints.data, name.data) != NULL;
	buf_release(&name);
	return hinted;
}

size_t
reading_enter(struct reading *r, const char *fmt, ...)
{
	size_t was = r->path.len;
	va_list ap;

	va_start(ap, fmt);
	buf_addv(&r->path, fmt, ap);
	va_end(ap);
	return was;
}

void
reading_leave(struct reading *r, size_t was)
{
	buf_cut(&r->path, was);
}

/* ---- keys ---- */

const struct key *
schema_find(const struct reading *r, const struct key *keys, const char *name)
{
	for (; keys && keys->name; keys++)
		if (r->v1 || r->to_the_letter
			? strcmp(keys->name, name) == 0
			: fold_key_equal(keys->name, name))
			return keys;
	return NULL;
}

static bool
refused(struct reading *r, const struct key *k, const struct node *n)
{
	if (k->kind == BOOL && !node_bool(n))
		return false;
	if (k->flags & REFUSED) {
		reading_error(r, n, k->name, "%s", k->why);
		return true;
	}
	if (k->flags & NOT_YET && r->runnable) {
		reading_error(r, n, k->name,
		    "is not available yet in this version: %s", k->why);
		return true;
	}
	return false;
}

/* ---- objects ---- */

static void
read_objects(struct reading *r, const struct key *k, const struct node *from,
    struct node *to)
{
	size_t i;

	if (from->told && from->type == NODE_NULL)
		return;
	if (from->type != NODE_LIST || from->count == 0) {
		struct buf is = BUF_INIT;

		node_describe(from, &is);
		reading_error(r, from, k->name,
		    "must be a list of objects, at least one, not %s", is.data);
		buf_release(&is);
		return;
	}
	to->type = NODE_LIST;
	to->line = from->line;
	to->col = from->col;
	for (i = 0; i < from->count; i++) {
		struct node *item = node_add(to);
		struct target target = {k->sub, item};
		size_t was = reading_enter(
		    r, "%s[%llu].", k->name, (unsigned long long)i);

		schema_read(r, &from->items[i], &target, 1, NULL);
		reading_leave(r, was);
	}
}

static void
read_object(struct reading *r, const struct key *k, const struct node *from,
    struct node *out)
{
	struct target target = {k->sub, out};
	size_t was;

	if (!(k->flags & MERGE)) {
		target.out = tree_put_path(out, k->to ? k->to : k->name);
		target.out->line = from->line;
		target.out->col = from->col;
	}
	was = reading_enter(r, "%s.", k->name);
	schema_read(r, from, &target, 1, NULL);
	reading_leave(r, was);
}

static void
read_member(struct reading *r, const struct key *k, const struct node *from,
    struct node *out)
{
	const char *place = k->to ? k->to : k->name;
	struct node value = {.type = NODE_NULL};
	struct node *to;

	if (k->kind == OBJECT) {
		read_object(r, k, from, out);
		return;
	}
	if (k->kind == OBJECTS) {
		read_objects(r, k, from, &value);
	} else if (k->kind == SERVICE) {
		return;
	} else if (from->told || value_read(r, k, from, &value) < 0) {
		/* so that it does not count as missing */
		tree_set_string(&value, "", from);
		value.type = NODE_NULL;
	} else if (refused(r, k, from)) {
		node_clear(&value);
		return;
	}
	if (k->flags & NO_EFFECT)
		reading_key(r, true, from, "has no effect: %s", k->why);
	if (k->flags & (NO_EFFECT | REFUSED) || !*place ||
	    (k->flags & FALLBACK && node_get(out, place))) {
		node_clear(&value);
		return;
	}
	to = tree_put_path(out, place);
	node_copy(to, &value);
	to->key_line = from->key_line;
	to->key_col = from->key_col;
	node_clear(&value);
}

void
schema_missing(struct reading *r, const struct node *at, const struct key *k)
{
	struct buf wanted = BUF_INIT;

	if (k->missing)
		buf_addf(&wanted, "; %s", k->missing);
	else {
		buf_addf(&wanted, "; it must be ");
		value_describe(k, &wanted);
	}
	reading_error(r, at, k->name, "is missing%s", wanted.data);
	buf_release(&wanted);
	if (k->example)
		problems_show(r->problems, k->example);
}

static void
check_missing(struct reading *r, const struct node *map,
    const struct target *target, const struct node *const *seen)
{
	const struct key *k;
	size_t i;

	for (i = 0; (k = &target->keys[i])->name; i++) {
		if (seen[i] && (seen[i]->type != NODE_NULL || seen[i]->told))
			continue;
		if (k->flags & NEEDED &&
		    (map->told || reading_hinted(r, k->name)))
			continue;
		if (k->flags & NEEDED)
			schema_missing(r, map, k);
		else if (k->def && !node_get(target->out, k->name))
			tree_set_json(tree_put(target->out, k->name), k->def);
	}
}

/* One member; -1 if this table does not know its key. */
static int
try_table(struct reading *r, const struct node *n, const struct target *target,
    const struct node **seen)
{
	const struct key *k = schema_find(r, target->keys, n->key);
	size_t i;

	if (!k)
		return -1;
	i = (size_t)(k - target->keys);
	if (seen[i]) {
		struct node unused = {.type = NODE_MAP};

		if (!n->repeated)
			reading_key(r, false, n,
			    "is set again; it is set in line %d, column %d "
			    "already, as '%s'",
			    seen[i]->key_line, seen[i]->key_col, seen[i]->key);
		/* which one is to stay is not ours to know: both are checked */
		if (n->type != NODE_NULL)
			read_member(r, k, n, &unused);
		node_clear(&unused);
		return 0;
	}
	seen[i] = n;
	if (n->type != NODE_NULL || n->told)
		read_member(r, k, n, target->out);
	return 0;
}

/* A value of the shape that the row wants, right or wrong. */
static bool
is_shape(const struct key *k, const struct node *n)
{
	switch (k->kind) {
	case OBJECT:
	case MAP:
		return n->type == NODE_MAP;
	case OBJECTS:
	case STRINGS:
	case LIST:
		return n->type == NODE_LIST;
	case SERVICE:
	case GPUS:
	case FILE_MAP:
		return true;
	default:
		return n->type != NODE_MAP && n->type != NODE_LIST;
	}
}

/*
 * A key that was meant for another: the value is judged as that one's, which is
 * not missing then.
 */
static void
read_as(struct reading *r, const struct key *k, const struct node *n,
    const struct target *target, const struct node **seen)
{
	static const struct node untold = {.type = NODE_NULL, .told = true};
	size_t i = (size_t)(k - target->keys);

	if (seen[i])
		return;
	seen[i] = is_shape(k, n) ? n : &untold;
	read_member(r, k, seen[i], target->out);
}

void
schema_defaults(const struct key *keys, struct node *out)
{
	for (; keys->name; keys++)
		if (keys->def && !node_get(out, keys->name))
			tree_set_json(tree_put(out, keys->name), keys->def);
}

void
schema_read(struct reading *r, const struct node *map,
    const struct target *targets, size_t count, struct node *rest)
{
	enum { MAX_TABLES = 3, MAX_KEYS = 64 };
	const struct node *seen[MAX_TABLES][MAX_KEYS] = {{NULL}};
	const struct key *k;
	size_t i, t;

	if (map->told && map->type == NODE_NULL)
		return;
	if (map->type != NODE_MAP) {
		struct buf is = BUF_INIT;

		node_describe(map, &is);
		problems_add(r->problems, map->line, map->col,
		    "%.*s: must be an object, not %s",
		    (int)(r->path.len ? r->path.len - 1 : 0), r->path.data,
		    is.data);
		buf_release(&is);
		return;
	}
	for (i = 0; i < count; i++) {
		targets[i].out->type = NODE_MAP;
		targets[i].out->told |= map->told;
		if (!targets[i].out->line) {
			targets[i].out->line = map->line;
			targets[i].out->col = map->col;
		}
	}
	for (i = 0; i < map->count; i++) {
		const struct node *n = &map->items[i];

		for (t = 0; t < count; t++)
			if (try_table(r, n, &targets[t], seen[t]) == 0)
				break;
		if (t < count)
			continue;
		if (!rest) {
			k = unknown_key(r, map, n, targets, count, &t);
			if (k)
				read_as(r, k, n, &targets[t], seen[t]);
		} else if (n->type != NODE_NULL) {
			struct node *to = tree_put(rest, n->key);

			node_copy(to, n);
		}
	}
	for (t = 0; t < count; t++)
		check_missing(r, map, &targets[t], seen[t]);
}
