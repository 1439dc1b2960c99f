/*
 * main(): gives nni_main() a process in a known state, whatever the parent left
 * behind.  A file of its own, so that what brings its own main() (a fuzzer) can
 * use the rest of the library.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>
#include "posix.h"
#ifdef NNI_LINUX
#include <sys/syscall.h>
#endif
#include "../say.h"
#include "sys.h"

/*
 * A file opened later must never become standard output by chance.  What is
 * written to an output that was closed must not vanish either: it gets one that
 * cannot be written.
 */
static void
fill_standard_streams(void)
{
	int fd;

	for (fd = 0; fd <= 2; fd++) {
		if (fcntl(fd, F_GETFD) == -1 && errno == EBADF &&
		    open("/dev/null", fd == 1 ? O_RDONLY : O_RDWR) != fd)
			_exit(127);
	}
}

/*
 * Marks what we inherited besides the standard streams close-on-exec, so that
 * a trial that runs for days does not hold our parent's files and locks.
 */
static void
keep_inherited_from_children(void)
{
	struct pollfd fds[256];
	long limit = sysconf(_SC_OPEN_MAX);
	int fd, i, n = (int)(sizeof(fds) / sizeof(fds[0]));

#if defined(NNI_LINUX) && defined(SYS_close_range)
	if (syscall(SYS_close_range, 3U, ~0U, 4U /* CLOEXEC */) == 0)
		return;
#endif
	if (limit < 0 || limit > 65536)
		limit = 65536;
	/* poll() tells 256 at once which of them are open. */
	for (fd = 3; fd < limit; fd += n) {
		if (n > limit - fd)
			n = (int)(limit - fd);
		for (i = 0; i < n; i++)
			fds[i] = (struct pollfd){.fd = fd + i};
		if (poll(fds, (nfds_t)n, 0) < 0)
			return;
		for (i = 0; i < n; i++) {
			if (!(fds[i].revents & POLLNVAL))
				fcntl(fds[i].fd, F_SETFD, FD_CLOEXEC);
		}
	}
}

int
main(int argc, char **argv)
{
	sigset_t none;

	fill_standard_streams();
	keep_inherited_from_children();
	signals_ignore_failures();
	/* An ignored or blocked SIGCHLD would hide the end of our children. */
	signal(SIGCHLD, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	program_path = argc > 0 ? argv[0] : NULL;
	return say_finish(nni_main(argc, argv));
}
