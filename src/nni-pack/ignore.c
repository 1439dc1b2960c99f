/*
 * gitignore(5) patterns: reading and matching.
 *
 * A pattern becomes a literal prefix and a row of tokens, which are run as a
 * nondeterministic automaton: all positions in the pattern that the bytes so
 * far can have led to are kept side by side.  So the time is at most the
 * length of the pattern times that of the path, also for patterns like
 * "*a*a*a*a*b", which make a backtracking matcher run for hours.
 *
 * The literal prefix is cut off before the wildcards are looked at because git
 * does so, and it shows: in "a**" "/b" the two stars come to stand at the
 * beginning of what is left, and there they match across directories.
 */
#include "ignore.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "mem.h"

enum token_kind {
	TOKEN_BYTE,  /* this byte */
	TOKEN_ONE,   /* any byte but '/' */
	TOKEN_SET,   /* any byte of the set; never '/' */
	TOKEN_STAR,  /* any number of bytes but '/' */
	TOKEN_STARS, /* any number of bytes */
	TOKEN_SKIP   /* the next two tokens, TOKEN_STARS and '/', or neither */
};

struct token {
	enum token_kind kind;
	unsigned char byte;
	uint32_t set[8];
};

static bool
is_special(char c)
{
	return c == '*' || c == '?' || c == '[' || c == '\\';
}

/* ---- character classes: ASCII only, and as git sees them ---- */

static bool
is_upper(unsigned c)
{
	return c >= 'A' && c <= 'Z';
}

static bool
is_lower(unsigned c)
{
	return c >= 'a' && c <= 'z';
}

static bool
is_digit(unsigned c)
{
	return c >= '0' && c <= '9';
}

static bool
is_alpha(unsigned c)
{
	return is_upper(c) || is_lower(c);
}

static bool
is_alnum(unsigned c)
{
	return is_alpha(c) || is_digit(c);
}

static bool
is_blank(unsigned c)
{
	return c == ' ' || c == '\t';
}

static bool
is_cntrl(unsigned c)
{
	return c < ' ' || c == 127;
}

/* In git, vertical tab and form feed are no space. */
static bool
is_space(unsigned c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static bool
is_print(unsigned c)
{
	return c >= ' ' && c < 127;
}

static bool
is_graph(unsigned c)
{
	return c > ' ' && c < 127;
}

static bool
is_punct(unsigned c)
{
	return is_graph(c) && !is_alnum(c);
}

static bool
is_xdigit(unsigned c)
{
	return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

static const struct {
	const char *name;
	bool (*has)(unsigned c);
} classes[] = {{"alnum", is_alnum}, {"alpha", is_alpha}, {"blank", is_blank},
    {"cntrl", is_cntrl}, {"digit", is_digit}, {"graph", is_graph},
    {"lower", is_lower}, {"print", is_print}, {"punct", is_punct},
    {"space", is_space}, {"upper", is_upper}, {"xdigit", is_xdigit}};

static void
set_add(struct token *t, unsigned c)
{
	t->set[c / 32] |= (uint32_t)1 << c % 32;
}

static bool
set_has(const struct token *t, unsigned c)
{
	return (t->set[c / 32] >> c % 32 & 1) != 0;
}

/* False if there is no class of that name: the pattern matches nothing. */
static bool
set_add_class(struct token *t, const char *name, size_t len)
{
	size_t i;
	unsigned c;

	for (i = 0; i < sizeof classes / sizeof classes[0]; i++) {
		if (strlen(classes[i].name) != len ||
		    memcmp(classes[i].name, name, len) != 0)
			continue;
		for (c = 0; c < 128; c++)
			if (classes[i].has(c))
				set_add(t, c);
		return true;
	}
	return false;
}

/*
 * "[:name:]" at p: adds it and returns what is behind it; p itself if it is no
 * such thing and its '[' stands for itself; NULL if it is malformed.
 */
static const char *
read_class(struct token *t, const char *p, const char *end)
{
	const char *name = p + 2, *close;

	if (end - p < 2 || p[1] != ':')
		return p;
	close = memchr(name, ']', (size_t)(end - name));
	if (close == NULL)
		return NULL;
	if (close == name || close[-1] != ':')
		return p;
	if (!set_add_class(t, name, (size_t)(close - 1 - name)))
		return NULL;
	return close + 1;
}

/* One byte, perhaps behind a backslash; -1 at the end of the pattern. */
static int
read_byte(const char **p, const char *end)
{
	if (*p < end && **p == '\\')
		++*p;
	return *p < end ? (unsigned char)*(*p)++ : -1;
}

/*
 * The set whose '[' is before p.  Returns what is behind its ']', or NULL if
 * it is malformed.  `before` is the byte that a '-' makes a range from; -1
 * where it cannot: at the beginning, behind a range, behind a class.
 */
static const char *
read_set(struct token *t, const char *p, const char *end)
{
	bool negated = p < end && (*p == '!' || *p == '^'), first = true;
	int before = -1, c;
	const char *next;
	size_t i;

	memset(t, 0, sizeof *t);
	t->kind = TOKEN_SET;
	if (negated)
		p++;
	for (; p < end && (first || *p != ']'); first = false) {
		next = *p == '[' ? read_class(t, p, end) : p;
		if (next == NULL)
			return NULL;
		if (next != p) {
			before = -1;
			p = next;
		} else if (*p == '-' && before >= 0 && end - p > 1 &&
			   p[1] != ']') {
			p++;
			if ((c = read_byte(&p, end)) < 0)
				return NULL;
			for (; before <= c; before++)
				set_add(t, (unsigned)before);
			before = -1;
		} else {
			if ((before = read_byte(&p, end)) < 0)
				return NULL;
			set_add(t, (unsigned)before);
		}
	}
	if (p == end)
		return NULL;
	for (i = 0; negated && i < 8; i++)
		t->set[i] = ~t->set[i];
	t->set['/' / 32] &= ~((uint32_t)1 << '/' % 32);
	return p + 1;
}

/*
 * The stars at p become one or more tokens at r->tokens + r->token_count.
 * `begin` is the beginning of what the tokens are made of.
 */
static const char *
read_stars(
    struct ignore_rule *r, const char *begin, const char *p, const char *end)
{
	struct token *t = r->tokens + r->token_count;
	const char *q = p;

	while (q < end && *q == '*')
		q++;
	t->kind = TOKEN_STAR;
	if (q - p > 1 && (p == begin || p[-1] == '/') &&
	    (q == end || *q == '/' ||
		(*q == '\\' && end - q > 1 && q[1] == '/'))) {
		if (q < end && *q == '/') {
			t->kind = TOKEN_SKIP;
			t++;
			r->token_count++;
		}
		t->kind = TOKEN_STARS;
	}
	r->token_count++;
	return q;
}

/* Makes tokens of a pattern; sets r->never if it is malformed. */
static void
compile(struct ignore_rule *r, const char *p, const char *end)
{
	const char *begin = p;
	struct token *t;

	/* Two for "**", one for any other byte, is the most there can be. */
	r->tokens = xcalloc((size_t)(end - p) + 1, sizeof *r->tokens);
	while (p < end) {
		t = r->tokens + r->token_count;
		if (*p == '*') {
			p = read_stars(r, begin, p, end);
			continue;
		}
		if (*p == '[') {
			p = read_set(t, p + 1, end);
			if (p == NULL) {
				r->never = true;
				return;
			}
		} else if (*p == '?') {
			t->kind = TOKEN_ONE;
			p++;
		} else {
			int c = read_byte(&p, end);

			if (c < 0) { /* a backslash at the end */
				r->never = true;
				return;
			}
			t->kind = TOKEN_BYTE;
			t->byte = (unsigned char)c;
		}
		r->token_count++;
	}
}

/* Takes one line (NUL-terminated, not empty, no comment) apart. */
static void
rule_init(struct ignore_rule *r, char *line, unsigned number)
{
	const char *p = line, *end, *wild;

	memset(r, 0, sizeof *r);
	r->text = line;
	r->line = number;
	if (*p == '!') {
		r->negative = true;
		p++;
	}
	end = p + strlen(p);
	if (end > p && end[-1] == '/') {
		r->dir_only = true;
		end--;
	}
	r->anchored = memchr(p, '/', (size_t)(end - p)) != NULL;
	if (p < end && *p == '/')
		p++;
	for (wild = p; wild < end && !is_special(*wild); wild++)
		;
	if (!r->anchored && end - p > 1 && *p == '*') {
		for (wild = p + 1; wild < end && !is_special(*wild); wild++)
			;
		if (wild == end) { /* "*.o": by far the most frequent */
			r->literal = p + 1;
			r->suffix_len = (size_t)(end - p - 1);
			return;
		}
		wild = p;
	}
	/* A pattern for names is matched as a whole, see the top. */
	if (!r->anchored && wild < end)
		wild = p;
	r->literal = p;
	r->literal_len = (size_t)(wild - p);
	if (wild < end)
		compile(r, wild, end);
}

/* Cuts trailing blanks off; one behind a backslash stays. */
static void
trim(char *line)
{
	char *p, *blanks = NULL;

	for (p = line; *p != '\0'; p++) {
		if (*p == ' ') {
			if (blanks == NULL)
				blanks = p;
			continue;
		}
		blanks = NULL;
		if (*p == '\\' && *++p == '\0')
			return;
	}
	if (blanks != NULL)
		*blanks = '\0';
}

struct ignore_file *
ignore_parse(
    const char *path, const char *bytes, size_t len, struct ignore_file *outer)
{
	struct ignore_file *f = xcalloc(1, sizeof *f);
	const char *slash = strrchr(path, '/');
	size_t room = 0;
	unsigned number = 0;
	char *p, *end, *stop;

	f->path = xstrdup(path);
	f->base_len = slash == NULL ? 0 : (size_t)(slash + 1 - path);
	f->outer = outer;
	f->text = xstrndup(bytes, len);
	p = f->text;
	end = p + len;
	if (len >= 3 && memcmp(p, "\xef\xbb\xbf", 3) == 0)
		p += 3; /* an editor's byte order mark */
	for (; p < end; p = stop + 1) {
		stop = memchr(p, '\n', (size_t)(end - p));
		if (stop == NULL)
			stop = end;
		number++;
		if (stop == p || *p == '#')
			continue;
		*stop = '\0';
		if (stop[-1] == '\r')
			stop[-1] = '\0';
		trim(p);
		if (f->count == room) {
			room = room == 0 ? 16 : 2 * room;
			f->rules =
			    xreallocarray(f->rules, room, sizeof *f->rules);
		}
		rule_init(&f->rules[f->count++], p, number);
	}
	return f;
}

void
ignore_free(struct ignore_file *f)
{
	size_t i;

	if (f == NULL)
		return;
	for (i = 0; i < f->count; i++)
		free(f->rules[i].tokens);
	free(f->rules);
	free(f->text);
	free(f->path);
	free(f);
}

/*
 * Adds the positions that are reached from those in `at` without a byte.  All
 * such ways lead forward, so one pass finds them.
 */
static void
close_over(const struct ignore_rule *r, bool *at)
{
	size_t i;

	for (i = 0; i < r->token_count; i++) {
		if (!at[i])
			continue;
		switch (r->tokens[i].kind) {
		case TOKEN_SKIP:
			at[i + 1] = at[i + 3] = true;
			break;
		case TOKEN_STAR:
		case TOKEN_STARS:
			at[i + 1] = true;
			break;
		default:
			break;
		}
	}
}

/* One step: the positions `to` after byte c. False if there are none. */
static bool
step(const struct ignore_rule *r, const bool *at, bool *to, unsigned char c)
{
	bool any = false;
	size_t i;

	memset(to, 0, (r->token_count + 1) * sizeof *to);
	for (i = 0; i < r->token_count; i++) {
		const struct token *t = &r->tokens[i];

		if (!at[i])
			continue;
		if ((t->kind == TOKEN_BYTE && t->byte == c) ||
		    (t->kind == TOKEN_ONE && c != '/') ||
		    (t->kind == TOKEN_SET && set_has(t, c)))
			to[i + 1] = any = true;
		else if (t->kind == TOKEN_STARS ||
			 (t->kind == TOKEN_STAR && c != '/'))
			to[i] = any = true;
	}
	close_over(r, to);
	return any;
}

static bool
run_tokens(const struct ignore_rule *r, const char *name)
{
	bool small[2][128], *at = small[0], *to = small[1], *other, matches;
	bool *large = NULL;
	size_t positions = r->token_count + 1;

	if (positions > sizeof small[0] / sizeof small[0][0]) {
		large = xcalloc(2 * positions, sizeof *large);
		at = large;
		to = large + positions;
	}
	memset(at, 0, positions * sizeof *at);
	at[0] = true;
	close_over(r, at);
	for (; *name != '\0' && step(r, at, to, (unsigned char)*name); name++) {
		other = at;
		at = to;
		to = other;
	}
	matches = *name == '\0' && at[r->token_count];
	free(large);
	return matches;
}

/* `name` is the last component, or the path from the rule's directory. */
static bool
rule_matches(const struct ignore_rule *r, const char *name)
{
	size_t len = strlen(name);

	if (r->never)
		return false;
	if (r->suffix_len > 0)
		return len >= r->suffix_len &&
		       memcmp(name + len - r->suffix_len, r->literal,
			   r->suffix_len) == 0;
	if (len < r->literal_len ||
	    memcmp(name, r->literal, r->literal_len) != 0)
		return false;
	if (r->tokens == NULL)
		return len == r->literal_len;
	return run_tokens(r, name + r->literal_len);
}

const struct ignore_rule *
ignore_match(const struct ignore_file *innermost, const char *path, bool is_dir,
    const struct ignore_file **from)
{
	const char *slash = strrchr(path, '/');
	const char *base = slash == NULL ? path : slash + 1;
	const struct ignore_file *f;
	size_t i;

	for (f = innermost; f != NULL; f = f->outer) {
		for (i = f->count; i-- > 0;) {
			const struct ignore_rule *r = &f->rules[i];

			if (r->dir_only && !is_dir)
				continue;
			if (!rule_matches(
				r, r->anchored ? path + f->base_len : base))
				continue;
			if (from != NULL)
				*from = f;
			return r;
		}
	}
	return NULL;
}
