/*
 * nofork.so: no more processes can be made while the file $NOFORK is there, by
 * programs of the name $NOFORK_PROGRAM.
 */
#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

pid_t
fork(void)
{
	static pid_t (*real)(void);
	const char *path = getenv("NOFORK"), *name = getenv("NOFORK_PROGRAM");

	if (real == NULL)
		*(void **)&real = dlsym(RTLD_NEXT, "fork");
	if (path != NULL && name != NULL && access(path, F_OK) == 0 &&
	    strcmp(program_invocation_short_name, name) == 0) {
		errno = EAGAIN;
		return -1;
	}
	return real();
}
