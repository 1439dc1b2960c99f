/* The normal distribution function and its inverse, to full precision. */
#include "normal.h"

#include <math.h>

#define SQRT2 1.41421356237309504880
#define HALF_SQRT_PI 0.886226925452758013649

double
normal_cdf(double z)
{
	return 0.5 * erfc(-z / SQRT2);
}

/*
 * A first guess, good to about three digits, for 0 <= y < 1 (Winitzki, "A
 * handy approximation for the error function and its inverse", 2008).
 */
static double
erfinv_guess(double y)
{
	const double a = 0.147;
	double l = log1p(-y * y);
	double t = 2 / (3.14159265358979323846 * a) + l / 2;

	return sqrt(sqrt(t * t - l / a) - t);
}

/*
 * Halley's method on erf near the middle and on erfc in the tail, where erf
 * has no digits left to tell values apart.
 */
static double
erfinv(double y)
{
	double x, f, step, sign = y < 0 ? -1 : 1;
	int i;

	y = fabs(y);
	if (y >= 1)
		return y > 1 ? NAN : sign * INFINITY;
	x = erfinv_guess(y);
	for (i = 0; i < 4; i++) {
		f = y < 0.5 ? erf(x) - y : (1 - y) - erfc(x);
		step = f * HALF_SQRT_PI * exp(x * x);
		x -= step / (1 + x * step);
	}
	return sign * x;
}

double
normal_quantile(double u)
{
	return SQRT2 * erfinv(2 * u - 1);
}
