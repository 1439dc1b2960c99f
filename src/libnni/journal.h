#ifndef NNI_JOURNAL_H
#define NNI_JOURNAL_H

#include <stdbool.h>
#include <stdint.h>
#include "buf.h"
#include "os/file.h"

/*
 * A file of lines that only grows: events.jsonl, placed.jsonl, control.jsonl.
 * Writing: gather records, then one write and one flush for all of them.
 */
struct journal {
	os_file file;
	char *path;
	struct buf pending; /* whole lines, not written yet */
	int64_t size;	    /* of what is on disk */
	bool shared;	    /* others append at the same time */
	bool damaged;	    /* something may be there behind `size` */
	bool unsynced;	    /* what is there was not all flushed by us */
	bool lost;	    /* a flush failed: see journal_commit() */
};

#define JOURNAL_INIT                                                           \
	{                                                                      \
		OS_NO_FILE, NULL, BUF_INIT, 0, false, false, false, false      \
	}

/*
 * Opens for appending, making it if need be.  A torn last line (no LF: the
 * writer died in it) is cut off; nothing else is ever changed. `torn` (may be
 * NULL) tells how many bytes were cut.  A file that others append to at the
 * same time (control.jsonl) is opened with `shared` true: there the torn line
 * is ended with LF, and readers pass over what is not a record.
 */
int journal_open(struct journal *j, const char *path, bool shared,
    int64_t *torn, struct buf *err);
/* Gathers one line; an LF is added. */
void journal_add(struct journal *j, const char *line, size_t len);
/*
 * Writes what is gathered, and flushes it with all that is there: what was only
 * written so far, by us or by who died before us.  On failure (a full disk) the
 * file is cut back to what it was, nothing is lost from `pending`, and it can
 * be tried again.
 *
 * Not so if the flush failed.  Then the system may have dropped what it could
 * not write, earlier lines too, and the next flush would succeed for nothing:
 * `lost` is set, every further commit fails, and the process should end.
 * Whoever goes on reads what is there.
 */
int journal_commit(struct journal *j, struct buf *err);
/*
 * The same without the flush: for lines that may be lost with the machine, but
 * not with this process.  The next commit flushes them too.
 */
int journal_write(struct journal *j, struct buf *err);
/*
 * Is what we write still found at its path?  Not where the file, or a directory
 * above it, was moved, removed or replaced meanwhile: nobody will read it.
 */
bool journal_is_there(const struct journal *j);
void journal_close(struct journal *j);

/*
 * Reads a journal from `*offset` on, calling fn for each whole line (valid
 * during the call; without LF), and moves *offset behind the last of them.  fn
 * returns 0 to go on, else reading stops and that is returned.  A torn last
 * line is not given.  An absent file is an empty one. 0 or -1.
 */
typedef int journal_fn(void *arg, const char *line, size_t len, int64_t offset);
int journal_read(const char *path, int64_t *offset, journal_fn *fn, void *arg,
    struct buf *err);

/* Appends one line to a shared journal (control.jsonl) in one write, flushed.
 */
int journal_append_line(
    const char *path, const char *line, size_t len, struct buf *err);

#endif
