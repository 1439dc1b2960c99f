#ifndef NNI_OS_WATCH_POSIX_H
#define NNI_OS_WATCH_POSIX_H

#include "loop.h"

/*
 * The watches of a loop, for loop-posix.c alone: what it polls for them and
 * when it calls them.
 */
struct watches;

/* The loop's; made at the first watch_path(), so that it may be NULL. */
struct watches **loop_watches(struct loop *l);

/* Frees the watches too. NULL is allowed. */
void watches_free(struct watches *ws);
/* A descriptor to poll for reading, or -1. */
int watches_fd(const struct watches *ws);
/* Call when it is readable. */
void watches_read(struct watches *ws);
/* Is there any watch? Does one wait to be called? */
bool watches_any(const struct watches *ws);
bool watches_pending(const struct watches *ws);
/* Calls those that changed. */
void watches_call(struct watches *ws);

#endif
