#ifndef NNI_LOCAL_VERBS_H
#define NNI_LOCAL_VERBS_H

#include "far.h"
#include "filter.h"
#include "verb.h"

/* The verbs; see nni-platform-local(8).  Each returns the exit code. */
int verb_check(const struct verb *v);
int verb_submit(const struct verb *v);
int verb_watch(const struct verb *v);
int verb_collect(const struct verb *v);
/* For the other end of --stdio: here the files are where they are wanted. */
int verb_fetch(const struct verb *v);
int verb_clean(const struct verb *v);
/* Trials by orders in files; idle_ms: for so long without one. */
int verb_environment(const struct verb *v, int64_t idle_ms);
/* `keep ATTEMPT`: a keeper that was not forked; its order on standard input. */
int verb_keep(const char *attempt_dir);

#endif
