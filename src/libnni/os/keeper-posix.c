/*
 * Keepers on POSIX: a fork that lets go of everything it came with, and a sleep
 * (pselect) that only a signal or the time ends.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/select.h>
#include <sys/wait.h>
#include <unistd.h>
#include "keeper.h"
#include "posix.h"
#ifdef NNI_LINUX
#include <sys/syscall.h>
#endif

static volatile sig_atomic_t child_ended, poked;

void
keeper_init(void)
{
	signal(SIGCHLD, SIG_IGN);
}

/* ---- starting one ---- */

static void
close_between(int first, int last)
{
	struct pollfd fds[256];
	int i, n;

#if defined(NNI_LINUX) && defined(SYS_close_range)
	if (syscall(SYS_close_range, (unsigned)first, (unsigned)last, 0U) == 0)
		return;
#endif
	/* poll() tells many at once which of them are open. */
	for (; first <= last; first += n) {
		n = last - first < 256 ? last - first + 1 : 256;
		for (i = 0; i < n; i++)
			fds[i] = (struct pollfd){.fd = first + i};
		if (poll(fds, (nfds_t)n, 0) < 0)
			return;
		for (i = 0; i < n; i++) {
			if (!(fds[i].revents & POLLNVAL))
				close(first + i);
		}
	}
}

/* The highest descriptor that can be open. */
static int
last_descriptor(void)
{
	long limit = sysconf(_SC_OPEN_MAX);

	return limit <= 0 || limit > 65536 ? 65535 : (int)limit - 1;
}

/* Closes all but the standard streams and those of `spec` and `answer`. */
static void
close_all_but(const struct keeper_spec *spec, int answer)
{
	int first = 3, next, fd;
	size_t i;

	for (;;) {
		next = answer >= first ? answer : -1;
		for (i = 0; i < spec->keep_count; i++) {
			fd = (int)spec->keep[i];
			if (fd >= first && (next < 0 || fd < next))
				next = fd;
		}
		if (next < 0)
			break;
		if (next > first)
			close_between(first, next - 1);
		first = next + 1;
	}
	close_between(first, last_descriptor());
}

static void
take_null_device(void)
{
	int fd = open("/dev/null", O_RDWR), i;

	for (i = 0; i <= 2; i++)
		dup2(fd, i);
	if (fd > 2)
		close(fd);
}

/* All signals are blocked here, until keeper_listen(). */
static void
become_keeper(const struct keeper_spec *spec, int answer)
{
	setsid();
	signals_reset();
	/* Who started us may be gone, a file be full: no matter. */
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);
	take_null_device();
	close_all_but(spec, answer);
	/* Where it was started must not stay busy.  Nothing relative is used.
	 */
	if (chdir("/") != 0)
		_exit(1);
	_exit(spec->fn(spec->arg, answer));
}

int
keeper_start(const struct keeper_spec *spec, os_file *answer, struct buf *err)
{
	sigset_t all, was;
	int ends[2], error;
	pid_t pid;

	if (fd_pipe(ends) != 0) {
		os_failed();
		return buf_err(err, "cannot make a pipe: %s", os_strerror());
	}
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &was);
	pid = fork();
	if (pid == 0)
		become_keeper(spec, ends[1]);
	error = errno;
	sigprocmask(SIG_SETMASK, &was, NULL);
	close(ends[1]);
	if (pid > 0) {
		*answer = ends[0];
		return 0;
	}
	close(ends[0]);
	errno = error;
	os_failed();
	return buf_err(err, "cannot start a keeper: %s", os_strerror());
}

/* ---- in it ---- */

static void
on_signal(int sig)
{
	if (sig == SIGCHLD)
		child_ended = 1;
	else
		poked = 1;
}

int
keeper_listen(const char *dir, struct buf *err)
{
	static const int signals[] = {SIGCHLD, SIGTERM, SIGINT, SIGHUP};
	struct sigaction act = {
	    .sa_handler = on_signal, .sa_flags = SA_RESTART | SA_NOCLDSTOP};
	sigset_t none;
	size_t i;

	(void)dir;
	sigfillset(&act.sa_mask);
	for (i = 0; i < sizeof(signals) / sizeof(*signals); i++) {
		if (sigaction(signals[i], &act, NULL) != 0) {
			os_failed();
			return buf_err(
			    err, "cannot catch signals: %s", os_strerror());
		}
	}
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	return 0;
}

/*
 * Orphans of the trial are our children on Linux; those that ended are reaped
 * here.  The root is left to proc_wait().
 */
static bool
root_has_ended(const struct proc *root)
{
	siginfo_t info;

	for (;;) {
		info = (siginfo_t){0};
		if (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) != 0 ||
		    info.si_pid == 0)
			return false;
		if (root != NULL && info.si_pid == (pid_t)root->pid)
			return true;
		waitpid(info.si_pid, NULL, WNOHANG);
	}
}

/* Looks and sleeps in one step: no signal can come between the two. */
static void
sleep_for_signal(int64_t timeout_ms)
{
	struct timespec t = {
	    (time_t)(timeout_ms / 1000), (long)(timeout_ms % 1000) * 1000000};
	sigset_t all, none;

	sigfillset(&all);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &all, NULL);
	if (!child_ended && !poked)
		pselect(0, NULL, NULL, NULL, timeout_ms < 0 ? NULL : &t, &none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

enum keeper_wake
keeper_wait(const struct proc *root, int64_t timeout_ms)
{
	/* Some systems refuse more than 31 days (POSIX asks for that many). */
	const int64_t longest_ms = (int64_t)31 * 24 * 3600 * 1000;

	sleep_for_signal(timeout_ms > longest_ms ? longest_ms : timeout_ms);
	/* An end first: what ended before the poke keeps its own end. */
	if (child_ended) {
		child_ended = 0;
		return root_has_ended(root) ? KEEPER_ROOT : KEEPER_CHILD;
	}
	if (poked) {
		poked = 0;
		return KEEPER_POKED;
	}
	return KEEPER_TIMEOUT;
}

/* ---- from outside ---- */

int
keeper_poke(const char *dir, int64_t pid)
{
	(void)dir;
	if (pid <= 0) {
		errno = ESRCH;
		return os_failed();
	}
	if (kill((pid_t)pid, SIGTERM) != 0)
		return os_failed();
	/* A trial may have stopped its parent (kill -STOP $PPID). */
	kill((pid_t)pid, SIGCONT);
	return 0;
}
