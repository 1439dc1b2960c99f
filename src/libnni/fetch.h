#ifndef NNI_FETCH_H
#define NNI_FETCH_H

#include "attempts.h"
#include "backend.h"

/*
 * The files of trials that lie elsewhere: they are brought into the trials'
 * directories, DIR/trials/ID, by their platform's `fetch` (platforms/README).
 * A platform that does not list this verb has them here already.
 */
enum fetch_what {
	FETCH_LOGS, /* stdout, stderr, trial.log */
	FETCH_ALL
};

struct fetch_calls {
	/*
	 * What was asked for is here (`why` NULL), or not all of it: then `why`
	 * is for people.  For each fetch_ask() that returned true, except one
	 * that the next has overtaken.  Called from the loop, never from
	 * fetch_ask(); may ask anew.
	 */
	void (*done)(void *arg, const struct attempt *a, const char *why);
	/* A record that the backend has for the user, an LF at its end.  May
	   be NULL. */
	void (*said)(void *arg, const char *line, size_t len);
};

struct fetch;

struct fetch *fetch_new(
    struct loop *loop, const struct fetch_calls *calls, void *arg);
/* Ends its processes. NULL is allowed. */
void fetch_free(struct fetch *f);

/*
 * Asks for files of an attempt, which a trial record names (`dir`, `platform`);
 * `folder` NULL: anywhere in its directory.  False if they are known to be here
 * anyway.  If it was asked for already and there is no answer yet, they are
 * fetched again after that one, and `done` is called once.
 */
bool fetch_ask(struct fetch *f, const struct record *trial,
    enum fetch_what what, const char *folder);
/* How long a backend that says nothing is waited for; backend_timeout_ms() if
   this was not said. */
void fetch_patience(struct fetch *f, int64_t ms);
/* How many have no answer yet. */
size_t fetch_owed(const struct fetch *f);

#endif
