/* Logs as records. */
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

void
logs_end(const struct logs *l, struct log_state *state, const char *dir,
    const struct attempt *key, struct buf *out)
{
	if (l->records)
		tell(state, dir, key, true, out);
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
