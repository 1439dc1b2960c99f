#ifndef NNI_REST_REPLIES_H
#define NNI_REST_REPLIES_H

#include <stddef.h>
#include <stdint.h>
#include "buf.h"

/*
 * What one curl process says on its standard output.  Its requests are done one
 * after the other; each gives the heads of the reply (curl's --include), its
 * body, and the outcome, a line that begins with a mark of chance
 * (--write-out).
 */
struct reply_calls {
	/* The head is whole; those of 100 to 199 are passed over.  retry_after:
	   the field's text or NULL; size: of the whole, as Content-Range says,
	   or -1. */
	void (*head)(
	    void *arg, int status, const char *retry_after, int64_t size);
	void (*body)(void *arg, const char *bytes, size_t len);
	/*
	 * That request is over.  `code` is curl's own exit code, 0 if all went
	 * well; -1 if this curl does not tell.  `words` are its words, or "".
	 */
	void (*over)(void *arg, int status, int code, const char *words);
};

#define REPLY_MARK_LEN 33 /* RS, 32 hexadecimal digits */

struct replies {
	char mark[REPLY_MARK_LEN + 1];
	struct buf rest; /* not understood so far */
	int in_body;
	const struct reply_calls *calls;
	void *arg;
};

void replies_init(
    struct replies *r, const struct reply_calls *calls, void *arg);
void replies_release(struct replies *r);
/* The argument of --write-out, for curl_line(). */
void replies_outcome(const struct replies *r, struct buf *out);
void replies_feed(struct replies *r, const char *bytes, size_t len);

#endif
