#ifndef NNI_CANONICAL_H
#define NNI_CANONICAL_H

#include "buf.h"
#include "os/process.h"

/*
 * A user's configuration in the form that our programs read: runs nni-config
 * with `options` (ends with NULL) on `file` and takes what it prints.  "-" is
 * the standard input, and a pipe that the shell has opened for us, <(command),
 * will do: it is opened here, and once.  Its notes are the user's to read, too,
unless we are told to say errors only.
 *
 * Returns NNI_OK; the code that nni-config ended with, having told why; or
 * NNI_TEMPORARY with err.
 */
int canonical_read(const char *file, const char *const *options,
    struct buf *json, struct buf *err);

/*
 * For who leaves the reading to another program of ours, which inherits no such
 * pipe: its standard input, and in *file what to call it then ("-"), or what it
 * was.  Close it with canonical_close().  0 or -1.
 */
int canonical_open(const char **file, struct proc_stream *in, struct buf *err);
void canonical_close(struct proc_stream in);

#endif
