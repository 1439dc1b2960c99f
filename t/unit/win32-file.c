/* What only Windows has: files that others hold, drives, long paths. */
#include <windows.h>
#undef FILE_CREATE
#include <stdlib.h>
#include "os/file.h"
#include "os/lock.h"
#include "os/process.h"
#include "os/sys.h"
#include "tap.h"

static struct buf top = BUF_INIT;

static const char *
path(const char *name)
{
	static struct buf b[4];
	static int next;
	struct buf *p = &b[next++ % 4];

	if (p->data == NULL)
		buf_init(p, BUF_MAX_DEFAULT);
	buf_setf(p, "%s/%s", top.data, name);
	return p->data;
}

/* A scanner: has a file open without delete sharing for `ms`. */
static DWORD WINAPI
let_go(void *h)
{
	Sleep(150);
	CloseHandle(h);
	return 0;
}

static void
scan(const char *file, DWORD share)
{
	HANDLE h = CreateFileA(
	    file, GENERIC_READ, share, NULL, OPEN_EXISTING, 0, NULL);

	ok(h != INVALID_HANDLE_VALUE, "a scanner has it open");
	CloseHandle(CreateThread(NULL, 0, let_go, h, 0, NULL));
}

static void
test_scanner(void)
{
	struct buf err = BUF_INIT, text = BUF_INIT;
	os_file f;

	file_replace(path("a"), "old", 3, 0600, false, NULL);
	scan(path("a"), FILE_SHARE_READ);
	ok(file_replace(path("a"), "new", 3, 0600, true, &err) == 0,
	    "replacing waits for it");
	file_read_all(path("a"), &text, NULL);
	is_str(text.data, "new", "and is done");
	scan(path("a"), 0);
	f = file_open(path("a"), FILE_READ, 0, &err);
	ok(f != OS_NO_FILE, "so does opening");
	file_close(f);
	scan(path("a"), FILE_SHARE_READ);
	ok(file_remove(path("a"), &err) == 0, "and removing");
	is_str(err.data, "", "without a complaint");
	buf_release(&err);
	buf_release(&text);
}

static void
test_held_for_ever(void)
{
	int64_t start_ms = clock_mono_ms();
	struct buf err = BUF_INIT;
	HANDLE h;

	file_replace(path("b"), "old", 3, 0600, false, NULL);
	h = CreateFileA(path("b"), GENERIC_READ, FILE_SHARE_READ, NULL,
	    OPEN_EXISTING, 0, NULL);
	ok(file_remove(path("b"), &err) == -1, "gives up at last");
	ok(os_errno() == OS_BUSY || os_errno() == OS_DENIED, "and says why");
	start_ms = clock_mono_ms() - start_ms;
	ok(start_ms > 1500 && start_ms < 10000, "after two seconds");
	CloseHandle(h);
	buf_release(&err);
}

static void
test_read_only(void)
{
	struct file_info info;

	file_replace(path("r"), "", 0, 0600, false, NULL);
	ok(file_chmod(path("r"), 0400, NULL) == 0, "made read-only");
	ok(file_info(path("r"), true, &info) == 0 && (info.mode & 0222) == 0,
	    "shows");
	ok(file_remove(path("r"), NULL) == 0,
	    "and can be removed, as on POSIX");
}

static void
test_long(void)
{
	struct buf deep = BUF_INIT, absolute = BUF_INIT;
	struct file_info info;
	int i;

	buf_set(&deep, path("long"));
	for (i = 0; i < 20; i++)
		path_add(&deep, "twenty-characters-ab");
	ok(deep.len > 400 && dir_make_all(deep.data, 0700, NULL) == 0,
	    "a path of more than 260 characters");
	path_add(&deep, "f");
	ok(file_replace(deep.data, "x", 1, 0600, false, NULL) == 0 &&
		file_info(deep.data, true, &info) == 0 && info.size == 1,
	    "with a file");
	path_absolute(deep.data, NULL, &absolute, NULL);
	is_str(absolute.data, deep.data, "is its own absolute form");
	ok(dir_remove_tree(path("long"), NULL) == 0, "goes as a whole");
	buf_release(&deep);
	buf_release(&absolute);
}

static void
test_paths(void)
{
	struct buf b = BUF_INIT;

	ok(path_is_absolute("C:/x") && path_is_absolute("c:\\x") &&
		path_is_absolute("\\\\server\\share") &&
		path_is_absolute("/x") && !path_is_absolute("x/y"),
	    "what is absolute");
	path_absolute("a\\..\\b/./c", "C:\\x", &b, NULL);
	is_str(b.data, "C:/x/b/c", "either slash");
	path_absolute("..", "C:/x", &b, NULL);
	is_str(b.data, "C:/", "a drive keeps its slash");
	path_absolute("//server/share/x/..", NULL, &b, NULL);
	is_str(b.data, "//server/share", "a share");
	is_str(path_base("C:\\x\\y.z"), "y.z", "base");
	is_str(path_base("C:y"), "y", "base on a drive");
	buf_set(&b, "C:/");
	path_add(&b, "x");
	is_str(b.data, "C:/x", "below a drive");
	path_add(&b, "D:/y");
	is_str(b.data, "D:/y", "another drive replaces");
	env_set("USERPROFILE", "C:\\Users\\ü");
	path_expand("~\\x", &b, NULL);
	is_str(b.data, "C:/Users/ü/x", "home");
	buf_release(&b);
}

static void
test_two_locks(void)
{
	struct lock l = LOCK_INIT;
	char byte;
	os_file f;

	file_replace(path("l"), "data", 4, 0600, false, NULL);
	ok(lock_try(&l, path("l"), 0600, NULL, NULL) == 1, "locks");
	f = file_open(path("l"), FILE_READ, 0, NULL);
	ok(file_read(f, &byte, 1) == 1 && byte == 'd',
	    "what is locked can be read");
	file_close(f);
	lock_release(&l);
}

int
nni_main(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	buf_setf(&top, "%s/nni-win32-%" PRId64, sys_temp(), proc_self_pid());
	dir_make(top.data, 0700, NULL);
	test_scanner();
	test_held_for_ever();
	test_read_only();
	test_long();
	test_paths();
	test_two_locks();
	ok(dir_remove_tree(top.data, NULL) == 0, "all of it removed");
	return done_testing();
}
