/*
 * The GridSearch tuner: the walk of grid.h without repetitions.
 * v3.0:nni/algorithms/hpo/gridsearch_tuner.py
 */
#include <stdlib.h>

#include "classargs.h"
#include "grid.h"
#include "hash.h"
#include "mem.h"
#include "tuner.h"

struct gridsearch {
	struct tuner base;
	const struct space *space;
	struct grid *grid;
	struct hash_set seen; /* what has been proposed */
};

static struct tuner *
grid_open(const struct tuner_setup *setup, struct buf *err)
{
	struct gridsearch *t;
	int mode;
	struct classarg table[] = {{.name = "optimize_mode",
				       .kind = CLASSARG_WORD,
				       .to = &mode,
				       .words = optimize_words},
	    {.name = NULL}};

	if (classargs_read(setup->args, "classArgs", table, err) == -1)
		return NULL;
	t = xcalloc(1, sizeof(*t));
	t->base.class = &grid_tuner;
	t->space = setup->space;
	t->grid = grid_new(t->space);
	return &t->base;
}

static void
grid_close(struct tuner *base)
{
	struct gridsearch *t = (struct gridsearch *)base;

	grid_free(t->grid);
	hash_set_release(&t->seen);
	free(t);
}

static bool
grid_propose(struct tuner *base, uint64_t n, struct buf *parameters,
    struct buf *unrounded)
{
	struct gridsearch *t = (struct gridsearch *)base;
	struct point pt;
	bool found;

	(void)n;
	(void)unrounded;
	point_init(&pt, t->space);
	do {
		point_clear(&pt);
		found = grid_next(t->grid, &pt);
	} while (found && !hash_set_add(&t->seen, point_hash(&pt)));
	if (found)
		point_write(t->space, &pt, parameters);
	point_release(&pt);
	return found;
}

/* What was proposed before is passed over when the walk comes to it again. */
static int
grid_adopt(struct tuner *base, uint64_t n, struct json parameters,
    struct json unrounded, struct buf *err)
{
	struct gridsearch *t = (struct gridsearch *)base;
	struct point pt;
	int result;

	(void)n;
	point_init(&pt, t->space);
	result = point_read(t->space, &pt, parameters, unrounded, err);
	if (!result)
		hash_set_add(&t->seen, point_hash(&pt));
	point_release(&pt);
	return result;
}

static int
grid_update(
    struct tuner *base, uint64_t n, const struct space *space, struct buf *err)
{
	struct gridsearch *t = (struct gridsearch *)base;

	(void)n;
	(void)err;
	grid_free(t->grid);
	hash_set_release(&t->seen);
	t->space = space;
	t->grid = grid_new(space);
	return 0;
}

const struct tuner_class grid_tuner = {
    .name = "GridSearch",
    .open = grid_open,
    .close = grid_close,
    .propose = grid_propose,
    .adopt = grid_adopt,
    .update = grid_update,
};
