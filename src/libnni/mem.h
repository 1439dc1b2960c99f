#ifndef NNI_MEM_H
#define NNI_MEM_H

#include <stddef.h>

/*
 * Allocation that cannot fail: on exhaustion the program ends with one line on
 * stderr and exit code 5 (a temporary outside failure).  Everything that these
 * return is freed with free().
 */
void *xmalloc(size_t size);
void *xcalloc(size_t count, size_t size);
void *xrealloc(void *old, size_t size);
/* As xrealloc(old, count * size), with the overflow caught. */
void *xreallocarray(void *old, size_t count, size_t size);
char *xstrdup(const char *s);
/* The first `len` bytes of `s`, NUL-terminated. */
char *xstrndup(const char *s, size_t len);
/* `p` itself, where a library has allocated it; NULL ends the program too. */
void *xchecked(void *p);

#endif
