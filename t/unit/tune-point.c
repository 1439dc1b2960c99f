/* One configuration: NNI's own example of its format, and back again. */
#include <math.h>
#include <stdlib.h>

#include "os/sys.h"
#include "point.h"
#include "tap.h"

/* v3.0:test/ut/sdk/test_hpo_formatting.py */
static const char text[] =
    "{\"pool\":{\"_type\":\"choice\",\"_value\":[\"max\",\"min\",\"avg\"]},"
    "\"kernel\":{\"_type\":\"randint\",\"_value\":[2,8]},"
    "\"D\":{\"_type\":\"choice\",\"_value\":["
    "{\"_name\":\"UNIFORM\","
    "\"dropout\":{\"_type\":\"uniform\",\"_value\":[0.5,0.9]},"
    "\"hidden\":{\"_type\":\"quniform\",\"_value\":[100,1000,3]},"
    "\"U_lr\":{\"_type\":\"loguniform\",\"_value\":[0.0001,0.1]},"
    "\"U_batch\":{\"_type\":\"qloguniform\",\"_value\":[16,128,0.725]}},"
    "{\"_name\":\"NORMAL\","
    "\"dropout\":{\"_type\":\"normal\",\"_value\":[0.7,0.2]},"
    "\"hidden\":{\"_type\":\"qnormal\",\"_value\":[500,200,3]},"
    "\"N_lr\":{\"_type\":\"lognormal\",\"_value\":[-6,3]},"
    "\"N_batch\":{\"_type\":\"qlognormal\",\"_value\":[3.5,1.2,0.725]}},"
    "{\"_name\":\"EMPTY\"}]},"
    "\"not_nested\":{\"_type\":\"choice\",\"_value\":"
    "[{\"x\":0,\"y\":0},{\"x\":1,\"y\":2}]}}";

/* Sets all active parameters, the values given in order. */
static void
fill(const struct space *s, struct point *pt, const double *x)
{
	size_t i;

	point_clear(pt);
	for (i = 0; i < s->count; i++)
		if (point_active(s, pt, i))
			point_set(s, pt, i, *x++);
}

static void
test_format(const struct space *s)
{
	static const double uniform[] = {0, 5, 0, .7, 100.1, -4.6, 4.0, 0};
	static const double normal[] = {1, 0, 1, .7, 100.1, 0, 4.0, 1};
	static const double empty[] = {2, 3, 2, 0};
	struct point pt;
	struct buf out = BUF_INIT, wanted = BUF_INIT;

	point_init(&pt, s);
	fill(s, &pt, uniform);
	point_write(s, &pt, &out);
	buf_adds(&wanted,
	    "{\"pool\": \"max\", \"kernel\": 7, \"D\": {\"_name\": "
	    "\"UNIFORM\", \"dropout\": 0.7, \"hidden\": 100.0, "
	    "\"U_lr\": ");
	json_add_double(&wanted, exp(-4.6));
	buf_adds(&wanted,
	    ", \"U_batch\": 54.375}, \"not_nested\": {\"x\": 0, \"y\": 0}}");
	is_str(out.data, wanted.data, "the branch of uniform types, as NNI's");
	buf_clear(&out);
	point_write_unrounded(s, &pt, &out);
	is_str(out.data, "[100.1,4.0]", "what rounding hides is kept beside");

	buf_clear(&out);
	fill(s, &pt, normal);
	point_write(s, &pt, &out);
	is_str(out.data,
	    "{\"pool\": \"min\", \"kernel\": 2, \"D\": {\"_name\": \"NORMAL\", "
	    "\"dropout\": 0.7, \"hidden\": 99.0, \"N_lr\": 1.0, \"N_batch\": "
	    "54.375}, "
	    "\"not_nested\": {\"x\": 1, \"y\": 2}}",
	    "the branch of normal types is not clipped");

	buf_clear(&out);
	fill(s, &pt, empty);
	point_write(s, &pt, &out);
	is_str(out.data,
	    "{\"pool\": \"avg\", \"kernel\": 5, \"D\": {\"_name\": \"EMPTY\"}, "
	    "\"not_nested\": {\"x\": 0, \"y\": 0}}",
	    "a branch without parameters");
	point_release(&pt);
	buf_release(&out);
	buf_release(&wanted);
}

static bool
same(const struct point *a, const struct point *b)
{
	return !memcmp(a->x, b->x, 2 * a->count * sizeof(*a->x)) &&
	       point_hash(a) == point_hash(b);
}

/* To the last bit, for any draw. */
static void
test_round_trip(const struct space *s)
{
	struct point pt, again;
	struct buf out = BUF_INIT, unrounded = BUF_INIT, err = BUF_INIT;
	struct rng r;
	uint64_t i;
	int wrong = 0;

	for (i = 0; i < 5000; i++) {
		rng_init(&r, 5, i);
		point_init(&pt, s);
		point_init(&again, s);
		point_sample(s, &pt, &r);
		buf_clear(&out);
		buf_clear(&unrounded);
		point_write(s, &pt, &out);
		point_write_unrounded(s, &pt, &unrounded);
		if (point_read(s, &again, (struct json){out.data, out.len},
			(struct json){unrounded.len ? unrounded.data : NULL,
			    unrounded.len},
			&err) == -1 ||
		    !same(&pt, &again)) {
			wrong++;
			fprintf(stderr, "# %s: %s\n", out.data, err.data);
		}
		point_release(&pt);
		point_release(&again);
	}
	is_int(wrong, 0, "5,000 draws are read back to the last bit");
	buf_release(&out);
	buf_release(&unrounded);
	buf_release(&err);
}

static int
reads(const struct space *s, const char *parameters, double *first)
{
	struct point pt;
	struct buf err = BUF_INIT;
	int result;

	point_init(&pt, s);
	result = point_read(s, &pt,
	    (struct json){parameters, strlen(parameters)}, JSON_NONE, &err);
	if (first)
		*first = pt.x[0];
	point_release(&pt);
	buf_release(&err);
	return result;
}

static void
test_read(const struct space *s)
{
	double first;

	is_int(reads(s,
		   "{ \"not_nested\": {\"x\": 0, \"y\": 0}, \"TRIAL_BUDGET\":3,"
		   "\"D\":{\"_name\":\"EMPTY\"},\"kernel\":7,\"pool\":\"avg\"}",
		   &first),
	    0, "any order, blanks, keys of somebody else");
	ok(first == 2, "and the right values");
	is_int(reads(s,
		   "{\"pool\":\"max\",\"kernel\":8,\"D\":{\"_name\":\"EMPTY\"},"
		   "\"not_nested\":{\"x\":0,\"y\":0}}",
		   NULL),
	    -1, "a value outside of the space is refused");
	is_int(
	    reads(s,
		"{\"pool\":\"max\",\"kernel\":7,\"D\":{\"_name\":\"EMPTY\"}}",
		NULL),
	    -1, "a missing parameter is refused");
	is_int(reads(s, "[]", NULL), -1, "so is what is no object");
	is_int(reads(s,
		   "{\"pool\":\"max\",\"kernel\":7.0,\"D\":{\"_name\":"
		   "\"EMPTY\"},\"not_nested\":{\"x\":0,\"y\":0}}",
		   NULL),
	    0, "an integer written as 7.0 is one");
}

int
nni_main(int argc, char **argv)
{
	struct problems problems = PROBLEMS_INIT;
	struct space s = SPACE_INIT;

	(void)argc;
	(void)argv;
	ok(!space_parse(&s, text, sizeof(text) - 1, 0, &problems),
	    "NNI's example is a search space");
	test_format(&s);
	test_round_trip(&s);
	test_read(&s);
	space_release(&s);
	problems_release(&problems);
	return done_testing();
}
