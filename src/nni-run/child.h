#ifndef NNI_RUN_CHILD_H
#define NNI_RUN_CHILD_H

#include <stdbool.h>
#include "lines.h"
#include "os/loop.h"

/*
 * One program that nni-run keeps: its lines come here, its stderr goes to
 * DIR/log/NAME.log and, where it is an error or a warning, to the user.
 *
 * Everything is called from the loop.  The struct may be used again (a new
 * child_start()) once over() was called.
 */
struct child;

struct child_spec {
	const char *name; /* of the tool, and of its log; static */
	char *const *argv;
	struct proc_stream
	    in; /* PROC_PIPE (child_write), PROC_FILE, PROC_NULL */
	/*
	 * NULL: its output is not read here; its pipe is left in child.out_file
	 * for the next one.
	 */
	lines_fn *line; /* NULL line: it was too long */
	/* A line of its stderr that a user should see. */
	void (*message)(void *arg, const char *line);
	bool errors_only; /* ... and no warnings */
	/* It has ended and all it wrote has been read. */
	void (*over)(void *arg, struct child *c);
	void *arg;
};

struct child {
	struct child_spec spec;
	struct loop *loop;
	struct proc proc;
	struct stream *in, *out, *err;
	struct lines out_lines, err_lines;
	os_file out_file;
	os_file log;
	struct timer grace;
	int64_t started_ms; /* loop_now_ms() */
	struct proc_end end;
	bool alive, reaped, out_ended, err_ended;
	bool killed; /* by child_drop() */
	/* Messages shown, so that a flood does not reach the user. */
	int64_t shown_ms; /* when the budget was last filled up */
	int budget;
	size_t hidden;
};

void child_init(struct child *c);
/* log_dir: DIR/log.  0 or -1. */
int child_start(struct child *c, struct loop *l, const struct child_spec *spec,
    const char *log_dir, struct buf *err);
bool child_is_alive(const struct child *c);
/* Does nothing if its input is closed already. */
void child_write(struct child *c, const void *bytes, size_t len);
/* The same for what it may hear a little later: see stream_write_calm(). */
void child_write_calm(struct child *c, const void *bytes, size_t len);
size_t child_queued(const struct child *c);
/* The end of its input, once all is written. */
void child_finish(struct child *c);
/* Stops and resumes reading its output. */
void child_pause(struct child *c, bool paused);
/*
 * Our ends of its pipes are closed, whereupon it ends at once; TERM after a
 * second and KILL after another if it does not.  over() is still called.
 */
void child_drop(struct child *c);
/* "ended with code 3", "was killed by signal KILL" */
void child_end_text(const struct child *c, struct buf *text);

#endif
