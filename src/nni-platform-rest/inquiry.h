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

/*
 * It has ended, or had to be ended; `code` is its exit code, -1 if it was none.
 * `out` is its standard output, a secret perhaps, which the caller may keep
 * nothing of but a copy; `err` the beginning of its standard error.
 */
typedef void inquiry_fn(
    void *arg, int code, const struct buf *out, const struct buf *err);

/*
 * Starts argv (NULL-ended, argv[0] searched in PATH) with `in` as its input.
 * After timeout_ms it is killed.  NULL with err if it cannot be started.  fn is
 * called once, when it is over, from the loop; then `i` is gone.
 */
struct inquiry *inquiry_start(struct loop *l, char *const *argv,
    const struct buf *in, int64_t timeout_ms, inquiry_fn *fn, void *arg,
    struct buf *err);
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

#endif
