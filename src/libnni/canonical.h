#ifndef NNI_CANONICAL_H
#define NNI_CANONICAL_H

#include "buf.h"

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

#endif
