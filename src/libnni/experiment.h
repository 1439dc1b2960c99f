#ifndef NNI_EXPERIMENT_H
#define NNI_EXPERIMENT_H

#include <stdbool.h>
#include <stdint.h>
#include "config.h"
#include "trials.h"

/*
 * An experiment as its journal tells of it: its trials, its sessions (the
 * times that a nni-run was at work on it) and what was changed on the way.
 * The journal's own records (nni-records(5)):
 *
 *   experiment  first line: schema, id, time
 *   session     event "start" (pid, host, mode) or "end" (reason, ran)
 *   control     a request of control.jsonl and the offset behind it
 */
#define JOURNAL_SCHEMA "nni.journal/1"

/* How the last session ended, or that it did not say. */
enum session_end {
	SESSION_NONE,	  /* never started */
	SESSION_OPEN,	  /* at work now, or it was killed */
	SESSION_DONE,	  /* all that was to be done is done */
	SESSION_STOPPED,  /* somebody asked for it; nothing runs */
	SESSION_DETACHED, /* interrupted; trials run on */
	SESSION_PASS,	  /* --tick: the next pass goes on */
	SESSION_FAILED	  /* outside failure; can be resumed */
};
const char *session_end_name(enum session_end e);

struct experiment {
	char *dir;
	struct trials trials;
	char *id; /* as the journal's first record says; NULL: no journal yet */
	enum session_end last;
	int64_t created_ms;	  /* of the first record */
	int64_t session_start_ms; /* wall clock */
	int64_t last_ms;	  /* time of the last record but metrics */
	int64_t ran_ms;		  /* in ended sessions, and between ticks */
	int64_t control_offset;	  /* control.jsonl is obeyed up to here */
	bool stopped;		  /* a stop was asked for since the start */
	bool ticks;		  /* the last session was a --tick */
	/* What "set" requests changed; -1: as configured. */
	int64_t concurrency, max_trials, max_duration_ms;
	char *search_space; /* JSON; NULL: as configured */
	struct buf line_err;
};

void experiment_init(struct experiment *e, const char *dir);
void experiment_release(struct experiment *e);

/*
 * Reads DIR/events.jsonl into `e`.  `*records` (may be NULL) gets their number.
 * -1 if the journal cannot be read, is of a newer schema, is another
 * experiment's, or has a line that is not a record (FILE:LINE is said): then
 * it was damaged, and nothing is guessed.
 */
int experiment_replay(struct experiment *e, int64_t *records, struct buf *err);

/* Takes one journaled record of any type in. -1: refused, see err. */
int experiment_apply(
    struct experiment *e, const struct record *r, struct buf *err);

/* The limits in force: changed ones, else the configured. 0: unlimited. */
int64_t experiment_concurrency(
    const struct experiment *e, const struct config *c);
int64_t experiment_max_trials(
    const struct experiment *e, const struct config *c);
int64_t experiment_max_duration_ms(
    const struct experiment *e, const struct config *c);

/*
 * Whether smaller results are better: the tuner's optimize_mode, or what it
 * takes where there is none (v3.0: TPE and Anneal minimize).
 */
bool config_minimize(const struct config *c);

/*
 * --tick: there is no more to be done.  Until then the next tick goes on,
 * whatever became of the one before.
 */
bool experiment_is_over(const struct experiment *e);
/* How the last session ended, by the journal's last line alone. */
enum session_end experiment_last_end(const char *dir);

/* Is a nni-run at work on it? Its pid in *pid (may be NULL). */
bool experiment_is_running(const char *dir, int64_t *pid);
/* Is one, or in a typed pipeline a nni-submit? */
bool experiment_is_served(const char *dir, int64_t *pid);

#endif
