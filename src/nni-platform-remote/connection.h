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

/* It may be freed from `down` and `ended`, not from the others. */
struct connection_calls {
	/* The far end listens: give it what it has to know. */
	void (*up)(void *arg);
	/* A line it said, valid during the call; NULL: it was too long. */
	lines_fn *line;
	/* It lacks that tree of files ({"type":"need","tree":DIGEST}). */
	void (*need)(void *arg, const char *digest);
	/*
	 * Before `up`, if it is not NULL: appends to `line`, in place of the
	 * settings of connection_new(), those for a machine of that kind.
	 */
	void (*settings)(void *arg, const char *system, const char *machine,
	    struct buf *line);
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

/*
 * `settings` (a line without LF) is copied, and may be NULL where
 * calls->settings is not; `m` must outlive it.  `once`: the verb's --once.
 */
struct connection *connection_new(struct loop *loop, const struct machine *m,
    const char *verb, bool once, const char *settings,
    const struct connection_calls *calls, void *arg);
/* One try: a failure is told by `ended`. */
void connection_once(struct connection *c);
void connection_start(struct connection *c);
/* Lines written while it is not up are lost: see `up`. */
void connection_write(struct connection *c, const char *line, size_t len);
void connection_write_calm(struct connection *c, const char *line, size_t len);
/*
 * For what is large: bytes that it has not taken yet, and a call whenever it
 * has taken all of them (NULL: none).
 */
size_t connection_queued(const struct connection *c);
void connection_on_drain(struct connection *c, loop_fn *fn, void *arg);
/*
 * Ends its input; it answers what it has and ends.  Before it is up that waits
 * until it is; while it waits to be tried again, it is over at once.  From then
 * on only ssh itself notices that the other end is silent.
 */
void connection_finish(struct connection *c);
/* From `ended`: that was a failure; once more after the usual pause. */
void connection_again(struct connection *c);
bool connection_up(const struct connection *c);
bool connection_finished(const struct connection *c);
unsigned connection_failures(const struct connection *c); /* in a row */
/* The exit code of the last of them: NNI_CONFIG will not pass by itself. */
int connection_code(const struct connection *c);
void connection_pause(struct connection *c, bool paused);
/* NULL is allowed. */
void connection_free(struct connection *c);

#endif
