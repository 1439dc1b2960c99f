/*
 * delivery.h: archives as a real tar unpacks them, slices of them, and code
 * that is unpacked here.
 */
#include <minizip/zip.h>
#include <stdlib.h>

#include "base64.h"
#include "delivery.h"
#include "os/file.h"
#include "os/process.h"
#include "os/sys.h"
#include "tap.h"

#define LONG_NAME                                                              \
	"n0123456789012345678901234567890123456789012345678901234567890123456" \
	"789"
#define DEEP LONG_NAME "/" LONG_NAME "/" LONG_NAME "/" LONG_NAME

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

static const struct entry {
	const char *path, *text;
	uint32_t mode;
} code[] = {
    {"a file.txt", "with blanks\n", 0100644},
    {"\xc3\xbc/\xe6\x97\xa5\xe6\x9c\xac.txt", "letters\n", 0100644},
    {"empty", "", 0100644},
    {"none/", "", 0040755},
    {"run.sh", "#!/bin/sh\n", 0100755},
    {"link", "a file.txt", 0120777},
    {LONG_NAME "f/" LONG_NAME, "a path that has to be cut\n", 0100644},
    {LONG_NAME LONG_NAME "x", "a name that does not fit\n", 0100755},
    {DEEP, "a path that does not fit\n", 0100644},
    {DEEP ".d/", "", 0040755},
    {NULL, NULL, 0},
};

static void
make_zip(const char *name, const struct entry *e)
{
	zipFile z = zipOpen64(path(name), APPEND_STATUS_CREATE);
	zip_fileinfo info;

	for (; e->path; e++) {
		memset(&info, 0, sizeof(info));
		info.external_fa = (uLong)e->mode << 16;
		zipOpenNewFileInZip4_64(z, e->path, &info, NULL, 0, NULL, 0,
		    NULL, Z_DEFLATED, 6, 0, -MAX_WBITS, DEF_MEM_LEVEL,
		    Z_DEFAULT_STRATEGY, NULL, 0, 3 << 8 | 20, 1 << 11, 0);
		zipWriteInFileInZip(z, e->text, (unsigned)strlen(e->text));
		zipCloseFileInZip(z);
	}
	zipClose(z, NULL);
}

/* An experiment with that code. */
static struct delivery *
experiment(const char *name, const struct entry *e)
{
	struct buf file = BUF_INIT;
	struct delivery *d;

	dir_make(path(name), 0700, NULL);
	buf_setf(&file, "%s/config.json", name);
	file_replace(path(file.data), "{}", 2, 0600, false, NULL);
	buf_setf(&file, "%s/code.zip", name);
	make_zip(file.data, e);
	d = delivery_new(path(name));
	buf_release(&file);
	return d;
}

/* The file that was made, of an experiment for which only one was. */
static const char *
made(const char *name)
{
	static struct buf at = BUF_INIT;
	char **names;
	size_t count;

	buf_setf(&at, "%s/platforms", path(name));
	if (dir_list(at.data, &names, NULL, &count, NULL) == -1 || count != 1)
		return "not one file";
	buf_addf(&at, "/%s", names[0]);
	dir_list_free(names, NULL, count);
	return at.data;
}

static bool
tar(const char *how, const char *file, const char *dir)
{
	char *argv[] = {
	    "tar", (char *)how, (char *)file, "-C", (char *)dir, NULL};
	struct proc_spec spec = {.argv = argv};
	struct buf out = BUF_INIT;
	struct proc_end end = {true, 0};

	spec.in.io = PROC_NULL;
	if (proc_run(&spec, &out, 60000, &end, &out) == -1)
		fprintf(stderr, "# %s\n", out.data);
	buf_release(&out);
	return !end.signaled && end.code == 0;
}

/* Is all of `code` in that directory? */
static bool
is_all_in(const char *dir)
{
	struct buf at = BUF_INIT, text = BUF_INIT;
	struct file_info info;
	const struct entry *e;
	bool good = true;

	for (e = code; e->path && good; e++) {
		buf_setf(&at, "%s/%s", path(dir), e->path);
		if (at.data[at.len - 1] == '/')
			buf_cut(&at, at.len - 1);
		buf_clear(&text);
		good = file_info(at.data, false, &info) == 0;
		if (e->mode >> 12 == 012)
			good &= link_read(at.data, &text, NULL) == 0;
		else if (e->mode >> 12 == 010)
			good &= file_read_all(at.data, &text, NULL) == 0;
		else
			good &= info.type == FILE_DIR;
		good &= strcmp(text.data, e->text) == 0;
		if (info.type != FILE_LINK)
			good &= info.mode == (e->mode & 0777);
		if (!good)
			fprintf(stderr, "# %s: %s\n", at.data, text.data);
	}
	buf_release(&at);
	buf_release(&text);
	return good;
}

static void
test_code(void)
{
	struct delivery *d = experiment("e1", code);
	struct buf digest = BUF_INIT, again = BUF_INIT, err = BUF_INIT;
	int64_t bytes = 0;
	struct file_info info;

	ok(delivery_prepare(d, "code.tgz", &bytes, &digest, &err) == 0 &&
		digest.len == 64,
	    "code becomes a tar archive");
	ok(file_info(made("e1"), false, &info) == 0 && info.size == bytes,
	    "of which there is one, of that size");
	dir_make(path("out"), 0700, NULL);
	ok(tar("-xzf", made("e1"), path("out")) && is_all_in("out"),
	    "tar has all of it: long names, letters, modes, links");
	delivery_free(d);

	file_chmod(made("e1"), 0400, NULL);
	d = delivery_new(path("e1"));
	ok(delivery_prepare(d, "code.tgz", NULL, &again, &err) == 0 &&
		file_info(made("e1"), false, &info) == 0 && info.mode == 0400,
	    "another program finds it made");
	is_str(again.data, digest.data, "and its digest is the same");
	delivery_free(d);

	file_remove(made("e1"), NULL);
	d = delivery_new(path("e1"));
	delivery_prepare(d, "code.tgz", NULL, &again, &err);
	is_str(again.data, digest.data, "the same again when it is made anew");
	is_int(delivery_prepare(d, "data.tgz", NULL, &again, &err), -1,
	    "nothing else is made");
	is_str(err.data,
	    "there is no 'data.tgz', only code.tgz, tools.tgz and python.tgz",
	    "and what there is is said");
	delivery_free(d);
	buf_release(&digest);
	buf_release(&again);
	buf_release(&err);
}

static int
part(struct delivery *d, const char *json, struct buf *out, struct buf *err)
{
	buf_clear(err);
	return delivery_part(d, (struct json){json, strlen(json)}, out, err);
}

static void
test_parts(void)
{
	struct delivery *d = delivery_new(path("e1"));
	struct buf out = BUF_INIT, err = BUF_INIT, whole = BUF_INIT;
	struct buf text = BUF_INIT;

	delivery_prepare(d, "code.tgz", NULL, NULL, NULL);
	file_read_all(made("e1"), &whole, NULL);
	part(d, "\"<\\u0061>\"", &out, &err);
	is_str(out.data, "<a>", "a part that is text");
	buf_clear(&out);
	part(d, "{\"file\":\"code.tgz\",\"at\":0,\"length\":100}", &out, &err);
	part(d, "{\"file\":\"code.tgz\",\"at\":100,\"length\":1000000}", &out,
	    &err);
	ok(out.len == whole.len && memcmp(out.data, whole.data, out.len) == 0,
	    "slices are the file, and the last one ends with it");
	buf_clear(&out);
	part(d, "{\"file\":\"code.tgz\",\"encoding\":\"base64\",\"at\":3}",
	    &out, &err);
	ok(base64_decode(&text, out.data, out.len) == 0 &&
		text.len == whole.len - 3 &&
		memcmp(text.data, whole.data + 3, text.len) == 0,
	    "a slice in base64");
	is_int(part(d, "{\"file\":\"code.tgz\",\"at\":1000000}", &out, &err),
	    -1, "none that begins behind the end");
	is_int(part(d, "{\"file\":\"../config.json\"}", &out, &err), -1,
	    "none of another file");
	is_int(part(d, "{\"file\":\"code.tgz\",\"length\":-1}", &out, &err), -1,
	    "none of a negative length");
	is_int(part(d, "7", &out, &err), -1, "and a number is none");
	delivery_free(d);
	buf_release(&out);
	buf_release(&err);
	buf_release(&whole);
	buf_release(&text);
}

static void
test_unpack(void)
{
	static const struct entry leaves[] = {
	    {"a", "1", 0100644}, {"../b", "2", 0100644}, {NULL, NULL, 0}};
	static const struct entry through[] = {
	    {"l", "..", 0120777}, {"l/b", "2", 0100644}, {NULL, NULL, 0}};
	static const struct entry none[] = {{NULL, NULL, 0}};
	struct delivery *d = delivery_new(path("e1"));
	struct buf err = BUF_INIT;
	struct file_info info;

	dir_make(path("share"), 0700, NULL);
	ok(delivery_unpack(d, "code", path("share/x/code"), &err) == 0 &&
		is_all_in("share/x/code"),
	    "code is unpacked here");
	file_remove(path("share/x/code/empty"), NULL);
	ok(delivery_unpack(d, "code", path("share/x/code"), &err) == 0 &&
		file_info(path("share/x/code/empty"), false, &info) == 0 &&
		info.type == FILE_ABSENT,
	    "once");
	ok(delivery_unpack(d, "code.tgz", path("share/x/tgz"), &err) == 0 &&
		dir_make(path("out5"), 0700, NULL) == 0 &&
		tar("-xzf", path("share/x/tgz/0.part"), path("out5")) &&
		is_all_in("out5"),
	    "or put here as an archive");
	delivery_free(d);
	d = experiment("e2", leaves);
	is_int(delivery_unpack(d, "code", path("share/y"), &err), -1,
	    "a name that leaves the directory is refused");
	is_str(err.data,
	    "'../b' in the archive of the code leaves its directory",
	    "with the name");
	delivery_free(d);
	d = experiment("e3", through);
	is_int(delivery_unpack(d, "code", path("share/y"), &err), -1,
	    "and one behind a link");
	delivery_free(d);
	ok(file_info(path("share/b"), false, &info) == 0 &&
		info.type == FILE_ABSENT &&
		file_info(path("share/y"), false, &info) == 0 &&
		info.type == FILE_ABSENT,
	    "nothing is left of them");
	d = experiment("e4", none);
	dir_make(path("out4"), 0700, NULL);
	ok(delivery_prepare(d, "code.tgz", NULL, NULL, &err) == 0 &&
		tar("-xzf", made("e4"), path("out4")) &&
		delivery_unpack(d, "code", path("share/z"), &err) == 0,
	    "no files are an archive, too");
	delivery_free(d);
	buf_release(&err);
}

static void
test_damage(void)
{
	struct delivery *d = experiment("e5", code);
	struct buf text = BUF_INIT, err = BUF_INIT;
	char **names;
	size_t count = 1;

	file_read_all(path("e5/code.zip"), &text, NULL);
	memset(text.data + 30, 0, 60);
	file_replace(
	    path("e5/code.zip"), text.data, text.len, 0600, false, NULL);
	is_int(delivery_prepare(d, "code.tgz", NULL, NULL, &err), -1,
	    "a damaged archive is told");
	ok(strstr(err.data, "is damaged") != NULL, "in words");
	dir_list(path("e5/platforms"), &names, NULL, &count, NULL);
	is_int((int64_t)count, 0, "and nothing half made is left");
	dir_list_free(names, NULL, count);
	delivery_free(d);
	buf_release(&text);
	buf_release(&err);
}

int
nni_main(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	buf_setf(
	    &top, "%s/delivery-%lld", sys_temp(), (long long)proc_self_pid());
	dir_make(top.data, 0700, NULL);
	test_code();
	test_parts();
	test_unpack();
	test_damage();
	dir_remove_tree(top.data, NULL);
	buf_release(&top);
	return done_testing();
}
