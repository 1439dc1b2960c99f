#ifndef NNI_COPY_H
#define NNI_COPY_H

#include <stdbool.h>
#include "buf.h"

/*
 * Brings the directory `to` in step with what lies in `from` (NNI's own folder
 * .nni in it left out): only what is new or has changed since the last time is
 * written.  A file that grew gets its new end; one that is another now is
 * written beside and renamed, so that nobody ever reads a part of it or one
 * that has become shorter.  What is no longer in `from` stays.
 *
 * Links are copied as links; what is neither file, directory nor link is left
 * out.  `last`: nobody writes to `from` any more.  0 or -1; then what could be
 * copied was, and err has the first fault.
 */
int copy_step(const char *from, const char *to, bool last, struct buf *err);

/*
 * The same in parts, for who has others to serve meanwhile, and of a directory
 * that is not ours: links are left out, and so are names in it that are ours
 * (intent) or that the caller wants to be left out.
 */
struct copy {
	const char *from, *to; /* the caller's */
	/* What is asked for: all zero.  Of the names in `from`; may be NULL:
	 * none is. */
	bool (*leave_out)(void *arg, const char *name);
	void *arg;
	bool last, foreign;
	const char *scratch; /* where unfinished files lie; NULL: in `to` */
	int64_t part_ms; /* how long a part may take; 0: as long as it does */
	int64_t files, bytes; /* written so far */
	/* private */
	struct buf beside; /* where a file is written before it is renamed */
	struct buf broken; /* the file at which the last part ended */
	int64_t broken_at, broken_mtime_ms;
	int64_t until_ms; /* by clock_mono_ms(); 0: nothing is written yet */
	bool more;
};

void copy_init(struct copy *c, const char *from, const char *to);
/* 0: all is done; 1: call it again; -1: done as well as can be. */
int copy_part(struct copy *c, struct buf *err);
void copy_release(struct copy *c);

#endif
