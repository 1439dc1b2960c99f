#ifndef NNI_OS_JOB_H
#define NNI_OS_JOB_H

#include <stdint.h>
#include "../buf.h"
#include "process.h"

/*
 * A job: everything that one program started, however deep, so that it can be
 * stopped as a whole and seen to be gone.  The keeper of a trial has one.
 *
 * Windows: a Job Object that nothing can leave; it dies with the process that
 * made it.  Linux: this process becomes a subreaper, so that what double-forks
 * or calls setsid() stays its descendant.  Elsewhere: the session and process
 * group of the program, and what can be found of its children.
 *
 * A process makes at most one job, and starts nothing else while it has one
 * (on Linux every descendant counts as a member).
 *
 *	job_new, job_start, ... the root ends, or is to end:
 *	job_stop; after the grace period job_kill until job_count is 0
 */
struct job;

/* NULL on failure, with the reason in err. */
struct job *job_new(struct buf *err);

/*
 * proc_start() inside of the job: not one instruction of the program runs
 * before it is a member.  It leads a session of its own (Windows: a process
 * group with an invisible console).  Once a job; p is waited for as usual
 * (loop_child, proc_wait).
 */
int job_start(struct job *j, struct proc *p, const struct proc_spec *spec,
    struct buf *err);

/*
 * How many members live now, the root counted; ended ones that nobody waited
 * for are reaped here and do not count, but the root, which loop_child() or
 * proc_wait() must reap, does until then.  -1 if the system will not tell.
 */
int job_count(struct job *j);

/*
 * Asks all members to end: SIGTERM, CTRL_BREAK.  0; -1 where there is no way to
 * ask (a Windows program that has no console): then waiting is of no use.
 */
int job_stop(struct job *j);

/*
 * Ends all members by force.  They are gone when job_count() says 0, not when
 * this returns; call it again while they are not, since a member may have
 * started another meanwhile.  0 or -1.
 */
int job_kill(struct job *j);

/* Does not touch the members, except on Windows: there they are killed. */
void job_free(struct job *j);

/*
 * Of a job whose holder died: kills what it left on this machine, in this boot.
 * root and root_start: the pid and proc_start_time() of its root; mark: a
 * "NAME=value" that every member has in its environment (looked at on Linux,
 * for members that left the session).  Returns how many still live (call again
 * until 0); -1 if that cannot be known.
 */
int job_kill_orphans(int64_t root, int64_t root_start, const char *mark);

#endif
