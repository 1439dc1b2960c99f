#ifndef NNI_STAGE_H
#define NNI_STAGE_H

#include <stdbool.h>
#include <stdint.h>
#include "buf.h"
#include "config.h"
#include "contract.h"
#include "lines.h"
#include "os/loop.h"
#include "os/process.h"
#include "record.h"

/*
 * What the tests stand on: a backend's program, a configuration, an experiment
 * of their own for each, and runs of the backend's verbs.
 */
struct stage {
	struct loop *loop;
	struct buf backend; /* path of its program */
	struct buf text;    /* canonical configuration */
	struct config config;
	const char *member;
	struct buf place;	 /* as credit named one; "": not yet */
	struct buf code;	 /* digest of PARENT/code.zip; "": not wanted */
	struct buf parent;	 /* where experiments are made */
	struct buf dir;		 /* the present one */
	int64_t limit_ms;	 /* the longest wait for anything */
	int64_t next_id;	 /* of trials */
	struct waiting *waiting; /* while a wait runs */
	/* From its capabilities. */
	bool credit, adopt, update, fetch;
	/* What was told: all lines of TAP, those that are not ok. */
	int tests, failures;
	/*
	 * A wait of the present part was in vain: nobody waits in it any more.
	 * What is not ok from there on follows from it and is not told.
	 */
	bool gave_up, excused;
	bool not_ok;	   /* the last line */
	bool lost;	   /* nobody gets what is told */
	char rubbish[160]; /* of the part: the first that was no record */
	const char *rubbish_of;
};

/* A line that a verb said, and what tests look for in it. */
struct heard {
	char *line;
	struct record r; /* its slices point into line */
};

/* One run of a verb. */
struct verb {
	struct stage *stage;
	const char *name;
	struct proc proc;
	struct stream *in, *out;
	struct lines lines;
	struct heard *heard;
	size_t count, room;
	bool ended; /* the process, and its output */
	bool out_ended, exited;
	bool finished, late; /* its input was ended; it did not end then */
	struct proc_end end;
	struct timer straggler; /* has exited; something holds its output */
	/* Lines heard go on to these, as the ring would pass them. */
	struct verb *to_watch, *to_collect;
};

/* Once, before anything else. */
void stage_init(struct stage *s);
/* A new experiment; the present one's verbs must have ended. 0 or -1. */
int stage_open(struct stage *s, struct buf *err);
void stage_release(struct stage *s);

/* Lines for standard output.  Where nobody gets them the present part gives up,
   and there is no sense in another. */
void stage_say(struct stage *s, const struct buf *lines);
/*
 * One line of TAP; returns `good`.  If it is not, the sentence of the contract
 * is shown, and what the caller adds by note().
 */
bool told(struct stage *s, bool good, enum promise p, const char *fmt, ...)
    NNI_FORMAT(4, 5);
void passed_over(struct stage *s, const char *name, const char *why);
/* Not ok, but that is no failure. */
void todo(struct stage *s, enum promise p, const char *name);
/* A comment, where the last line was not ok. */
void note(struct stage *s, const char *fmt, ...) NNI_FORMAT(2, 3);
/* What became of the verb, if it ended or says nothing; and what it said last
   of the trial. */
void note_verb(struct verb *v, const char *trial);
/* Only if it did not end well. */
void note_end(struct verb *v);

/*
 * Starts nni-platform-NAME VERB --dir DIR --member M, and --once if that is to
 * be.  0 or -1; then it is as one that has ended.
 */
int verb_start(
    struct stage *s, struct verb *v, const char *name, struct buf *err);
int verb_start_once(struct stage *s, struct verb *v, const char *name);
/* Sends one line (LF is added). */
void verb_send(struct verb *v, const char *line);
/*
 * Runs the loop until test(arg) holds; false if the limit was reached first.
 * Then, and if `hopeless` (may be NULL) says so, stage->gave_up is set.
 */
typedef bool stage_test(void *arg);
bool stage_wait(
    struct stage *s, stage_test *hopeless, stage_test *test, void *arg);
/* Runs it until test(arg) holds or `ms` are over; test may be NULL. */
bool stage_pass(struct stage *s, int64_t ms, stage_test *test, void *arg);
void verb_end_input(struct verb *v);
bool verb_has_ended(void *verb);
/* Ends its input and waits for its end; true if it exited with 0.  One that
   does not end is killed. */
bool verb_finish(struct verb *v);
/* kill -9, and waits until it is reaped. */
void verb_kill(struct verb *v);
/* Kills it if it still runs; frees. */
void verb_release(struct verb *v);

/* A new trial id; they count up, so that every run names the same. */
void trial_new(struct stage *s, char id[TRIAL_ID_LEN + 1]);
/* Its trial record as nni-submit sends it: with `place`, without `job`. */
void trial_line(struct stage *s, const char *id, int attempt, const char *place,
    const char *parameters, struct buf *line);

/* The n-th (from 0) line of that type and trial; NULL if there is none. */
const struct heard *verb_find(
    const struct verb *v, enum record_type type, const char *trial, size_t n);
size_t verb_count(
    const struct verb *v, enum record_type type, const char *trial);
/* The trial's end; NULL while there is none. */
const struct heard *verb_end_of(const struct verb *v, const char *trial);

#endif
