/*
 * The division into good and bad, made without sorting, against the plain way:
 * gather all, lies last, sort by loss.
 */
#include <math.h>
#include <stdlib.h>

#include "os/sys.h"
#include "parzen.h"
#include "rng.h"
#include "split.h"
#include "tap.h"

struct plain {
	double x, loss, weight;
	size_t order;
	bool below;
};

static int
by_loss(const void *a, const void *b)
{
	const struct plain *p = a, *q = b;

	if (p->loss != q->loss)
		return p->loss < q->loss ? -1 : 1;
	return p->order < q->order ? -1 : 1;
}

/* Which of equal x comes first is of no consequence, so weights decide. */
static int
by_x(const void *a, const void *b)
{
	const struct plain *p = a, *q = b;

	if (p->below != q->below)
		return p->below ? -1 : 1;
	if (p->x != q->x)
		return p->x < q->x ? -1 : 1;
	return p->weight < q->weight ? -1 : p->weight > q->weight;
}

static void
weigh(struct plain *all, size_t n)
{
	size_t i, n_below = (size_t)fmin(ceil(0.25 * sqrt((double)n)), 25);

	qsort(all, n, sizeof(*all), by_loss);
	for (i = 0; i < n; i++) {
		all[i].below = i < n_below;
		all[i].weight =
		    i < n_below ? parzen_weight(i, n_below, 25)
				: parzen_weight(i - n_below, n - n_below, 25);
	}
	qsort(all, n, sizeof(*all), by_x);
}

static size_t
gather(struct plain *to, const struct side *s, bool below)
{
	size_t i;

	for (i = 0; i < s->count; i++)
		to[i] = (struct plain){
		    .x = s->x[i], .weight = s->weight[i], .below = below};
	return s->count;
}

static bool
same(const struct plain *all, size_t n, const struct split *s)
{
	struct plain *got = calloc(n + 1, sizeof(*got));
	size_t i, count = gather(got, &s->below, true);
	bool good = count + s->above.count == n;

	if (good) {
		gather(got + count, &s->above, false);
		for (i = 1; i < n; i++)
			good = good && (got[i].below != got[i - 1].below ||
					   got[i].x >= got[i - 1].x);
		qsort(got, n, sizeof(*got), by_x);
		for (i = 0; good && i < n; i++)
			good = got[i].x == all[i].x &&
			       got[i].below == all[i].below &&
			       fabs(got[i].weight - all[i].weight) < 1e-12;
	}
	free(got);
	return good;
}

/* Few different values and losses, so that there are ties of every kind. */
static bool
try_one(uint64_t n)
{
	struct losses losses = {0};
	struct history h = {0};
	struct lies lies = {0};
	struct split s = {0};
	struct plain all[400];
	struct rng r;
	size_t results, i, count = 0;
	double lie, x, loss;
	uint32_t number;
	bool good = true;

	rng_init(&r, 7, n);
	results = (size_t)rng_index(&r, 200);
	for (i = 0; i < results; i++) {
		loss = rng_index(&r, 12);
		x = rng_index(&r, 30);
		number = losses_add(&losses, loss);
		if (rng_uniform(&r) < 0.7) { /* a parameter of a branch */
			history_add(&h, x, number);
			all[count] = (struct plain){
			    .x = x, .loss = loss, .order = count};
			count++;
		}
		if (rng_uniform(&r) < 0.1) { /* asked in between */
			losses_sort(&losses);
			history_sort(&h);
		}
	}
	lie = rng_index(&r, 14) - 1;
	for (i = (size_t)rng_index(&r, 20); i; i--) {
		x = rng_index(&r, 30);
		if (i % 2) {
			lies_insert(&lies, x);
		} else {
			lies_append(&lies, x);
			lies_sort(&lies);
		}
		all[count] =
		    (struct plain){.x = x, .loss = lie, .order = count};
		count++;
	}
	losses_sort(&losses);
	history_sort(&h);
	split_make(&s, &losses, &h, &lies, lie, 0.25, 25);
	weigh(all, count);
	good = same(all, count, &s);
	losses_release(&losses);
	history_release(&h);
	lies_release(&lies);
	split_release(&s);
	return good;
}

int
nni_main(int argc, char **argv)
{
	uint64_t n;
	int wrong = 0;

	(void)argc;
	(void)argv;
	for (n = 0; n < 3000; n++)
		wrong += !try_one(n);
	is_int(wrong, 0, "3,000 histories are divided as if sorted");
	return done_testing();
}
