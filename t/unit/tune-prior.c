/*
 * Chance: the generator against its published vectors, and each prior, each
 * estimator, by 20,000 draws against its distribution function.
 */
#include <math.h>
#include <stdlib.h>

#include "category.h"
#include "normal.h"
#include "os/sys.h"
#include "parzen.h"
#include "point.h"
#include "tap.h"

#define DRAWS 20000

static void
test_philox(void)
{
	static const struct {
		uint32_t counter[4], key[2], wanted[4];
	} known[] = {
	    {{0, 0, 0, 0}, {0, 0},
		{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
	    {{~0u, ~0u, ~0u, ~0u}, {~0u, ~0u},
		{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
	    {{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344},
		{0xa4093822, 0x299f31d0},
		{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
	};
	uint32_t out[4];
	bool good = true;
	size_t i;

	for (i = 0; i < 3; i++) {
		philox(known[i].counter, known[i].key, out);
		good = good && !memcmp(out, known[i].wanted, sizeof(out));
	}
	ok(good, "Philox4x32-10 gives the vectors of Random123");
}

static int
ascending(const void *a, const void *b)
{
	double p = *(const double *)a, q = *(const double *)b;

	return p < q ? -1 : p > q;
}

typedef double cdf_fn(const void *arg, double x);

/* Kolmogorov-Smirnov at p = 0.001; the seeds are fixed, so it never varies. */
static void
follows(double *x, size_t n, cdf_fn *cdf, const void *arg, const char *name)
{
	double d = 0, f;
	size_t i;

	qsort(x, n, sizeof(*x), ascending);
	for (i = 0; i < n; i++) {
		f = cdf(arg, x[i]);
		d = fmax(d, fabs(f - (double)i / (double)n));
		d = fmax(d, fabs(f - (double)(i + 1) / (double)n));
	}
	if (!ok(d * sqrt((double)n) < 1.95, name))
		fprintf(stderr, "# sqrt(n) D = %g\n", d * sqrt((double)n));
}

/* P(x) of the distribution before rounding and clipping. */
static double
prior_cdf(const void *arg, double v)
{
	const struct space_param *p = arg;
	double a, b, x = param_is_log(p) ? (v > 0 ? log(v) : -INFINITY) : v;

	param_bounds(p, &a, &b);
	if (param_is_normal(p))
		return normal_cdf((x - a) / b);
	return x <= a ? 0 : x >= b ? 1 : (x - a) / (b - a);
}

static void
draw(const struct space_param *p, double *v)
{
	struct rng r;
	uint64_t i;

	for (i = 0; i < DRAWS; i++) {
		rng_init(&r, 11, i);
		v[i] = param_real(p, param_sample(p, &r));
	}
}

/* chi-square over cells of 20 and more; about four deviations are allowed. */
static void
fits(const double *counts, const double *mass, size_t cells, const char *name)
{
	double chi = 0, c = 0, e = 0;
	size_t i, df = 0;

	for (i = 0; i < cells; i++) {
		c += counts[i];
		e += mass[i] * DRAWS;
		if (e < 20 && i + 1 < cells)
			continue;
		if (e > 0)
			chi += (c - e) * (c - e) / e;
		else
			chi += c > 0 ? INFINITY : 0;
		df++;
		c = e = 0;
	}
	if (!ok(df > 1 && chi < (double)df + 4 * sqrt(2.0 * (double)df), name))
		fprintf(stderr, "# chi-square %g at %zu cells\n", chi, df);
}

/* The steps of a q type: values k * q, the ends of a range clipped. */
static void
test_steps(const struct space_param *p, const char *name)
{
	static double v[DRAWS], counts[4001], mass[4001];
	double low, high, value;
	bool on_grid = true;
	size_t i;
	int k;

	memset(counts, 0, sizeof(counts));
	draw(p, v);
	for (k = -2000; k <= 2000; k++) {
		low = (k - 0.5) * p->q;
		high = (k + 0.5) * p->q;
		mass[k + 2000] = prior_cdf(p, high) - prior_cdf(p, low);
	}
	for (i = 0; i < DRAWS; i++) {
		value = v[i];
		k = (int)floor(value / p->q + 0.5);
		on_grid = on_grid && (value == k * p->q ||
					 (!param_is_normal(p) &&
					     (value == p->a || value == p->b)));
		if (!param_is_normal(p))
			on_grid = on_grid && value >= p->a && value <= p->b;
		counts[k + 2000]++;
	}
	ok(on_grid, name);
	fits(counts, mass, 4001, name);
}

static void
test_numbers(void)
{
	static const struct {
		const char *name;
		struct space_param p;
	} cases[] = {
	    {"uniform", {.type = SPACE_UNIFORM, .a = -3, .b = 5}},
	    {"loguniform", {.type = SPACE_LOGUNIFORM, .a = 1e-5, .b = 10}},
	    {"normal", {.type = SPACE_NORMAL, .a = -1, .b = 2}},
	    {"lognormal", {.type = SPACE_LOGNORMAL, .a = -1, .b = 2}},
	    {"quniform", {.type = SPACE_QUNIFORM, .a = 0, .b = 10, .q = 2.5}},
	    {"quniform, ends between steps",
		{.type = SPACE_QUNIFORM, .a = 2, .b = 11, .q = 5}},
	    {"qloguniform",
		{.type = SPACE_QLOGUNIFORM, .a = 1, .b = 128, .q = 1}},
	    {"qnormal", {.type = SPACE_QNORMAL, .a = 3, .b = 20, .q = 3}},
	    {"qlognormal",
		{.type = SPACE_QLOGNORMAL, .a = 1, .b = 1.2, .q = 0.725}},
	};
	static double v[DRAWS];
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		if (param_has_step(&cases[i].p)) {
			test_steps(&cases[i].p, cases[i].name);
		} else {
			draw(&cases[i].p, v);
			follows(
			    v, DRAWS, prior_cdf, &cases[i].p, cases[i].name);
		}
}

static void
test_categories(void)
{
	struct json three[3] = {{"1", 1}, {"2", 1}, {"3", 1}};
	struct space_param choice = {
	    .type = SPACE_CHOICE, .choices = three, .choice_count = 3};
	struct space_param randint = {
	    .type = SPACE_RANDINT, .low = -4, .size = 13};
	static double v[DRAWS];
	double counts[13] = {0}, mass[13];
	size_t i;

	draw(&choice, v);
	for (i = 0; i < DRAWS; i++)
		counts[(size_t)v[i]]++;
	for (i = 0; i < 13; i++)
		mass[i] = 1 / 3.0;
	fits(counts, mass, 3, "choice");
	memset(counts, 0, sizeof(counts));
	draw(&randint, v);
	for (i = 0; i < DRAWS; i++)
		counts[(size_t)v[i]]++;
	for (i = 0; i < 13; i++)
		mass[i] = 1 / 13.0;
	fits(counts, mass, 13, "randint");
}

static double
mixture_cdf(const void *arg, double x)
{
	const struct parzen *p = arg;
	double inside = 0, f = 0, low;
	size_t i;

	for (i = 0; i < p->count; i++) {
		low = normal_cdf((p->prior.low - p->mean[i]) / p->sigma[i]);
		f += p->weight[i] *
		     (normal_cdf((x - p->mean[i]) / p->sigma[i]) - low);
		inside +=
		    p->weight[i] *
		    (normal_cdf((p->prior.high - p->mean[i]) / p->sigma[i]) -
			low);
	}
	return f / inside;
}

static void
test_estimators(void)
{
	struct parzen_prior prior = {.5, 1, 1, true, 0, 1};
	struct parzen p = {0};
	double x[] = {0, 2, 2, 3}, w[] = {1, 0.5, 1, 1};
	struct side seen = {x, w, 4, 4};
	struct category c;
	static double v[DRAWS];
	double counts[5] = {0}, mass[5];
	struct rng r;
	size_t i;

	parzen_begin(&p, &prior);
	parzen_add(&p, 0.02, 1);
	parzen_add(&p, 0.03, 0.5);
	parzen_add(&p, 0.9, 2);
	parzen_end(&p);
	for (i = 0; i < DRAWS; i++) {
		rng_init(&r, 12, i);
		v[i] = parzen_draw(&p, &r);
	}
	follows(v, DRAWS, mixture_cdf, &p, "draws of a Parzen estimator");
	parzen_release(&p);
	category_init(&c, &seen, 5, 1);
	for (i = 0; i < DRAWS; i++) {
		rng_init(&r, 13, i);
		counts[(size_t)category_draw(&c, &r)]++;
	}
	for (i = 0; i < 5; i++)
		mass[i] = category_probability(&c, (double)i);
	fits(counts, mass, 5, "draws of a categorical estimator");
}

int
nni_main(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	test_philox();
	test_numbers();
	test_categories();
	test_estimators();
	return done_testing();
}
