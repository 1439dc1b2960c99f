#ifndef NNI_FEED_H
#define NNI_FEED_H

#include <stdint.h>
#include "buf.h"
#include "lines.h"
#include "record.h"

/*
 * Records from a journal or from the standard input, one line after the other,
 * for programs that decide (nni-tune, nni-assess).  What is not a record is
 * told and passed over.
 */
struct feed;

/* `r` is NULL for a line that is no record: f->why says why. */
typedef void feed_fn(void *arg, const struct feed *f, const struct record *r);

struct feed {
	const char *name; /* for messages: "stdin", a file's name; borrowed */
	int64_t line;	  /* number of the present line, from 1 */
	struct buf why;
	feed_fn *fn;
	void *arg;
	struct lines lines;
};

void feed_init(struct feed *f, const char *name, feed_fn *fn, void *arg);
void feed_release(struct feed *f);

/* Bytes of a stream; len 0: its end. */
void feed_bytes(struct feed *f, const char *bytes, size_t len);
/* All of a journal; one that does not exist is empty. 0 or -1. */
int feed_journal(struct feed *f, struct buf *err);

#endif
