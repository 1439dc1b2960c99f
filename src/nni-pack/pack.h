#ifndef NNI_PACK_PACK_H
#define NNI_PACK_PACK_H

#include <stdbool.h>
#include <stdint.h>
#include "buf.h"
#include "os/file.h"
#include "sha256.h"
#include "tree.h"

/*
 * Makes the archive of a tree: threads read and compress, the caller's thread
 * writes what they give in the order of the tree.  The bytes depend on names,
 * contents, links and permissions alone, not on the number of threads or on
 * the system.  Memory: up to 30 MiB a thread, however large the files are.
 */
struct pack_options {
	int threads; /* 1 or more */
	/* Something to be told that does not keep it from going on: a file
	   that changed or vanished meanwhile, a link that leads elsewhere. */
	void (*warn)(void *arg, const char *text);
	/* Asked now and then: true ends it, unfinished. */
	bool (*stopped)(void *arg);
	void *arg;
};

struct pack_result {
	int64_t files, dirs, links;
	int64_t bytes;	/* of the files */
	int64_t packed; /* of the archive */
	char digest[SHA256_HEX + 1];
	enum os_error kind; /* of a failure */
};

/*
 * Writes to `out`, an empty file open for reading and writing.  0, or -1 with
 * the reason in err.
 */
int pack_tree(const struct tree *t, os_file out,
    const struct pack_options *options, struct pack_result *result,
    struct buf *err);

#endif
