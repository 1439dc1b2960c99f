#ifndef NNI_LOCAL_TAIL_H
#define NNI_LOCAL_TAIL_H

#include "lines.h"
#include "os/loop.h"

/* Follows EXPERIMENT/trials/events from its present end on. */
struct tail;

struct tail *tail_events(
    struct loop *l, const char *dir, lines_fn *fn, void *arg);
/* Reads what there is now, before the system tells. */
void tail_read(struct tail *t);
void tail_close(struct tail *t);

#endif
