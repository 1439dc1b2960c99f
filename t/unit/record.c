/* record.c, lines.c, buf.c. */
#include "lines.h"
#include "os/sys.h"
#include "record.h"
#include "tap.h"

static void
test_parse(void)
{
	static const char status[] =
	    "{\"type\":\"status\",\"trial\":\"ab1cd\",\"attempt\":2,"
	    "\"status\":\"FAILED\",\"infra\":true,\"x\":[1.50]}";
	struct record r;
	struct buf err = BUF_INIT, out = BUF_INIT;

	ok(!record_parse(&r, status, strlen(status), &err), "reads a status");
	is_str(r.trial, "ab1cd", "its trial");
	is_int(r.attempt, 2, "its attempt");
	ok(r.status == STATUS_FAILED && status_is_end(r.status) && r.infra,
	    "its status");
	record_set(&out, r.line, "status", (struct json){"\"WAITING\"", 9});
	is_str(out.data,
	    "{\"type\":\"status\",\"trial\":\"ab1cd\",\"attempt\":2,"
	    "\"status\":\"WAITING\",\"infra\":true,\"x\":[1.50]}",
	    "a field is replaced in its place, the rest stays as it was");
	buf_clear(&out);
	record_set(&out, (struct json){"{}", 2}, "a", (struct json){"1", 1});
	is_str(out.data, "{\"a\":1}", "a field is added to nothing");
	ok(!record_parse(&r, "{\"lr\":2.0}", 10, &err) &&
		r.type == RECORD_BARE && json_is(r.parameters, "{\"lr\":2.0}"),
	    "bare parameters");
	ok(!record_parse(&r, "{\"trial\":7}", 11, &err) &&
		r.type == RECORD_BARE,
	    "a parameter may be called trial");
	ok(record_parse(
	       &r, "{\"type\":\"trial\",\"trial\":\"../..\"}", 32, &err) == -1,
	    "a path is not a trial's id");
	ok(record_parse(&r, "[1]", 3, &err) == -1, "an array is no record");
	ok(record_parse(&r, "{\"a\":}", 6, &err) == -1, "not JSON");
	is_str(err.data, "not JSON: column 6: expected a value", "says where");
	buf_release(&err);
	buf_release(&out);
}

static void
test_ids(void)
{
	char id[33];
	int i, good = 0;

	for (i = 0; i < 1000; i++) {
		trial_id_new(id);
		good += trial_id_valid(id, strlen(id));
	}
	is_int(good, 1000, "new trial ids are valid");
	ok(!trial_id_valid("Abcde", 5) && !trial_id_valid("abcdef", 6) &&
		!trial_id_valid("1bcde", 5),
	    "others are not");
}

static void
count_line(void *arg, char *line, size_t len)
{
	struct buf *b = arg;

	buf_addf(b, "<%s:%d>", line && len < 20 ? line : "long", (int)len);
}

static void
test_lines(void)
{
	struct lines l = LINES_INIT;
	struct buf got = BUF_INIT, big = BUF_INIT;
	static const char text[] = "one\r\n\ntwo\nthr";
	size_t i;

	for (i = 0; i < strlen(text); i++)
		lines_feed(&l, text + i, 1, count_line, &got);
	lines_end(&l, count_line, &got);
	is_str(got.data, "<one:3><:0><two:3><thr:3>", "cuts byte by byte");
	buf_clear(&got);
	for (i = 0; i < NNI_LINE_MAX; i++)
		buf_addc(&big, 'x');
	lines_feed(&l, big.data, big.len, count_line, &got);
	lines_feed(&l, "\n", 1, count_line, &got);
	is_str(got.data, "<long:1048576>", "the longest line");
	buf_clear(&got);
	lines_feed(&l, big.data, big.len, count_line, &got);
	lines_feed(&l, "xyz\nok\n", 7, count_line, &got);
	is_str(got.data, "<long:0><ok:2>", "passes over a longer one");
	buf_release(&got);
	buf_release(&big);
	lines_release(&l);
}

static void
test_buf(void)
{
	struct buf b = BUF_INIT_MAX(5);

	is_int(buf_adds(&b, "abc"), 0, "fits");
	is_int(buf_adds(&b, "def"), -1, "does not fit");
	is_str(b.data, "abc", "nothing was added");
	is_int(buf_addf(&b, "%d", 12), 0, "fills to the maximum");
	buf_drop(&b, 3);
	is_str(b.data, "12", "drops from the front");
	buf_release(&b);
	is_str(b.data, "", "is a string when released");
}

int
nni_main(int argc, char **argv)
{
	(void)argc, (void)argv;
	test_parse();
	test_ids();
	test_lines();
	test_buf();
	return done_testing();
}
