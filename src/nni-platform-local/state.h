#ifndef NNI_LOCAL_STATE_H
#define NNI_LOCAL_STATE_H

#include <stdbool.h>
#include <stdint.h>
#include "buf.h"
#include "json.h"
#include "record.h"
#include "os/file.h"

/*
 * ATTEMPT/.nni/state: the truth about an attempt (nni-platform-local(8)).
 *
 * Its first line is NNI's, "<exit code> <epoch milliseconds>", blank until the
 * end.  Then at most one line each, in this order:
 *
 *   claim   a keeper took the attempt; from here on it is never started again
 *   start   the trial's first process exists: its session and start time
 *   end     how it ended
 *
 * Only who holds ATTEMPT/.nni/lock writes to it.  A line without LF was being
 * written when its writer died: it is as if it were not there.
 */
struct state {
	struct buf text; /* the slices point into it */
	bool claimed, started, ended;
	struct json digest, host, boot; /* of the claim: strings */
	struct json member; /* ... whose trial it is; may be missing */
	struct json dir;    /* ... the attempt's directory as it was then */
	int64_t session, session_start; /* of the start; 0: none */
	int64_t start_ms;		/* when it started, or was claimed */
	struct json end;		/* the whole line */
	enum trial_status status;	/* of the end */
	bool poked; /* the end was asked for, its keeper found no intent */
};

void state_init(struct state *s);
void state_release(struct state *s);
/* Absent: nothing is set. Clears `s` first. 0, or -1 if it cannot be read. */
int state_read(struct state *s, const char *attempt_dir, struct buf *err);
/* The same from text that is there already. */
void state_parse(struct state *s);
/*
 * The attempt's directory is a copy, made while it ran, and in the original it
 * has come to its end since: appends that as a reason.
 */
bool state_original_ended(
    const struct state *s, const char *attempt_dir, struct buf *reason);
/*
 * The rest of a status record: the end's own members (status, exit_code,
 * signal, reason, infra, time) without "state" and "poked".  With another
 * status than STATUS_NONE that one, and without reason and infra.
 */
void state_end_members(
    struct buf *out, struct json end, enum trial_status instead);

/* ---- writing ---- */
struct state_file {
	os_file file;
	int64_t size; /* up to the last whole line */
};
int state_open(struct state_file *f, const char *attempt_dir, struct buf *err);
/* A whole line of JSON without LF, in one write; on failure it is as before. */
int state_append(struct state_file *f, const struct buf *line, struct buf *err);
void state_close(struct state_file *f);
/* NNI's line, for who reads only that; behind the end. */
void state_put_exit(struct state_file *f, int code, int64_t end_ms);

/* An end that no keeper has written; who holds the lock does. 0 or -1. */
int state_write_end(const char *attempt_dir, enum trial_status status,
    bool infra, const char *reason, struct buf *err);

/* The beginning of a line: {"state":"claim" */
void state_begin(struct buf *line, const char *what);

/*
 * EXPERIMENT/trials/events: a hint that something happened to an attempt, so
 * that one file is followed, not one a trial.  "abcde 1 RUNNING\n", in one
 * write.
 */
os_file events_open(const char *dir, struct buf *err);
/* `events` may be OS_NO_FILE: then it is opened for this line. */
void events_tell(const char *dir, os_file events, const char *trial,
    int attempt, enum trial_status status);
struct event {
	char trial[TRIAL_ID_LEN + 1];
	int attempt;
	enum trial_status status;
};
bool events_parse(const char *line, struct event *e);

/* hash_bytes() as text: tells one set of parameters, or path, from another. */
#define DIGEST_TEXT 17
void digest_text(char out[DIGEST_TEXT], const void *bytes, size_t len);

#endif
