#ifndef NNI_REMOTE_TOOLS_H
#define NNI_REMOTE_TOOLS_H

#include "buf.h"
#include "tree.h"

/*
 * What trials may want and a machine may not have: nni-trial, for those in
 * other languages, and the pure Python `nni`, as a tree of files.
 */

/* For a machine of that kind, as agent.h names it; malloced.  NULL: nothing. */
char *tools_digest(const char *system, const char *machine);
struct tree *tools_tree(
    const char *digest, const char *system, const char *machine);

#endif
