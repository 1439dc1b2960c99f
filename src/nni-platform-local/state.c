/*
 * The state of an attempt, on disk.
 */
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "state.h"
#include "hash.h"
#include "os/sys.h"

/* NNI's line has this width, so that it can be filled in later. */
#define EXIT_WIDTH 31

void
state_init(struct state *s)
{
	*s = (struct state){.text = BUF_INIT_MAX((size_t)1 << 20)};
}

void
state_release(struct state *s)
{
	buf_release(&s->text);
}

static int64_t
get_int(struct json object, const char *name)
{
	int64_t n;

	return json_int(json_get(object, name), &n) == 0 ? n : 0;
}

static int64_t
get_time_ms(struct json object)
{
	int64_t ms;

	return json_seconds_ms(json_get(object, "time"), &ms) == 0 ? ms : 0;
}

static void
parse_line(struct state *s, const char *line, size_t len)
{
	struct json all, what;

	if (json_check(line, len, JSON_STRICT, &all, NULL, NULL) == -1 ||
	    json_type(all) != JSON_OBJECT)
		return;
	what = json_get(all, "state");
	if (record_is(what, "claim")) {
		s->claimed = true;
		s->digest = json_get(all, "digest");
		s->member = json_get(all, "member");
		s->host = json_get(all, "host");
		s->boot = json_get(all, "boot");
		s->dir = json_get(all, "dir");
		s->start_ms = get_time_ms(all);
	} else if (record_is(what, "start")) {
		s->started = true;
		s->session = get_int(all, "session");
		s->session_start = get_int(all, "start");
		s->start_ms = get_time_ms(all);
	} else if (record_is(what, "end") && !s->ended) {
		struct json name = json_get(all, "status");

		if (json_type(name) != JSON_STRING)
			return;
		s->status = status_parse(name.at + 1, name.len - 2);
		s->ended = status_is_end(s->status);
		s->poked = json_bool(json_get(all, "poked"), false);
		s->end = all;
	}
}

void
state_parse(struct state *s)
{
	const char *at = s->text.data, *end = at + s->text.len, *lf;

	for (; (lf = memchr(at, '\n', (size_t)(end - at))) != NULL; at = lf + 1)
		parse_line(s, at, (size_t)(lf - at));
}

static void
nni_path(struct buf *path, const char *attempt_dir, const char *name)
{
	buf_set(path, attempt_dir);
	buf_adds(path, "/.nni/");
	buf_adds(path, name);
}

int
state_read(struct state *s, const char *attempt_dir, struct buf *err)
{
	struct buf path = BUF_INIT;
	int r;

	state_release(s);
	state_init(s);
	nni_path(&path, attempt_dir, "state");
	/* Mostly it is absent for a good reason: no words for that. */
	r = file_read_ordinary(path.data, &s->text, NULL);
	if (r == 0) {
		state_parse(s);
	} else if (os_errno() == OS_NOT_FOUND || os_errno() == OS_NOT_DIR) {
		r = 0;
	} else {
		buf_clear(&s->text);
		file_read_ordinary(path.data, &s->text, err);
	}
	buf_release(&path);
	return r;
}

bool
state_original_ended(
    const struct state *s, const char *attempt_dir, struct buf *reason)
{
	struct buf dir = BUF_INIT;
	struct state original;
	bool ended;

	state_init(&original);
	ended = json_string(s->dir, &dir) == 0 &&
		strcmp(dir.data, attempt_dir) != 0 &&
		strcmp(path_base(dir.data), path_base(attempt_dir)) == 0 &&
		state_read(&original, dir.data, NULL) == 0 && original.ended;
	if (ended)
		buf_addf(reason, "it ran in '%s', of which this is a copy",
		    dir.data);
	state_release(&original);
	buf_release(&dir);
	return ended;
}

void
state_end_members(struct buf *out, struct json end, enum trial_status instead)
{
	struct json_iter it;
	struct json key, value;

	if (instead != STATUS_NONE)
		json_member_str(out, "status", status_name(instead));
	json_iter_init(&it, end);
	while (json_next(&it, &key, &value)) {
		if (json_key_is(key, "state") || json_key_is(key, "poked") ||
		    (instead != STATUS_NONE && (json_key_is(key, "status") ||
						   json_key_is(key, "reason") ||
						   json_key_is(key, "infra"))))
			continue;
		buf_addc(out, ',');
		buf_addc(out, '"');
		json_add(out, key);
		buf_adds(out, "\":");
		json_add(out, value);
	}
}

/* ---- writing ---- */

/* Behind the last LF. */
static int64_t
whole_lines(os_file f, int64_t size)
{
	char tail[4096];
	int64_t from, n;

	for (from = size; from > 0;) {
		int64_t want =
		    from < (int64_t)sizeof(tail) ? from : (int64_t)sizeof(tail);

		from -= want;
		n = file_read_at(f, tail, (size_t)want, from);
		while (n > 0 && tail[n - 1] != '\n')
			n--;
		if (n > 0)
			return from + n;
	}
	return 0;
}

int
state_open(struct state_file *f, const char *attempt_dir, struct buf *err)
{
	struct buf path = BUF_INIT;
	int64_t size;

	nni_path(&path, attempt_dir, "state");
	f->file = file_open(path.data,
	    FILE_READ | FILE_WRITE | FILE_CREATE | FILE_ORDINARY, 0600, err);
	if (f->file == OS_NO_FILE) {
		buf_release(&path);
		return -1;
	}
	size = file_size(f->file);
	f->size = size > 0 ? whole_lines(f->file, size) : size;
	if (f->size < 0 ||
	    (f->size < size && file_truncate(f->file, f->size) == -1)) {
		buf_err(
		    err, "cannot repair '%s': %s", path.data, os_strerror());
		state_close(f);
	}
	buf_release(&path);
	return f->file == OS_NO_FILE ? -1 : 0;
}

int
state_append(struct state_file *f, const struct buf *line, struct buf *err)
{
	struct buf out = BUF_INIT;
	int64_t size = file_size(f->file);
	int r = 0;

	/* Somebody has emptied it: what is behind a hole cannot be read. */
	if (size >= 0 && size < f->size)
		f->size = whole_lines(f->file, size);
	if (f->size == 0)
		buf_addf(&out, "%*s\n", EXIT_WIDTH, "");
	buf_add(&out, line->data, line->len);
	buf_addc(&out, '\n');
	if (file_write_at(f->file, out.data, out.len, f->size) == 0) {
		f->size += (int64_t)out.len;
	} else {
		r = buf_err(
		    err, "cannot write to .nni/state: %s", os_strerror());
		file_truncate(f->file, f->size);
	}
	buf_release(&out);
	return r;
}

void
state_close(struct state_file *f)
{
	if (f->file != OS_NO_FILE)
		file_close(f->file);
	f->file = OS_NO_FILE;
}

void
state_put_exit(struct state_file *f, int code, int64_t end_ms)
{
	char line[EXIT_WIDTH + 1];

	snprintf(line, sizeof(line), "%d %" PRId64, code, end_ms);
	file_write_at(f->file, line, strlen(line), 0);
}

void
state_begin(struct buf *line, const char *what)
{
	buf_set(line, "{");
	json_member_str(line, "state", what);
}

int
state_write_end(const char *attempt_dir, enum trial_status status, bool infra,
    const char *reason, struct buf *err)
{
	struct state_file f;
	struct buf line = BUF_INIT;
	int64_t now = clock_wall_ms();
	int r;

	state_begin(&line, "end");
	json_member_str(&line, "status", status_name(status));
	json_member_str(&line, "reason", reason);
	if (infra)
		json_member_bool(&line, "infra", true);
	json_member_time(&line, "time", now);
	buf_addc(&line, '}');
	r = state_open(&f, attempt_dir, err);
	if (r == 0) {
		r = state_append(&f, &line, err);
		if (r == 0)
			state_put_exit(&f, 128, now);
		state_close(&f);
	}
	buf_release(&line);
	return r;
}

/* ---- events ---- */

os_file
events_open(const char *dir, struct buf *err)
{
	struct buf path = BUF_INIT;
	os_file f;

	buf_setf(&path, "%s/trials/events", dir);
	f = file_open(path.data,
	    FILE_WRITE | FILE_APPEND | FILE_CREATE | FILE_ORDINARY, 0600, err);
	buf_release(&path);
	return f;
}

/* It is a hint: if it cannot be written, it comes a little later. */
void
events_tell(const char *dir, os_file events, const char *trial, int attempt,
    enum trial_status status)
{
	os_file f = events != OS_NO_FILE ? events : events_open(dir, NULL);
	char line[64];

	if (f == OS_NO_FILE)
		return;
	snprintf(line, sizeof(line), "%s %d %s\n", trial, attempt,
	    status_name(status));
	file_write(f, line, strlen(line));
	if (f != events)
		file_close(f);
}

bool
events_parse(const char *line, struct event *e)
{
	char *end;
	long long n;

	if (strlen(line) < TRIAL_ID_LEN + 2 || line[TRIAL_ID_LEN] != ' ' ||
	    !trial_id_valid(line, TRIAL_ID_LEN))
		return false;
	n = strtoll(line + TRIAL_ID_LEN + 1, &end, 10);
	if (*end != ' ' || n < 1 || n > INT_MAX)
		return false;
	memcpy(e->trial, line, TRIAL_ID_LEN);
	e->trial[TRIAL_ID_LEN] = '\0';
	e->attempt = (int)n;
	e->status = status_parse(end + 1, strlen(end + 1));
	return e->status != STATUS_NONE;
}

void
digest_text(char out[DIGEST_TEXT], const void *bytes, size_t len)
{
	snprintf(out, DIGEST_TEXT, "%016" PRIx64, hash_bytes(bytes, len));
}
