/* The categorical estimator of TPE. */
#include "category.h"

void
category_init(struct category *c, const struct side *seen, double size,
    double prior_weight)
{
	size_t i;

	*c = (struct category){seen, size, prior_weight, 0};
	for (i = 0; i < seen->count; i++)
		c->seen_weight += seen->weight[i];
}

double
category_probability(const struct category *c, double value)
{
	size_t low = 0, high = c->seen->count, mid;
	double weight = c->prior_weight;

	while (low < high) {
		mid = low + (high - low) / 2;
		if (c->seen->x[mid] < value)
			low = mid + 1;
		else
			high = mid;
	}
	for (; low < c->seen->count && c->seen->x[low] == value; low++)
		weight += c->seen->weight[low];
	return weight / (c->seen_weight + c->size * c->prior_weight);
}

double
category_draw(const struct category *c, struct rng *r)
{
	double prior = c->size * c->prior_weight;
	double u = rng_uniform(r) * (c->seen_weight + prior);
	size_t i;

	for (i = 0; i < c->seen->count; i++) {
		if (u < c->seen->weight[i])
			return c->seen->x[i];
		u -= c->seen->weight[i];
	}
	return rng_index(r, c->size);
}
