#ifndef NNI_JSON_H
#define NNI_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "buf.h"

/*
 * JSON (RFC 8259) as text.  A value is a slice of the text it came in and is
 * never made anew: what a program did not make it passes on byte for byte
 * (2.0 stays 2.0, a number of 30 digits stays, the order of keys stays).  That
 * is why there is no tree here that would have to be written out again.
 *
 * First json_check() (or json_scan()) a text, then take it apart with the
 * other functions, which rely on it being well formed.
 */
struct json {
	const char *at; /* NULL: no such value */
	size_t len;
};

#define JSON_NONE ((struct json){NULL, 0})

/* Nesting beyond this is refused. */
#define JSON_MAX_DEPTH 128

enum json_type {
	JSON_ABSENT, /* at == NULL */
	JSON_NULL,
	JSON_FALSE,
	JSON_TRUE,
	JSON_NUMBER,
	JSON_STRING,
	JSON_ARRAY,
	JSON_OBJECT
};

enum {
	JSON_STRICT = 0,
	JSON_NAN = 1 /* NaN, Infinity, -Infinity stand for numbers (Python) */
};

/*
 * Finds the one value that begins `text` (after white space).  On success sets
 * *v to it, without the white space around, and returns the offset behind it.
 * Else -1; *where (may be NULL) gets the offset of the fault and err the
 * reason.  Strings must be valid UTF-8 without raw control characters.
 */
int64_t json_scan(const char *text, size_t len, int flags, struct json *v,
    size_t *where, struct buf *err);
/* The whole of text must be one value; returns 0 or -1, else as json_scan. */
int json_check(const char *text, size_t len, int flags, struct json *v,
    size_t *where, struct buf *err);

enum json_type json_type(struct json v);
bool json_is(struct json v, const char *literal_text);

/* The members of an object or the items of an array, in order. */
struct json_iter {
	const char *at, *end;
	bool object;
};
void json_iter_init(struct json_iter *it, struct json container);
/*
 * The next one; false at the end.  `key` is the string's text without its
 * quotes, still escaped (our own keys have no escapes; compare with
 * json_key_is()); JSON_NONE in an array.
 */
bool json_next(struct json_iter *it, struct json *key, struct json *value);
bool json_key_is(struct json key, const char *name);
/* A key of json_next() with its quotes again: a string, for json_string(). */
struct json json_key_string(struct json key);

/* A member of an object; JSON_NONE if it is none or has none.  The last one
   wins, as with most readers. */
struct json json_get(struct json object, const char *name);
/* Steps through objects: "tuner.classArgs.seed". Names must not hold dots. */
struct json json_path(struct json object, const char *dotted);
/* The same by a list of keys, which may hold anything: ["a","b.c"].  The object
   itself where it is empty; JSON_NONE where a key is no string. */
struct json json_at(struct json object, struct json keys);
size_t json_count(struct json container);

/* The decoded text of a string, appended; -1 if v is no string. */
int json_string(struct json v, struct buf *out);
/*
 * Any value as it is, but letters in place of their escapes ("\u00e4"), for
 * people.  ASCII and control characters stay escaped: it is still JSON.
 */
void json_add_readable(struct buf *out, struct json v);
/* The text of a string, malloced; NULL if v is no string or holds "\u0000". */
char *json_strdup(struct json v);
/* -1 if v is not a number of that kind (an integer written 3.0 or 3e2 is). */
int json_int(struct json v, int64_t *out);
/* Also takes NaN, Infinity, -Infinity, bare or as strings. */
int json_double(struct json v, double *out);
/* Seconds, from 0 to 1e12, in milliseconds; -1 if v is anything else. */
int json_seconds_ms(struct json v, int64_t *ms);
bool json_bool(struct json v, bool otherwise);

/* Writing. */
void json_add(struct buf *out, struct json v);
/* `len` bytes as a string; bytes that are not UTF-8 become U+FFFD. */
void json_add_string(struct buf *out, const char *s, size_t len);
void json_add_str(struct buf *out, const char *s);
void json_add_int(struct buf *out, int64_t n);
/*
 * The shortest text that reads back as the same double, as Python's repr()
 * writes it ("0.1", "1e-05", "2.0"); NaN and infinities become strings.
 */
void json_add_double(struct buf *out, double d);
/*
 * `v` as Python's json.dumps() writes it: ", " and ": " between its tokens, and
 * nothing but ASCII in its strings ("\u00e4", "\ud83d\ude00").  Numbers stay as
 * they are.
 */
void json_add_python(struct buf *out, struct json v);

/*
 * Writing an object key by key:  json_key(&b, "trial") adds {"trial": or
 * ,"trial": whichever is right, judged by the last byte of the buffer.
 * A key goes behind "{" or a complete member.
 */
void json_key(struct buf *out, const char *key);
void json_member_str(struct buf *out, const char *key, const char *s);
void json_member_int(struct buf *out, const char *key, int64_t n);
void json_member_bool(struct buf *out, const char *key, bool b);
void json_member_raw(struct buf *out, const char *key, struct json v);
/* Unix seconds with milliseconds, from milliseconds: 1700000000.123 */
void json_member_time(struct buf *out, const char *key, int64_t ms);

#endif
