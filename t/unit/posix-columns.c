/* width.c and columns.c, with the ellipsis of a POSIX locale. */
#include <stdlib.h>

#include "columns.h"
#include "os/sys.h"
#include "tap.h"
#include "width.h"

static void
test_width(void)
{
	static const struct {
		const char *text;
		int width;
		const char *name;
	} cases[] = {
	    {"", 0, "nothing"},
	    {"abc", 3, "ASCII"},
	    {"\xc3\xa4\xc3\xb6", 2, "two letters of Latin-1"},
	    {"a\xcc\x88", 1, "a letter and its combining mark"},
	    {"\xe6\xbc\xa2\xe5\xad\x97", 4, "two Han characters"},
	    {"\xed\x95\x9c", 2, "a Hangul syllable"},
	    {"\xe1\x84\x92\xe1\x85\xa1\xe1\x86\xab", 2, "the same in Jamo"},
	    {"\xef\xbc\xa1", 2, "a fullwidth letter"},
	    {"\xef\xbd\xb1", 1, "a halfwidth kana"},
	    {"\xf0\x9f\x98\x80", 2, "an emoji"},
	    {"\xe2\x80\x8b", 0, "a zero width space"},
	    {"x\xef\xb8\x8f", 1, "a variation selector"},
	    {"\xd7\xa9\xd6\xb8", 1, "a Hebrew letter with its point"},
	    {"\xff\xc3", 2, "bytes that are no characters"},
	    {"\xf0\xa0\x80\x80", 2, "the first of plane 2"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		is_int(
		    (int64_t)width_text(cases[i].text, strlen(cases[i].text)),
		    cases[i].width, cases[i].name);
}

static void
fits(const char *text, size_t width, const char *ellipsis, const char *wanted)
{
	struct buf out = BUF_INIT;

	width_fit(&out, text, strlen(text), width, ellipsis);
	is_str(out.data, wanted, wanted);
	buf_release(&out);
}

static void
test_fit(void)
{
	fits("abcdef", 6, "...", "abcdef");
	fits("abcdef", 5, "...", "ab...");
	fits("abcdef", 3, "...", "abc");
	fits("abcdef", 0, "...", "");
	fits("abcdef", 5, "\xe2\x80\xa6", "abcd\xe2\x80\xa6");
	/* A wide one that would only half fit is left out. */
	fits("\xe6\xbc\xa2\xe5\xad\x97\xe6\xbc\xa2", 4, "\xe2\x80\xa6",
	    "\xe6\xbc\xa2\xe2\x80\xa6");
	/* A mark stays with its letter. */
	fits("e\xcc\x81"
	     "fgh",
	    2, "\xe2\x80\xa6", "e\xcc\x81\xe2\x80\xa6");
}

static const struct column list[] = {{"ID", 0, false}, {"N", 0, true},
    {"WHAT", 4, false}, {"NAME", 3, false}, {NULL, 0, false}};

static void
prints(const char *const *cells, size_t count, size_t width, const char *wanted,
    const char *name)
{
	struct columns *c = columns_new(list);
	struct buf out = BUF_INIT;

	for (size_t i = 0; i < count; i++)
		columns_add(c, cells[i]);
	columns_print(c, width, &out);
	is_str(out.data, wanted, name);
	buf_release(&out);
	columns_free(c);
}

static void
test_columns(void)
{
	static const char *const cells[] = {"abcde", "7",
	    "a long story of no use", "x\033[1m", "b", "123", "",
	    "\xe6\xbc\xa2\xe5\xad\x97"};

	prints(cells, 0, 0, "", "no rows: nothing at all");
	prints(cells, 8, 0,
	    "ID       N  WHAT                    NAME\n"
	    "abcde    7  a long story of no use  x\\x1b[1m\n"
	    "b      123  -                       \xe6\xbc\xa2\xe5\xad\x97\n",
	    "as wide as the cells are");
	prints(cells, 8, 30,
	    "ID       N  WHAT      NAME\n"
	    "abcde    7  a lon...  x\\x1b[1m\n"
	    "b      123  -         \xe6\xbc\xa2\xe5\xad\x97\n",
	    "the widest is cut");
	prints(cells, 8, 22,
	    "ID       N  WHAT  NAME\n"
	    "abcde    7  a...  x...\n"
	    "b      123  -     \xe6\xbc\xa2\xe5\xad\x97\n",
	    "then others");
	prints(cells, 8, 8, "ID   ...\nabcde...\nb    ...\n",
	    "a line never wraps");
}

static void
test_ellipsis(void)
{
	static const char *const cells[] = {"abcde", "7", "a story", "x"};

	env_set("LC_ALL", "");
	env_set("LC_CTYPE", "de_DE.UTF-8");
	prints(cells, 4, 18,
	    "ID     N  WHAT  N\xe2\x80\xa6\n"
	    "abcde  7  a s\xe2\x80\xa6  x\n",
	    "one sign where the locale has it");
}

int
main(void)
{
	env_set("LC_ALL", "C");
	test_width();
	test_fit();
	test_columns();
	test_ellipsis();
	return done_testing();
}
