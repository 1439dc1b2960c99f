/* What is carried over from one search space to another, and what is not. */
#include <math.h>
#include <stdlib.h>

#include "migrate.h"
#include "os/sys.h"
#include "tap.h"

static void
load(struct space *s, const char *text)
{
	struct problems problems = PROBLEMS_INIT;

	if (space_parse(s, text, strlen(text), 0, &problems) == -1)
		exit(1);
	problems_release(&problems);
}

/* Where x of old parameter k goes; NaN: nowhere. */
static double
moved(const struct space *from, const struct space *to, size_t k, double x)
{
	size_t *match = migrate_match(from, to);
	double result = NAN;
	size_t i;

	for (i = 0; i < to->count; i++)
		if (match[i] == k)
			result = migrate_x(&from->params[k], &to->params[i], x);
	free(match);
	return result;
}

int
nni_main(int argc, char **argv)
{
	struct space from = SPACE_INIT, to = SPACE_INIT;

	(void)argc;
	(void)argv;
	load(&from,
	    "{\"c\":{\"_type\":\"choice\",\"_value\":[\"p\",\"q\",\"r\"]},"
	    "\"k\":{\"_type\":\"randint\",\"_value\":[0,9]},"
	    "\"x\":{\"_type\":\"loguniform\",\"_value\":[1e-3,1]},"
	    "\"n\":{\"_type\":\"choice\",\"_value\":["
	    "{\"_name\":\"u\",\"w\":{\"_type\":\"uniform\",\"_value\":[0,1]}},"
	    "{\"_name\":\"v\",\"w\":{\"_type\":\"uniform\",\"_value\":[0,1]}}]}"
	    ","
	    "\"t\":{\"_type\":\"uniform\",\"_value\":[0,1]}}");
	load(&to,
	    "{\"n\":{\"_type\":\"choice\",\"_value\":[{\"_name\":\"z\"},"
	    "{\"_name\":\"v\",\"w\":{\"_type\":\"normal\",\"_value\":[0,1]}}]},"
	    "\"w\":{\"_type\":\"uniform\",\"_value\":[0,1]},"
	    "\"x\":{\"_type\":\"qloguniform\",\"_value\":[0.01,1,0.01]},"
	    "\"k\":{\"_type\":\"randint\",\"_value\":[3,5]},"
	    "\"c\":{\"_type\":\"choice\",\"_value\":[\"r\",\"s\",\"p\"]},"
	    "\"t\":{\"_type\":\"loguniform\",\"_value\":[0.1,1]}}");
	ok(moved(&from, &to, 0, 0) == 2 && moved(&from, &to, 0, 2) == 0,
	    "elements of a choice by their text");
	ok(isnan(moved(&from, &to, 0, 1)), "one that is gone is gone");
	ok(moved(&from, &to, 1, 4) == 1, "randint by its value");
	ok(isnan(moved(&from, &to, 1, 5)) && isnan(moved(&from, &to, 1, 2)),
	    "inside the new range only");
	ok(moved(&from, &to, 2, log(0.5)) == log(0.5), "numbers, steps or not");
	ok(isnan(moved(&from, &to, 2, log(0.005))), "inside the new range");
	ok(moved(&from, &to, 3, 1) == 1 && isnan(moved(&from, &to, 3, 0)),
	    "branches by their names");
	ok(isnan(moved(&from, &to, 4, 0.5)),
	    "a parameter of a branch that is gone is not one on top");
	ok(moved(&from, &to, 5, 7) == 7, "one of a branch that is there stays");
	ok(isnan(moved(&from, &to, 6, 0.5)),
	    "a number and a logarithm cannot be compared");
	space_release(&from);
	space_release(&to);
	return done_testing();
}
