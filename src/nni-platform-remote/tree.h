#ifndef NNI_REMOTE_TREE_H
#define NNI_REMOTE_TREE_H

#include "buf.h"

/*
 * A tree of files that a far end asked for by its digest, as the lines that it
 * takes: "file" for each piece, "whole" at the end.
 */
struct tree;

/* The contents of an archive.  NULL with err. */
struct tree *tree_of_archive(
    const char *path, const char *digest, struct buf *err);
/*
 * Files of this machine: `names` are their paths in the tree, `files` where
 * they are; `count` of them.  All are copied.
 */
struct tree *tree_of_files(const char *digest, const char *const *names,
    const char *const *files, size_t count);
/* Appends the next line, with its LF.  1; 0: that was the last; -1 with err. */
int tree_line(struct tree *t, struct buf *out, struct buf *err);
/* NULL is allowed. */
void tree_close(struct tree *t);

#endif
