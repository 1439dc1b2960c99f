#ifndef NNI_LOCAL_VERB_H
#define NNI_LOCAL_VERB_H

#include <stdbool.h>
#include "far.h"
#include "filter.h"

/* The verbs; see nni-platform-local(8).  Each returns the exit code. */
struct verb {
	const char *dir; /* the experiment's, absolute */
	const char *member;
	bool once;	 /* say what is true now, and end with the input */
	struct far *far; /* the other end of --stdio; else NULL */
};

int verb_capabilities(const struct verb *v);
int verb_check(const struct verb *v);
int verb_submit(const struct verb *v);
int verb_watch(const struct verb *v);
int verb_collect(const struct verb *v);
/* For the other end of --stdio: here the files are where they are wanted. */
int verb_fetch(const struct verb *v);
int verb_clean(const struct verb *v);
/* `keep ATTEMPT`: a keeper that was not forked; its order on standard input. */
int verb_keep(const char *attempt_dir);

#endif
