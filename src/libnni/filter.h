#ifndef NNI_FILTER_H
#define NNI_FILTER_H

#include <stdbool.h>
#include <stdint.h>
#include "buf.h"
#include "lines.h"
#include "os/loop.h"
#include "record.h"

/*
 * What the programs of the pipeline have in common: records from standard
 * input, records to standard output, one write a round of the loop, an end at
 * once when the reader has gone, and no more input taken while the reader is
 * slow.
 *
 * A line that is no record is refused, and so is one of more than 1 MiB; the
 * stream goes on.
 */
enum filter_format { FILTER_JSONL, FILTER_TABLE };

struct filter_calls {
	/* A record came in. `line` has no LF and is valid during the call. */
	void (*take)(
	    void *arg, const struct record *r, const char *line, size_t len);
	/* No more will come. */
	void (*end)(void *arg);
	/* The end of each round, before what was put is written.  May be NULL.
	 */
	void (*round)(void *arg);
	/* The reader of our output is slow, or quick again.  May be NULL. */
	void (*pressed)(void *arg, bool slow);
};

struct filter {
	struct loop *loop;
	const struct filter_calls *calls;
	void *arg;
	struct stream *in, *out;
	struct lines lines;
	int64_t line_number;
	struct buf put;	    /* written at the end of the round */
	struct timer start; /* the end of an input that is not read */
	struct timer round; /* one that has to come */
	enum filter_format format;
	bool urgent;	 /* some of `put` is */
	bool slow;	 /* the reader is */
	bool held;	 /* by filter_hold() */
	bool titled;	 /* the table has its first line */
	bool ended;	 /* the input has */
	bool leaving;	 /* filter_leave() was called */
	bool refused;	 /* a line was */
	bool no_records; /* set by a program that puts out something else */
	int exit_code;
};

/*
 * Sets it up on `loop`; reading begins with the loop.  `read_input` false:
 * there is no input, `end` is called from the first round.
 */
void filter_init(struct filter *f, struct loop *loop, enum filter_format format,
    bool read_input, const struct filter_calls *calls, void *arg);
void filter_release(struct filter *f);

/* Puts out one or more records (of FILTER_JSONL: any text); an LF is added if
   there is none at the end. */
void filter_put(struct filter *f, const char *lines, size_t len);
void filter_put_buf(struct filter *f, const struct buf *lines);
/* The same for news that nobody waits for: they may go out a little later, with
   what is put after them (stream_write_calm()). */
void filter_put_calm(struct filter *f, const char *lines, size_t len);
/* What was put calmly in this round goes out with it after all. */
void filter_hurry(struct filter *f);
/* Puts out an error record (see record_error()). */
void filter_error(struct filter *f, const char *message, const char *where,
    const char *hint, const char *trial);
/*
 * The line that is being taken is not accepted: an error record, and the same
 * on stderr as "stdin:N: WHY; HINT".  hint and trial may be NULL.
 */
void filter_refuse(
    struct filter *f, const char *why, const char *hint, const char *trial);
/* What to end with: `code`, or NNI_USAGE if that is no fault and a line was
   refused.  Not for backends, whose NNI_USAGE says not to start them again. */
int filter_code(const struct filter *f, int code);
/* Takes no input until it is let go again. */
void filter_hold(struct filter *f, bool hold);
/* True while more than a MiB waits for the reader. */
bool filter_pressed(const struct filter *f);

/* Stops the loop with `code` once everything put is written. */
void filter_leave(struct filter *f, int code);

/* "jsonl", "table", or NULL: a table on a terminal. */
enum filter_format filter_format(const char *name);

#endif
