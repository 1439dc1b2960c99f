#ifndef NNI_CANCEL_H
#define NNI_CANCEL_H

#include <stdbool.h>
#include <stdint.h>
#include "backend.h"
#include "filter.h"
#include "journal.h"
#include "os/lock.h"
#include "targets.h"

/* What the files of nni-cancel share. */
struct cancel {
	struct loop *loop;
	struct filter filter;
	struct targets targets;
	struct lock lock;      /* submit.lock */
	struct journal placed; /* while we have the lock */
	struct backend *watch; /* nni-watch */
	struct watch *events;  /* a live nni-run's journal */
	struct timer timeout, alive;
	char **trials; /* operands, or what standard input named */
	size_t trial_count;
	int64_t holder;	    /* of submit.lock, if it is not us */
	bool lost, dry_run; /* options */
	bool began;
	int code; /* to leave with when all have ended */
};

/* Leaves with an exit code, after a message. */
void cancel_fail(struct cancel *c, int code, const char *message);
/* Appends the cancel record of an attempt. */
void cancel_line(
    const struct cancel *c, const struct target *e, struct buf *line);
/* A status record of somebody who knows: it is passed on, and ends counted. */
void cancel_status(struct cancel *c, const struct record *r);
/* The same for a line of a journal; arg is the struct cancel. */
int cancel_said(void *arg, const char *line, size_t len, int64_t offset);

/* ---- request.c ---- */

/* Writes the requests into control.jsonl. 0 or -1. */
int cancel_request(struct cancel *c, struct buf *err);
/* The same, and waits until they are obeyed. */
void cancel_by_run(struct cancel *c);

/* ---- direct.c ---- */

void cancel_directly(struct cancel *c);

#endif
