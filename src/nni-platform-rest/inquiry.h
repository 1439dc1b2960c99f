#ifndef NNI_REST_INQUIRY_H
#define NNI_REST_INQUIRY_H

#include <stdbool.h>
#include <stdint.h>
#include "buf.h"
#include "os/loop.h"

/*
 * One program asked one question beside the loop: curl, az, this one itself.
 * What it is told comes by its standard input, so that nothing secret is in a
 * command line.
 */
struct inquiry;

/* How it came to its end. */
struct inquiry_end {
	int code;	     /* its exit code; -1: it has none */
	int signal;	     /* that killed it; 0: none did, or it was us */
	bool late, too_much; /* why we did */
};

/*
 * It is over.  `out` is its standard output, a secret perhaps, which the caller
 * may keep nothing of but a copy; `words` the beginning of its standard error,
 * or that it was late.
 */
typedef void inquiry_fn(void *arg, const struct inquiry_end *how,
    const struct buf *out, const struct buf *words);

struct inquiry_spec {
	char *const *argv;	/* NULL-ended, argv[0] searched in PATH */
	const char *const *env; /* as in proc_spec */
	const struct buf *in;	/* its input; NULL: nothing */
	int64_t timeout_ms;	/* then it is killed */
	bool own_group;		/* as in proc_spec; killed with it */
	/* Takes each line of its standard error as it comes, NULL in place of
	   one that is too long; then `words` is empty.  May be NULL. */
	void (*line)(void *arg, char *line, size_t len);
};

/*
 * Starts it.  NULL with err if it cannot be started.  fn is called once, when
 * it is over, from the loop; then `i` is gone.  What it left running, and has
 * its output open, is not waited for.
 */
struct inquiry *inquiry_start(struct loop *l, const struct inquiry_spec *spec,
    inquiry_fn *fn, void *arg, struct buf *err);
/* fn is not called any more; the program is killed.  NULL is allowed. */
void inquiry_stop(struct inquiry *i);

/*
 * The same by curl, with these lines of its configuration (curl-line.h); the
 * last line of `out` is the status, 000 where there was no answer.  Redirects
 * are not followed.
 */
struct inquiry *inquiry_curl(struct loop *l, const struct buf *lines,
    int64_t timeout_ms, inquiry_fn *fn, void *arg, struct buf *err);
/* Takes that line off: the status; the rest is the body. */
int inquiry_status(const struct buf *out, struct buf *body);
/*
 * What is wrong, for people, in the words of who answered where there are some:
 * {"error_description":...}, {"error":{"message":...}}, {"message":...}, or
 * with status 0 what the program said itself.
 */
void inquiry_words(struct buf *out, int status, const struct buf *body,
    const struct buf *words);

#endif
