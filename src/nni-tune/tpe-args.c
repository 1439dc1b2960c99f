/* The arguments of TPE, of NNI v3.0 and of the hyperopt-based one before. */
#include "tpe-args.h"

#include <stdlib.h>

#include "classargs.h"

/* "min" and "max" are v2.5's: of the metric, whichever way is better. */
static const char *const old_liar_words[] = {"min", "max", "mean", NULL};

/* NNI takes any case (v3.0:tpe_tuner.py), and Python's null may be spelt. */
static int
read_liar(enum liar *liar, struct json v, struct buf *err)
{
	static const char *const words[] = {"none", "best", "worst", "mean"};
	char *word;
	int i, found = -1;

	if (!v.at)
		return 0;
	word = json_type(v) == JSON_NULL ? NULL : json_strdup(v);
	for (i = 0; i < 4; i++)
		if (word ? algorithm_is(word, words[i])
			 : json_type(v) == JSON_NULL)
			found = found < 0 ? i : found;
	free(word);
	if (found < 0)
		return buf_err(err,
		    "classArgs.tpe_args.constant_liar_type: must be one of "
		    "'best', 'worst', 'mean' or null, not %.*s",
		    (int)(v.len < 40 ? v.len : 40), v.at);
	*liar = (enum liar)found;
	return 0;
}

static int
read_tpe_args(struct tpe_args *a, struct json args, struct buf *err)
{
	struct json liar = JSON_NONE;
	struct classarg table[] = {
	    {.name = "constant_liar_type", .kind = CLASSARG_ANY, .to = &liar},
	    {.name = "n_startup_jobs",
		.kind = CLASSARG_INT,
		.to = &a->startup_jobs,
		.min = 0,
		.max = 1e9},
	    {.name = "n_ei_candidates",
		.kind = CLASSARG_INT,
		.to = &a->ei_candidates,
		.min = 1,
		.max = 1e6},
	    {.name = "linear_forgetting",
		.kind = CLASSARG_INT,
		.to = &a->forgetting,
		.min = 1,
		.max = 1e9},
	    {.name = "prior_weight",
		.kind = CLASSARG_NUMBER,
		.to = &a->prior_weight,
		.min = 1e-9,
		.max = 1e9},
	    {.name = "gamma",
		.kind = CLASSARG_NUMBER,
		.to = &a->gamma,
		.min = 1e-9,
		.max = 1e9},
	    {.name = NULL}};

	if (classargs_read(args, "classArgs.tpe_args", table, err) == -1)
		return -1;
	return read_liar(&a->liar, liar, err);
}

/*
 * NNI up to v2.5: lies only with parallel_optimize, which is off by default;
 * min and max are of the metric itself.
 */
static void
use_old_liar(struct tpe_args *a, bool parallel, int old)
{
	if (!parallel)
		a->liar = LIAR_NONE;
	else if (old == 2)
		a->liar = LIAR_MEAN;
	else
		a->liar = (old == 0) != a->maximize ? LIAR_BEST : LIAR_WORST;
}

int
tpe_args_read(
    struct tpe_args *a, struct json args, uint64_t seed, struct buf *err)
{
	struct json tpe_args = JSON_NONE;
	bool parallel = false, parallel_given = false, liar_given = false;
	int mode = OPTIMIZE_MINIMIZE, old_liar = 0;
	struct classarg table[] = {{.name = "optimize_mode",
				       .kind = CLASSARG_WORD,
				       .to = &mode,
				       .words = optimize_words},
	    {.name = "seed", .kind = CLASSARG_SEED, .to = &a->seed},
	    {.name = "tpe_args", .kind = CLASSARG_ANY, .to = &tpe_args},
	    {.name = "parallel_optimize",
		.kind = CLASSARG_BOOL,
		.to = &parallel,
		.given = &parallel_given},
	    {.name = "constant_liar_type",
		.kind = CLASSARG_WORD,
		.to = &old_liar,
		.words = old_liar_words,
		.given = &liar_given},
	    {.name = NULL}};

	*a = (struct tpe_args){.liar = LIAR_BEST,
	    .seed = seed,
	    .startup_jobs = 20,
	    .ei_candidates = 24,
	    .forgetting = 25,
	    .prior_weight = 1,
	    .gamma = 0.25};
	if (classargs_read(args, "classArgs", table, err) == -1)
		return -1;
	a->maximize = mode == OPTIMIZE_MAXIMIZE;
	if (parallel_given || liar_given)
		use_old_liar(a, parallel, old_liar);
	return read_tpe_args(a, tpe_args, err);
}
