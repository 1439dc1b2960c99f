#ifndef NNI_LOCAL_TREES_H
#define NNI_LOCAL_TREES_H

#include <stdbool.h>
#include <stdint.h>
#include "buf.h"
#include "record.h"
#include "os/file.h"

/*
 * Trees of files that the trials of a place need, kept by the digest by which
 * who sent them knows them:
 *
 *	STORE/DIGEST/files/...	(a "sha256:" in front is left out)
 *	STORE/DIGEST/manifest	what each file was like when all had come
 *
 * A tree is there whole or not at all.
 */

/* STORE/DIGEST; -1: that is no digest. */
int tree_dir(struct buf *out, const char *store, const char *digest);

/* Files larger than this are read-only, so that working copies can be second
   names of them. */
#define TREE_SMALL ((int64_t)32 << 10)

struct tree_file {
	const char *path; /* from files/ on */
	int64_t size, mtime_ms;
	bool executable;
	bool directory; /* with nothing in it: its own line */
	bool link;	/* symbolic, leads wherever it leads */
};

struct tree {
	char *files_dir;
	struct tree_file *files;
	size_t count;
	struct buf text; /* the manifest; paths point into it */
};
#define TREE_INIT                                                              \
	{                                                                      \
		NULL, NULL, 0, BUF_INIT                                        \
	}

/* Reads what it is to be like.  0; or -1: there is no such tree, or its
   manifest is damaged. */
int tree_open(struct tree *t, const char *dir, struct buf *err);
/* Is this file of it as it was?  -1 and err if not. */
int tree_check_file(const struct tree *t, size_t i, struct buf *err);
/* Is all of it? */
int tree_check(const struct tree *t, struct buf *err);
void tree_release(struct tree *t);
/* The directory `dir`, a tree or what else is on the same disk, is removed
   without anybody's ever seeing half of it.  0 or -1. */
int tree_remove(const char *store, const char *dir, struct buf *err);

/* ---- one that comes in, line by line ---- */

struct incoming;

enum incoming_result {
	INCOMING_OK,
	INCOMING_LATER, /* a disk is full: it may go well another time */
	INCOMING_TORN,	/* something is missing: it should be sent again */
	INCOMING_NEVER	/* this tree cannot be here */
};

/* NULL and err if its directory cannot be made. */
struct incoming *incoming_new(
    const char *store, const char *digest, struct buf *err);
/*
 * {"type":"file","path":"a/b","mode":493,"data":BASE64,"more":true}: a piece of
 * a file, the next one being another piece of it if there is "more".  With a
 * path that ends in '/' and no data: a directory; with "link":true: a symbolic
 * link, `data` is where it leads to.  Links are made when all else is there, so
 * that nothing is written through one.
 */
enum incoming_result incoming_file(
    struct incoming *in, const struct record *r, struct buf *err);
/* {"type":"whole","files":N}: that was all, and now it is there. */
enum incoming_result incoming_whole(
    struct incoming *in, const struct record *r, struct buf *err);
/* What is not whole is removed.  NULL is allowed. */
void incoming_free(struct incoming *in);

#endif
