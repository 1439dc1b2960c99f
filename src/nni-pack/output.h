#ifndef NNI_PACK_OUTPUT_H
#define NNI_PACK_OUTPUT_H

#include "buf.h"
#include "os/file.h"
#include "os/loop.h"

/*
 * The file that an archive is made in, and how it comes to its place: all or
 * nothing.
 */
struct output {
	const char *path; /* where it shall be; NULL: only for a time */
	struct buf temp;  /* its name while it is made */
	os_file file;
	struct file_info old; /* what is at `path` now */
};

/*
 * Looks at what is at `path` (borrowed; NULL: the archive is wanted only for a
 * time): -1 if it is something that cannot be replaced.
 */
int output_init(struct output *o, const char *path, struct buf *err);
/*
 * Makes an empty file, readable and writable: beside the path, or where there
 * is none, in the directory for temporary files.
 */
int output_open(struct output *o, struct buf *err);
/* Flushes it and gives it its name. */
int output_keep(struct output *o, struct buf *err);
/*
 * Copies it to the standard output; 1 if that could not be written, as
 * os_errno() tells.  Runs the loop meanwhile; a loop_stop() from elsewhere,
 * with code 1, ends it: then -1, too.
 */
int output_copy(struct output *o, struct loop *l, struct buf *err);
/* Removes what was not kept; safe at any time after output_init(). */
void output_close(struct output *o);

#endif
