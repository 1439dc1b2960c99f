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
#include "mem.h"
#include "os/file.h"
#include "os/process.h"
#include "share.h"

#define TIMEOUT_MS 60000
#define UPLOAD_TIMEOUT_MS 600000
/* A reply that is taken whole. */
#define WHOLE_MAX ((size_t)64 << 20)

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
	struct buf body;	       /* json, items */
	struct lines lines;	       /* lines */
	char *to, *note;	       /* JSON: paths in pieces */
	char *noted;		       /* JSON */
	char *source, *name;	       /* log, file */
	bool stamps, once, keep, last; /* log */
	struct podlog *log;
	int64_t new_lines;
	os_file file; /* file */
	char *path;
	int64_t bytes;
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
	free(q->to);
	free(q->note);
	free(q->noted);
	free(q->source);
	free(q->name);
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

/* ---- replies ---- */

/* What stands at `path`, a list of keys, in `v`. */
static struct json
at_path(struct json v, const char *path)
{
	struct buf name = BUF_INIT;
	struct json_iter it;
	struct json list, key, item;

	if (json_check(path, strlen(path), JSON_STRICT, &list, NULL, NULL) ==
	    -1)
		return JSON_NONE;
	json_iter_init(&it, list);
	while (json_next(&it, &key, &item)) {
		buf_clear(&name);
		if (json_string(item, &name) == -1)
			break;
		v = json_get(v, name.data);
	}
	buf_release(&name);
	return v;
}

/* An item of a list, or a line of a stream: to whom it belongs. */
static void
piece(struct request *q, struct json v)
{
	struct subject *to = NULL;
	struct buf event = BUF_INIT, key = BUF_INIT;
	struct json noted;

	if (q->note) {
		noted = at_path(v, q->note);
		if (json_type(noted) == JSON_STRING) {
			free(q->noted);
			q->noted = xstrndup(noted.at, noted.len);
		}
	}
	if (q->to && json_string(at_path(v, q->to), &key) == 0)
		to = engine_subject(q->subject->engine, key.data, key.len);
	record_begin(&event, "piece");
	json_member_str(&event, "id", q->id);
	json_member_raw(&event, "body", v);
	buf_addc(&event, '}');
	engine_event(to ? to : q->subject, event.data, event.len);
	buf_release(&event);
	buf_release(&key);
}

static void
stream_line(void *arg, char *line, size_t len)
{
	struct request *q = arg;
	struct json v;

	if (line && json_check(line, len, JSON_STRICT, &v, NULL, NULL) == 0)
		piece(q, v);
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
	path_add(&dir, q->name);
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
	q->bytes = 0;
	buf_clear(&q->body);
	if (q->as == AS_LOG) {
		q->log = podlog_of(q->subject, q->source);
		podlog_begin(
		    q->log, q->stamps, q->once, q->keep ? q->name : NULL);
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
		podlog_feed(q->log, bytes, len);
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

/* The body of a LIST without its items, which become events. */
static void
add_list(struct request *q, struct buf *event, struct json all)
{
	struct json_iter it;
	struct json key, value, item;

	json_iter_init(&it, json_get(all, "items"));
	while (json_next(&it, &key, &item))
		piece(q, item);
	json_key(event, "body");
	buf_addc(event, '{');
	json_iter_init(&it, all);
	while (json_next(&it, &key, &value)) {
		if (json_key_is(key, "items"))
			continue;
		if (event->data[event->len - 1] != '{')
			buf_addc(event, ',');
		json_add(event, json_key_string(key));
		buf_addc(event, ':');
		json_add(event, value);
	}
	buf_addc(event, '}');
}

static void
add_body(struct request *q, struct buf *event, const struct buf *text)
{
	struct json all;

	if (text->len == 0)
		return;
	if (json_check(text->data, text->len, JSON_STRICT, &all, NULL, NULL) ==
	    -1) {
		json_key(event, "body");
		json_add_string(
		    event, text->data, text->len < 4096 ? text->len : 4096);
	} else if (q->as == AS_ITEMS && text == &q->body) {
		add_list(q, event, all);
	} else {
		json_member_raw(event, "body", all);
	}
}

static void
done(void *arg, int status, const struct buf *reply, const char *why)
{
	struct request *q = arg;
	struct subject *s = q->subject;
	struct buf event = BUF_INIT;
	bool good = status / 100 == 2;

	q->transfer = NULL;
	if (q->as == AS_LINES)
		lines_end(&q->lines, stream_line, q);
	if (q->as == AS_LOG && q->begun)
		q->new_lines = podlog_end(q->log, q->last && good);
	if (q->as == AS_FILE && q->file != OS_NO_FILE) {
		int64_t had = good ? size_there(q->path) : 0;

		close_file(q, good && !q->broken);
		/* Logs only grow: the rest is new. */
		q->bytes -= had <= q->bytes ? had : 0;
	}
	record_begin(&event, "reply");
	add_body(q, &event, good ? &q->body : reply);
	json_member_str(&event, "id", q->id);
	json_member_int(&event, "status", status);
	if (why || q->broken)
		json_member_str(&event, "message",
		    why ? why : "what came could not be kept");
	if (q->noted)
		json_member_raw(
		    &event, "noted", (struct json){q->noted, strlen(q->noted)});
	if (q->as == AS_LOG || q->as == AS_FILE) {
		json_member_int(&event, "bytes", q->bytes);
		json_member_int(&event, "lines", q->new_lines);
	}
	buf_addc(&event, '}');
	request_free(q);
	engine_event(s, event.data, event.len);
	buf_release(&event);
	engine_look(s->engine);
}

static const struct transfer_calls transfer_calls = {
    begun,
    body,
    done,
    NULL,
};

/* ---- making one ---- */

static void
add_encoded(struct buf *out, const char *text, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++) {
		unsigned char c = (unsigned char)text[i];

		if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
		    (c >= '0' && c <= '9') || strchr("-._~", c))
			buf_addc(out, (char)c);
		else
			buf_addf(out, "%%%02X", c);
	}
}

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
		add_encoded(path, key.at, key.len);
		buf_addc(path, '=');
		add_encoded(path, text.data, text.len);
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

static char *
raw_of(struct json v)
{
	return json_type(v) == JSON_ARRAY ? xstrndup(v.at, v.len) : NULL;
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

	f->server = transport_server(e->transport, server);
	f->method = text_or(json_get(spec, "method"), "GET");
	json_string(json_get(spec, "path"), &path);
	add_query(&path, json_get(spec, "query"));
	q->as = as_of(json_get(spec, "as"), &known);
	q->to = raw_of(json_get(spec, "to"));
	q->note = raw_of(json_get(spec, "note"));
	q->source = text_or(json_get(spec, "source"), "log");
	q->name = text_or(json_get(spec, "name"), "stdout");
	q->stamps = json_bool(json_get(spec, "stamps"), false);
	q->once = json_bool(json_get(spec, "once"), false);
	q->keep = json_bool(json_get(spec, "keep"), false);
	q->last = json_bool(json_get(spec, "last"), false);
	f->stream = q->as == AS_LINES;
	f->calm = json_bool(json_get(spec, "calm"), false);
	f->timeout_ms = f->stream			 ? 0
			: json_type(parts) == JSON_ARRAY ? UPLOAD_TIMEOUT_MS
							 : TIMEOUT_MS;
	json_int(json_get(spec, "timeout_ms"), &f->timeout_ms);
	json_int(json_get(spec, "tries"), &f->tries);
	add_headers(
	    f, json_get(spec, "headers"), json_type(content) != JSON_ABSENT);
	if (q->as == AS_LOG && q->stamps) {
		struct buf since = BUF_INIT;

		if (podlog_since(podlog_of(q->subject, q->source), &since)) {
			buf_addf(&path,
			    "%csinceTime=", strchr(path.data, '?') ? '&' : '?');
			add_encoded(&path, since.data, since.len);
		}
		buf_release(&since);
	}
	f->path = buf_detach(&path);
	if (json_type(content) != JSON_ABSENT) {
		json_add(&f->body, content);
		f->has_body = true;
	}
	if (f->server == NULL)
		buf_err(err, "there is no server '%s'", server);
	else if (f->path[0] != '/')
		buf_err(err, "'%s' is no path", f->path);
	else if (!known || !is_file_name(q->name))
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
		transport_send(s->engine->transport, q->transfer);
	}
	buf_release(&err);
}
