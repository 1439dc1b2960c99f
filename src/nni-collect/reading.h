#ifndef NNI_READING_H
#define NNI_READING_H

#include "gather.h"

/*
 * What an experiment has come to: its journal, and what its platforms say of
 * trials that have no end there; followed until it has ended, if that is
 * wanted.
 */
struct reading {
	struct gatherer *g;
	bool follow;
	int code; /* to leave with, if not 0 */
	/* Set to zero by the owner: */
	struct buf dir, journal;
	int64_t offset;		/* of the journal, read so far */
	int64_t line;		/* number of its present line, from 1 */
	size_t damaged;		/* lines in it that are no records */
	struct backend *asked;	/* nni-watch */
	struct watch *changes;	/* of the journal, while it is followed */
	struct timer look;	/* ... and in case they are not told */
	struct attempts trials; /* of the journal, whose files are wanted */
	bool read;		/* all there is */
};

/* Finds it and begins. 0, or an exit code with the fault said. */
int reading_open(struct reading *r, const char *what);
/* From the loop: what is there is taken, and there is nothing else to do. */
void reading_begun(struct reading *r);
void reading_pause(struct reading *r, bool paused);
void reading_release(struct reading *r);

#endif
