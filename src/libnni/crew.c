/* Backends by experiment and member. */
#include "crew.h"

#include <stdlib.h>
#include <string.h>

#include "mem.h"

void
crew_init(struct crew *c, struct loop *loop, const char *verb,
    const struct crew_calls *calls, void *arg)
{
	*c = (struct crew){
	    .loop = loop, .verb = verb, .calls = calls, .arg = arg};
}

void
crew_release(struct crew *c)
{
	size_t i;

	for (i = 0; i < c->count; i++) {
		backend_free(c->all[i]->backend);
		free(c->all[i]->dir);
		free(c->all[i]->name);
		free(c->all[i]->trouble);
		free(c->all[i]);
	}
	free(c->all);
	c->all = NULL;
	c->count = 0;
}

/* ---- what a backend tells ---- */

/* Of one process; what babbles must not fill the journal. */
enum { MAX_NONSENSE = 10 };

void
crew_nonsense(struct crew_member *m, const char *what, struct buf *out)
{
	struct buf where = BUF_INIT;

	if (m->nonsense++ >= MAX_NONSENSE)
		return;
	buf_addf(&where, "%s of member %s", m->crew->verb, m->name);
	record_error(out, what, where.data, NULL, NULL);
	buf_release(&where);
}

void
crew_silence(const struct crew_member *m, size_t owed, struct buf *out)
{
	struct buf what = BUF_INIT, where = BUF_INIT, hint = BUF_INIT;

	backend_silence(m->backend, &what);
	buf_addf(&what, "; %zu trial%s wait%s for it", owed, plural(owed),
	    owed == 1 ? "s" : "");
	buf_addf(&hint, "see log/%s-%s.log", m->name, m->crew->verb);
	buf_addf(&where, "%s of member %s", m->crew->verb, m->name);
	record_error(out, what.data, where.data, hint.data, NULL);
	buf_release(&what);
	buf_release(&where);
	buf_release(&hint);
}

static void
member_line(void *arg, char *line, size_t len)
{
	struct crew_member *m = arg;

	m->crew->calls->line(m, line, len);
}

static void
member_started(void *arg)
{
	struct crew_member *m = arg;

	free(m->trouble);
	m->trouble = NULL;
	m->nonsense = 0;
	m->crew->calls->started(m);
}

static void
member_died(void *arg, const char *why)
{
	struct crew_member *m = arg;

	free(m->trouble);
	m->trouble = xstrdup(why);
	m->crew->calls->died(m);
}

static void
member_ended(void *arg, const char *why, int exit_code)
{
	struct crew_member *m = arg;

	(void)exit_code;
	m->crew->calls->ended(m, why);
}

static bool
member_silent(void *arg)
{
	struct crew_member *m = arg;

	return m->crew->calls->silent(m);
}

static const struct backend_calls backend_calls = {
    member_line, member_started, member_died, member_ended, member_silent};

/* ---- finding one ---- */

static struct crew_member *
find(const struct crew *c, const char *dir, const char *name)
{
	size_t i;

	for (i = 0; i < c->count; i++)
		if (!strcmp(c->all[i]->dir, dir) &&
		    !strcmp(c->all[i]->name, name))
			return c->all[i];
	return NULL;
}

struct crew_member *
crew_member(struct crew *c, const struct record *trial, struct buf *err)
{
	char *dir = json_strdup(trial->dir);
	char *name = json_strdup(trial->platform);
	struct crew_member *m = NULL;

	if (!dir || !name) {
		buf_err(err, "a trial record needs \"dir\" and \"platform\"");
		goto out;
	}
	m = find(c, dir, name);
	if (m)
		goto out;
	m = xcalloc(1, sizeof(*m));
	m->crew = c;
	m->dir = dir;
	m->name = name;
	dir = name = NULL;
	c->all = xreallocarray(c->all, c->count + 1, sizeof(*c->all));
	c->all[c->count++] = m;
	m->backend = backend_of_member(
	    c->loop, m->dir, m->name, c->verb, &backend_calls, m, err);
	if (m->backend) {
		if (c->once)
			backend_argument(m->backend, "--once");
		backend_start(m->backend);
	} else {
		m->trouble = xstrdup(err->data);
	}
out:
	free(dir);
	free(name);
	return m;
}

/* ---- all of them ---- */

void
crew_pause(struct crew *c, bool paused)
{
	size_t i;

	for (i = 0; i < c->count; i++)
		if (c->all[i]->backend)
			backend_pause(c->all[i]->backend, paused);
}

void
crew_finish(struct crew *c)
{
	size_t i;

	for (i = 0; i < c->count; i++)
		if (c->all[i]->backend)
			backend_finish(c->all[i]->backend);
}

bool
crew_finished(const struct crew *c)
{
	size_t i;

	for (i = 0; i < c->count; i++)
		if (c->all[i]->backend && !backend_finished(c->all[i]->backend))
			return false;
	return true;
}

bool
crew_hopeless(const struct crew *c)
{
	size_t i, live = 0;

	for (i = 0; i < c->count; i++) {
		struct crew_member *m = c->all[i];

		if (m->live && m->backend && !backend_hopeless(m->backend))
			return false;
		live += m->live;
	}
	return live > 0;
}
