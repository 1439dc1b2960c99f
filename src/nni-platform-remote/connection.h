#ifndef NNI_REMOTE_CONNECTION_H
#define NNI_REMOTE_CONNECTION_H

#include <stdbool.h>
#include <stdint.h>
#include "buf.h"
#include "lines.h"
#include "machine.h"
#include "os/loop.h"

/*
 * A machine's far end: `nni-platform-local VERB --stdio` behind one ssh.  It is
 * connected to, the program is sent if it is not there, settings and trees are
 * given, and all that again after a drop, with longer and longer pauses: 1 s at
 * first, and 10 s to 6 min after CONNECTION_PATIENCE failures in a row.
 */
struct connection;

#define CONNECTION_PATIENCE 3

struct connection_calls {
	/* The far end listens: give it what it has to know. */
	void (*up)(void *arg);
	/* A line it said, valid during the call; NULL: it was too long. */
	lines_fn *line;
	/*
	 * It cannot be reached, or is lost; it is tried again in `pause_ms`.
	 * `why` names the machine.  `hint` may be NULL.
	 */
	void (*down)(
	    void *arg, const char *why, const char *hint, int64_t pause_ms);
	/* After connection_finish(), or of one that is tried once: over.  `why`
	   is NULL if it ended well. */
	void (*ended)(void *arg, const char *why, const char *hint, int code);
};

/* `settings` (a line without LF) is copied; `m` must outlive it. */
struct connection *connection_new(struct loop *loop, const struct machine *m,
    const char *verb, bool once, const char *settings,
    const struct connection_calls *calls, void *arg);
/* One try: a failure is told by `ended`. */
void connection_once(struct connection *c);
void connection_start(struct connection *c);
/* Lines written while it is not up are lost: see `up`. */
void connection_write(struct connection *c, const char *line, size_t len);
void connection_write_calm(struct connection *c, const char *line, size_t len);
/* Ends its input; it answers what it has and ends. */
void connection_finish(struct connection *c);
bool connection_up(const struct connection *c);
bool connection_finished(const struct connection *c);
unsigned connection_failures(const struct connection *c); /* in a row */
void connection_pause(struct connection *c, bool paused);
/* NULL is allowed. */
void connection_free(struct connection *c);

#endif
