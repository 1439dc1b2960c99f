#ifndef NNI_REST_ENGINE_H
#define NNI_REST_ENGINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "attempts.h"
#include "backend.h"
#include "config.h"
#include "delivery.h"
#include "filter.h"
#include "transport.h"
#include "verb.h"

/*
 * A platform that is one jq file (nni-platform-rest(8)): its states, the events
 * that come to them, and what its step() answers.  There is a state for each
 * attempt, and one for the platform as a whole; the text of each is kept here,
 * jq keeps nothing.
 */
enum engine_verb {
	VERB_CHECK,
	VERB_SUBMIT,
	VERB_WATCH,
	VERB_COLLECT,
	VERB_FETCH,
	VERB_CLEAN
};

struct errand;
struct event;
struct bring;
struct brought;
struct request;
struct podlog;
struct said;
struct share;

/* Who has a state. */
struct subject {
	struct attempt a; /* trial "": the platform */
	struct engine *engine;
	char *state; /* JSON; NULL: null */
	struct event *events, *last_event;
	struct request *requests; /* open ones */
	struct timer timer;
	char *line; /* its trial record; NULL: it has not come, or is settled */
	char *said; /* watch: the status record that was said last */
	char *end;  /* collect: the end that waits */
	struct podlog *logs;
	struct brought *brought; /* by lists, last time (listing.c) */
	/* Records of it were read before its line came: where (share.c). */
	struct said *passed;
	int64_t passed_at;
	bool asked;	/* jq has its first event */
	bool sent;	/* a server was asked something for it */
	bool unknown;	/* said to be UNKNOWN, since main is away */
	bool has_final; /* collect: a final metric was seen */
	bool hurried;	/* collect: its timer came at the end of input */
	bool phases;	/* it has asked for further parameters */
};

struct engine {
	struct loop *loop;
	struct filter filter;
	const struct verb *v;
	enum engine_verb verb;
	struct config config;
	struct config_member *member;
	struct backend *jq;
	struct transport *transport;
	struct delivery *delivery;
	struct errand *errands;
	struct share *share;  /* NULL: not needed yet */
	struct bring *brings; /* directories on their way here (bring.c) */
	struct timer bringing;
	struct timer look;     /* at what may have become quiet */
	int64_t said_alive_ms; /* on the loop's clock */
	struct subject platform;
	struct attempts attempts;
	size_t open;	   /* attempts with a line that are not settled */
	size_t busy;	   /* events that are in jq */
	size_t waiting;	   /* events that are not */
	size_t requests;   /* open ones, streams left out */
	uint32_t readings; /* of lists of which only changes are told */
	bool ended, leaving;
	int exit_code;
	bool exiting; /* the platform gave an exit code */
};

/* A verb from start to end: the exit code. */
int engine_run(const struct verb *v, enum engine_verb verb);

/* ---- for the parts of the engine ---- */

/* The attempt of a key such as "k3xq9-1", made if need be; NULL: it is none. */
struct subject *engine_subject(struct engine *e, const char *key, size_t len);
/* `event`: a whole JSON object. */
void engine_event(struct subject *s, const char *event, size_t len);
/* Looks whether all is done. */
void engine_look(struct engine *e);
/* That something is wrong, as a record; hint may be NULL. */
void engine_error(struct subject *s, const char *message, const char *where,
    const char *hint);
/* The whole program ends, with this said. */
void engine_fail(struct engine *e, int code, const char *message);

/* ---- requests (request.c) ---- */

/* From the list "requests" of an answer. */
void request_make(struct subject *s, struct json spec);
/* The one of that id is not wanted any more. */
void request_stop(struct subject *s, struct json id);
void request_stop_all(struct subject *s);
/* How many of its open ones are logs that were read to where they are now: such
   that are followed. */
size_t request_quiet(const struct subject *s);
/* The reply to one that no server answers: `status`, or what is wrong; `more`:
   further members. */
void request_reply(struct subject *s, const char *id, int status,
    const struct buf *err, const char *more);

/* ---- answers (answer.c) ---- */

/* What step() said: {"key":..., "out":{...}} or {"key":..., "error":...}. */
void answer_take(struct subject *s, struct json all);

/* ---- records (records.c) ---- */

/* One of the list "records". */
void records_take(struct subject *s, struct json record);
/* submit: the attempt was not started, and may be started elsewhere. */
void records_no_room(struct subject *s, const char *why);
/* The attempt is settled: nothing more is said of it. */
void subject_settle(struct subject *s);

/* ---- logs of trials (podlog.c) ---- */

struct podlog *podlog_of(struct subject *s, const char *source);
/* How what was had before is known: by counting lines, by the times that they
   begin with, or by counting bytes; where these may come from anywhere on, the
   last are kept as well. */
enum podlog_way { LOG_LINES, LOG_STAMPS, LOG_BYTES, LOG_TAIL };
/* Lines of it begin, of bytes those from byte `at` on; what was had before
   is passed over.  `once`: so is a metric that was said, of the same kind and
   number. */
void podlog_begin(struct podlog *p, enum podlog_way way, int64_t at, bool once,
    const char *keep);
void podlog_feed(struct podlog *p, const char *bytes, size_t len);
/* `whole`: its last line is complete even without LF. How many lines were new
   since podlog_begin(). */
int64_t podlog_end(struct podlog *p, bool whole);
/* How many bytes were had; did fewer come than that? */
int64_t podlog_had(const struct podlog *p);
bool podlog_is_short(const struct podlog *p);
/* LOG_TAIL: up to where a text is known that may begin with what was had, or in
 * it. */
size_t podlog_known(const struct podlog *p, const char *text, size_t len);
/* What comes next begins anew, with the first byte of another file. */
void podlog_moved(struct podlog *p);
/* From which second on to read; false: from the beginning. */
bool podlog_since(const struct podlog *p, struct buf *time);
/* A line of it that was found elsewhere; what was had `once` does not count. */
void podlog_line(
    struct subject *s, const char *source, const char *line, size_t len);
void podlogs_free(struct subject *s);

#endif
