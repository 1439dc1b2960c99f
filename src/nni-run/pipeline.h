#ifndef NNI_RUN_PIPELINE_H
#define NNI_RUN_PIPELINE_H

#include "child.h"

/*
 * nni-submit --dir DIR | nni-watch | nni-collect, kept as one thing: one
 * input, one output, one end.  Where one of the three dies the others are
 * dropped, for nobody can tell what was on the way between them.
 */
enum { PIPE_SUBMIT, PIPE_WATCH, PIPE_COLLECT, PIPE_COUNT };

struct pipeline_spec {
	const char *dir; /* the experiment */
	const char *log_dir;
	bool once; /* one pass: --once */
	lines_fn *line;
	void (*message)(void *arg, const char *line);
	bool errors_only;
	void (*over)(void *arg);
	void *arg;
};

struct pipeline {
	struct pipeline_spec spec;
	struct loop *loop;
	struct child child[PIPE_COUNT];
	bool alive;
	bool finishing; /* its input has ended */
	bool dropped;	/* by pipeline_drop() */
	int first_dead; /* which ended first in fault; -1: none */
};

void pipeline_init(struct pipeline *p);
int pipeline_start(struct pipeline *p, struct loop *l,
    const struct pipeline_spec *spec, struct buf *err);
void pipeline_write(struct pipeline *p, const void *bytes, size_t len);
/* No more input: it ends when all it was given has ended and is drained. */
void pipeline_finish(struct pipeline *p);
/* Ends it now; trials run on. */
void pipeline_drop(struct pipeline *p);
void pipeline_pause(struct pipeline *p, bool paused);
/*
 * After over(): 0 if all three ended well, else the exit code to think of
 * (NNI_TEMPORARY for a signal), with `why` naming the program.
 */
int pipeline_verdict(const struct pipeline *p, struct buf *why);

#endif
