#ifndef NNI_STAGE_H
#define NNI_STAGE_H

#include <stdbool.h>
#include <stdint.h>
#include "buf.h"
#include "config.h"
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
	struct buf parent;	 /* where experiments are made */
	struct buf dir;		 /* the present one */
	int64_t limit_ms;	 /* the longest wait for anything */
	bool timed_out;		 /* of the last wait */
	int64_t next_id;	 /* of trials */
	struct waiting *waiting; /* while a wait runs */
	/* From its capabilities. */
	bool credit, adopt;
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
	size_t bad; /* lines that were no records */
	bool ended; /* the process, and its output */
	bool out_ended, exited;
	struct proc_end end;
	/* Lines heard go on to these, as the ring would pass them. */
	struct verb *to_watch, *to_collect;
};

/* Once, before anything else. */
void stage_init(struct stage *s);
/* A new experiment; the present one's verbs must have ended. 0 or -1. */
int stage_open(struct stage *s, struct buf *err);
void stage_release(struct stage *s);

/* Starts nni-platform-NAME VERB --dir DIR --member M. 0 or -1. */
int verb_start(
    struct stage *s, struct verb *v, const char *name, struct buf *err);
/* Sends one line (LF is added). */
void verb_send(struct verb *v, const char *line);
/*
 * Runs the loop until test(arg) holds; false when the limit was reached first
 * or `v` (may be NULL) ended without it.
 */
typedef bool stage_test(void *arg);
bool stage_wait(struct stage *s, struct verb *v, stage_test *test, void *arg);
/* Lets the loop run for so long. */
void stage_pass(struct stage *s, int64_t ms);
/* Ends its input and waits for its end; true if it exited with 0. */
bool verb_finish(struct verb *v);
/* kill -9, and waits until it is reaped. */
void verb_kill(struct verb *v);
/* Kills it if it still runs; frees. */
void verb_release(struct verb *v);

/* A new trial id; they count up, so that every run names the same. */
void trial_new(struct stage *s, char id[TRIAL_ID_LEN + 1]);
/* Its trial record as nni-submit sends it: with `place`, without `job`. */
void trial_line(struct stage *s, const char *id, const char *place,
    const char *parameters, struct buf *line);

/* The n-th (from 0) line of that type and trial; NULL if there is none. */
const struct heard *verb_find(
    const struct verb *v, enum record_type type, const char *trial, size_t n);
size_t verb_count(
    const struct verb *v, enum record_type type, const char *trial);
/* The trial's end; NULL while there is none. */
const struct heard *verb_end_of(const struct verb *v, const char *trial);

#endif
