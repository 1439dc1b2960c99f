/* What searchspace.h promises to the tuners. */
#include "searchspace.h"

#include "os/sys.h"
#include "tap.h"

/* NNI's own test space (v3.0:test/ut/sdk/test_hpo_utils.py). */
static const char golden[] =
    "{\"pool\":{\"_type\":\"choice\",\"_value\":[\"max\",\"min\",\"avg\"]},"
    "\"kernel\":{\"_type\":\"randint\",\"_value\":[2,8]},"
    "\"D\":{\"_type\":\"choice\",\"_value\":["
    "{\"_name\":\"UNIFORM\","
    "\"dropout\":{\"_type\":\"uniform\",\"_value\":[0.5,0.9]},"
    "\"hidden\":{\"_type\":\"quniform\",\"_value\":[100,1000,3]},"
    "\"U_lr\":{\"_type\":\"loguniform\",\"_value\":[0.0001,0.1]},"
    "\"U_batch\":{\"_type\":\"qloguniform\",\"_value\":[16.0,128.0,0.725]}},"
    "{\"_name\":\"NORMAL\","
    "\"dropout\":{\"_type\":\"normal\",\"_value\":[0.7,0.2]},"
    "\"hidden\":{\"_type\":\"qnormal\",\"_value\":[500,200,3]},"
    "\"N_lr\":{\"_type\":\"lognormal\",\"_value\":[-6,3]},"
    "\"N_batch\":{\"_type\":\"qlognormal\",\"_value\":[3.5,1.2,0.725]}},"
    "{\"_name\":\"EMPTY\"}]},"
    "\"not_nested\":{\"_type\":\"choice\",\"_value\":["
    "{\"x\":0,\"y\":0},{\"x\":1,\"y\":2}]}}";

/* Each parameter in a line: key type parent branch depth numbers choices */
static void
describe(const struct space *s, struct buf *out)
{
	size_t i, j;

	for (i = 0; i < s->count; i++) {
		const struct space_param *p = &s->params[i];

		buf_addf(out, "%.*s %s %d/%d depth %d", (int)p->key.len,
		    p->key.at, space_type_name(p->type), (int)p->parent,
		    (int)p->branch, (int)p->depth);
		if (p->type == SPACE_RANDINT)
			buf_addf(out, " %d+%d", (int)p->low, (int)p->size);
		else if (p->type != SPACE_CHOICE)
			buf_addf(out, " %g %g %g", p->a, p->b, p->q);
		for (j = 0; j < p->choice_count; j++)
			buf_addf(out, " %.*s",
			    (int)(p->names ? p->names[j] : p->choices[j]).len,
			    (p->names ? p->names[j] : p->choices[j]).at);
		buf_addc(out, '\n');
	}
}

static void
is_space(const char *text, const char *wanted, const char *name)
{
	struct space s = SPACE_INIT;
	struct problems problems = PROBLEMS_INIT;
	struct buf out = BUF_INIT;

	problems_file(&problems, "s.json");
	if (space_parse(&s, text, strlen(text), 0, &problems) == 0)
		describe(&s, &out);
	problems_text(&problems, true, &out);
	is_str(out.data, wanted, name);
	space_release(&s);
	problems_release(&problems);
	buf_release(&out);
}

static void
test_flat_list(void)
{
	is_space(golden,
	    "\"pool\" choice -1/0 depth 0 \"max\" \"min\" \"avg\"\n"
	    "\"kernel\" randint -1/0 depth 0 2+6\n"
	    "\"D\" choice -1/0 depth 0 \"UNIFORM\" \"NORMAL\" \"EMPTY\"\n"
	    "\"dropout\" uniform 2/0 depth 1 0.5 0.9 0\n"
	    "\"hidden\" quniform 2/0 depth 1 100 1000 3\n"
	    "\"U_lr\" loguniform 2/0 depth 1 0.0001 0.1 0\n"
	    "\"U_batch\" qloguniform 2/0 depth 1 16 128 0.725\n"
	    "\"dropout\" normal 2/1 depth 1 0.7 0.2 0\n"
	    "\"hidden\" qnormal 2/1 depth 1 500 200 3\n"
	    "\"N_lr\" lognormal 2/1 depth 1 -6 3 0\n"
	    "\"N_batch\" qlognormal 2/1 depth 1 3.5 1.2 0.725\n"
	    "\"not_nested\" choice -1/0 depth 0 "
	    "{\"x\": 0, \"y\": 0} {\"x\": 1, \"y\": 2}\n",
	    "NNI's test space, branches behind their choice");
	is_space("{\"a\":{\"_type\":\"choice\",\"_value\":[{\"_name\":1,"
		 "\"b\":{\"_type\":\"choice\",\"_value\":[{\"_name\":\"x\"},"
		 "{\"_name\":\"y\",\"c\":{\"_type\":\"choice\",\"_value\":["
		 "7]}}]}}]},\"_name\":\"passed over\"}",
	    "\"a\" choice -1/0 depth 0 1\n"
	    "\"b\" choice 0/0 depth 1 \"x\" \"y\"\n"
	    "\"c\" choice 1/1 depth 2 7\n",
	    "choices in choices");
}

static void
test_numbers(void)
{
	is_space("{\"a\":{\"_type\":\"randint\",\"_value\":[1.5,4.2]}}",
	    "\"a\" randint -1/0 depth 0 2+3\n", "bounds of randint round up");
	is_space("{\"a\":{\"_type\":\"loguniform\",\"_value\":[\"1e-5\","
		 "1]}}",
	    "\"a\" loguniform -1/0 depth 0 1e-05 1 0\n",
	    "a bound may be a text that is a number");
	is_space("a: {_type: choice, _value: [2.0, 1_000, 1e-5, \"1e-5\"]}",
	    "\"a\" choice -1/0 depth 0 2.0 1000 1e-5 \"1e-5\"\n"
	    "s.json:1:41: note: a: 1e-5 is taken as a number; NNI's YAML "
	    "reader takes it as text unless written like 1.0e-5\n",
	    "choices keep their text");
}

static void
test_reuse(void)
{
	struct space s = SPACE_INIT;
	struct problems problems = PROBLEMS_INIT;
	const char *one = "{\"a\":{\"_type\":\"choice\",\"_value\":[1]}}";
	size_t was = problems_file(&problems, "main");

	ok(space_parse(&s, "{}", 2, 0, &problems) == -1, "empty");
	ok(space_parse(&s, "{}", 2, SPACE_ALLOW_EMPTY, &problems) == 0,
	    "empty, allowed");
	ok(space_parse(&s, one, strlen(one), 0, &problems) == 0 && s.count == 1,
	    "a space can be used again");
	ok(space_load(&s, "no/such/file", 0, &problems) == -1, "no such file");
	is_int((int64_t)problems.file, (int64_t)was, "the file is the old one");
	is_int((int64_t)problems.errors, 2, "errors are counted");
	space_release(&s);
	is_int((int64_t)s.count, 0, "released");
	problems_release(&problems);
}

int
nni_main(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	test_flat_list();
	test_numbers();
	test_reuse();
	return done_testing();
}
