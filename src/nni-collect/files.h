#ifndef NNI_FILES_H
#define NNI_FILES_H

#include <stdbool.h>
#include "attempts.h"
#include "buf.h"
#include "fetch.h"

/*
 * The files of trials: brought here where their platform keeps them elsewhere,
 * and copied to where the user wants them; at a trial's end, and while it runs
 * if they are followed.
 */
struct files {
	struct loop *loop;
	const char *output; /* copies go to output/TRIAL; NULL: none */
	const char *folder; /* only this one of a trial's directory, or NULL */
	bool logs;	    /* what trials print is wanted of each */
	bool failed;	    /* ... of those that failed */
	bool follow;	    /* while they run */
	/* The files of an attempt that has ended are here, or `why` not all. */
	void (*done)(void *arg, const struct attempt *a, const char *why);
	/* Records for the user. */
	void (*put)(void *arg, const char *lines, size_t len);
	void *arg;
	/* Set to zero by the owner: */
	struct fetch *fetch;
	struct attempts all;
	struct timer look;
	size_t owed; /* calls of `done` */
};

/* From now on they are followed, if they are to be. */
void files_start(struct files *f);
void files_release(struct files *f);

/*
 * An attempt that runs, by its trial record; only needed if they are followed.
 * Whatever record of it comes again is passed over.
 */
void files_running(struct files *f, const struct record *trial);
/* Are those of a trial that ended so? */
bool files_wanted(const struct files *f, enum trial_status status);
/*
 * It has ended with this status, or (STATUS_UNKNOWN) is not followed any more.
 * True: `done` will be called; false: all that is wanted of it is here, copied
 * too.
 */
bool files_ended(
    struct files *f, const struct record *trial, enum trial_status status);

#endif
