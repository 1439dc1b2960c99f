/*
 * Base64, strictly: a sequence of bytes has one text, and a text that is not
 * such a one is refused.
 */
#include "base64.h"
#include <stdint.h>
#include <string.h>

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
			     "abcdefghijklmnopqrstuvwxyz"
			     "0123456789+/";

int
base64_encode(struct buf *out, const void *bytes, size_t len)
{
	const unsigned char *p = bytes;
	char *to;
	uint32_t group;

	if (len > SIZE_MAX / 2 || buf_reserve(out, BASE64_LEN(len)) == -1)
		return -1;
	to = out->data + out->len;
	out->len += BASE64_LEN(len);
	for (; len >= 3; p += 3, len -= 3, to += 4) {
		group = (uint32_t)p[0] << 16 | (uint32_t)p[1] << 8 | p[2];
		to[0] = digits[group >> 18];
		to[1] = digits[group >> 12 & 63];
		to[2] = digits[group >> 6 & 63];
		to[3] = digits[group & 63];
	}
	if (len > 0) {
		group = (uint32_t)p[0] << 16;
		group |= len == 2 ? (uint32_t)p[1] << 8 : 0;
		to[0] = digits[group >> 18];
		to[1] = digits[group >> 12 & 63];
		to[2] = len == 2 ? digits[group >> 6 & 63] : '=';
		to[3] = '=';
	}
	out->data[out->len] = '\0';
	return 0;
}

/* The value of a digit; 64 and more: it is none. */
static uint32_t
value_of(char c)
{
	if (c >= 'A' && c <= 'Z')
		return (uint32_t)(c - 'A');
	if (c >= 'a' && c <= 'z')
		return (uint32_t)(c - 'a') + 26;
	if (c >= '0' && c <= '9')
		return (uint32_t)(c - '0') + 52;
	return c == '+' ? 62 : c == '/' ? 63 : 64;
}

/* The last group, of 2 or 3 digits.  The number of its bytes, or -1. */
static int
decode_last(unsigned char *to, const char *text)
{
	uint32_t a = value_of(text[0]), b = value_of(text[1]), c = 0;

	if (text[2] != '=')
		c = value_of(text[2]);
	if ((a | b | c) > 63 || (text[2] == '=' ? b & 15 : c & 3) != 0)
		return -1;
	to[0] = (unsigned char)(a << 2 | b >> 4);
	to[1] = (unsigned char)(b << 4 | c >> 2);
	return text[2] == '=' ? 1 : 2;
}

int
base64_decode(struct buf *out, const char *text, size_t len)
{
	size_t whole = len / 4, i;
	unsigned char *to;
	int last = 0;

	if (len % 4 != 0 || buf_reserve(out, len / 4 * 3) == -1)
		return -1;
	if (len > 0 && text[len - 1] == '=')
		whole--;
	to = (unsigned char *)out->data + out->len;
	for (i = 0; i < whole; i++, text += 4, to += 3) {
		uint32_t a = value_of(text[0]), b = value_of(text[1]),
			 c = value_of(text[2]), d = value_of(text[3]);

		if ((a | b | c | d) > 63)
			break;
		to[0] = (unsigned char)(a << 2 | b >> 4);
		to[1] = (unsigned char)(b << 4 | c >> 2);
		to[2] = (unsigned char)(c << 6 | d);
	}
	if (i == whole && whole < len / 4)
		last = decode_last(to, text);
	if (i < whole || last == -1) {
		out->data[out->len] = '\0';
		return -1;
	}
	out->len += whole * 3 + (size_t)last;
	out->data[out->len] = '\0';
	return 0;
}
