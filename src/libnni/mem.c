/* Allocation that cannot fail: out of memory ends the program, said once. */
#include "mem.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "say.h"

void *
xchecked(void *p)
{
	if (!p)
		exit(say_error(NNI_TEMPORARY, "out of memory"));
	return p;
}

void *
xmalloc(size_t size)
{
	return xchecked(malloc(size ? size : 1));
}

void *
xcalloc(size_t count, size_t size)
{
	return xchecked(calloc(count ? count : 1, size ? size : 1));
}

void *
xrealloc(void *old, size_t size)
{
	return xchecked(realloc(old, size ? size : 1));
}

void *
xreallocarray(void *old, size_t count, size_t size)
{
	if (size && count > SIZE_MAX / size)
		return xchecked(NULL);
	return xrealloc(old, count * size);
}

char *
xstrdup(const char *s)
{
	return xstrndup(s, strlen(s));
}

char *
xstrndup(const char *s, size_t len)
{
	char *copy = xmalloc(len + 1);

	memcpy(copy, s, len);
	copy[len] = '\0';
	return copy;
}
