#ifndef NNI_LOCAL_FAR_H
#define NNI_LOCAL_FAR_H

#include <stdbool.h>
#include <stdint.h>
#include "filter.h"
#include "place.h"

/*
 * The far end of an ssh: a verb with --stdio (nni-platform-local(8)).  It is
 * told what it has to know by its first line, and then is the ordinary verb on
 * a directory of its own, ROOT/PLACE/EXPERIMENT.
 */
struct far {
	char *place, *member;
	char *root, *dir; /* ROOT, ROOT/PLACE/EXPERIMENT */
	int64_t silence_ms;
	bool fresh; /* `dir` was not there before */
	/* While the verb runs: */
	struct loop *loop;
	struct filter *filter;
	struct timer silence;
	int64_t heard_ms;
	loop_fn *pinged; /* may be NULL */
	void *arg;
};

/*
 * Says that we are here, reads the settings, makes the directory and writes
 * what the verb reads there.  NNI_OK; or the exit code, said by an error
 * record.
 */
int far_open(struct far *f);
void far_close(struct far *f);

/*
 * The verb has its loop and its filter: from now on it ends (NNI_TEMPORARY)
 * when nothing has come in for too long.  `pinged` is called when who is at the
 * other end shows that he lives.  f NULL: there is no other end.
 */
void far_begin(struct far *f, struct loop *loop, struct filter *filter,
    loop_fn *pinged, void *arg);
/* To be called first with every record: was it for us? */
bool far_takes(struct far *f, const struct record *r);

/* For `check`, which changes nothing: removes what far_open() made. */
void far_leave_no_trace(const struct far *f);
/* Removes of ROOT/PLACE/EXPERIMENT what is an empty directory. */
void far_remove_empty(const struct far *f);

/* For errors: our place, of `member`'s many; `member` if f is NULL. */
const char *far_where(const struct far *f, const char *member);

/* Says an error record at once; returns `code`. */
int far_fail(
    const struct far *f, int code, const char *message, const char *hint);

#endif
