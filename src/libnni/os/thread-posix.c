/*
 * Threads over POSIX threads.
 */
#include "thread.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "../mem.h"

struct thread {
	pthread_t id;
	void (*fn)(void *arg);
	void *arg;
};

struct monitor {
	pthread_mutex_t lock;
	pthread_cond_t changed;
};

static void *
run(void *arg)
{
	struct thread *t = arg;

	t->fn(t->arg);
	return NULL;
}

struct thread *
thread_start(void (*fn)(void *arg), void *arg, struct buf *err)
{
	struct thread *t = xmalloc(sizeof *t);
	sigset_t all, before;
	int fault;

	t->fn = fn;
	t->arg = arg;
	/* Signals are for the main thread, which knows what to do with them. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	fault = pthread_create(&t->id, NULL, run, t);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (fault != 0) {
		buf_err(err, "cannot start a thread: %s", strerror(fault));
		free(t);
		return NULL;
	}
	return t;
}

void
thread_join(struct thread *t)
{
	pthread_join(t->id, NULL);
	free(t);
}

/*
 * The calls below fail only where the program itself is wrong (a lock that is
 * not held): there is nothing to be told to a user, so the results are dropped.
 */
struct monitor *
monitor_new(void)
{
	struct monitor *m = xmalloc(sizeof *m);

	pthread_mutex_init(&m->lock, NULL);
	pthread_cond_init(&m->changed, NULL);
	return m;
}

void
monitor_free(struct monitor *m)
{
	if (m == NULL)
		return;
	pthread_cond_destroy(&m->changed);
	pthread_mutex_destroy(&m->lock);
	free(m);
}

void
monitor_enter(struct monitor *m)
{
	pthread_mutex_lock(&m->lock);
}

void
monitor_leave(struct monitor *m)
{
	pthread_mutex_unlock(&m->lock);
}

void
monitor_wait(struct monitor *m)
{
	pthread_cond_wait(&m->changed, &m->lock);
}

void
monitor_wake(struct monitor *m)
{
	pthread_cond_broadcast(&m->changed);
}
