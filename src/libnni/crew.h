#ifndef NNI_CREW_H
#define NNI_CREW_H

#include <stdbool.h>
#include <stddef.h>
#include "backend.h"
#include "buf.h"
#include "record.h"

/*
 * The members, of one or several experiments, whose backends a program runs
 * with one verb: each is found by a trial record's `dir` and `platform` and
 * started when it is first met.
 */
struct crew;

struct crew_member {
	struct crew *crew;
	char *dir, *name;
	struct backend *backend; /* NULL: there is none, see `trouble` */
	char *trouble;		 /* why it does not run now; NULL: it does */
	size_t live;	   /* for the owner: trials of it that have not ended */
	unsigned nonsense; /* lines of its process that were no record */
};

struct crew_calls {
	lines_fn *line; /* arg: the struct crew_member, as in all of these */
	void (*started)(struct crew_member *m);
	/* It does not run now; m->trouble says why. */
	void (*died)(struct crew_member *m);
	/* After crew_finish(); see backend_calls.ended. */
	void (*ended)(struct crew_member *m, const char *why);
	bool (*silent)(struct crew_member *m); /* see backend_calls.silent */
};

struct crew {
	struct loop *loop;
	const char *verb;
	bool once; /* their verb gets --once */
	const struct crew_calls *calls;
	void *arg;
	struct crew_member **all;
	size_t count;
};

void crew_init(struct crew *c, struct loop *loop, const char *verb,
    const struct crew_calls *calls, void *arg);
void crew_release(struct crew *c);

/*
 * The member of a trial record, started when it is new.  NULL if the record
 * does not name one (err).  A member that cannot be run at all (no such
 * experiment, no such platform) is returned with `trouble` set.
 */
struct crew_member *crew_member(
    struct crew *c, const struct record *trial, struct buf *err);

/*
 * A line of the member's process is no record, for the reason `what`: appends
 * an error record, unless there were many already.
 */
void crew_nonsense(struct crew_member *m, const char *what, struct buf *out);

/* An error record: the member is silent, and `owed` trials wait for it. */
void crew_silence(const struct crew_member *m, size_t owed, struct buf *out);

void crew_pause(struct crew *c, bool paused);
/* Ends the input of all, see backend_finish(). */
void crew_finish(struct crew *c);
bool crew_finished(const struct crew *c);
/* There are live trials, and every one of them is on a hopeless member. */
bool crew_hopeless(const struct crew *c);

#endif
