#ifndef NNI_BACKEND_H
#define NNI_BACKEND_H

#include <stdbool.h>
#include <stdint.h>
#include "buf.h"
#include "lines.h"
#include "os/loop.h"

/*
 * A running verb of a platform's backend (nni-platform-P VERB --dir DIR
 * --member M, design section 6), or another program that speaks lines.  What
 * it says on stderr goes to DIR/log/M-VERB.log.
 *
 * A process that ends without having been asked to is started again: first
 * after 0.1 s, then after twice as long each time up to a minute, half of that
 * left to chance.  What it had been given and had not answered, the owner gives
 * again in `started`.  The count of failures starts anew with
 * backend_progress(), or when it dies after some time in which it was of use.
 *
 * Its log does not grow for ever: what is more than BACKEND_LOG_MAX is dropped.
 */
struct backend;

struct backend_calls {
	/* A line it said, valid during the call; NULL: it was too long. */
	lines_fn *line;
	/* A new process runs: give it what it has to know. May be NULL. */
	void (*started)(void *arg);
	/* It ended, or could not be started; it will be started again. */
	void (*died)(void *arg, const char *why);
	/*
	 * After backend_finish(), and for a process that runs once: it has
	 * ended and all its lines were given.  `why` is NULL if it ended well;
	 * the owner may then say backend_again().
	 */
	void (*ended)(void *arg, const char *why, int exit_code);
	/*
	 * It has said nothing at all for backend_timeout_ms(), counted from its
	 * start, its last word, or what was first written to it since.  Returns
	 * whether it owes an answer; if so, it is not called again until the
	 * process speaks.  May be NULL.
	 */
	bool (*silent)(void *arg);
};

/* Consecutive failures after which an owner should stop hoping. */
#define BACKEND_PATIENCE 8
#define BACKEND_LOG_MAX ((int64_t)64 << 20)

/*
 * How long a backend may take to answer, in milliseconds: NNI_BACKEND_TIMEOUT
 * (a duration as of options), by default, or if it is empty, a minute.
 */
int64_t backend_timeout_ms(void);
/* Is that a duration?  For opt_tool.environment. */
int backend_environment(struct buf *err);

/*
 * Finds the platform's program; nothing runs yet.  -1 if there is none.
 * `platform`, `dir` and `member` are copied.
 */
struct backend *backend_new(struct loop *loop, const char *platform,
    const char *verb, const char *dir, const char *member,
    const struct backend_calls *calls, void *arg, struct buf *err);
/* The same for a member of the experiment in `dir`, by its config.json. */
struct backend *backend_of_member(struct loop *loop, const char *dir,
    const char *member, const char *verb, const struct backend_calls *calls,
    void *arg, struct buf *err);
/*
 * The same for any program: argv[0] is its path; what it says on stderr goes to
 * DIR/log/NAME.log or, with name NULL, to our own stderr.
 */
struct backend *backend_program(struct loop *loop, const char *const *argv,
    const char *dir, const char *name, const struct backend_calls *calls,
    void *arg);
/* One more argument; before it is started. */
void backend_argument(struct backend *b, const char *arg);
/* Changes of its environment, as of struct proc_spec; copied. */
void backend_env(struct backend *b, char *const *env);
/* It runs once: its end is reported by `ended` and it is not started again. */
void backend_once(struct backend *b);
/* It has to have ended after so long, or it is killed.  That counts as half of
   the failures after which it is hopeless. */
void backend_deadline(struct backend *b, int64_t ms);

/* Starts it now.  A failure to do so is reported by `died` (or `ended`) later,
   from the loop. */
void backend_start(struct backend *b);
/* Lines written while it does not run are lost: see `started`. */
void backend_write(struct backend *b, const char *line, size_t len);
/* The same for what it may hear a little later: see stream_write_calm(). */
void backend_write_calm(struct backend *b, const char *line, size_t len);
/* Bytes as they are, for a program that does not hear lines. */
void backend_write_bytes(struct backend *b, const void *bytes, size_t len);
/* Bytes written to it that it has not taken yet. */
size_t backend_queued(const struct backend *b);
/* Called whenever it has taken all; kept when it is started again. */
void backend_on_drain(struct backend *b, loop_fn *fn, void *arg);
/* Ends its input; it answers what it has and ends.  One that is waiting to be
   started again ends so, without. */
void backend_finish(struct backend *b);
/* From `ended`: that was a failure; start it again after the usual pause. */
void backend_again(struct backend *b);
/* What it said was worth something: failures are counted anew. */
void backend_progress(struct backend *b);
/* It said nothing new, but what a backend says. */
void backend_useful(struct backend *b);

/* Has said so many bytes since it was made. */
uint64_t backend_heard(const struct backend *b);
/* Appends the last of what it left in its log since it was started, at most
   4 KiB; nothing if it has none. */
void backend_words(const struct backend *b, struct buf *out);
/* Kills it (SIGKILL), if it runs; its end is reported as ever. */
void backend_kill(struct backend *b);

bool backend_running(const struct backend *b);
bool backend_finished(const struct backend *b);	    /* `ended` was called */
unsigned backend_failures(const struct backend *b); /* in a row */
/* BACKEND_PATIENCE failures in a row. */
bool backend_hopeless(const struct backend *b);
/* Stops and resumes taking its lines. */
void backend_pause(struct backend *b, bool paused);
/* "nni-platform-local submit has said nothing for 60 s" */
void backend_silence(const struct backend *b, struct buf *out);

/* Ends the process (SIGTERM) if it still runs.  NULL is allowed. */
void backend_free(struct backend *b);

#endif
