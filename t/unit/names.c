/* Names of files that somebody sent: which may be made here. */
#include <stdlib.h>
#include "os/sys.h"
#include "tap.h"

#include "mem.h"
#include "names.h"
#include "remote.h"

static void
test_paths(void)
{
	static const char *const good[] = {"a", "a/b.py", "..a/b..", "a b",
	    ".hidden", "\xc3\xa4/\xc3\xb6", "a/.../b", "-rf", "a:b"};
	static const char *const bad[] = {"", "/", "/etc/passwd", "a/", "a//b",
	    ".", "..", "a/..", "../a", "a/../b", "./a", "a/./b", "a\nb",
	    "a\033[2J", "a\177"};
	/* To Windows alone. */
	static const char *const worse[] = {"a\\b", "..\\a", "C:/a", "C:a",
	    "a/nul", "a/COM1.txt", "con", "a./b", "a /b", "a:stream", "a?",
	    "//server/share"};
	size_t i;

	for (i = 0; i < sizeof good / sizeof good[0]; i++)
		ok(!name_path_fault(good[i], false), good[i]);
	ok(!name_path_fault("a/b.py", true), "on Windows too");
	for (i = 0; i < sizeof bad / sizeof bad[0]; i++)
		ok(name_path_fault(bad[i], false) &&
			name_path_fault(bad[i], true),
		    "refused");
	for (i = 0; i < sizeof worse / sizeof worse[0]; i++)
		ok(name_path_fault(worse[i], true) != NULL, worse[i]);
	is_str(name_path_fault("a/../b", false), "leaves its directory", "why");
}

static void
test_lengths(void)
{
	char *path = xmalloc(8193);
	size_t i;

	memset(path, 'a', 8192);
	path[8192] = '\0';
	ok(name_path_fault(path, false) != NULL, "a part that is too long");
	for (i = 3; i < 8192; i += 4)
		path[i] = '/';
	path[8191] = 'a';
	ok(name_path_fault(path, false) != NULL, "a path that is too long");
	path[3999] = '\0';
	ok(!name_path_fault(path, false), "one that is not");
	free(path);
}

static void
place_is(const char *place, const char *wanted)
{
	struct buf name = BUF_INIT;

	remote_place_name(&name, place);
	is_str(name.data, wanted, place);
	buf_release(&name);
}

static void
test_places(void)
{
	place_is("bob@gpu-7.example_1", "bob@gpu-7.example_1");
	place_is("bob@h:22", "bob@h_22-36d01088");
	place_is("..", "_.-5ec1f7e7");
}

int
nni_main(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	test_paths();
	test_lengths();
	test_places();
	return done_testing();
}
