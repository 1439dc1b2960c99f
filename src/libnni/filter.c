/* A program of the pipeline: records in, records out, nobody blocks. */
#include "filter.h"

#include <inttypes.h>
#include <string.h>

#include "say.h"
#include "os/sys.h"
#include "table.h"

/* Beyond this much unread output no more input is taken. */
#define PRESSURE ((size_t)1 << 20)

enum filter_format
filter_format(const char *name)
{
	if (!name)
		return console_is_terminal(sys_stdout()) ? FILTER_TABLE
							 : FILTER_JSONL;
	return strcmp(name, "table") ? FILTER_JSONL : FILTER_TABLE;
}

static void
pause_input(struct filter *f)
{
	if (f->in)
		stream_pause(f->in, f->slow || f->held);
}

static void
press(struct filter *f, bool slow)
{
	if (f->slow == slow)
		return;
	f->slow = slow;
	pause_input(f);
	if (f->calls->pressed)
		f->calls->pressed(f->arg, slow);
}

static void
nothing(void *arg)
{
	(void)arg;
}

/* Between rounds: what is put now waits for another, so there has to be one. */
static void
drained(void *arg)
{
	struct filter *f = arg;

	press(f, false);
	if (f->put.len)
		timer_set(f->loop, &f->round, 0, nothing, NULL);
}

/* Nobody reads: whatever comes now is for nobody. */
static void
reader_gone(void *arg)
{
	struct filter *f = arg;
	int code = say_output_lost();

	if (code == NNI_OK && f->leaving)
		code = f->exit_code;
	loop_stop(f->loop, code);
}

static void
take_line(void *arg, char *line, size_t len)
{
	struct filter *f = arg;
	struct buf err = BUF_INIT;
	struct record r;

	f->line_number++;
	if (line && strspn(line, " \t") == len)
		return;
	if (line && record_parse(&r, line, len, &err) == 0) {
		f->calls->take(f->arg, &r, line, len);
	} else {
		if (!line)
			buf_adds(&err, "a line is longer than 1 MiB");
		filter_refuse(f, err.data, NULL, NULL);
	}
	buf_release(&err);
}

static void
input_ended(struct filter *f)
{
	f->ended = true;
	f->calls->end(f->arg);
}

static void
read_bytes(void *arg, const char *bytes, size_t len)
{
	struct filter *f = arg;

	if (len) {
		lines_feed(&f->lines, bytes, len, take_line, f);
		return;
	}
	stream_close(f->in);
	f->in = NULL;
	lines_end(&f->lines, take_line, f);
	input_ended(f);
}

static void
written(void *arg)
{
	struct filter *f = arg;

	loop_stop(f->loop, f->exit_code);
}

static void
end_round(void *arg)
{
	struct filter *f = arg;

	if (f->calls->round && !f->leaving)
		f->calls->round(f->arg);
	if (!f->out)
		return;
	if (f->put.len) {
		if (f->urgent)
			stream_write(f->out, f->put.data, f->put.len);
		else
			stream_write_calm(f->out, f->put.data, f->put.len);
		/* A burst must not keep its megabytes. */
		if (f->put.cap > PRESSURE)
			buf_release(&f->put);
		buf_clear(&f->put);
	}
	f->urgent = false;
	if (f->leaving) {
		struct stream *out = f->out;

		f->out = NULL;
		stream_finish(out, written, f);
	} else if (stream_queued(f->out) > PRESSURE) {
		press(f, true);
	}
}

static void
no_input(void *arg)
{
	input_ended(arg);
}

void
filter_init(struct filter *f, struct loop *loop, enum filter_format format,
    bool read_input, const struct filter_calls *calls, void *arg)
{
	memset(f, 0, sizeof(*f));
	f->loop = loop;
	f->calls = calls;
	f->arg = arg;
	f->format = format;
	lines_init(&f->lines);
	buf_init(&f->put, BUF_MAX_DEFAULT);
	f->out = stream_writer(loop, sys_stdout(), reader_gone, f);
	stream_on_drain(f->out, drained, f);
	if (read_input)
		f->in = stream_reader(loop, sys_stdin(), read_bytes, f);
	else
		timer_set(loop, &f->start, 0, no_input, f);
	loop_each_round(loop, end_round, f);
}

void
filter_release(struct filter *f)
{
	timer_stop(&f->start);
	timer_stop(&f->round);
	stream_close(f->in);
	stream_close(f->out);
	lines_release(&f->lines);
	buf_release(&f->put);
}

void
filter_hurry(struct filter *f)
{
	f->urgent = true;
}

static void
put_rows(struct filter *f, const char *lines, size_t len)
{
	const char *end = lines + len, *lf;
	struct record r;

	if (!f->titled && len)
		table_title(&f->put);
	f->titled = f->titled || len;
	for (; lines < end; lines = lf + 1) {
		lf = memchr(lines, '\n', (size_t)(end - lines));
		if (!lf)
			lf = end;
		if (record_parse(&r, lines, (size_t)(lf - lines), NULL) == 0)
			table_row(&f->put, &r);
	}
}

void
filter_put_calm(struct filter *f, const char *lines, size_t len)
{
	if (f->format == FILTER_TABLE) {
		put_rows(f, lines, len);
		return;
	}
	buf_add(&f->put, lines, len);
	if (len && lines[len - 1] != '\n')
		buf_addc(&f->put, '\n');
}

void
filter_put(struct filter *f, const char *lines, size_t len)
{
	filter_put_calm(f, lines, len);
	filter_hurry(f);
}

void
filter_put_buf(struct filter *f, const struct buf *lines)
{
	filter_put(f, lines->data, lines->len);
}

void
filter_error(struct filter *f, const char *message, const char *where,
    const char *hint, const char *trial)
{
	struct buf b = BUF_INIT;

	if (f->no_records)
		return;
	record_error(&b, message, where, hint, trial);
	filter_put_buf(f, &b);
	buf_release(&b);
}

void
filter_refuse(
    struct filter *f, const char *why, const char *hint, const char *trial)
{
	struct buf where = BUF_INIT;

	f->refused = true;
	buf_addf(&where, "stdin:%" PRId64, f->line_number);
	filter_error(f, why, where.data, hint, trial);
	say_error(NNI_USAGE, "%s: %s%s%s", where.data, why, hint ? "; " : "",
	    hint ? hint : "");
	buf_release(&where);
}

int
filter_code(const struct filter *f, int code)
{
	bool fine =
	    code == NNI_OK || code == NNI_TRIAL_FAILED || code == NNI_NOTHING;

	return f->refused && fine ? NNI_USAGE : code;
}

void
filter_hold(struct filter *f, bool hold)
{
	f->held = hold;
	pause_input(f);
}

bool
filter_pressed(const struct filter *f)
{
	return f->slow;
}

void
filter_leave(struct filter *f, int code)
{
	if (f->leaving)
		return;
	f->leaving = true;
	f->exit_code = code;
}
