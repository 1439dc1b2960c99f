/* json.c, json-write.c, utf8.c: what is taken, what is refused, round trips. */
#include <math.h>
#include <stdlib.h>

#include "json.h"
#include "os/sys.h"
#include "tap.h"

static const char *const good[] = {"null", "true", "0", "-0", "1.5e+10", "\"\"",
    "\"\\u00e9\\n\"", "[]", "{}", " [1, 2 ,{\"a\":[]}] ",
    "{\"a\":{\"b\":[1,\"]\",\"}\"]}}", "\"\xf0\x9f\x98\x80\"",
    "123456789012345678901234567890"};
static const char *const bad[] = {"", " ", "nul", "01", "1.", ".5", "+1", "1e",
    "-", "\"", "\"\\x\"", "\"\\u12g4\"", "\"\n\"", "[1,]", "[1 2]", "{\"a\"}",
    "{a:1}", "{\"a\":1,}", "[", "{", "1 2", "NaN", "Infinity", "\"\xff\"",
    "\"\xc0\x80\"", "\"\xed\xa0\x80\"", "\"\xf4\x90\x80\x80\"", "'a'"};

static void
test_check(void)
{
	struct json v;
	size_t i, n;
	char name[80];

	for (i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		snprintf(name, sizeof(name), "takes %s", good[i]);
		ok(!json_check(good[i], strlen(good[i]), 0, &v, NULL, NULL),
		    name);
	}
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		snprintf(name, sizeof(name), "refuses case %d", (int)i);
		ok(json_check(bad[i], strlen(bad[i]), 0, &v, NULL, NULL) == -1,
		    name);
	}
	ok(!json_check("[NaN,-Infinity]", 15, JSON_NAN, &v, NULL, NULL),
	    "takes NaN when asked");
	/* Every beginning of a good text is refused, except of a number. */
	for (n = 0; n < strlen(good[10]); n++)
		if (!json_check(good[10], n, 0, &v, NULL, NULL))
			break;
	is_int((int64_t)n, (int64_t)strlen(good[10]), "refuses a cut text");
}

static void
test_depth(void)
{
	struct buf deep = BUF_INIT;
	struct json v;
	int i;

	for (i = 0; i < 100000; i++)
		buf_addc(&deep, '[');
	ok(json_check(deep.data, deep.len, 0, &v, NULL, NULL) == -1,
	    "refuses what is nested too deeply");
	buf_release(&deep);
}

static void
test_walk(void)
{
	static const char text[] =
	    "{\"a\" : 1.50, \"b\\\"\" : \"x\\\\\", \"c\":[ 1 , [2], {} ],"
	    "\"a\":2.0, \"d\":{\"e\":{\"f\":\"\\ud83d\\ude00\\u0041\"}}}";
	struct json v, a, list, keys;
	const struct json list_of_one = {"[1]", 3};
	struct buf b = BUF_INIT;
	struct json_iter it;
	struct json key, item;
	int n = 0;

	json_check(text, strlen(text), 0, &v, NULL, NULL);
	is_int((int64_t)json_count(v), 5, "counts the members");
	a = json_get(v, "a");
	ok(json_is(a, "2.0"), "the last one wins, as it was written");
	json_string(json_path(v, "d.e.f"), &b);
	is_str(b.data,
	    "\xf0\x9f\x98\x80"
	    "A",
	    "decodes escapes");
	json_check("[\"d\",\"e\"]", 9, 0, &keys, NULL, NULL);
	ok(json_type(json_at(v, keys)) == JSON_OBJECT &&
		json_at(v, JSON_NONE).at == v.at &&
		json_at(v, list_of_one).at == NULL,
	    "a list of keys leads there, one of others nowhere");
	list = json_get(v, "c");
	json_iter_init(&it, list);
	while (json_next(&it, &key, &item))
		n++;
	is_int(n, 3, "walks over an array");
	buf_clear(&b);
	json_add_python(&b, list);
	is_str(b.data, "[1, [2], {}]", "Python's separators");
	ok(!json_get(v, "zz").at, "what is not there is absent");
	buf_release(&b);
}

/* What CPython 3.11's json.dumps() writes of the same values. */
static void
test_python(void)
{
	static const struct {
		const char *text, *python;
	} t[] = {
	    {"{ \"a\" :1,\n\t\"b\":[ 2.0 ,-1e5,12345678901234567890],\"c\":{}}",
		"{\"a\": 1, \"b\": [2.0, -1e5, 12345678901234567890], "
		"\"c\": {}}"},
	    {"\"\xc3\xa4 \\u00E4\"", "\"\\u00e4 \\u00e4\""},
	    {"\"\xf0\x9f\x98\x80\"", "\"\\ud83d\\ude00\""},
	    {"\"\\ud83d\\ude00 \\ud800x\"", "\"\\ud83d\\ude00 \\ud800x\""},
	    {"\"\xdf\xbf\xe0\xa0\x80\xef\xbf\xbf\"",
		"\"\\u07ff\\u0800\\uffff\""},
	    {"\"\x7f\\u0001\\b\\u000c\\n\\r\\t\\u0022\\\\\\/\\u0041\"",
		"\"\\u007f\\u0001\\b\\f\\n\\r\\t\\\"\\\\/A\""},
	    {"\"a: b,c\"", "\"a: b,c\""},
	    {"\"\"", "\"\""},
	};
	static const char escaped[] = "[\"gr\\u00f6\\u00dfe \\ud83d\\ude00 "
				      "\\u001b\\u0022\\\\u00f6\"]";
	struct buf b = BUF_INIT;
	struct json v;
	size_t i;

	for (i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		json_check(t[i].text, strlen(t[i].text), 0, &v, NULL, NULL);
		buf_clear(&b);
		json_add_python(&b, v);
		is_str(b.data, t[i].python, t[i].text);
	}
	json_check(escaped, strlen(escaped), 0, &v, NULL, NULL);
	buf_clear(&b);
	json_add_readable(&b, v);
	is_str(b.data, "[\"größe 😀 \\u001b\\u0022\\\\u00f6\"]",
	    "letters for people");
	buf_clear(&b);
	json_add_python(&b, JSON_NONE);
	is_int((int64_t)b.len, 0, "of nothing, nothing");
	buf_release(&b);
}

static void
test_numbers(void)
{
	static const struct {
		double d;
		const char *text;
	} cases[] = {{0, "0.0"}, {0.1, "0.1"}, {1e-5, "1e-05"}, {1e16, "1e+16"},
	    {1e15, "1000000000000000.0"}, {123.456, "123.456"}, {-2, "-2.0"},
	    {1.0 / 3, "0.3333333333333333"}, {5e-324, "5e-324"},
	    {1.7976931348623157e308, "1.7976931348623157e+308"},
	    {0.0001, "0.0001"}, {INFINITY, "\"Infinity\""}};
	struct buf b = BUF_INIT;
	struct json v;
	int64_t n;
	size_t i;
	int wrong = 0;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		buf_clear(&b);
		json_add_double(&b, cases[i].d);
		is_str(b.data, cases[i].text, "writes a number as Python does");
	}
	srand(1);
	for (i = 0; i < 100000; i++) {
		double d = ldexp(rand() - RAND_MAX / 2, rand() % 600 - 300), e;

		buf_clear(&b);
		json_add_double(&b, d);
		v = (struct json){b.data, b.len};
		wrong += json_double(v, &e) == -1 || d != e;
	}
	is_int(wrong, 0, "100,000 numbers read back the same");
	v = (struct json){"9223372036854775807", 19};
	ok(!json_int(v, &n) && n == INT64_MAX, "reads the largest integer");
	v = (struct json){"9223372036854775808", 19};
	ok(json_int(v, &n) == -1, "refuses the next one");
	v = (struct json){"3e2", 3};
	ok(!json_int(v, &n) && n == 300, "3e2 is an integer");
	v = (struct json){"3.5", 3};
	ok(json_int(v, &n) == -1, "3.5 is none");
	buf_release(&b);
}

static void
test_seconds(void)
{
	static const char *const no[] = {"-0.001", "1e13", "1e400",
	    "\"Infinity\"", "\"NaN\"", "\"x\"", "null"};
	struct json v = {"1700000000.0015", 15};
	int64_t ms = 7;
	size_t i;

	ok(!json_seconds_ms(v, &ms) && ms == 1700000000002,
	    "seconds in milliseconds, rounded");
	for (i = 0, ms = 7; i < sizeof(no) / sizeof(no[0]); i++) {
		v = (struct json){no[i], strlen(no[i])};
		ok(json_seconds_ms(v, &ms) == -1 && ms == 7, no[i]);
	}
	ok(json_seconds_ms(JSON_NONE, &ms) == -1, "nor nothing");
}

static void
test_write(void)
{
	struct buf b = BUF_INIT;

	buf_addc(&b, '{');
	json_member_str(&b, "a\"", "x\n\x01\xff");
	json_member_int(&b, "n", -5);
	json_member_time(&b, "t", 1700000000007);
	json_member_raw(&b, "none", JSON_NONE);
	buf_addc(&b, '}');
	is_str(b.data,
	    "{\"a\\\"\":\"x\\n\\u0001\xef\xbf\xbd\",\"n\":-5,"
	    "\"t\":1700000000.007}",
	    "writes an object");
	buf_release(&b);
}

int
nni_main(int argc, char **argv)
{
	(void)argc, (void)argv;
	test_check();
	test_depth();
	test_walk();
	test_python();
	test_numbers();
	test_seconds();
	test_write();
	return done_testing();
}
