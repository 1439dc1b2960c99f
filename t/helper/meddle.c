/*
 * meddle.so: changes files in the moment that a program opens them for reading,
 * as somebody else may do who works beside it.
 *
 *	LD_PRELOAD=build/t/meddle.so nni-pack ...
 *
 * What happens is said by the file's name: one that ends in "vanishes" is
 * removed before and in "goes" after that, in "grows" it gets more bytes, in
 * "shrinks" it loses all but one.
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <stdarg.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

static int (*real_open)(const char *path, int flags, ...);

static int
ends_with(const char *path, const char *end)
{
	size_t len = strlen(path), n = strlen(end);

	return len >= n && strcmp(path + len - n, end) == 0;
}

static void
meddle(const char *path)
{
	int fd;

	if (ends_with(path, "vanishes"))
		unlink(path);
	else if (ends_with(path, "shrinks") && truncate(path, 1) != 0)
		_exit(99);
	if (!ends_with(path, "grows"))
		return;
	fd = real_open(path, O_WRONLY | O_APPEND);
	if (fd < 0 || write(fd, "more\n", 5) != 5)
		_exit(99);
	close(fd);
}

int
open(const char *path, int flags, ...)
{
	va_list ap;
	mode_t mode;
	int fd;

	va_start(ap, flags);
	mode = flags & O_CREAT ? va_arg(ap, mode_t) : 0;
	va_end(ap);
	if (!real_open)
		*(void **)&real_open = dlsym(RTLD_NEXT, "open");
	if ((flags & O_ACCMODE) == O_RDONLY)
		meddle(path);
	fd = real_open(path, flags, mode);
	if ((flags & O_ACCMODE) == O_RDONLY && ends_with(path, "goes"))
		unlink(path);
	return fd;
}
