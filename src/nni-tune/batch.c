/*
 * The Batch tuner: the configurations that the user has written down, in order.
 * v3.0:nni/algorithms/hpo/batch_tuner.py
 */
#include <stdlib.h>

#include "classargs.h"
#include "mem.h"
#include "point.h"
#include "tuner.h"

struct batch {
	struct tuner base;
	const struct space_param *list;
	size_t given; /* so many of the list have been proposed */
};

/* The one choice that the space must be, of objects. */
static const struct space_param *
list_of(const struct space *s, struct buf *err)
{
	const struct space_param *p = s->params;
	size_t i;

	if (s->count != 1 || p->type != SPACE_CHOICE) {
		buf_err(err,
		    "the Batch tuner's search space is one choice, whose "
		    "elements are whole configurations");
		return NULL;
	}
	for (i = 0; i < p->choice_count; i++)
		if (json_type(p->choices[i]) != JSON_OBJECT) {
			buf_err(err,
			    "the Batch tuner's configurations are objects, not "
			    "%.*s",
			    (int)(p->choices[i].len < 40 ? p->choices[i].len
							 : 40),
			    p->choices[i].at);
			return NULL;
		}
	return p;
}

static struct tuner *
batch_open(const struct tuner_setup *setup, struct buf *err)
{
	const struct space_param *list = list_of(setup->space, err);
	struct batch *t;
	int mode;
	struct classarg table[] = {{.name = "optimize_mode",
				       .kind = CLASSARG_WORD,
				       .to = &mode,
				       .words = optimize_words},
	    {.name = NULL}};

	if (!list || classargs_read(setup->args, "classArgs", table, err))
		return NULL;
	t = xcalloc(1, sizeof(*t));
	t->base.class = &batch_tuner;
	t->list = list;
	return &t->base;
}

static void
batch_close(struct tuner *base)
{
	free(base);
}

static bool
batch_propose(struct tuner *base, uint64_t n, struct buf *parameters,
    struct buf *unrounded)
{
	struct batch *t = (struct batch *)base;

	(void)n;
	(void)unrounded;
	if (t->given == t->list->choice_count)
		return false;
	json_add(parameters, t->list->choices[t->given++]);
	return true;
}

/* One of an older list, which came late, does not count. */
static int
batch_adopt(struct tuner *base, uint64_t n, struct json parameters,
    struct json unrounded, struct buf *err)
{
	struct batch *t = (struct batch *)base;
	struct json next;

	(void)n;
	(void)unrounded;
	(void)err;
	if (t->given == t->list->choice_count)
		return 0;
	next = t->list->choices[t->given];
	if (point_same_value(next, parameters))
		t->given++;
	return 0;
}

static int
batch_update(
    struct tuner *base, uint64_t n, const struct space *space, struct buf *err)
{
	struct batch *t = (struct batch *)base;
	const struct space_param *list = list_of(space, err);

	(void)n;
	if (!list)
		return -1;
	t->list = list;
	t->given = 0;
	return 0;
}

const struct tuner_class batch_tuner = {
    .name = "Batch",
    .alias = "BatchTuner",
    .open = batch_open,
    .close = batch_close,
    .propose = batch_propose,
    .adopt = batch_adopt,
    .update = batch_update,
};
