/*
 * Trees of files and the working copies of them, as a user who may not write to
 * what he has made read-only (root may).
 */
#include <stdlib.h>
#include <unistd.h>
#include "os/sys.h"
#include "tap.h"

#include "base64.h"
#include "trees.h"
#include "workcopy.h"

#define LARGE (TREE_SMALL + 1000)

static struct buf top = BUF_INIT;

static const char *
path(const char *name)
{
	static struct buf at[4] = {BUF_INIT, BUF_INIT, BUF_INIT, BUF_INIT};
	static size_t next;
	struct buf *b = &at[next++ % 4];

	buf_setf(b, "%s/%s", top.data, name);
	return b->data;
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

/* A line of the file, of a link (mode 0), or of the end. */
static enum incoming_result
give(struct incoming *in, const char *name, int mode, const char *bytes,
    size_t len)
{
	struct buf line = BUF_INIT, err = BUF_INIT;
	enum incoming_result result;
	struct record r;

	buf_addf(&line, "{\"type\":\"%s\",\"path\":\"%s\",\"mode\":%d,",
	    name ? "file" : "whole", name ? name : "", mode);
	if (name && mode == 0)
		buf_adds(&line, "\"link\":true,");
	buf_addf(&line, "\"files\":%zu,\"data\":\"", len);
	if (name)
		base64_encode(&line, bytes, len);
	buf_adds(&line, "\"}");
	record_parse(&r, line.data, line.len, &err);
	result =
	    name ? incoming_file(in, &r, &err) : incoming_whole(in, &r, &err);
	buf_release(&line);
	buf_release(&err);
	return result;
}

static void
test_incoming(void)
{
	struct buf err = BUF_INIT;
	struct incoming *in;
	static char large[LARGE];

	memset(large, 'x', sizeof large);
	in = incoming_new(path("store"), "sha256:12345678", &err);
	is_int(give(in, "small", 0644, "abc", 3), INCOMING_OK, "a small file");
	is_int(give(in, "sub/large", 0755, large, sizeof large), INCOMING_OK,
	    "a large one");
	is_int(give(in, NULL, 0, NULL, 2), INCOMING_OK, "that is all");
	incoming_free(in);
	buf_release(&err);
}

static void
test_copies(void)
{
	struct file_info kept, a;
	os_file f;

	is_int(workcopy_make(path("a"), path("store/12345678"), NULL),
	    WORKCOPY_OK, "a copy");
	is_int(workcopy_make(path("b"), path("store/12345678"), NULL),
	    WORKCOPY_OK, "another");
	is_int(workcopy_make(path("b"), path("store/12345678"), NULL),
	    WORKCOPY_OK, "which is made anew");
	file_replace(path("a/small"), "changed", 7, 0600, false, NULL);
	is_str(contents("b/small"), "abc", "what is changed in one");
	is_str(contents("store/12345678/files/small"), "abc", "is in no other");
	file_info(path("store/12345678/files/sub/large"), false, &kept);
	file_info(path("a/sub/large"), false, &a);
	is_int(a.size, LARGE, "the large file is there");
	ok(a.mode & 0100, "and can be run");
	ok(a.mtime_ms == kept.mtime_ms, "as old as what is kept");
	f = file_open(path("a/sub/large"), FILE_WRITE, 0, NULL);
	if (a.inode == kept.inode) {
		is_int(kept.links, 3, "both copies share it");
		ok(f == OS_NO_FILE, "and nobody can write to it");
	} else {
		ok(f != OS_NO_FILE, "it can be written to");
		file_write(f, "y", 1);
		is_int(contents("store/12345678/files/sub/large")[0], 'x',
		    "what is kept stays");
	}
	if (f != OS_NO_FILE)
		file_close(f);
}

static void
test_pruning(void)
{
	struct file_info info;

	file_replace(path("b/new"), "", 0, 0600, false, NULL);
	workcopy_prune(path("b"), path("store/12345678"));
	file_info(path("b/small"), false, &info);
	is_int(info.type, FILE_ABSENT, "what is as it was is removed");
	file_info(path("b/sub"), false, &info);
	is_int(info.type, FILE_ABSENT, "with its directory");
	file_info(path("b/new"), false, &info);
	is_int(info.type, FILE_REGULAR, "what is new stays");
	workcopy_prune(path("a"), path("store/12345678"));
	is_str(contents("a/small"), "changed", "and what was changed");
	file_info(path("store/12345678/files/sub/large"), false, &info);
	is_int(info.links, 1, "of what is kept there is one again");
}

static const char *
target(const char *name)
{
	static struct buf b = BUF_INIT;

	buf_clear(&b);
	if (link_read(path(name), &b, NULL) != 0)
		buf_set(&b, "(no link)");
	return b.data;
}

static void
test_links(void)
{
	struct buf err = BUF_INIT;
	struct incoming *in;

	in = incoming_new(path("store"), "sha256:22222222", &err);
	is_int(give(in, "to", 0, "sub/file", 8), INCOMING_OK,
	    "a link that comes before what it leads to");
	is_int(give(in, "deep/up", 0, "../sub", 6), INCOMING_OK, "another");
	is_int(give(in, "sub/file", 0644, "abc", 3), INCOMING_OK, "a file");
	is_int(give(in, NULL, 0, NULL, 3), INCOMING_OK, "that is all");
	incoming_free(in);
	is_int(workcopy_make(path("l"), path("store/22222222"), NULL),
	    WORKCOPY_OK, "a copy");
	is_str(target("l/to"), "sub/file", "has the link");
	is_str(contents("l/deep/up/file"), "abc", "and the other");
	file_remove(path("l/to"), NULL);
	link_make("sub/elif", path("l/to"), NULL);
	workcopy_prune(path("l"), path("store/22222222"));
	is_str(target("l/to"), "sub/elif", "one that was changed stays");
	is_str(target("l/deep/up"), "(no link)", "the other one goes");

	in = incoming_new(path("store"), "sha256:33333333", &err);
	dir_make(path("outside"), 0700, NULL);
	is_int(give(in, "out", 0, path("outside"), top.len + 8), INCOMING_OK,
	    "a link that leads out");
	is_int(give(in, "out/file", 0644, "abc", 3), INCOMING_OK,
	    "and a file by way of it");
	is_int(give(in, NULL, 0, NULL, 2), INCOMING_NEVER, "are refused");
	is_str(contents("outside/file"), "(cannot read)",
	    "and nothing was written there");
	incoming_free(in);
	in = incoming_new(path("store"), "sha256:33333333", &err);
	is_int(give(in, "none", 0, "", 0), INCOMING_NEVER,
	    "a link to nothing, too");
	incoming_free(in);
	buf_release(&err);
}

static void
test_stale(void)
{
	struct buf err = BUF_INIT;

	file_replace(
	    path("store/12345678/files/small"), "abd!", 4, 0600, false, NULL);
	is_int(workcopy_make(path("c"), path("store/12345678"), &err),
	    WORKCOPY_STALE, "what was changed is not copied");
	ok(strstr(err.data, "files/small' was changed") != NULL, err.data);
	is_int(tree_remove(path("store"), path("store/12345678"), NULL), 0,
	    "it is removed");
	is_int(workcopy_make(path("c"), path("store/12345678"), NULL),
	    WORKCOPY_STALE, "nor what is not there");
	buf_release(&err);
}

int
nni_main(int argc, char **argv)
{
	struct file_info info;
	char id[33];

	(void)argc;
	(void)argv;
	experiment_id_new(id);
	buf_setf(&top, "%s/nni-workcopy-%s", sys_temp(), id);
	dir_make(top.data, 0700, NULL);
	if (geteuid() == 0 && (chown(top.data, 65534, 65534) != 0 ||
				  setgid(65534) != 0 || setuid(65534) != 0))
		printf("# as root\n");
	if (file_info(path("."), true, &info) == -1 || info.type != FILE_DIR) {
		skip("another user cannot come here", "working copies");
		return done_testing();
	}
	test_incoming();
	test_copies();
	test_pruning();
	test_links();
	test_stale();
	dir_remove_tree(top.data, NULL);
	buf_release(&top);
	return done_testing();
}
