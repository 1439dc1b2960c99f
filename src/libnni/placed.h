#ifndef NNI_PLACED_H
#define NNI_PLACED_H

#include "attempts.h"
#include "buf.h"
#include "os/file.h"

/*
 * placed.jsonl, nni-submit's own file (design section 5): each accepted spec,
 * then the attempt's trial record with its place before it leaves, then the
 * same with its job, or the end of what never started.  An attempt's last line
 * wins.  Lines stay in the file; an entry only knows where its line is.
 */
enum placed_kind {
	PLACED_SPEC,  /* accepted, no place yet */
	PLACED_PLACE, /* a trial record without a job: may have been started */
	PLACED_STARTED, /* a trial record with its job */
	PLACED_ENDED	/* a status: ended before it had a job */
};

struct placed {
	struct attempt key;
	enum placed_kind kind;
	uint32_t len;	/* of its last line, without LF */
	int64_t offset; /* of its last line */
};

/*
 * Reads `path` from *offset on and adds to `table`, whose entries begin with a
 * struct placed and are `entry_size` bytes; moves *offset.  What is no record
 * is passed over.  *sequence becomes the highest sequence number seen, if
 * higher. 0 or -1.
 */
int placed_load(struct attempts *table, const char *path, int64_t *offset,
    size_t entry_size, int64_t *sequence, struct buf *err);

/* Puts the attempt's last line into `line`. 0 or -1. */
int placed_line(
    os_file f, const struct placed *p, struct buf *line, struct buf *err);

/*
 * An experiment's directory may have been moved or copied since: makes the
 * trial record `r` in `line` name it as it is now.  1 if it has changed, 0 if
 * not (a record of another type has no directory), -1 if it is no record.
 */
int placed_move(struct buf *line, struct record *r, const char *dir);

#endif
