#ifndef NNICTL_PLACES_H
#define NNICTL_PLACES_H

#include <stdbool.h>
#include "buf.h"
#include "json.h"
#include "trials.h"

/* Where trials are or were; of trials with their texts (trials.keep). */

/* "platform" (the member) or "place" of a trial; JSON_NONE: it has no place. */
struct json trial_where(const struct trial *tr, const char *key);
/* "remote: bob@192.0.2.2", or the one where both are the same, for people. */
void trial_place_text(struct buf *out, const struct trial *tr);
/* Are there trials in more than one place? */
bool trials_have_places(const struct trials *t);
/*
 * A list with an object for each place, in the order of their first trials:
 * {"platform":"remote","place":"bob@192.0.2.2","trials":5,"running":1}
 */
void trials_add_places(struct buf *out, const struct trials *t);

#endif
