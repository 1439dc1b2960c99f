#ifndef NNI_REST_KEYFILE_H
#define NNI_REST_KEYFILE_H

#include <stddef.h>
#include "buf.h"

/*
 * Keys and certificates that curl wants in files: DIR/platforms/key-DIGEST.pem,
 * mode 0600, named by what is in them, so that all processes of an experiment
 * share them and none has to be written twice.
 */

/* Appends the path of a file that has these bytes. 0, or -1 with err. */
int keyfile_put(const char *dir, const char *bytes, size_t len,
    struct buf *path, struct buf *err);
/* Appends the path of a directory that is empty, and stays so. */
int keyfile_none(const char *dir, struct buf *path, struct buf *err);
/* Removes them all. */
void keyfile_clean(const char *dir);

#endif
