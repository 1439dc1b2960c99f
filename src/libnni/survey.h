#ifndef NNI_SURVEY_H
#define NNI_SURVEY_H

#include <stdbool.h>
#include <stdint.h>
#include "attempts.h"
#include "buf.h"
#include "experiment.h"
#include "placed.h"

/*
 * An experiment that nni-submit alone has made, in a typed pipeline.  It has
 * no journal: what is to be known of it is in placed.jsonl and with the
 * platforms, which keep what became of each trial.
 */

/*
 * Is it one of these?  It has a placed.jsonl and no events.jsonl, or has lost
 * what was in that.
 */
bool survey_is_typed(const char *dir);
/*
 * Can nni-run go on with it?  0, or -1 if it is one of these and has trials or
 * a nni-submit at work, with what to type instead.
 */
int survey_refuse(const char *dir, struct buf *err);
/* Appends how to go on with it: "nni-submit --resume DIR </dev/null | ...". */
void survey_how_to_resume(struct buf *out, const char *dir);

/* ---- placed.jsonl ---- */

struct survey {
	char *dir, *path;
	struct attempts all; /* of struct placed */
};

/* `last`: what the last line of the record's attempt is. */
typedef void survey_fn(
    void *arg, enum placed_kind last, const struct record *r);

/* 0 or -1. Release it in either case. */
int survey_open(struct survey *s, const char *dir, struct buf *err);
void survey_release(struct survey *s);
/* Every spec that was accepted, in order. 0 or -1. */
int survey_specs(
    const struct survey *s, survey_fn *fn, void *arg, struct buf *err);
/*
 * The last line of each attempt.  A trial record names the directory as it is
 * now, wherever it was when the record was written.  0 or -1.
 */
int survey_last(
    const struct survey *s, survey_fn *fn, void *arg, struct buf *err);

/* Appends a status record of what nobody but us can tell. */
void survey_status(struct buf *out, const struct attempt *a,
    enum trial_status status, const char *reason);

/* ---- all of it ---- */

/*
 * Is there more to be known than its journal tells?  It has none, or nobody
 * serves it while trials have no end there.  `e` is what the journal tells.
 */
bool survey_is_needed(const struct experiment *e);
/*
 * Of an experiment with a journal, which experiment_replay() has read: what its
 * platforms say of trials that have no end there.
 *
 * Of one without: reads it into `e`, as experiment_replay() does with a
 * journal; the platforms are asked, by nni-collect, for `timeout_ms` at most.
 * A trial of which its place says nothing is UNKNOWN.
 *
 * There are no sessions: e->last is SESSION_PASS while a nni-submit or a trial
 * is at work, SESSION_STOPPED if only specs are left that have no place, or if
 * all has ended since a stop was asked for; SESSION_DONE when all has ended
 * without, SESSION_NONE before the first spec.  e->stopped: a stop was asked
 * for after the last spec.
 *
 * -1 if placed.jsonl cannot be read.
 */
int survey_read(struct experiment *e, int64_t timeout_ms, struct buf *err);
/*
 * The same for several at a time, side by side: rc[i] and err[i] are those of
 * list[i].  A process each: not more than a few dozen.
 */
void survey_read_all(struct experiment *const *list, size_t count,
    int64_t timeout_ms, int *rc, struct buf *err);

#endif
