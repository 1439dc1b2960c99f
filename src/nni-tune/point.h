#ifndef NNI_POINT_H
#define NNI_POINT_H

#include <stdbool.h>
#include <stdint.h>
#include "buf.h"
#include "json.h"
#include "rng.h"
#include "searchspace.h"

/*
 * One configuration: a value for each active parameter of a search space, in
 * the space's order.  Two forms of each (v3.0:nni/common/hpo_utils/
 * formatting.py):
 *
 * x	what tuners calculate with: the index of a choice, the offset of a
 *	randint, a number not yet rounded to multiples of q, the logarithm in
 *	the log types; NaN: the parameter is not active;
 * real	what the trial gets: for choice and randint the same index.
 */
struct point {
	double *x, *real; /* one block, at x */
	size_t count;
};

void point_init(struct point *pt, const struct space *s);
void point_release(struct point *pt); /* all zero is fine */
void point_clear(struct point *pt);   /* nothing active, as after init */

/* Choice or randint: values without an order. */
bool param_is_category(const struct space_param *p);
/* How many values such a parameter has. */
double param_size(const struct space_param *p);
bool param_is_log(const struct space_param *p);
bool param_is_normal(const struct space_param *p);
bool param_has_step(const struct space_param *p);
/*
 * The range [*a, *b] of a uniform type, the mean and deviation of a normal
 * type, in units of x.
 */
void param_bounds(const struct space_param *p, double *a, double *b);
/* From x to real: rounded to a multiple of q, half to even; clipped. */
double param_real(const struct space_param *p, double x);
/* One draw of x from the prior. */
double param_sample(const struct space_param *p, struct rng *r);

/* Is parameter i active, its whole chain of choices taken into account? */
bool point_active(const struct space *s, const struct point *pt, size_t i);
/* Sets parameter i, which is active, from x. */
void point_set(const struct space *s, struct point *pt, size_t i, double x);
void point_sample(const struct space *s, struct point *pt, struct rng *r);

/* Appends the parameters as a trial gets them: one JSON object. */
void point_write(
    const struct space *s, const struct point *pt, struct buf *out);
/*
 * Appends the x of the active parameters that have a step as a JSON array, or
 * nothing if there is none: what their rounded values no longer tell.
 */
void point_write_unrounded(
    const struct space *s, const struct point *pt, struct buf *out);
/*
 * The reverse of both (v3.0:formatting.py, deformat); `unrounded` may be
 * JSON_NONE.  0; -1 if a parameter is missing or not of this space.  Other keys
 * in the object are not looked at.
 */
int point_read(const struct space *s, struct point *pt, struct json parameters,
    struct json unrounded, struct buf *err);

/*
 * Is a value of a search space the one that parameters hold?  Other white space
 * and other escapes make no difference; numbers are compared as text.
 */
bool point_same_value(struct json ours, struct json theirs);

/* Equal for points that a trial cannot tell apart; never 0. */
uint64_t point_hash(const struct point *pt);

#endif
