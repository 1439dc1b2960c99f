/*
 * clock.so: sets a program's clocks to another time, while it runs.
 *
 *	LD_PRELOAD=build/t/clock.so CLOCK_FILE=$PWD/clock nni-run ...
 *
 * The file holds two numbers, in seconds: how far the time of day is off, and
 *how far the monotonic clock.  Without it both are right.
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

/* Raw calls: a signal's handler may ask for the time. */
static void
read_file(long off[2])
{
	const char *path = getenv("CLOCK_FILE");
	char text[128], *end;
	long n;
	int fd;

	off[0] = off[1] = 0;
	fd = path == NULL ? -1
			  : (int)syscall(SYS_openat, AT_FDCWD, path,
				O_RDONLY | O_CLOEXEC, 0);
	if (fd < 0)
		return;
	n = syscall(SYS_read, fd, text, sizeof(text) - 1);
	close(fd);
	text[n > 0 ? n : 0] = '\0';
	off[0] = strtol(text, &end, 10);
	off[1] = strtol(end, NULL, 10);
}

int
clock_gettime(clockid_t clock, struct timespec *ts)
{
	long off[2];
	int rc = (int)syscall(SYS_clock_gettime, clock, ts);

	if (rc != 0)
		return rc;
	read_file(off);
	if (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)
		ts->tv_sec += off[0];
	else if (clock == CLOCK_MONOTONIC || clock == CLOCK_MONOTONIC_COARSE ||
		 clock == CLOCK_MONOTONIC_RAW || clock == CLOCK_BOOTTIME)
		ts->tv_sec += off[1];
	return 0;
}

time_t
time(time_t *t)
{
	struct timespec ts = {0, 0};

	clock_gettime(CLOCK_REALTIME, &ts);
	if (t != NULL)
		*t = ts.tv_sec;
	return ts.tv_sec;
}

int
gettimeofday(struct timeval *tv, void *zone)
{
	struct timespec ts = {0, 0};

	(void)zone;
	clock_gettime(CLOCK_REALTIME, &ts);
	tv->tv_sec = ts.tv_sec;
	tv->tv_usec = ts.tv_nsec / 1000;
	return 0;
}
