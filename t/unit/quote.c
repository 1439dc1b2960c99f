/* quote.c: the golden vectors, the same on every system. */
#include "os/sys.h"
#include "quote.h"
#include "tap.h"

/* An argument, its form on a command line, and the same behind cmd.exe. */
static const char *const golden[][3] = {
    {"", "\"\"", "^\"^\""},
    {"plain", "plain", "plain"},
    {"two words", "\"two words\"", "^\"two words^\""},
    {"tab\there", "\"tab\there\"", "^\"tab\there^\""},
    {"say \"hi\"", "\"say \\\"hi\\\"\"", "^\"say \\^\"hi\\^\"^\""},
    {"C:\\dir\\", "C:\\dir\\", "C:\\dir\\"},
    {"C:\\my dir\\", "\"C:\\my dir\\\\\"", "^\"C:\\my dir\\\\^\""},
    {"a\\\"b", "\"a\\\\\\\"b\"", "^\"a\\\\\\^\"b^\""},
    {"a\\\\b c", "\"a\\\\b c\"", "^\"a\\\\b c^\""},
    {"\"", "\"\\\"\"", "^\"\\^\"^\""},
    {"lr=0.1&x|y<z>^(1)", "lr=0.1&x|y<z>^(1)", "lr=0.1^&x^|y^<z^>^^^(1^)"},
    {"100% %PATH% !x!", "\"100% %PATH% !x!\"", "^\"100^% ^%PATH^% ^!x^!^\""},
    {"\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80",
	"\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80",
	"\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80"},
    {"{\"lr\": 0.1, \"f\": \"a\\\\b\"}",
	"\"{\\\"lr\\\": 0.1, \\\"f\\\": \\\"a\\\\b\\\"}\"",
	"^\"{\\^\"lr\\^\": 0.1, \\^\"f\\^\": \\^\"a\\\\b\\^\"}^\""},
};

static void
test_windows(void)
{
	struct buf arg = BUF_INIT, line = BUF_INIT, name = BUF_INIT;
	size_t i;

	for (i = 0; i < sizeof(golden) / sizeof(golden[0]); i++) {
		buf_clear(&arg);
		buf_clear(&line);
		quote_windows_arg(&arg, golden[i][0]);
		buf_setf(&name, "argument %s", golden[i][0]);
		is_str(arg.data, golden[i][1], name.data);
		quote_cmd_exe(&line, arg.data);
		buf_setf(&name, "behind cmd.exe %s", golden[i][0]);
		is_str(line.data, golden[i][2], name.data);
	}
	buf_clear(&line);
	ok(quote_cmd_exe(&line, "a\nb") < 0 && line.len == 0,
	    "cmd.exe cannot be given a line break");
	buf_clear(&arg);
	quote_windows_program(&arg, "C:\\Program Files\\x.exe");
	is_str(arg.data, "\"C:\\Program Files\\x.exe\"", "a program");
	ok(quote_windows_program(&arg, "a\"b") < 0, "a program has no quotes");
	buf_release(&arg);
	buf_release(&line);
	buf_release(&name);
}

static void
test_sh(void)
{
	static const char *const words[][2] = {{"", "''"},
	    {"a/b-c.d", "a/b-c.d"}, {"a b", "'a b'"}, {"it's", "'it'\\''s'"},
	    {"$x`y`", "'$x`y`'"}, {"~", "'~'"}, {"a\nb", "'a\nb'"}};
	struct buf b = BUF_INIT;
	size_t i;

	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		buf_clear(&b);
		quote_sh(&b, words[i][0]);
		is_str(b.data, words[i][1], "a word for sh");
	}
	buf_release(&b);
}

static void
test_visible(void)
{
	static const char *const texts[][2] = {{"", ""},
	    {"C:\\a 'b' \xc3\xa9 \xf0\x9f\x98\x80",
		"C:\\a 'b' \xc3\xa9 \xf0\x9f\x98\x80"},
	    {"a\nb\r\tc", "a\\nb\\r\\tc"}, {"\033[2J\177", "\\x1b[2J\\x7f"},
	    {"\xc2\x9b\xc2\xa0", "\\u009b\xc2\xa0"},
	    {"\xe2\x80\xae x \xe2\x81\xa6", "\\u202e x \\u2066"},
	    {"\xe2\x80\xa8\xe2\x80\x8f\xd8\x9c", "\\u2028\\u200f\\u061c"},
	    {"\x9b\xff", "\\x9b\\xff"}, {"\xc3", "\\xc3"},
	    {"\xed\xa0\x80", "\\xed\\xa0\\x80"}};
	struct buf b = BUF_INIT;
	size_t i;

	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		buf_clear(&b);
		quote_visible(&b, texts[i][0], strlen(texts[i][0]));
		is_str(b.data, texts[i][1], "a text for people");
	}
	buf_set(&b, "\n");
	buf_adds(&b, "\n\x1b");
	quote_visible_tail(&b, 1);
	is_str(b.data, "\n\\n\\x1b", "the tail of one");
	quote_visible_tail(&b, b.len);
	is_str(b.data, "\n\\n\\x1b", "an empty tail");
	buf_clear(&b);
	quote_visible(&b, "a\0b", 3);
	is_str(b.data, "a\\x00b", "a NUL");
	buf_release(&b);
}

static void
test_full(void)
{
	struct buf small = BUF_INIT_MAX(6);

	buf_adds(&small, "x ");
	ok(quote_windows_arg(&small, "a b c") < 0 &&
		quote_cmd_exe(&small, "&&&") < 0 &&
		quote_sh(&small, "a b c") < 0,
	    "refuses what does not fit");
	is_str(small.data, "x ", "and appends nothing of it");
	buf_release(&small);
}

int
nni_main(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	test_windows();
	test_sh();
	test_visible();
	test_full();
	return done_testing();
}
