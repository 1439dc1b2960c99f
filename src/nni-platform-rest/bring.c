/*
 * Directories of trials, from a folder that this machine and workers both see
 * to where the trials' files lie here.  One after the other, in parts, so that
 * the rest goes on meanwhile.
 */
#include "bring.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "copy.h"
#include "expdir.h"
#include "mem.h"
#include "os/file.h"

#define PART_MS 500
/* So often it is said that we are at work. */
#define ALIVE_MS 5000

struct bring {
	struct bring *next;
	struct subject *subject;
	char *id, *from, *to, *scratch;
	char *only, *but; /* lists of names, JSON; NULL: there is none */
	struct copy copy;
};

static void
bring_free(struct bring *b)
{
	copy_release(&b->copy);
	free(b->id);
	free(b->from);
	free(b->to);
	free(b->scratch);
	free(b->only);
	free(b->but);
	free(b);
}

static bool
is_in(const char *name, const char *list)
{
	struct buf one = BUF_INIT;
	struct json all, key, value;
	struct json_iter it;
	bool found = false;

	if (json_check(list, strlen(list), JSON_STRICT, &all, NULL, NULL) == -1)
		return false;
	json_iter_init(&it, all);
	while (!found && json_next(&it, &key, &value)) {
		buf_clear(&one);
		found = json_string(value, &one) == 0 &&
			strcmp(one.data, name) == 0;
	}
	buf_release(&one);
	return found;
}

static bool
leave_out(void *arg, const char *name)
{
	const struct bring *b = arg;

	return (b->only && !is_in(name, b->only)) ||
	       (b->but && is_in(name, b->but));
}

/* ---- at work ---- */

static void
say_alive(struct engine *e)
{
	static const char line[] = "{\"type\":\"fetching\"}\n";
	int64_t now = loop_now_ms(e->loop);

	if (now - e->said_alive_ms < ALIVE_MS)
		return;
	filter_put(&e->filter, line, sizeof(line) - 1);
	e->said_alive_ms = now;
}

static void
go_on(void *arg)
{
	struct engine *e = arg;
	struct bring *b = e->brings;
	struct buf err = BUF_INIT, more = BUF_INIT;

	say_alive(e);
	if (b && copy_part(&b->copy, &err) != 1) {
		e->brings = b->next;
		buf_addf(&more, ",\"files\":%" PRId64 ",\"bytes\":%" PRId64,
		    b->copy.files, b->copy.bytes);
		request_reply(b->subject, b->id, 200, &err, more.data);
		bring_free(b);
	}
	if (e->brings)
		timer_set(e->loop, &e->bringing, 0, go_on, e);
	buf_release(&err);
	buf_release(&more);
}

/* ---- requests ---- */

static char *
list_of(struct json spec, const char *key)
{
	struct json v = json_get(spec, key);
	struct buf text = BUF_INIT;

	if (json_type(v) != JSON_ARRAY)
		return NULL;
	json_add(&text, v);
	return buf_detach(&text);
}

/* The folder of the attempt's directory that the last part of `path` is. */
static int
add_folder(struct buf *to, const char *path, const char *folder)
{
	size_t len = strlen(path), n = strlen(folder);

	if (n == 0 || n + 1 >= len || path[len - n - 1] != '/' ||
	    strcmp(path + len - n, folder) != 0)
		return -1;
	path_add(to, folder);
	return 0;
}

void
bring_request(
    struct subject *s, struct json spec, const char *id, const char *path)
{
	struct engine *e = s->engine;
	struct buf to = BUF_INIT, scratch = BUF_INIT, err = BUF_INIT;
	char *folder = json_strdup(json_get(spec, "folder"));
	struct bring *b, **last;

	expdir_trial(&to, e->v->dir, s->a.trial, s->a.number);
	expdir_path(&scratch, to.data, ".nni");
	if (expdir_make_trial(to.data, &err) == 0 && folder &&
	    add_folder(&to, path, folder) == -1)
		buf_setf(&err, "'%s' does not end in '%s'", path, folder);
	if (err.len > 0) {
		request_reply(s, id, 200, &err, "");
	} else {
		b = xcalloc(1, sizeof(*b));
		b->subject = s;
		b->id = xstrdup(id);
		b->from = xstrdup(path);
		b->to = buf_detach(&to);
		b->scratch = buf_detach(&scratch);
		b->only = list_of(spec, "only");
		b->but = list_of(spec, "but");
		copy_init(&b->copy, b->from, b->to);
		b->copy.leave_out = leave_out;
		b->copy.arg = b;
		b->copy.foreign = true;
		b->copy.scratch = b->scratch;
		b->copy.part_ms = PART_MS;
		for (last = &e->brings; *last; last = &(*last)->next)
			;
		*last = b;
		timer_set(e->loop, &e->bringing, 0, go_on, e);
	}
	free(folder);
	buf_release(&to);
	buf_release(&scratch);
	buf_release(&err);
}

void
bring_forget(struct subject *s)
{
	struct engine *e = s->engine;
	struct bring **at, *b;

	for (at = &e->brings; (b = *at) != NULL;) {
		if (b->subject == s) {
			*at = b->next;
			bring_free(b);
		} else {
			at = &b->next;
		}
	}
	if (e->brings == NULL)
		timer_stop(&e->bringing);
}
