#ifndef NNI_OS_THREAD_H
#define NNI_OS_THREAD_H

#include "../buf.h"

/*
 * Threads, for pure computation only (nni-pack compresses with them): whatever
 * waits for the outside belongs into the event loop.  A monitor is one lock
 * and one condition: what threads share is touched only between monitor_enter()
 * and monitor_leave(), and every change that somebody may wait for is followed
 * by monitor_wake().
 */
struct thread;
struct monitor;

/*
 * Runs fn(arg) in a new thread; NULL with the reason in err if the system has
 * no more of them.  Each thread is given to thread_join() once, which waits for
 * its end and frees it.
 */
struct thread *thread_start(void (*fn)(void *arg), void *arg, struct buf *err);
void thread_join(struct thread *t);

struct monitor *monitor_new(void);
void monitor_free(struct monitor *m); /* nobody is inside; NULL is allowed */
void monitor_enter(struct monitor *m);
void monitor_leave(struct monitor *m);
/*
 * Inside: leaves, sleeps until a monitor_wake() (or for no reason at all, so
 * callers test what they wait for in a loop) and enters again.
 */
void monitor_wait(struct monitor *m);
/* Inside: wakes all who wait. */
void monitor_wake(struct monitor *m);

#endif
