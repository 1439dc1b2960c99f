#ifndef NNI_OS_LOOP_H
#define NNI_OS_LOOP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "../buf.h"
#include "file.h"
#include "process.h"

/*
 * The one event loop of a program: pipes, children, timers, interrupts, files
 * that grow.  Single-threaded: every callback runs inside loop_run().
 * Callbacks may create, close and free anything, themselves included.
 *
 * Nobody ever blocks: a write goes into the stream's buffer and from there into
 * the pipe as the reader takes it.  A program that wants to slow its source
 * down looks at stream_queued() and uses stream_pause().
 */
struct loop;

struct loop *loop_new(void);
void loop_free(struct loop *l);
/*
 * Runs until loop_stop() or until nothing is left that could happen: no timer,
 * child, watch, reader that is not paused, nor anything queued.  (A writer that
 * only waits for its reader to vanish does not count, nor do interrupts.)
 * Returns what loop_stop() was given, or 0.
 */
int loop_run(struct loop *l);
/* The round is gone through to its end; what a pipe does not take then is not
   written any more: stream_finish() first where that matters. */
void loop_stop(struct loop *l, int code);
int64_t loop_now_ms(struct loop *l); /* monotonic, taken once a round */

/*
 * Called once at the end of each round, after all that was ready has been
 * handled, and before anything that the round queued is written to a stream:
 * the place to flush a journal once for a batch, so that what others hear of
 * is always on the disk already.
 */
typedef void loop_fn(void *arg);
void loop_each_round(struct loop *l, loop_fn *fn, void *arg);

/* ---- streams ---- */
struct stream;

/* len > 0: bytes; len == 0: the end (or a fault: os_strerror(), told by
   bytes == NULL). After the end nothing more is called. */
typedef void stream_read_fn(void *arg, const char *bytes, size_t len);
/* The reader of what we write has gone, or writing failed. Called once. */
typedef void stream_gone_fn(void *arg);

/*
 * A stream for reading: pipe, socket, terminal, or a regular file.  Takes `f`
 * over and closes it, unless it is the standard input.
 */
struct stream *stream_reader(
    struct loop *l, os_file f, stream_read_fn *fn, void *arg);
/*
 * A stream for writing.  Also notices, with nothing to write, that a pipe's
 * reader has gone.  Takes `f` over and closes it, unless it is stdout/stderr.
 */
struct stream *stream_writer(
    struct loop *l, os_file f, stream_gone_fn *gone, void *arg);
void stream_write(struct stream *s, const void *bytes, size_t len);
/*
 * The same for what nobody waits for: it lingers for STREAM_LINGER_MS at most,
 * so that it travels with what is written after it and wakes the reader once.
 */
#define STREAM_LINGER_MS 4
void stream_write_calm(struct stream *s, const void *bytes, size_t len);
size_t stream_queued(const struct stream *s);
/* Called whenever the queue has become empty; NULL: no more. */
void stream_on_drain(struct stream *s, loop_fn *fn, void *arg);
/*
 * Closes and frees once everything queued is written, at the end of a round;
 * then `done` (may be NULL) is called.  If the reader goes meanwhile, `gone` is
 * called in its place, where there is one.
 */
void stream_finish(struct stream *s, loop_fn *done, void *arg);
/* Stops and resumes reading. */
void stream_pause(struct stream *s, bool paused);
/* Closes at once and frees. NULL is allowed. */
void stream_close(struct stream *s);

/* ---- timers ---- */
struct timer {
	struct loop *loop;
	loop_fn *fn;
	void *arg;
	int64_t due_ms;
	size_t slot; /* in the loop's heap; 0: not set */
};
#define TIMER_INIT                                                             \
	{                                                                      \
		NULL, NULL, NULL, 0, 0                                         \
	}
/* (Re)sets: `fn(arg)` once, `ms` from now. The struct is the caller's. */
void timer_set(
    struct loop *l, struct timer *t, int64_t ms, loop_fn *fn, void *arg);
void timer_stop(struct timer *t);
bool timer_is_set(const struct timer *t);

/* ---- children ---- */
typedef void child_fn(void *arg, struct proc_end end);
/* Calls fn once when p has ended and reaps it (then calls proc_release). */
void loop_child(struct loop *l, struct proc *p, child_fn *fn, void *arg);

/* ---- interrupts ---- */
enum loop_interrupt {
	INTERRUPT_STOP,	   /* SIGINT, SIGTERM; CTRL_C, CTRL_BREAK */
	INTERRUPT_HANGUP,  /* SIGHUP; CTRL_CLOSE */
	INTERRUPT_RESIZE,  /* SIGWINCH */
	INTERRUPT_CONTINUE /* SIGCONT */
};
typedef void interrupt_fn(void *arg, enum loop_interrupt what, int signal);
/*
 * From now on these come here in place of ending the program.  One that was
 * ignored when we were started (nohup, "&" in a script) stays ignored.
 */
void loop_interrupts(struct loop *l, interrupt_fn *fn, void *arg);
/* Ends this process by the signal itself, so that the shell sees 128+n. */
void die_by_signal(int signal);

/* ---- files that change ---- */
struct watch;
/*
 * Calls fn soon (20 ms at most, where `path` is on this machine's own disk)
 * after `path`, a file or a directory's list of names, has changed; also when
 * it comes into being, and once at first.  Only a hint: the caller looks for
 * itself, may be called
 * without cause, and never relies on this alone for correctness (inotify where
 * there is one, otherwise polling its size and time).
 */
struct watch *watch_path(
    struct loop *l, const char *path, loop_fn *fn, void *arg);
void watch_stop(struct watch *w); /* NULL is allowed */

#endif
