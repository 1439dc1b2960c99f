/*
 * What a key that no table has may have been meant for: a slip of the fingers,
 * the name that V1 or V2 has for it, a key of another object or platform.
 */
#include "unknown.h"

#include <stdlib.h>
#include <string.h>

#include "mem.h"
#include "opt.h"

/* ---- names of the other form ---- */

static const char *
other_name(const struct reading *r)
{
	return r->v1 ? "V2's (NNI 2 and 3)" : "V1's (NNI 1)";
}

/*
 * What a key of the other form is called in this one, by V1's tables; NULL.
 * `keys` is the table that the key was looked for in.
 */
static const struct key *
other_form(const struct reading *r, const struct key *old,
    const struct key *keys, const char *name)
{
	const struct key *k, *found = NULL;

	for (k = old; !found && k && k->name; k++) {
		const char *to = k->to && *k->to ? k->to : k->name;

		if (r->v1 && strcmp(to, name) == 0)
			found = schema_find(r, keys, k->name);
		else if (!r->v1 && strcmp(k->name, name) == 0)
			found = schema_find(r, keys, to);
		if (!found)
			found = other_form(r, k->sub, keys, name);
	}
	return found;
}

static const struct key *
find_other_form(
    const struct reading *r, const struct key *keys, const char *name)
{
	const struct key *found = other_form(r, v1_keys, keys, name);
	const struct platform *p;

	for (p = platforms; !found && p->name; p++)
		found = other_form(r, p->v1_keys, keys, name);
	return found;
}

/* ---- keys of other objects ---- */

/* Where a key was found, but for where it was looked for. */
struct search {
	const struct reading *r;
	const char *name;
	struct buf here;   /* "tuner" */
	struct buf below;  /* the object below that one which has it */
	struct buf place;  /* what all objects that have it are in */
	bool anywhere;	   /* place is of use, and may be the top level */
	struct buf owners; /* platforms that have it right here */
	size_t owner_count;
};

/* The longest "a.b" that both are in. */
static void
keep_common(struct buf *place, const char *other)
{
	size_t i, whole = 0;

	for (i = 0; i <= place->len; i++) {
		char a = place->data[i], b = other[i];

		if ((a == '.' || !a) && (b == '.' || !b))
			whole = i;
		if (a != b || !a)
			break;
	}
	buf_cut(place, whole);
}

static void
found_at(struct search *s, const char *path, const char *platform)
{
	size_t len = s->here.len;

	if (strcmp(path, s->here.data) == 0) {
		if (platform && !strstr(s->owners.data, platform)) {
			buf_addf(&s->owners, "%s%s", s->owners.len ? ", " : "",
			    platform);
			s->owner_count++;
		}
		return;
	}
	if (len && !s->below.len && strncmp(path, s->here.data, len) == 0 &&
	    path[len] == '.')
		buf_set(&s->below, path);
	if (s->anywhere)
		keep_common(&s->place, path);
	else
		buf_set(&s->place, path);
	s->anywhere = true;
}

/* Looks through a table and those below it. */
static void
look(struct search *s, const struct key *keys, const char *path,
    const char *platform)
{
	const struct key *k;

	for (k = keys; k && k->name; k++) {
		struct buf below = BUF_INIT;
		const struct key row[2] = {*k, END_OF_KEYS};

		if (!(k->flags & (NO_EFFECT | FALLBACK)) &&
		    schema_find(s->r, row, s->name))
			found_at(s, path, platform);
		/* these have the tuner's keys */
		if (!*path && strcmp(s->place.data, "tuner") == 0 &&
		    (strcmp(k->name, "assessor") == 0 ||
			strcmp(k->name, "advisor") == 0))
			continue;
		if (k->sub) {
			buf_addf(
			    &below, "%s%s%s", path, *path ? "." : "", k->name);
			look(s, k->sub, below.data, platform);
			buf_release(&below);
		}
	}
}

static void
look_everywhere(struct search *s)
{
	const struct platform *p;
	const struct algorithm *a;

	look(s, s->r->v1 ? v1_keys : top_keys, "", NULL);
	if (!s->r->v1)
		look(s, service_keys, "trainingService", NULL);
	for (p = platforms; p->name; p++)
		if (s->r->v1)
			look(s, p->v1_keys, "", p->v1);
		else
			look(s, p->keys, "trainingService", p->name);
	for (a = algorithms; a->name; a++)
		look(s, a->args,
		    a->assessor ? "assessor.classArgs" : "tuner.classArgs",
		    NULL);
}

/* The object at hand without places in lists: "trainingService.machineList" */
static void
add_here(const struct reading *r, struct buf *out)
{
	const char *s;

	for (s = r->path.data; *s; s++)
		if (*s == '[')
			s += strcspn(s, "]");
		else
			buf_addc(out, *s);
	if (out->len)
		buf_cut(out, out->len - 1);
}

static bool
tell_elsewhere(struct reading *r, const struct node *n)
{
	struct search s = {.r = r,
	    .name = n->key,
	    .here = BUF_INIT,
	    .below = BUF_INIT,
	    .place = BUF_INIT,
	    .owners = BUF_INIT};
	bool told = true, top;

	add_here(r, &s.here);
	look_everywhere(&s);
	top = s.anywhere && !s.place.len &&
	      schema_find(r, r->v1 ? v1_keys : top_keys, n->key);
	if (s.below.len)
		reading_key(r, false, n,
		    "unknown key here; it belongs into '%s'", s.below.data);
	else if (s.owner_count)
		reading_key(r, false, n,
		    "unknown key; it is for %s, not for this platform",
		    s.owners.data);
	else if (s.place.len)
		reading_key(r, false, n,
		    "unknown key here; it belongs into '%s'", s.place.data);
	else if (top)
		reading_key(r, false, n,
		    "unknown key here; it belongs to the top level");
	else
		told = false;
	if (told && (s.below.len || s.place.len)) {
		buf_addf(s.below.len ? &s.below : &s.place, ".%s", n->key);
		reading_hint(r, s.below.len ? s.below.data : s.place.data);
	}
	buf_release(&s.here);
	buf_release(&s.below);
	buf_release(&s.place);
	buf_release(&s.owners);
	return told;
}

/* ---- objects and places of the other form ---- */

/*
 * V1's trial, localConfig and so on in a V2 file: each key in it has a place of
 * its own here, and is not missing.
 */
static bool
tell_section(struct reading *r, const struct node *n, struct node *out)
{
	const struct platform *p;
	const struct key *section = NULL, *k;
	struct buf names = BUF_INIT;
	size_t i;

	for (p = platforms; !section && p->name; p++)
		for (k = p->v1_keys; k && k->name; k++)
			if (strcmp(k->name, n->key) == 0 && k->flags & MERGE)
				section = k;
	if (!section)
		return false;
	for (i = 0; n->type == NODE_MAP && i < n->count; i++)
		for (k = section->sub; k->name; k++)
			if (strcmp(k->name, n->items[i].key) == 0) {
				const char *to = k->to ? k->to : k->name;
				bool top = schema_find(r, top_keys, to) != NULL;

				buf_addf(&names, "%s'%s%s' for %s",
				    names.len ? ", " : ": ",
				    top ? "" : "trainingService.", to, k->name);
				if (top)
					tree_put(out, to);
			}
	reading_key(r, false, n,
	    "unknown key; it is %s, here its keys have places of their own%s",
	    other_name(r), names.data);
	buf_release(&names);
	return true;
}

/* What has no name in the other form, but a way. */
static bool
tell_way(struct reading *r, const struct node *n)
{
	static const struct {
		bool v1; /* this form has no such key */
		const char *key, *way;
		const char *instead; /* a key that is not missing then */
	} ways[] = {
	    {false, "hybridConfig",
		"here trainingService is a list of platforms",
		"trainingService"},
	    {false, "heterogeneousConfig",
		"here trainingService is a list of platforms",
		"trainingService"},
	    {false, "trainingServicePlatform",
		"here trainingService names the platform", NULL},
	    {true, "trainingService",
		"here trainingServicePlatform names the platform", NULL},
	    {true, "searchSpace",
		"here the search space has a file of its own, "
		"searchSpacePath",
		"searchSpacePath"},
	};
	size_t i;

	for (i = 0; i < sizeof(ways) / sizeof(ways[0]); i++)
		if (ways[i].v1 == r->v1 && !r->path.len &&
		    strcmp(ways[i].key, n->key) == 0) {
			reading_key(r, false, n, "unknown key; it is %s, %s",
			    other_name(r), ways[i].way);
			if (ways[i].instead)
				reading_hint(r, ways[i].instead);
			return true;
		}
	return false;
}

static bool
tell_other_place(struct reading *r, const struct node *n, struct node *out)
{
	struct buf name = BUF_INIT;
	bool told = false;

	if (tell_way(r, n))
		return true;
	if (!r->v1)
		return !r->path.len && tell_section(r, n, out);
	reading_name(r, n->key, &name);
	if (strcmp(name.data, n->key) != 0) {
		reading_key(r, false, n,
		    "unknown key; it is %s, here it is '%s'", other_name(r),
		    name.data);
		reading_hint(r, name.data);
		told = true;
	}
	buf_release(&name);
	return told;
}

/* ---- slips ---- */

struct guess {
	const struct key *key;
	size_t table;
};

static size_t
table_length(const struct key *keys)
{
	size_t n = 0;

	while (keys && keys[n].name)
		n++;
	return n;
}

/* The names of all tables, with NULL behind; the caller frees the list. */
static const char **
list_names(const struct target *targets, size_t count, size_t *total)
{
	const char **names;
	size_t i, j, n = 0;

	for (i = 0; i < count; i++)
		n += table_length(targets[i].keys);
	names = xcalloc(n + 1, sizeof(*names));
	for (n = i = 0; i < count; i++)
		for (j = 0; targets[i].keys && targets[i].keys[j].name; j++)
			names[n++] = targets[i].keys[j].name;
	*total = n;
	return names;
}

static struct guess
guess_form(const struct reading *r, const char *name,
    const struct target *targets, size_t count)
{
	struct guess g = {NULL, 0};

	for (; !r->to_the_letter && g.table < count; g.table++) {
		g.key = find_other_form(r, targets[g.table].keys, name);
		if (g.key)
			return g;
	}
	return g;
}

static struct guess
guess_near(const char *name, const struct target *targets, size_t count,
    const char *const *names)
{
	const char *near = opt_nearest(name, names);
	struct guess g = {NULL, 0};

	for (; near && g.table < count; g.table++)
		for (g.key = targets[g.table].keys; g.key && g.key->name;
		     g.key++)
			if (g.key->name == near)
				return g;
	g.key = NULL;
	return g;
}

static void
tell_known(struct reading *r, const struct node *n, const char *const *names,
    size_t count)
{
	enum { SHOWN = 12 }; /* more of them help nobody */
	struct buf all = BUF_INIT;

	for (; count <= SHOWN && *names; names++)
		buf_addf(&all, "%s%s", all.len ? ", " : "", *names);
	if (all.len)
		reading_key(
		    r, false, n, "unknown key; known here: %s", all.data);
	else
		reading_key(r, false, n, "unknown key; see nni-config(5)");
	buf_release(&all);
}

/* Is the key that was meant there as well? */
static bool
is_set(const struct reading *r, const struct node *map, const struct key *k)
{
	const struct key row[2] = {*k, END_OF_KEYS};
	size_t i;

	for (i = 0; i < map->count; i++)
		if (schema_find(r, row, map->items[i].key))
			return true;
	return false;
}

const struct key *
unknown_key(struct reading *r, const struct node *map, const struct node *n,
    const struct target *targets, size_t count, size_t *table)
{
	const char **names;
	struct guess g;
	size_t total;

	if (r->problems->dropped) {
		/* nobody will see it: spare the search in a file of garbage */
		reading_key(r, false, n, "unknown key");
		return NULL;
	}
	names = list_names(targets, count, &total);
	g = guess_form(r, n->key, targets, count);
	if (g.key) {
		reading_key(r, false, n,
		    "unknown key; it is %s, here it is '%s'", other_name(r),
		    g.key->name);
	} else if (r->to_the_letter ||
		   (!tell_other_place(r, n, targets[0].out) &&
		       !tell_elsewhere(r, n))) {
		g = guess_near(n->key, targets, count, names);
		if (g.key)
			reading_key(r, false, n,
			    "unknown key; did you mean '%s'?", g.key->name);
		else
			tell_known(r, n, names, total);
	}
	free(names);
	*table = g.table;
	return g.key && !is_set(r, map, g.key) ? g.key : NULL;
}
