/*
 * JSON as text.  One careful pass checks a text (json_scan); everything else
 * walks over text that has been checked and only looks for the ends of values.
 */
#include "json.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "mem.h"
#include "utf8.h"

/* ---- checking ---- */

struct scan {
	const char *start, *at, *end;
	int flags;
	struct buf *err;
};

static bool
is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static void
skip_space(struct scan *s)
{
	while (s->at < s->end && is_space(*s->at))
		s->at++;
}

static int
fault(struct scan *s, const char *what)
{
	if (s->at >= s->end)
		return buf_err(s->err, "unexpected end, %s", what);
	return buf_err(s->err, "%s", what);
}

static int
hex_value(char c)
{
	if (is_digit(c))
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

static int
scan_escape(struct scan *s)
{
	int i;

	s->at++;
	if (s->at == s->end)
		return fault(s, "inside a string");
	if (*s->at != 'u') {
		if (!*s->at || !strchr("\"\\/bfnrt", *s->at))
			return fault(s, "unknown escape in a string");
		s->at++;
		return 0;
	}
	for (i = 0, s->at++; i < 4; i++, s->at++)
		if (s->at == s->end || hex_value(*s->at) == -1)
			return fault(s, "\\u needs four hexadecimal digits");
	return 0;
}

static int
scan_string(struct scan *s)
{
	size_t n;

	for (s->at++; s->at < s->end && *s->at != '"';) {
		unsigned char c = (unsigned char)*s->at;

		if (c == '\\') {
			if (scan_escape(s) == -1)
				return -1;
		} else if (c < 0x20) {
			return fault(s, "control character in a string");
		} else if (c < 0x80) {
			s->at++;
		} else {
			n = utf8_length((const unsigned char *)s->at,
			    (const unsigned char *)s->end);
			if (!n)
				return fault(s, "a string is not UTF-8");
			s->at += n;
		}
	}
	if (s->at == s->end)
		return fault(s, "inside a string");
	s->at++;
	return 0;
}

static int
scan_digits(struct scan *s)
{
	if (s->at == s->end || !is_digit(*s->at))
		return fault(s, "expected a digit");
	while (s->at < s->end && is_digit(*s->at))
		s->at++;
	return 0;
}

static int
scan_word(struct scan *s, const char *word)
{
	size_t n = strlen(word);

	if ((size_t)(s->end - s->at) < n || memcmp(s->at, word, n))
		return fault(s, "expected a value");
	s->at += n;
	return 0;
}

static int
scan_number(struct scan *s)
{
	if (*s->at == '-')
		s->at++;
	if (s->at < s->end && *s->at == 'I' && s->flags & JSON_NAN)
		return scan_word(s, "Infinity");
	if (s->at < s->end && *s->at == '0')
		s->at++;
	else if (scan_digits(s) == -1)
		return -1;
	if (s->at < s->end && *s->at == '.') {
		s->at++;
		if (scan_digits(s) == -1)
			return -1;
	}
	if (s->at < s->end && (*s->at == 'e' || *s->at == 'E')) {
		s->at++;
		if (s->at < s->end && (*s->at == '+' || *s->at == '-'))
			s->at++;
		return scan_digits(s);
	}
	return 0;
}

static int scan_value(struct scan *s, int depth);

/* One member's key and colon. */
static int
scan_key(struct scan *s)
{
	if (s->at == s->end || *s->at != '"')
		return fault(s, "expected a key in double quotes");
	if (scan_string(s) == -1)
		return -1;
	skip_space(s);
	if (s->at == s->end || *s->at != ':')
		return fault(s, "expected ':' behind a key");
	s->at++;
	skip_space(s);
	return 0;
}

static int
scan_container(struct scan *s, int depth)
{
	bool object = *s->at == '{';
	char close = object ? '}' : ']';

	if (depth >= JSON_MAX_DEPTH)
		return fault(s, "nested too deeply");
	s->at++;
	skip_space(s);
	if (s->at < s->end && *s->at == close) {
		s->at++;
		return 0;
	}
	for (;;) {
		if (object && scan_key(s) == -1)
			return -1;
		if (scan_value(s, depth + 1) == -1)
			return -1;
		skip_space(s);
		if (s->at < s->end && *s->at == close) {
			s->at++;
			return 0;
		}
		if (s->at == s->end || *s->at != ',')
			return fault(s, object ? "expected ',' or '}'"
					       : "expected ',' or ']'");
		s->at++;
		skip_space(s);
	}
}

static int
scan_value(struct scan *s, int depth)
{
	if (s->at == s->end)
		return fault(s, "expected a value");
	switch (*s->at) {
	case '{':
	case '[':
		return scan_container(s, depth);
	case '"':
		return scan_string(s);
	case 't':
		return scan_word(s, "true");
	case 'f':
		return scan_word(s, "false");
	case 'n':
		return scan_word(s, "null");
	case 'N':
		if (s->flags & JSON_NAN)
			return scan_word(s, "NaN");
		break;
	case 'I':
		if (s->flags & JSON_NAN)
			return scan_word(s, "Infinity");
		break;
	default:
		if (*s->at == '-' || is_digit(*s->at))
			return scan_number(s);
	}
	return fault(s, "expected a value");
}

int64_t
json_scan(const char *text, size_t len, int flags, struct json *v,
    size_t *where, struct buf *err)
{
	struct scan s = {text, text, text + len, flags, err};
	const char *value;

	skip_space(&s);
	value = s.at;
	if (scan_value(&s, 0) == -1) {
		if (where)
			*where = (size_t)(s.at - text);
		return -1;
	}
	v->at = value;
	v->len = (size_t)(s.at - value);
	return s.at - text;
}

int
json_check(const char *text, size_t len, int flags, struct json *v,
    size_t *where, struct buf *err)
{
	int64_t end = json_scan(text, len, flags, v, where, err);

	if (end == -1)
		return -1;
	while ((size_t)end < len && is_space(text[end]))
		end++;
	if ((size_t)end == len)
		return 0;
	if (where)
		*where = (size_t)end;
	return buf_err(err, "something follows the value");
}

/* ---- walking over checked text ---- */

enum json_type
json_type(struct json v)
{
	if (!v.at)
		return JSON_ABSENT;
	switch (*v.at) {
	case '{':
		return JSON_OBJECT;
	case '[':
		return JSON_ARRAY;
	case '"':
		return JSON_STRING;
	case 't':
		return JSON_TRUE;
	case 'f':
		return JSON_FALSE;
	case 'n':
		return JSON_NULL;
	default:
		return JSON_NUMBER;
	}
}

bool
json_is(struct json v, const char *literal_text)
{
	/* the first byte settles most; records are told by such comparisons */
	return v.at && (!v.len || *v.at == *literal_text) &&
	       strlen(literal_text) == v.len &&
	       !memcmp(v.at, literal_text, v.len);
}

/* `at` is behind the opening quote; returns the closing one. */
static const char *
string_end(const char *at, const char *end)
{
	for (;;) {
		const char *quote = memchr(at, '"', (size_t)(end - at));
		const char *slash;

		if (!quote)
			return end; /* cannot be, in checked text */
		slash = quote;
		while (slash > at && slash[-1] == '\\')
			slash--;
		if ((quote - slash) % 2 == 0)
			return quote;
		at = quote + 1;
	}
}

static const char *
value_end(const char *at, const char *end)
{
	int depth = 0;

	do {
		switch (*at) {
		case '"':
			at = string_end(at + 1, end);
			if (at < end)
				at++;
			break;
		case '{':
		case '[':
			depth++;
			at++;
			break;
		case '}':
		case ']':
			depth--;
			at++;
			break;
		default:
			at++;
			if (!depth)
				while (at < end && !is_space(*at) &&
				       *at != ',' && *at != '}' && *at != ']')
					at++;
		}
	} while (depth && at < end);
	return at;
}

void
json_iter_init(struct json_iter *it, struct json container)
{
	enum json_type type = json_type(container);

	it->at = it->end = NULL;
	it->object = type == JSON_OBJECT;
	if (type != JSON_OBJECT && type != JSON_ARRAY)
		return;
	it->at = container.at + 1;
	it->end = container.at + container.len - 1;
}

bool
json_next(struct json_iter *it, struct json *key, struct json *value)
{
	const char *at = it->at, *end = it->end;

	while (at < end && (is_space(*at) || *at == ','))
		at++;
	if (at >= end)
		return false;
	*key = JSON_NONE;
	if (it->object) {
		key->at = at + 1;
		at = string_end(at + 1, end);
		key->len = (size_t)(at - key->at);
		at++;
		while (at < end && (is_space(*at) || *at == ':'))
			at++;
	}
	value->at = at;
	it->at = value_end(at, end);
	value->len = (size_t)(it->at - at);
	return true;
}

struct json
json_key_string(struct json key)
{
	return (struct json){key.at - 1, key.len + 2};
}

bool
json_key_is(struct json key, const char *name)
{
	return json_is(key, name);
}

struct json
json_get(struct json object, const char *name)
{
	struct json_iter it;
	struct json key, value, found = JSON_NONE;
	size_t len = strlen(name);

	json_iter_init(&it, object);
	if (!it.object)
		return found;
	while (json_next(&it, &key, &value))
		if (key.len == len && !memcmp(key.at, name, len))
			found = value;
	return found;
}

struct json
json_path(struct json object, const char *dotted)
{
	char name[64];
	const char *dot;
	size_t len;

	while (object.at && *dotted) {
		dot = strchr(dotted, '.');
		len = dot ? (size_t)(dot - dotted) : strlen(dotted);
		if (len >= sizeof(name))
			return JSON_NONE;
		memcpy(name, dotted, len);
		name[len] = '\0';
		object = json_get(object, name);
		dotted += dot ? len + 1 : len;
	}
	return object;
}

struct json
json_at(struct json object, struct json keys)
{
	struct buf name = BUF_INIT;
	struct json_iter it;
	struct json key, item;

	json_iter_init(&it, keys);
	while (object.at && json_next(&it, &key, &item)) {
		buf_clear(&name);
		object = json_string(item, &name) == 0
			     ? json_get(object, name.data)
			     : JSON_NONE;
	}
	buf_release(&name);
	return object;
}

size_t
json_count(struct json container)
{
	struct json_iter it;
	struct json key, value;
	size_t n = 0;

	json_iter_init(&it, container);
	while (json_next(&it, &key, &value))
		n++;
	return n;
}

/* ---- reading values ---- */

static unsigned long
four_hex(const char *p)
{
	return (unsigned long)(hex_value(p[0]) << 12 | hex_value(p[1]) << 8 |
			       hex_value(p[2]) << 4 | hex_value(p[3]));
}

/* Decodes the escape at p (a backslash); returns what is behind it. */
static const char *
add_escape(struct buf *out, const char *p, const char *end)
{
	static const char from[] = "bfnrt", to[] = "\b\f\n\r\t";
	const char *found;
	unsigned long c, low;

	if (p[1] != 'u') {
		found = strchr(from, p[1]);
		buf_addc(out, found ? to[found - from] : p[1]);
		return p + 2;
	}
	c = four_hex(p + 2);
	p += 6;
	if (c >= 0xd800 && c < 0xdc00 && end - p >= 6 && p[0] == '\\' &&
	    p[1] == 'u') {
		low = four_hex(p + 2);
		if (low >= 0xdc00 && low < 0xe000) {
			c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
			p += 6;
		}
	}
	if (c >= 0xd800 && c < 0xe000)
		c = 0xfffd; /* half a pair */
	utf8_add(out, c);
	return p;
}

int
json_string(struct json v, struct buf *out)
{
	const char *p, *end, *slash;

	if (json_type(v) != JSON_STRING)
		return -1;
	p = v.at + 1;
	end = v.at + v.len - 1;
	while (p < end) {
		slash = memchr(p, '\\', (size_t)(end - p));
		if (!slash)
			slash = end;
		if (buf_add(out, p, (size_t)(slash - p)) == -1)
			return -1;
		p = slash < end ? add_escape(out, slash, end) : end;
	}
	return 0;
}

void
json_add_readable(struct buf *out, struct json v)
{
	const char *p = v.at, *end = v.at ? v.at + v.len : NULL, *slash;

	while (p < end) {
		slash = memchr(p, '\\', (size_t)(end - p));
		if (!slash)
			slash = end;
		buf_add(out, p, (size_t)(slash - p));
		p = slash;
		if (p == end)
			break;
		if (p[1] == 'u' && four_hex(p + 2) >= 0xa0) {
			p = add_escape(out, p, end);
		} else {
			buf_add(out, p, 2);
			p += 2;
		}
	}
}

char *
json_strdup(struct json v)
{
	struct buf b = BUF_INIT;

	if (json_string(v, &b) == -1 || memchr(b.data, '\0', b.len)) {
		buf_release(&b);
		return NULL;
	}
	return buf_detach(&b);
}

/* The number's text NUL-terminated; -1 if v is none or absurdly long. */
static int
number_text(struct json v, char text[128])
{
	if (json_type(v) != JSON_NUMBER || v.len >= 128)
		return -1;
	memcpy(text, v.at, v.len);
	text[v.len] = '\0';
	return 0;
}

int
json_int(struct json v, int64_t *out)
{
	char text[128], *end;
	intmax_t n;
	double d;

	if (number_text(v, text) == -1)
		return -1;
	n = strtoimax(text, &end, 10);
	if (!*end) {
		if ((n == INTMAX_MAX || n == INTMAX_MIN) && v.len > 18) {
			/* Out of range, but for the two limits themselves. */
			if (strcmp(text, "9223372036854775807") &&
			    strcmp(text, "-9223372036854775808"))
				return -1;
		}
		*out = n;
		return 0;
	}
	d = strtod(text, &end);
	if (*end || !(d >= -9007199254740992.0 && d <= 9007199254740992.0) ||
	    d != floor(d))
		return -1;
	*out = (int64_t)d;
	return 0;
}

int
json_double(struct json v, double *out)
{
	static const struct {
		const char *text;
		double value;
	} words[] = {
	    {"NaN", NAN}, {"Infinity", INFINITY}, {"-Infinity", -INFINITY}};
	struct json word = v;
	char text[128], *end;
	size_t i;

	if (json_type(v) == JSON_STRING) {
		word.at++;
		word.len -= 2;
	}
	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (json_is(word, words[i].text)) {
			*out = words[i].value;
			return 0;
		}
	if (number_text(v, text) == -1)
		return -1;
	*out = strtod(text, &end);
	return *end ? -1 : 0;
}

int
json_seconds_ms(struct json v, int64_t *ms)
{
	double s;

	if (json_double(v, &s) == -1 || !(s >= 0 && s <= 1e12))
		return -1;
	*ms = (int64_t)(s * 1000 + 0.5);
	return 0;
}

bool
json_bool(struct json v, bool otherwise)
{
	enum json_type type = json_type(v);

	if (type == JSON_TRUE)
		return true;
	return type == JSON_FALSE ? false : otherwise;
}
