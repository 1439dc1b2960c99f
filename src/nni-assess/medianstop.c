/*
 * The Medianstop assessor: a trial whose best result so far is worse than the
 * median of the averages that finished trials had at the same step, is stopped.
 * v3.0:nni/algorithms/hpo/medianstop_assessor.py
 */
#include <math.h>
#include <stdlib.h>

#include "assessor.h"
#include "classargs.h"
#include "median.h"
#include "mem.h"

struct medianstop {
	struct assessor base;
	bool maximize;
	size_t start_step;
	/* steps[n - 1]: of the averages of the first n values */
	struct median *steps;
	size_t count;
};

static struct assessor *
medianstop_open(struct json args, struct buf *err)
{
	int mode = OPTIMIZE_MAXIMIZE;
	int64_t start_step = 0;
	struct medianstop *m;
	struct classarg table[] = {{.name = "optimize_mode",
				       .kind = CLASSARG_WORD,
				       .to = &mode,
				       .words = optimize_words},
	    {.name = "start_step",
		.kind = CLASSARG_INT,
		.to = &start_step,
		.min = 0,
		.max = 9999},
	    {.name = NULL}};

	if (classargs_read(args, "classArgs", table, err) == -1)
		return NULL;
	m = xcalloc(1, sizeof(*m));
	m->base.class = &medianstop;
	m->maximize = mode == OPTIMIZE_MAXIMIZE;
	m->start_step = (size_t)start_step;
	return &m->base;
}

static void
medianstop_close(struct assessor *base)
{
	struct medianstop *m = (struct medianstop *)base;
	size_t i;

	for (i = 0; i < m->count; i++)
		median_release(&m->steps[i]);
	free(m->steps);
	free(m);
}

/* Of an even number of averages the more lenient one counts. */
static bool
medianstop_is_good(struct assessor *base, const struct course *c)
{
	struct medianstop *m = (struct medianstop *)base;
	const struct median *step;

	if (c->count < m->start_step || c->count > m->count)
		return true;
	step = &m->steps[c->count - 1];
	if (!median_count(step))
		return true;
	/* a course without a number is NaN, and not worse than anything */
	return m->maximize ? !(c->most < median_lower(step))
			   : !(c->least > median_upper(step));
}

/* A trial that never came to start_step is not heard. */
static void
medianstop_succeeded(struct assessor *base, const struct course *c)
{
	struct medianstop *m = (struct medianstop *)base;
	double sum = 0, average;
	size_t i;

	if (c->count < m->start_step)
		return;
	if (c->count > m->count) {
		m->steps = xreallocarray(m->steps, c->count, sizeof(*m->steps));
		for (i = m->count; i < c->count; i++)
			m->steps[i] =
			    (struct median){{NULL, 0, 0}, {NULL, 0, 0}};
		m->count = c->count;
	}
	for (i = 0; i < c->count; i++) {
		sum += c->values[i];
		average = sum / (double)(i + 1);
		if (!isnan(average))
			median_add(&m->steps[i], average);
	}
}

const struct assessor_class medianstop = {
    .name = "Medianstop",
    .maximizes = true,
    .open = medianstop_open,
    .close = medianstop_close,
    .is_good = medianstop_is_good,
    .succeeded = medianstop_succeeded,
};
