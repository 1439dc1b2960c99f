#ifndef NNI_TUNER_H
#define NNI_TUNER_H

#include <stdbool.h>
#include <stdint.h>
#include "buf.h"
#include "json.h"
#include "searchspace.h"

/*
 * What a tuner is to the rest of nni-tune.
 *
 * A tuner's state is a function of the search space, the seed, and the calls
 * below in their order, and proposal n draws its random numbers from the stream
 * (seed, n) alone.  So a tuner that was told what an earlier one proposed and
 * what came of it goes on exactly as that one would have: nothing is saved.
 */
struct tuner {
	const struct tuner_class *class;
};

struct tuner_setup {
	const struct space *space; /* borrowed; outlives the tuner or update */
	struct json args;	   /* classArgs, or JSON_NONE */
	uint64_t seed;		   /* unless args has one */
};

struct tuner_class {
	const char *name, *alias; /* as NNI's builtinName; alias may be NULL */
	bool draws;		  /* the seed matters to it */
	bool optimizes;		  /* optimize_mode matters to it */
	/* NULL: err says what is wrong with the arguments or the space. */
	struct tuner *(*open)(const struct tuner_setup *, struct buf *err);
	void (*close)(struct tuner *);
	/*
	 * Makes proposal n, which runs from then on.  Appends its parameters
	 * (a JSON object) and, to `unrounded`, what else adopt() needs to know
	 * of it (JSON; mostly nothing).  False: there are no more.
	 */
	bool (*propose)(struct tuner *, uint64_t n, struct buf *parameters,
	    struct buf *unrounded);
	/* Takes over proposal n as propose() once wrote it. 0 or -1. */
	int (*adopt)(struct tuner *, uint64_t n, struct json parameters,
	    struct json unrounded, struct buf *err);
	/*
	 * What becomes of proposal n; unknown n are ignored.  These two are
	 * NULL in a tuner that does not learn.
	 */
	void (*set_running)(struct tuner *, uint64_t n, bool running);
	/* Its result, never NaN: it is over. */
	void (*result)(struct tuner *, uint64_t n, double value);
	/* From now on proposals, the first being n, are of this space. */
	int (*update)(struct tuner *, uint64_t n, const struct space *space,
	    struct buf *err);
};

extern const struct tuner_class random_tuner, tpe_tuner, grid_tuner,
    batch_tuner;

/* By NNI's name or alias, any case; NULL with the names there are in err. */
const struct tuner_class *tuner_find(const char *name, struct buf *err);
/* Appends "NAME\t\n" of each, for completion. */
void tuner_names(struct buf *out);

#endif
