/* A program beside the loop, asked one question. */
#include "inquiry.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "mem.h"
#include "os/sys.h"

/* What is taken of an answer, and of words about it. */
#define ANSWER_MAX ((size_t)1 << 20)
#define WORDS_MAX 4096

struct inquiry {
	struct inquiry *next;
	struct loop *loop;
	struct proc proc;
	struct stream *in, *out, *err;
	struct timer limit;
	struct buf answer, words;
	inquiry_fn *fn; /* NULL: nobody wants to know any more */
	void *arg;
	int open; /* what has not ended: its streams and itself */
	int code;
};

/* Those that have not ended, so that one which nobody waits for is known. */
static struct inquiry *running;

static void
forget(struct inquiry *q)
{
	struct inquiry **at = &running;

	while (*at && *at != q)
		at = &(*at)->next;
	if (*at)
		*at = q->next;
	timer_stop(&q->limit);
	stream_close(q->in);
	stream_close(q->out);
	stream_close(q->err);
	memset(q->answer.data, 0, q->answer.len);
	buf_release(&q->answer);
	buf_release(&q->words);
	free(q);
}

/* All of its output, and its end, have come. */
static void
end_one(struct inquiry *q)
{
	if (--q->open > 0)
		return;
	if (q->fn)
		q->fn(q->arg, q->code, &q->answer, &q->words);
	forget(q);
}

static void
on_out(void *arg, const char *bytes, size_t len)
{
	struct inquiry *q = arg;

	if (len > 0 && buf_add(&q->answer, bytes, len) == -1)
		proc_kill(&q->proc, PROC_KILL);
	if (len == 0) {
		stream_close(q->out);
		q->out = NULL;
		end_one(q);
	}
}

static void
on_err(void *arg, const char *bytes, size_t len)
{
	struct inquiry *q = arg;
	size_t room = q->words.max - q->words.len;

	if (len > 0) {
		buf_add(&q->words, bytes, len < room ? len : room);
		return;
	}
	stream_close(q->err);
	q->err = NULL;
	end_one(q);
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

	q->code = end.signaled ? -1 : end.code;
	end_one(q);
}

/* What it started may hold its output open: nobody waits for that. */
static void
kill_it(struct inquiry *q)
{
	q->open -= (q->out != NULL) + (q->err != NULL);
	stream_close(q->out);
	stream_close(q->err);
	q->out = q->err = NULL;
	proc_kill(&q->proc, PROC_KILL);
	if (q->open == 0) {
		q->open = 1;
		end_one(q);
	}
}

static void
on_limit(void *arg)
{
	struct inquiry *q = arg;

	buf_clear(&q->words);
	buf_adds(&q->words, "it did not answer in time");
	q->code = -1;
	kill_it(q);
}

struct inquiry *
inquiry_start(struct loop *l, char *const *argv, const struct buf *in,
    int64_t timeout_ms, inquiry_fn *fn, void *arg, struct buf *err)
{
	struct inquiry *q = xcalloc(1, sizeof(*q));
	struct proc_spec spec = {.argv = argv};

	spec.in.io = spec.out.io = spec.err.io = PROC_PIPE;
	spec.own_group = true;
	buf_init(&q->answer, ANSWER_MAX);
	buf_init(&q->words, WORDS_MAX);
	q->loop = l;
	q->fn = fn;
	q->arg = arg;
	if (proc_start(&q->proc, &spec, err) == -1) {
		forget(q);
		return NULL;
	}
	q->next = running;
	running = q;
	q->open = 3;
	q->out = stream_reader(l, q->proc.out, on_out, q);
	q->err = stream_reader(l, q->proc.err, on_err, q);
	q->in = stream_writer(l, q->proc.in, on_gone, q);
	stream_write(q->in, in->data, in->len);
	stream_finish(q->in, on_written, q);
	loop_child(l, &q->proc, on_end, q);
	timer_set(l, &q->limit, timeout_ms, on_limit, q);
	return q;
}

void
inquiry_stop(struct inquiry *q)
{
	if (!q)
		return;
	q->fn = NULL;
	kill_it(q);
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
	q = inquiry_start(
	    l, (char *const *)argv, &all, timeout_ms + 5000, fn, arg, err);
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
