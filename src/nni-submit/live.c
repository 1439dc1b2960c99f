/*
 * Which trials live, where a backend tells no credit: a typed pipeline hears of
 * no end, so the backend's own watch is asked, and trialConcurrency and
 * maxConcurrency are kept here.  It runs from when a trial waits for the end of
 * another.
 */
#include <stdlib.h>

#include "mem.h"
#include "submit.h"

static void
now_lives(struct task *t, struct place *p, bool told)
{
	t->lives_at = p;
	t->told_of = told;
	p->live_told++;
	if (!told)
		p->member->untold++;
}

static void
heard_of(struct task *t)
{
	if (!t->told_of)
		t->lives_at->member->untold--;
	t->told_of = true;
}

/* ---- its watch ---- */

static void
hear(void *arg, char *line, size_t len)
{
	struct member *m = arg;
	struct record r;
	struct task *t;

	if (!line || record_parse(&r, line, len, NULL) == -1 ||
	    r.type != RECORD_STATUS)
		return;
	if (backend_failures(m->watch) > 0)
		member_trouble(m, NULL);
	backend_progress(m->watch);
	t = attempts_find(&m->submit->tasks, r.trial, r.attempt);
	if (!t || !t->lives_at || t->lives_at->member != m)
		return;
	heard_of(t);
	if (status_is_end(r.status)) {
		t->lives_at->live_told--;
		t->lives_at = NULL;
	}
}

/* A new process knows of none. */
static void
tell_all(void *arg)
{
	struct member *m = arg;
	struct submit *s = m->submit;
	struct buf line = BUF_INIT;
	size_t i;

	for (i = 0; i < s->tasks.count; i++) {
		struct task *t = (struct task *)s->tasks.all[i];

		if (!t->lives_at || t->lives_at->member != m)
			continue;
		if (task_line(s, t, &line) == -1)
			break;
		buf_addc(&line, '\n');
		backend_write(m->watch, line.data, line.len);
	}
	buf_release(&line);
}

static void
died(void *arg, const char *why)
{
	member_trouble(arg, why);
}

static void
ended(void *arg, const char *why, int exit_code)
{
	(void)arg;
	(void)why;
	(void)exit_code;
}

static const struct backend_calls watch_calls = {
    hear, tell_all, died, ended, NULL};

static void
watch(struct member *m)
{
	struct submit *s = m->submit;
	struct buf err = BUF_INIT;

	m->watch = backend_new(s->loop, m->config->platform, "watch", s->dir,
	    m->config->name, &watch_calls, m, &err);
	if (m->watch)
		backend_start(m->watch);
	else
		member_trouble(m, err.data);
	buf_release(&err);
}

void
lives_watch(struct submit *s)
{
	size_t i;

	for (i = 0; i < s->member_count; i++) {
		struct member *m = &s->members[i];

		if (s->queued && !m->watch && m->places && m->places->counted &&
		    m->places->live_told > 0)
			watch(m);
	}
}

/* ---- what lives ---- */

void
live_started(struct task *t)
{
	struct member *m = t->place->member;
	struct buf line = BUF_INIT;

	if (!t->place->counted || t->lives_at)
		return;
	now_lives(t, t->place, true);
	if (m->watch && task_line(m->submit, t, &line) == 0) {
		buf_addc(&line, '\n');
		backend_write(m->watch, line.data, line.len);
	}
	buf_release(&line);
}

/* What an earlier process has started may live. */
static void
count_earlier(struct place *p)
{
	struct submit *s = p->member->submit;
	struct buf line = BUF_INIT;
	struct record r;
	size_t i;

	for (i = 0; i < s->tasks.count; i++) {
		struct task *t = (struct task *)s->tasks.all[i];

		if (t->placed.kind != PLACED_STARTED || t->lives_at)
			continue;
		if (task_record(s, t, &line, &r) == -1)
			break;
		if (place_of(s, &r) == p &&
		    !json_bool(record_get(&r, "lost"), false))
			now_lives(t, p, false);
	}
	buf_release(&line);
}

void
live_begin(struct place *p)
{
	if (p->counted || p->member->submit->given_ids)
		return;
	p->counted = true;
	p->live_told = 0;
	count_earlier(p);
}

void
live_release(struct member *m)
{
	backend_free(m->watch);
	m->watch = NULL;
}
