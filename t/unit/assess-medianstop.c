/* Medianstop, verdict by verdict, against NNI's; and its running median. */
#include <math.h>
#include <stdlib.h>

#include "assessor.h"
#include "median.h"
#include "os/sys.h"
#include "tap.h"

/* Each row is a trial that goes on whatever is said, and SUCCEEDS. */
static void
play(
    const char *args, double rows[][4], size_t count, const char *const *wanted)
{
	struct buf err = BUF_INIT;
	struct assessor *a =
	    medianstop.open((struct json){args, strlen(args)}, &err);
	char got[5];
	size_t i, k;

	for (i = 0; i < count; i++) {
		struct course c = {0};

		for (k = 0; k < 4; k++) {
			course_add(&c, rows[i][k]);
			got[k] = medianstop.is_good(a, &c) ? 'G' : 'B';
		}
		got[4] = '\0';
		medianstop.succeeded(a, &c);
		course_release(&c);
		is_str(got, wanted[i], args);
	}
	medianstop.close(a);
	buf_release(&err);
}

static void
test_verdicts(void)
{
	static double larger[][4] = {{1, 2, 3, 4}, {2, 2, 2, 2}, {.5, .6, 3, 3},
	    {1.4, 1.9, 2, 9}, {0, 1.4999, 1.5, 1.5}};
	static const char *const larger_said[] = {
	    "GGGG", "GGGB", "GBGG", "GGGG", "GBBB"};
	static double smaller[][4] = {
	    {4, 3, 2, 1}, {3, 3, 3, 3}, {5, 4, 3, 2}, {4.5, 3.6, 3.4, 2.9}};
	static const char *const smaller_said[] = {
	    "GGGG", "GGGB", "BBGG", "BBBG"};
	static double odd[][4] = {
	    {1, NAN, 3, 4}, {NAN, NAN, 0, 0}, {INFINITY, -INFINITY, 0, 0}};
	static const char *const odd_said[] = {"GGGG", "GGGG", "GGGG"};

	play("{\"start_step\":2}", larger, 5, larger_said);
	play("{\"optimize_mode\":\"minimize\"}", smaller, 4, smaller_said);
	play("{\"optimize_mode\":\"maximize\",\"start_step\":0}", odd, 3,
	    odd_said);
}

static int
ascending(const void *a, const void *b)
{
	double p = *(const double *)a, q = *(const double *)b;

	return p < q ? -1 : p > q;
}

static void
test_median(void)
{
	struct median m = {0};
	double all[1000], sorted[1000];
	unsigned state = 1;
	bool good = true;
	size_t n;

	for (n = 1; n <= 1000; n++) {
		state = state * 1103515245 + 12345;
		all[n - 1] = (double)(state >> 16) / 300;
		median_add(&m, all[n - 1]);
		memcpy(sorted, all, n * sizeof(*all));
		qsort(sorted, n, sizeof(*sorted), ascending);
		good = good && median_count(&m) == n &&
		       median_lower(&m) == sorted[(n - 1) / 2] &&
		       median_upper(&m) == sorted[n / 2];
	}
	ok(good, "both medians of 1,000 prefixes");
	median_release(&m);
}

int
nni_main(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	test_verdicts();
	test_median();
	return done_testing();
}
