#ifndef NNI_LINES_H
#define NNI_LINES_H

#include <stddef.h>
#include "buf.h"

/*
 * Cuts a stream of bytes into lines.  A line ends with LF; a CR before it is
 * dropped; the longest is NNI_LINE_MAX.  What is too long is passed over up to
 * its end and reported as NULL.
 */
#define NNI_LINE_MAX ((size_t)1 << 20)

struct lines {
	struct buf rest; /* an unfinished line */
	int skipping;	 /* inside one that is too long */
};

#define LINES_INIT                                                             \
	{                                                                      \
		BUF_INIT_MAX(NNI_LINE_MAX + 1), 0                              \
	}

/* `line` is NUL-terminated and valid during the call; NULL: too long. */
typedef void lines_fn(void *arg, char *line, size_t len);

void lines_init(struct lines *l);
void lines_release(struct lines *l);
void lines_feed(
    struct lines *l, const char *bytes, size_t len, lines_fn *fn, void *arg);
/* The end of the stream: an unfinished last line counts as a line. */
void lines_end(struct lines *l, lines_fn *fn, void *arg);

#endif
