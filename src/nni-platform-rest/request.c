/*
 * Requests of a platform's jq program: from what step() answered to a transfer,
 * and from its reply to events.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base64.h"
#include "delivery.h"
#include "engine.h"
#include "errand.h"
#include "expdir.h"
#include "listing.h"
#include "mem.h"
#include "os/file.h"
#include "os/process.h"
#include "percent.h"
#include "reading.h"
#include "share.h"
#include "url.h"

#define TIMEOUT_MS 60000
#define UPLOAD_TIMEOUT_MS 600000
/* A log that is followed and gives nothing for so long has been read. */
#define QUIET_MS 1000
/* A reply that is taken whole. */
#define WHOLE_MAX ((size_t)64 << 20)
/* Nobody has a list of so many pages. */
#define PAGES_MAX 10000

enum as { AS_JSON, AS_ITEMS, AS_LINES, AS_LOG, AS_FILE, AS_NONE };
static const char *const as_names[] = {
    "json",
    "items",
    "lines",
    "log",
    "file",
    "none",
};

struct request {
	struct request *next;
	struct subject *subject;
	char *id;
	enum as as;
	struct transfer *transfer;
	struct buf body;       /* json, items */
	struct lines lines;    /* lines */
	struct listing pieces; /* items, lines */
	size_t pages;
	struct reading log; /* log; and the name of a file */
	os_file file;	    /* file */
	char *path;
	int64_t bytes;
	int64_t fed_ms; /* when bytes came last */
	bool begun, broken;
};

/* ---- freeing ---- */

/* Have both files the same bytes? */
static bool
is_same(const char *one, const char *other)
{
	struct buf a = BUF_INIT, b = BUF_INIT;
	struct file_info of_a, of_b;
	bool same = false;

	if (file_info(one, true, &of_a) == 0 &&
	    file_info(other, true, &of_b) == 0 && of_a.size == of_b.size &&
	    file_read_ordinary(one, &a, NULL) == 0 &&
	    file_read_ordinary(other, &b, NULL) == 0)
		same = a.len == b.len && memcmp(a.data, b.data, a.len) == 0;
	buf_release(&a);
	buf_release(&b);
	return same;
}

/* What is here already did not come: no bytes. */
static void
close_file(struct request *q, bool whole)
{
	struct buf part = BUF_INIT;

	if (q->file == OS_NO_FILE)
		return;
	file_close(q->file);
	q->file = OS_NO_FILE;
	buf_addf(&part, "%s.%" PRId64 ".part", q->path, proc_self_pid());
	if (whole && is_same(part.data, q->path)) {
		q->bytes = 0;
		whole = false;
	}
	if (!whole || file_rename(part.data, q->path, NULL) == -1)
		file_remove(part.data, NULL);
	buf_release(&part);
}

static int64_t
size_there(const char *path)
{
	struct file_info info;

	return file_info(path, false, &info) == 0 ? info.size : 0;
}

static void
request_free(struct request *q)
{
	struct request **at = &q->subject->requests;

	while (*at && *at != q)
		at = &(*at)->next;
	if (*at)
		*at = q->next;
	if (q->as != AS_LINES)
		q->subject->engine->requests--;
	close_file(q, false);
	free(q->id);
	listing_release(&q->pieces);
	reading_release(&q->log);
	free(q->path);
	buf_release(&q->body);
	lines_release(&q->lines);
	free(q);
}

static void
drop(struct request *q)
{
	if (q->transfer)
		transport_drop(q->subject->engine->transport, q->transfer);
	request_free(q);
}

void
request_stop(struct subject *s, struct json id)
{
	struct request *q;

	for (q = s->requests; q; q = q->next)
		if (record_is(id, q->id))
			break;
	if (q)
		drop(q);
}

void
request_stop_all(struct subject *s)
{
	while (s->requests)
		drop(s->requests);
}

size_t
request_quiet(const struct subject *s)
{
	int64_t now = loop_now_ms(s->engine->loop);
	const struct request *q;
	size_t n = 0;

	for (q = s->requests; q; q = q->next)
		n += q->as == AS_LOG && q->begun && now - q->fed_ms >= QUIET_MS;
	return n;
}

/* ---- replies ---- */

static void
stream_line(void *arg, char *line, size_t len)
{
	struct request *q = arg;
	struct json v;

	if (line && json_check(line, len, JSON_STRICT, &v, NULL, NULL) == 0)
		listing_piece(&q->pieces, v);
	else if (line == NULL || len > 0)
		q->broken = true;
}

static void
open_file(struct request *q)
{
	struct subject *s = q->subject;
	struct buf dir = BUF_INIT, part = BUF_INIT, err = BUF_INIT;

	expdir_trial(&dir, s->engine->v->dir, s->a.trial, s->a.number);
	expdir_make_trial(dir.data, &err);
	path_add(&dir, q->log.name);
	free(q->path);
	q->path = buf_detach(&dir);
	buf_addf(&part, "%s.%" PRId64 ".part", q->path, proc_self_pid());
	q->file = file_open(
	    part.data, FILE_WRITE | FILE_CREATE | FILE_TRUNC, 0600, &err);
	if (q->file == OS_NO_FILE)
		engine_error(s, err.data, NULL, NULL);
	buf_release(&part);
	buf_release(&err);
}

static void
begun(void *arg)
{
	struct request *q = arg;

	q->begun = true;
	q->fed_ms = loop_now_ms(q->subject->engine->loop);
	q->bytes = 0;
	buf_clear(&q->body);
	if (q->as == AS_LOG) {
		reading_begun(&q->log, q->transfer->status);
	} else if (q->as == AS_FILE) {
		close_file(q, false);
		open_file(q);
	}
}

static void
body(void *arg, const char *bytes, size_t len)
{
	struct request *q = arg;

	q->bytes += (int64_t)len;
	q->fed_ms = loop_now_ms(q->subject->engine->loop);
	switch (q->as) {
	case AS_JSON:
	case AS_ITEMS:
		if (q->body.len + len <= WHOLE_MAX)
			buf_add(&q->body, bytes, len);
		break;
	case AS_LINES:
		lines_feed(&q->lines, bytes, len, stream_line, q);
		break;
	case AS_LOG:
		reading_body(&q->log, bytes, len);
		break;
	case AS_FILE:
		if (q->file != OS_NO_FILE &&
		    file_write(q->file, bytes, len) == -1)
			q->broken = true;
		break;
	case AS_NONE:
		break;
	}
}

static void
add_body(struct buf *event, const struct buf *text)
{
	struct json all;

	if (text->len == 0)
		return;
	if (json_check(text->data, text->len, JSON_STRICT, &all, NULL, NULL) ==
	    -1) {
		json_key(event, "body");
		json_add_string(
		    event, text->data, text->len < 4096 ? text->len : 4096);
	} else {
		json_member_raw(event, "body", all);
	}
}

/*
 * The list goes on there: asked for as its first page was, with our
 * credentials, and hence of nobody else.
 */
static int
next_page(struct request *q, struct transfer *last, char *next,
    struct transfer **on, struct buf *err)
{
	struct buf origin = BUF_INIT, ours = BUF_INIT;
	int result = url_origin(next, &origin, err);
	struct transfer *f;

	url_origin(access_url(last->server->access), &ours, NULL);
	if (result == 0 && strcmp(origin.data, ours.data) != 0)
		result = buf_err(err,
		    "the next page of the list would be at %s, which is "
		    "another server",
		    origin.data);
	if (result == 0 && (++q->pages == PAGES_MAX ||
			       (last->whole && strcmp(next, last->path) == 0)))
		result = buf_err(err, "the pages of the list have no end");
	if (result == 0) {
		*on = f = transfer_new();
		f->server = last->server;
		f->method = xstrdup("GET");
		f->path = xstrdup(next);
		f->whole = true;
		buf_add(&f->headers, last->headers.data, last->headers.len);
		f->calm = last->calm;
		f->timeout_ms = last->timeout_ms;
		f->tries = last->tries;
		f->calls = last->calls;
		f->arg = q;
	}
	buf_release(&origin);
	buf_release(&ours);
	return result;
}

/* A page of a list.  The next one, which is to be sent, or NULL: that was all,
   or there is a fault; `rest` is what it had besides. */
static struct transfer *
take_page(struct request *q, struct transfer *last, struct buf *rest,
    struct buf *fault)
{
	struct transfer *on = NULL;
	struct json all;
	char *next = NULL;

	if (json_check(q->body.data, q->body.len, JSON_STRICT, &all, NULL,
		NULL) == -1 ||
	    listing_page(&q->pieces, all, rest) == -1)
		buf_err(fault, "what came has no list where it should be");
	else if ((next = listing_next(&q->pieces, all)) == NULL)
		listing_whole(&q->pieces);
	else
		next_page(q, last, next, &on, fault);
	free(next);
	return on;
}

static void
file_done(struct request *q, bool good)
{
	int64_t had = good ? size_there(q->path) : 0;

	close_file(q, good && !q->broken);
	/* Logs only grow: the rest is new. */
	q->bytes -= had <= q->bytes ? had : 0;
}

/* The members that tell of what came. */
static void
add_outcome(struct request *q, struct buf *event, int status, const char *why)
{
	json_member_str(event, "id", q->id);
	json_member_int(event, "status", status);
	if (q->log.broken && !why)
		why = "what came has no text where it should be";
	if (why || q->broken)
		json_member_str(event, "message",
		    why ? why : "what came could not be kept");
	if (q->pieces.noted)
		json_member_raw(event, "noted",
		    (struct json){q->pieces.noted, strlen(q->pieces.noted)});
	if (q->as == AS_LOG || q->as == AS_FILE) {
		json_member_int(
		    event, "bytes", q->as == AS_LOG ? q->log.bytes : q->bytes);
		json_member_int(event, "lines", q->log.lines);
	}
	if (q->log.shorter)
		json_member_bool(event, "shorter", true);
	buf_addc(event, '}');
}

static void
done(void *arg, int status, const struct buf *reply, const char *why)
{
	struct request *q = arg;
	struct transfer *last = q->transfer;
	struct subject *s = q->subject;
	struct buf event = BUF_INIT, rest = BUF_INIT, fault = BUF_INIT;
	bool good = status / 100 == 2;

	q->transfer = NULL;
	if (q->as == AS_LINES)
		lines_end(&q->lines, stream_line, q);
	if (q->as == AS_LOG) {
		status = reading_done(&q->log, status, last->size, &q->pieces);
		good = status / 100 == 2;
	}
	if (q->as == AS_FILE && q->file != OS_NO_FILE)
		file_done(q, good);
	if (q->as == AS_ITEMS && good)
		q->transfer = take_page(q, last, &rest, &fault);
	if (q->transfer) {
		transport_send(s->engine->transport, q->transfer);
	} else {
		record_begin(&event, "reply");
		if (!(q->as == AS_ITEMS && good))
			add_body(&event, good ? &q->body : reply);
		else if (fault.len == 0 && rest.len)
			add_body(&event, &rest);
		add_outcome(q, &event, fault.len ? 0 : status,
		    fault.len ? fault.data : why);
		request_free(q);
		engine_event(s, event.data, event.len);
		engine_look(s->engine);
	}
	buf_release(&event);
	buf_release(&rest);
	buf_release(&fault);
}

static const struct transfer_calls transfer_calls = {
    begun,
    body,
    done,
    NULL,
};

/* ---- making one ---- */

static void
add_query(struct buf *path, struct json query)
{
	struct buf text = BUF_INIT;
	struct json_iter it;
	struct json key, value;

	json_iter_init(&it, query);
	while (json_next(&it, &key, &value)) {
		if (json_type(value) == JSON_NULL)
			continue;
		buf_clear(&text);
		if (json_string(value, &text) == -1)
			json_add(&text, value);
		buf_addc(path, strchr(path->data, '?') ? '&' : '?');
		percent_encode(path, key.at, key.len);
		buf_addc(path, '=');
		percent_encode(path, text.data, text.len);
	}
	buf_release(&text);
}

static void
add_header(struct buf *lines, const char *name, const char *value)
{
	struct buf field = BUF_INIT;
	size_t i;

	buf_addf(&field, "%s: %s", name, value);
	for (i = 0; i < field.len; i++)
		if ((unsigned char)field.data[i] < ' ')
			field.data[i] = ' ';
	curl_line_bytes(lines, "header", field.data, field.len);
	buf_release(&field);
}

static void
add_headers(struct transfer *f, struct json headers, bool json_body)
{
	struct buf name = BUF_INIT, value = BUF_INIT;
	struct json_iter it;
	struct json key, v;
	bool accept = false, type = false;

	json_iter_init(&it, headers);
	while (json_next(&it, &key, &v)) {
		buf_clear(&name);
		buf_clear(&value);
		json_string(json_key_string(key), &name);
		if (json_string(v, &value) == -1)
			continue;
		accept |= strcmp(name.data, "Accept") == 0;
		type |= strcmp(name.data, "Content-Type") == 0;
		add_header(&f->headers, name.data, value.data);
	}
	if (!accept)
		add_header(&f->headers, "Accept", "application/json");
	if (json_body && !type)
		add_header(&f->headers, "Content-Type", "application/json");
	buf_release(&name);
	buf_release(&value);
}

/* What a server's workers need to reach it: {"secret":"NAME of the server"}. */
static int
add_secret(struct engine *e, struct json part, struct buf *out, struct buf *err)
{
	char *name = json_strdup(json_get(part, "secret"));
	struct server *s = name ? transport_server(e->transport, name) : NULL;
	struct buf text = BUF_INIT;
	int result;

	if (s == NULL || !s->opened)
		result = buf_err(err, "a part is a secret of no server that "
				      "can be talked to");
	else
		result = access_secret(s->access, part, &text, err);
	if (result == 0 && record_is(json_get(part, "encoding"), "base64"))
		base64_encode(out, text.data, text.len);
	else if (result == 0)
		buf_add(out, text.data, text.len);
	memset(text.data, 0, text.len);
	buf_release(&text);
	free(name);
	return result;
}

static int
add_parts(
    struct engine *e, struct transfer *f, struct json parts, struct buf *err)
{
	struct json_iter it;
	struct json key, part;
	int result = 0;

	json_iter_init(&it, parts);
	while (result == 0 && json_next(&it, &key, &part))
		result = json_get(part, "secret").at
			     ? add_secret(e, part, &f->body, err)
			     : delivery_part(e->delivery, part, &f->body, err);
	f->has_body = true;
	return result;
}

static char *
text_or(struct json v, const char *otherwise)
{
	char *text = json_strdup(v);

	return text ? text : otherwise ? xstrdup(otherwise) : NULL;
}

void
request_reply(struct subject *s, const char *id, int status,
    const struct buf *err, const char *more)
{
	struct buf event = BUF_INIT;

	record_begin(&event, "reply");
	json_member_str(&event, "id", id);
	json_member_int(&event, "status", err->len ? 0 : status);
	if (err->len)
		json_member_str(&event, "message", err->data);
	buf_adds(&event, more);
	buf_addc(&event, '}');
	engine_event(s, event.data, event.len);
	buf_release(&event);
}

/* What needs no server. */
static bool
pseudo(struct subject *s, struct json spec, const char *id)
{
	struct json as = json_get(spec, "as");
	struct buf err = BUF_INIT;

	if (record_is(as, "sync"))
		request_reply(s, id, 200, &err, "");
	else if (record_is(as, "prepare") || record_is(as, "unpack"))
		errand_start(s, spec, id);
	else
		return share_request(s, spec, id);
	return true;
}

static enum as as_of(struct json v, bool *known)
{
	size_t i;

	for (i = 0; i < sizeof(as_names) / sizeof(*as_names); i++)
		if (record_is(v, as_names[i]))
			return (enum as)i;
	*known = json_type(v) == JSON_ABSENT;
	return AS_JSON;
}

/* A name for a file in the attempt's directory: never a path. */
static bool
is_file_name(const char *name)
{
	return *name && *name != '.' && strcspn(name, "/\\:") == strlen(name);
}

static int
fill(struct request *q, struct json spec, struct buf *err)
{
	struct transfer *f = q->transfer;
	struct engine *e = q->subject->engine;
	struct json content = json_get(spec, "body"),
		    parts = json_get(spec, "parts");
	struct buf path = BUF_INIT;
	char *server = text_or(json_get(spec, "server"), "main");
	bool known = true;

	f->whole = json_bool(json_get(spec, "absolute"), false);
	f->method = text_or(json_get(spec, "method"), "GET");
	json_string(json_get(spec, f->whole ? "url" : "path"), &path);
	f->server = f->whole
			? transport_url_server(e->transport, path.data, err)
			: transport_server(e->transport, server);
	add_query(&path, json_get(spec, "query"));
	q->as = as_of(json_get(spec, "as"), &known);
	listing_init(&q->pieces, q->subject, q->id, spec, err);
	reading_init(&q->log, q->subject, spec);
	f->stream = q->as == AS_LINES;
	f->alone = f->stream || json_bool(json_get(spec, "follow"), false);
	f->calm = json_bool(json_get(spec, "calm"), false);
	f->timeout_ms = f->stream			 ? 0
			: json_type(parts) == JSON_ARRAY ? UPLOAD_TIMEOUT_MS
							 : TIMEOUT_MS;
	json_int(json_get(spec, "timeout_ms"), &f->timeout_ms);
	json_int(json_get(spec, "tries"), &f->tries);
	add_headers(
	    f, json_get(spec, "headers"), json_type(content) != JSON_ABSENT);
	if (q->as == AS_LOG)
		reading_ask(&q->log, &f->headers);
	if (q->as == AS_LOG && q->log.stamps) {
		struct buf since = BUF_INIT;

		if (podlog_since(q->log.log, &since)) {
			buf_addf(&path,
			    "%csinceTime=", strchr(path.data, '?') ? '&' : '?');
			percent_encode(&path, since.data, since.len);
		}
		buf_release(&since);
	}
	f->path = buf_detach(&path);
	if (json_type(content) != JSON_ABSENT) {
		json_add(&f->body, content);
		f->has_body = true;
	}
	if (err->len)
		; /* said already */
	else if (f->server == NULL)
		buf_err(err, "there is no server '%s'", server);
	else if (!f->whole && f->path[0] != '/')
		buf_err(err, "'%s' is no path", f->path);
	else if (!known || !is_file_name(q->log.name))
		buf_err(err, "`as` or `name` of a request is wrong");
	else if (json_type(parts) == JSON_ARRAY)
		add_parts(e, f, parts, err);
	free(server);
	return err->len ? -1 : 0;
}

void
request_make(struct subject *s, struct json spec)
{
	struct request *q;
	struct buf err = BUF_INIT;
	char *id = text_or(json_get(spec, "id"), "");

	if (pseudo(s, spec, id)) {
		free(id);
		return;
	}
	q = xcalloc(1, sizeof(*q));
	q->subject = s;
	q->id = id;
	q->file = OS_NO_FILE;
	buf_init(&q->body, WHOLE_MAX);
	lines_init(&q->lines);
	q->transfer = transfer_new();
	q->transfer->calls = &transfer_calls;
	q->transfer->arg = q;
	q->next = s->requests;
	s->requests = q;
	if (fill(q, spec, &err) == -1) {
		s->engine->requests += q->as != AS_LINES;
		request_reply(s, id, 200, &err, "");
		transfer_free(q->transfer);
		q->transfer = NULL;
		request_free(q);
	} else {
		s->engine->requests += q->as != AS_LINES;
		s->sent = true;
		transport_send(s->engine->transport, q->transfer);
	}
	buf_release(&err);
}
