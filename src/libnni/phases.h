#ifndef NNI_PHASES_H
#define NNI_PHASES_H

#include <stddef.h>
#include <stdint.h>
#include "record.h"

/*
 * The further parameters of a multi-phase trial.  It is started with those of
 * phase 0, its spec's, and asks for those of phase 1, 2... by `request`
 * metrics; `update` records give them.  A second attempt of it begins at phase
 * 0 again and gets the same ones.
 */
struct phase {
	int64_t index;		/* from 1 */
	int64_t parameter_id;	/* -1: unknown, or there were no more */
	int asked, given;	/* attempts that did and got it last; 0: none */
	char *update;		/* the last update record; NULL: none yet */
	struct json parameters; /* in it */
	char *value; /* the final metric of the present attempt, or NULL */
};

struct phases {
	struct phase *all; /* in the order in which they were first heard of */
	size_t count;
};

void phases_release(struct phases *p);
/* NULL if there is none. */
struct phase *phases_find(const struct phases *p, int64_t index);
struct phase *phases_of(const struct phases *p, int64_t parameter_id);
/* The last one that an attempt has got; NULL: it is at phase 0. */
struct phase *phases_now(const struct phases *p, int attempt);
/* Takes a request or an update record in. */
void phases_take(struct phases *p, const struct record *r);
/* Another attempt: no results yet. */
void phases_restart(struct phases *p);

#endif
