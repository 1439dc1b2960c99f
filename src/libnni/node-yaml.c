/*
 * YAML, by libyaml's events: the only file that knows <yaml.h>.
 *
 * What NNI's users have is what PyYAML accepts, so plain scalars are taken by
 * its rules (node-scalar.c).  An alias becomes a copy of its anchor, which the
 * limits of node.h bound: a "billion laughs" stops at the count, not at the
 * end of memory.
 */
#include "node-yaml.h"

#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "mem.h"

struct anchor {
	char *name;
	struct node value; /* a copy */
};

struct reader {
	yaml_parser_t parser;
	yaml_event_t event; /* the one being looked at */
	const char *text, *end;
	struct anchor *anchors;
	size_t anchor_count;
	size_t count, bytes; /* of all nodes, copies too */
	struct problems *problems;
};

static int
line_of(yaml_mark_t m)
{
	return (int)m.line + 1;
}

static int
col_of(yaml_mark_t m)
{
	return (int)m.column + 1;
}

static int
fault_at(struct reader *r, yaml_mark_t m, const char *what)
{
	problems_add(r->problems, line_of(m), col_of(m), "%s", what);
	return -1;
}

static int
fault(struct reader *r, const char *what)
{
	return fault_at(r, r->event.start_mark, what);
}

/* The reader found bytes that no YAML has: it only tells their offset. */
static int
bad_bytes(struct reader *r)
{
	const char *at = r->text, *bad = r->text + r->parser.problem_offset;
	int line = 1, col = 1;

	for (; at < bad && at < r->end; at++) {
		if (*at == '\n') {
			line++;
			col = 1;
		} else if ((*at & 0xc0) != 0x80) {
			col++;
		}
	}
	problems_add(r->problems, line, col,
	    "not a text: %s (byte 0x%02x); a configuration is YAML in UTF-8",
	    r->parser.problem, at < r->end ? (unsigned)(unsigned char)*at : 0u);
	return -1;
}

static int
syntax_error(struct reader *r)
{
	const yaml_parser_t *p = &r->parser;
	const char *at = r->text + p->problem_mark.index;

	if (p->error == YAML_READER_ERROR)
		return bad_bytes(r);
	if (p->error == YAML_MEMORY_ERROR || !p->problem)
		return fault(r, "out of memory");
	/* libyaml speaks of tokens, or calls the text a scalar gone wrong */
	if (p->problem_mark.index < (size_t)(r->end - r->text) &&
	    (*at == '\t' || strstr(p->problem, "tab character")))
		return fault_at(r, p->problem_mark,
		    "a tab cannot indent in YAML; use blanks");
	if (p->context)
		problems_add(r->problems, line_of(p->problem_mark),
		    col_of(p->problem_mark), "%s (%s from line %d on)",
		    p->problem, p->context, line_of(p->context_mark));
	else
		fault_at(r, p->problem_mark, p->problem);
	return -1;
}

static int
next(struct reader *r)
{
	yaml_event_delete(&r->event);
	if (yaml_parser_parse(&r->parser, &r->event))
		return 0;
	memset(&r->event, 0, sizeof(r->event));
	return syntax_error(r);
}

/* ---- limits, anchors and aliases ---- */

static int
count(struct reader *r, size_t bytes)
{
	r->bytes += bytes;
	if (++r->count <= NODE_MAX_COUNT && r->bytes <= NODE_MAX_BYTES)
		return 0;
	return fault(r, "too many values (aliases are counted as copies)");
}

/* Counts a value that is about to be copied. */
static int
count_copy(struct reader *r, const struct node *from)
{
	size_t i;

	if (count(r, from->len) < 0)
		return -1;
	for (i = 0; i < from->count; i++)
		if (count_copy(r, &from->items[i]) < 0)
			return -1;
	return 0;
}

static int
copy(struct reader *r, struct node *to, const struct node *from)
{
	if (count_copy(r, from) < 0)
		return -1;
	node_copy(to, from);
	return 0;
}

static int
remember(struct reader *r, char *name, const struct node *n)
{
	struct anchor *a;

	/* doubling from powers of two */
	if ((r->anchor_count & (r->anchor_count - 1)) == 0)
		r->anchors = xreallocarray(r->anchors,
		    r->anchor_count ? r->anchor_count * 2 : 1,
		    sizeof(*r->anchors));
	a = &r->anchors[r->anchor_count++];
	memset(a, 0, sizeof(*a));
	a->name = name;
	return copy(r, &a->value, n);
}

static int
read_alias(struct reader *r, struct node *n)
{
	const char *name = (const char *)r->event.data.alias.anchor;
	size_t i;

	/* the latest of that name, as YAML says */
	for (i = r->anchor_count; i-- > 0;)
		if (strcmp(r->anchors[i].name, name) == 0)
			return copy(r, n, &r->anchors[i].value);
	problems_add(r->problems, line_of(r->event.start_mark),
	    col_of(r->event.start_mark),
	    "alias '*%.40s' has no anchor before it", name);
	return -1;
}

/* ---- values ---- */

static int read_value(struct reader *r, struct node *n, int depth);

/* "tag:yaml.org,2002:int" is int; NULL for one that is not YAML's own. */
static const char *
core_tag(const char *tag)
{
	const char *prefix = "tag:yaml.org,2002:";

	if (strcmp(tag, "!") == 0)
		return "str";
	return strncmp(tag, prefix, strlen(prefix)) == 0 ? tag + strlen(prefix)
							 : NULL;
}

static int
apply_tag(struct reader *r, struct node *n, const char *tag)
{
	static const struct {
		const char *name;
		enum node_type type;
	} tags[] = {
	    {"null", NODE_NULL},
	    {"bool", NODE_BOOL},
	    {"int", NODE_INT},
	    {"float", NODE_FLOAT},
	    {"str", NODE_STRING},
	    {"seq", NODE_LIST},
	    {"map", NODE_MAP},
	};
	const char *name = core_tag(tag);
	size_t i;

	for (i = 0; name && i < sizeof(tags) / sizeof(tags[0]); i++) {
		if (strcmp(tags[i].name, name) != 0)
			continue;
		if (tags[i].type == NODE_STRING && n->text) {
			n->type = NODE_STRING;
			n->quoted = true;
			n->loose = false;
			return 0;
		}
		if (n->text)
			yaml_resolve(n);
		if (n->type == NODE_INT && tags[i].type == NODE_FLOAT)
			n->type = NODE_FLOAT;
		if (n->type == tags[i].type)
			return 0;
		break;
	}
	problems_add(r->problems, line_of(r->event.start_mark),
	    col_of(r->event.start_mark), "the tag '%.60s' does not fit here",
	    tag);
	return -1;
}

static int
read_scalar(struct reader *r, struct node *n)
{
	const char *tag = (const char *)r->event.data.scalar.tag;

	n->len = r->event.data.scalar.length;
	n->text = xstrndup((char *)r->event.data.scalar.value, n->len);
	n->quoted = r->event.data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
	n->type = NODE_STRING;
	if (count(r, n->len) < 0)
		return -1;
	if (!n->quoted)
		yaml_resolve(n);
	return tag ? apply_tag(r, n, tag) : 0;
}

static int
read_list(struct reader *r, struct node *n, int depth)
{
	const char *tag = (const char *)r->event.data.sequence_start.tag;

	n->type = NODE_LIST;
	if (count(r, 0) < 0 || (tag && apply_tag(r, n, tag) < 0))
		return -1;
	for (;;) {
		if (next(r) < 0)
			return -1;
		if (r->event.type == YAML_SEQUENCE_END_EVENT)
			return 0;
		if (read_value(r, node_add(n), depth + 1) < 0)
			return -1;
	}
}

static int
read_key(struct reader *r, struct node *member)
{
	yaml_event_t *e = &r->event;

	if (e->type != YAML_SCALAR_EVENT)
		return fault(
		    r, e->type == YAML_ALIAS_EVENT
			   ? "an alias cannot be a key here"
			   : "a key must be a plain word, not a list or an "
			     "object");
	if (e->data.scalar.length == 0)
		return fault(r, "a key is missing before ':'");
	if (strlen((char *)e->data.scalar.value) != e->data.scalar.length)
		return fault(r, "a key must not hold the character \\0");
	member->key =
	    xstrndup((char *)e->data.scalar.value, e->data.scalar.length);
	member->key_line = line_of(e->start_mark);
	member->key_col = col_of(e->start_mark);
	return count(r, e->data.scalar.length);
}

static bool
is_merge_key(const yaml_event_t *e)
{
	return e->data.scalar.style == YAML_PLAIN_SCALAR_STYLE &&
	       strcmp((char *)e->data.scalar.value, "<<") == 0;
}

/* Appends the members of `from` that `to` does not have, moving them. */
static void
take_missing(struct node *to, struct node *from)
{
	size_t i;

	for (i = 0; i < from->count; i++) {
		struct node *item;

		if (node_get(to, from->items[i].key))
			continue;
		item = node_add(to);
		*item = from->items[i];
		memset(&from->items[i], 0, sizeof(from->items[i]));
	}
}

/*
 * `<<: *a` or `<<: [*a, *b]` (YAML 1.1): members not written in the map
 * itself, the first of the list winning.
 */
static int
merge(struct reader *r, struct node *map, struct node *from)
{
	enum { MAX_MERGED = 1000 }; /* the search for keys is linear */
	size_t i;

	if (from->type == NODE_LIST) {
		for (i = 0; i < from->count; i++)
			if (merge(r, map, &from->items[i]) < 0)
				return -1;
		return 0;
	}
	if (from->type != NODE_MAP || from->count > MAX_MERGED ||
	    map->count > MAX_MERGED) {
		problems_add(r->problems, from->line, from->col,
		    from->type == NODE_MAP
			? "too many keys to merge by '<<'"
			: "'<<' must name an object, or a list of them");
		return -1;
	}
	take_missing(map, from);
	return 0;
}

/* Members from `own` on were merged; PyYAML puts them first. */
static void
put_first(struct node *map, size_t own)
{
	size_t moved = map->count - own;
	struct node *items = xcalloc(own + 1, sizeof(*items));

	memcpy(items, map->items, own * sizeof(*items));
	memmove(map->items, map->items + own, moved * sizeof(*items));
	memcpy(map->items + moved, items, own * sizeof(*items));
	free(items);
}

static int
read_map(struct reader *r, struct node *n, int depth)
{
	const char *tag = (const char *)r->event.data.mapping_start.tag;
	struct node merged = {.type = NODE_LIST};
	int ret = -1;
	size_t i, own;

	n->type = NODE_MAP;
	if (count(r, 0) < 0 || (tag && apply_tag(r, n, tag) < 0))
		return -1;
	for (;;) {
		struct node *member;

		if (next(r) < 0)
			goto out;
		if (r->event.type == YAML_MAPPING_END_EVENT)
			break;
		if (r->event.type == YAML_SCALAR_EVENT &&
		    is_merge_key(&r->event)) {
			member = node_add(&merged);
		} else {
			member = node_add(n);
			if (read_key(r, member) < 0)
				goto out;
		}
		if (next(r) < 0 || read_value(r, member, depth + 1) < 0)
			goto out;
	}
	ret = node_check_keys(n, r->problems);
	own = n->count;
	for (i = 0; ret == 0 && i < merged.count; i++)
		ret = merge(r, n, &merged.items[i]);
	if (ret == 0 && n->count > own)
		put_first(n, own);
out:
	node_clear(&merged);
	return ret;
}

/* The event is at hand. */
static int
read_value(struct reader *r, struct node *n, int depth)
{
	yaml_event_t *e = &r->event;
	const yaml_char_t *anchor = NULL;
	char *name = NULL;
	int ret;

	n->line = line_of(e->start_mark);
	n->col = col_of(e->start_mark);
	if (depth > NODE_MAX_DEPTH)
		return fault(r, "nested too deeply");
	if (e->type == YAML_ALIAS_EVENT)
		return read_alias(r, n);
	if (e->type == YAML_SCALAR_EVENT)
		anchor = e->data.scalar.anchor;
	else if (e->type == YAML_SEQUENCE_START_EVENT)
		anchor = e->data.sequence_start.anchor;
	else
		anchor = e->data.mapping_start.anchor;
	if (anchor)
		name = xstrdup((const char *)anchor);
	if (e->type == YAML_SCALAR_EVENT)
		ret = read_scalar(r, n);
	else if (e->type == YAML_SEQUENCE_START_EVENT)
		ret = read_list(r, n, depth);
	else
		ret = read_map(r, n, depth);
	if (ret == 0 && name)
		return remember(r, name, n);
	free(name);
	return ret;
}

static int
read_document(struct reader *r, struct node *root)
{
	if (next(r) < 0 || next(r) < 0) /* start of stream and document */
		return -1;
	if (r->event.type == YAML_STREAM_END_EVENT) {
		problems_add(r->problems, 1, 1, "the file is empty");
		return -1;
	}
	if (next(r) < 0 || read_value(r, root, 0) < 0 ||
	    next(r) < 0 /* end of document */ || next(r) < 0)
		return -1;
	if (r->event.type == YAML_STREAM_END_EVENT)
		return 0;
	return fault(
	    r, "a second YAML document starts here; a file must hold one");
}

int
yaml_read(
    const char *text, size_t len, struct node *root, struct problems *problems)
{
	struct reader r = {
	    .text = text, .end = text + len, .problems = problems};
	size_t i;
	int ret;

	if (!yaml_parser_initialize(&r.parser)) {
		problems_add(problems, 0, 0, "out of memory");
		return -1;
	}
	yaml_parser_set_encoding(&r.parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(
	    &r.parser, (const unsigned char *)text, len);
	ret = read_document(&r, root);
	yaml_event_delete(&r.event);
	yaml_parser_delete(&r.parser);
	for (i = 0; i < r.anchor_count; i++) {
		free(r.anchors[i].name);
		node_clear(&r.anchors[i].value);
	}
	free(r.anchors);
	return ret;
}
