#ifndef NNI_OS_POSIX_H
#define NNI_OS_POSIX_H

#include <stdbool.h>
#include "../buf.h"
#include "process.h"

/* What the POSIX twins share; nobody else includes this. */

/*
 * What only Linux has (inotify, close_range, vfork as glibc has it...) is used
 * where NNI_LINUX is defined.  Building with -DNNI_PORTABLE leaves it all out,
 * so that the code for the other systems can be tested on Linux.
 */
#if defined(__linux__) && !defined(NNI_PORTABLE)
#define NNI_LINUX 1
#endif

/*
 * The user of that number or name; NULL: unknown.  Static until the next call.
 * A static program (-DNNI_STATIC) asks /etc/passwd alone: the C library would
 * load what else knows users, of a version that need not be its own.
 */
struct passwd *user_by_id(unsigned id);
struct passwd *user_by_name(const char *name);

/* argv[0], as main() got it; NULL if there was none. */
extern const char *program_path;

/* Keeps errno for os_errno() and os_strerror(), which later calls leave alone
   until the next failure.  Returns -1. */
int os_failed(void);
/* The same, with "cannot VERB 'PATH': REASON" in err. */
int os_failed_at(struct buf *err, const char *verb, const char *path);

/* A pipe, both ends close-on-exec and not one of 0, 1, 2. 0 or -1 (errno). */
int fd_pipe(int ends[2]);
/* Sets O_NONBLOCK. For descriptors that this process made. 0 or -1 (errno). */
int fd_nonblock(int fd);

/* waitpid() for p: 1 it has ended, 0 not yet (never with `wait`), -1 if it
   cannot be known any more (the end is made up then). */
int proc_reap(struct proc *p, bool wait, struct proc_end *end);

/*
 * Signals, turned into bytes on a pipe of this process, so that poll() sees
 * them: signal-posix.c.
 */
/* By main(): a vanished reader, a file that may not grow (ulimit -f) are errors
   of write(), not our death. */
void signals_ignore_failures(void);
/* The pipe's end to poll for reading; made at the first call, and again in a
   forked child. -1 (errno) on failure. */
int signals_fd(void);
/* From now on `sig` is caught. */
void signals_catch(int sig);
/* Was `sig` ignored when this process started (nohup, a shell's "&")? */
bool signals_ignored(int sig);
/* Call when the pipe is readable: empties it. */
void signals_drain(void);
/* Has `sig` come since it was last asked? */
bool signals_take(int sig);
/* In a child before exec: the state our parent gave us. Async-signal-safe. */
void signals_reset(void);

#endif
