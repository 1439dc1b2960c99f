/* Writing JSON: strings, numbers as Python's repr() has them, members. */
#include "json.h"

#include <float.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "utf8.h"

void
json_add(struct buf *out, struct json v)
{
	if (v.at)
		buf_add(out, v.at, v.len);
}

void
json_add_string(struct buf *out, const char *s, size_t len)
{
	static const char from[] = "\"\\\b\f\n\r\t", to[] = "\"\\bfnrt";
	const unsigned char *p = (const unsigned char *)s, *end = p + len;
	const char *found;
	size_t n;

	buf_addc(out, '"');
	while (p < end) {
		if (*p < 0x20 || *p == '"' || *p == '\\') {
			found = *p ? strchr(from, *p) : NULL;
			if (found)
				buf_addf(out, "\\%c", to[found - from]);
			else
				buf_addf(out, "\\u%04x", (unsigned)*p);
			p++;
			continue;
		}
		n = utf8_length(p, end);
		if (n)
			buf_add(out, p, n);
		else
			buf_adds(out, "\xef\xbf\xbd");
		p += n ? n : 1;
	}
	buf_addc(out, '"');
}

void
json_add_str(struct buf *out, const char *s)
{
	json_add_string(out, s, strlen(s));
}

/* ---- as Python writes it ---- */

/* A UTF-16 unit of a string's text, as Python has it. */
static void
add_unit(struct buf *out, unsigned unit)
{
	static const char from[] = "\"\\\b\f\n\r\t", to[] = "\"\\bfnrt";
	const char *found =
	    unit && unit < 0x80 ? strchr(from, (int)unit) : NULL;

	if (found)
		buf_addf(out, "\\%c", to[found - from]);
	else if (unit < 0x20 || unit > 0x7e)
		buf_addf(out, "\\u%04x", unit);
	else
		buf_addc(out, (char)unit);
}

/* What stands behind a backslash; returns where it ends. */
static const char *
add_escaped(struct buf *out, const char *p)
{
	static const char from[] = "bfnrt", to[] = "\b\f\n\r\t";
	char digits[5] = "";
	const char *found;

	if (*p == 'u') {
		memcpy(digits, p + 1, 4);
		add_unit(out, (unsigned)strtoul(digits, NULL, 16));
		return p + 5;
	}
	found = strchr(from, *p);
	add_unit(out, (unsigned char)(found ? to[found - from] : *p));
	return p + 1;
}

static void
add_character(struct buf *out, const char *p, size_t n)
{
	unsigned long c = (unsigned char)*p;
	size_t i;

	if (n > 1)
		c &= 0xffu >> (n + 1);
	for (i = 1; i < n; i++)
		c = c << 6 | ((unsigned char)p[i] & 0x3f);
	if (c < 0x10000) {
		add_unit(out, (unsigned)c);
		return;
	}
	c -= 0x10000;
	add_unit(out, 0xd800 + (unsigned)(c >> 10));
	add_unit(out, 0xdc00 + (unsigned)(c & 0x3ff));
}

/* The string that begins at p; returns where it ends. */
static const char *
add_string_python(struct buf *out, const char *p, const char *end)
{
	size_t n;

	buf_addc(out, '"');
	for (p++; p < end && *p != '"';) {
		if (*p == '\\') {
			p = add_escaped(out, p + 1);
			continue;
		}
		n = utf8_length(
		    (const unsigned char *)p, (const unsigned char *)end);
		n = n ? n : 1; /* cannot be, in checked text */
		add_character(out, p, n);
		p += n;
	}
	buf_addc(out, '"');
	return p + 1;
}

void
json_add_python(struct buf *out, struct json v)
{
	const char *p = v.at, *end = v.at ? v.at + v.len : NULL;

	while (p < end) {
		if (*p == '"') {
			p = add_string_python(out, p, end);
			continue;
		}
		if (!strchr(" \t\n\r", *p))
			buf_addc(out, *p);
		if (*p == ',' || *p == ':')
			buf_addc(out, ' ');
		p++;
	}
}

/* ---- numbers ---- */

void
json_add_int(struct buf *out, int64_t n)
{
	buf_addf(out, "%" PRId64, n);
}

/*
 * "d.ddde+XX" with the fewest digits that read back as d.  15 digits always
 * survive a double's round trip, so shorter ones are 15 without their zeros.
 */
static int
shortest(double d, char digits[32])
{
	char text[40];
	int precision, exponent, n = 0;
	char *e, *p;

	/* ... but a denormal one has fewer to begin with. */
	for (precision = d < DBL_MIN ? 0 : 14; precision < 17; precision++) {
		snprintf(text, sizeof(text), "%.*e", precision, d);
		if (strtod(text, NULL) == d)
			break;
	}
	e = strchr(text, 'e');
	exponent = (int)strtol(e + 1, NULL, 10);
	for (p = text; p < e; p++)
		if (*p >= '0' && *p <= '9')
			digits[n++] = *p;
	while (n > 1 && digits[n - 1] == '0')
		n--;
	digits[n] = '\0';
	return exponent;
}

void
json_add_double(struct buf *out, double d)
{
	char digits[32];
	int exponent, n, i;

	if (isnan(d) || isinf(d)) {
		buf_adds(out, isnan(d) ? "\"NaN\""
			      : d > 0  ? "\"Infinity\""
				       : "\"-Infinity\"");
		return;
	}
	if (signbit(d))
		buf_addc(out, '-');
	exponent = shortest(fabs(d), digits);
	n = (int)strlen(digits);
	if (exponent < -4 || exponent >= 16) {
		buf_addc(out, digits[0]);
		if (n > 1)
			buf_addf(out, ".%s", digits + 1);
		buf_addf(
		    out, "e%c%02d", exponent < 0 ? '-' : '+', abs(exponent));
		return;
	}
	if (exponent < 0) {
		buf_adds(out, "0.");
		for (i = -1; i > exponent; i--)
			buf_addc(out, '0');
		buf_adds(out, digits);
		return;
	}
	for (i = 0; i <= exponent; i++)
		buf_addc(out, i < n ? digits[i] : '0');
	buf_addf(out, ".%s", n > exponent + 1 ? digits + exponent + 1 : "0");
}

/* ---- members ---- */

void
json_key(struct buf *out, const char *key)
{
	if (out->len && out->data[out->len - 1] != '{')
		buf_addc(out, ',');
	json_add_str(out, key);
	buf_addc(out, ':');
}

void
json_member_str(struct buf *out, const char *key, const char *s)
{
	json_key(out, key);
	json_add_str(out, s);
}

void
json_member_int(struct buf *out, const char *key, int64_t n)
{
	json_key(out, key);
	json_add_int(out, n);
}

void
json_member_bool(struct buf *out, const char *key, bool b)
{
	json_key(out, key);
	buf_adds(out, b ? "true" : "false");
}

void
json_member_raw(struct buf *out, const char *key, struct json v)
{
	if (!v.at)
		return;
	json_key(out, key);
	json_add(out, v);
}

void
json_member_time(struct buf *out, const char *key, int64_t ms)
{
	json_key(out, key);
	buf_addf(out, "%" PRId64 ".%03d", ms / 1000, (int)(ms % 1000));
}
