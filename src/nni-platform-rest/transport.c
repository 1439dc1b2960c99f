/*
 * Requests by curl: a queue, a few processes that work it off in batches, a
 * process for each stream, and what is tried again.
 */
#include "transport.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "bodyfile.h"
#include "mem.h"
#include "os/file.h"
#include "os/process.h"
#include "os/sys.h"
#include "opt.h"
#include "replies.h"
#include "url.h"

/* Processes for ordinary requests, and requests of one. */
#define CURLS_MAX 4
#define BATCH_MIN 8
#define BATCH_MAX 64
/* What is written to one process. */
#define BATCH_BYTES ((size_t)4 << 20)
/* Requests are gathered for so long before a process is started for them. */
#define GATHER_MS 2
/* curl refuses lines of more than 100 KiB. */
#define LINE_MAX_BYTES ((size_t)60 << 10)
/* Of a reply that tells of a failure. */
#define REPLY_MAX ((size_t)256 << 10)
#define RETRY_AFTER_MAX_MS 300000

/* A curl process. */
struct curl {
	struct curl *next;
	struct transport *transport;
	struct proc proc;
	struct stream *in, *out;
	struct replies replies;
	struct transfer *first, *last; /* whose outcomes are to come */
	bool alone;
	bool out_ended, exited;
	struct proc_end end;
	bool body_begun;
};

struct transport {
	struct loop *loop;
	char *dir, *member;
	const struct transport_calls *calls;
	void *arg;
	struct server *servers;
	struct transfer *queue, **queue_end;
	size_t queued;
	struct curl *curls;
	size_t batches; /* processes of those that do not last */
	struct timer pump;
	bool broken;
	bool paused; /* no replies are taken */
};

static void pump(void *arg);
static void finish(struct curl *c);

static void
pump_in(struct transport *t, int64_t ms)
{
	int64_t due = loop_now_ms(t->loop) + ms;

	if (!timer_is_set(&t->pump) || t->pump.due_ms > due)
		timer_set(t->loop, &t->pump, ms, pump, t);
}

/* ---- servers ---- */

static void
server_opened(void *arg, struct server *server)
{
	struct transport *t = arg;

	if (!server->nameless)
		t->calls->opened(t->arg, server);
}

static void
server_is_away(void *arg, struct server *server)
{
	struct transport *t = arg;

	t->calls->away(t->arg, server);
}

static void
wake(void *arg, int64_t ms)
{
	pump_in(arg, ms);
}

static const struct server_calls server_calls = {
    server_opened,
    server_is_away,
    wake,
};

struct server *
transport_server(struct transport *t, const char *name)
{
	struct server *s;

	for (s = t->servers; s; s = s->next)
		if (strcmp(s->name, name) == 0)
			return s;
	return NULL;
}

/* Takes it, if there is one. */
static struct server *
add_server(struct transport *t, struct server *s)
{
	if (s == NULL)
		return NULL;
	s->next = t->servers;
	t->servers = s;
	pump_in(t, 0);
	return s;
}

struct server *
transport_add_server(
    struct transport *t, const char *name, struct json spec, struct buf *err)
{
	return add_server(t, server_new(t->loop, t->dir, t->member, name, spec,
				 &server_calls, t, err));
}

struct server *
transport_url_server(struct transport *t, const char *url, struct buf *err)
{
	struct buf origin = BUF_INIT, there = BUF_INIT;
	struct server *s, *like = NULL, *found = NULL;

	if (url_origin(url, &origin, err) == 0) {
		for (s = t->servers; s && !found; s = s->next) {
			if (s->nameless && strcmp(s->name, origin.data) == 0)
				found = s;
			buf_clear(&there);
			if (!s->nameless &&
			    url_origin(access_url(s->access), &there, NULL) ==
				0 &&
			    url_same_host(there.data, origin.data))
				like = s;
		}
		if (found == NULL)
			found = add_server(
			    t, server_of_url(like, origin.data, t->loop, t->dir,
				   t->member, &server_calls, t, err));
	}
	buf_release(&origin);
	buf_release(&there);
	return found;
}

/* ---- transfers ---- */

struct transfer *
transfer_new(void)
{
	struct transfer *f = xcalloc(1, sizeof(*f));

	buf_init(&f->headers, BUF_MAX_DEFAULT);
	buf_init(&f->body, BUF_MAX_DEFAULT);
	buf_init(&f->reply, REPLY_MAX);
	f->pause_ms = PAUSE_MS;
	f->size = -1;
	return f;
}

void
transfer_free(struct transfer *f)
{
	if (f->body_file) {
		file_remove(f->body_file, NULL);
		free(f->body_file);
	}
	free(f->method);
	free(f->path);
	free(f->retry_after);
	buf_release(&f->headers);
	buf_release(&f->body);
	buf_release(&f->reply);
	free(f);
}

static void
enqueue(struct transport *t, struct transfer *f)
{
	f->next = NULL;
	*t->queue_end = f;
	t->queue_end = &f->next;
	t->queued++;
}

void
transport_send(struct transport *t, struct transfer *f)
{
	enqueue(t, f);
	pump_in(t, f->alone ? 0 : GATHER_MS);
}

void
transport_drop(struct transport *t, struct transfer *f)
{
	struct transfer **at;

	f->dropped = true;
	if (f->on) {
		if (f->alone)
			proc_kill(&f->on->proc, PROC_TERM);
		return;
	}
	for (at = &t->queue; *at; at = &(*at)->next)
		if (*at == f)
			break;
	if (*at == NULL)
		return;
	*at = f->next;
	if (t->queue_end == &f->next)
		t->queue_end = at;
	t->queued--;
	transfer_free(f);
}

static int
add_body(
    struct transport *t, struct transfer *f, struct buf *lines, struct buf *err)
{
	struct buf name = BUF_INIT;
	size_t before = lines->len;

	if (!f->has_body)
		return 0;
	if (f->body_file == NULL && f->body.len <= LINE_MAX_BYTES &&
	    memchr(f->body.data, '\0', f->body.len) == NULL) {
		curl_line_bytes(lines, "data-raw", f->body.data, f->body.len);
		if (lines->len - before <= LINE_MAX_BYTES)
			return 0;
		buf_cut(lines, before);
	}
	if (f->body_file == NULL) {
		f->body_file = bodyfile_new(t->dir, t->member, &f->body, err);
		if (f->body_file == NULL)
			return -1;
		f->body_file_len = f->body.len;
		buf_release(&f->body);
	}
	buf_addf(&name, "@%s", f->body_file);
	curl_line(lines, "data-binary", name.data);
	buf_release(&name);
	return 0;
}

/* What curl is to do for one of them. */
static int
add_transfer(struct transport *t, struct curl *c, struct transfer *f,
    struct buf *lines, struct buf *err)
{
	struct buf url = BUF_INIT, outcome = BUF_INIT;
	int result;

	buf_addf(&url, "%s%s", f->whole ? "" : access_url(f->server->access),
	    f->path);
	if (c->first)
		buf_adds(lines, "next\n");
	buf_adds(lines, "include\nsilent\ngloboff\nsuppress-connect-headers\n"
			"connect-timeout = 10\nkeepalive-time = 30\n"
			"header = \"Expect:\"\n");
	curl_line(lines, "user-agent", "nni-tools/" NNI_VERSION);
	curl_line(lines, "request", f->method);
	if (f->alone)
		buf_adds(lines, "no-buffer\n");
	if (f->timeout_ms > 0)
		buf_addf(lines, "max-time = %" PRId64 "\n",
		    (f->timeout_ms + 999) / 1000);
	replies_outcome(&c->replies, &outcome);
	curl_line_bytes(lines, "write-out", outcome.data, outcome.len);
	buf_add(lines, f->headers.data, f->headers.len);
	result =
	    access_sign(f->server->access, f->method, url.data, &f->headers,
		f->body_file ? f->body_file_len : f->body.len, lines, err);
	if (result == 0) /* or it is there already, with a secret in it */
		curl_line(lines, "url", url.data);
	if (result != -1)
		result = add_body(t, f, lines, err);
	buf_release(&url);
	buf_release(&outcome);
	return result;
}

/* ---- outcomes ---- */

/* What a server says of a refusal: its "message", or its first line. */
static void
words_of(struct buf *out, int status, const struct buf *reply)
{
	struct json all, text;

	buf_addf(out, "it answered %d", status);
	if (json_check(
		reply->data, reply->len, JSON_STRICT, &all, NULL, NULL) == 0) {
		text = json_get(all, "message");
		if (json_type(text) == JSON_STRING && text.len > 2) {
			buf_adds(out, ": ");
			json_string(text, out);
		}
	} else if (reply->len > 0) {
		size_t n = strcspn(reply->data, "\r\n");

		buf_addf(out, ": %.*s", (int)(n < 300 ? n : 300), reply->data);
	}
}

/* The pause before it is tried again: what the server asks for, or ours. */
static int64_t
pause_of(struct transfer *f)
{
	struct json all;
	int64_t ms, seconds = -1;

	if (f->retry_after && *f->retry_after >= '0' && *f->retry_after <= '9')
		seconds = strtol(f->retry_after, NULL, 10);
	else if (json_check(f->reply.data, f->reply.len, JSON_STRICT, &all,
		     NULL, NULL) == 0)
		json_int(json_path(all, "details.retryAfterSeconds"), &seconds);
	ms = pause_by_chance(f->pause_ms);
	f->pause_ms =
	    2 * f->pause_ms > PAUSE_MAX_MS ? PAUSE_MAX_MS : 2 * f->pause_ms;
	if (seconds > RETRY_AFTER_MAX_MS / 1000)
		seconds = RETRY_AFTER_MAX_MS / 1000;
	return seconds * 1000 > ms ? seconds * 1000 : ms;
}

static void
try_again(struct transport *t, struct transfer *f, int64_t pause_ms)
{
	f->due_ms = loop_now_ms(t->loop) + pause_ms;
	f->status = 0;
	f->on = NULL;
	free(f->retry_after);
	f->retry_after = NULL;
	buf_clear(&f->reply);
	enqueue(t, f);
	pump_in(t, pause_ms);
}

static void
over(struct transport *t, struct transfer *f, int status, const char *why)
{
	bool passes = server_may_pass(f->server, status);
	struct buf words = BUF_INIT;

	f->on = NULL;
	if (f->dropped) {
		transfer_free(f);
		return;
	}
	f->tried++;
	if (status == 401 && !f->refused) {
		f->refused = true;
		server_refused(f->server);
		try_again(t, f, 0);
		return;
	}
	if (!passes)
		server_back(f->server);
	if (passes) {
		if (status)
			words_of(&words, status, &f->reply);
		else
			buf_adds(&words, why ? why : "there was no answer");
		if (status == 401)
			server_expired(f->server, words.data);
		else if (status != 429)
			server_away(f->server, words.data, NULL);
	}
	if (passes && !f->stream && (f->tries == 0 || f->tried < f->tries)) {
		if (f->calls->again)
			f->calls->again(f->arg, words.data);
		try_again(t, f, pause_of(f));
	} else {
		f->calls->done(f->arg, status, &f->reply,
		    status == 0 && words.len ? words.data : why);
		transfer_free(f);
	}
	buf_release(&words);
}

/* ---- a process ---- */

static void
reply_head(void *arg, int status, const char *retry_after, int64_t size)
{
	struct curl *c = arg;
	struct transfer *f = c->first;

	if (f == NULL)
		return;
	f->status = status;
	f->size = size;
	free(f->retry_after);
	f->retry_after = retry_after ? xstrdup(retry_after) : NULL;
	if (status / 100 == 2 && !f->dropped) {
		/* A token that a URL carries, and that is over, is not ours. */
		f->server->let_in = !f->server->nameless;
		server_back(f->server);
		if (f->calls->begun)
			f->calls->begun(f->arg);
	}
}

static void
reply_body(void *arg, const char *bytes, size_t len)
{
	struct curl *c = arg;
	struct transfer *f = c->first;

	if (f == NULL || f->dropped)
		return;
	if (f->status / 100 == 2)
		f->calls->body(f->arg, bytes, len);
	else if (f->reply.len + len <= REPLY_MAX)
		buf_add(&f->reply, bytes, len);
}

static void
reply_over(void *arg, int status, int code, const char *words)
{
	struct curl *c = arg;
	struct transfer *f = c->first;
	struct buf why = BUF_INIT;

	if (f == NULL)
		return;
	c->first = f->next;
	if (c->first == NULL)
		c->last = NULL;
	if (code > 0)
		buf_addf(&why, "%s (curl %d)", *words ? words : "it broke off",
		    code);
	/* A reply that breaks off is none; a stream's is what it is. */
	if (code > 0 && !f->stream)
		status = 0;
	over(c->transport, f, status, why.len ? why.data : NULL);
	buf_release(&why);
}

static const struct reply_calls reply_calls = {
    reply_head,
    reply_body,
    reply_over,
};

/* Its output and the process itself have ended: what it did not do is done by
   another. */
static void
finish(struct curl *c)
{
	struct transport *t = c->transport;
	struct transfer *f;
	struct curl **at;
	struct buf why = BUF_INIT;

	if (!c->out_ended || !c->exited)
		return;
	for (at = &t->curls; *at != c; at = &(*at)->next)
		;
	*at = c->next;
	t->batches -= !c->alone;
	buf_addf(&why, "curl ended with %s%d", c->end.signaled ? "signal " : "",
	    c->end.code);
	while ((f = c->first) != NULL) {
		c->first = f->next;
		over(t, f, 0, why.data);
	}
	stream_close(c->in);
	replies_release(&c->replies);
	free(c);
	buf_release(&why);
	pump_in(t, 0);
}

static void
heard(void *arg, const char *bytes, size_t len)
{
	struct curl *c = arg;

	if (len > 0) {
		replies_feed(&c->replies, bytes, len);
		return;
	}
	stream_close(c->out);
	c->out = NULL;
	c->out_ended = true;
	finish(c);
}

static void
input_gone(void *arg)
{
	struct curl *c = arg;

	stream_close(c->in);
	c->in = NULL;
}

static void
input_given(void *arg)
{
	((struct curl *)arg)->in = NULL;
}

static void
exited(void *arg, struct proc_end end)
{
	struct curl *c = arg;

	c->exited = true;
	c->end = end;
	finish(c);
}

/* Starts a process for what is in `c`. */
static int
run(struct curl *c, const struct buf *lines, struct buf *err)
{
	struct transport *t = c->transport;
	const char *program = env_get("NNI_CURL");
	const char *argv[] = {"curl", "-q", "-K", "-", NULL};
	struct proc_spec spec = {
	    .argv = (char *const *)argv,
	    .in = {PROC_PIPE, OS_NO_FILE},
	    .out = {PROC_PIPE, OS_NO_FILE},
	    .err = {PROC_INHERIT, OS_NO_FILE},
	    .own_group = true,
	};

	if (program && *program)
		argv[0] = program;
	if (proc_start(&c->proc, &spec, err) == -1)
		return -1;
	c->in = stream_writer(t->loop, c->proc.in, input_gone, c);
	c->out = stream_reader(t->loop, c->proc.out, heard, c);
	loop_child(t->loop, &c->proc, exited, c);
	stream_pause(c->out, t->paused);
	c->next = t->curls;
	t->curls = c;
	t->batches += !c->alone;
	stream_write(c->in, lines->data, lines->len);
	stream_finish(c->in, input_given, c);
	return 0;
}

/* ---- the queue ---- */

/* May this one go now?  If not, the queue is looked at again in time. */
static bool
is_due(struct transport *t, struct transfer *f)
{
	int64_t now = loop_now_ms(t->loop);

	if (f->due_ms > now) {
		pump_in(t, f->due_ms - now);
		return false;
	}
	if (!f->server->ready) {
		server_ask(f->server);
		if (!f->server->ready)
			return false;
	}
	if (f->calm && server_calm_ms(f->server) > 0) {
		pump_in(t, server_calm_ms(f->server));
		return false;
	}
	return true;
}

static struct transfer *
unqueue(struct transport *t, struct transfer **at)
{
	struct transfer *f = *at;

	*at = f->next;
	if (t->queue_end == &f->next)
		t->queue_end = at;
	t->queued--;
	f->next = NULL;
	return f;
}

static struct curl *
curl_new(struct transport *t, bool alone)
{
	struct curl *c = xcalloc(1, sizeof(*c));

	c->transport = t;
	c->alone = alone;
	replies_init(&c->replies, &reply_calls, c);
	return c;
}

static void
curl_free(struct curl *c)
{
	struct transfer *f;

	if (!c->exited)
		proc_kill(&c->proc, PROC_TERM);
	stream_close(c->in);
	stream_close(c->out);
	while ((f = c->first) != NULL) {
		c->first = f->next;
		transfer_free(f);
	}
	replies_release(&c->replies);
	free(c);
}

/* Takes it into a process that is not running yet; what cannot be sent is
   over. */
static void
take(struct curl *c, struct transfer *f, struct buf *lines)
{
	struct transport *t = c->transport;
	struct buf err = BUF_INIT;
	size_t before = lines->len;

	if (add_transfer(t, c, f, lines, &err) == -1) {
		buf_cut(lines, before);
		f->tried = f->tries;
		f->calls->done(f->arg, 0, &f->reply, err.data);
		transfer_free(f);
	} else {
		f->on = c;
		if (c->last)
			c->last->next = f;
		else
			c->first = f;
		c->last = f;
		if (f->calm)
			server_count_calm(f->server);
	}
	buf_release(&err);
}

/* Fills a process with what is due and of its kind, and runs it. */
static bool
start(struct transport *t, bool alone, size_t most)
{
	struct curl *c = curl_new(t, alone);
	struct transfer **at = &t->queue;
	struct buf lines = BUF_INIT, err = BUF_INIT;
	struct server *s;
	size_t n = 0;

	while (*at && n < most && lines.len < BATCH_BYTES) {
		if ((*at)->alone != alone || !is_due(t, *at)) {
			at = &(*at)->next;
			continue;
		}
		take(c, unqueue(t, at), &lines);
		n++;
	}
	if (c->first == NULL) {
		replies_release(&c->replies);
		free(c);
		c = NULL;
	} else {
		for (s = t->servers; s; s = s->next)
			s->ready = false;
		if (run(c, &lines, &err) == -1) {
			while (c->first) {
				struct transfer *f = c->first;

				c->first = f->next;
				f->on = NULL;
				enqueue(t, f);
			}
			c->exited = true;
			curl_free(c);
			t->broken = true;
			t->calls->broken(t->arg, err.data);
		}
	}
	buf_release(&lines);
	buf_release(&err);
	return c != NULL;
}

static void
pump(void *arg)
{
	struct transport *t = arg;
	struct server *s;
	size_t most;

	for (s = t->servers; s; s = s->next)
		if (!s->opened)
			server_ask(s);
	while (!t->broken && start(t, true, 1))
		;
	while (!t->broken && t->batches < CURLS_MAX && t->queued > 0) {
		most = t->queued / (CURLS_MAX - t->batches);
		most = most < BATCH_MIN ? BATCH_MIN : most;
		if (!start(t, false, most > BATCH_MAX ? BATCH_MAX : most))
			break;
	}
}

void
transport_pause(struct transport *t, bool paused)
{
	struct curl *c;

	if (t->paused == paused)
		return;
	t->paused = paused;
	for (c = t->curls; c; c = c->next)
		if (c->out)
			stream_pause(c->out, paused);
}

struct transport *
transport_new(struct loop *loop, const char *dir, const char *member,
    const struct transport_calls *calls, void *arg)
{
	struct transport *t = xcalloc(1, sizeof(*t));

	t->loop = loop;
	bodyfiles_clean(dir);
	t->dir = xstrdup(dir);
	t->member = xstrdup(member);
	t->calls = calls;
	t->arg = arg;
	t->queue_end = &t->queue;
	t->pump = (struct timer)TIMER_INIT;
	return t;
}

/* The loop is not run any more, or no callback would find its curl. */
void
transport_free(struct transport *t)
{
	struct transfer *f;
	struct server *s;
	struct curl *c;

	if (t == NULL)
		return;
	timer_stop(&t->pump);
	while ((c = t->curls) != NULL) {
		t->curls = c->next;
		curl_free(c);
	}
	while ((f = t->queue) != NULL) {
		t->queue = f->next;
		transfer_free(f);
	}
	while ((s = t->servers) != NULL) {
		t->servers = s->next;
		server_free(s);
	}
	free(t->dir);
	free(t->member);
	free(t);
}
