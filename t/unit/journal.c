/* journal.c and expdir.c, on real files. */
#include "expdir.h"
#include "journal.h"
#include "os/process.h"
#include "os/sys.h"
#include "tap.h"

static int
gather(void *arg, const char *line, size_t len, int64_t offset)
{
	struct buf *b = arg;

	buf_addf(b, "%d:%.*s;", (int)offset, (int)len, line);
	return 0;
}

static void
put(const char *path, const char *text)
{
	file_replace(path, text, strlen(text), 0600, false, NULL);
}

static void
test_torn(const char *path)
{
	struct journal j = JOURNAL_INIT;
	struct buf text = BUF_INIT, err = BUF_INIT;
	int64_t torn = 0, offset = 0;

	put(path, "{\"a\":1}\n{\"b\"");
	ok(!journal_open(&j, path, false, &torn, &err), "opens");
	is_int(torn, 4, "a torn line is cut");
	journal_add(&j, "{\"c\":3}", 7);
	journal_add(&j, "{\"d\":4}\n", 8);
	ok(!journal_commit(&j, &err), "commits");
	journal_close(&j);
	ok(!journal_read(path, &offset, gather, &text, &err), "reads");
	is_str(text.data, "0:{\"a\":1};8:{\"c\":3};16:{\"d\":4};",
	    "whole lines with their offsets");
	put(path, "x\nhalf");
	ok(!journal_append_line(path, "y", 1, &err), "appends to a shared one");
	buf_clear(&text);
	offset = 2;
	journal_read(path, &offset, gather, &text, &err);
	is_str(text.data, "2:half;7:y;", "there a torn line is ended, not cut");
	buf_release(&text);
	buf_release(&err);
}

static void
test_every_cut(const char *path)
{
	static const char whole[] = "{\"a\":1}\n{\"b\":2}\n{\"c\":3}\n";
	struct journal j = JOURNAL_INIT;
	struct buf text = BUF_INIT;
	size_t n;
	int wrong = 0;

	for (n = 0; n <= strlen(whole); n++) {
		file_replace(path, whole, n, 0600, false, NULL);
		if (journal_open(&j, path, false, NULL, NULL) == -1)
			wrong++;
		journal_close(&j);
		buf_clear(&text);
		file_read_all(path, &text, NULL);
		wrong +=
		    text.len != n / 8 * 8 || memcmp(text.data, whole, text.len);
	}
	is_int(wrong, 0, "cut at every byte, whole lines stay");
	buf_release(&text);
}

static void
test_expdir(const char *base)
{
	struct buf dir = BUF_INIT, err = BUF_INIT, found = BUF_INIT;
	struct json config = {"{\"seed\":7}", 10};

	is_int(expdir_create(base, "night1", config, &dir, &err), 0,
	    "makes an experiment");
	is_str(expdir_id(dir.data), "night1", "its id is the last part");
	is_int(expdir_create(base, "night1", config, &found, &err), 1,
	    "the same again is told apart");
	is_int(expdir_find("nig", base, &found, &err), 0, "finds by prefix");
	is_str(found.data, dir.data, "the same directory");
	path_add(&dir, "trials");
	is_int(expdir_find(dir.data, NULL, &found, &err), 0,
	    "finds by a path inside");
	is_int(expdir_find("nothing", base, &found, &err), -1,
	    "what is not there is not found");
	buf_release(&dir);
	buf_release(&err);
	buf_release(&found);
}

int
nni_main(int argc, char **argv)
{
	struct buf dir = BUF_INIT, path = BUF_INIT;

	(void)argc, (void)argv;
	buf_addf(&dir, "%s/nni-unit-%d", sys_temp(), (int)proc_self_pid());
	dir_make(dir.data, 0700, NULL);
	expdir_path(&path, dir.data, "j");
	test_torn(path.data);
	test_every_cut(path.data);
	test_expdir(dir.data);
	dir_remove_tree(dir.data, NULL);
	buf_release(&dir);
	buf_release(&path);
	return done_testing();
}
