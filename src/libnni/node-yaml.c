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
	struct buf path;     /* of the value at hand: "a.b[3]" */
	bool broken;	     /* the syntax ended the reading, not a limit */
	bool tab;	     /* ... namely a tab */
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

static void
tell(struct reader *r, yaml_mark_t m, const char *what)
{
	problems_add(r->problems, line_of(m), col_of(m), "%s", what);
}

/* What ends the reading. */
static int
fault(struct reader *r, const char *what)
{
	tell(r, r->event.start_mark, what);
	return -1;
}

/* What does not: the value at hand is left a null that may be anything. */
static void wrong(struct reader *r, struct node *n, const char *fmt, ...)
    NNI_FORMAT(3, 4);

static void
wrong(struct reader *r, struct node *n, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	problems_at(r->problems, false, n->line, n->col, r->path.data, fmt, ap);
	va_end(ap);
	node_clear(n);
	n->told = true;
}

/* The reader found bytes that no YAML has: it only tells their offset. */
static void
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
}

/* Where a mark of libyaml is, which counts characters. */
static const char *
place_of(const struct reader *r, yaml_mark_t m)
{
	const char *at = r->text;
	size_t left = m.index;

	for (; at < r->end && (left || (*at & 0xc0) == 0x80); at++)
		left -= (*at & 0xc0) != 0x80;
	return at;
}

/* Does a tab indent the line that starts here, if there is more in it? */
static bool
has_tab(const char *at, const char *end)
{
	bool tab = false;

	for (; at < end && (*at == ' ' || *at == '\t'); at++)
		tab |= *at == '\t';
	return tab && at < end && *at != '#' && *at != '\r' && *at != '\n';
}

/* The first tab that indents a line is at `at`. */
static void
tell_tab(struct reader *r, const char *at)
{
	size_t more = 0;

	r->tab = true;
	for (; at < r->end; at++)
		more += *at == '\n' && has_tab(at + 1, r->end);
	if (more)
		problems_add(r->problems, line_of(r->parser.problem_mark),
		    col_of(r->parser.problem_mark),
		    "a tab cannot indent in YAML; use blanks, also in %llu "
		    "line%s below",
		    (unsigned long long)more, plural(more));
	else
		tell(r, r->parser.problem_mark,
		    "a tab cannot indent in YAML; use blanks");
}

/*
 * libyaml's problems in words for people; '@' is the line of its context, '?'
 * the character that it is at.
 */
static const struct plain {
	const char *problem, *context; /* how they begin; context may be NULL */
	const char *text;
	bool at_context; /* it is the context that is at fault */
} plain[] = {
    {"found unexpected", "while scanning a quoted scalar",
	"this quote is never closed", true},
    {"did not find expected ',' or ']'", NULL,
	"expected ',' or ']'; the list begins in line @", false},
    {"did not find expected ',' or '}'", NULL,
	"expected ',' or '}'; the object begins in line @", false},
    {"did not find expected key", NULL,
	"expected a key of the object that begins in line @; is this line "
	"indented as the other keys, or does a text need quotes?",
	false},
    {"mapping values are not allowed", NULL,
	"':' cannot stand here; is this line indented wrongly, or does a text "
	"with ': ' in it need quotes?",
	false},
    {"could not find expected ':'", NULL,
	"expected ':' behind the key in line @", false},
    {"did not find expected '-'", NULL,
	"expected '-'; is this line indented as the others of the list that "
	"begins in line @?",
	false},
    {"block sequence entries are not allowed", NULL,
	"a list cannot begin here; its '-' needs a line of its own", false},
    {"found character that cannot start any token", NULL,
	"a text that begins with '?' needs quotes", false},
    {"did not find expected alphabetic or numeric", NULL,
	"a text that begins with '*' or '&' needs quotes", true},
    {"found undefined tag handle", NULL,
	"a text that begins with '!' needs quotes", true},
    {"found unknown escape character", NULL,
	"'\\' begins an escape in \"...\", and this is none; in '...' it "
	"stands for itself",
	false},
    {"did not find expected comment or line break", NULL,
	"nothing can follow '|' or '>' in this line", false},
    {"did not find expected <document start>", NULL,
	"nothing can follow here; is this line indented wrongly?", false},
    {"did not find expected node content", NULL, "expected a value", false},
};

static const struct plain *
find_plain(const yaml_parser_t *p)
{
	size_t i;

	for (i = 0; i < sizeof(plain) / sizeof(plain[0]); i++) {
		const char *begin = plain[i].problem, *in = plain[i].context;

		if (strncmp(p->problem, begin, strlen(begin)) == 0 &&
		    (!in || (p->context &&
				strncmp(p->context, in, strlen(in)) == 0)))
			return &plain[i];
	}
	return NULL;
}

/* The character of the text that is at `at`, whole. */
static void
add_character(struct reader *r, const char *at, struct buf *out)
{
	size_t len = at < r->end;

	while (at + len < r->end && (at[len] & 0xc0) == 0x80)
		len++;
	buf_add(out, at, len);
}

static void
tell_syntax(struct reader *r, const char *at)
{
	const yaml_parser_t *p = &r->parser;
	const struct plain *words = find_plain(p);
	yaml_mark_t mark = p->problem_mark;
	struct buf text = BUF_INIT;
	const char *s;

	if (words && words->at_context && p->context)
		mark = p->context_mark;
	for (s = words ? words->text : p->problem; *s; s++)
		if (words && *s == '@')
			buf_addf(&text, "%d", line_of(p->context_mark));
		else if (words && *s == '?' && s[1] == '\'')
			add_character(r, at, &text);
		else
			buf_addc(&text, *s);
	if (!words && p->context)
		buf_addf(&text, " (%s from line %d on)", p->context,
		    line_of(p->context_mark));
	tell(r, mark, text.data);
	buf_release(&text);
}

static int
syntax_error(struct reader *r)
{
	const yaml_parser_t *p = &r->parser;
	const char *at = place_of(r, p->problem_mark);

	if (p->error != YAML_READER_ERROR &&
	    (p->error == YAML_MEMORY_ERROR || !p->problem))
		return fault(r, "out of memory");
	r->broken = true;
	/* libyaml speaks of tokens, or calls the text a scalar gone wrong */
	if (p->error == YAML_READER_ERROR)
		bad_bytes(r);
	else if (at < r->end &&
		 (*at == '\t' || strstr(p->problem, "tab character")))
		tell_tab(r, at);
	else
		tell_syntax(r, at);
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

/* A password that begins with '*' or '!' is no name to be told. */
static const char *
name_to_tell(const struct reader *r, const char *name)
{
	return node_sounds_secret(r->path.data) ? "..." : name;
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
	name = name_to_tell(r, name);
	wrong(r, n,
	    "no value is marked '&%.40s' before '*%.40s'; a text that begins "
	    "with '*' needs quotes",
	    name, name);
	return count(r, 0);
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

/* True if the value is, or can be taken for, what the tag says. */
static bool
apply_tag(struct node *n, const char *tag)
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
			return true;
		}
		if (n->text)
			yaml_resolve(n);
		if (n->type == NODE_INT && tags[i].type == NODE_FLOAT)
			n->type = NODE_FLOAT;
		return n->type == tags[i].type;
	}
	return false;
}

static int
read_scalar(struct reader *r, struct node *n)
{
	n->len = r->event.data.scalar.length;
	n->text = xstrndup((char *)r->event.data.scalar.value, n->len);
	n->quoted = r->event.data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
	n->type = NODE_STRING;
	if (count(r, n->len) < 0)
		return -1;
	if (!n->quoted)
		yaml_resolve(n);
	return 0;
}

static int
read_list(struct reader *r, struct node *n, int depth)
{
	n->type = NODE_LIST;
	if (count(r, 0) < 0)
		return -1;
	for (;;) {
		struct node *item;
		size_t was;
		int ret;

		if (next(r) < 0)
			return -1;
		if (r->event.type == YAML_SEQUENCE_END_EVENT)
			return 0;
		item = node_add(n);
		was = node_path(&r->path, n);
		ret = read_value(r, item, depth + 1);
		buf_cut(&r->path, was);
		if (ret < 0)
			return -1;
	}
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
static void
merge(struct reader *r, struct node *map, struct node *from)
{
	enum { MAX_MERGED = 1000 }; /* the search for keys is linear */
	size_t i;

	if (from->type == NODE_LIST) {
		for (i = 0; i < from->count; i++)
			merge(r, map, &from->items[i]);
		return;
	}
	map->told |= from->told;
	if (from->type == NODE_NULL && from->told)
		return;
	if (from->type == NODE_MAP && from->count <= MAX_MERGED &&
	    map->count <= MAX_MERGED) {
		take_missing(map, from);
		return;
	}
	problems_add(r->problems, from->line, from->col,
	    from->type == NODE_MAP
		? "too many keys to merge by '<<'"
		: "'<<' must name an object, or a list of them");
	map->told = true;
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

/* Why an event cannot be a key; NULL. */
static const char *
no_key(const yaml_event_t *e)
{
	if (e->type == YAML_ALIAS_EVENT)
		return "an alias cannot be a key here";
	if (e->type != YAML_SCALAR_EVENT)
		return "a key must be a plain word, not a list or an object; "
		       "a text with '{', '[' or '?' in front needs quotes";
	if (e->data.scalar.length == 0)
		return "a key is missing before ':'";
	if (strlen((char *)e->data.scalar.value) != e->data.scalar.length)
		return "a key must not hold the character \\0";
	return NULL;
}

/* The event of its key is at hand. */
static int
read_member(struct reader *r, struct node *map, struct node *merged, int depth)
{
	const yaml_event_t *e = &r->event;
	const char *why = no_key(e);
	struct node dropped = {.type = NODE_NULL}, *member = &dropped;
	size_t was = r->path.len;
	int ret = 0;

	if (why) {
		tell(r, e->start_mark, why);
		map->told = true;
		if (e->type != YAML_ALIAS_EVENT && e->type != YAML_SCALAR_EVENT)
			ret = read_value(r, &dropped, depth + 1);
		node_clear(&dropped);
	} else if (is_merge_key(e)) {
		member = node_add(merged);
	} else {
		member = node_add(map);
		member->key = xstrdup((char *)e->data.scalar.value);
		member->key_line = line_of(e->start_mark);
		member->key_col = col_of(e->start_mark);
		node_path(&r->path, map);
		ret = count(r, e->data.scalar.length);
	}
	if (ret == 0)
		ret = next(r);
	if (ret == 0)
		ret = read_value(r, member, depth + 1);
	node_clear(&dropped);
	buf_cut(&r->path, was);
	return ret;
}

static int
read_map(struct reader *r, struct node *n, int depth)
{
	struct node merged = {.type = NODE_LIST};
	int ret;
	size_t i, own;

	n->type = NODE_MAP;
	ret = count(r, 0);
	while (ret == 0) {
		ret = next(r);
		if (ret < 0 || r->event.type == YAML_MAPPING_END_EVENT)
			break;
		ret = read_member(r, n, &merged, depth);
	}
	node_check_keys(n, r->path.data, r->problems);
	own = n->count;
	for (i = 0; ret == 0 && i < merged.count; i++)
		merge(r, n, &merged.items[i]);
	if (n->count > own)
		put_first(n, own);
	node_clear(&merged);
	return ret;
}

/* The event's anchor or tag, a copy; NULL. */
static char *
own_copy(const yaml_char_t *name)
{
	return name ? xstrdup((const char *)name) : NULL;
}

/* A value that is no alias; the event is at hand. */
static int
read_fresh(struct reader *r, struct node *n, int depth)
{
	yaml_event_t *e = &r->event;
	char *anchor, *tag;
	int ret;

	if (e->type == YAML_SCALAR_EVENT) {
		anchor = own_copy(e->data.scalar.anchor);
		tag = own_copy(e->data.scalar.tag);
		ret = read_scalar(r, n);
	} else if (e->type == YAML_SEQUENCE_START_EVENT) {
		anchor = own_copy(e->data.sequence_start.anchor);
		tag = own_copy(e->data.sequence_start.tag);
		ret = read_list(r, n, depth);
	} else {
		anchor = own_copy(e->data.mapping_start.anchor);
		tag = own_copy(e->data.mapping_start.tag);
		ret = read_map(r, n, depth);
	}
	if (ret == 0 && tag && !apply_tag(n, tag))
		wrong(r, n, "the tag '%s%.60s' does not fit here; leave it out",
		    core_tag(tag) ? "!!" : "",
		    core_tag(tag) ? core_tag(tag) : name_to_tell(r, tag));
	free(tag);
	if (ret == 0 && anchor)
		return remember(r, anchor, n);
	free(anchor);
	return ret;
}

/* The event is at hand. */
static int
read_value(struct reader *r, struct node *n, int depth)
{
	n->line = line_of(r->event.start_mark);
	n->col = col_of(r->event.start_mark);
	if (depth > NODE_MAX_DEPTH)
		return fault(r, "nested too deeply");
	if (r->event.type == YAML_ALIAS_EVENT)
		return read_alias(r, n);
	return read_fresh(r, n, depth);
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
	if (r->event.type != YAML_STREAM_END_EVENT) {
		tell(r, r->event.start_mark,
		    "a second YAML document starts here; a file must hold one");
		root->told |= root->type == NODE_NULL;
	}
	return 0;
}

/*
 * What stands last before an error of syntax may be only a part, or not what
 * was meant at all; what stands before it is judged as ever.
 */
static void
leave_whole(struct node *root)
{
	root->told = true;
	if (root->type == NODE_MAP && root->count) {
		struct node *last = &root->items[root->count - 1];

		node_clear(last);
		last->told = true;
	}
}

/* yaml_read(), but for the tabs; *tab: one of them ended it. */
static int
read_once(const char *text, size_t len, struct node *root,
    struct problems *problems, bool *tab)
{
	struct reader r = {.text = text,
	    .end = text + len,
	    .path = BUF_INIT,
	    .problems = problems};
	size_t i;
	int ret;

	*tab = false;
	if (!yaml_parser_initialize(&r.parser)) {
		problems_add(problems, 0, 0, "out of memory");
		return -1;
	}
	yaml_parser_set_encoding(&r.parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(
	    &r.parser, (const unsigned char *)text, len);
	ret = read_document(&r, root);
	*tab = r.tab;
	yaml_event_delete(&r.event);
	yaml_parser_delete(&r.parser);
	buf_release(&r.path);
	for (i = 0; i < r.anchor_count; i++) {
		free(r.anchors[i].name);
		node_clear(&r.anchors[i].value);
	}
	free(r.anchors);
	if (ret < 0 && !r.broken)
		return -1;
	if (ret < 0)
		leave_whole(root);
	return ret < 0;
}

/* Makes every tab that indents a blank: columns stay what they are. */
static void
without_tabs(const char *text, size_t len, struct buf *out)
{
	bool indenting = true;
	size_t i;

	for (i = 0; i < len; i++) {
		if (text[i] == '\n')
			indenting = true;
		else if (text[i] != ' ' && text[i] != '\t')
			indenting = false;
		buf_addc(out, indenting && text[i] == '\t' ? ' ' : text[i]);
	}
}

int
yaml_read(
    const char *text, size_t len, struct node *root, struct problems *problems)
{
	enum { MAX_REPAIRED = 1 << 20 };
	struct problems others = PROBLEMS_INIT;
	struct node repaired = {.type = NODE_NULL};
	struct buf blanks = BUF_INIT;
	bool tab, again;
	int ret = read_once(text, len, root, problems, &tab);
	size_t i;

	if (ret != 1 || !tab || len > MAX_REPAIRED)
		return ret;
	without_tabs(text, len, &blanks);
	if (read_once(blanks.data, blanks.len, &repaired, &others, &again) ==
	    0) {
		node_clear(root);
		*root = repaired;
		for (i = 0; i < others.count; i++)
			problems_add(problems, others.items[i].line,
			    others.items[i].col, "%s", others.items[i].text);
		ret = 0;
	} else {
		node_clear(&repaired);
	}
	problems_release(&others);
	buf_release(&blanks);
	return ret;
}
