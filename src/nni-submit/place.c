/*
 * Places and their credit.  A level is a hint that is always a little old. What
 * was sent and not answered is taken off it here; what was answered is not: the
 * place tells its new level, or it has adopted a trial and the level is the
 * same.  Whoever has no room after all says so.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "mem.h"
#include "record.h"
#include "submit.h"

enum { FIRST_RETRY_MS = 1000, LONGEST_RETRY_MS = 60000 };

/* ---- making and finding ---- */

/* --weight of the place, else of its member, else the member's own. */
static double
weight_of(const struct submit *s, const struct member *m, const char *place)
{
	const char *names[] = {place, m->config->name};
	size_t n, i, len;

	for (n = 0; n < 2; n++) {
		len = strlen(names[n]);
		for (i = s->weights.count; i-- > 0;)
			if (!strncmp(s->weights.items[i], names[n], len) &&
			    s->weights.items[i][len] == '=')
				return strtod(
				    s->weights.items[i] + len + 1, NULL);
	}
	return m->config->weight > 0 ? m->config->weight : 1;
}

struct place *
place_get(struct member *m, const char *name)
{
	struct place **at, *p;

	for (at = &m->places; *at; at = &(*at)->next)
		if (!strcmp((*at)->name, name))
			return *at;
	p = *at = xcalloc(1, sizeof(*p));
	p->member = m;
	p->name = xstrdup(name);
	p->weight = weight_of(m->submit, m, name);
	p->live_told = -1;
	return p;
}

void
place_free(struct place *p)
{
	timer_stop(&p->retry);
	free(p->name);
	free(p->reason);
	free(p);
}

struct place *
place_of(struct submit *s, const struct record *trial)
{
	char *member = json_strdup(trial->platform);
	char *name = json_strdup(trial->place);
	struct place *p = NULL;
	size_t i;

	for (i = 0; member && name && i < s->member_count; i++)
		if (!strcmp(s->members[i].config->name, member))
			p = place_get(&s->members[i], name);
	free(member);
	free(name);
	return p;
}

/* ---- levels ---- */

static int64_t
room(const struct place *p)
{
	if (!p->member->backend || !backend_running(p->member->backend))
		return 0;
	if (p->unlimited)
		return timer_is_set(&p->retry) ? 0 : INT64_MAX;
	return p->level - p->in_flight;
}

/* How many live there, by what the backend tells; where it does not, the
   credit that is used up is a fair measure. */
static double
load(const struct place *p)
{
	int64_t live = p->in_flight + p->started;

	if (p->live_told >= 0)
		live += p->live_told;
	else if (!p->unlimited)
		live += p->most - p->level;
	return (double)live / p->weight;
}

static struct place *
best_place(struct submit *s)
{
	struct place *p, *best = NULL;
	size_t i;

	for (i = 0; i < s->member_count; i++)
		for (p = s->members[i].places; p; p = p->next)
			if (room(p) > 0 && (!best || load(p) < load(best)))
				best = p;
	return best;
}

static void
set_reason(struct place *p, struct json reason)
{
	free(p->reason);
	p->reason = json_strdup(reason);
}

void
place_credit(struct member *m, const struct record *r)
{
	struct place *p;
	char *name = json_strdup(r->place);
	int64_t n;

	if (!name || json_int(r->n, &n) == -1) {
		free(name);
		return;
	}
	m->spoken = true;
	p = place_get(m, name);
	free(name);
	timer_stop(&p->retry);
	p->credits++;
	p->unlimited = false;
	p->pending = json_bool(record_get(r, "pending"), false);
	p->level = n > 0 ? n : 0;
	if (p->level > p->most)
		p->most = p->level;
	p->started = 0;
	if (json_int(record_get(r, "live"), &n) == 0 && n >= 0)
		p->live_told = n;
	set_reason(p, r->reason);
}

void
place_answered(struct task *t, bool started)
{
	struct place *p = t->place;

	p->in_flight--;
	if (!started)
		return;
	p->started++;
	p->refusals = 0;
}

/* A place that refused and said nothing since is asked again after a while. */
static void
ask_again(void *arg)
{
	struct place *p = arg;

	if (!p->unlimited && p->level < 1)
		p->level = 1;
}

void
place_no_room(struct task *t, const struct record *r)
{
	struct place *p = t->place;
	int64_t ms = LONGEST_RETRY_MS;

	p->in_flight--;
	if (r->reason.at)
		set_reason(p, r->reason);
	if (p->credits != t->credits)
		return; /* there is a newer level than the one refused */
	p->level = 0;
	if (p->refusals < 6)
		ms = (int64_t)FIRST_RETRY_MS << p->refusals;
	p->refusals++;
	timer_set(p->member->submit->loop, &p->retry, ms, ask_again, p);
}

void
places_forget(struct member *m)
{
	struct place *p;

	for (p = m->places; p; p = p->next) {
		p->level = 0;
		p->pending = false;
		timer_stop(&p->retry);
	}
}

/* ---- choosing ---- */

static void
add_reason(struct buf *out, const char *name, const char *reason)
{
	buf_addf(out, "%s%s: %s", out->len ? "; " : "", name, reason);
}

void
places_reason(struct submit *s, struct buf *out)
{
	struct place *p;
	size_t i;

	for (i = 0; i < s->member_count && out->len < 500; i++) {
		struct member *m = &s->members[i];

		if (m->trouble)
			add_reason(out, m->config->name, m->trouble);
		else if (!m->places)
			add_reason(out, m->config->name, "is being made ready");
		else
			for (p = m->places; p && out->len < 500; p = p->next)
				add_reason(out, p->name,
				    p->reason ? p->reason : "no room now");
	}
}

void
places_fill(struct submit *s)
{
	struct place *p;

	while (s->first && (p = best_place(s)))
		task_place(s, s->first, p);
}
