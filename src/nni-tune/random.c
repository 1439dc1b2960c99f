/*
 * The Random tuner: every parameter from its prior, no configuration twice.
 * v3.0:nni/algorithms/hpo/random_tuner.py
 */
#include <stdlib.h>

#include "classargs.h"
#include "dedup.h"
#include "mem.h"
#include "tuner.h"

struct random {
	struct tuner base;
	const struct space *space;
	uint64_t seed;
	struct dedup dedup;
};

static struct tuner *
random_open(const struct tuner_setup *setup, struct buf *err)
{
	struct random *t = xcalloc(1, sizeof(*t));
	int mode;
	struct classarg table[] = {{.name = "optimize_mode",
				       .kind = CLASSARG_WORD,
				       .to = &mode,
				       .words = optimize_words},
	    {.name = "seed", .kind = CLASSARG_SEED, .to = &t->seed},
	    {.name = NULL}};

	t->base.class = &random_tuner;
	t->space = setup->space;
	t->seed = setup->seed;
	if (classargs_read(setup->args, "classArgs", table, err) == -1) {
		free(t);
		return NULL;
	}
	dedup_init(&t->dedup, t->space);
	return &t->base;
}

static void
random_close(struct tuner *base)
{
	struct random *t = (struct random *)base;

	dedup_release(&t->dedup);
	free(t);
}

static bool
random_propose(struct tuner *base, uint64_t n, struct buf *parameters,
    struct buf *unrounded)
{
	struct random *t = (struct random *)base;
	struct point pt;
	struct rng rng;
	bool found;

	(void)unrounded;
	point_init(&pt, t->space);
	rng_init(&rng, t->seed, n);
	point_sample(t->space, &pt, &rng);
	found = dedup_pass(&t->dedup, &pt);
	if (found)
		point_write(t->space, &pt, parameters);
	point_release(&pt);
	return found;
}

static int
random_adopt(struct tuner *base, uint64_t n, struct json parameters,
    struct json unrounded, struct buf *err)
{
	struct random *t = (struct random *)base;
	struct point pt;
	int result;

	(void)n;
	point_init(&pt, t->space);
	result = point_read(t->space, &pt, parameters, unrounded, err);
	if (!result)
		dedup_note(&t->dedup, &pt);
	point_release(&pt);
	return result;
}

static int
random_update(
    struct tuner *base, uint64_t n, const struct space *space, struct buf *err)
{
	struct random *t = (struct random *)base;

	(void)n;
	(void)err;
	dedup_release(&t->dedup);
	t->space = space;
	dedup_init(&t->dedup, space);
	return 0;
}

const struct tuner_class random_tuner = {
    .name = "Random",
    .draws = true,
    .open = random_open,
    .close = random_close,
    .propose = random_propose,
    .adopt = random_adopt,
    .update = random_update,
};
