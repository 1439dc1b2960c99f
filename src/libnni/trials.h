#ifndef NNI_TRIALS_H
#define NNI_TRIALS_H

#include <stdbool.h>
#include <stdint.h>
#include "hash.h"
#include "phases.h"
#include "record.h"

/*
 * The trials of one experiment, as its records tell of them.  The same
 * function takes a record when it is new and when the journal is read again, so
 * a resumed program knows exactly what the one before it knew.
 *
 * Small for what has ended (about 100 bytes a trial); what is needed only
 * while a trial lives (its spec, which metrics were seen) is freed at its end.
 */
enum {
	TRIAL_ENDED = 1,    /* the trial, not only one attempt, has ended */
	TRIAL_RETRY = 2,    /* an attempt has failed, the next one is due */
	TRIAL_CANCELED = 4, /* a cancel of it is journaled */
	TRIAL_EARLY = 8,    /* ... one of the assessor's */
	TRIAL_STARTED = 16, /* this attempt was RUNNING */
	TRIAL_FINAL = 32,   /* has a final metric */
	TRIAL_NUMBER = 64,  /* ... which is a finite number */
	TRIAL_REFED = 128,  /* handed to a new pipeline that has not said
			       yet how it is */
	TRIAL_LOST = 256    /* to be given up if its place is out of reach */
};

/* What is kept while a trial lives (or for good, with trials.keep). */
struct trial_text {
	char *spec; /* the spec's line; parameters points into it */
	struct json parameters;
	char *record;  /* trials.keep: the last trial record's line */
	char *value;   /* the final metric's value as written */
	char *first;   /* that of phase 0, where a later one's counts */
	int64_t phase; /* index of the phase whose final metric it is */
	struct phases phases;
	char *reason;	    /* trials.keep: the last status's reason, decoded */
	char *how;	    /* trials.keep: the same for people, table_how() */
	struct buf results; /* trials.keep: intermediate values, "1, 2" */
	struct hash_set seen; /* the metrics that were journaled */
};

struct trial {
	char id[TRIAL_ID_LEN + 1];
	uint16_t flags;
	uint8_t status; /* enum trial_status of the last attempt */
	int16_t attempt;
	uint16_t lost;	  /* attempts given up that may still live somewhere */
	uint32_t metrics; /* intermediate ones of the last attempt */
	int64_t sequence, parameter_id;
	int64_t start_ms, end_ms; /* of the last attempt; 0: not yet */
	int64_t since_ms;	  /* since when it has its status */
	uint32_t reason_digest;
	uint32_t place_digest; /* of the last trial record: place and job */
	double final;
	struct trial_text *text; /* NULL once ended */
};

/* An attempt that was given up: cancelled until its place confirms. */
struct lost_attempt {
	uint32_t trial; /* index */
	int attempt;
};

struct trials {
	struct trial *list; /* in the order of their specs */
	size_t count, cap;
	uint32_t *slots; /* hash table of index + 1 */
	size_t slot_count;
	size_t by_status[STATUS_EARLY_STOPPED + 1];
	size_t live; /* not ended, UNKNOWN and to be retried included */
	int64_t next_sequence;
	struct lost_attempt *lost;
	size_t lost_count;
	size_t failed_in_a_row; /* infra failures since the last start */
	bool minimize;		/* what "best" means */
	int64_t best;		/* index; -1: none */
	char *best_parameters;
	char *best_value;
	bool keep; /* set at once: keep the text of ended trials too */
};

void trials_init(struct trials *t);
void trials_release(struct trials *t);

/*
 * The parameters of a trial: those that its result is one of, or the present
 * ones while it has none.  It must have its text.
 */
struct json trial_parameters(const struct trial *tr);
/* Their parameter_id. */
int64_t trial_parameter_id(const struct trial *tr);
/*
 * The results of a trial, with trials.keep: one for each phase that has one, in
 * their order; *at begins with 0.  False: there are no more.
 */
bool trial_next_result(const struct trial *tr, size_t *at,
    struct json *parameters, struct json *value);

/* NULL if there is none of that id. Valid until the next spec is applied. */
struct trial *trials_find(struct trials *t, const char *id);

/* What a record from the pipeline is, given what is known. */
enum trials_news {
	NEWS_FRESH,  /* to be journaled and applied */
	NEWS_REPEAT, /* known: said again after a restart */
	NEWS_LATE,   /* of an attempt that was given up: journaled, ignored */
	NEWS_STRANGE /* of no trial of this experiment */
};
enum trials_news trials_judge(struct trials *t, const struct record *r);

/*
 * Takes a journaled spec, trial, status, metric, update or cancel record in.  A
 * status of an attempt's end may carry marks: "retry" (the trial goes on),
 * "lost" (given up; the place did not say it), "late".
 */
void trials_apply(struct trials *t, const struct record *r);

/* A record's time in Unix milliseconds; 0 if it has none. */
int64_t record_time_ms(const struct record *r);

#endif
