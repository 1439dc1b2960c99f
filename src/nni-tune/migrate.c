/* From one search space to the next. */
#include "migrate.h"

#include <math.h>
#include <string.h>

#include "mem.h"
#include "point.h"

static bool
same_text(struct json a, struct json b)
{
	return a.len == b.len && !memcmp(a.at, b.at, b.len);
}

static double
migrate_choice(
    const struct space_param *from, const struct space_param *to, size_t k)
{
	const struct json *list = to->names ? to->names : to->choices;
	struct json v = from->names ? from->names[k] : from->choices[k];
	size_t i;

	for (i = 0; i < to->choice_count; i++)
		if (same_text(list[i], v))
			return (double)i;
	return NAN;
}

double
migrate_x(
    const struct space_param *from, const struct space_param *to, double x)
{
	double a, b;

	if (to->type == SPACE_CHOICE)
		return migrate_choice(from, to, (size_t)x);
	if (to->type == SPACE_RANDINT) {
		x += (double)from->low - (double)to->low;
		return x >= 0 && x < (double)to->size ? x : NAN;
	}
	param_bounds(to, &a, &b);
	return param_is_normal(to) || (x >= a && x <= b) ? x : NAN;
}

/* Can values of one be compared with values of the other? */
static bool
same_kind(const struct space_param *a, const struct space_param *b)
{
	if (param_is_category(a) || param_is_category(b))
		return a->type == b->type && !a->names == !b->names;
	return param_is_log(a) == param_is_log(b);
}

static bool
same_place(const struct space *from, const struct space_param *a,
    const struct space *to, const struct space_param *b, const size_t *match)
{
	if (a->parent == SPACE_TOP || b->parent == SPACE_TOP)
		return a->parent == b->parent;
	return match[b->parent] == a->parent &&
	       migrate_x(&from->params[a->parent], &to->params[b->parent],
		   (double)a->branch) == (double)b->branch;
}

size_t *
migrate_match(const struct space *from, const struct space *to)
{
	size_t *match = xcalloc(to->count + 1, sizeof(*match));
	const struct space_param *a, *b;
	size_t i, k;

	for (i = 0; i < to->count; i++) {
		b = &to->params[i];
		match[i] = SPACE_TOP;
		for (k = 0; k < from->count; k++) {
			a = &from->params[k];
			if (same_text(a->key, b->key) && same_kind(a, b) &&
			    same_place(from, a, to, b, match))
				match[i] = k;
		}
	}
	return match;
}
