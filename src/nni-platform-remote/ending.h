#ifndef NNI_REMOTE_ENDING_H
#define NNI_REMOTE_ENDING_H

#include "buf.h"
#include "machine.h"

/* Why an ssh that ran something on a machine ended, told to a person. */
struct ending {
	const struct machine *m;
	const char *verb;
	enum {
		ENDED_AT_ONCE,	/* ssh could not be started */
		ENDED_IN_SHELL, /* nothing of ours ran there */
		ENDED_STARTING, /* the program was to start */
		ENDED_SENDING,	/* ...or to be sent */
		ENDED_UP	/* it had started */
	} when;
	int code;	   /* exit code; -1: ssh was killed */
	const char *told;  /* how that is told; NULL if it ended well */
	const char *said;  /* on standard error, its last words; never NULL */
	const char *heard; /* on standard output, but for what is ours */
	const char *error; /* an error record that was its only word, or NULL */
};

/* The reason, what to do (empty: nothing in particular), the exit code. */
int ending_explain(const struct ending *e, struct buf *why, struct buf *hint);

#endif
