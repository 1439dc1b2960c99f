/* TPE's estimators against vectors taken from NNI v3.0's own code. */
#include <math.h>
#include <stdlib.h>

#include "category.h"
#include "mem.h"
#include "normal.h"
#include "os/sys.h"
#include "parzen.h"
#include "split.h"
#include "tap.h"

static bool
near(double got, double wanted)
{
	if (fabs(got - wanted) <= 1e-9)
		return true;
	fprintf(stderr, "# got %.12g, wanted %.12g\n", got, wanted);
	return false;
}

static void
test_weights(void)
{
	static const double rising[] = {
	    0.0333333333, 0.275, 0.5166666667, 0.7583333333, 1, 1};
	bool good = true;
	size_t i;

	for (i = 0; i < 25; i++)
		good = good && near(parzen_weight(i, 25, 25), 1);
	ok(good, "25 observations weigh the same");
	ok(near(parzen_weight(0, 26, 25), 0.0384615385) &&
		near(parzen_weight(1, 26, 25), 1),
	    "the first of 26 weighs 1/26");
	for (i = 0, good = true; i < 6; i++)
		good = good && near(parzen_weight(i, 30, 25), rising[i]);
	ok(good && near(parzen_weight(29, 30, 25), 1), "30 rise from 1/30");
}

struct mixture {
	const char *name;
	double x[5];
	size_t count;
	double mean[6], sigma[6];
};

static const struct mixture mixtures[] = {
    {"no observation", {0}, 0, {.5}, {1}},
    {"one below", {.2}, 1, {.2, .5}, {.5, 1}},
    {"one above", {.8}, 1, {.5, .8}, {1, .5}},
    {"one on the mean", {.5}, 1, {.5, .5}, {1, .5}},
    {"two", {.1, .9}, 2, {.1, .5, .9}, {.4, 1, .4}},
    {"two equal", {.3, .3, .7}, 3, {.3, .3, .5, .7}, {.2, .2, 1, .2}},
    {"four", {.1, .2, .25, .9}, 4, {.1, .2, .25, .5, .9},
	{.1666666667, .1666666667, .25, 1, .4}},
};

static void
build(struct parzen *p, const struct mixture *m, bool clipped)
{
	struct parzen_prior prior = {.5, 1, 1, clipped, 0, 1};
	size_t i;

	parzen_begin(p, &prior);
	for (i = 0; i < m->count; i++)
		parzen_add(p, m->x[i], 1);
	parzen_end(p);
}

static void
test_mixtures(void)
{
	struct parzen p = {0};
	const struct mixture *m;
	bool good;
	size_t i, k;

	for (i = 0; i < sizeof(mixtures) / sizeof(mixtures[0]); i++) {
		m = &mixtures[i];
		build(&p, m, true);
		good = p.count == m->count + 1;
		for (k = 0; good && k < p.count; k++)
			good = near(p.mean[k], m->mean[k]) &&
			       near(p.sigma[k], m->sigma[k]) &&
			       near(p.weight[k], 1 / (double)p.count);
		ok(good, m->name);
	}
	parzen_release(&p);
}

static void
test_density(void)
{
	static const double at[] = {0, .15, .5, 1};
	static const double clipped[] = {
	    .2884837699, .6569426028, -.2819436844, -.9396181614};
	static const double open[] = {
	    -.091290782, .2771680508, -.6617182363, -1.3193927134};
	struct parzen p = {0};
	bool good = true;
	size_t i;

	build(&p, &mixtures[6], true);
	for (i = 0; i < 4; i++)
		good = good && near(parzen_log_density(&p, at[i]), clipped[i]);
	ok(good, "log density inside a clip");
	build(&p, &mixtures[6], false);
	for (i = 0, good = true; i < 4; i++)
		good = good && near(parzen_log_density(&p, at[i]), open[i]);
	ok(good, "log density without a clip");
	ok(isfinite(parzen_log_density(&p, 1e6)),
	    "far away the logarithm is still a number");
	parzen_release(&p);
}

/* What the shortcuts leave out must not show. */
static void
test_many(void)
{
	struct parzen_prior prior = {.5, 1, 1, true, 0, 1};
	struct parzen p = {0};
	double x, z, sum, worst = 0;
	size_t i;
	int k;

	parzen_begin(&p, &prior);
	for (i = 0; i < 10000; i++)
		parzen_add(
		    &p, pow((double)i / 10000, 3), parzen_weight(i, 10000, 25));
	parzen_end(&p);
	for (k = 0; k <= 100; k++) {
		x = k / 100.0;
		for (i = 0, sum = 0; i < p.count; i++) {
			z = (x - p.mean[i]) / p.sigma[i];
			sum += p.height[i] * exp(-z * z / 2);
		}
		worst = fmax(worst, fabs(parzen_log_density(&p, x) - log(sum)));
	}
	ok(worst < 1e-9, "10,000 components: as exact as all of them");
	ok(near(p.sigma[0], 0.01), "none is narrower than 1/100 of the prior");
	parzen_begin(&p, &prior);
	for (i = 0; i < 50; i++)
		parzen_add(&p, (double)i / 1000, 1);
	parzen_end(&p);
	ok(near(p.sigma[0], 1 / 52.), "nor, of 51, than 1/52");
	parzen_release(&p);
}

static void
test_category(void)
{
	static const double below[] = {1. / 3, 1. / 6, 1. / 6, 1. / 3};
	static const double above[] = {
	    .2272727273, .2727272727, .2727272727, .2272727273};
	struct losses losses = {0};
	struct history h = {0};
	struct lies lies = {0};
	struct split s = {0};
	struct category c;
	bool good = true;
	size_t i;

	for (i = 0; i < 20; i++)
		history_add(&h, (double)(i % 4),
		    losses_add(&losses, (double)(7 * i % 20)));
	losses_sort(&losses);
	history_sort(&h);
	split_make(&s, &losses, &h, &lies, 0, 0.25, 25);
	is_int((int64_t)s.below.count, 2, "the best two of 20 go below");
	ok(s.below.x[0] == 0 && s.below.x[1] == 3, "they are 0 and 3");
	category_init(&c, &s.below, 4, 1);
	for (i = 0; i < 4; i++)
		good =
		    good && near(category_probability(&c, (double)i), below[i]);
	ok(good, "probabilities below");
	category_init(&c, &s.above, 4, 1);
	for (i = 0, good = true; i < 4; i++)
		good =
		    good && near(category_probability(&c, (double)i), above[i]);
	ok(good, "probabilities above");
	losses_release(&losses);
	history_release(&h);
	split_release(&s);
}

static void
test_quantile(void)
{
	bool good = true;
	double u;
	int i;

	ok(normal_quantile(0.5) == 0 && normal_quantile(0) == -INFINITY &&
		normal_quantile(1) == INFINITY,
	    "quantiles of the middle and the ends");
	for (i = 1; i < 10000; i++) {
		u = i / 10000.0;
		good = good && fabs(normal_cdf(normal_quantile(u)) - u) < 1e-14;
	}
	ok(good, "the quantile is the inverse of the distribution");
}

int
nni_main(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	test_weights();
	test_mixtures();
	test_density();
	test_many();
	test_category();
	test_quantile();
	return done_testing();
}
