/*
 * What a plain YAML scalar is: PyYAML's resolver (YAML 1.1), which reads the
 * files of every NNI user, plus the numbers that YAML 1.2 and people read.
 * Each matcher follows one regular expression of PyYAML's resolver.py.
 */
#include <string.h>

#include "node-yaml.h"

static bool
is_word(const char *s, const char *const *words)
{
	for (; *words; words++)
		if (strcmp(s, *words) == 0)
			return true;
	return false;
}

static bool
is_null(const char *s)
{
	static const char *const words[] = {
	    "", "~", "null", "Null", "NULL", NULL};

	return is_word(s, words);
}

static bool
is_bool(const char *s)
{
	static const char *const words[] = {"yes", "Yes", "YES", "no", "No",
	    "NO", "true", "True", "TRUE", "false", "False", "FALSE", "on", "On",
	    "ON", "off", "Off", "OFF", NULL};

	return is_word(s, words);
}

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static const char *
sign(const char *s)
{
	return *s == '+' || *s == '-' ? s + 1 : s;
}

/* Behind all characters of `set`. */
static const char *
span(const char *s, const char *set)
{
	return s + strspn(s, set);
}

/* (?::[0-5]?[0-9])+ ; NULL if there is none. */
static const char *
base_60_parts(const char *s)
{
	if (*s != ':')
		return NULL;
	while (*s == ':') {
		s++;
		if (!is_digit(*s))
			return NULL;
		if (*s <= '5' && is_digit(s[1]))
			s++;
		s++;
	}
	return s;
}

static bool
is_int(const char *s)
{
	s = sign(s);
	if (!is_digit(*s))
		return false;
	if (*s == '0') {
		if (s[1] == '\0')
			return true;
		if (s[1] == 'b')
			return s[2] && !*span(s + 2, "01_");
		if (s[1] == 'x')
			return s[2] && !*span(s + 2, "0123456789abcdefABCDEF_");
		return !*span(s + 1, "01234567_");
	}
	s = span(s, "0123456789_");
	if (*s == ':')
		s = base_60_parts(s);
	return s && !*s;
}

/* (?:[eE][-+][0-9]+)?$ */
static bool
is_exponent_or_end(const char *s)
{
	if (!*s)
		return true;
	if ((*s != 'e' && *s != 'E') || (s[1] != '-' && s[1] != '+') ||
	    !is_digit(s[2]))
		return false;
	return !*span(s + 2, "0123456789");
}

static bool
is_float(const char *s)
{
	static const char *const infinite[] = {".inf", ".Inf", ".INF", NULL};
	static const char *const nan[] = {".nan", ".NaN", ".NAN", NULL};
	const char *digits = "0123456789_";
	const char *t;

	if (is_word(sign(s), infinite) || is_word(s, nan))
		return true;
	if (*s == '.')
		return is_digit(s[1]) &&
		       is_exponent_or_end(span(s + 1, digits));
	s = sign(s);
	if (!is_digit(*s))
		return false;
	s = span(s, digits);
	if (*s == '.')
		return is_exponent_or_end(span(s + 1, digits));
	t = base_60_parts(s);
	return t && *t == '.' && !*span(t + 1, digits);
}

/* 1e-5, 1.5E3, -.5: what YAML 1.2 adds and 1.1 takes for text. */
static bool
is_loose_float(const char *s)
{
	const char *digits = "0123456789", *t;

	s = sign(s);
	t = span(s, digits);
	if (t > s + 1 && *s == '0')
		return false;
	if (*t == '.') {
		if (t == s && !is_digit(t[1]))
			return false;
		t = span(t + 1, digits);
	} else if (t == s) {
		return false;
	}
	if (*t == 'e' || *t == 'E') {
		t = sign(t + 1);
		if (!is_digit(*t))
			return false;
		t = span(t, digits);
	}
	return !*t;
}

void
yaml_resolve(struct node *n)
{
	const char *s = n->text;

	n->loose = false;
	if (strlen(s) != n->len)
		n->type = NODE_STRING;
	else if (is_null(s))
		n->type = NODE_NULL;
	else if (is_bool(s))
		n->type = NODE_BOOL;
	else if (is_int(s))
		n->type = NODE_INT;
	else if (is_float(s))
		n->type = NODE_FLOAT;
	else if (is_loose_float(s)) {
		n->type = NODE_FLOAT;
		n->loose = true;
	} else
		n->type = NODE_STRING;
}
