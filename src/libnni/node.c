/*
 * The tree of a file that a person wrote: reading JSON into it, writing it as
 * JSON, numbers.  YAML is read in node-yaml.c.
 */
#include "node.h"

#include <stdlib.h>
#include <string.h>

#include "mem.h"
#include "node-yaml.h"
#include "quote.h"

/* ---- the tree ---- */

void
node_clear(struct node *n)
{
	size_t i;

	for (i = 0; i < n->count; i++) {
		node_clear(&n->items[i]);
		free(n->items[i].key);
	}
	free(n->items);
	free(n->text);
	free(n->raw);
	n->items = NULL;
	n->text = n->raw = NULL;
	n->count = n->len = 0;
	n->type = NODE_NULL;
	n->quoted = n->loose = n->told = false;
}

struct node *
node_new(void)
{
	return xcalloc(1, sizeof(struct node));
}

void
node_free(struct node *root)
{
	if (root) {
		node_clear(root);
		free(root->key);
	}
	free(root);
}

void
node_copy(struct node *to, const struct node *from)
{
	size_t i;

	node_clear(to);
	to->type = from->type;
	to->quoted = from->quoted;
	to->loose = from->loose;
	to->told = from->told;
	to->line = from->line;
	to->col = from->col;
	to->len = from->len;
	to->text = from->text ? xstrndup(from->text, from->len) : NULL;
	to->raw = from->raw ? xstrdup(from->raw) : NULL;
	for (i = 0; i < from->count; i++) {
		const struct node *item = &from->items[i];
		struct node *made = node_add(to);

		if (item->key) {
			made->key = xstrdup(item->key);
			made->key_line = item->key_line;
			made->key_col = item->key_col;
			made->repeated = item->repeated;
		}
		node_copy(made, item);
	}
}

struct node *
node_add(struct node *parent)
{
	struct node *n;

	/* doubling from powers of two */
	if ((parent->count & (parent->count - 1)) == 0)
		parent->items = xreallocarray(parent->items,
		    parent->count ? parent->count * 2 : 1,
		    sizeof(*parent->items));
	n = &parent->items[parent->count++];
	memset(n, 0, sizeof(*n));
	return n;
}

struct node *
node_get(const struct node *map, const char *key)
{
	size_t i;

	if (!map || map->type != NODE_MAP)
		return NULL;
	for (i = 0; i < map->count; i++)
		if (strcmp(map->items[i].key, key) == 0)
			return &map->items[i];
	return NULL;
}

static int
by_key(const void *a, const void *b)
{
	const struct node *x = *(struct node *const *)a;
	const struct node *y = *(struct node *const *)b;
	int order = strcmp(x->key, y->key);

	if (order)
		return order;
	return x < y ? -1 : x > y;
}

size_t
node_path(struct buf *path, const struct node *parent)
{
	const struct node *last = &parent->items[parent->count - 1];
	size_t was = path->len;

	if (last->key)
		buf_addf(path, "%s%.200s", was ? "." : "", last->key);
	else
		buf_addf(path, "[%llu]", (unsigned long long)parent->count - 1);
	return was;
}

void
node_check_keys(
    const struct node *map, const char *path, struct problems *problems)
{
	struct node **sorted;
	size_t i, first = 0;

	if (map->count < 2)
		return;
	sorted = xcalloc(map->count, sizeof(struct node *));
	for (i = 0; i < map->count; i++)
		sorted[i] = &map->items[i];
	qsort(sorted, map->count, sizeof(struct node *), by_key);
	for (i = 1; i < map->count; i++) {
		if (strcmp(sorted[first]->key, sorted[i]->key) != 0) {
			first = i;
			continue;
		}
		sorted[i]->repeated = true;
		problems_add(problems, sorted[i]->key_line, sorted[i]->key_col,
		    "%s%s%.200s: is set again; it is set in line %d, column %d "
		    "already",
		    path, *path ? "." : "", sorted[i]->key,
		    sorted[first]->key_line, sorted[first]->key_col);
	}
	free(sorted);
}

/* ---- reading JSON ---- */

struct reader {
	const char *at; /* line and col are of this place */
	const char *end;
	int line, col;
	size_t count;
	struct buf path; /* of the value at hand: "a.b[3]" */
	struct problems *problems;
};

/* Moves to a later place. Columns count characters, as libyaml's do. */
static void
move_to(struct reader *r, const char *to)
{
	for (; r->at < to; r->at++) {
		if (*r->at == '\n') {
			r->line++;
			r->col = 1;
		} else if ((*r->at & 0xc0) != 0x80) {
			r->col++;
		}
	}
}

static void
read_text(struct node *n, struct json v)
{
	struct buf text = BUF_INIT;

	if (json_type(v) == JSON_STRING)
		json_string(v, &text);
	else
		buf_add(&text, v.at, v.len);
	n->len = text.len;
	n->text = buf_detach(&text);
	if (n->type == NODE_STRING && memchr(v.at, '\\', v.len))
		n->raw = xstrndup(v.at, v.len);
}

static enum node_type
type_of(struct json v)
{
	switch (json_type(v)) {
	case JSON_OBJECT:
		return NODE_MAP;
	case JSON_ARRAY:
		return NODE_LIST;
	case JSON_STRING:
		return NODE_STRING;
	case JSON_TRUE:
	case JSON_FALSE:
		return NODE_BOOL;
	case JSON_NUMBER:
		break;
	default:
		return NODE_NULL;
	}
	/* NaN and Infinity have an 'n' or an 'N' */
	if (memchr(v.at, '.', v.len) || memchr(v.at, 'e', v.len) ||
	    memchr(v.at, 'E', v.len) || memchr(v.at, 'N', v.len) ||
	    memchr(v.at, 'n', v.len))
		return NODE_FLOAT;
	return NODE_INT;
}

static void
read_key(struct reader *r, struct node *n, struct json key)
{
	struct json quoted = json_key_string(key);

	move_to(r, quoted.at);
	n->key_line = r->line;
	n->key_col = r->col;
	n->key = json_strdup(quoted);
	if (n->key)
		return;
	n->key = xstrdup("");
	problems_add(r->problems, r->line, r->col,
	    "a key must not hold the character \\u0000");
}

static int
read_json(struct reader *r, struct node *n, struct json v, int depth)
{
	struct json_iter it;
	struct json key, value;
	int ret = 0;
	size_t was;

	move_to(r, v.at);
	n->line = r->line;
	n->col = r->col;
	n->type = type_of(v);
	if (++r->count > NODE_MAX_COUNT) {
		problems_add(r->problems, r->line, r->col, "too many values");
		return -1;
	}
	if (n->type != NODE_LIST && n->type != NODE_MAP) {
		n->quoted = n->type == NODE_STRING;
		read_text(n, v);
		return 0;
	}
	if (depth >= NODE_MAX_DEPTH) {
		problems_add(r->problems, r->line, r->col, "nested too deeply");
		return -1;
	}
	json_iter_init(&it, v);
	while (ret == 0 && json_next(&it, &key, &value)) {
		struct node *item = node_add(n);

		if (n->type == NODE_MAP)
			read_key(r, item, key);
		was = node_path(&r->path, n);
		ret = read_json(r, item, value, depth + 1);
		buf_cut(&r->path, was);
	}
	if (n->type == NODE_MAP)
		node_check_keys(n, r->path.data, r->problems);
	return ret;
}

/* True if it was JSON by the letter, and so for JSON's reader to judge. */
static bool
try_json(const char *text, size_t len, struct node *root,
    struct problems *problems, int *ret, struct reader *fault, struct buf *why)
{
	struct reader r = {text, text + len, 1, 1, 0, BUF_INIT, problems};
	struct json v;
	size_t where = 0;

	if (json_check(text, len, JSON_NAN, &v, &where, why) < 0) {
		*fault = r;
		move_to(fault, text + where);
		return false;
	}
	*ret = read_json(&r, root, v, 0);
	buf_release(&r.path);
	return true;
}

/* A file that begins so was meant to be JSON. */
static bool
looks_like_json(const char *text, size_t len)
{
	while (len && strchr(" \t\r\n", *text)) {
		text++;
		len--;
	}
	return len && (*text == '{' || *text == '[');
}

static int
parse_either(
    const char *text, size_t len, struct node *root, struct problems *problems)
{
	struct problems yaml = PROBLEMS_INIT;
	struct buf why = BUF_INIT;
	struct reader fault;
	size_t i;
	int ret;

	if (!try_json(text, len, root, problems, &ret, &fault, &why)) {
		ret = yaml_read(text, len, root, &yaml);
		for (i = 0; i < yaml.count; i++) {
			const struct problem *p = &yaml.items[i];

			/* what ended the reading is the last */
			if (ret != 0 && i + 1 == yaml.count &&
			    looks_like_json(text, len))
				problems_add(problems, fault.line, fault.col,
				    "not JSON: %s; and not YAML: line %d, "
				    "column %d: %s",
				    why.data, p->line, p->col, p->text);
			else
				problems_add(
				    problems, p->line, p->col, "%s", p->text);
		}
	}
	problems_release(&yaml);
	buf_release(&why);
	return ret;
}

int
node_parse(const char *text, size_t len, enum node_syntax syntax,
    struct node **root, struct problems *problems)
{
	size_t before = problems->errors;
	int ret;

	*root = NULL;
	if (len > NODE_MAX_BYTES) {
		problems_add(problems, 0, 0, "is larger than %d MiB",
		    (int)(NODE_MAX_BYTES >> 20));
		return -1;
	}
	if (len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) {
		text += 3;
		len -= 3;
	}
	*root = node_new();
	if (syntax == NODE_YAML)
		ret = yaml_read(text, len, *root, problems);
	else
		ret = parse_either(text, len, *root, problems);
	if (ret < 0) {
		node_free(*root);
		*root = NULL;
	}
	return problems->errors == before ? 0 : -1;
}

/* ---- numbers ---- */

static bool
is_json_number(const char *s, size_t len)
{
	struct json v;

	return json_check(s, len, JSON_STRICT, &v, NULL, NULL) == 0 &&
	       json_type(v) == JSON_NUMBER && v.len == len;
}

/* 1:30:00 is base 60 in YAML 1.1; the last part may have a fraction. */
static double
base_60(const char *s)
{
	double whole = 0;
	const char *colon;

	for (; (colon = strchr(s, ':')); s = colon + 1)
		whole = (whole + strtod(s, NULL)) * 60;
	return whole + strtod(s, NULL);
}

/* 0x1F, 0b11, 017; false for a decimal. What passes 64 bits is rounded. */
static bool
add_radix(struct buf *out, const char *s, bool negative)
{
	int base;
	double value = 0;
	uint64_t exact = 0;

	if (s[0] != '0' || !s[1])
		return false;
	base = s[1] == 'x' ? 16 : s[1] == 'b' ? 2 : 8;
	for (s += base == 8 ? 1 : 2; *s; s++) {
		int digit = *s <= '9' ? *s - '0' : (*s | 0x20) - 'a' + 10;

		value = value * base + digit;
		exact = exact * (uint64_t)base + (uint64_t)digit;
	}
	buf_adds(out, negative ? "-" : "");
	if (value < 18446744073709551616.0)
		buf_addf(out, "%llu", (unsigned long long)exact);
	else
		buf_addf(out, "%.0f", value);
	return true;
}

/* The digits of a decimal spelling made JSON's: .5, 5., 007.5, 1.e5. */
static void
add_decimal(struct buf *out, const char *s)
{
	while (s[0] == '0' && s[1] >= '0' && s[1] <= '9')
		s++;
	if (*s == '.')
		buf_addc(out, '0');
	for (; *s; s++) {
		buf_addc(out, *s);
		if (*s == '.' && !(s[1] >= '0' && s[1] <= '9'))
			buf_addc(out, '0');
	}
}

static void
add_number(const struct node *n, struct buf *out)
{
	struct buf bare = BUF_INIT;
	const char *s;
	bool negative = n->text[0] == '-';

	if (is_json_number(n->text, n->len)) {
		buf_add(out, n->text, n->len);
		return;
	}
	for (s = n->text; *s; s++)
		if (*s != '_' && !(s == n->text && (*s == '+' || *s == '-')))
			buf_addc(&bare, *s);
	if ((strchr("iInN", bare.data[0]) && bare.len) ||
	    (bare.data[0] == '.' && strchr("iInN", bare.data[1]))) {
		const char *name =
		    strpbrk(bare.data, "fF") ? "Infinity" : "NaN";

		buf_addf(out, "\"%s%s\"", negative ? "-" : "", name);
	} else if (strchr(bare.data, ':')) {
		double d = base_60(bare.data);

		if (n->type == NODE_INT)
			buf_addf(out, "%.0f", negative ? -d : d);
		else
			json_add_double(out, negative ? -d : d);
	} else if (n->type == NODE_FLOAT ||
		   !add_radix(out, bare.data, negative)) {
		buf_adds(out, negative ? "-" : "");
		add_decimal(out, bare.data);
	}
	buf_release(&bare);
}

int
node_int(const struct node *n, int64_t *to)
{
	struct buf text = BUF_INIT;
	int ret;

	if (n->type != NODE_INT)
		return -1;
	add_number(n, &text);
	ret = json_int((struct json){text.data, text.len}, to);
	buf_release(&text);
	return ret;
}

int
node_double(const struct node *n, double *to)
{
	struct node spelt = *n;
	struct buf text = BUF_INIT;
	int ret = -1;

	if (n->type == NODE_STRING && n->len) {
		yaml_resolve(&spelt);
		if (strlen(n->text) != n->len)
			return -1;
	}
	if (spelt.type == NODE_INT || spelt.type == NODE_FLOAT) {
		add_number(&spelt, &text);
		ret = json_double((struct json){text.data, text.len}, to);
	}
	buf_release(&text);
	return ret;
}

/* ---- writing ---- */

static bool
is_true(const struct node *n)
{
	char c = n->text[0] | 0x20;

	/* true, yes, on; not off */
	return c == 't' || c == 'y' || (c == 'o' && n->len == 2);
}

static void
write_string(const char *text, size_t len, bool python, struct buf *out)
{
	struct buf plain = BUF_INIT;

	if (python) {
		json_add_string(&plain, text, len);
		json_add_python(out, (struct json){plain.data, plain.len});
	} else {
		json_add_string(out, text, len);
	}
	buf_release(&plain);
}

static void
write_raw(const char *raw, bool python, struct buf *out)
{
	if (python)
		json_add_python(out, (struct json){raw, strlen(raw)});
	else
		buf_adds(out, raw);
}

static void write_node(struct node *n, bool python, struct buf *out);

static void
write_items(struct node *n, bool python, struct buf *out)
{
	const char *comma = python ? ", " : ",", *colon = python ? ": " : ":";
	size_t i;

	buf_addc(out, n->type == NODE_LIST ? '[' : '{');
	for (i = 0; i < n->count; i++) {
		if (i)
			buf_adds(out, comma);
		if (n->type == NODE_MAP) {
			n->items[i].key_at = out->len;
			write_string(n->items[i].key, strlen(n->items[i].key),
			    python, out);
			n->items[i].key_len = out->len - n->items[i].key_at;
			buf_adds(out, colon);
		}
		write_node(&n->items[i], python, out);
	}
	buf_addc(out, n->type == NODE_LIST ? ']' : '}');
}

static void
write_node(struct node *n, bool python, struct buf *out)
{
	n->json_at = out->len;
	switch (n->type) {
	case NODE_NULL:
		buf_adds(out, "null");
		break;
	case NODE_BOOL:
		buf_adds(out, is_true(n) ? "true" : "false");
		break;
	case NODE_INT:
	case NODE_FLOAT:
		add_number(n, out);
		break;
	case NODE_STRING:
		if (n->raw)
			write_raw(n->raw, python, out);
		else
			write_string(n->text, n->len, python, out);
		break;
	case NODE_LIST:
	case NODE_MAP:
		write_items(n, python, out);
		break;
	}
	n->json_len = out->len - n->json_at;
}

void
node_json(struct node *n, struct buf *out)
{
	write_node(n, false, out);
}

void
node_json_python(struct node *n, struct buf *out)
{
	write_node(n, true, out);
}

struct json
node_slice(const struct node *n, const struct buf *out)
{
	return (struct json){out->data + n->json_at, n->json_len};
}

bool
node_bool(const struct node *n)
{
	return n->type == NODE_BOOL && is_true(n);
}

bool
node_sounds_secret(const char *key)
{
	static const char *const words[] = {"password", "passwd", "passphrase",
	    "secret", "token", "accountkey", "apikey", "privatekey",
	    "credential"};
	struct buf folded = BUF_INIT;
	bool found = false;
	size_t i;

	for (; *key; key++)
		if (*key >= 'A' && *key <= 'Z')
			buf_addc(&folded, (char)(*key + ('a' - 'A')));
		else if (*key != '_' && *key != '-')
			buf_addc(&folded, *key);
	for (i = 0; i < sizeof(words) / sizeof(words[0]) && !found; i++)
		found = strstr(folded.data, words[i]) != NULL;
	buf_release(&folded);
	return found;
}

void
node_describe(const struct node *n, struct buf *out)
{
	enum { SHOWN = 40 };
	struct buf text = BUF_INIT;
	size_t len;

	switch (n->type) {
	case NODE_NULL:
		buf_adds(out, "null");
		return;
	case NODE_LIST:
		buf_adds(out, n->count ? "a list" : "an empty list");
		return;
	case NODE_MAP:
		buf_adds(out, n->count ? "an object" : "an empty object");
		return;
	case NODE_BOOL:
		break;
	case NODE_INT:
	case NODE_FLOAT:
		buf_adds(out, "the number ");
		break;
	case NODE_STRING:
		buf_adds(out, "the text '");
		break;
	}
	buf_add(&text, n->text, n->len);
	quote_hide_logins(&text);
	len = text.len;
	if (len > SHOWN) {
		len = SHOWN;
		while (len && (text.data[len] & 0xc0) == 0x80)
			len--;
	}
	buf_add(out, text.data, len);
	if (len < text.len)
		buf_adds(out, "...");
	if (n->type == NODE_STRING)
		buf_addc(out, '\'');
	buf_release(&text);
}
