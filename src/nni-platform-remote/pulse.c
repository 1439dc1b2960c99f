/* Does the other end still live? */
#include "pulse.h"

#include "remote.h"

enum {
	/* What is on its way is on a line of at least so many bytes a second,
	   and no more than so many bytes are. */
	SLOWEST = 16384,
	ON_WAY_MAX = 4 << 20
};

/* A third of what it may be silent for, but often enough for the far end. */
static int64_t
pause_ms(void)
{
	int64_t ms = backend_timeout_ms() / 3 + 1;

	return ms < FAR_PING_MS ? ms : FAR_PING_MS;
}

static void
look(void *arg)
{
	struct pulse *p = arg;
	size_t queued = backend_queued(p->b);

	if (p->paused)
		p->silent = 0;
	p->silent++;
	if (!p->deaf && p->heard != backend_heard(p->b)) {
		p->heard = backend_heard(p->b);
		p->silent = 0;
		p->on_way = 0;
	}
	if (queued < p->queued)
		p->silent = 0;
	p->queued = queued;
	timer_set(p->loop, &p->timer, pause_ms(), look, p);
	p->beat(p->arg);
}

void
pulse_start(struct pulse *p, struct loop *loop, struct backend *b, bool deaf,
    loop_fn *beat, void *arg)
{
	p->loop = loop;
	p->b = b;
	p->deaf = deaf;
	p->beat = beat;
	p->arg = arg;
	p->silent = 0;
	p->heard = backend_heard(b);
	p->queued = p->on_way = 0;
	timer_set(loop, &p->timer, pause_ms(), look, p);
}

void
pulse_stop(struct pulse *p)
{
	timer_stop(&p->timer);
}

bool
pulse_gone(const struct pulse *p)
{
	size_t on_way = p->on_way < ON_WAY_MAX ? p->on_way : ON_WAY_MAX;
	int64_t ms = backend_timeout_ms() + (int64_t)on_way * 1000 / SLOWEST;

	return p->silent >= (ms + pause_ms() - 1) / pause_ms();
}

void
pulse_given(struct pulse *p, size_t bytes)
{
	p->on_way += bytes;
}
