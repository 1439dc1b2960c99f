/* Items of lists and lines of streams, and whose they are. */
#include "listing.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "engine.h"
#include "hash.h"
#include "mem.h"
#include "os/sys.h"

/* What a request last brought to an attempt. */
struct brought {
	struct brought *next;
	uint64_t name; /* the request's */
	uint64_t bytes;
	uint32_t time; /* the reading in which it was there */
};

static struct json
parsed(const char *text)
{
	struct json v = JSON_NONE;

	if (text)
		json_check(text, strlen(text), JSON_STRICT, &v, NULL, NULL);
	return v;
}

static int
path_of(struct json spec, const char *name, char **to, struct buf *err)
{
	struct json path = json_get(spec, name), key, item;
	struct json_iter it;

	*to = NULL;
	if (json_type(path) == JSON_ABSENT || json_type(path) == JSON_NULL)
		return 0;
	if (json_type(path) == JSON_ARRAY) {
		*to = xstrndup(path.at, path.len);
		json_iter_init(&it, path);
		while (json_next(&it, &key, &item))
			if (json_type(item) != JSON_STRING)
				return buf_err(err,
				    "`%s` of a request is no list of keys",
				    name);
		return 0;
	}
	return buf_err(err, "`%s` of a request is no list of keys", name);
}

int
listing_init(struct listing *l, struct subject *asker, const char *id,
    struct json spec, struct buf *err)
{
	l->asker = asker;
	l->id = xstrdup(id);
	l->prefix = json_strdup(json_get(spec, "prefix"));
	l->changes = json_bool(json_get(spec, "changes"), false);
	if (path_of(spec, "at", &l->at, err) == -1 ||
	    path_of(spec, "to", &l->to, err) == -1 ||
	    path_of(spec, "note", &l->note, err) == -1 ||
	    path_of(spec, "next", &l->next, err) == -1)
		return -1;
	if (l->changes && l->to == NULL)
		return buf_err(err, "`changes` of a request needs `to`");
	if (l->changes) {
		l->name = hash_bytes(id, strlen(id));
		l->time = ++asker->engine->readings;
	}
	return 0;
}

void
listing_release(struct listing *l)
{
	free(l->id);
	free(l->at);
	free(l->to);
	free(l->note);
	free(l->next);
	free(l->prefix);
	free(l->noted);
}

/* ---- pieces ---- */

static struct brought *
brought_of(struct subject *s, uint64_t name)
{
	struct brought *b;

	for (b = s->brought; b; b = b->next)
		if (b->name == name)
			break;
	return b;
}

void
brought_free(struct brought *b)
{
	struct brought *next;

	for (; b; b = next) {
		next = b->next;
		free(b);
	}
}

/* Is that what this attempt got last time? */
static bool
is_known(const struct listing *l, struct subject *s, struct json piece)
{
	struct brought *b = brought_of(s, l->name);
	uint64_t bytes = hash_bytes(piece.at, piece.len);
	bool same = b && b->bytes == bytes;

	if (b == NULL) {
		b = xcalloc(1, sizeof(*b));
		b->name = l->name;
		b->next = s->brought;
		s->brought = b;
	}
	b->bytes = bytes;
	b->time = l->time;
	return same;
}

/* Whose it is: NULL for nobody's. */
static struct subject *
whose(const struct listing *l, struct json piece)
{
	struct engine *e = l->asker->engine;
	struct subject *s = NULL;
	struct buf key = BUF_INIT;
	size_t skip = l->prefix ? strlen(l->prefix) : 0;

	if (l->to && json_string(json_at(piece, parsed(l->to)), &key) == 0 &&
	    (skip == 0 ||
		(key.len > skip && memcmp(key.data, l->prefix, skip) == 0)))
		s = engine_subject(e, key.data + skip, key.len - skip);
	buf_release(&key);
	return s || l->prefix ? s : l->asker;
}

bool
listing_note(struct listing *l, struct json v)
{
	struct json noted = l->note ? json_at(v, parsed(l->note)) : JSON_NONE;

	if (json_type(noted) != JSON_STRING)
		return false;
	free(l->noted);
	l->noted = xstrndup(noted.at, noted.len);
	return true;
}

void
listing_piece(struct listing *l, struct json piece)
{
	struct subject *s = whose(l, piece);
	struct buf event = BUF_INIT;

	listing_note(l, piece);
	if (s == NULL || (l->changes && is_known(l, s, piece)))
		return;
	record_begin(&event, "piece");
	json_member_str(&event, "id", l->id);
	json_member_raw(&event, "body", piece);
	buf_addc(&event, '}');
	engine_event(s, event.data, event.len);
	buf_release(&event);
}

/* ---- pages ---- */

/* `all` without what is at `keys`, a list that is not at its end. */
static void
add_rest(struct buf *out, struct json all, struct json_iter keys)
{
	struct buf name = BUF_INIT;
	struct json none, key, value, here;
	struct json_iter it, further;
	bool last;

	json_next(&keys, &none, &here);
	json_string(here, &name);
	further = keys;
	last = !json_next(&further, &none, &here);
	buf_addc(out, '{');
	json_iter_init(&it, all);
	while (json_next(&it, &key, &value)) {
		bool way = json_key_is(key, name.data);

		if (way && last)
			continue;
		if (out->data[out->len - 1] != '{')
			buf_addc(out, ',');
		json_add(out, json_key_string(key));
		buf_addc(out, ':');
		if (way && json_type(value) == JSON_OBJECT)
			add_rest(out, value, keys);
		else
			json_add(out, value);
	}
	buf_addc(out, '}');
	buf_release(&name);
}

int
listing_page(struct listing *l, struct json all, struct buf *rest)
{
	struct json keys = parsed(l->at ? l->at : "[\"items\"]");
	struct json list = json_at(all, keys), key, item;
	enum json_type type = json_type(list);
	struct json_iter it;

	json_iter_init(&it, list);
	while (type == JSON_ARRAY && json_next(&it, &key, &item))
		listing_piece(l, item);
	json_iter_init(&it, keys);
	if (json_type(all) == JSON_OBJECT && json_count(keys) > 0)
		add_rest(rest, all, it);
	/* Some servers write null for a list of none. */
	return type == JSON_ARRAY || (type == JSON_NULL && all.at != list.at)
		   ? 0
		   : -1;
}

char *
listing_next(const struct listing *l, struct json all)
{
	char *next =
	    l->next ? json_strdup(json_at(all, parsed(l->next))) : NULL;

	if (next && *next == '\0') {
		free(next);
		next = NULL;
	}
	return next;
}

/* Seconds since its job was made, or began to be; -1: nobody knows. */
static int64_t
age_of(const struct subject *s)
{
	struct json line = parsed(s->line);
	int64_t ms;

	if (json_seconds_ms(json_get(line, "time"), &ms) == -1)
		return -1;
	ms = clock_wall_ms() - ms;
	return ms > 0 ? ms / 1000 : 0;
}

void
listing_whole(struct listing *l)
{
	struct engine *e = l->asker->engine;
	size_t i, count = e->attempts.count;

	for (i = 0; l->changes && i < count; i++) {
		struct subject *s = (struct subject *)e->attempts.all[i];
		const struct brought *b = brought_of(s, l->name);
		struct buf event = BUF_INIT;
		int64_t age;

		if (s->line == NULL || (b && b->time == l->time))
			continue;
		age = age_of(s);
		record_begin(&event, "absent");
		json_member_str(&event, "id", l->id);
		if (age >= 0)
			json_member_int(&event, "age", age);
		buf_addc(&event, '}');
		engine_event(s, event.data, event.len);
		buf_release(&event);
	}
}
