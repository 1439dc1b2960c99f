/*
 * Places and their credit, and which of them a trial goes to: the one with the
 * fewest live trials for its weight; equals take turns.  A level is a hint that
 * is always a little old. What was sent and not answered is taken off it here;
 * what was answered is not: the place tells its new level, or it has adopted a
 * trial and the level is the same.  Whoever has no room after all says so.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "mem.h"
#include "record.h"
#include "submit.h"

enum { FIRST_RETRY_MS = 1000, LONGEST_RETRY_MS = 60000 };
/* So many levels that were refused, and no further one is believed at once. */
enum { MANY_REFUSALS = 3 };

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

/* How many live there, by what the backend tells; where it does not, the
   credit that is used up is a fair measure. */
static int64_t
live(const struct place *p)
{
	int64_t n = p->in_flight + p->started;

	if (p->live_told >= 0)
		n += p->live_told;
	else
		n += p->earlier + (p->unlimited ? 0 : p->most - p->level);
	return n;
}

static int64_t
room(const struct place *p)
{
	int64_t most;

	if (!p->member->backend || !backend_running(p->member->backend))
		return 0;
	if (p->unlimited && timer_is_set(&p->retry))
		return 0;
	most = p->member->submit->config.trial_concurrency;
	if (p->counted && most > 0)
		return most - live(p);
	if (p->unlimited)
		return INT64_MAX;
	return p->level - p->in_flight;
}

static double
load(const struct place *p)
{
	return (double)(live(p) + p->refusals) / p->weight;
}

/* Who had no room for a while does not get all the turns it has missed. */
static double
turn(const struct place *p)
{
	double now = p->member->submit->turn;

	return p->turn > now ? p->turn : now;
}

static bool
is_better(const struct place *p, const struct place *than)
{
	double a = load(p), b = load(than);

	return a < b || (a <= b && turn(p) < turn(than));
}

/* maxConcurrency, over all its places. */
static bool
is_full(const struct member *m)
{
	int64_t n = 0;
	const struct place *p;

	if (!m->config->max_concurrency)
		return false;
	for (p = m->places; p; p = p->next)
		n += live(p);
	return n >= m->config->max_concurrency;
}

/*
 * trialConcurrency: nni-run keeps it, and else each place, alone.  Where there
 * are several, or one that does not, it is kept here, by what they tell.
 */
static bool
is_enough(const struct submit *s)
{
	const struct place *p;
	int64_t n = 0;
	size_t i, count = 0;
	bool counted = false;

	for (i = 0; i < s->member_count && !s->given_ids; i++)
		for (p = s->members[i].places; p; p = p->next) {
			if (p->live_told < 0 && (p->unlimited || p->most > 0))
				return false;
			n += live(p);
			count += p->live_told >= 0;
			counted |= p->counted;
		}
	return (count > 1 || counted) && s->config.trial_concurrency > 0 &&
	       n >= s->config.trial_concurrency;
}

static struct place *
best_place(struct submit *s)
{
	struct place *p, *best = NULL;
	size_t i;

	if (is_enough(s))
		return NULL;
	for (i = 0; i < s->member_count; i++) {
		if (is_full(&s->members[i]))
			continue;
		for (p = s->members[i].places; p; p = p->next)
			if (room(p) > 0 && (!best || is_better(p, best)))
				best = p;
	}
	return best;
}

void
place_took(struct place *p)
{
	struct submit *s = p->member->submit;

	s->turn = turn(p);
	p->turn = s->turn + 1 / p->weight;
	p->in_flight++;
}

void
place_has(struct place *p)
{
	if (p->live_told < 0 && p->member->submit->given_ids)
		p->earlier++;
}

void
place_lost(struct place *p)
{
	if (p->live_told >= 0)
		return; /* it tells */
	if (p->earlier > 0)
		p->earlier--;
	else if (p->unlimited && p->started > 0)
		p->started--;
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
	p->credits++;
	if (p->counted)
		p->live_told = -1;
	p->unlimited = p->counted = false;
	p->pending = json_bool(record_get(r, "pending"), false);
	if (n <= 0)
		p->refusals = 0;
	if (p->refusals < MANY_REFUSALS)
		timer_stop(&p->retry);
	p->level = n > 0 && !timer_is_set(&p->retry) ? n : 0;
	if (p->level > p->most)
		p->most = p->level;
	p->started = 0;
	if (json_int(record_get(r, "live"), &n) == 0 && n >= 0)
		p->live_told = n;
	if (r->reason.at || !timer_is_set(&p->retry))
		set_reason(p, r->reason);
}

void
place_answered(struct task *t, bool started)
{
	struct place *p = t->place;

	p->in_flight--;
	if (!started)
		return;
	if (!p->counted)
		p->started++;
	p->refusals = 0;
}

void
place_unlimited(struct member *m)
{
	struct place *p = place_get(m, m->config->name);

	p->unlimited = true;
	live_begin(p);
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
	if (p->refused != t->credits || !p->refusals || p->unlimited)
		p->refusals++;
	p->refused = t->credits;
	if (p->credits != t->credits && p->refusals < MANY_REFUSALS)
		return; /* there is a newer level than the one refused */
	p->level = 0;
	if (p->refusals < 7)
		ms = (int64_t)FIRST_RETRY_MS << (p->refusals - 1);
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

/* "remote: bob@192.0.2.2: no route to host", where there are several members.
 */
static void
add_place_reason(struct buf *out, const struct place *p)
{
	const struct member *m = p->member;
	struct buf name = BUF_INIT;

	if (m->submit->member_count > 1 && strcmp(p->name, m->config->name))
		buf_addf(&name, "%s: ", m->config->name);
	buf_adds(&name, p->name);
	add_reason(out, name.data,
	    p->reason			 ? p->reason
	    : p->counted		 ? "trialConcurrency reached"
	    : p->credits || p->unlimited ? "no room now"
					 : "is being made ready");
	buf_release(&name);
}

static void
add_full(struct buf *out, const char *name, const char *key, int64_t most)
{
	struct buf reason = BUF_INIT;

	buf_addf(&reason, "%s of %" PRId64 " reached", key, most);
	add_reason(out, name, reason.data);
	buf_release(&reason);
}

void
places_reason(struct submit *s, struct buf *out)
{
	bool enough = is_enough(s);
	struct place *p;
	size_t i;

	if (enough)
		buf_addf(out, "trialConcurrency of %" PRId64 " reached",
		    s->config.trial_concurrency);
	for (i = 0; i < s->member_count && out->len < 500; i++) {
		struct member *m = &s->members[i];

		if (m->trouble)
			add_reason(out, m->config->name, m->trouble);
		else if (!m->places)
			add_reason(out, m->config->name, "is being made ready");
		else if (is_full(m))
			add_full(out, m->config->name, "maxConcurrency",
			    m->config->max_concurrency);
		else
			for (p = m->places; p && out->len < 500; p = p->next)
				if (p->reason ||
				    (room(p) <= 0 && !(p->counted && enough)))
					add_place_reason(out, p);
	}
}

void
places_fill(struct submit *s)
{
	struct place *p;

	while (s->first && (p = best_place(s)))
		task_place(s, s->first, p);
}
