#ifndef NNI_OS_KEEPER_H
#define NNI_OS_KEEPER_H

#include <stdint.h>
#include "../buf.h"
#include "file.h"
#include "process.h"

/*
 * A keeper: the process that stays with one trial until its end, whatever
 * becomes of the program that started it.  It has a session of its own, its
 * standard streams are the null device, and it inherits nothing else.
 *
 * POSIX forks it without exec: to start one costs a fork, and what is in memory
 * need not be told again.  Windows starts this program anew as
 * `PROGRAM keep DIR`, outside of any job object where that is allowed, with
 * `order` on its standard input and the pipe `answer` as its standard output;
 * its main() then calls the same keeper_fn.
 */

/* Runs in the keeper; what it returns is its exit code. */
typedef int keeper_fn(void *arg, os_file answer);

struct keeper_spec {
	const char *dir;   /* the trial's directory: `keep DIR` */
	const char *order; /* what the keeper is to know, for Windows */
	size_t order_len;
	keeper_fn *fn; /* POSIX */
	void *arg;
	/* POSIX: files of ours that the keeper goes on using; every other one
	   is closed in it. */
	const os_file *keep;
	size_t keep_count;
};

/*
 * Once, in a program that starts keepers: their ends are not reported to it
 * and leave no zombies.  It cannot wait for any other child either
 * (proc_wait, proc_run, loop_child).
 */
void keeper_init(void);

/*
 * Starts one.  *answer is the reading end of a pipe; it ends when the keeper
 * closes its own or dies.  The caller closes it (or gives it to a stream).
 */
int keeper_start(
    const struct keeper_spec *spec, os_file *answer, struct buf *err);

/* ---- in the keeper ---- */

/*
 * Call before anything that keeper_poke() relies on (before the trial's lock is
 * taken): from now on pokes are remembered until keeper_wait() tells of them.
 */
int keeper_listen(const char *dir, struct buf *err);

enum keeper_wake {
	KEEPER_ROOT,  /* `root` has ended: proc_wait() returns at once */
	KEEPER_CHILD, /* something else in the job may have ended */
	KEEPER_POKED, /* somebody wants to be heard: look at the intent */
	KEEPER_TIMEOUT
};
/*
 * Sleeps, without waking up for nothing, until one of these; timeout_ms < 0:
 * for ever.  `root` is the trial's first process, not waited for yet; NULL if
 * there is none (any more).
 */
enum keeper_wake keeper_wait(const struct proc *root, int64_t timeout_ms);

/* ---- from outside ---- */

/*
 * Wakes the keeper of `dir`.  `pid` is who holds the trial's lock as
 * lock_held() told (so it cannot be a stranger's), or 0 if the system did not
 * tell. POSIX: SIGTERM, then SIGCONT if it was stopped.  Windows: an event
 * named after the directory.  0, or -1 if there is nobody.
 */
int keeper_poke(const char *dir, int64_t pid);

#endif
