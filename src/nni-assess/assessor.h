#ifndef NNI_ASSESSOR_H
#define NNI_ASSESSOR_H

#include <stdbool.h>
#include <stddef.h>
#include "buf.h"
#include "json.h"

/* The intermediate results of one attempt, in order, without gaps. */
struct course {
	double *values; /* NaN: what was reported was no number */
	size_t count, cap;
	double least, most; /* of all that are numbers; else NaN */
};

void course_add(struct course *c, double value);
void course_release(struct course *c);

/*
 * What an assessor is to the rest of nni-assess.  Its state is a function of
 * its arguments and of these calls: nothing is saved.
 */
struct assessor {
	const struct assessor_class *class;
};

struct assessor_class {
	const char *name; /* as NNI's builtinName */
	bool maximizes;	  /* what it does if optimize_mode is not given */
	/* NULL: err says what is wrong with classArgs. */
	struct assessor *(*open)(struct json args, struct buf *err);
	void (*close)(struct assessor *);
	/* Is it worth going on after the last value of the course? */
	bool (*is_good)(struct assessor *, const struct course *);
	/* A trial has SUCCEEDED. (Others teach an assessor nothing.) */
	void (*succeeded)(struct assessor *, const struct course *);
};

extern const struct assessor_class medianstop;

/* By NNI's name, any case; NULL with the names there are in err. */
const struct assessor_class *assessor_find(const char *name, struct buf *err);
/* Appends "NAME\t\n" of each, for completion. */
void assessor_names(struct buf *out);

#endif
