#ifndef NNI_REMOTE_FLEET_H
#define NNI_REMOTE_FLEET_H

#include <stdbool.h>
#include <stddef.h>
#include "attempts.h"
#include "config.h"
#include "connection.h"
#include "filter.h"
#include "machine.h"
#include "record.h"
#include "verb.h"

/*
 * The machines of a member, each behind a connection that runs one verb, and
 * the attempts that are there.  What a machine has to know of an attempt is
 * kept and given again after each drop, until the attempt is settled.
 */
struct fleet;

struct fleet_machine {
	struct fleet *fleet;
	struct machine *machine;       /* ->place is its name */
	struct connection *connection; /* NULL: not needed so far */
	char *why, *hint; /* why it cannot be reached, what to do; or "" */
	char *trouble;	  /* both; NULL: it can, or is new */
	int code;	  /* with which its connection ended */
	size_t open;	  /* attempts of it that are not settled */
	bool ended;	  /* its connection is over */
	char *system, *processor; /* as uname there says */
	char *tools;	       /* digest of its tools.h; NULL: there are none */
	struct tree *trees[2]; /* on their way there, one after the other */
	void *mine;	       /* the verb's own */
};

struct fleet_attempt {
	struct attempt a;
	struct fleet_machine *at;
	char *line; /* the trial record; NULL once it is settled */
	char *more; /* later lines of it (cancel, update, end), or NULL */
};

struct fleet_calls {
	/* A line the machine said; never NULL. */
	void (*line)(struct fleet_machine *m, const struct record *r,
	    const char *line, size_t len);
	/* It listens; its attempts were given to it. May be NULL. */
	void (*up)(struct fleet_machine *m);
	/* It cannot be reached: m->trouble. */
	void (*down)(struct fleet_machine *m);
	/* No more comes of it; `why` NULL: it ended well. */
	void (*ended)(struct fleet_machine *m, const char *why);
	/* Before the loop, and behind it: `arg` of the fleet. May be NULL. */
	void (*opened)(void *arg);
	void (*closing)(void *arg);
};

struct fleet {
	struct loop *loop;
	struct filter *filter; /* the verb's, for what is no record */
	const struct verb *v;
	const char *verb;
	const struct fleet_calls *calls;
	void *arg;
	struct config config;
	struct config_member *member;
	struct machines_read machines;
	struct fleet_machine *all; /* one for each of the machines */
	struct attempts attempts;
	char *code; /* digest of code.zip; NULL: there is none */
	bool code_known;
	bool finishing;
};

/*
 * Reads the experiment's configuration; nothing is connected yet.  0, or the
 * exit code with err.
 */
int fleet_open(struct fleet *f, struct loop *loop, const struct verb *v,
    const char *verb, const struct fleet_calls *calls, void *arg,
    struct buf *err);
void fleet_close(struct fleet *f);
/*
 * A verb from start to end: the fleet, and the filter before it, both with
 * `arg`.  Returns the exit code, after a message if there is one to be given.
 */
int fleet_run(struct fleet *f, struct filter *filter, const struct verb *v,
    const char *verb, const struct fleet_calls *calls,
    const struct filter_calls *filter_calls, void *arg);

/*
 * Says of a trial whose place is none of the machines why nothing is known of
 * it, and what to do.
 */
void fleet_explain_gone(struct buf *out, const struct record *trial);
/* The machine of that place; NULL if there is none. */
struct fleet_machine *fleet_at(const struct fleet *f, struct json place);
/* Connects, if it is not done or under way. */
void fleet_connect(struct fleet_machine *m);
/* Connects to all of them. */
void fleet_connect_all(struct fleet *f);

/*
 * The attempt of a trial record, which is given to its machine: `line` as it
 * came.  One that is there and not settled is returned as it is.  NULL: there
 * is no such machine.
 */
struct fleet_attempt *fleet_take(
    struct fleet *f, const struct record *r, const char *line, size_t len);
/* One more line of it. */
void fleet_more(struct fleet_attempt *t, const char *line, size_t len);
/* How many are not settled. */
size_t fleet_open_attempts(const struct fleet *f);
/* Its machine need not hear of it again. */
void fleet_settle(struct fleet_attempt *t);

/* A line for a machine; lost where it cannot be reached. */
void fleet_write(struct fleet_machine *m, const char *line, size_t len);
void fleet_pause(struct fleet *f, bool paused);
/* Ends the input of all. */
void fleet_finish(struct fleet *f);
bool fleet_finished(const struct fleet *f);

/* "bob@192.0.2.2: why it cannot be reached", for records. */
const char *fleet_trouble(const struct fleet_machine *m);
/* The same behind the place, for where that is named besides. */
const char *fleet_bare(const struct machine *m, const char *why);

#endif
