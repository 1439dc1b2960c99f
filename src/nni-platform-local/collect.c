/*
 * collect: trial and status records in, metric records out.
 *
 * The metric files of live trials are watched and read on from where we were;
 * at a trial's end its file is read to the end before the end is passed on.
 * What cannot be read now holds the end back and is tried again; only a file
 * that is not there any more is never waited for.
 * A file is read in pieces, and only while the reader of ours keeps up.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "attempts.h"
#include "backend.h"
#include "expdir.h"
#include "hash.h"
#include "mem.h"
#include "metricfile.h"
#include "say.h"
#include "state.h"
#include "verbs.h"
#include "os/file.h"
#include "os/sys.h"

/* Two of the longest records. */
#define PIECE ((size_t)2 << 20)
/* A trial that ends before this is never watched. */
#define FOLLOW_MS 8
/* No more than about this is put in one round of the loop. */
#define PUT_MAX ((size_t)256 << 10)
/* So many pieces of a trial that are no metric are told. */
#define FAULTS_MAX 10
/* The pauses after which what cannot be read is tried again. */
#define RETRY_MS 100
#define RETRY_MAX_MS 5000
/* Such ends are waited for, once no more comes in, for this part of
   backend_timeout_ms(); then who started us does so again, or says what is
   missing. */
#define WAIT_PART 8

struct collected {
	struct attempt a;
	bool fresh;	/* not watched yet */
	bool queued;	/* to be read */
	int faults;	/* pieces that were no metric */
	bool has_final; /* a final metric was seen */
	bool phases;	/* it has asked for further parameters */
	bool done;	/* its end was passed on */
	bool held;	/* its end waits for what cannot be read now */
	char *trouble;	/* why not, as it was last said; NULL: nothing */
	int64_t offset; /* behind the last record */
	/* That record, to see whether the file is still the same. */
	uint32_t last_size;
	uint64_t last_print;
	struct watch *watch;
	char *end; /* its end, to be passed on behind its last metric */
	struct collected *next;
	struct collector *c;
};

struct collector {
	const struct verb *v;
	struct loop *loop;
	struct filter filter;
	struct buf line; /* of output, being made */
	struct timer again, follow, retry, over;
	int64_t retry_ms;
	size_t held;	 /* ends that wait */
	bool waiting;	 /* for those, after the end of the input */
	bool late;	 /* and that for long enough */
	size_t followed; /* those before it in `all` are not fresh */
	struct attempts all;
	struct collected *first, **last; /* the queue */
	char *piece;
	struct metric metric;
	struct buf path;
};

/* ---- out ---- */

static void
send_metric(struct collector *c, const struct collected *t, int64_t position,
    uint64_t print, int64_t time_ms)
{
	struct buf *line = &c->line, at = BUF_INIT;

	buf_setf(&at,
	    "{\"source\":\"metrics\",\"position\":%" PRId64
	    ",\"digest\":\"%016" PRIx64 "\"}",
	    position, print);
	/* Until it asks for more all are of the parameters it started with. */
	metric_record(line, &c->metric, &t->a, t->phases, time_ms,
	    (struct json){at.data, at.len});
	buf_release(&at);
	if (line->len <= NNI_LINE_MAX)
		filter_put_buf(&c->filter, line);
	else
		filter_error(&c->filter,
		    "a metric is too long for a record (1 MiB)",
		    far_where(c->v->far, c->v->member), NULL, t->a.trial);
	buf_clear(line);
}

static void
send_fault(struct collector *c, struct collected *t, int64_t position,
    size_t size, const char *why)
{
	struct buf text = BUF_INIT;

	if (++t->faults > FAULTS_MAX)
		return;
	buf_setf(&text,
	    "%zu bytes at %" PRId64 " of .nni/metrics are no metric: %s", size,
	    position, why);
	if (t->faults == FAULTS_MAX)
		buf_adds(&text, "; what else there is of it is not told");
	filter_error(&c->filter, text.data, far_where(c->v->far, c->v->member),
	    "write to it by nni-trial or an NNI package only", t->a.trial);
	buf_release(&text);
}

/* That its metrics cannot be read, once until the reason is another. */
static void
send_trouble(struct collector *c, struct collected *t, const char *why)
{
	if (t->trouble != NULL && strcmp(t->trouble, why) == 0)
		return;
	free(t->trouble);
	t->trouble = xstrdup(why);
	filter_error(&c->filter, why, far_where(c->v->far, c->v->member),
	    t->held ? "its end waits until that can be read" : NULL,
	    t->a.trial);
}

/* Passes the end on, with what we know of the metrics. */
static void
send_end(struct collector *c, struct collected *t, const char *incomplete)
{
	struct buf *line = &c->line, err = BUF_INIT;
	struct record r;

	if (record_parse(&r, t->end, strlen(t->end), &err) == 0) {
		end_record(line, &r, t->has_final, incomplete);
		filter_put_buf(&c->filter, line);
		buf_clear(line);
	}
	free(t->end);
	t->end = NULL;
	t->done = true;
	c->held -= t->held;
	t->held = false;
	watch_stop(t->watch);
	t->watch = NULL;
	buf_release(&err);
}

/* ---- in ---- */

static void
enqueue(struct collector *c, struct collected *t)
{
	if (t->queued)
		return;
	t->queued = true;
	t->next = NULL;
	*c->last = t;
	c->last = &t->next;
}

static void
changed(void *arg)
{
	struct collected *t = arg;

	enqueue(t->c, t);
}

/*
 * SDKs before v2.3 empty the file in every process that imports them.  Then, or
 * if what is before our position is not what we read, all is read again; who
 * reads us knows repeats by their `at`.
 */
static bool
is_same_file(os_file f, const struct collected *t, char *scratch)
{
	int64_t n;

	if (t->offset == 0)
		return true;
	if (file_size(f) < t->offset)
		return false;
	if (t->last_size == 0)
		return true;
	n = file_read_at(f, scratch, t->last_size, t->offset - t->last_size);
	return n == (int64_t)t->last_size &&
	       hash_bytes(scratch, t->last_size) == t->last_print;
}

/* When it was reported, as far as the file tells. */
static int64_t
report_time(const char *path)
{
	struct file_info info;
	int64_t now = clock_wall_ms();

	if (file_info(path, true, &info) == 0 && info.mtime_ms < now)
		return info.mtime_ms;
	return now;
}

/* What is in bytes[0..len); returns how much of it was dealt with. */
static size_t
take_piece(struct collector *c, struct collected *t, const char *bytes,
    size_t len, bool whole, int64_t time_ms)
{
	struct buf err = BUF_INIT;
	size_t at = 0, used;
	enum metric_step step;

	while ((step = metricfile_next(&c->metric, bytes + at, len - at, whole,
		    &used, &err)) != METRIC_MORE) {
		if (step == METRIC_FOUND) {
			t->last_size = (uint32_t)used;
			t->last_print = hash_bytes(bytes + at, used);
			t->has_final |= c->metric.kind == METRIC_FINAL;
			t->phases |= c->metric.kind == METRIC_REQUEST;
			send_metric(c, t, t->offset, t->last_print, time_ms);
		} else {
			t->last_size = 0;
			send_fault(c, t, t->offset, used, err.data);
		}
		at += used;
		t->offset += (int64_t)used;
	}
	buf_release(&err);
	return at;
}

enum reading {
	READ_MORE,  /* there is more to be read */
	READ_ALL,   /* that is all for now */
	READ_GONE,  /* there is no such file, or it is something else */
	READ_FAILED /* not now, perhaps later */
};

static enum reading
reading_failed(void)
{
	enum os_error e = os_errno();

	return e == OS_NOT_FOUND || e == OS_NOT_DIR || e == OS_NOT_FILE
		   ? READ_GONE
		   : READ_FAILED;
}

/* Reads on; of the last two, `why` says the reason. */
static enum reading
read_on(struct collector *c, struct collected *t, struct buf *why)
{
	bool ended = t->end != NULL;
	enum reading failed = READ_FAILED;
	int64_t n, time_ms;
	size_t used;
	os_file f;

	f = file_open(c->path.data, FILE_READ | FILE_ORDINARY, 0, why);
	if (f == OS_NO_FILE)
		return reading_failed();
	if (!is_same_file(f, t, c->piece))
		t->offset = t->last_size = 0;
	n = file_read_at(f, c->piece, PIECE, t->offset);
	if (n == -1) {
		buf_err(
		    why, "cannot read '%s': %s", c->path.data, os_strerror());
		failed = reading_failed();
	}
	file_close(f);
	if (n <= 0)
		return n == 0 ? READ_ALL : failed;
	time_ms = report_time(c->path.data);
	used = take_piece(
	    c, t, c->piece, (size_t)n, ended && (size_t)n < PIECE, time_ms);
	return used > 0 && (size_t)n == PIECE ? READ_MORE : READ_ALL;
}

/* Was it ever started? Then it had a metric file. */
static bool
was_started(struct collector *c, const struct collected *t)
{
	struct state s;
	struct buf dir = BUF_INIT;
	bool started;

	state_init(&s);
	expdir_trial(&dir, c->v->dir, t->a.trial, t->a.number);
	started = state_read(&s, dir.data, NULL) == -1 || s.claimed;
	state_release(&s);
	buf_release(&dir);
	return started;
}

/* All that are in trouble are read once more. */
static void
try_again(void *arg)
{
	struct collector *c = arg;
	struct collected *t;
	size_t i;

	for (i = 0; i < c->all.count; i++) {
		t = (struct collected *)c->all.all[i];
		if (t->held)
			enqueue(c, t);
	}
	c->retry_ms *= 2;
	if (c->retry_ms > RETRY_MAX_MS)
		c->retry_ms = RETRY_MAX_MS;
	if (c->held > 0)
		timer_set(c->loop, &c->retry, c->retry_ms, try_again, c);
}

static void
hold(struct collector *c, struct collected *t)
{
	if (!t->held)
		c->held++;
	t->held = true;
	if (timer_is_set(&c->retry))
		return;
	c->retry_ms = RETRY_MS;
	timer_set(c->loop, &c->retry, c->retry_ms, try_again, c);
}

static void
read_one(struct collector *c, struct collected *t)
{
	struct buf why = BUF_INIT;
	enum reading r;

	expdir_trial(&c->path, c->v->dir, t->a.trial, t->a.number);
	path_add(&c->path, ".nni/metrics");
	r = read_on(c, t, &why);
	if (r == READ_GONE && os_errno() == OS_NOT_FILE)
		send_trouble(c, t, why.data);
	if (r == READ_MORE) {
		enqueue(c, t);
	} else if (r == READ_FAILED) {
		if (t->end != NULL)
			hold(c, t);
		send_trouble(c, t, why.data);
	} else if (t->end != NULL) {
		send_end(c, t,
		    r == READ_GONE && was_started(c, t) ? why.data : NULL);
	}
	buf_release(&why);
}

static void
nothing(void *arg)
{
	(void)arg;
}

static void
wait_is_over(void *arg)
{
	struct collector *c = arg;

	c->late = true;
}

/* All has been read; but ends are waited for a while. */
static void
finish(struct collector *c)
{
	if (c->held == 0 || c->late) {
		filter_leave(&c->filter, c->held > 0 ? NNI_TEMPORARY : NNI_OK);
	} else if (!c->waiting) {
		c->waiting = true;
		timer_set(c->loop, &c->over, backend_timeout_ms() / WAIT_PART,
		    wait_is_over, c);
	}
}

/* Works off the queue as far as the reader keeps up. */
static void
pump(void *arg)
{
	struct collector *c = arg;
	struct collected *t;

	while (c->first != NULL && !filter_pressed(&c->filter) &&
	       c->filter.put.len < PUT_MAX) {
		t = c->first;
		c->first = t->next;
		if (c->first == NULL)
			c->last = &c->first;
		t->queued = false;
		read_one(c, t);
	}
	filter_hold(&c->filter, c->first != NULL);
	if (c->first == NULL && c->filter.ended)
		finish(c);
	else if (c->first != NULL && !filter_pressed(&c->filter))
		timer_set(c->loop, &c->again, 0, nothing, NULL);
}

static void
pressed(void *arg, bool slow)
{
	if (!slow)
		pump(arg);
}

static struct collected *
collected(struct collector *c, const struct record *r)
{
	struct collected *t = attempts_find(&c->all, r->trial, r->attempt);

	if (t == NULL) {
		t = attempts_add(&c->all, r->trial, r->attempt, sizeof(*t));
		t->c = c;
		t->fresh = true;
	}
	return t;
}

static void
follow(void *arg)
{
	struct collector *c = arg;
	struct collected *t;

	for (; c->followed < c->all.count; c->followed++) {
		t = (struct collected *)c->all.all[c->followed];
		if (!t->fresh || t->done)
			continue;
		t->fresh = false;
		expdir_trial(&c->path, c->v->dir, t->a.trial, t->a.number);
		path_add(&c->path, ".nni/metrics");
		t->watch = watch_path(c->loop, c->path.data, changed, t);
		enqueue(c, t);
	}
}

static void
take(void *arg, const struct record *r, const char *line, size_t len)
{
	struct collector *c = arg;
	struct collected *t;

	(void)line;
	(void)len;
	if (far_takes(c->v->far, r))
		return;
	if (r->trial[0] == '\0')
		return;
	if (r->type == RECORD_TRIAL) {
		collected(c, r);
		if (!timer_is_set(&c->follow))
			timer_set(c->loop, &c->follow, FOLLOW_MS, follow, c);
	} else if (r->type == RECORD_STATUS && status_is_end(r->status)) {
		t = collected(c, r);
		if (t->end == NULL)
			t->end = xstrndup(r->line.at, r->line.len);
		enqueue(c, t);
	}
}

/* What there is of the others is read once more. */
static void
read_last(void *arg)
{
	struct collector *c = arg;
	struct collected *t;
	size_t i;

	for (i = 0; i < c->all.count; i++) {
		t = (struct collected *)c->all.all[i];
		if (!t->done)
			enqueue(c, t);
	}
}

static const struct filter_calls calls = {take, read_last, pump, pressed};

static void
release(struct collector *c)
{
	struct collected *t;
	size_t i;

	for (i = 0; i < c->all.count; i++) {
		t = (struct collected *)c->all.all[i];
		watch_stop(t->watch);
		free(t->end);
		free(t->trouble);
	}
	attempts_release(&c->all);
	metric_release(&c->metric);
	buf_release(&c->line);
	buf_release(&c->path);
	free(c->piece);
}

int
verb_collect(const struct verb *v)
{
	struct collector c = {.v = v,
	    .loop = loop_new(),
	    .line = BUF_INIT,
	    .all = ATTEMPTS_INIT,
	    .metric = METRIC_INIT,
	    .path = BUF_INIT,
	    .piece = xmalloc(PIECE)};
	int code;

	c.last = &c.first;
	filter_init(&c.filter, c.loop, FILTER_JSONL, true, &calls, &c);
	far_begin(v->far, c.loop, &c.filter, NULL, NULL);
	code = loop_run(c.loop);
	timer_stop(&c.again);
	timer_stop(&c.follow);
	timer_stop(&c.retry);
	timer_stop(&c.over);
	filter_release(&c.filter);
	release(&c);
	loop_free(c.loop);
	return code;
}
