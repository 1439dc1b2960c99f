#ifndef NNI_TRIAL_TRIAL_H
#define NNI_TRIAL_TRIAL_H

#include <stdbool.h>
#include <stdint.h>
#include "buf.h"

/* False: standalone, as NNI calls it (v3.0:nni/runtime): nobody listens. */
bool trial_is_managed(void);
/* NNI_SYS_DIR/NAME into path; 0 or -1. */
int trial_sys_path(struct buf *path, const char *name, struct buf *err);
/*
 * One record to the platform: in the metric file, or on standard output where
 * the platform reads that.  0 or -1.
 */
int trial_send(const struct buf *payload, struct buf *err);
/* Waits. */
void trial_nap(int64_t ms);

/*
 * A parameter, all of them if name is NULL: 1, 0 if there is none of that name
 * (err names those there are), -1.  `name` may lead into objects and
 * lists with dots: "net.units", "layers.0".  A string comes without quotes
 * unless `json`.
 */
int trial_get(const char *name, bool json, struct buf *out, struct buf *err);

/*
 * What somebody typed as JSON: JSON itself, and numbers as other programs print
 * them (.5, nan, inf).  -1 if it is neither.
 */
int trial_value(
    const char *text, size_t len, struct buf *value, struct buf *err);

/* A metric. */
int trial_report(const struct buf *value, bool final, struct buf *err);

#endif
