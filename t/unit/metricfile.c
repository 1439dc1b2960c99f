/* Metrics as SDKs of all versions write them, and what else is in the file. */
#include <stdlib.h>
#include "metricfile.h"
#include "os/sys.h"
#include "tap.h"

static struct metric m = METRIC_INIT;
static struct buf err = BUF_INIT;
static size_t used;

static enum metric_step
next(const char *text, bool whole)
{
	return metricfile_next(&m, text, strlen(text), whole, &used, &err);
}

/* "ME", the right length and the payload with LF; static. */
static const char *
rec(const char *json)
{
	static struct buf b = BUF_INIT;

	buf_clear(&b);
	metricfile_add(&b, json, strlen(json));
	return b.data;
}

static void
value_is(const char *json, const char *wanted, const char *name)
{
	struct buf text = BUF_INIT;

	buf_setf(&text,
	    "{\"type\": \"PERIODICAL\", \"sequence\": 0, "
	    "\"value\": %s}",
	    json);
	ok(metric_parse(&m, text.data, text.len, &err) == 0, name);
	is_str(m.value.data, wanted, name);
	buf_release(&text);
}

static void
test_records(void)
{
	const char *one =
	    rec("{\"parameter_id\": 0, \"trial_job_id\": \"vJ7Yd\", \"type\": "
		"\"PERIODICAL\", \"sequence\": 0, \"value\": \"0.93\"}");

	ok(strncmp(one, "ME000099{", 9) == 0, "nni-core 2.5's example");
	ok(next(one, false) == METRIC_FOUND && used == 107, "a record");
	is_str(m.value.data, "0.93", "its value");
	ok(next("", true) == METRIC_MORE, "nothing");
	ok(next("ME0000", false) == METRIC_MORE && used == 0, "half a head");
	ok(next("ME0000", true) == METRIC_FAULTY && used == 6,
	    "half a head is a fault at the end");
	ok(next("ME000099{\"para", false) == METRIC_MORE, "half a record");
	ok(next("ME000099{\"para", true) == METRIC_FAULTY && used == 14,
	    "cut off at the end");
	is_str(err.data, "cut off", "said so");
	ok(next(rec("{\"trial_job_id\": \"a\", \"type\": "
		    "\"REQUEST_PARAMETER\", \"sequence\": 0, "
		    "\"parameter_index\": 2}"),
	       false) == METRIC_FOUND &&
		m.kind == METRIC_REQUEST && m.parameter_index == 2,
	    "a request");
	ok(next(rec("{\"type\": \"FINAL\", \"sequence\": 0, \"value\": 1}"),
	       false) == METRIC_FOUND &&
		m.kind == METRIC_FINAL,
	    "a final metric of SDKs before v1.4");
}

static void
test_damage(void)
{
	struct buf b = BUF_INIT;
	const char *good =
	    rec("{\"type\": \"FINAL\", \"sequence\": 0, \"value\": \"7\"}");
	size_t len = strlen(good);

	buf_setf(&b, "epoch 1\n%s", good);
	ok(next(b.data, false) == METRIC_FAULTY && used == 8,
	    "what a trial printed is passed over");
	ok(metricfile_next(&m, b.data + 8, b.len - 8, false, &used, &err) ==
		METRIC_FOUND,
	    "up to the next record");
	buf_setf(&b, "ME000050{\"type\": \"PERIOD%s%s", good, good);
	ok(next(b.data, false) == METRIC_FAULTY && used == 24,
	    "a torn record is passed over, the one that it swallowed is not");
	ok(metricfile_next(&m, b.data + 24, b.len - 24, false, &used, &err) ==
		    METRIC_FOUND &&
		used == len,
	    "but found");
	buf_setf(&b, "ME2000000{%s", good);
	ok(next(b.data, false) == METRIC_FAULTY && used == 10,
	    "a length of seven digits (a metric of 2 MB)");
	ok(next("ME000004abc\n", false) == METRIC_FAULTY && used == 12,
	    "no JSON");
	ok(next("ME000000{", false) == METRIC_FAULTY, "no length");
	ok(next("MEMEMEME", false) == METRIC_FAULTY && used == 6,
	    "the last may be the beginning of one");
	ok(next(rec("{\"type\": \"OTHER\", \"value\": 1}"), false) ==
		METRIC_FAULTY,
	    "an unknown type");
	ok(next(rec("{\"type\": \"FINAL\"}"), false) == METRIC_FAULTY,
	    "no value");
	ok(next(rec("[1]"), false) == METRIC_FAULTY, "no object");
	buf_clear(&b);
	buf_reserve(&b, 1000001);
	ok(metricfile_add(&b, good, METRIC_MAX) == -1, "six digits must do");
	buf_release(&b);
}

static void
test_values(void)
{
	value_is("0.10", "0.10", "a number, byte for byte");
	value_is("\"0.10\"", "0.10", "JSON text in a string");
	value_is("\"{\\\"default\\\": 1e-05, \\\"a\\\": \\\"\\\\u00e4\\\"}\"",
	    "{\"default\": 1e-05, \"a\": \"\\u00e4\"}", "an object in one");
	value_is("NaN", "\"NaN\"", "bare NaN");
	value_is("\"NaN\"", "\"NaN\"", "NaN in a string");
	value_is("\"[1, -Infinity, {\\\"NaN\\\": Infinity}]\"",
	    "[1, \"-Infinity\", {\"NaN\": \"Infinity\"}]", "within an array");
	value_is("\"some words\"", "\"some words\"", "a string that is none");
	value_is("\"\\\"some words\\\"\"", "\"some words\"", "a string in one");
	value_is("\"a\\u0000b\"", "\"a\\u0000b\"", "a NUL");
	value_is("\"\"", "\"\"", "the empty string");
	value_is("null", "null", "null");
}

static int
in_line(const char *line, size_t *rest)
{
	return metric_in_line(&m, line, strlen(line), rest, &err);
}

static void
test_lines(void)
{
	const char *v15 = "NNISDK_MEb'{\"type\": \"FINAL\", \"sequence\": 0, "
			  "\"value\": \"{\\\"s\\\": \\\"it's\\\"}\"}'";
	const char *v14 =
	    "NNISDK_MEb'{\"type\": \"FINAL\", \"sequence\": 0, "
	    "\"value\": \"{\\\\\"s\\\\\": \\\\\"it\\'s\\\\\"}\"}'";
	struct buf b = BUF_INIT;
	size_t rest;

	ok(in_line(v15, &rest) == 1 && m.kind == METRIC_FINAL, "v1.5's form");
	is_str(m.value.data, "{\"s\": \"it's\"}", "with an apostrophe");
	ok(in_line(v14, NULL) == 1, "v1.4's form");
	is_str(m.value.data, "{\"s\": \"it's\"}", "unescaped once");
	buf_setf(&b, "10%%|# %s 20%%|## it's going", v15);
	ok(in_line(b.data, &rest) == 1, "within a progress bar");
	is_str(m.value.data, "{\"s\": \"it's\"}", "and nothing of it");
	buf_setf(&b, "%s%s", v15, v15);
	ok(in_line(b.data, &rest) == 1 && metric_in_line(&m, b.data + rest,
					      b.len - rest, &rest, &err) == 1,
	    "two in a line");
	ok(in_line("nothing", &rest) == 0 && rest == 7, "none");
	ok(in_line("NNISDK_MEb'{\"type\": ", NULL) == -1, "one cut off");
	ok(in_line("NNISDK_MEb'{}'", NULL) == -1, "one that is none");
	ok(in_line("NNISDK_MEb", NULL) == 0, "the mark alone");
	buf_release(&b);
}

int
nni_main(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	test_records();
	test_damage();
	test_values();
	test_lines();
	metric_release(&m);
	buf_release(&err);
	return done_testing();
}
