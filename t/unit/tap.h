#ifndef NNI_TAP_H
#define NNI_TAP_H

/* TAP for unit tests in C: ok(), is_str(), is_int(), end with done_testing().
 */

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static int tap_count, tap_failures;

static inline bool
ok(bool good, const char *name)
{
	printf("%sok %d - %s\n", good ? "" : "not ", ++tap_count, name);
	fflush(stdout);
	tap_failures += !good;
	return good;
}

static inline bool
is_str(const char *got, const char *wanted, const char *name)
{
	bool good = got && !strcmp(got, wanted);

	ok(good, name);
	if (!good)
		fprintf(stderr, "# got:    %s\n# wanted: %s\n",
		    got ? got : "(null)", wanted);
	return good;
}

static inline bool
is_int(int64_t got, int64_t wanted, const char *name)
{
	bool good = got == wanted;

	ok(good, name);
	if (!good)
		fprintf(stderr,
		    "# got:    %" PRId64 "\n# wanted: %" PRId64 "\n", got,
		    wanted);
	return good;
}

static inline void
skip(const char *why, const char *name)
{
	printf("ok %d - %s # SKIP %s\n", ++tap_count, name, why);
}

/* For return in main: the plan, and the exit code. */
static inline int
done_testing(void)
{
	printf("1..%d\n", tap_count);
	return tap_failures != 0;
}

#endif
