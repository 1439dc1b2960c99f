/*
 * nvidia-smi beside the loop.
 *
 * It is not waited for (submit cannot wait for children, see keeper_init()):
 * that it closed its output is its end, and whether what it printed is complete
 * shows how it went.
 */
#include <stdlib.h>
#include "sampler.h"
#include "mem.h"
#include "os/process.h"
#include "os/sys.h"

#define FRESH_MS 4000

struct sampler {
	struct loop *loop;
	loop_fn *looked;
	void *arg;
	struct gpus gpus;
	bool any;	    /* gpus is set */
	int64_t looked_ms;  /* end of the last look; 0: none */
	struct buf failure; /* of the last look */
	struct proc proc;
	struct stream *stream; /* of the look that goes on */
	struct timer timeout;
	struct buf xml;
};

static void
end_look(struct sampler *s)
{
	stream_close(s->stream);
	s->stream = NULL;
	timer_stop(&s->timeout);
	proc_release(&s->proc);
	buf_release(&s->xml);
	s->looked_ms = clock_mono_ms();
	s->looked(s->arg);
}

static void
hear(void *arg, const char *bytes, size_t len)
{
	struct sampler *s = arg;
	struct gpus now;

	if (len > 0) {
		buf_add(&s->xml, bytes, len);
		return;
	}
	buf_clear(&s->failure);
	if (gpus_parse(&now, s->xml.data, &s->failure) == 0) {
		gpus_release(&s->gpus);
		s->gpus = now;
		s->any = true;
	}
	end_look(s);
}

static void
time_out(void *arg)
{
	struct sampler *s = arg;

	proc_kill(&s->proc, PROC_KILL);
	buf_setf(&s->failure, "nvidia-smi said nothing for %d s",
	    GPUS_TIMEOUT_MS / 1000);
	end_look(s);
}

static void
cannot_start(void *arg)
{
	end_look(arg);
}

struct sampler *
sampler_new(struct loop *l, loop_fn *looked, void *arg)
{
	struct sampler *s = xcalloc(1, sizeof(*s));

	s->loop = l;
	s->looked = looked;
	s->arg = arg;
	buf_init(&s->xml, GPUS_MAX_BYTES);
	buf_init(&s->failure, BUF_MAX_DEFAULT);
	return s;
}

void
sampler_free(struct sampler *s)
{
	if (s == NULL)
		return;
	stream_close(s->stream);
	timer_stop(&s->timeout);
	gpus_release(&s->gpus);
	buf_release(&s->xml);
	buf_release(&s->failure);
	free(s);
}

void
sampler_look(struct sampler *s)
{
	struct proc_spec spec = {.argv = gpus_command,
	    .in = {PROC_NULL, OS_NO_FILE},
	    .out = {PROC_PIPE, OS_NO_FILE},
	    .err = {PROC_NULL, OS_NO_FILE},
	    .own_group = true};

	if (timer_is_set(&s->timeout))
		return;
	buf_clear(&s->failure);
	if (proc_start(&s->proc, &spec, &s->failure) == 0) {
		s->stream = stream_reader(s->loop, s->proc.out, hear, s);
		timer_set(s->loop, &s->timeout, GPUS_TIMEOUT_MS, time_out, s);
	} else {
		timer_set(s->loop, &s->timeout, 0, cannot_start, s);
	}
}

bool
sampler_is_fresh(const struct sampler *s)
{
	return s->looked_ms != 0 && !timer_is_set(&s->timeout) &&
	       clock_mono_ms() - s->looked_ms < FRESH_MS;
}

bool
sampler_has_looked(const struct sampler *s)
{
	return s->looked_ms != 0;
}

const struct gpus *
sampler_gpus(const struct sampler *s, struct buf *why)
{
	if (!s->any && timer_is_set(&s->timeout))
		buf_err(why, "nvidia-smi is being asked for the GPUs");
	else if (!s->any)
		buf_err(why, "the GPUs cannot be seen: %s", s->failure.data);
	return s->any ? &s->gpus : NULL;
}
