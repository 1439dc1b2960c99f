#ifndef NNI_REST_BODYFILE_H
#define NNI_REST_BODYFILE_H

#include "buf.h"

/* Bodies too long for a line of curl's: in files of mode 0600 meanwhile. */

/* The path of one with these bytes, malloced; NULL with err. */
char *bodyfile_new(const char *dir, const char *member, const struct buf *body,
    struct buf *err);
/* Removes those of programs that were killed; they may hold what is secret. */
void bodyfiles_clean(const char *dir);

#endif
