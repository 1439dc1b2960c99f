#ifndef NNI_PACK_TREE_H
#define NNI_PACK_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "buf.h"
#include "os/file.h"

/*
 * What of a directory tree is packed: all that is neither ignored by a
 * .nniignore, nor of version control, nor special.  Links are not followed.
 */
#define IGNORE_NAME ".nniignore"

struct tree_entry {
	char *path;	     /* from the root; a directory's ends with '/' */
	enum file_type type; /* FILE_REGULAR, FILE_DIR or FILE_LINK */
	bool executable;     /* by its permissions */
	int64_t size;	     /* bytes; 0 for what is not FILE_REGULAR */
	int64_t mtime_ms;
};

/* A growing list of strings of its own. */
struct text_list {
	char **items;
	size_t count, room;
};

struct tree_options {
	bool keep_vcs;
	bool for_people; /* tree_why(): names in the form of quote_visible() */
	/* The file that is being written, which may lie within: left out. */
	const struct file_info *output; /* or NULL */
	/* After so many entries looking for more ends (tree.cut); 0: never. */
	int64_t max_entries;
};

struct tree {
	char *root;
	struct tree_entry *entries; /* sorted by the bytes of their paths */
	size_t count, room;
	int64_t files, dirs, links; /* they are `count` together */
	int64_t bytes;		    /* of the regular files */
	bool cut;		    /* there is more, see max_entries */
	struct text_list vcs;	    /* left out: of version control */
	struct text_list special;   /* left out: sockets, devices... */
	struct text_list not_utf8;  /* left out: no archive can name them */
	struct text_list odd;	    /* "PATH: why Windows cannot hold it" */
	struct text_list failed;    /* "cannot open 'PATH': why" */
	enum os_error kind;	    /* of the first failure */
};

/*
 * Reads the tree below the directory `root` (borrowed during the call) into *t,
 * which is all zeros before.  What cannot be read is in t->failed, and the rest
 * is read all the same: if it is the wrong directory, that is what the user
 * wants to hear.
 */
void tree_read(
    struct tree *t, const char *root, const struct tree_options *options);
void tree_release(struct tree *t);

/*
 * Whether `path` (from the root, '/' between names; one at its end says that
 * it is a directory, should it not exist) would be packed and what decides:
 * one line "packed<TAB>PATH<TAB>REASON\n" or "left out<TAB>...", where a rule
 * is named as `git check-ignore -v` does, FILE:LINE:PATTERN, is appended to
 * `out`.  1: packed, 0: left out, -1: error.
 */
int tree_why(const char *root, const char *path,
    const struct tree_options *options, struct buf *out, struct buf *err);

#endif
