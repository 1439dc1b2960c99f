/*
 * The far end of an ssh: how a verb there learns what it is for, and whether
 * anybody is still at the other end.
 */
#include "far.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include "expdir.h"
#include "mem.h"
#include "remote.h"
#include "say.h"
#include "trees.h"
#include "os/sys.h"

#define SET_REMOTE_DIR                                                         \
	"set remoteDir of this machine to a directory that you can write to"

int
far_fail(const struct far *f, int code, const char *message, const char *hint)
{
	struct buf line = BUF_INIT;

	record_begin(&line, "error");
	json_member_str(&line, "message", message);
	json_member_str(&line, "where", sys_host());
	if (hint != NULL)
		json_member_str(&line, "hint", hint);
	if (f->place != NULL)
		json_member_str(&line, "place", f->place);
	record_end(&line);
	say_data(line.data, line.len);
	buf_release(&line);
	return code;
}

const char *
far_where(const struct far *f, const char *member)
{
	return f != NULL ? f->place : member;
}

/* ---- the settings ---- */

/*
 * Byte by byte, so that what is behind it stays where the verb reads it; it is
 * short, and read once.
 */
static int
read_first_line(struct buf *line, struct buf *err)
{
	char c;

	for (;;) {
		if (file_read(sys_stdin(), &c, 1) != 1)
			return buf_err(err,
			    "the connection ended before the settings came");
		if (c == '\n')
			break;
		if (buf_addc(line, c) == -1)
			return buf_err(err, "the settings are longer than "
					    "1 MiB");
	}
	buf_rtrim(line);
	return 0;
}

/* A string that is not empty; NULL and err if there is none. */
static char *
get_string(struct json settings, const char *key, struct buf *err)
{
	char *s = json_strdup(json_get(settings, key));

	if (s != NULL && *s)
		return s;
	free(s);
	buf_err(err, "the settings have no %s", key);
	return NULL;
}

static int
check_digest(struct json settings, const char *key, struct buf *err)
{
	struct json v = json_get(settings, key);
	char *digest = json_strdup(v);
	struct buf path = BUF_INIT;
	int r = 0;

	if (json_type(v) > JSON_NULL &&
	    (digest == NULL || tree_dir(&path, "", digest) == -1))
		r = buf_err(err, "%s of the settings is no digest", key);
	free(digest);
	buf_release(&path);
	return r;
}

static int
check_settings(struct json settings, struct buf *err)
{
	int64_t protocol;

	if (json_type(settings) != JSON_OBJECT ||
	    !record_is(json_get(settings, "type"), "settings"))
		return buf_err(err, "the first line is not the settings");
	if (json_int(json_get(settings, "protocol"), &protocol) == -1 ||
	    protocol != FAR_PROTOCOL)
		return buf_err(err,
		    "this nni-platform-local speaks protocol %d only; let "
		    "both ends be of the same version (agentPath)",
		    FAR_PROTOCOL);
	if (json_type(json_get(settings, "config")) != JSON_OBJECT)
		return buf_err(err, "the settings have no config");
	if (check_digest(settings, "code", err) == -1 ||
	    check_digest(settings, "tools", err) == -1)
		return -1;
	return 0;
}

/* "~/" is the home here; what is not absolute counts from there too. */
static int
find_root(struct far *f, const char *given, struct buf *err)
{
	struct buf root = BUF_INIT;
	const char *home = sys_home();
	int r;

	if (given[0] == '~' && (given[1] == '/' || given[1] == '\0'))
		given += given[1] == '/' ? 2 : 1;
	else if (given[0] == '~')
		return buf_err(
		    err, "cannot expand '%s': give the whole path", given);
	else if (path_is_absolute(given))
		home = "/";
	if (home == NULL)
		return buf_err(err, "the home directory is unknown here");
	r = path_absolute(*given ? given : ".", home, &root, err);
	f->root = buf_detach(&root);
	return r;
}

static int
take_settings(struct far *f, struct json settings, char **key, struct buf *err)
{
	struct buf dir = BUF_INIT;
	char *id, *root;
	int r = -1;

	f->place = get_string(settings, "place", err);
	f->member = get_string(settings, "member", err);
	*key = get_string(settings, "key", err);
	id = get_string(settings, "experiment", err);
	root = get_string(settings, "root", err);
	f->silence_ms = FAR_SILENCE_MS;
	json_seconds_ms(json_get(settings, "silence"), &f->silence_ms);
	if (err->len == 0 && !experiment_id_valid(id, strlen(id)))
		buf_err(err, "'%s' is no experiment's id", id);
	else if (err->len == 0 && find_root(f, root, err) == 0) {
		buf_setf(&dir, "%s/", f->root);
		remote_place_name(&dir, f->place);
		path_add(&dir, id);
		f->dir = buf_detach(&dir);
		r = 0;
	}
	free(id);
	free(root);
	return r;
}

/* ---- the directory ---- */

static int
make_dirs(struct far *f, struct buf *err)
{
	struct buf path = BUF_INIT;
	int r;

	expdir_path(&path, f->dir, "trials");
	f->fresh = !expdir_is_there(f->dir);
	r = dir_make_all(path.data, 0700, err);
	buf_release(&path);
	return r;
}

/* 1: `key` is written there; 0: another is; -1: err. */
static int
has_key(const char *path, const char *key, struct buf *err)
{
	struct buf text = BUF_INIT;
	int r = file_read_ordinary(path, &text, err);

	buf_rtrim(&text);
	if (r == 0)
		r = strcmp(text.data, key) == 0;
	/* Whoever wrote it was interrupted, or is about to go on. */
	if (r == 0 && strncmp(text.data, key, text.len) == 0)
		r = file_replace(path, key, strlen(key), 0600, false, err) == 0
			? 1
			: -1;
	buf_release(&text);
	return r;
}

/*
 * Two experiments may have one name, on two submitters.  What is the other's is
 * not touched.
 */
static int
own(struct far *f, const char *key, struct buf *err)
{
	struct buf path = BUF_INIT;
	os_file file;
	int r = 1;

	expdir_path(&path, f->dir, "owner");
	file = file_open(path.data,
	    FILE_WRITE | FILE_CREATE | FILE_EXCL | FILE_NOFOLLOW, 0600, err);
	if (file != OS_NO_FILE) {
		file_write(file, key, strlen(key));
		file_close(file);
	}
	if (file != OS_NO_FILE || os_errno() == OS_EXISTS) {
		buf_clear(err);
		r = has_key(path.data, key, err);
	} else {
		r = -1;
	}
	if (r == 0)
		buf_err(err,
		    "'%s' belongs to another experiment of the same name",
		    f->dir);
	buf_release(&path);
	return r;
}

/* Replaces what is different; 0 or -1. */
static int
write_file(
    struct far *f, const char *name, const struct buf *text, struct buf *err)
{
	struct buf path = BUF_INIT, old = BUF_INIT;
	int r = 0;

	expdir_path(&path, f->dir, name);
	if (file_read_ordinary(path.data, &old, NULL) == -1 ||
	    old.len != text->len || memcmp(old.data, text->data, old.len) != 0)
		r = file_replace(
		    path.data, text->data, text->len, 0600, false, err);
	buf_release(&path);
	buf_release(&old);
	return r;
}

/* What place_open() reads. */
static int
write_settings(struct far *f, struct json settings, struct buf *err)
{
	static const char *const keys[] = {"place", "code", "tools"};
	struct buf text = BUF_INIT;
	struct json v;
	size_t i;
	int r;

	json_add(&text, json_get(settings, "config"));
	buf_addc(&text, '\n');
	r = write_file(f, "config.json", &text, err);
	buf_set(&text, "{");
	for (i = 0; i < sizeof(keys) / sizeof(*keys); i++) {
		v = json_get(settings, keys[i]);
		if (json_type(v) == JSON_STRING)
			json_member_raw(&text, keys[i], v);
	}
	buf_adds(&text, "}\n");
	if (r == 0)
		r = write_file(f, PLACE_FILE, &text, err);
	buf_release(&text);
	return r;
}

/* Of what could not be written: somebody has to do something, or it may pass.
 */
static int
write_code(void)
{
	switch (os_errno()) {
	case OS_DENIED:
	case OS_NOT_DIR:
	case OS_EXISTS:
	case OS_IS_DIR:
		return NNI_CONFIG;
	default:
		return NNI_TEMPORARY;
	}
}

static int
settle(struct far *f, struct json settings, const char *key, struct buf *err)
{
	int r;

	if (make_dirs(f, err) == -1)
		return far_fail(f, write_code(), err->data, SET_REMOTE_DIR);
	r = own(f, key, err);
	if (r == 0)
		return far_fail(f, NNI_CONFIG, err->data,
		    "give the experiment another name, or set another "
		    "remoteDir");
	if (r == -1 || write_settings(f, settings, err) == -1)
		return far_fail(f, write_code(), err->data, SET_REMOTE_DIR);
	return NNI_OK;
}

int
far_open(struct far *f)
{
	struct buf line = BUF_INIT_MAX(NNI_LINE_MAX), err = BUF_INIT;
	struct json settings = JSON_NONE;
	char *key = NULL;
	int code;

	*f = (struct far){.silence_ms = FAR_SILENCE_MS};
	say_data("\n" FAR_MARKER "\n", strlen(FAR_MARKER) + 2);
	if (read_first_line(&line, &err) == -1)
		code = say_error(NNI_TEMPORARY, "%s", err.data);
	else if (json_check(line.data, line.len, JSON_STRICT, &settings, NULL,
		     &err) == -1 ||
		 check_settings(settings, &err) == -1 ||
		 take_settings(f, settings, &key, &err) == -1)
		code = far_fail(f, NNI_CONFIG, err.data, NULL);
	else
		code = settle(f, settings, key, &err);
	free(key);
	buf_release(&line);
	buf_release(&err);
	return code;
}

void
far_leave_no_trace(const struct far *f)
{
	static const char *const files[] = {"config.json", PLACE_FILE, "owner"};
	struct buf path = BUF_INIT;
	size_t i;

	if (f == NULL || !f->fresh)
		return;
	expdir_path(&path, f->dir, "trials");
	/* Else somebody has begun to use it in the meantime. */
	if (dir_remove(path.data, NULL) == 0) {
		for (i = 0; i < sizeof(files) / sizeof(*files); i++) {
			expdir_path(&path, f->dir, files[i]);
			file_remove(path.data, NULL);
		}
		far_remove_empty(f);
	}
	buf_release(&path);
}

void
far_remove_empty(const struct far *f)
{
	struct buf path = BUF_INIT;

	dir_remove(f->dir, NULL);
	place_store(&path, f->dir);
	dir_remove(path.data, NULL);
	buf_cut(&path, (size_t)(path_base(path.data) - path.data) - 1);
	dir_remove(path.data, NULL);
	dir_remove(f->root, NULL);
	buf_release(&path);
}

void
far_close(struct far *f)
{
	timer_stop(&f->silence);
	free(f->place);
	free(f->member);
	free(f->root);
	free(f->dir);
}

/* ---- while the verb runs ---- */

static void
look_for_silence(void *arg)
{
	struct far *f = arg;
	int64_t left = f->heard_ms + f->silence_ms - loop_now_ms(f->loop);

	/* Who has said all that he had to say may be silent. */
	if (f->filter->ended)
		return;
	if (left > 0) {
		timer_set(f->loop, &f->silence, left, look_for_silence, f);
		return;
	}
	loop_stop(
	    f->loop, say_error(NNI_TEMPORARY, "nothing was heard for %g s",
			 (double)f->silence_ms / 1000));
}

void
far_begin(struct far *f, struct loop *loop, struct filter *filter,
    loop_fn *pinged, void *arg)
{
	if (f == NULL)
		return;
	f->loop = loop;
	f->filter = filter;
	f->pinged = pinged;
	f->arg = arg;
	f->heard_ms = loop_now_ms(loop);
	timer_set(loop, &f->silence, f->silence_ms, look_for_silence, f);
}

bool
far_takes(struct far *f, const struct record *r)
{
	static const char pong[] = "{\"type\":\"pong\"}\n";

	if (f == NULL)
		return false;
	f->heard_ms = loop_now_ms(f->loop);
	if (!record_is(r->type_text, "ping"))
		return false;
	filter_put(f->filter, pong, strlen(pong));
	if (f->pinged != NULL)
		f->pinged(f->arg);
	return true;
}
