/* A program beside the loop, asked one question. */
#include "inquiry.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "json.h"
#include "lines.h"
#include "mem.h"
#include "os/process.h"
#include "os/sys.h"

/* What is taken of an answer, and of words about it. */
#define ANSWER_MAX ((size_t)1 << 20)
#define WORDS_MAX 4096
/* How long the end of its output is waited for once it has ended. */
#define STRAGGLE_MS 1000

struct inquiry {
	struct inquiry *next;
	struct loop *loop;
	struct proc proc;
	struct stream *in, *out, *err;
	struct timer limit;
	struct buf answer, words;
	struct lines lines;
	void (*line)(void *arg, char *line, size_t len);
	inquiry_fn *fn; /* NULL: nobody wants to know any more */
	void *arg;
	struct inquiry_end how;
	bool reaped;
};

/* Those that have not ended, so that one which nobody waits for is known. */
static struct inquiry *running;

static void
close_output(struct inquiry *q)
{
	stream_close(q->out);
	stream_close(q->err);
	q->out = q->err = NULL;
	timer_stop(&q->limit);
}

static void
forget(struct inquiry *q)
{
	struct inquiry **at = &running;

	while (*at && *at != q)
		at = &(*at)->next;
	if (*at)
		*at = q->next;
	close_output(q);
	stream_close(q->in);
	memset(q->answer.data, 0, q->answer.len);
	buf_release(&q->answer);
	buf_release(&q->words);
	lines_release(&q->lines);
	free(q);
}

static void
settle(void *arg)
{
	struct inquiry *q = arg;

	close_output(q);
	if (q->fn)
		q->fn(q->arg, &q->how, &q->answer, &q->words);
	forget(q);
}

/* It has ended, or its output has: was that all? */
static void
look(struct inquiry *q)
{
	if (q->reaped && q->out == NULL && q->err == NULL)
		settle(q);
	else if (q->reaped)
		timer_set(q->loop, &q->limit, STRAGGLE_MS, settle, q);
}

static void
on_out(void *arg, const char *bytes, size_t len)
{
	struct inquiry *q = arg;

	if (len == 0) {
		stream_close(q->out);
		q->out = NULL;
		look(q);
	} else if (buf_add(&q->answer, bytes, len) == -1 && !q->how.too_much) {
		q->how.too_much = true;
		proc_kill(&q->proc, PROC_KILL);
	}
}

static void
on_err(void *arg, const char *bytes, size_t len)
{
	struct inquiry *q = arg;
	size_t room = q->words.max - q->words.len;

	if (len > 0 && q->line)
		lines_feed(&q->lines, bytes, len, q->line, q->arg);
	else if (len > 0)
		buf_add(&q->words, bytes, len < room ? len : room);
	if (len > 0)
		return;
	if (q->line)
		lines_end(&q->lines, q->line, q->arg);
	stream_close(q->err);
	q->err = NULL;
	look(q);
}

static void
on_gone(void *arg)
{
	struct inquiry *q = arg;

	stream_close(q->in);
	q->in = NULL;
}

static void
on_written(void *arg)
{
	((struct inquiry *)arg)->in = NULL;
}

static void
on_end(void *arg, struct proc_end end)
{
	struct inquiry *q = arg;
	bool ours = q->how.late || q->how.too_much;

	q->reaped = true;
	q->how.code = end.signaled || ours ? -1 : end.code;
	q->how.signal = end.signaled && !ours ? end.code : 0;
	look(q);
}

static void
on_limit(void *arg)
{
	struct inquiry *q = arg;

	buf_clear(&q->words);
	buf_adds(&q->words, "it did not answer in time");
	q->how.late = true;
	close_output(q);
	proc_kill(&q->proc, PROC_KILL);
}

struct inquiry *
inquiry_start(struct loop *l, const struct inquiry_spec *spec, inquiry_fn *fn,
    void *arg, struct buf *err)
{
	struct inquiry *q = xcalloc(1, sizeof(*q));
	struct proc_spec s = {.argv = spec->argv,
	    .env = spec->env,
	    .in = {spec->in ? PROC_PIPE : PROC_NULL, OS_NO_FILE},
	    .out = {PROC_PIPE, OS_NO_FILE},
	    .err = {PROC_PIPE, OS_NO_FILE},
	    .own_group = spec->own_group};

	buf_init(&q->answer, ANSWER_MAX);
	buf_init(&q->words, WORDS_MAX);
	lines_init(&q->lines);
	q->loop = l;
	q->line = spec->line;
	q->fn = fn;
	q->arg = arg;
	if (proc_start(&q->proc, &s, err) == -1) {
		forget(q);
		return NULL;
	}
	q->next = running;
	running = q;
	q->out = stream_reader(l, q->proc.out, on_out, q);
	q->err = stream_reader(l, q->proc.err, on_err, q);
	if (spec->in) {
		q->in = stream_writer(l, q->proc.in, on_gone, q);
		stream_write(q->in, spec->in->data, spec->in->len);
		stream_finish(q->in, on_written, q);
	}
	loop_child(l, &q->proc, on_end, q);
	timer_set(l, &q->limit, spec->timeout_ms, on_limit, q);
	return q;
}

void
inquiry_stop(struct inquiry *q)
{
	if (!q)
		return;
	q->fn = NULL;
	close_output(q);
	if (q->reaped)
		forget(q);
	else
		proc_kill(&q->proc, PROC_KILL);
}

struct inquiry *
inquiry_curl(struct loop *l, const struct buf *lines, int64_t timeout_ms,
    inquiry_fn *fn, void *arg, struct buf *err)
{
	const char *curl = env_get("NNI_CURL");
	const char *argv[] = {curl ? curl : "curl", "-q", "-K", "-", NULL};
	struct buf all = BUF_INIT;
	struct inquiry *q;

	buf_addf(&all,
	    "silent\nshow-error\ngloboff\nconnect-timeout = 10\n"
	    "max-time = %" PRId64 "\n"
	    "write-out = \"\\n%%{http_code}\"\n",
	    (timeout_ms + 999) / 1000);
	buf_add(&all, lines->data, lines->len);
	q = inquiry_start(l,
	    &(struct inquiry_spec){.argv = (char *const *)argv,
		.in = &all,
		.timeout_ms = timeout_ms + 5000,
		.own_group = true},
	    fn, arg, err);
	memset(all.data, 0, all.len);
	buf_release(&all);
	return q;
}

int
inquiry_status(const struct buf *out, struct buf *body)
{
	size_t n = out->len;

	while (n > 0 && out->data[n - 1] != '\n')
		n--;
	buf_clear(body);
	if (n == 0)
		return 0;
	buf_add(body, out->data, n - 1);
	return (int)strtol(out->data + n, NULL, 10);
}

static struct json
text_in(const struct buf *body)
{
	static const char *const paths[] = {
	    "error_description", "error.message", "message", "error"};
	struct json all, text;
	size_t i;

	if (json_check(body->data, body->len, JSON_STRICT, &all, NULL, NULL) ==
	    0)
		for (i = 0; i < sizeof(paths) / sizeof(*paths); i++) {
			text = json_path(all, paths[i]);
			if (json_type(text) == JSON_STRING)
				return text;
		}
	return JSON_NONE;
}

void
inquiry_words(struct buf *out, int status, const struct buf *body,
    const struct buf *words)
{
	struct json text = text_in(body);
	struct buf said = BUF_INIT;

	if (json_type(text) == JSON_STRING)
		json_string(text, &said);
	else if (status == 0)
		buf_adds(&said, words->len ? words->data : "no answer");
	buf_cut(&said, strcspn(said.data, "\r\n"));
	if (said.len > 300)
		buf_cut(&said, 300);
	if (status)
		buf_addf(out, "it answered %d%s", status, said.len ? ": " : "");
	buf_adds(out, said.data);
	buf_release(&said);
}
