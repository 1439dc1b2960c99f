/*
 * fetch: what trials wrote, for the other end of an ssh.
 *
 * A trial record is answered by a line for each file that may be wanted, then
 * `listed`.  Of those that are new to it, or another than it has, the other end
 * says `want`, from which byte on, and the digest of what it has up to there;
 * the bytes follow in lines of data.  Attempts take turns, so that a large file
 * of one holds no other up.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include "attempts.h"
#include "base64.h"
#include "expdir.h"
#include "filter.h"
#include "mem.h"
#include "names.h"
#include "say.h"
#include "sha256.h"
#include "trees.h"
#include "verbs.h"
#include "os/file.h"
#include "os/sys.h"

#define PIECE ((size_t)192 << 10)
/* What is compared between two looks at the input. */
#define COMPARED ((int64_t)4 << 20)
/* No more of one attempt, and no deeper. */
enum { FILES_MAX = 100000, DEPTH_MAX = 64 };
/* What was written to so lately may be written to again within the same tick
   of the file system's clock. */
enum { FRESH_MS = 2000 };

/* An attempt of which something is wanted. */
struct source {
	struct attempt a;
	char *dir;
	uint64_t turn; /* of the last piece that was sent */
};

/* A file that is wanted. */
struct want {
	struct want *next;
	struct source *source;
	char *path;
	int64_t at; /* the next byte to be compared or sent */
	int64_t have;
	char digest[SHA256_HEX + 1]; /* of the first `have` bytes, there */
	bool comparing;
	struct sha256 hash;
	os_file file;
	struct file_info info;
};

struct fetcher {
	const struct verb *v;
	struct loop *loop;
	struct filter filter;
	struct attempts sources;
	struct want *wants; /* in order of arrival */
	uint64_t turn;
	struct timer again;
	struct buf line;
	char *piece;
};

/* ---- what there is ---- */

struct walk {
	struct fetcher *f;
	const struct attempt *a;
	const char *dir;  /* the attempt's */
	const char *code; /* the files that its working copy was made of */
	size_t files;
	size_t unnamed; /* whose names cannot be told */
	bool logs;
	struct buf fault;
};

static void
put_file(struct walk *w, const char *path, const struct file_info *info)
{
	struct buf *line = &w->f->line;

	if (w->files++ >= FILES_MAX)
		return;
	record_begin_trial(line, "file", w->a->trial, w->a->number);
	json_member_str(line, "path", path);
	json_member_int(line, "size", info->size);
	json_member_int(line, "mode", (int64_t)info->mode);
	json_member_int(line, "mtime", info->mtime_ms);
	record_end(line);
	filter_put_buf(&w->f->filter, line);
	buf_clear(line);
}

/* Do both hold the same bytes? */
static bool
is_same(const struct fetcher *f, const char *a, const char *b)
{
	os_file x = file_open(a, FILE_READ | FILE_ORDINARY, 0, NULL);
	os_file y = file_open(b, FILE_READ | FILE_ORDINARY, 0, NULL);
	size_t half = PIECE / 2;
	int64_t n = -1, m;

	while (x != OS_NO_FILE && y != OS_NO_FILE) {
		n = file_read(x, f->piece, half);
		m = file_read(y, f->piece + half, half);
		if (n <= 0 || n != m ||
		    memcmp(f->piece, f->piece + half, (size_t)n) != 0) {
			n = n == 0 && m == 0 ? 0 : -1;
			break;
		}
	}
	if (x != OS_NO_FILE)
		file_close(x);
	if (y != OS_NO_FILE)
		file_close(y);
	return n == 0;
}

/* A file of the working copy that is as it was brought here. */
static bool
is_of_code(const struct walk *w, const char *path, const char *full,
    const struct file_info *info)
{
	struct buf origin = BUF_INIT;
	struct file_info old;
	bool same = false;

	if (w->code == NULL || strncmp(path, "code/", 5) != 0)
		return false;
	expdir_path(&origin, w->code, path + 5);
	if (file_info(origin.data, false, &old) == 0 &&
	    old.type == FILE_REGULAR && old.size == info->size)
		same =
		    (old.inode == info->inode && old.device == info->device) ||
		    is_same(w->f, origin.data, full);
	buf_release(&origin);
	return same;
}

static void
look_at_file(struct walk *w, const char *path, const char *full)
{
	struct file_info info;

	if (file_info(full, false, &info) == 0 && info.type == FILE_REGULAR &&
	    !is_of_code(w, path, full, &info))
		put_file(w, path, &info);
}

/* Links and what is no file are left out: where they lead is not ours. */
static void
walk(struct walk *w, const char *path, int depth)
{
	struct buf full = BUF_INIT, name = BUF_INIT, err = BUF_INIT;
	enum file_type *types;
	char **list;
	size_t count, i;

	expdir_path(&full, w->dir, path);
	if (dir_list(full.data, &list, &types, &count, &err) == -1) {
		if (os_errno() != OS_NOT_FOUND && w->fault.len == 0)
			buf_adds(&w->fault, err.data);
		goto out;
	}
	for (i = 0; i < count && w->files <= FILES_MAX; i++) {
		buf_setf(&name, "%s%s%s", path, *path ? "/" : "", list[i]);
		if (depth == 0 && (strcmp(list[i], ".nni") == 0 ||
				      strcmp(list[i], "intent") == 0))
			continue;
		if (types[i] != FILE_REGULAR && types[i] != FILE_DIR)
			continue;
		if (!name_is_utf8(list[i])) {
			w->unnamed++;
			continue;
		}
		expdir_path(&full, w->dir, name.data);
		if (types[i] == FILE_REGULAR)
			look_at_file(w, name.data, full.data);
		else if (depth < DEPTH_MAX)
			walk(w, name.data, depth + 1);
	}
	dir_list_free(list, types, count);
out:
	buf_release(&full);
	buf_release(&name);
	buf_release(&err);
}

static void
walk_logs(struct walk *w)
{
	static const char *const names[] = {"stdout", "stderr", "trial.log"};
	struct buf full = BUF_INIT;
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(*names); i++) {
		expdir_path(&full, w->dir, names[i]);
		look_at_file(w, names[i], full.data);
	}
	buf_release(&full);
}

static void
put_listed(struct walk *w)
{
	struct buf *line = &w->f->line;

	if (w->files > FILES_MAX)
		buf_setf(&w->fault, "it wrote more than %d files", FILES_MAX);
	else if (w->unnamed > 0 && w->fault.len == 0)
		buf_addf(&w->fault,
		    "of %zu file%s the name is not UTF-8: %s left out",
		    w->unnamed, plural(w->unnamed),
		    w->unnamed == 1 ? "it was" : "they were");
	record_begin_trial(line, "listed", w->a->trial, w->a->number);
	if (w->fault.len > 0)
		json_member_str(line, "error", w->fault.data);
	record_end(line);
	filter_put_buf(&w->f->filter, line);
	buf_clear(line);
}

static void
list_files(struct fetcher *f, const struct source *s, const struct record *r)
{
	char *folder = json_strdup(record_get(r, "folder"));
	char *digest = json_strdup(record_get(r, "code"));
	struct buf store = BUF_INIT, code = BUF_INIT;
	struct walk w = {.f = f,
	    .a = &s->a,
	    .dir = s->dir,
	    .logs = record_is(record_get(r, "what"), "logs"),
	    .fault = BUF_INIT};

	place_store(&store, f->v->dir);
	if (digest != NULL && tree_dir(&code, store.data, digest) == 0) {
		path_add(&code, "files");
		w.code = code.data;
	}
	if (folder != NULL && name_path_fault(folder, false) != NULL)
		buf_addf(&w.fault, "the folder '%s' %s", folder,
		    name_path_fault(folder, false));
	else if (w.logs)
		walk_logs(&w);
	else
		walk(&w, folder != NULL ? folder : "", folder != NULL);
	put_listed(&w);
	free(folder);
	free(digest);
	buf_release(&store);
	buf_release(&code);
	buf_release(&w.fault);
}

/* ---- what is wanted ---- */

static void
begin_data(struct fetcher *f, const struct want *w)
{
	record_begin_trial(
	    &f->line, "data", w->source->a.trial, w->source->a.number);
	json_member_str(&f->line, "path", w->path);
}

static void
end_data(struct fetcher *f)
{
	record_end(&f->line);
	filter_put_buf(&f->filter, &f->line);
	buf_clear(&f->line);
}

static void
drop(struct fetcher *f, struct want *w)
{
	struct want **at = &f->wants;

	while (*at != w)
		at = &(*at)->next;
	*at = w->next;
	if (w->file != OS_NO_FILE)
		file_close(w->file);
	free(w->path);
	free(w);
}

static void
put_fault(struct fetcher *f, struct want *w, const char *why)
{
	begin_data(f, w);
	json_member_str(&f->line, "error", why);
	end_data(f);
	drop(f, w);
}

/* How much there is counts from now on: what comes behind it comes another
   time. */
static bool
open_want(struct fetcher *f, struct want *w)
{
	struct buf path = BUF_INIT, err = BUF_INIT;

	expdir_path(&path, w->source->dir, w->path);
	w->file = file_open(
	    path.data, FILE_READ | FILE_NOFOLLOW | FILE_ORDINARY, 0, &err);
	if (w->file == OS_NO_FILE && os_errno() == OS_NOT_FOUND) {
		begin_data(f, w);
		json_member_bool(&f->line, "gone", true);
		end_data(f);
		drop(f, w);
	} else if (w->file == OS_NO_FILE) {
		put_fault(f, w, err.data);
	} else if (file_info_of(w->file, &w->info) == -1) {
		put_fault(f, w, os_strerror());
	} else {
		w->comparing = w->have > 0 && w->have <= w->info.size;
		sha256_init(&w->hash);
		buf_release(&path);
		buf_release(&err);
		return true;
	}
	buf_release(&path);
	buf_release(&err);
	return false;
}

/* Is the beginning what the other end has?  A part of that work. */
static void
compare(struct fetcher *f, struct want *w)
{
	char hex[SHA256_HEX + 1];
	int64_t n = 1, until = w->at + COMPARED;

	if (until > w->have)
		until = w->have;
	while (w->at < until && n > 0) {
		size_t size = PIECE;

		if ((int64_t)size > until - w->at)
			size = (size_t)(until - w->at);
		n = file_read_at(w->file, f->piece, size, w->at);
		if (n > 0) {
			sha256_update(&w->hash, f->piece, (size_t)n);
			w->at += n;
		}
	}
	if (w->at < w->have && n > 0)
		return;
	w->comparing = false;
	sha256_final_hex(&w->hash, hex);
	if (w->at < w->have || strcmp(hex, w->digest) != 0)
		w->at = 0;
}

static void
put_piece(struct fetcher *f, struct want *w)
{
	struct buf *line = &f->line;
	size_t size = PIECE;
	int64_t n;

	if ((int64_t)size > w->info.size - w->at)
		size = (size_t)(w->info.size - w->at);
	n = size > 0 ? file_read_at(w->file, f->piece, size, w->at) : 0;
	if (n == -1 || (n == 0 && size > 0)) {
		put_fault(f, w,
		    n == -1 ? os_strerror() : "it became shorter meanwhile");
		return;
	}
	begin_data(f, w);
	json_member_int(line, "at", w->at);
	json_member_int(line, "size", w->info.size);
	json_key(line, "data");
	buf_addc(line, '"');
	base64_encode(line, f->piece, (size_t)n);
	buf_addc(line, '"');
	w->at += n;
	if (w->at < w->info.size) {
		json_member_bool(line, "more", true);
		end_data(f);
		return;
	}
	json_member_int(line, "mode", (int64_t)w->info.mode);
	/* Without a time it is looked at again. */
	if (clock_wall_ms() - w->info.mtime_ms > FRESH_MS)
		json_member_int(line, "mtime", w->info.mtime_ms);
	end_data(f);
	drop(f, w);
}

/* The first of the attempt whose turn it is. */
static struct want *
next_want(struct fetcher *f)
{
	struct want *w, *best = NULL;

	for (w = f->wants; w != NULL; w = w->next)
		if (best == NULL || w->source->turn < best->source->turn)
			best = w;
	return best;
}

static void
nothing(void *arg)
{
	(void)arg;
}

/* Works off what is wanted as far as the reader keeps up. */
static void
pump(void *arg)
{
	struct fetcher *f = arg;
	struct want *w;
	int steps = 0;

	while (!filter_pressed(&f->filter) && f->filter.put.len < PIECE * 2 &&
	       steps++ < 8 && (w = next_want(f)) != NULL) {
		w->source->turn = ++f->turn;
		if (w->file == OS_NO_FILE && !open_want(f, w))
			continue;
		if (w->comparing)
			compare(f, w);
		else
			put_piece(f, w);
	}
	if (f->wants == NULL && f->filter.ended)
		filter_leave(&f->filter, NNI_OK);
	else if (f->wants != NULL && !filter_pressed(&f->filter))
		timer_set(f->loop, &f->again, 0, nothing, NULL);
}

static void
pressed(void *arg, bool slow)
{
	if (!slow)
		pump(arg);
}

/* ---- in ---- */

static struct source *
find_source(struct fetcher *f, const struct record *r)
{
	struct source *s = attempts_find(&f->sources, r->trial, r->attempt);
	struct buf dir = BUF_INIT;

	if (s != NULL)
		return s;
	s = attempts_add(&f->sources, r->trial, r->attempt, sizeof(*s));
	expdir_trial(&dir, f->v->dir, r->trial, r->attempt);
	s->dir = buf_detach(&dir);
	return s;
}

static void
add_want(struct fetcher *f, struct source *s, const struct record *r)
{
	char *path = json_strdup(record_get(r, "path"));
	char *digest = json_strdup(record_get(r, "digest"));
	struct want *w, **last = &f->wants;

	if (path == NULL || name_path_fault(path, false) != NULL) {
		free(path);
		free(digest);
		return;
	}
	w = xcalloc(1, sizeof(*w));
	w->source = s;
	w->path = path;
	w->file = OS_NO_FILE;
	json_int(record_get(r, "have"), &w->have);
	if (digest != NULL && strlen(digest) == SHA256_HEX)
		memcpy(w->digest, digest, SHA256_HEX);
	else
		w->have = 0;
	free(digest);
	while (*last != NULL)
		last = &(*last)->next;
	*last = w;
}

static void
take(void *arg, const struct record *r, const char *line, size_t len)
{
	struct fetcher *f = arg;

	(void)line;
	(void)len;
	if (far_takes(f->v->far, r) || r->trial[0] == '\0')
		return;
	if (r->type == RECORD_TRIAL)
		list_files(f, find_source(f, r), r);
	else if (record_is(r->type_text, "want"))
		add_want(f, find_source(f, r), r);
}

static const struct filter_calls calls = {take, nothing, pump, pressed};

int
verb_fetch(const struct verb *v)
{
	struct fetcher f = {.v = v,
	    .loop = loop_new(),
	    .sources = ATTEMPTS_INIT,
	    .line = BUF_INIT,
	    .piece = xmalloc(PIECE)};
	size_t i;
	int code;

	filter_init(&f.filter, f.loop, FILTER_JSONL, true, &calls, &f);
	far_begin(v->far, f.loop, &f.filter, NULL, NULL);
	code = loop_run(f.loop);
	/* Of one that was cleaned up nothing is to be there. */
	far_leave_no_trace(v->far);
	timer_stop(&f.again);
	filter_release(&f.filter);
	while (f.wants != NULL)
		drop(&f, f.wants);
	for (i = 0; i < f.sources.count; i++)
		free(((struct source *)f.sources.all[i])->dir);
	attempts_release(&f.sources);
	buf_release(&f.line);
	free(f.piece);
	loop_free(f.loop);
	return code;
}
