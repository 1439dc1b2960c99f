#ifndef NNI_RUN_PREPARE_H
#define NNI_RUN_PREPARE_H

#include <stdbool.h>
#include <stdint.h>
#include "buf.h"

/*
 * What comes before an experiment runs.  All return an exit code, having
 * printed what is wrong by nni-config or into err.
 */

/*
 * nni-config's canonical form of `file`, on one line: for people (redact), or
 * to be run (then what this version cannot run is an error).
 */
int prepare_config(
    const char *file, bool redact, struct buf *json, struct buf *err);
/*
 * Before there is anything: could it run?  What can never be, and the remedy,
 * was said on stderr; what may pass by itself is only warned of.
 */
int prepare_try(const struct buf *json, struct buf *err);
/*
 * Makes the experiment's directory.  `id` NULL: a new one; `retries` < 0: as
 * configured.  NNI_USAGE if an experiment of that id is there.
 */
int prepare_create(const struct buf *json, const char *id, int64_t retries,
    struct buf *dir, struct buf *err);
/*
 * The same for `file`, whose configuration is read first: every complaint
 * counts, and the capacity lines go to stdout.
 */
int prepare_check(const char *file, struct buf *err);
/* As prepare_try() for `file`; then what would be started: first proposals on
   stdout. */
int prepare_dry_run(const char *file, struct buf *err);
/* Every member's `clean`. */
int prepare_clean(const char *dir, struct buf *err);

#endif
