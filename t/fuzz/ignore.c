/*
 * Two ignore files and a path: the outer file up to the first NUL byte, the
 * inner one up to the second, the path behind it.  Nothing may crash or take
 * long, and what the two say follows some laws.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "mem.h"
#include "nni-pack/ignore.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The bytes up to a NUL, of which the rest begins behind it. */
static size_t
part(const uint8_t **at, const uint8_t *end)
{
	const uint8_t *nul = memchr(*at, 0, (size_t)(end - *at));
	size_t len = (size_t)((nul == NULL ? end : nul) - *at);

	*at += len + (nul != NULL);
	return len;
}

static void
check(const struct ignore_file *inner, const char *path)
{
	const struct ignore_rule *file, *dir;
	const struct ignore_file *from = NULL;

	file = ignore_match(inner, path, false, NULL);
	dir = ignore_match(inner, path, true, &from);
	/* What holds for a file holds for a directory, or something stronger
	   does. */
	if (file != NULL && dir == NULL)
		abort();
	if (file != NULL && file->dir_only)
		abort();
	if (dir != NULL &&
	    (dir < from->rules || dir >= from->rules + from->count))
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *at = data, *end = data + size, *text = at;
	struct ignore_file *outer, *inner;
	size_t len = part(&at, end);
	char *below, *path;

	outer = ignore_parse(".nniignore", (const char *)text, len, NULL);
	text = at;
	len = part(&at, end);
	inner = ignore_parse("a/.nniignore", (const char *)text, len, outer);
	path = xstrndup((const char *)at, (size_t)(end - at));
	check(outer, path);
	below = xmalloc(strlen(path) + 3);
	memcpy(below, "a/", 2);
	memcpy(below + 2, path, strlen(path) + 1);
	check(inner, below);
	free(below);
	free(path);
	ignore_free(inner);
	ignore_free(outer);
	return 0;
}
