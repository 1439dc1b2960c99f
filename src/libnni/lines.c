/* Cuts a stream of bytes into lines. */
#include "lines.h"

#include <string.h>

void
lines_init(struct lines *l)
{
	buf_init(&l->rest, NNI_LINE_MAX + 1);
	l->skipping = 0;
}

void
lines_release(struct lines *l)
{
	buf_release(&l->rest);
	l->skipping = 0;
}

static void
give(char *line, size_t len, lines_fn *fn, void *arg)
{
	if (len && line[len - 1] == '\r')
		len--;
	line[len] = '\0';
	fn(arg, line, len);
}

/* The rest of a line, up to its LF; `whole`: the LF was there. */
static void
gather(struct lines *l, const char *bytes, size_t len, int whole, lines_fn *fn,
    void *arg)
{
	if (!l->skipping && buf_add(&l->rest, bytes, len) == -1)
		l->skipping = 1;
	if (!whole)
		return;
	if (l->skipping || l->rest.len > NNI_LINE_MAX)
		fn(arg, NULL, 0);
	else if (!l->rest.cap)
		fn(arg, l->rest.data, 0);
	else
		give(l->rest.data, l->rest.len, fn, arg);
	buf_clear(&l->rest);
	l->skipping = 0;
}

void
lines_feed(
    struct lines *l, const char *bytes, size_t len, lines_fn *fn, void *arg)
{
	const char *end = bytes + len, *lf;

	while (
	    bytes < end && (lf = memchr(bytes, '\n', (size_t)(end - bytes)))) {
		gather(l, bytes, (size_t)(lf - bytes), 1, fn, arg);
		bytes = lf + 1;
	}
	if (bytes < end)
		gather(l, bytes, (size_t)(end - bytes), 0, fn, arg);
}

void
lines_end(struct lines *l, lines_fn *fn, void *arg)
{
	if (l->rest.len || l->skipping)
		gather(l, "", 0, 1, fn, arg);
}
