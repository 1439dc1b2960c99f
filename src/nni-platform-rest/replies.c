/* Takes apart what a curl process says. */
#include "replies.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "os/sys.h"

#define RECORD_SEPARATOR '\x1e'
#define HEAD_MAX ((size_t)256 << 10)

void
replies_init(struct replies *r, const struct reply_calls *calls, void *arg)
{
	unsigned char chance[16] = {0};
	size_t i;

	random_bytes(chance, sizeof(chance));
	r->mark[0] = RECORD_SEPARATOR;
	for (i = 0; i < sizeof(chance); i++)
		snprintf(r->mark + 1 + 2 * i, 3, "%02x", chance[i]);
	buf_init(&r->rest, BUF_MAX_DEFAULT);
	r->in_body = 0;
	r->calls = calls;
	r->arg = arg;
}

void
replies_release(struct replies *r)
{
	buf_release(&r->rest);
}

void
replies_outcome(const struct replies *r, struct buf *out)
{
	buf_addf(out, "%s %%{http_code} %%{exitcode} %%{errormsg}\n", r->mark);
}

/* Where the mark begins; the bytes that might be the beginning of one count. */
static size_t
find_mark(const struct replies *r, int *whole)
{
	const char *at = r->rest.data, *end = at + r->rest.len;

	*whole = 0;
	while (at < end && (at = memchr(at, RECORD_SEPARATOR,
				(size_t)(end - at))) != NULL) {
		size_t left = (size_t)(end - at);
		size_t n = left < REPLY_MARK_LEN ? left : REPLY_MARK_LEN;

		if (memcmp(at, r->mark, n) == 0) {
			*whole = n == REPLY_MARK_LEN;
			return (size_t)(at - r->rest.data);
		}
		at++;
	}
	return r->rest.len;
}

/* The length of the head that `rest` begins with, its empty line included; 0:
   it is not whole. */
static size_t
head_length(const struct buf *b)
{
	const char *at = b->data, *end = b->data + b->len;

	while ((at = memchr(at, '\n', (size_t)(end - at))) != NULL) {
		at++;
		if (at < end && *at == '\n')
			return (size_t)(at + 1 - b->data);
		if (end - at >= 2 && at[0] == '\r' && at[1] == '\n')
			return (size_t)(at + 2 - b->data);
	}
	return 0;
}

static int
is_field(const char *line, const char *name, const char **value)
{
	for (; *name; name++, line++)
		if ((*line | ('A' <= *line && *line <= 'Z' ? 32 : 0)) != *name)
			return 0;
	*value = line + strspn(line, " \t");
	return 1;
}

/* A head of `len` bytes at the beginning of `rest`. */
static void
take_head(struct replies *r, size_t len)
{
	char *line = r->rest.data, *end = r->rest.data + len, *next;
	const char *value, *space = memchr(line, ' ', len);
	struct buf retry = BUF_INIT;
	int status = space ? (int)strtol(space + 1, NULL, 10) : 0;
	int64_t size = -1;

	for (; line < end; line = next + 1) {
		next = memchr(line, '\n', (size_t)(end - line));
		*next = '\0';
		if (is_field(line, "retry-after:", &value)) {
			buf_set(&retry, value);
			buf_rtrim(&retry);
		} else if (is_field(line, "content-range:", &value)) {
			value += strcspn(value, "/");
			if (*value && value[1] >= '0' && value[1] <= '9')
				size = strtoll(value + 1, NULL, 10);
		}
	}
	buf_drop(&r->rest, len);
	if (status >= 100 && status < 200)
		return;
	r->in_body = 1;
	r->calls->head(r->arg, status, retry.len ? retry.data : NULL, size);
	buf_release(&retry);
}

/* The outcome, whose line begins `rest`; 0 if it is not whole. */
static int
take_outcome(struct replies *r)
{
	char *end = memchr(r->rest.data, '\n', r->rest.len), *at, *words;
	long status, code = -1;

	if (end == NULL)
		return 0;
	*end = '\0';
	status = strtol(r->rest.data + REPLY_MARK_LEN, &at, 10);
	words = at + strspn(at, " ");
	if (*words >= '0' && *words <= '9') {
		code = strtol(words, &at, 10);
		words = at + strspn(at, " ");
	}
	if (code == -1)
		words += strlen(words);
	r->in_body = 0;
	r->calls->over(r->arg, (int)status, (int)code, words);
	buf_drop(&r->rest, (size_t)(end + 1 - r->rest.data));
	return 1;
}

/* One step; 0: more bytes are needed. */
static int
step(struct replies *r)
{
	int whole;
	size_t mark = find_mark(r, &whole), head;

	if (r->in_body && mark > 0) {
		r->calls->body(r->arg, r->rest.data, mark);
		buf_drop(&r->rest, mark);
		return r->rest.len > 0;
	}
	if (whole && mark == 0)
		return take_outcome(r);
	if (r->in_body)
		return 0;
	head = head_length(&r->rest);
	if (head > 0 && head <= mark) {
		take_head(r, head);
		return 1;
	}
	/* A head that was cut off, or has no end. */
	if (whole || r->rest.len > HEAD_MAX) {
		buf_drop(&r->rest, mark);
		return r->rest.len > 0;
	}
	return 0;
}

void
replies_feed(struct replies *r, const char *bytes, size_t len)
{
	buf_add(&r->rest, bytes, len);
	while (step(r))
		;
}
