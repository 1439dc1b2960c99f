#ifndef NNI_TARGETS_H
#define NNI_TARGETS_H

#include <stdbool.h>
#include "attempts.h"
#include "buf.h"
#include "placed.h"

/*
 * The attempts of one experiment that nni-cancel may stop: what events.jsonl
 * and placed.jsonl know of, less what has ended.
 */
struct target {
	struct placed placed; /* len 0: not in placed.jsonl */
	bool ended;
	bool wanted;
};

struct targets {
	char *dir;
	struct attempts all;
	size_t wanted;	/* and not ended */
	int64_t events; /* events.jsonl was read up to here */
};

/* Reads what the experiment knows. 0 or -1. */
int targets_load(struct targets *t, const char *dir, struct buf *err);
void targets_release(struct targets *t);

/* Wants a trial's last attempt, by its id.  -1 if there is no such trial. */
int targets_want(struct targets *t, const char *trial, struct buf *err);
void targets_want_all(struct targets *t);

typedef void target_fn(void *arg, struct target *target);
/* Each that is wanted and has not ended. */
void targets_each(struct targets *t, target_fn *fn, void *arg);
/* A status record: true if it is the end of one that is wanted. */
bool targets_status(struct targets *t, const struct record *r);

#endif
