#ifndef NNI_RUN_CHECK_H
#define NNI_RUN_CHECK_H

#include <stdbool.h>
#include "config.h"

/*
 * Asks the backends of all members, side by side, whether they could run the
 * experiment in `dir` (its config.json and log/ are there): their verb `check`.
 * What they complain of goes to stderr.
 *
 * CHECK_ONLY: each place has its line on stderr, the records go to stdout,
 * unless that is a terminal, and every complaint counts.  CHECK_CREATING: what
 * may pass by itself (exit code 5) is only warned of, as is everything where
 * one place of them can run it, and what they have to offer is not shown.
 * CHECK_DRY: the same, but each place has its line.
 *
 * Returns NNI_OK or the exit code.  `*signal` is set if an interrupt came.
 */
enum check_for { CHECK_ONLY, CHECK_CREATING, CHECK_DRY };
int check_members(
    const struct config *c, const char *dir, enum check_for what, int *signal);

/*
 * Of lines that a backend printed, the error records: "MEMBER: where: message;
 * hint" each, as an error (bad) or a warning.
 */
void check_show(const char *member, const struct buf *lines, bool bad);

#endif
