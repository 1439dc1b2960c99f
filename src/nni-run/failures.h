#ifndef NNI_RUN_FAILURES_H
#define NNI_RUN_FAILURES_H

#include <stdbool.h>
#include <stddef.h>

/*
 * What is said of trials that failed, or took too long: the first few of a kind
 * whole, the others are counted.
 */
#define FAILURE_KINDS 16

struct failure_kind {
	char *reason;
	enum failure_what {
		FAILURE_LAST,  /* a trial failed */
		FAILURE_AGAIN, /* an attempt did, and another one follows */
		FAILURE_EARLY /* a trial was stopped, but not by the assessor */
	} what;
	size_t count;
};

struct failures {
	struct failure_kind kind[FAILURE_KINDS];
	size_t kinds;
	bool hinted; /* that none succeeds */
};

void failures_release(struct failures *f);

#endif
