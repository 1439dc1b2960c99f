#ifndef NNI_GATHER_H
#define NNI_GATHER_H

#include "attempts.h"
#include "crew.h"
#include "files.h"
#include "filter.h"
#include "hash.h"
#include "logs.h"

struct report;

/* The trials whose results nni-collect gathers. */
struct gatherer {
	struct loop *loop;
	struct filter filter;
	struct report *report; /* csv, tsv: takes the records; else NULL */
	struct logs logs;
	struct files files;
	struct crew crew;
	struct attempts trials;
	size_t live;	   /* trials whose end was not passed on */
	size_t held;	   /* of these, whose end waits for metrics or files */
	size_t no_final;   /* succeeded without a final metric */
	size_t incomplete; /* whose metrics are gone, or some of them */
	size_t fileless;   /* whose files are not all here */
	bool finishing;	   /* the backends were told that no more comes */
	bool late;	   /* its time for draining is over */
	struct timer follow;
};

/* So many of these are named, the others counted. */
#define NO_FINAL_NAMED 10

/* Takes the loop over. */
void gather_init(struct gatherer *g, struct loop *loop);
void gather_release(struct gatherer *g);

/* Passes records on: to the reader, or into the report. */
void gather_put(struct gatherer *g, const char *lines, size_t len);

/* The end of a round of the loop. */
void gather_round(struct gatherer *g);

void gather_trial(struct gatherer *g, const struct record *r);
void gather_status(struct gatherer *g, const struct record *r);
/* Says of how many trials more than those named something is missing. */
void gather_counts(const struct gatherer *g);
/*
 * The same of a record that a journal has, whose trial may be gathered: what it
 * has is not gathered again.
 */
void gather_journaled(struct gatherer *g, const struct record *r);
/* --follow: from now on says what the logs of live trials grow by, and keeps
   their files in step. */
void gather_follow(struct gatherer *g);
/* Of trials that run and will not be waited for, the files as they are. */
void gather_copy_live(struct gatherer *g);
/* No more comes in: the backends drain what there is. */
void gather_finish(struct gatherer *g);
/* All has been drained, or cannot be. */
bool gather_finished(const struct gatherer *g);
/* Did the last attempt of any trial end FAILED? */
bool gather_failed(const struct gatherer *g);
/* The ids of trials without an end, at most `most` of them. */
void gather_missing(const struct gatherer *g, struct buf *out, size_t most);

#endif
