/*
 * Files of an attempt on their way here.
 *
 * A file that is not here yet is written where it belongs, and grows; so is one
 * whose beginning is what is here already.  Any other is written beside and
 * renamed when it is whole.  Its time is set last: until then it is one that
 * has to be asked for again.
 */
#include "arrival.h"

#include <stdlib.h>
#include <string.h>

#include "base64.h"
#include "expdir.h"
#include "mem.h"
#include "names.h"
#include "os/file.h"
#include "record.h"
#include "sha256.h"

/* So many are asked for at a time. */
enum { ASKED_MAX = 32 };
/* So many files one attempt may name. */
enum { FILES_MAX = 100000 };
/* What has to be left on the disk, for the journal and the others. */
#define RESERVE ((int64_t)64 << 20)
#define CHUNK ((size_t)64 << 10)
#define ERROR_MAX ((size_t)1000)

/* A file that is new, or another than the one here. */
struct incoming {
	struct incoming *next;
	char *path;
	uint32_t mode;
	bool asked;
	bool failed; /* the rest of it is passed over */
	bool beside; /* it is written there */
	os_file file;
	int64_t have; /* bytes here, when it was asked for */
	int64_t at, size;
};

struct arrival {
	struct attempt a;
	char *dir;
	char *part; /* what is not whole is written there */
	struct incoming *first, **last;
	size_t named, asked;
	bool listed;
	int64_t files, bytes;
	struct buf error, data;
};

static void
note_error(struct arrival *v, const char *why)
{
	size_t len = strlen(why);

	if (v->error.len == 0)
		buf_add(&v->error, why, len < ERROR_MAX ? len : ERROR_MAX);
}

/* ---- what is here ---- */

/* On Windows \ is taken for / and devices are in every directory. */
static bool
on_windows(void)
{
	return *path_list_separator() == ';';
}

/* Names that are ours: what this program and nni-watch keep there. */
static bool
is_ours(const char *path)
{
	char first[8] = "";
	size_t len = strcspn(path, "/");

	if (len >= sizeof(first))
		return false;
	memcpy(first, path, len);
	return name_compare_folded(first, ".nni") == 0 ||
	       name_compare_folded(first, "intent") == 0;
}

/* The digest of a file of ours, of its first `size` bytes. 0 or -1. */
static int
digest_of(const char *path, int64_t size, char hex[SHA256_HEX + 1])
{
	static char chunk[CHUNK];
	os_file f =
	    file_open(path, FILE_READ | FILE_NOFOLLOW | FILE_ORDINARY, 0, NULL);
	struct sha256 hash;
	int64_t at = 0, n = 1;

	if (f == OS_NO_FILE)
		return -1;
	sha256_init(&hash);
	while (at < size && n > 0) {
		n = size - at < (int64_t)CHUNK ? size - at : (int64_t)CHUNK;
		n = file_read_at(f, chunk, (size_t)n, at);
		if (n > 0) {
			sha256_update(&hash, chunk, (size_t)n);
			at += n;
		}
	}
	file_close(f);
	sha256_final_hex(&hash, hex);
	return at == size ? 0 : -1;
}

/* The directories above it, none of which may be a link. */
static int
make_parents(const char *dir, const char *path, struct buf *err)
{
	struct buf at = BUF_INIT;
	struct file_info info;
	const char *slash = path;
	int r = 0;

	while (r == 0 && (slash = strchr(slash, '/')) != NULL) {
		buf_setf(&at, "%s/%.*s", dir, (int)(slash - path), path);
		if (file_info(at.data, false, &info) == -1)
			r = buf_err(err, "cannot look at '%s': %s", at.data,
			    os_strerror());
		else if (info.type == FILE_ABSENT)
			r = dir_make(at.data, 0700, err);
		else if (info.type != FILE_DIR)
			r = buf_err(err, "'%s' is no directory", at.data);
		slash++;
	}
	buf_release(&at);
	return r;
}

/* ---- asking ---- */

static void
ask(struct arrival *v, struct incoming *f, struct buf *out)
{
	char hex[SHA256_HEX + 1];
	struct file_info info;
	struct buf path = BUF_INIT;

	expdir_path(&path, v->dir, f->path);
	if (file_info(path.data, false, &info) == 0 &&
	    info.type == FILE_REGULAR)
		f->have = info.size;
	record_begin_trial(out, "want", v->a.trial, v->a.number);
	json_member_str(out, "path", f->path);
	if (f->have > 0 && digest_of(path.data, f->have, hex) == 0) {
		json_member_int(out, "have", f->have);
		json_member_str(out, "digest", hex);
	}
	record_end(out);
	f->asked = true;
	v->asked++;
	buf_release(&path);
}

static void
ask_on(struct arrival *v, struct buf *out)
{
	struct incoming *f;

	for (f = v->first; f != NULL && v->asked < ASKED_MAX; f = f->next)
		if (!f->asked)
			ask(v, f, out);
}

/* Is it here as it is there? */
static bool
is_here(const struct arrival *v, const char *path, int64_t size, int64_t mtime)
{
	struct file_info info;
	struct buf full = BUF_INIT;
	bool here;

	expdir_path(&full, v->dir, path);
	here = file_info(full.data, false, &info) == 0 &&
	       info.type == FILE_REGULAR && info.size == size &&
	       info.mtime_ms == mtime;
	buf_release(&full);
	return here;
}

static void
note_path(struct arrival *v, const char *path, const char *fault)
{
	struct buf why = BUF_INIT;

	buf_addf(&why, "a file was left out, as its name '%s' %s", path, fault);
	note_error(v, why.data);
	buf_release(&why);
}

static void
take_file(struct arrival *v, const struct record *r, struct buf *out)
{
	char *path = json_strdup(record_get(r, "path"));
	int64_t size = -1, mtime = -1, mode = 0600;
	const char *fault = NULL;
	struct incoming *f;

	json_int(record_get(r, "size"), &size);
	json_int(record_get(r, "mtime"), &mtime);
	json_int(record_get(r, "mode"), &mode);
	if (path != NULL)
		fault = name_path_fault(path, on_windows());
	if (v->named++ >= FILES_MAX)
		note_error(v, "it has too many files");
	else if (fault != NULL)
		note_path(v, path, fault);
	else if (path != NULL && !is_ours(path) &&
		 !is_here(v, path, size, mtime)) {
		f = xcalloc(1, sizeof(*f));
		f->path = path;
		f->mode = ((uint32_t)mode & 0755) | 0600;
		f->file = OS_NO_FILE;
		*v->last = f;
		v->last = &f->next;
		path = NULL;
		ask_on(v, out);
	}
	free(path);
}

/* ---- what comes ---- */

/* As much as the rest of it needs, and then some. */
static int
check_room(const struct arrival *v, const struct incoming *f, struct buf *err)
{
	int64_t room, needed = f->size - f->at;

	if (disk_free(v->dir, &room, NULL) == -1 || room - RESERVE >= needed)
		return 0;
	return buf_err(err,
	    "no room for '%s' in '%s': it needs %lld MB more, and %lld are "
	    "left; remove something there, then ask again",
	    f->path, v->dir, (long long)(needed >> 20),
	    (long long)(room >> 20));
}

static int
open_file(struct arrival *v, struct incoming *f, struct buf *err)
{
	struct buf path = BUF_INIT;
	struct file_info info;
	int flags = FILE_WRITE | FILE_NOFOLLOW | FILE_ORDINARY;
	int r = check_room(v, f, err);

	expdir_path(&path, v->dir, f->path);
	if (r == 0)
		r = make_parents(v->dir, f->path, err);
	if (r == 0 && file_info(path.data, false, &info) == -1)
		r = buf_err(
		    err, "cannot look at '%s': %s", path.data, os_strerror());
	if (r == 0) {
		/* Another than ours, or no file at all. */
		f->beside = f->at == 0 && info.type != FILE_ABSENT &&
			    !(info.type == FILE_REGULAR && info.size == 0);
		if (f->beside)
			buf_set(&path, v->part);
		if (f->beside)
			r = file_remove(path.data, err);
	}
	if (r == 0) {
		if (f->at == 0)
			flags |= FILE_CREATE;
		f->file = file_open(path.data, flags, (int)f->mode, err);
		r = f->file == OS_NO_FILE ? -1 : 0;
	}
	buf_release(&path);
	return r;
}

/* What is there of it is given up, with the room that it took. */
static void
abandon(struct arrival *v, struct incoming *f)
{
	struct buf path = BUF_INIT;

	if (f->file == OS_NO_FILE)
		return;
	expdir_path(&path, v->dir, f->path);
	if (!f->beside && f->have > 0)
		file_truncate(f->file, f->have);
	file_close(f->file);
	f->file = OS_NO_FILE;
	if (f->beside || f->have == 0)
		file_remove(f->beside ? v->part : path.data, NULL);
	buf_release(&path);
}

static void
fail(struct arrival *v, struct incoming *f, const char *why)
{
	note_error(v, why);
	abandon(v, f);
	f->failed = true;
}

static int
close_file(struct arrival *v, struct incoming *f, const struct record *r,
    struct buf *err)
{
	struct buf path = BUF_INIT;
	int64_t mtime;
	int rc = 0;

	if (json_int(record_get(r, "mtime"), &mtime) == 0)
		file_set_mtime(f->file, mtime);
	file_close(f->file);
	f->file = OS_NO_FILE;
	expdir_path(&path, v->dir, f->path);
	if (f->beside)
		rc = file_rename(v->part, path.data, err);
	if (rc == -1)
		file_remove(v->part, NULL);
	else if (f->beside || f->have == 0 || f->size > f->have)
		v->files++;
	buf_release(&path);
	return rc;
}

/* A piece of the file that was asked for first. */
static int
take_piece(struct arrival *v, struct incoming *f, const struct record *r,
    struct buf *err)
{
	char *text = json_strdup(record_get(r, "data"));
	int64_t at = -1, size = -1;
	int rc = 0;

	json_int(r->at, &at);
	json_int(record_get(r, "size"), &size);
	buf_clear(&v->data);
	if (f->file == OS_NO_FILE) {
		f->at = at;
		f->size = size;
	}
	if (text == NULL || base64_decode(&v->data, text, strlen(text)) == -1 ||
	    at < 0 || at != f->at || size != f->size ||
	    (int64_t)v->data.len > f->size - f->at ||
	    (f->file == OS_NO_FILE && at != 0 && at != f->have))
		rc = buf_err(err, "what came of '%s' makes no sense", f->path);
	free(text);
	if (rc == 0 && f->file == OS_NO_FILE)
		rc = open_file(v, f, err);
	if (rc == 0 &&
	    file_write_at(f->file, v->data.data, v->data.len, f->at) == -1)
		rc = buf_err(err, "cannot write '%s' in '%s': %s", f->path,
		    v->dir, os_strerror());
	if (rc == 0) {
		f->at += (int64_t)v->data.len;
		v->bytes += (int64_t)v->data.len;
	}
	return rc;
}

static void
pop(struct arrival *v)
{
	struct incoming *f = v->first;

	v->first = f->next;
	if (v->first == NULL)
		v->last = &v->first;
	if (f->asked)
		v->asked--;
	free(f->path);
	free(f);
}

static void
take_data(struct arrival *v, const struct record *r, struct buf *out)
{
	struct incoming *f = v->first;
	char *error = json_strdup(record_get(r, "error"));
	char *path = json_strdup(record_get(r, "path"));
	struct buf err = BUF_INIT, why = BUF_INIT;
	bool more = json_bool(record_get(r, "more"), false);
	int rc = 0;

	if (f == NULL || !f->asked || path == NULL ||
	    strcmp(path, f->path) != 0) {
		note_error(v, "something came that was not asked for");
		goto out;
	}
	if (error != NULL) {
		buf_addf(&why, "'%s': %s", f->path, error);
		fail(v, f, why.data);
	} else if (json_bool(record_get(r, "gone"), false)) {
		abandon(v, f);
	} else if (!f->failed) {
		rc = take_piece(v, f, r, &err);
		if (rc == 0 && !more)
			rc = f->at == f->size
				 ? close_file(v, f, r, &err)
				 : buf_err(&err, "'%s' did not come whole",
				       f->path);
		if (rc == -1)
			fail(v, f, err.data);
	}
	if (!more) {
		pop(v);
		ask_on(v, out);
	}
out:
	free(error);
	free(path);
	buf_release(&err);
	buf_release(&why);
}

/* ---- all of them ---- */

void
arrival_take(struct arrival *v, const struct record *r, struct buf *out)
{
	char *error;

	if (record_is(r->type_text, "file")) {
		take_file(v, r, out);
	} else if (record_is(r->type_text, "data")) {
		take_data(v, r, out);
	} else if (record_is(r->type_text, "listed")) {
		v->listed = true;
		error = json_strdup(record_get(r, "error"));
		if (error != NULL)
			note_error(v, error);
		free(error);
	}
}

bool
arrival_done(const struct arrival *v)
{
	return v->listed && v->first == NULL;
}

int64_t
arrival_files(const struct arrival *v)
{
	return v->files;
}

int64_t
arrival_bytes(const struct arrival *v)
{
	return v->bytes;
}

const char *
arrival_error(const struct arrival *v)
{
	return v->error.len > 0 ? v->error.data : NULL;
}

/* What is written where it belongs can be gone on with. */
void
arrival_begin(struct arrival *v)
{
	while (v->first != NULL) {
		if (v->first->beside)
			abandon(v, v->first);
		else if (v->first->file != OS_NO_FILE)
			file_close(v->first->file);
		pop(v);
	}
	v->named = 0;
	v->listed = false;
	buf_clear(&v->error);
}

struct arrival *
arrival_new(const struct attempt *a, const char *dir)
{
	struct arrival *v = xcalloc(1, sizeof(*v));
	struct buf part = BUF_INIT;

	v->a = *a;
	v->dir = xstrdup(dir);
	expdir_path(&part, dir, ".nni/part");
	v->part = buf_detach(&part);
	v->last = &v->first;
	buf_init(&v->error, BUF_MAX_DEFAULT);
	buf_init(&v->data, (size_t)1 << 20);
	return v;
}

void
arrival_free(struct arrival *v)
{
	if (v == NULL)
		return;
	arrival_begin(v);
	free(v->dir);
	free(v->part);
	buf_release(&v->error);
	buf_release(&v->data);
	free(v);
}
