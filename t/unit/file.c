/* file.h: files, directories and paths, in a directory of its own. */
#include <stdlib.h>
#include "os/file.h"
#include "os/process.h"
#include "os/sys.h"
#include "tap.h"

static struct buf at = BUF_INIT; /* path() */
static struct buf top = BUF_INIT;

static const char *
path(const char *name)
{
	buf_set(&at, top.data);
	path_add(&at, name);
	return at.data;
}

static const char *
contents(const char *name)
{
	static struct buf b = BUF_INIT;

	buf_clear(&b);
	if (file_read_all(path(name), &b, NULL) != 0)
		buf_set(&b, "(cannot read)");
	return b.data;
}

static int
names_left(const char *dir)
{
	char **names;
	size_t n;

	if (dir_list(dir, &names, NULL, &n, NULL) != 0)
		return -1;
	dir_list_free(names, NULL, n);
	return (int)n;
}

static void
test_open(void)
{
	struct buf err = BUF_INIT, want = BUF_INIT;
	os_file f, other;

	f = file_open(path("absent"), FILE_READ, 0, &err);
	ok(f == OS_NO_FILE && os_errno() == OS_NOT_FOUND, "absent");
	buf_setf(&want, "cannot open '%s': No such file or directory",
	    path("absent"));
	is_str(err.data, want.data, "says what, which and why");
	f = file_open(
	    path("a"), FILE_WRITE | FILE_CREATE | FILE_EXCL, 0600, NULL);
	ok(f != OS_NO_FILE && !file_write(f, "one\n", 4), "creates");
	is_int(file_size(f), 4, "size");
	file_close(f);
	f = file_open(
	    path("a"), FILE_WRITE | FILE_CREATE | FILE_EXCL, 0600, NULL);
	ok(f == OS_NO_FILE && os_errno() == OS_EXISTS, "is there already");
	f = file_open(path("a"), FILE_APPEND, 0, NULL);
	ok(!file_write(f, "two\n", 4) && !file_sync(f), "appends, flushes");
	file_close(f);
	is_str(contents("a"), "one\ntwo\n", "behind what was there");
	f = file_open(path("b"), FILE_APPEND | FILE_CREATE, 0600, NULL);
	other = file_open(path("b"), FILE_WRITE | FILE_APPEND, 0, NULL);
	file_write(f, "a\n", 2);
	file_write(other, "b\n", 2);
	file_write(f, "c\n", 2);
	is_str(contents("b"), "a\nb\nc\n", "two that append lose nothing");
	file_close(f);
	file_close(other);
	file_remove(path("b"), NULL);
	f = file_open(path("a"), FILE_READ | FILE_WRITE, 0, NULL);
	char four[5] = "";
	ok(file_read_at(f, four, 4, 4) == 4 && !strcmp(four, "two\n"),
	    "reads at an offset");
	ok(file_read(f, four, 4) == 4 && !strcmp(four, "one\n"),
	    "which moves nothing");
	ok(!file_write_at(f, "ONE", 3, 0) && file_read_at(f, four, 4, 0) == 4 &&
		!strcmp(four, "ONE\n"),
	    "writes at an offset");
	ok(file_read(f, four, 4) == 4 && !strcmp(four, "two\n"),
	    "which moves nothing either");
	struct file_info info, open_info;
	ok(!file_info_of(f, &open_info) &&
		!file_info(path("a"), false, &info) &&
		info.type == FILE_REGULAR && info.inode == open_info.inode &&
		info.size == open_info.size &&
		info.mtime_ms == open_info.mtime_ms,
	    "the same of an open file");
	ok(!file_truncate(f, 4) && file_size(f) == 4, "truncates");
	file_close(f);
	f = file_open(path("a"), FILE_WRITE | FILE_TRUNC, 0, NULL);
	is_int(file_size(f), 0, "opens empty");
	file_close(f);
	ok(!file_remove(path("a"), NULL) && !file_remove(path("a"), NULL),
	    "removes what may be absent");
	buf_release(&err);
	buf_release(&want);
}

static void
test_read_all(void)
{
	struct buf small = BUF_INIT_MAX(10), err = BUF_INIT;

	file_replace(path("ten"), "0123456789", 10, 0600, false, NULL);
	ok(!file_read_all(path("ten"), &small, &err) && small.len == 10,
	    "as long as it may be");
	file_replace(path("ten"), "0123456789x", 11, 0600, false, NULL);
	buf_clear(&small);
	ok(file_read_all(path("ten"), &small, &err) != 0 &&
		os_errno() == OS_FULL,
	    "too long");
	file_remove(path("ten"), NULL);
	buf_release(&small);
	buf_release(&err);
}

static void
test_replace(void)
{
	struct buf err = BUF_INIT;
	int before = names_left(top.data);

	ok(!file_replace(path("r"), "old", 3, 0600, true, &err), "makes");
	ok(!file_replace(path("r"), "new\0er", 6, 0600, true, &err) &&
		!memcmp(contents("r"), "new\0er", 7),
	    "replaces, NUL and all");
	dir_make(path("d"), 0700, NULL);
	ok(file_replace(path("d"), "x", 1, 0600, true, &err) != 0,
	    "not a directory");
	ok(file_replace(path("no/r"), "x", 1, 0600, true, &err) != 0 &&
		os_errno() == OS_NOT_FOUND,
	    "not in a directory that is absent");
	is_int(names_left(top.data), before + 2, "leaves nothing behind");
	ok(!file_rename(
	       path("r"), (buf_setf(&err, "%s/r2", top.data), err.data), &err),
	    "renames");
	is_str(contents("r2"), "new", "to the new name");
	dir_remove_tree(path("d"), NULL);
	dir_remove_tree(path("r2"), NULL);
	is_int(names_left(top.data), before, "a tree may be a file");
	buf_release(&err);
}

static void
test_info(void)
{
	struct file_info info;

	ok(!file_info(path("absent"), true, &info) && info.type == FILE_ABSENT,
	    "absent is an answer");
	file_replace(path("f"), "12345", 5, 0600, false, NULL);
	ok(!file_info(path("f"), true, &info) && info.type == FILE_REGULAR &&
		info.size == 5 && info.links == 1,
	    "a file");
	ok(clock_wall_ms() - info.mtime_ms < 60000 &&
		clock_wall_ms() - info.mtime_ms > -60000,
	    "of just now");
	ok(!file_info(path("f/x"), true, &info) && info.type == FILE_ABSENT,
	    "nothing below it");
	ok(!file_info(top.data, true, &info) && info.type == FILE_DIR,
	    "a directory");
	file_remove(path("f"), NULL);
}

static void
test_sharing(void)
{
	struct file_info a, b;
	struct buf from = BUF_INIT, err = BUF_INIT;
	int64_t bytes = -1;
	os_file f, g;

	buf_set(&from, path("original"));
	file_replace(from.data, "same", 4, 0600, false, NULL);
	is_int(file_link(from.data, path("second"), &err), 0, "a second name");
	file_info(from.data, false, &a);
	file_info(path("second"), false, &b);
	ok(a.inode == b.inode && b.links == 2, "of the same file");
	is_int(file_link(from.data, path("second"), &err), -1, "not twice");
	is_int(os_errno(), OS_EXISTS, "since it is there");

	f = file_open(from.data, FILE_READ, 0, NULL);
	g = file_open(
	    path("clone"), FILE_WRITE | FILE_CREATE | FILE_EXCL, 0600, NULL);
	if (file_clone(f, g) == 0) {
		is_str(contents("clone"), "same", "a clone has all of it");
		file_write_at(g, "S", 1, 0);
		is_str(contents("original"), "same", "and keeps its own");
	} else {
		skip("not on this file system", "a clone");
		is_int(file_size(g), 0, "which leaves it empty");
	}
	file_close(f);
	file_close(g);
	is_int(disk_free(top.data, &bytes, &err), 0, "the space left");
	ok(bytes >= 0, "is a number");
	is_int(disk_free(path("nowhere"), &bytes, &err), -1, "not of nothing");
	buf_release(&from);
	buf_release(&err);
}

static void
test_list(void)
{
	static const char *const make[] = {"b", "a", "\xc3\xa4", "C", ".d"};
	static const char *const want[] = {".d", "C", "a", "b", "\xc3\xa4"};
	enum file_type *types;
	char **names;
	size_t n, i;
	bool good;

	dir_make(path("list"), 0700, NULL);
	for (i = 0; i < 5; i++) {
		struct buf p = BUF_INIT;
		buf_setf(&p, "list/%s", make[i]);
		file_replace(path(p.data), "", 0, 0600, false, NULL);
		buf_release(&p);
	}
	good = !dir_list(path("list"), &names, &types, &n, NULL) && n == 5;
	for (i = 0; good && i < n; i++)
		good = !strcmp(names[i], want[i]) && types[i] == FILE_REGULAR;
	ok(good, "lists by bytes");
	dir_list_free(names, types, n);
	dir_make(path("empty"), 0700, NULL);
	ok(!dir_list(path("empty"), &names, &types, &n, NULL) && n == 0,
	    "an empty one");
	dir_list_free(names, types, n);
	ok(dir_list(path("absent"), &names, &types, &n, NULL) != 0 &&
		os_errno() == OS_NOT_FOUND,
	    "an absent one");
}

static void
test_trees(void)
{
	struct buf deep = BUF_INIT, err = BUF_INIT;
	int i;

	ok(!dir_make_all(path("t/u/v"), 0755, &err) &&
		!dir_make_all(path("t/u/v"), 0755, &err),
	    "makes a path, twice");
	file_replace(path("t/u/f"), "", 0, 0600, false, NULL);
	ok(dir_make_all(path("t/u/f/x"), 0755, &err) != 0 &&
		os_errno() == OS_NOT_DIR,
	    "not through a file");
	ok(dir_make(path("t/u"), 0755, NULL) != 0 && os_errno() == OS_EXISTS,
	    "one level");
	buf_adds(&deep, path("t"));
	for (i = 0; i < 300; i++) {
		buf_adds(&deep, "/d");
		dir_make(deep.data, 0700, NULL);
	}
	file_replace(
	    (buf_adds(&deep, "/f"), deep.data), "", 0, 0600, false, NULL);
	ok(!dir_remove_tree(path("t"), &err), "removes a tree of 300 levels");
	ok(!dir_remove_tree(path("t"), &err), "which may be absent");
	buf_release(&deep);
	buf_release(&err);
}

#ifndef _WIN32
static void
is_absolute(const char *p, const char *base, const char *want)
{
	struct buf b = BUF_INIT, name = BUF_INIT;

	buf_setf(&name, "%s from %s is %s", p, base, want);
	ok(!path_absolute(p, base, &b, NULL) && !strcmp(b.data, want),
	    name.data);
	buf_release(&b);
	buf_release(&name);
}
#endif

static void
test_paths(void)
{
	struct buf b = BUF_INIT;

	path_add(&b, "a");
	path_add(&b, "b");
	is_str(b.data, "a/b", "adds");
	buf_addc(&b, '/');
	path_add(&b, "c");
	is_str(b.data, "a/b/c", "no second slash");
	is_str(path_base("a/b"), "b", "base");
	is_str(path_base("b"), "b", "base of a name");
#ifndef _WIN32
	path_add(&b, "/d");
	is_str(b.data, "/d", "an absolute name replaces");
	is_absolute("/a/./b//../c/", NULL, "/a/c");
	is_absolute("x/..", "/a", "/a");
	is_absolute("../../..", "/a", "/");
	is_absolute("/", "/a", "/");
	is_absolute("", "/a/b", "/a/b");
	env_set("HOME", "/home/u");
	ok(!path_expand("~", &b, NULL) && !strcmp(b.data, "/home/u"), "home");
	ok(!path_expand("~//x", &b, NULL) && !strcmp(b.data, "/home/u/x"),
	    "below it");
#endif
	ok(path_expand("~no such user/y", &b, NULL) != 0,
	    "another's, who is not there");
	ok(!path_expand("./~x/y", &b, NULL) && !strcmp(b.data, "./~x/y"),
	    "a name with ~ in front");
	ok(path_real(path("absent"), &b, NULL) != 0 &&
		os_errno() == OS_NOT_FOUND,
	    "nothing real");
	buf_release(&b);
}

int
nni_main(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	buf_setf(&top, "%s/nni-file-%" PRId64, sys_temp(), proc_self_pid());
	dir_remove_tree(top.data, NULL);
	ok(!dir_make(top.data, 0700, NULL), "a place for it all");
	test_open();
	test_read_all();
	test_replace();
	test_info();
	test_sharing();
	test_list();
	test_trees();
	test_paths();
	ok(!dir_remove_tree(top.data, NULL) && names_left(top.data) == -1,
	    "all gone");
	return done_testing();
}
