#ifndef NNI_RECORD_H
#define NNI_RECORD_H

#include <stdbool.h>
#include <stdint.h>
#include "buf.h"
#include "json.h"

/*
 * Records: one JSON object a line (nni-records(5), design section 4).  A record
 * is read in place: every field is a slice of the line, and what a program does
 * not know or did not make it passes on unchanged.
 */
enum record_type {
	RECORD_OTHER, /* a type of somebody's own: pass it on */
	RECORD_BARE,  /* no "type": parameters that somebody typed */
	RECORD_SPEC,
	RECORD_TRIAL,
	RECORD_STATUS,
	RECORD_METRIC,
	RECORD_ASK,
	RECORD_NO_MORE,
	RECORD_CANCEL,
	RECORD_UPDATE,
	RECORD_ERROR,
	RECORD_CREDIT,
	RECORD_NO_ROOM
};

/* NNI's eight: v3.0:ts/nni_manager/common/trainingService.ts */
enum trial_status {
	STATUS_NONE, /* the record has none, or one that is not of the eight */
	STATUS_UNKNOWN,
	STATUS_WAITING,
	STATUS_RUNNING,
	STATUS_SUCCEEDED,
	STATUS_FAILED,
	STATUS_USER_CANCELED,
	STATUS_SYS_CANCELED,
	STATUS_EARLY_STOPPED
};
const char *status_name(enum trial_status s);
/* The same for people: "running", "stopped early". */
const char *status_word(enum trial_status s);
enum trial_status status_parse(const char *name, size_t len);
bool status_is_end(enum trial_status s); /* the last five */

#define TRIAL_ID_LEN 5 /* [a-z][a-z0-9]{4} */

struct record {
	struct json line; /* the whole object */
	enum record_type type;
	char trial[TRIAL_ID_LEN + 1]; /* "" if it names none */
	int attempt;		      /* 1 if it does not say */
	int64_t sequence;	      /* -1 if absent */
	int64_t parameter_id;	      /* -1 if absent or null */
	enum trial_status status;
	bool infra;
	struct json type_text, status_text; /* as written */
	struct json parameters, value, place, platform, job, dir, reason, kind,
	    at, time, n, early;
};

/*
 * Reads one line.  0; or -1 with the reason and the column in err: not JSON,
 * not an object, or a field of the wrong type ("trial" not an id).
 */
int record_parse(
    struct record *r, const char *line, size_t len, struct buf *err);
/* Any other field. */
struct json record_get(const struct record *r, const char *key);
/* True if the string field `v` is exactly `text`. */
bool record_is(struct json v, const char *text);

/*
 * {"type":"set","key":"trialConcurrency","value":N} with N > 0, the request of
 * control.jsonl that concerns platforms too. *n is set only if it is true.
 */
bool record_sets_concurrency(const struct record *r, int64_t *n);

/*
 * Appends the record to `out` with `key` set to the raw JSON `value` (a key
 * that is there is replaced in its place, else added at the end; JSON_NONE
 * removes it).  No newline is added.
 */
void record_set(
    struct buf *out, struct json line, const char *key, struct json value);

/*
 * Appends `ours` with the members of `theirs` that it lacks: what somebody adds
 * to a record is taken, what he made of the rest is not (jq 1.6 turns 2.0 into
 * 2).  No newline is added.
 */
void record_merge(struct buf *out, struct json ours, struct json theirs);

/*
 * Begins a record: {"type":"status" ; more members by json_member_*();
 * record_end() adds "}\n".
 */
void record_begin(struct buf *out, const char *type);
void record_begin_trial(
    struct buf *out, const char *type, const char *trial, int attempt);
void record_end(struct buf *out);

/* A whole error record. where, hint, trial may be NULL. */
void record_error(struct buf *out, const char *message, const char *where,
    const char *hint, const char *trial);

/* A new trial id, from the system's chance; the caller checks it is unused. */
void trial_id_new(char id[TRIAL_ID_LEN + 1]);
bool trial_id_valid(const char *id, size_t len);
/* An experiment id: [a-z][a-z0-9]{0,31}; a new one has 8 characters. */
void experiment_id_new(char id[33]);
bool experiment_id_valid(const char *id, size_t len);

#endif
