#ifndef NNI_REMOTE_PULSE_H
#define NNI_REMOTE_PULSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "backend.h"
#include "os/loop.h"

/*
 * Does the other end still live?  Judged by counting looks: a clock would
 * condemn it when it was ourselves who had been stopped for a while.  It may be
 * silent for backend_timeout_ms(), and for as long as a slow line takes for
 * what is on its way.
 */
struct pulse {
	struct loop *loop;
	struct backend *b;
	loop_fn *beat;
	void *arg;
	bool deaf;   /* its words are no sign of life; the owner's to set */
	bool paused; /* nobody listens to it; the same */
	struct timer timer;
	int64_t silent; /* looks */
	uint64_t heard; /* bytes, at the last look */
	size_t queued;	/* at the last look */
	size_t on_way;	/* bytes given to it since it was heard */
};

/*
 * From now on `beat` is called at each look, often enough for pings; and
 * pulse_gone() says whether it has been silent for too long.
 */
void pulse_start(struct pulse *p, struct loop *loop, struct backend *b,
    bool deaf, loop_fn *beat, void *arg);
void pulse_stop(struct pulse *p);
bool pulse_gone(const struct pulse *p);
/* So many bytes were given to it. */
void pulse_given(struct pulse *p, size_t bytes);

#endif
