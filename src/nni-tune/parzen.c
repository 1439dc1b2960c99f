/* The Parzen estimator of TPE: built, drawn from, evaluated. */
#include "parzen.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "mem.h"
#include "normal.h"

#define SQRT_2PI 2.50662827463100050242

double
parzen_weight(size_t rank, size_t n, size_t forgetting)
{
	size_t rising;
	double first = 1 / (double)n;

	if (n < forgetting || rank >= n - forgetting)
		return 1;
	rising = n - forgetting;
	if (rising == 1)
		return first;
	return first + (double)rank * (1 - first) / (double)(rising - 1);
}

static void
push(struct parzen *p, double mean, double weight)
{
	size_t size;

	if (p->count == p->cap) {
		p->cap = p->cap ? p->cap * 2 : 64;
		size = sizeof(*p->mean);
		p->mean = xreallocarray(p->mean, p->cap, size);
		p->sigma = xreallocarray(p->sigma, p->cap, size);
		p->weight = xreallocarray(p->weight, p->cap, size);
		p->height = xreallocarray(p->height, p->cap, size);
	}
	p->mean[p->count] = mean;
	p->weight[p->count++] = weight;
}

void
parzen_begin(struct parzen *p, const struct parzen_prior *prior)
{
	p->prior = *prior;
	p->count = 0;
	p->prior_added = false;
}

/* As a stable sort would leave it: the prior behind what is equal to it. */
void
parzen_add(struct parzen *p, double x, double weight)
{
	if (!p->prior_added && x > p->prior.mean) {
		push(p, p->prior.mean, p->prior.weight);
		p->prior_added = true;
	}
	push(p, x, weight);
}

/* Not fmax() and fmin(): they are calls, for the sake of NaN. */
static double
larger(double a, double b)
{
	return a > b ? a : b;
}

static double
clamp(double v, double least, double most)
{
	return v < least ? least : v > most ? most : v;
}

static double
sigma_of(const struct parzen *p, size_t i)
{
	double left = i ? p->mean[i] - p->mean[i - 1] : 0;
	double right = i + 1 < p->count ? p->mean[i + 1] - p->mean[i] : 0;

	return larger(left, right);
}

static void
set_sigmas(struct parzen *p)
{
	double most = p->prior.sigma;
	double least =
	    p->count < 99 ? most / ((double)p->count + 1) : most / 100;
	size_t i;

	p->prior_at = 0;
	while (p->mean[p->prior_at] < p->prior.mean)
		p->prior_at++;
	p->widest = 0;
	for (i = 0; i < p->count; i++) {
		if (i == p->prior_at) {
			p->sigma[i] = most;
			continue;
		}
		p->sigma[i] = p->count == 2 ? most / 2 : sigma_of(p, i);
		p->sigma[i] = clamp(p->sigma[i], least, most);
		p->widest = larger(p->widest, p->sigma[i]);
	}
}

/*
 * How much of component i lies inside the clip.  Nine deviations away from an
 * end no double can tell the rest from 0.
 */
static double
mass_inside(const struct parzen *p, size_t i)
{
	double low = (p->prior.low - p->mean[i]) / p->sigma[i];
	double high = (p->prior.high - p->mean[i]) / p->sigma[i];

	return (high > 9 ? 1 : normal_cdf(high)) -
	       (low < -9 ? 0 : normal_cdf(low));
}

void
parzen_end(struct parzen *p)
{
	double total = 0, inside = 0;
	size_t i;

	if (!p->prior_added)
		push(p, p->prior.mean, p->prior.weight);
	set_sigmas(p);
	for (i = 0; i < p->count; i++)
		total += p->weight[i];
	for (i = 0; i < p->count; i++) {
		p->weight[i] /= total;
		if (p->prior.clipped)
			inside += p->weight[i] * mass_inside(p, i);
	}
	if (!p->prior.clipped)
		inside = 1;
	for (i = 0; i < p->count; i++)
		p->height[i] = p->weight[i] / (p->sigma[i] * SQRT_2PI * inside);
}

void
parzen_release(struct parzen *p)
{
	free(p->mean);
	free(p->sigma);
	free(p->weight);
	free(p->height);
	memset(p, 0, sizeof(*p));
}

/* Means lie inside the clip, so at least a third of the draws are accepted. */
double
parzen_draw(const struct parzen *p, struct rng *r)
{
	double u, x;
	size_t i;

	do {
		u = rng_uniform(r);
		for (i = 0; i + 1 < p->count && u >= p->weight[i]; i++)
			u -= p->weight[i];
		x = p->mean[i] + p->sigma[i] * rng_normal(r);
	} while (p->prior.clipped && (x < p->prior.low || x > p->prior.high));
	return x;
}

/* The first component whose mean is not less than x. */
static size_t
first_from(const struct parzen *p, double x)
{
	size_t low = 0, high = p->count, mid;

	while (low < high) {
		mid = low + (high - low) / 2;
		if (p->mean[mid] < x)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

static double
log_height(const struct parzen *p, size_t i, double x)
{
	double z = (x - p->mean[i]) / p->sigma[i];

	return log(p->height[i]) - z * z / 2;
}

/* All components, also where the density is too small for a double. */
static double
far_log_density(const struct parzen *p, double x)
{
	double most = log_height(p, 0, x), sum = 1, e;
	size_t i;

	for (i = 1; i < p->count; i++) {
		e = log_height(p, i, x);
		if (e <= most) {
			sum += exp(e - most);
		} else {
			sum = 1 + sum * exp(most - e);
			most = e;
		}
	}
	return most + log(sum);
}

/*
 * Only components within nine deviations are looked at: a further one adds less
 * than exp(-40) of its peak, and with ten thousand observations, which are
 * narrow then, nearly all are further.  The prior is wide, so that the sum is
 * too small to bear that only where it weighs next to nothing.
 */
double
parzen_log_density(const struct parzen *p, double x)
{
	double z = (x - p->mean[p->prior_at]) / p->prior.sigma;
	double sum = p->height[p->prior_at] * exp(-z * z / 2);
	double until = x + 9 * p->widest;
	size_t i;

	for (i = first_from(p, x - 9 * p->widest);
	     i < p->count && p->mean[i] <= until; i++) {
		z = (x - p->mean[i]) / p->sigma[i];
		if (i != p->prior_at && z * z < 81)
			sum += p->height[i] * exp(-z * z / 2);
	}
	return sum * p->prior.sigma > 1e-10 ? log(sum) : far_log_density(p, x);
}
