#ifndef NNI_REST_READING_H
#define NNI_REST_READING_H

#include <stdbool.h>
#include <stdint.h>
#include "buf.h"
#include "json.h"

/*
 * One request for the output of a trial: what of it was had before, what is
 * asked for, and what of the answer is new.  Without times in its lines it is
 * read on by bytes (RFC 9110, 14.2), or from a text that may begin with what
 * was had.
 */
struct listing;
struct podlog;
struct subject;

struct reading {
	struct subject *subject;
	char *source, *name; /* of the log; of the file it is kept in */
	char *text;	     /* JSON: a path; the body is JSON then */
	bool stamps, once, keep, last;
	bool range, moved, overlap;
	struct podlog *log;
	int64_t from; /* bytes that were had when it was asked for */
	struct buf body;
	int64_t bytes, lines; /* new ones */
	bool begun;
	bool shorter; /* there is less than was had */
	bool broken;  /* no text is at that path */
};

void reading_init(struct reading *r, struct subject *s, struct json spec);
void reading_release(struct reading *r);
/* Appends a line of curl's configuration, if there is one to ask with. */
void reading_ask(struct reading *r, struct buf *headers);

void reading_begun(struct reading *r, int status);
void reading_body(struct reading *r, const char *bytes, size_t len);
/*
 * It ended with `status`; `size`: of the whole, -1 if nobody says.  The status
 * that is told; what stands in the body for `note` goes to `pieces`.
 */
int reading_done(
    struct reading *r, int status, int64_t size, struct listing *pieces);

#endif
