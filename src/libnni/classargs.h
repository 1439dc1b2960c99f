#ifndef NNI_CLASSARGS_H
#define NNI_CLASSARGS_H

#include <stdbool.h>
#include <stdint.h>
#include "buf.h"
#include "json.h"

/*
 * classArgs: the arguments of a tuner or assessor, as a table.  What NNI's
 * classes take, checked before anything starts: a name that the class does not
 * know, or a value of the wrong kind, is an error that names what is allowed.
 */
enum classarg_kind {
	CLASSARG_WORD,	 /* int *: index into words */
	CLASSARG_INT,	 /* int64_t *, within min..max */
	CLASSARG_NUMBER, /* double *, within min..max */
	CLASSARG_BOOL,	 /* bool * */
	CLASSARG_SEED,	 /* uint64_t *; null leaves it alone */
	CLASSARG_ANY	 /* struct json *: whatever it is */
};

struct classarg {
	const char *name; /* NULL ends a table */
	enum classarg_kind kind;
	void *to;		  /* left alone if the argument is absent */
	const char *const *words; /* WORD: NULL-ended; compared exactly */
	double min, max;	  /* INT, NUMBER */
	bool *given;		  /* may be NULL: set if it is there */
};

/* The two words of optimize_mode, in this order. */
enum optimize_mode { OPTIMIZE_MINIMIZE, OPTIMIZE_MAXIMIZE };
extern const char *const optimize_words[];

/*
 * Reads `args` (an object; JSON_NONE and null are empty ones).  `where` begins
 * messages: "classArgs".  0 or -1.
 */
int classargs_read(struct json args, const char *where,
    const struct classarg *table, struct buf *err);

/*
 * Compares names of algorithms as NNI does since v2.8: case does not matter.
 * v3.0:nni/tools/package_utils/tuner_factory.py
 */
bool algorithm_is(const char *name, const char *known);

#endif
