#ifndef NNI_BUF_H
#define NNI_BUF_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

/* gcc and clang check our format strings; MSVC has no such attribute.  gcc for
   Windows must be told that they are C99's. */
#if defined(__GNUC__) && !defined(__clang__)
#define NNI_FORMAT(fmt, first)                                                 \
	__attribute__((format(__gnu_printf__, fmt, first)))
#elif defined(__GNUC__)
#define NNI_FORMAT(fmt, first) __attribute__((format(__printf__, fmt, first)))
#else
#define NNI_FORMAT(fmt, first)
#endif

/*
 * A growing run of bytes with a maximum it was born with.
 *
 * Invariants: `data` is never NULL and data[len] is always '\0', so a buffer
 * can be used as a string at any time; `len` never exceeds `max`.  Bytes that
 * come from outside enter only a buffer with a sensible maximum.
 *
 *	struct buf b = BUF_INIT;	a text of our own, up to 1 GiB
 *	struct buf l = BUF_INIT_MAX(1 << 20);
 *	...
 *	buf_release(&b);
 */
struct buf {
	char *data;
	size_t len;
	size_t cap; /* bytes allocated at data; 0: data is a static "" */
	size_t max; /* len may not pass this */
};

extern char buf_empty[1];

#define BUF_MAX_DEFAULT ((size_t)1 << 30)
#define BUF_INIT_MAX(m)                                                        \
	{                                                                      \
		buf_empty, 0, 0, (m)                                           \
	}
#define BUF_INIT BUF_INIT_MAX(BUF_MAX_DEFAULT)

void buf_init(struct buf *b, size_t max);
/* Frees the memory; `b` is empty and usable again, with the same maximum. */
void buf_release(struct buf *b);
/* len = 0; the memory is kept for the next use. */
void buf_clear(struct buf *b);
/* The bytes as a malloced string (the caller frees it); `b` is empty after. */
char *buf_detach(struct buf *b);

/*
 * Appending.  Each returns 0, or -1 if the maximum would be passed: nothing
 * is appended then.  A caller whose text is bounded by construction may
 * ignore the result.
 */
int buf_add(struct buf *b, const void *bytes, size_t len);
int buf_addc(struct buf *b, char c);
int buf_adds(struct buf *b, const char *s);
int buf_addf(struct buf *b, const char *fmt, ...) NNI_FORMAT(2, 3);
int buf_addv(struct buf *b, const char *fmt, va_list ap);

/* Replaces the contents. */
int buf_set(struct buf *b, const char *s);
int buf_setf(struct buf *b, const char *fmt, ...) NNI_FORMAT(2, 3);

/* Room for `extra` more bytes at data + len; -1 past the maximum. */
int buf_reserve(struct buf *b, size_t extra);
/* Removes the first `n` bytes (n <= len). */
void buf_drop(struct buf *b, size_t n);
/* Cuts to `len` bytes (len <= b->len). */
void buf_cut(struct buf *b, size_t len);
/* Removes trailing blanks, tabs, CR and LF. */
void buf_rtrim(struct buf *b);

/*
 * For modules: puts a message into `err` (which may be NULL) and returns -1,
 * so that `return buf_err(err, "cannot open '%s': %s", ...)` reads well.
 * The message is lower case, without a full stop and without the program's
 * name, which main() puts before it.
 */
int buf_err(struct buf *err, const char *fmt, ...) NNI_FORMAT(2, 3);
/* For messages: the "s" of "%zu trial%s", which 1 has not. */
const char *plural(uint64_t n);

#endif
