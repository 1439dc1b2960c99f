/* Code and tools for workers, made once and kept by what they are made of. */
#include "delivery.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "archive.h"
#include "base64.h"
#include "expdir.h"
#include "mem.h"
#include "os/file.h"
#include "os/sys.h"
#include "record.h"
#include "tgz.h"
#include "toolfiles.h"
#include "unpack.h"

#define BLOCK ((size_t)64 << 10)
#define LINK_MAX_LEN 4096
#define DIGITS 16 /* of a digest, in the names of files */

struct made {
	char *path; /* NULL: not yet */
	char digest[SHA256_HEX + 1];
	int64_t bytes;
};

enum { CODE, TOOLS, PYTHON, KINDS };
static const char *const kinds[KINDS] = {"code", "tools", "python"};

struct delivery {
	char *dir;
	struct made made[KINDS];
};

struct delivery *
delivery_new(const char *dir)
{
	struct delivery *d = xcalloc(1, sizeof(*d));

	d->dir = xstrdup(dir);
	return d;
}

void
delivery_free(struct delivery *d)
{
	int i;

	if (!d)
		return;
	for (i = 0; i < KINDS; i++)
		free(d->made[i].path);
	free(d->dir);
	free(d);
}

/* "code" or "code.tgz", by `end`. */
static int
kind_of(const char *what, const char *end, struct buf *err)
{
	size_t n;
	int i;

	for (i = 0; i < KINDS; i++) {
		n = strlen(kinds[i]);
		if (strncmp(what, kinds[i], n) == 0 &&
		    strcmp(what + n, end) == 0)
			return i;
	}
	return buf_err(err,
	    "there is no '%s', only code%s, tools%s and python%s", what, end,
	    end, end);
}

/* ---- what they are made of ---- */

/* Processors for which there are programs, as uname has them. */
static const char *const processors[] = {"x86_64", "aarch64"};

static void
add_programs(struct toolfiles *t)
{
	struct buf path = BUF_INIT, name = BUF_INIT;
	struct file_info info;
	size_t i, len;

	if (agents_dir(&path, NULL) == 0) {
		len = path.len;
		for (i = 0; i < sizeof(processors) / sizeof(*processors); i++) {
			buf_cut(&path, len);
			buf_addf(&path, "/nni-trial-linux-%s", processors[i]);
			buf_setf(
			    &name, "bin/linux-%s/nni-trial", processors[i]);
			if (file_info(path.data, true, &info) == 0 &&
			    info.type == FILE_REGULAR)
				toolfiles_add(t, name.data, path.data);
		}
	}
	buf_release(&path);
	buf_release(&name);
}

static void
find_tools(struct toolfiles *t, int kind)
{
	if (kind == TOOLS)
		add_programs(t);
	toolfiles_add_python(t, "python");
}

/* 0, or -1 with err. */
static int
add_contents(
    struct sha256 *sum, int64_t *bytes, const char *path, struct buf *err)
{
	os_file f = file_open(path, FILE_READ | FILE_ORDINARY, 0, err);
	char *block;
	int64_t n;

	if (f == OS_NO_FILE)
		return -1;
	block = xmalloc(BLOCK);
	while ((n = file_read(f, block, BLOCK)) > 0) {
		sha256_update(sum, block, (size_t)n);
		*bytes += n;
	}
	if (n == -1)
		buf_err(err, "cannot read '%s': %s", path, os_strerror());
	file_close(f);
	free(block);
	return (int)n;
}

static int
source_digest(const struct delivery *d, int kind, struct toolfiles *tools,
    char hex[SHA256_HEX + 1], struct buf *err)
{
	struct buf path = BUF_INIT;
	struct sha256 sum;
	int64_t bytes = 0;
	size_t i;
	int r = 0;

	sha256_init(&sum);
	if (kind == CODE) {
		expdir_path(&path, d->dir, "code.zip");
		r = add_contents(&sum, &bytes, path.data, err);
	}
	for (i = 0; i < tools->count && r == 0; i++) {
		sha256_update(
		    &sum, tools->names[i], strlen(tools->names[i]) + 1);
		r = add_contents(&sum, &bytes, tools->files[i], err);
	}
	sha256_final_hex(&sum, hex);
	buf_release(&path);
	return r;
}

/* ---- making ---- */

static int
add_file(struct tgz *t, const char *name, const char *path, struct buf *err)
{
	os_file f = file_open(path, FILE_READ | FILE_ORDINARY, 0, err);
	struct file_info info;
	char *block;
	int64_t n = -1;

	if (f == OS_NO_FILE)
		return -1;
	block = xmalloc(BLOCK);
	if (file_info_of(f, &info) == 0) {
		tgz_entry(t, name, info.mode & 0100 ? TGZ_PROGRAM : TGZ_FILE,
		    NULL, info.size);
		while ((n = file_read(f, block, BLOCK)) > 0)
			tgz_data(t, block, (size_t)n);
	}
	if (n == -1)
		buf_err(err, "cannot read '%s': %s", path, os_strerror());
	file_close(f);
	free(block);
	return (int)n;
}

static int
add_link(struct tgz *t, struct archive *a, const char *path, struct buf *err)
{
	char target[LINK_MAX_LEN + 1];
	size_t len = 0;
	int64_t n;

	while (len < LINK_MAX_LEN && (n = archive_read(a, target + len,
					  LINK_MAX_LEN - len, err)) != 0) {
		if (n == -1)
			return -1;
		len += (size_t)n;
	}
	target[len] = '\0';
	tgz_entry(t, path, TGZ_LINK, target, 0);
	return 0;
}

static int
add_entry(struct tgz *t, struct archive *a, const struct archive_entry *e,
    char *block, struct buf *err)
{
	size_t len = strlen(e->path);
	int64_t n;

	if (len > 0 && e->path[len - 1] == '/') {
		tgz_entry(t, e->path, TGZ_DIRECTORY, NULL, 0);
		return 0;
	}
	if (e->link)
		return add_link(t, a, e->path, err);
	tgz_entry(
	    t, e->path, e->mode & 0100 ? TGZ_PROGRAM : TGZ_FILE, NULL, e->size);
	while ((n = archive_read(a, block, BLOCK, err)) > 0)
		tgz_data(t, block, (size_t)n);
	return (int)n;
}

static int
add_code(struct tgz *t, const char *dir, struct buf *err)
{
	struct buf path = BUF_INIT;
	struct archive_entry e;
	struct archive *a;
	char *block = xmalloc(BLOCK);
	int r = -1;

	expdir_path(&path, dir, "code.zip");
	a = archive_open(path.data, err);
	if (a)
		while ((r = archive_next(a, &e, err)) == 1)
			if ((r = add_entry(t, a, &e, block, err)) == -1)
				break;
	archive_close(a);
	free(block);
	buf_release(&path);
	return r;
}

static int
write_tgz(const struct delivery *d, int kind, const struct toolfiles *tools,
    os_file f, struct made *m, struct buf *err)
{
	struct tgz *t = tgz_begin(f);
	size_t i;
	int r = 0;

	if (kind == CODE)
		r = add_code(t, d->dir, err);
	for (i = 0; i < tools->count && r == 0; i++)
		r = add_file(t, tools->names[i], tools->files[i], err);
	if (tgz_end(t, m->digest, &m->bytes, r == 0 ? err : NULL) == -1)
		r = -1;
	return r;
}

/* Beside, flushed, renamed. */
static int
make_tgz(const struct delivery *d, int kind, const struct toolfiles *tools,
    const char *path, struct made *m, struct buf *err)
{
	struct buf temp = BUF_INIT, why = BUF_INIT;
	uint64_t chance = 0;
	os_file f;
	int r;

	random_bytes(&chance, sizeof(chance));
	buf_setf(&temp, "%s.%016" PRIx64, path, chance);
	f = file_open(
	    temp.data, FILE_WRITE | FILE_CREATE | FILE_EXCL, 0600, err);
	if (f == OS_NO_FILE) {
		buf_release(&temp);
		return -1;
	}
	r = write_tgz(d, kind, tools, f, m, &why);
	if (r == 0 && file_sync(f) == -1)
		r = buf_err(&why, "cannot write: %s", os_strerror());
	if (r == -1)
		buf_err(err, "cannot make '%s': %s", path, why.data);
	file_close(f);
	if (r == 0)
		r = file_rename(temp.data, path, err);
	if (r == -1)
		file_remove(temp.data, NULL);
	buf_release(&temp);
	buf_release(&why);
	return r;
}

/* One that is there needs but its own digest. */
static int
read_tgz(const char *path, struct made *m, struct buf *err)
{
	struct sha256 sum;
	int r;

	m->bytes = 0;
	sha256_init(&sum);
	r = add_contents(&sum, &m->bytes, path, err);
	sha256_final_hex(&sum, m->digest);
	return r;
}

static int
make(struct delivery *d, int kind, struct buf *err)
{
	struct toolfiles tools = TOOLFILES_INIT;
	struct buf path = BUF_INIT;
	struct file_info info;
	struct made *m = &d->made[kind];
	char hex[SHA256_HEX + 1];
	int r;

	if (m->path)
		return 0;
	if (kind != CODE)
		find_tools(&tools, kind);
	r = source_digest(d, kind, &tools, hex, err);
	if (r == 0) {
		buf_setf(&path, "%s/platforms", d->dir);
		r = expdir_is_there(d->dir)
			? dir_make_all(path.data, 0700, err)
			: buf_err(
			      err, "there is no experiment in '%s'", d->dir);
		buf_addf(&path, "/%s-%.*s.tgz", kinds[kind], DIGITS, hex);
	}
	if (r == 0 && file_info(path.data, false, &info) == 0 &&
	    info.type == FILE_REGULAR)
		r = read_tgz(path.data, m, err);
	else if (r == 0)
		r = make_tgz(d, kind, &tools, path.data, m, err);
	if (r == 0)
		m->path = buf_detach(&path);
	toolfiles_release(&tools);
	buf_release(&path);
	return r;
}

int
delivery_prepare(struct delivery *d, const char *what, int64_t *bytes,
    struct buf *digest, struct buf *err)
{
	int kind = kind_of(what, ".tgz", err);

	if (kind == -1 || make(d, kind, err) == -1)
		return -1;
	if (bytes)
		*bytes = d->made[kind].bytes;
	if (digest)
		buf_set(digest, d->made[kind].digest);
	return 0;
}

/* ---- parts ---- */

struct slice {
	int kind;
	int64_t at, length;
	bool base64;
};

static int
read_part(
    struct delivery *d, struct json part, struct slice *s, struct buf *err)
{
	struct json length = json_get(part, "length");
	struct json encoding = json_get(part, "encoding");
	char *file = json_strdup(json_get(part, "file"));

	if (!file)
		return buf_err(err, "a part is a text, or names a file");
	s->kind = kind_of(file, ".tgz", err);
	free(file);
	if (s->kind == -1 || make(d, s->kind, err) == -1)
		return -1;
	s->at = 0;
	if (json_get(part, "at").at &&
	    json_int(json_get(part, "at"), &s->at) == -1)
		s->at = -1;
	s->length = d->made[s->kind].bytes - s->at;
	if (s->at < 0 || s->length < 0)
		return buf_err(err, "a part begins outside of its file");
	if (length.at && json_type(length) != JSON_NULL) {
		int64_t n = -1;

		if (json_int(length, &n) == -1 || n < 0)
			return buf_err(err, "a part has no length like that");
		if (n < s->length)
			s->length = n;
	}
	s->base64 = record_is(encoding, "base64");
	if (encoding.at && !s->base64 && !record_is(encoding, "none"))
		return buf_err(
		    err, "the encoding of a part is 'base64' or 'none'");
	if (s->length > DELIVERY_PART_MAX)
		return buf_err(
		    err, "a part of %" PRId64 " bytes is too long", s->length);
	return 0;
}

/* `len` bytes, unless the file has become shorter. */
static int
read_slice(const char *path, int64_t at, char *to, size_t len, struct buf *err)
{
	os_file f = file_open(path, FILE_READ | FILE_ORDINARY, 0, err);
	size_t have = 0;
	int64_t n = 1;

	if (f == OS_NO_FILE)
		return -1;
	while (have < len && n > 0) {
		n = file_read_at(f, to + have, len - have, at + (int64_t)have);
		have += n > 0 ? (size_t)n : 0;
	}
	file_close(f);
	return have == len ? 0
			   : buf_err(err, "cannot read '%s': %s", path,
				 n == 0 ? "it became shorter" : os_strerror());
}

int
delivery_part(
    struct delivery *d, struct json part, struct buf *out, struct buf *err)
{
	struct slice s;
	char *bytes;
	int r;

	if (json_type(part) == JSON_STRING)
		return json_string(part, out) == 0
			   ? 0
			   : buf_err(err, "a part is too long");
	if (read_part(d, part, &s, err) == -1)
		return -1;
	bytes = xmalloc((size_t)s.length + 1);
	r = read_slice(
	    d->made[s.kind].path, s.at, bytes, (size_t)s.length, err);
	if (r == 0 && (s.base64 ? base64_encode(out, bytes, (size_t)s.length)
				: buf_add(out, bytes, (size_t)s.length)) == -1)
		r = buf_err(err, "a part is too long");
	free(bytes);
	return r;
}

/* ---- unpacking ---- */

static int
unpack_code(const struct delivery *d, const char *dir, struct buf *err)
{
	struct buf path = BUF_INIT;
	struct archive *a;
	int r = -1;

	expdir_path(&path, d->dir, "code.zip");
	a = archive_open(path.data, err);
	if (a)
		r = unpack_archive(a, dir, err);
	archive_close(a);
	buf_release(&path);
	return r;
}

static int
unpack_tools(int kind, const char *dir, struct buf *err)
{
	struct toolfiles tools = TOOLFILES_INIT;
	size_t i;
	int r = 0;

	find_tools(&tools, kind);
	for (i = 0; i < tools.count && r == 0; i++)
		r = unpack_file(tools.files[i], dir, tools.names[i], err);
	toolfiles_release(&tools);
	return r;
}

static bool
is_dir(const char *path)
{
	struct file_info info;

	return file_info(path, true, &info) == 0 && info.type == FILE_DIR;
}

/* The directories above it, for everybody to read. */
static int
make_above(const char *into, struct buf *err)
{
	struct buf path = BUF_INIT;
	const char *base = path_base(into);
	int r = 0;

	buf_add(&path, into, (size_t)(base - into));
	while (path.len > 1 && path.data[path.len - 1] == '/')
		buf_cut(&path, path.len - 1);
	if (path.len && !is_dir(path.data)) {
		r = make_above(path.data, err);
		if (r == 0 && dir_make(path.data, 0755, err) == -1)
			r = is_dir(path.data) ? 0 : -1;
		else if (r == 0)
			r = file_chmod(path.data, 0755, err);
	}
	buf_release(&path);
	return r;
}

int
delivery_unpack(
    struct delivery *d, const char *what, const char *into, struct buf *err)
{
	struct buf temp = BUF_INIT;
	uint64_t chance = 0;
	bool packed = strchr(what, '.') != NULL;
	int kind = kind_of(what, packed ? ".tgz" : "", err), r;

	if (kind == -1 || (packed && make(d, kind, err) == -1))
		return -1;
	if (is_dir(into))
		return 0;
	random_bytes(&chance, sizeof(chance));
	buf_setf(&temp, "%s.%016" PRIx64, into, chance);
	r = make_above(into, err);
	if (r == 0)
		r = dir_make(temp.data, 0755, err);
	if (r == 0) {
		r = file_chmod(temp.data, 0755, err);
		if (r == 0)
			r = packed ? unpack_file(d->made[kind].path, temp.data,
					 "0.part", err)
			    : kind == CODE ? unpack_code(d, temp.data, err)
					   : unpack_tools(kind, temp.data, err);
		if (r == 0 && file_rename(temp.data, into, NULL) == -1 &&
		    !is_dir(into)) /* somebody else was first */
			r = file_rename(temp.data, into, err);
		dir_remove_tree(temp.data, NULL);
	}
	buf_release(&temp);
	return r;
}
