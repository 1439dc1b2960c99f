#ifndef NNI_REMOTE_VERB_H
#define NNI_REMOTE_VERB_H

#include <stdbool.h>

/* The verbs; see nni-platform-remote(8).  Each returns the exit code. */
struct verb {
	const char *dir; /* the experiment's, absolute */
	const char *member;
	bool once; /* say what is true now, and end with the input */
};

int verb_capabilities(const struct verb *v);
int verb_check(const struct verb *v);
int verb_submit(const struct verb *v);
int verb_watch(const struct verb *v);
int verb_collect(const struct verb *v);
int verb_fetch(const struct verb *v);
int verb_clean(const struct verb *v);

#endif
