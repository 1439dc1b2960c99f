#ifndef NNI_OS_POSIX_H
#define NNI_OS_POSIX_H

#include <stdbool.h>
#include "../buf.h"

/* What the POSIX twins share; nobody else includes this. */

/*
 * What only Linux has (inotify, close_range, vfork as glibc has it...) is used
 * where NNI_LINUX is defined.  Building with -DNNI_PORTABLE leaves it all out,
 * so that the code for the other systems can be tested on Linux.
 */
#if defined(__linux__) && !defined(NNI_PORTABLE)
#define NNI_LINUX 1
#endif

/* Keeps errno for os_errno() and os_strerror(), which later calls leave alone
   until the next failure.  Returns -1. */
int os_failed(void);
/* The same, with "cannot VERB 'PATH': REASON" in err. */
int os_failed_at(struct buf *err, const char *verb, const char *path);

/* A pipe, both ends close-on-exec and not one of 0, 1, 2. 0 or -1 (errno). */
int fd_pipe(int ends[2]);
/* Sets O_NONBLOCK. For descriptors that this process made. 0 or -1 (errno). */
int fd_nonblock(int fd);

/* By main(): what proc_start() must know of the state we were started in. */
extern bool sigpipe_was_ignored;

#endif
