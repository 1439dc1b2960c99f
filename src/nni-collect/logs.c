/* Logs as records, and copies of what trials made. */
#include "logs.h"

#include <string.h>

#include "expdir.h"
#include "os/file.h"
#include "os/sys.h"
#include "record.h"
#include "say.h"

/* A record has at most this much text; of one stream at most this much is told
   at once, the older part is passed over. */
#define CHUNK ((size_t)64 << 10)
#define MOST ((int64_t)1 << 20)

static const char *const names[LOG_STREAMS] = {"stdout", "stderr"};

static void
add_record(struct buf *out, const struct attempt *key, int stream,
    const char *text, size_t len, int64_t skipped)
{
	record_begin_trial(out, "log", key->trial, key->number);
	json_member_str(out, "stream", names[stream]);
	if (skipped)
		json_member_int(out, "skipped", skipped);
	json_key(out, "text");
	json_add_string(out, text, len);
	json_member_time(out, "time", clock_wall_ms());
	record_end(out);
}

/* Whole lines only, until the trial has ended. */
static size_t
whole_lines(const char *text, size_t len, bool ended)
{
	size_t n = len;

	if (ended && len < CHUNK)
		return len;
	while (n && text[n - 1] != '\n')
		n--;
	return n || len < CHUNK ? n : len;
}

static void
tell_stream(struct log_state *state, const char *path, int stream,
    const struct attempt *key, bool ended, struct buf *out)
{
	static char chunk[CHUNK];
	os_file f = file_open(path, FILE_READ | FILE_ORDINARY, 0, NULL);
	int64_t size, skipped = 0, n, *offset = &state->offset[stream];
	size_t use;

	if (f == OS_NO_FILE)
		return;
	size = file_size(f);
	if (size - *offset > MOST) {
		skipped = size - *offset - MOST;
		*offset += skipped;
	}
	while (*offset < size &&
	       (n = file_read_at(f, chunk, sizeof(chunk), *offset)) > 0) {
		use = whole_lines(chunk, (size_t)n, ended);
		if (!use)
			break;
		add_record(out, key, stream, chunk, use, skipped);
		skipped = 0;
		*offset += (int64_t)use;
	}
	file_close(f);
}

static void
tell(struct log_state *state, const char *dir, const struct attempt *key,
    bool ended, struct buf *out)
{
	struct buf path = BUF_INIT;
	int i;

	for (i = 0; i < LOG_STREAMS; i++) {
		expdir_path(&path, dir, names[i]);
		tell_stream(state, path.data, i, key, ended, out);
	}
	buf_release(&path);
}

void
logs_grown(const struct logs *l, struct log_state *state, const char *dir,
    const struct attempt *key, struct buf *out)
{
	if (l->records)
		tell(state, dir, key, false, out);
}

/* ---- copies ---- */

static int
copy_file(const char *from, const char *to, struct buf *err)
{
	static char chunk[CHUNK];
	struct file_info info;
	os_file in, out;
	int64_t n;
	int r = 0;

	in = file_open(from, FILE_READ | FILE_NOFOLLOW | FILE_ORDINARY, 0, err);
	if (in == OS_NO_FILE)
		return -1;
	if (file_info(from, true, &info) == -1)
		info.mode = 0600;
	out = file_open(to, FILE_WRITE | FILE_CREATE | FILE_TRUNC,
	    (int)(info.mode & 0777), err);
	if (out == OS_NO_FILE) {
		file_close(in);
		return -1;
	}
	while ((n = file_read(in, chunk, sizeof(chunk))) > 0 && !r)
		if (file_write(out, chunk, (size_t)n) == -1)
			r = buf_err(
			    err, "cannot write '%s': %s", to, os_strerror());
	if (n == -1)
		r = buf_err(err, "cannot read '%s': %s", from, os_strerror());
	file_close(in);
	file_close(out);
	return r;
}

static int
copy_link(const char *from, const char *to, struct buf *err)
{
	struct buf target = BUF_INIT;
	int r = -1;

	if (link_read(from, &target, err) == 0 && file_remove(to, err) == 0)
		r = link_make(target.data, to, err);
	buf_release(&target);
	return r;
}

/* Links are copied as links, what is neither file nor directory is left out. */
static int
copy_tree(const char *from, const char *to, bool top, struct buf *err)
{
	struct buf a = BUF_INIT, b = BUF_INIT;
	enum file_type *types;
	char **list;
	size_t count, i;
	int r = 0;

	if (dir_make_all(to, 0700, err) == -1 ||
	    dir_list(from, &list, &types, &count, err) == -1)
		return -1;
	for (i = 0; i < count && !r; i++) {
		if (top && !strcmp(list[i], ".nni"))
			continue;
		expdir_path(&a, from, list[i]);
		expdir_path(&b, to, list[i]);
		if (types[i] == FILE_REGULAR)
			r = copy_file(a.data, b.data, err);
		else if (types[i] == FILE_DIR)
			r = copy_tree(a.data, b.data, false, err);
		else if (types[i] == FILE_LINK)
			r = copy_link(a.data, b.data, err);
	}
	dir_list_free(list, types, count);
	buf_release(&a);
	buf_release(&b);
	return r;
}

void
logs_end(const struct logs *l, struct log_state *state, const char *dir,
    const struct attempt *key, struct buf *out)
{
	struct buf to = BUF_INIT, err = BUF_INIT;

	if (l->records)
		tell(state, dir, key, true, out);
	if (l->output) {
		expdir_path(&to, l->output, path_base(dir));
		if (copy_tree(dir, to.data, true, &err) == -1)
			record_error(out, err.data, to.data,
			    "the files are still in the trial's directory",
			    key->trial);
	}
	buf_release(&to);
	buf_release(&err);
}

void
logs_failed(const char *dir, const char *trial)
{
	struct buf path = BUF_INIT;
	struct file_info info;

	expdir_path(&path, dir, "stderr");
	if (file_info(path.data, true, &info) == 0 && info.size > 0)
		say("trial %s failed; what it said is in %s", trial, path.data);
	buf_release(&path);
}
