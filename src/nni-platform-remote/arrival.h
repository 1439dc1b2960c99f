#ifndef NNI_REMOTE_ARRIVAL_H
#define NNI_REMOTE_ARRIVAL_H

#include <stdbool.h>
#include <stdint.h>
#include "attempts.h"
#include "buf.h"

/*
 * The files of an attempt on their way from its machine into its directory
 * here.  Nothing that the machine says is trusted: no name leads out of the
 * directory, no link is followed, nothing comes that was not asked for.
 */
struct arrival;

/* The attempt's directory has to be there. */
struct arrival *arrival_new(const struct attempt *a, const char *dir);
/* What has come so far stays. */
void arrival_free(struct arrival *v);

/* A new connection: it is listed, and asked for, from the beginning. */
void arrival_begin(struct arrival *v);
/*
 * A line of it, of type "file", "listed" or "data"; others are passed over.
 * Appends what is to be said to the machine.
 */
void arrival_take(struct arrival *v, const struct record *r, struct buf *out);
/* All is here that will come. */
bool arrival_done(const struct arrival *v);

/* How much has come; the first thing that went wrong, or NULL. */
int64_t arrival_files(const struct arrival *v);
int64_t arrival_bytes(const struct arrival *v);
const char *arrival_error(const struct arrival *v);

#endif
