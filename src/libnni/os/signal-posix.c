/*
 * Signals as something to poll: the handler notes the number and writes a byte
 * into a pipe (the self-pipe of D. J. Bernstein), all else happens in the loop.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>
#include "posix.h"

/* The signals this project ever catches; all are below 64 everywhere. */
#define SIGNAL_MAX 64

static volatile sig_atomic_t pending[SIGNAL_MAX];
static bool caught[SIGNAL_MAX];
static volatile int wake_fd = -1;
static int ends[2] = {-1, -1};
static pid_t owner; /* of the pipe */

/* Failures of write() that would be our death. */
static struct {
	int sig;
	bool was_ignored;
} failures[] = {{SIGPIPE, false}, {SIGXFSZ, false}};

void
signals_ignore_failures(void)
{
	struct sigaction ignore = {.sa_handler = SIG_IGN}, was;
	size_t i;

	for (i = 0; i < sizeof(failures) / sizeof(failures[0]); i++) {
		sigaction(failures[i].sig, &ignore, &was);
		failures[i].was_ignored = was.sa_handler == SIG_IGN;
	}
}

int
signals_fd(void)
{
	int sig;

	if (owner == getpid())
		return ends[0];
	/* A forked child must not eat its parent's signals.  It may have
	   closed the old ends long ago: their numbers mean nothing now. */
	wake_fd = -1;
	for (sig = 0; sig < SIGNAL_MAX; sig++) {
		pending[sig] = 0;
		caught[sig] = false;
	}
	owner = 0;
	if (fd_pipe(ends) != 0)
		return -1;
	fd_nonblock(ends[0]);
	fd_nonblock(ends[1]);
	wake_fd = ends[1];
	owner = getpid();
	return ends[0];
}

static void
on_signal(int sig)
{
	int saved = errno;

	pending[sig] = 1;
	/* A full pipe will wake the loop as well. */
	if (wake_fd >= 0 && write(wake_fd, "", 1) < 0)
		errno = saved;
	errno = saved;
}

void
signals_catch(int sig)
{
	struct sigaction act = {
	    .sa_handler = on_signal, .sa_flags = SA_RESTART | SA_NOCLDSTOP};

	if (sig <= 0 || sig >= SIGNAL_MAX || caught[sig])
		return;
	sigfillset(&act.sa_mask);
	caught[sig] = true;
	sigaction(sig, &act, NULL);
}

bool
signals_ignored(int sig)
{
	struct sigaction now;

	return sigaction(sig, NULL, &now) == 0 && now.sa_handler == SIG_IGN;
}

void
signals_drain(void)
{
	char bytes[256];

	while (read(ends[0], bytes, sizeof(bytes)) == (ssize_t)sizeof(bytes))
		;
}

bool
signals_take(int sig)
{
	bool was = pending[sig];

	pending[sig] = 0;
	return was;
}

void
signals_reset(void)
{
	struct sigaction standard = {.sa_handler = SIG_DFL};
	size_t i;
	int sig;

	/* exec would do it too, but then a signal for the child could still run
	   our handler in it. */
	for (sig = 1; sig < SIGNAL_MAX; sig++) {
		if (caught[sig])
			sigaction(sig, &standard, NULL);
	}
	for (i = 0; i < sizeof(failures) / sizeof(failures[0]); i++) {
		if (!failures[i].was_ignored)
			sigaction(failures[i].sig, &standard, NULL);
	}
}
