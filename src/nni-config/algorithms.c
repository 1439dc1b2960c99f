/*
 * Tuners, assessors and advisors of every NNI version, by the names that
 * configurations use (v2.8 and later: any letter case, short names), and the
 * arguments of those that this version has.
 */
#include <stddef.h>

#include "fold.h"
#include "schema.h"

/* Also where the tuner does not look at results: what is best depends on it. */
#define MODE KEY("optimize_mode", ENUM, .words = "minimize maximize")
#define SEED KEY("seed", INT, .min = 0, .max = 9007199254740991)

static const struct key tpe_args_keys[] = {
    KEY("constant_liar_type", ENUM, .flags = ANY_CASE,
	.words = "best worst mean none"),
    KEY("n_startup_jobs", INT, .min = 0),
    KEY("n_ei_candidates", INT, .min = 1),
    KEY("linear_forgetting", INT, .min = 1),
    KEY("prior_weight", NUMBER),
    KEY("gamma", NUMBER),
    END_OF_KEYS,
};

/* The last two: NNI 2.5 and earlier, when TPE was hyperopt's. */
static const struct key tpe_keys[] = {
    MODE,
    SEED,
    KEY("tpe_args", OBJECT, .sub = tpe_args_keys),
    KEY("parallel_optimize", BOOL),
    KEY("constant_liar_type", ENUM, .flags = ANY_CASE, .words = "min max mean"),
    END_OF_KEYS,
};

static const struct key random_keys[] = {SEED, MODE, END_OF_KEYS};
static const struct key no_keys[] = {MODE, END_OF_KEYS};

static const struct key medianstop_keys[] = {
    MODE,
    KEY("start_step", INT, .min = 0, .max = 9999),
    END_OF_KEYS,
};

const struct algorithm algorithms[] = {
    {.name = "TPE", .available = true, .args = tpe_keys},
    {.name = "Random", .available = true, .args = random_keys},
    {.name = "GridSearch", .available = true, .args = no_keys},
    {.name = "Batch",
	.alias = "BatchTuner",
	.available = true,
	.args = no_keys},
    {.name = "Medianstop",
	.assessor = true,
	.available = true,
	.args = medianstop_keys},
    {.name = "TPE_legacy"},
    {.name = "Anneal"},
    {.name = "Evolution"},
    {.name = "Metis", .alias = "MetisTuner"},
    {.name = "GP", .alias = "GPTuner"},
    {.name = "PBT", .alias = "PBTTuner"},
    {.name = "DNGO", .alias = "DNGOTuner"},
    {.name = "PPO", .alias = "PPOTuner", .own_space = true},
    {.name = "SMAC"},
    {.name = "NetworkMorphism", .no_space = true},
    {.name = "RegularizedEvolutionTuner",
	.alias = "RegularizedEvolution",
	.own_space = true},
    {.name = "Hyperband"},
    {.name = "BOHB"},
    {.name = "Curvefitting", .assessor = true},
    {.name = NULL},
};

const struct algorithm *
algorithm_named(const char *name, bool assessor)
{
	const struct algorithm *a;

	for (a = algorithms; a->name; a++)
		if (a->assessor == assessor &&
		    (fold_case_equal(a->name, name) ||
			(a->alias && fold_case_equal(a->alias, name))))
			return a;
	return NULL;
}
