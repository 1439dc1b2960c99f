/* Reading on in the output of a trial. */
#include "reading.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "curl-line.h"
#include "engine.h"
#include "listing.h"
#include "mem.h"

#define PARTIAL 206
#define NO_SUCH_RANGE 416
#define NOT_FOUND 404
/* Of a body that is taken as a text. */
#define TEXT_MAX ((size_t)64 << 20)

static char *
text_or(struct json v, const char *otherwise)
{
	char *text = json_strdup(v);

	return text ? text : xstrdup(otherwise);
}

void
reading_init(struct reading *r, struct subject *s, struct json spec)
{
	struct json path = json_get(spec, "text");

	r->subject = s;
	r->source = text_or(json_get(spec, "source"), "log");
	r->name = text_or(json_get(spec, "name"), "stdout");
	r->text =
	    json_type(path) == JSON_ARRAY ? xstrndup(path.at, path.len) : NULL;
	r->stamps = json_bool(json_get(spec, "stamps"), false);
	r->once = json_bool(json_get(spec, "once"), false);
	r->keep = json_bool(json_get(spec, "keep"), false);
	r->last = json_bool(json_get(spec, "last"), false);
	r->range = json_bool(json_get(spec, "range"), false);
	r->moved = json_bool(json_get(spec, "moved"), false);
	r->overlap = json_bool(json_get(spec, "overlap"), false);
	buf_init(&r->body, TEXT_MAX);
}

void
reading_release(struct reading *r)
{
	free(r->source);
	free(r->name);
	free(r->text);
	buf_release(&r->body);
}

void
reading_ask(struct reading *r, struct buf *headers)
{
	struct buf field = BUF_INIT;

	r->log = podlog_of(r->subject, r->source);
	r->from = podlog_had(r->log);
	if (r->range && r->text == NULL && r->from > 0) {
		buf_addf(&field, "Range: bytes=%" PRId64 "-", r->from);
		curl_line(headers, "header", field.data);
	}
	buf_release(&field);
}

/* Is the body looked at only when it is whole? */
static bool
gathers(const struct reading *r)
{
	return r->text || r->overlap;
}

static void
begin(struct reading *r, struct podlog *p, int64_t at)
{
	enum podlog_way way = r->stamps		    ? LOG_STAMPS
			      : r->overlap	    ? LOG_TAIL
			      : r->range || r->text ? LOG_BYTES
						    : LOG_LINES;

	podlog_begin(p, way, at, r->once, r->keep ? r->name : NULL);
}

void
reading_begun(struct reading *r, int status)
{
	r->begun = true;
	r->bytes = 0;
	buf_clear(&r->body);
	if (!gathers(r))
		begin(r, r->log, status == PARTIAL ? r->from : 0);
}

void
reading_body(struct reading *r, const char *bytes, size_t len)
{
	r->bytes += (int64_t)len;
	if (!gathers(r))
		podlog_feed(r->log, bytes, len);
	else if (r->body.len + len <= TEXT_MAX)
		buf_add(&r->body, bytes, len);
}

static void
end(struct reading *r, struct podlog *p)
{
	r->shorter |= podlog_is_short(p);
	r->lines += podlog_end(p, r->last && !podlog_is_short(p));
}

/* `fresh`: nothing of it was had. */
static void
take(struct reading *r, struct podlog *p, const struct buf *text, bool fresh)
{
	int64_t had = podlog_had(p), at = 0;

	if (fresh)
		at = had;
	else if (r->overlap)
		at = had - (int64_t)podlog_known(p, text->data, text->len);
	begin(r, p, at);
	podlog_feed(p, text->data, text->len);
	r->bytes += podlog_had(p) - had;
	end(r, p);
}

static void
add_text(struct buf *text, struct json v)
{
	struct json_iter it;
	struct json key, line;

	json_string(v, text);
	json_iter_init(&it, v);
	while (json_next(&it, &key, &line)) {
		json_string(line, text);
		if (text->len == 0 || text->data[text->len - 1] != '\n')
			buf_addc(text, '\n');
	}
}

/* What stands in the body, a JSON text, of each source. */
static void
take_json(struct reading *r, struct listing *pieces)
{
	struct buf text = BUF_INIT, name = BUF_INIT;
	struct json all, keys, v, key, part;
	struct json_iter it;
	bool fresh;

	json_check(r->text, strlen(r->text), JSON_STRICT, &keys, NULL, NULL);
	if (json_check(r->body.data, r->body.len, JSON_STRICT, &all, NULL,
		NULL) == -1) {
		r->broken = true;
		return;
	}
	/* What is asked for from a cursor on comes once. */
	fresh = listing_note(pieces, all);
	v = json_at(all, keys);
	if (json_type(v) == JSON_OBJECT) {
		json_iter_init(&it, v);
		while (json_next(&it, &key, &part)) {
			buf_clear(&name);
			buf_clear(&text);
			json_string(json_key_string(key), &name);
			add_text(&text, part);
			take(r, podlog_of(r->subject, name.data), &text, fresh);
		}
	} else if (json_type(v) == JSON_STRING || json_type(v) == JSON_ARRAY) {
		add_text(&text, v);
		take(r, r->log, &text, fresh);
	} else {
		r->broken = json_type(v) != JSON_NULL;
	}
	buf_release(&text);
	buf_release(&name);
}

int
reading_done(
    struct reading *r, int status, int64_t size, struct listing *pieces)
{
	bool good = status / 100 == 2;

	if (r->range && status == NO_SUCH_RANGE) {
		/* There is no more, or less than there was. */
		begin(r, r->log, r->from);
		r->shorter = size >= 0 && size < r->from;
		podlog_end(r->log, r->last && !r->shorter);
		r->bytes = 0;
		good = true;
		status = 200;
	} else if (good && gathers(r)) {
		r->bytes = 0;
		if (r->text)
			take_json(r, pieces);
		else
			take(r, r->log, &r->body, false);
	} else if (r->begun && !gathers(r)) {
		if (r->range)
			r->bytes = podlog_had(r->log) - r->from;
		r->shorter = good && podlog_is_short(r->log);
		r->lines = podlog_end(r->log, good && r->last && !r->shorter);
	}
	if (r->moved && (good || status == NOT_FOUND))
		podlog_moved(r->log);
	return status;
}
