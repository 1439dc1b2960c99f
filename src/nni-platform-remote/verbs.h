#ifndef NNI_REMOTE_VERBS_H
#define NNI_REMOTE_VERBS_H

#include "verb.h"

/* The verbs; see nni-platform-remote(8).  Each returns the exit code. */
int verb_check(const struct verb *v);
int verb_submit(const struct verb *v);
int verb_watch(const struct verb *v);
int verb_collect(const struct verb *v);
int verb_fetch(const struct verb *v);
int verb_clean(const struct verb *v);

#endif
