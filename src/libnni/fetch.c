/*
 * Files of trials that lie elsewhere.  A member's platform is asked once
 * whether it has the verb `fetch`; if it has, one process of it serves all
 * trials of the member.
 */
#include "fetch.h"

#include <stdlib.h>
#include <string.h>

#include "mem.h"

struct member {
	struct fetch *fetch;
	char *dir, *name;
	enum { UNKNOWN, ASKING, FETCHES, HAS_NONE } state;
	struct backend *asked; /* capabilities */
	struct backend *backend;
	struct timer patience;
	bool lists;    /* capabilities name the verb */
	char *trouble; /* why it does not run now; NULL: it does */
};

struct request {
	struct attempt key;
	struct member *member;
	char *line; /* what is asked */
	bool owed;  /* `done` has to be called */
	bool again; /* ... after one more answer */
	bool over;  /* ... at once, with `why` */
	char *why;
};

struct fetch {
	struct loop *loop;
	const struct fetch_calls *calls;
	void *arg;
	struct member **members;
	size_t member_count;
	struct attempts requests;
	size_t owed;
	struct timer deliver;
	int64_t patience_ms;
};

/* ---- answers ---- */

static void
deliver(void *arg)
{
	struct fetch *f = arg;
	size_t i;

	for (i = 0; i < f->requests.count; i++) {
		struct request *r = (struct request *)f->requests.all[i];
		char *why = r->why;

		if (!r->over)
			continue;
		r->owed = r->over = r->again = false;
		r->why = NULL;
		f->owed--;
		f->calls->done(f->arg, &r->key, why);
		free(why);
		if (!r->owed) {
			free(r->line);
			r->line = NULL;
		}
	}
}

/* From the loop, so that no owner is called while it calls. */
static void
be_over(struct request *r, const char *why)
{
	struct fetch *f = r->member->fetch;

	free(r->why);
	r->why = why ? xstrdup(why) : NULL;
	r->over = true;
	if (!timer_is_set(&f->deliver))
		timer_set(f->loop, &f->deliver, 0, deliver, f);
}

/* All that the member owes. */
static void
all_over(struct member *m, const char *why)
{
	struct attempts *all = &m->fetch->requests;
	size_t i;

	for (i = 0; i < all->count; i++) {
		struct request *r = (struct request *)all->all[i];

		if (r->member == m && r->owed && !r->over)
			be_over(r, why);
	}
}

static size_t
owed_by(const struct member *m)
{
	const struct attempts *all = &m->fetch->requests;
	size_t i, n = 0;

	for (i = 0; i < all->count; i++) {
		const struct request *r = (struct request *)all->all[i];

		n += r->member == m && r->owed && !r->over;
	}
	return n;
}

/* ---- the verb ---- */

/* What nothing is heard of is given up: an end may be waiting for it. */
static void
lose_patience(void *arg)
{
	struct member *m = arg;
	struct buf why = BUF_INIT;

	if (owed_by(m) > 0) {
		buf_addf(&why, "its platform's fetch has said nothing for %g s",
		    (double)m->fetch->patience_ms / 1000);
		all_over(m, why.data);
	}
	buf_release(&why);
}

static void
be_patient(struct member *m)
{
	timer_set(m->fetch->loop, &m->patience, m->fetch->patience_ms,
	    lose_patience, m);
}

static void
answered(struct member *m, const struct record *a)
{
	struct request *r =
	    attempts_find(&m->fetch->requests, a->trial, a->attempt);
	char *why;

	if (!r || r->member != m || !r->owed || r->over)
		return;
	backend_progress(m->backend);
	if (r->again) {
		r->again = false;
		backend_write(m->backend, r->line, strlen(r->line));
		return;
	}
	why = json_strdup(record_get(a, "error"));
	be_over(r, why);
	free(why);
}

static void
heard(void *arg, char *line, size_t len)
{
	struct member *m = arg;
	struct fetch *f = m->fetch;
	struct record r;

	if (!line || record_parse(&r, line, len, NULL) == -1)
		return;
	be_patient(m);
	if (record_is(r.type_text, "fetched")) {
		answered(m, &r);
	} else if (r.type == RECORD_ERROR && f->calls->said) {
		line[len] = '\n';
		f->calls->said(f->arg, line, len + 1);
		line[len] = '\0';
	}
}

static void
started(void *arg)
{
	struct member *m = arg;
	struct attempts *all = &m->fetch->requests;
	size_t i;

	free(m->trouble);
	m->trouble = NULL;
	for (i = 0; i < all->count; i++) {
		struct request *r = (struct request *)all->all[i];

		if (r->member != m || !r->owed || r->over)
			continue;
		r->again = false;
		backend_write(m->backend, r->line, strlen(r->line));
	}
}

static void
died(void *arg, const char *why)
{
	struct member *m = arg;

	free(m->trouble);
	m->trouble = xstrdup(why);
	if (backend_hopeless(m->backend))
		all_over(m, why);
}

static void
ended(void *arg, const char *why, int exit_code)
{
	(void)exit_code;
	died(arg, why);
}

static const struct backend_calls backend_calls = {
    heard, started, died, ended, NULL};

/* ---- whether it has the verb ---- */

static void
capabilities(void *arg, char *line, size_t len)
{
	struct member *m = arg;
	struct json all, verb, key;
	struct json_iter it;

	if (!line || json_check(line, len, JSON_STRICT, &all, NULL, NULL) ||
	    json_type(json_get(all, "verbs")) != JSON_ARRAY)
		return;
	json_iter_init(&it, json_get(all, "verbs"));
	while (json_next(&it, &key, &verb))
		if (json_is(verb, "\"fetch\""))
			m->lists = true;
}

static void
capabilities_ended(void *arg, const char *why, int exit_code)
{
	struct member *m = arg;
	struct buf err = BUF_INIT;

	(void)exit_code;
	m->state = why ? UNKNOWN : m->lists ? FETCHES : HAS_NONE;
	if (m->state == FETCHES) {
		m->backend = backend_of_member(m->fetch->loop, m->dir, m->name,
		    "fetch", &backend_calls, m, &err);
		if (m->backend) {
			be_patient(m);
			backend_start(m->backend);
		} else {
			m->state = UNKNOWN;
			why = err.data;
		}
	}
	if (m->state != FETCHES)
		all_over(m, why);
	buf_release(&err);
}

static const struct backend_calls capabilities_calls = {
    capabilities, NULL, NULL, capabilities_ended, NULL};

static void
ask_capabilities(struct member *m)
{
	struct buf err = BUF_INIT;

	backend_free(m->asked);
	m->asked = backend_of_member(m->fetch->loop, m->dir, m->name,
	    "capabilities", &capabilities_calls, m, &err);
	if (m->asked) {
		m->state = ASKING;
		backend_once(m->asked);
		backend_deadline(m->asked, backend_timeout_ms());
		backend_start(m->asked);
		backend_finish(m->asked);
	} else {
		all_over(m, err.data);
	}
	buf_release(&err);
}

/* ---- asking ---- */

static struct member *
find_member(struct fetch *f, const struct record *trial)
{
	char *dir = json_strdup(trial->dir);
	char *name = json_strdup(trial->platform);
	struct member *m = NULL;
	size_t i;

	if (!dir || !name)
		goto out;
	for (i = 0; i < f->member_count && !m; i++)
		if (!strcmp(f->members[i]->dir, dir) &&
		    !strcmp(f->members[i]->name, name))
			m = f->members[i];
	if (m)
		goto out;
	m = xcalloc(1, sizeof(*m));
	m->fetch = f;
	m->dir = dir;
	m->name = name;
	dir = name = NULL;
	f->members =
	    xreallocarray(f->members, f->member_count + 1, sizeof(*f->members));
	f->members[f->member_count++] = m;
out:
	free(dir);
	free(name);
	return m;
}

/* The record, with what is wanted of it. */
static char *
make_line(const struct record *trial, enum fetch_what what, const char *folder)
{
	struct buf lean = BUF_INIT, asks = BUF_INIT, text = BUF_INIT;
	struct record r;

	record_set(&lean, trial->line, "parameters", JSON_NONE);
	json_add_str(&text, what == FETCH_LOGS ? "logs" : "all");
	if (record_parse(&r, lean.data, lean.len, NULL) == 0)
		record_set(
		    &asks, r.line, "what", (struct json){text.data, text.len});
	if (folder && asks.len) {
		buf_cut(&asks, asks.len - 1);
		json_member_str(&asks, "folder", folder);
		buf_addc(&asks, '}');
	}
	buf_release(&lean);
	buf_release(&text);
	return buf_detach(&asks);
}

bool
fetch_ask(struct fetch *f, const struct record *trial, enum fetch_what what,
    const char *folder)
{
	struct member *m = find_member(f, trial);
	struct request *r;

	if (!m || m->state == HAS_NONE)
		return false;
	r = attempts_find(&f->requests, trial->trial, trial->attempt);
	if (!r)
		r = attempts_add(
		    &f->requests, trial->trial, trial->attempt, sizeof(*r));
	r->member = m;
	free(r->line);
	r->line = make_line(trial, what, folder);
	r->again = r->owed && !r->over && m->state == FETCHES;
	r->over = false;
	if (m->state == FETCHES && !owed_by(m))
		be_patient(m);
	f->owed += !r->owed;
	r->owed = true;
	if (m->state == UNKNOWN)
		ask_capabilities(m);
	else if (m->state == FETCHES && backend_hopeless(m->backend))
		be_over(r, m->trouble);
	else if (m->state == FETCHES && !r->again)
		backend_write(m->backend, r->line, strlen(r->line));
	return true;
}

void
fetch_patience(struct fetch *f, int64_t ms)
{
	f->patience_ms = ms;
}

size_t
fetch_owed(const struct fetch *f)
{
	return f->owed;
}

struct fetch *
fetch_new(struct loop *loop, const struct fetch_calls *calls, void *arg)
{
	struct fetch *f = xcalloc(1, sizeof(*f));

	f->loop = loop;
	f->calls = calls;
	f->arg = arg;
	f->patience_ms = backend_timeout_ms();
	return f;
}

void
fetch_free(struct fetch *f)
{
	size_t i;

	if (!f)
		return;
	timer_stop(&f->deliver);
	for (i = 0; i < f->member_count; i++) {
		timer_stop(&f->members[i]->patience);
		backend_free(f->members[i]->asked);
		backend_free(f->members[i]->backend);
		free(f->members[i]->dir);
		free(f->members[i]->name);
		free(f->members[i]->trouble);
		free(f->members[i]);
	}
	free(f->members);
	for (i = 0; i < f->requests.count; i++) {
		struct request *r = (struct request *)f->requests.all[i];

		free(r->line);
		free(r->why);
	}
	attempts_release(&f->requests);
	free(f);
}
