#ifndef NNI_LOCAL_WORKCOPY_H
#define NNI_LOCAL_WORKCOPY_H

#include "buf.h"

/*
 * An attempt's own copy of the code: what it writes there no other attempt
 * sees.  It shares what the file system can share: all, where files can be
 * clones of each other; else files larger than TREE_SMALL are second names of
 * the tree's, which nobody may write to.
 */
enum workcopy_result {
	WORKCOPY_OK,
	WORKCOPY_FAILED, /* it cannot be made now */
	WORKCOPY_STALE	 /* the tree is not there, or not what it was */
};

/* Makes the directory `to`, in place of what is there.  `tree` is that of
   tree_dir(); NULL: it stays empty. */
enum workcopy_result workcopy_make(
    const char *to, const char *tree, struct buf *err);

/*
 * The trial is over: removes from its copy what is still as it was in the tree,
 * so that a disk does not grow with trials.
 */
void workcopy_prune(const char *to, const char *tree);

#endif
