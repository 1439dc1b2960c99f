#ifndef NNI_RUN_VIEW_H
#define NNI_RUN_VIEW_H

#include <stdbool.h>
#include "progress.h"
#include "os/loop.h"

/*
 * What a person sees on stderr while nni-run works: on a terminal a few lines
 * that are redrawn, elsewhere a plain line now and then.  All of nni-run's
 * messages go through here, so that they do not run into the drawn lines.
 */
enum view_kind {
	VIEW_DRAWN, /* a terminal that can */
	VIEW_PLAIN, /* a pipe, a file, CI, TERM=dumb */
	VIEW_SILENT /* --tick: only what failed */
};

struct view {
	enum view_kind kind;
	struct loop *loop;
	struct progress progress;
	struct timer timer;
	size_t ended_told; /* plain: at the last line */
	int rows;	   /* drawn ones now on the screen */
	int width;	   /* of the terminal when they were drawn */
	os_file log;	   /* every message, with its time */
	bool color;
	bool running; /* timer is on */
	bool changed;
	/* view_often(): what is still to be shown, and what was not. */
	int budget;
	int64_t filled_ms;
	size_t hidden;
	struct buf held_told; /* plain: as said last */
	int64_t held_due_ms;  /* plain: not said again before */
	int64_t held_gap_ms;  /* ... and by how much */
	int64_t plain_due_ms; /* plain: of the next line of progress */
	int64_t (*ran_ms)(const void *arg);
	const void *ran_arg;
};

/* tick: one silent pass. Chooses the kind by stderr and the environment. */
void view_init(struct view *v, bool tick);
/* Messages are also appended to this file. */
void view_log(struct view *v, const char *path);
/* From now on progress is shown. `ran_ms(arg)`: the experiment's running time.
 */
void view_start(struct view *v, struct loop *l, const struct experiment *e,
    const struct config *c, int64_t (*ran_ms)(const void *), const void *arg);
/* Something is different: drawn within 100 ms. */
void view_changed(struct view *v);
/* A trial was made, or (started) runs. */
void view_moved(struct view *v, bool started);
/*
 * Why a trial waits or cannot be reached, as the last one said it.  It is shown
 * while nothing moves: on a terminal as a row, elsewhere as a line once nothing
 * runs at all, and again when it is another one.
 */
void view_held(struct view *v, const char *reason);
/*
 * The terminal has another size; or (pushed_away) we are back after a stop, and
 * others have written below.
 */
void view_redraw(struct view *v, bool pushed_away);
/* The last state stays on the screen. Messages may still come. */
void view_stop(struct view *v);
void view_release(struct view *v);

/* Messages; the drawn lines make room. Levels as say.h. */
void view_say(struct view *v, const char *fmt, ...) NNI_FORMAT(2, 3);
void view_warning(struct view *v, const char *fmt, ...) NNI_FORMAT(2, 3);
void view_error(struct view *v, const char *fmt, ...) NNI_FORMAT(2, 3);
/*
 * A warning that may come thousands of times: ten at once and one a second are
 * shown, all are logged.  show false: it is only logged, unless the user wants
 * to know all (-v).
 */
void view_often(struct view *v, bool show, const char *fmt, ...)
    NNI_FORMAT(3, 4);
/* Does the user want to hear other programs' errors, but not their warnings? */
bool view_errors_only(const struct view *v);
/* Another program's line, as it is. */
void view_line(struct view *v, const char *line);

#endif
