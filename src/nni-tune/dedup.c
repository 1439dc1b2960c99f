/* Repeated proposals are replaced by those that a grid has left. */
#include "dedup.h"

/* A number on top that can take any value makes repetition improbable. */
static bool
is_continuous(const struct space_param *p)
{
	return p->depth == 0 && !param_is_category(p) && !param_has_step(p) &&
	       (param_is_normal(p) || p->a < p->b);
}

void
dedup_init(struct dedup *d, const struct space *s)
{
	size_t i;

	*d = (struct dedup){.space = s, .needed = true};
	for (i = 0; i < s->count; i++)
		if (is_continuous(&s->params[i]))
			d->needed = false;
}

void
dedup_release(struct dedup *d)
{
	hash_set_release(&d->seen);
	grid_free(d->grid);
}

/*
 * Only a hash of 64 bits is kept of each: that two of a million points share
 * one has a probability of 3e-8, and costs no more than one point left out.
 */
static bool
is_new(struct dedup *d, const struct point *pt)
{
	return hash_set_add(&d->seen, point_hash(pt));
}

void
dedup_note(struct dedup *d, const struct point *pt)
{
	if (d->needed)
		is_new(d, pt);
}

bool
dedup_pass(struct dedup *d, struct point *pt)
{
	if (!d->needed || is_new(d, pt))
		return true;
	if (!d->grid)
		d->grid = grid_new(d->space);
	do {
		point_clear(pt);
		if (!grid_next(d->grid, pt))
			return false;
	} while (!is_new(d, pt));
	return true;
}
