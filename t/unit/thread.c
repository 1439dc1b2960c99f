/* Threads: what several of them do under one monitor adds up. */
#include "os/sys.h"
#include "tap.h"

#include "os/thread.h"

#define THREADS 8
#define ROUNDS 2000

static struct monitor *monitor;
static int64_t sum;
static int turn, ended;

static void
add(void *arg)
{
	int i;

	(void)arg;
	for (i = 0; i < ROUNDS; i++) {
		monitor_enter(monitor);
		sum++;
		monitor_leave(monitor);
	}
}

/* Waits for its turn, which the one before it gives. */
static void
take_turn(void *arg)
{
	int mine = (int)(intptr_t)arg;

	monitor_enter(monitor);
	while (turn != mine)
		monitor_wait(monitor);
	turn++;
	ended++;
	monitor_wake(monitor);
	monitor_leave(monitor);
}

static void
run(void (*fn)(void *arg), const char *name)
{
	struct thread *threads[THREADS];
	struct buf err = BUF_INIT;
	bool all = true;
	int i;

	/* Backwards, so that the last one to start is the first to go on. */
	for (i = THREADS; i-- > 0;) {
		threads[i] = thread_start(fn, (void *)(intptr_t)i, &err);
		all = all && threads[i] != NULL;
	}
	for (i = 0; i < THREADS; i++)
		if (threads[i] != NULL)
			thread_join(threads[i]);
	ok(all && err.len == 0, name);
	buf_release(&err);
}

int
nni_main(int argc, char **argv)
{
	monitor = monitor_new();
	(void)argc;
	(void)argv;
	run(add, "threads count together");
	is_int(sum, THREADS * ROUNDS, "and lose nothing");
	run(take_turn, "threads wait for each other");
	is_int(ended, THREADS, "and all have had their turn");
	monitor_free(monitor);
	return done_testing();
}
