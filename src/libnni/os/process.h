#ifndef NNI_OS_PROCESS_H
#define NNI_OS_PROCESS_H

#include <stdbool.h>
#include <stdint.h>
#include "../buf.h"
#include "file.h"

/*
 * Starting a program.  Fill a struct proc_spec, call proc_start().
 *
 * Who closes what: a file given as PROC_FILE stays the caller's.  PROC_PIPE
 * makes a pipe; our end comes back in struct proc and is the caller's to close
 * (or to hand to a stream of the loop, which then owns it).  The child inherits
 * exactly its three standard streams and nothing else.
 */
enum proc_io {
	PROC_INHERIT, /* our own stream */
	PROC_NULL,
	PROC_PIPE,
	PROC_FILE
};
struct proc_stream {
	enum proc_io io;
	os_file file; /* for PROC_FILE */
};

struct proc_spec {
	char *const *argv; /* NULL-ended; argv[0] is searched in PATH if it has
			      no slash */
	/*
	 * With argv NULL: a command line of the user's own, for the system's
	 * shell: `bash -c` where there is bash, else `sh -c`; `cmd.exe /c`.
	 */
	const char *command;
	/* With argv: the file to execute where it is known already, argv[0]
	   being but its name; NULL: argv[0] says it. */
	const char *program;
	const char *const *env; /* changes: "NAME=value" sets, "NAME" unsets;
				   NULL-ended; NULL: none */
	const char *dir;	/* working directory; NULL: ours */
	struct proc_stream in, out, err;
	/*
	 * A process group (Windows: CREATE_NEW_PROCESS_GROUP) of its own: a
	 * Ctrl-C typed for us does not reach it.
	 */
	bool own_group;
	/* A session of its own (setsid); Windows: DETACHED_PROCESS, outside of
	   our job object where that is allowed. Implies own_group. */
	bool detached;
};

struct proc {
	int64_t pid;
	intptr_t handle;      /* Windows: process handle; POSIX: -1 once it was
			    waited for or released */
	bool leads_group;     /* Windows: so it may be sent CTRL_BREAK */
	os_file in, out, err; /* our ends of PROC_PIPEs, else OS_NO_FILE */
};

/* How a process ended. */
struct proc_end {
	bool signaled;
	int code; /* exit code (32 bits on Windows), or the signal's number */
};

/*
 * Starts.  A program that cannot be executed is an error here ("cannot run
 * 'x': No such file or directory"), not an exit code 127 later.  0 or -1.
 */
int proc_start(struct proc *p, const struct proc_spec *spec, struct buf *err);

/*
 * The program takes this process' place, so that signals meant for it reach it;
 * spec's streams are ours, PROC_NULL or PROC_FILE.  Returns only where that
 * failed: -1; or where the system has no such thing (Windows): 1.
 */
int proc_become(const struct proc_spec *spec, struct buf *err);

/* Waits (blocks). Programs with a loop use loop_child() instead. */
int proc_wait(struct proc *p, struct proc_end *end);
/*
 * Starts, feeds nothing, gathers standard output into `out` (bounded by its
 * maximum), waits.  For short questions asked before a loop runs: nvidia-smi,
 * nni-config. `timeout_ms` 0: none; on expiry the process is killed, -1.
 */
int proc_run(const struct proc_spec *spec, struct buf *out, int64_t timeout_ms,
    struct proc_end *end, struct buf *err);

enum proc_signal { PROC_TERM, PROC_KILL, PROC_INT };
/* To the process alone. */
int proc_kill(struct proc *p, enum proc_signal sig);
/* Frees the handle; does not touch the process nor the streams. */
void proc_release(struct proc *p);

int64_t proc_self_pid(void);
/*
 * When a process was started, in a unit of the system's own that is stable
 * while it lives (Linux: clock ticks since boot; Windows: 100 ns); -1: no such
 * process. (pid, start) names a process for ever: pids alone are used again.
 */
int64_t proc_start_time(int64_t pid);
/*
 * Has the machine no process of that pid?  Only a sure yes is one: where this
 * program sees a part of the processes (a container), or cannot know whether it
 * sees them all, the answer is no.
 */
bool proc_is_gone(int64_t pid);

/* The name of a signal without SIG ("KILL"), or its number as text; static. */
const char *proc_signal_name(int signal);

/*
 * The program's full path, searched as the system does for a program that runs
 * in `dir` (NULL: ours): by PATH, in its order, "." and empty entries being
 * `dir`; on Windows by PATH and PATHEXT, and in `dir` never.  0 or -1.
 */
int proc_find(const char *name, const char *dir, struct buf *path);
/*
 * Appends a word as it is typed into this system's shell (sh; cmd.exe), for
 * command lines that a person is to copy.
 */
void proc_quote(struct buf *to, const char *word);

#endif
