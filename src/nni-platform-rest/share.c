/*
 * Files that this machine and workers have in common: orders are appended to
 * one, what is said of them is read from another.  A file is opened for each
 * look, which over NFS is what makes it see what others wrote.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "bring.h"
#include "expdir.h"
#include "journal.h"
#include "mem.h"
#include "os/file.h"
#include "os/process.h"
#include "share.h"
#include "toolfiles.h"

#define LOOK_MS 500
/* Of the directories of an experiment: trials/ID/nnioutput. */
#define OUTPUT_DEPTH 3
#define AGENT_MAX ((size_t)64 << 20)

/* Who wants to know what is written to a file. */
struct reader {
	struct reader *next;
	struct subject *subject;
	char *id;
};

/* A file that is being read. */
struct said {
	struct said *next;
	struct engine *engine;
	char *path;
	int64_t offset;
	struct reader *readers;
	struct timer look;
	struct buf last; /* of what is no attempt's: the last record */
	const struct subject *only; /* read again for this one */
};

/* In which folder an attempt was ordered. */
struct found {
	struct attempt a;
	char *folder;
};

struct folder {
	struct folder *next;
	char *name;
	int64_t offset;
};

struct share {
	struct said *said;
	struct attempts found;
	struct folder *folders;
};

static struct share *
share_of(struct engine *e)
{
	if (e->share == NULL) {
		e->share = xcalloc(1, sizeof(*e->share));
		e->share->found = (struct attempts)ATTEMPTS_INIT;
	}
	return e->share;
}

/* ---- where ---- */

/* How long is the part of `path` that is the folder `root`? 0: it is not below
   that. */
static size_t
is_below(const char *path, struct json root)
{
	struct buf dir = BUF_INIT;
	const char *at;
	size_t len = 0;

	if (json_string(root, &dir) == 0 && path_is_absolute(dir.data)) {
		while (dir.len > 1 && dir.data[dir.len - 1] == '/')
			buf_cut(&dir, dir.len - 1);
		if (strncmp(path, dir.data, dir.len) == 0 &&
		    path[dir.len] == '/')
			len = dir.len;
	}
	for (at = path; len && (at = strstr(at, "..")) != NULL; at += 2)
		if (at[-1] == '/' && (at[2] == '/' || at[2] == '\0'))
			len = 0;
	buf_release(&dir);
	return len;
}

/* The path of `spec`, which the workers must see; *root: how much of it is the
   folder that they see. */
static char *
path_of(struct engine *e, struct json spec, size_t *root, struct buf *err)
{
	char *path = json_strdup(json_get(spec, "file"));
	struct json all = JSON_NONE;

	json_check(e->config.text.data, e->config.text.len, JSON_STRICT, &all,
	    NULL, NULL);
	*root = 0;
	if (path)
		*root = is_below(
		    path, json_get(json_get(e->member->section, "storage"),
			      "localMountPoint"));
	if (path && *root == 0)
		*root = is_below(path,
		    json_get(e->member->section, "localStorageMountPoint"));
	if (path && *root == 0)
		*root = is_below(path, json_get(json_get(all, "sharedStorage"),
					   "localMountPoint"));
	if (*root)
		return path;
	buf_setf(
	    err, "'%s' is not below localMountPoint", path ? path : "file");
	free(path);
	return NULL;
}

static int
make_parent(const char *path, struct buf *err)
{
	struct buf dir = BUF_INIT;
	int r;

	buf_add(&dir, path, (size_t)(path_base(path) - path));
	r = dir_make_all(dir.data, 0755, err);
	buf_release(&dir);
	return r;
}

/* ---- reading ---- */

static void
piece(struct subject *s, const char *id, const char *line, size_t len)
{
	struct buf event = BUF_INIT;

	record_begin(&event, "piece");
	json_member_str(&event, "id", id);
	json_member_raw(&event, "body", (struct json){line, len});
	buf_addc(&event, '}');
	engine_event(s, event.data, event.len);
	buf_release(&event);
}

static void
take_for(struct said *f, struct subject *s, const struct record *r,
    const char *line, size_t len)
{
	if (r->type == RECORD_METRIC) {
		if (f->engine->verb != VERB_COLLECT)
			return;
		s->has_final |= record_is(r->kind, "final");
		s->phases |= record_is(r->kind, "request");
		filter_put(&f->engine->filter, line, len);
	} else {
		piece(s, "said", line, len);
	}
}

static int
take(void *arg, const char *line, size_t len, int64_t offset)
{
	struct said *f = arg;
	struct subject *s;
	struct record r;
	struct buf key = BUF_INIT;

	if (record_parse(&r, line, len, NULL) == -1)
		return 0;
	if (r.trial[0] == '\0') {
		buf_clear(&f->last);
		if (f->only == NULL)
			buf_add(&f->last, line, len);
		return 0;
	}
	buf_addf(&key, "%s-%d", r.trial, r.attempt);
	s = engine_subject(f->engine, key.data, key.len);
	buf_release(&key);
	if (s == NULL || (f->only != NULL && s != f->only))
		return 0;
	if (s->line != NULL) {
		take_for(f, s, &r, line, len);
	} else if (s->passed == NULL) {
		s->passed = f;
		s->passed_at = offset;
	}
	return 0;
}

static void
read_said(struct said *f)
{
	struct reader *r;

	buf_clear(&f->last);
	journal_read(f->path, &f->offset, take, f, NULL);
	for (r = f->readers; r && f->last.len > 0; r = r->next)
		piece(r->subject, r->id, f->last.data, f->last.len);
}

void
share_line(struct subject *s)
{
	struct said *f = s->passed;
	int64_t offset = s->passed_at;

	s->passed = NULL;
	if (f == NULL)
		return;
	f->only = s;
	journal_read(f->path, &offset, take, f, NULL);
	f->only = NULL;
	/* What came meanwhile is for all. */
	if (offset > f->offset)
		read_said(f);
}

static void
look(void *arg)
{
	struct said *f = arg;

	read_said(f);
	if (f->readers)
		timer_set(f->engine->loop, &f->look, LOOK_MS, look, f);
}

static struct said *
said_of(struct engine *e, const char *path)
{
	struct share *h = share_of(e);
	struct said *f;

	for (f = h->said; f; f = f->next)
		if (strcmp(f->path, path) == 0)
			return f;
	f = xcalloc(1, sizeof(*f));
	f->engine = e;
	f->path = xstrdup(path);
	f->look = (struct timer)TIMER_INIT;
	buf_init(&f->last, NNI_LINE_MAX);
	f->next = h->said;
	h->said = f;
	return f;
}

static void
records(struct subject *s, struct json spec, const char *id, const char *path)
{
	struct said *f = said_of(s->engine, path);
	struct reader r = {NULL, s, (char *)id}, *kept;
	struct reader *before = f->readers;

	if (json_bool(json_get(spec, "follow"), false)) {
		kept = xcalloc(1, sizeof(*kept));
		*kept = (struct reader){f->readers, s, xstrdup(id)};
		f->readers = kept;
		look(f);
		return;
	}
	r.next = before;
	f->readers = &r;
	read_said(f);
	f->readers = before;
}

void
share_forget(struct subject *s)
{
	struct said *f = s->engine->share ? s->engine->share->said : NULL;
	struct reader **at, *r;

	for (; f; f = f->next) {
		for (at = &f->readers; (r = *at) != NULL;) {
			if (r->subject != s) {
				at = &r->next;
				continue;
			}
			*at = r->next;
			free(r->id);
			free(r);
		}
		if (f->readers == NULL)
			timer_stop(&f->look);
	}
}

/* ---- writing ---- */

static int
count_order(void *arg, const char *line, size_t len, int64_t offset)
{
	struct record r;

	(void)offset;
	if (record_parse(&r, line, len, NULL) == 0 && r.type == RECORD_TRIAL)
		++*(int64_t *)arg;
	return 0;
}

/* `record`: the subject's own; else `text`.  Nothing: the orders are counted.
 */
static void
append(struct subject *s, struct json spec, const char *path, struct buf *more,
    struct buf *err)
{
	char *text = json_strdup(json_get(spec, "text"));
	const char *line = text;
	int64_t orders = 0, offset = 0;
	os_file f;

	if (json_bool(json_get(spec, "record"), false))
		line = s->line;
	if (line != NULL) {
		/* Workers of other users are to read it. */
		f = file_open(
		    path, FILE_WRITE | FILE_APPEND | FILE_CREATE, 0644, err);
		if (f != OS_NO_FILE) {
			file_close(f);
			journal_append_line(path, line, strlen(line), err);
		}
	}
	if (err->len == 0)
		journal_read(path, &offset, count_order, &orders, NULL);
	buf_addf(more, ",\"orders\":%" PRId64, orders);
	free(text);
}

/* Workers may be other users: what they make is theirs, what is ours they can
   read. */
static void
open_folder(const char *path)
{
	struct buf dir = BUF_INIT;

	buf_add(&dir, path, (size_t)(path_base(path) - path));
	file_chmod(dir.data, 01777, NULL);
	buf_release(&dir);
}

/* A file that nobody has made yet; status 409 if somebody has. */
static int
put(struct json spec, const char *path, struct buf *err)
{
	struct buf text = BUF_INIT;
	os_file f = OS_NO_FILE;
	int status = 0;

	json_string(json_get(spec, "text"), &text);
	if (make_parent(path, err) == 0)
		f = file_open(path,
		    FILE_WRITE | FILE_CREATE | FILE_EXCL | FILE_NOFOLLOW, 0644,
		    err);
	if (f != OS_NO_FILE) {
		open_folder(path);
		if (file_write(f, text.data, text.len) == 0 &&
		    file_sync(f) == 0)
			status = 201;
		else
			buf_err(
			    err, "cannot write '%s': %s", path, os_strerror());
		file_close(f);
	} else if (os_errno() == OS_EXISTS) {
		status = 409;
	}
	buf_release(&text);
	return status;
}

/* Beside it, then by rename; what is there with these bytes stays. */
static int
copy_file(const char *from, const char *to, struct buf *err)
{
	struct buf text = BUF_INIT_MAX(AGENT_MAX),
		   there = BUF_INIT_MAX(AGENT_MAX), part = BUF_INIT;
	int r = file_read_all(from, &text, err);

	if (r == 0 && file_read_all(to, &there, NULL) == 0 &&
	    there.len == text.len &&
	    memcmp(there.data, text.data, text.len) == 0)
		goto out;
	buf_setf(&part, "%s.%" PRId64, to, proc_self_pid());
	if (r == 0)
		r = make_parent(to, err);
	if (r == 0)
		r = file_replace(
		    part.data, text.data, text.len, 0755, true, err);
	if (r == 0)
		r = file_chmod(part.data, 0755, err);
	if (r == 0)
		r = file_rename(part.data, to, err);
out:
	buf_release(&text);
	buf_release(&there);
	buf_release(&part);
	return r;
}

/*
 * nni-platform-local for workers: static, for each processor there is one for;
 * `linux`, for a worker of another, is the one of this machine.
 */
static void
copy_agents(const char *into, struct buf *err)
{
	static const char *const names[] = {"linux-x86_64", "linux-aarch64"};
	struct buf from = BUF_INIT, to = BUF_INIT;
	struct file_info info;
	size_t i;

	for (i = 0; err->len == 0 && i < sizeof(names) / sizeof(*names); i++) {
		buf_clear(&from);
		if (agents_dir(&from, err) == -1)
			break;
		path_add(&from, names[i]);
		expdir_path(&to, into, names[i]);
		if (file_info(from.data, true, &info) == 0 &&
		    info.type == FILE_REGULAR)
			copy_file(from.data, to.data, err);
	}
	buf_clear(&from);
	expdir_path(&to, into, "linux");
	if (err->len == 0 && tool_find("nni-platform-local", &from, err) == 0)
		copy_file(from.data, to.data, err);
	buf_release(&from);
	buf_release(&to);
}

/* ---- where an attempt was ordered ---- */

struct finding {
	struct share *share;
	const char *folder;
};

static int
note_order(void *arg, const char *line, size_t len, int64_t offset)
{
	struct finding *g = arg;
	struct found *f;
	struct record r;

	(void)offset;
	if (record_parse(&r, line, len, NULL) == -1 || !r.trial[0] ||
	    r.type != RECORD_TRIAL)
		return 0;
	f = attempts_find(&g->share->found, r.trial, r.attempt);
	if (f == NULL)
		f = attempts_add(
		    &g->share->found, r.trial, r.attempt, sizeof(*f));
	free(f->folder);
	f->folder = xstrdup(g->folder);
	return 0;
}

/* Folders there are below `root`, each with an orders file NAME/REST. */
static void
read_folders(struct share *h, const char *root, const char *rest)
{
	struct buf path = BUF_INIT;
	char **names;
	size_t count = 0, i;
	struct folder *d;

	if (dir_list(root, &names, NULL, &count, NULL) == -1)
		return;
	for (i = 0; i < count; i++) {
		struct finding g = {h, names[i]};

		for (d = h->folders; d; d = d->next)
			if (strcmp(d->name, names[i]) == 0)
				break;
		if (d == NULL) {
			d = xcalloc(1, sizeof(*d));
			d->name = xstrdup(names[i]);
			d->next = h->folders;
			h->folders = d;
		}
		expdir_path(&path, root, names[i]);
		path_add(&path, rest);
		journal_read(path.data, &d->offset, note_order, &g, NULL);
	}
	dir_list_free(names, NULL, count);
	buf_release(&path);
}

static int
find(struct subject *s, struct json spec, const char *root, struct buf *more)
{
	struct share *h = share_of(s->engine);
	char *rest = json_strdup(json_get(spec, "rest"));
	struct found *f;

	read_folders(h, root, rest ? rest : "orders.jsonl");
	free(rest);
	f = attempts_find(&h->found, s->a.trial, s->a.number);
	if (f == NULL)
		return 404;
	buf_adds(more, ",\"folder\":");
	json_add_str(more, f->folder);
	return 200;
}

/* Nothing more will be ordered of any: all are told. */
static void
leave(struct json spec, const char *root)
{
	static const char order[] = "{\"type\":\"leave\"}";
	char *rest = json_strdup(json_get(spec, "rest"));
	struct buf path = BUF_INIT;
	struct file_info info;
	char **names;
	size_t count = 0, i;

	if (dir_list(root, &names, NULL, &count, NULL) == -1)
		count = 0;
	for (i = 0; i < count; i++) {
		expdir_path(&path, root, names[i]);
		path_add(&path, rest ? rest : "orders.jsonl");
		if (file_info(path.data, false, &info) == 0)
			journal_append_line(
			    path.data, order, sizeof(order) - 1, NULL);
	}
	if (count > 0)
		dir_list_free(names, NULL, count);
	free(rest);
	buf_release(&path);
}

/* ---- is it there? ---- */

static void
is_there(const char *path, struct buf *err)
{
	struct file_info info;

	if (file_info(path, true, &info) == -1 || info.type != FILE_DIR)
		buf_err(err, "there is no directory '%s' here", path);
}

/* ---- nothing is left ---- */

static bool
begins_with_one(const char *name, struct json list)
{
	struct json_iter it;
	struct json key, value;
	struct buf begin = BUF_INIT;
	bool does = json_type(list) == JSON_ABSENT;

	json_iter_init(&it, list);
	while (!does && json_next(&it, &key, &value)) {
		buf_clear(&begin);
		does = json_string(value, &begin) == 0 && begin.len > 0 &&
		       strncmp(name, begin.data, begin.len) == 0;
	}
	buf_release(&begin);
	return does;
}

/* Are `path` and what is above it, below `root`, directories and no links that
   a worker made?  1, or 0: it is not there, or -1 with err. */
static int
is_really_there(const char *path, size_t root, struct buf *err)
{
	struct buf part = BUF_INIT;
	struct file_info info;
	const char *end = path + root;
	int r = 1;

	while (r == 1 && *end == '/') {
		end += 1 + strcspn(end + 1, "/");
		buf_clear(&part);
		buf_add(&part, path, (size_t)(end - path));
		if (file_info(part.data, false, &info) == -1)
			r = buf_err(err, "cannot look at '%s': %s", part.data,
			    os_strerror());
		else if (info.type == FILE_ABSENT)
			r = 0;
		else if (info.type != FILE_DIR)
			r = buf_err(err, "'%s' is no directory", part.data);
	}
	buf_release(&part);
	return r;
}

/* The directory and those in it, `depth` levels of them, as far as they are
   empty. */
static void
remove_empty(const char *path, int depth)
{
	struct buf one = BUF_INIT;
	enum file_type *types;
	char **names;
	size_t count, i;

	if (dir_remove(path, NULL) == 0 || depth == 0 ||
	    dir_list(path, &names, &types, &count, NULL) == -1)
		return;
	for (i = 0; i < count; i++) {
		expdir_path(&one, path, names[i]);
		if (types[i] == FILE_DIR)
			remove_empty(one.data, depth - 1);
	}
	dir_list_free(names, types, count);
	dir_remove(path, NULL);
	buf_release(&one);
}

/* What in the directory begins as `spec` says; then, as far as they are empty,
   it and those above it, but for the first one below `root`. */
static void
remove_from(struct json spec, char *path, size_t root, struct buf *err)
{
	struct buf one = BUF_INIT;
	char **names;
	size_t count, i;

	if (is_really_there(path, root, err) != 1 ||
	    dir_list(path, &names, NULL, &count, err) == -1)
		return;
	for (i = 0; i < count && err->len == 0; i++) {
		expdir_path(&one, path, names[i]);
		if (begins_with_one(names[i], json_get(spec, "begins")))
			dir_remove_tree(one.data, err);
	}
	dir_list_free(names, NULL, count);
	buf_release(&one);
	if (err->len == 0)
		remove_empty(path, OUTPUT_DEPTH);
	while (err->len == 0 && strchr(path + root + 1, '/')) {
		dir_remove(path, NULL);
		*strrchr(path, '/') = '\0';
	}
}

/* ---- what trials wrote ---- */

/* 0: there will be a reply; else its status. */
static int
bring(struct subject *s, struct json spec, const char *id, const char *path,
    size_t root, struct buf *err)
{
	int there = is_really_there(path, root, err);

	if (there != 1)
		return 404;
	bring_request(s, spec, id, path);
	return 0;
}

/* ---- all of them ---- */

bool
share_request(struct subject *s, struct json spec, const char *id)
{
	struct json as = json_get(spec, "as");
	struct buf err = BUF_INIT, more = BUF_INIT;
	size_t root = 0;
	int status = 200;
	char *path;

	if (!record_is(as, "append") && !record_is(as, "put") &&
	    !record_is(as, "records") && !record_is(as, "copy") &&
	    !record_is(as, "find") && !record_is(as, "leave") &&
	    !record_is(as, "remove") && !record_is(as, "is") &&
	    !record_is(as, "bring"))
		return false;
	path = path_of(s->engine, spec, &root, &err);
	if (path == NULL) {
		/* err says it */
	} else if (record_is(as, "append")) {
		append(s, spec, path, &more, &err);
	} else if (record_is(as, "put")) {
		status = put(spec, path, &err);
	} else if (record_is(as, "copy")) {
		copy_agents(path, &err);
	} else if (record_is(as, "find")) {
		status = find(s, spec, path, &more);
	} else if (record_is(as, "leave")) {
		leave(spec, path);
	} else if (record_is(as, "is")) {
		path[root] = '\0';
		is_there(path, &err);
	} else if (record_is(as, "remove")) {
		remove_from(spec, path, root, &err);
	} else if (record_is(as, "bring")) {
		status = bring(s, spec, id, path, root, &err);
	} else {
		records(s, spec, id, path);
		if (json_bool(json_get(spec, "follow"), false))
			status = 0;
	}
	if (status == 409)
		buf_clear(&err);
	if (status > 0 || err.len > 0)
		request_reply(s, id, status, &err, more.data);
	free(path);
	buf_release(&err);
	buf_release(&more);
	return true;
}

void
share_free(struct share *h)
{
	struct said *f;
	struct folder *d;
	size_t i;

	if (h == NULL)
		return;
	while ((f = h->said) != NULL) {
		h->said = f->next;
		timer_stop(&f->look);
		buf_release(&f->last);
		free(f->path);
		free(f);
	}
	while ((d = h->folders) != NULL) {
		h->folders = d->next;
		free(d->name);
		free(d);
	}
	for (i = 0; i < h->found.count; i++)
		free(((struct found *)h->found.all[i])->folder);
	attempts_release(&h->found);
	free(h);
}
