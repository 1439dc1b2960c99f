/*
 * collect: trial and status records in, metrics out, and each end again behind
 * the last metric of its trial.  An end is held back while its machine cannot
 * be reached, and it is said why.
 */
#include <stdlib.h>
#include <string.h>

#include "filter.h"
#include "fleet.h"
#include "mem.h"
#include "say.h"
#include "verbs.h"

struct collector {
	struct filter filter;
	struct fleet fleet;
	bool missing; /* an end was not passed on */
};

/* Which of the attempts of a machine wait for it with their end. */
static size_t
count_held(const struct fleet_machine *m)
{
	const struct attempts *all = &m->fleet->attempts;
	size_t i, n = 0;

	for (i = 0; i < all->count; i++) {
		const struct fleet_attempt *t =
		    (const struct fleet_attempt *)all->all[i];

		n += t->at == m && t->line && t->more;
	}
	return n;
}

static void
say_held(struct collector *c, const struct fleet_machine *m)
{
	size_t n = count_held(m);
	struct buf what = BUF_INIT;

	if (!n)
		return;
	buf_addf(&what, "the end%s of %zu trial%s wait%s for it: %s", plural(n),
	    n, plural(n), n == 1 ? "s" : "",
	    fleet_bare(m->machine, fleet_trouble(m)));
	filter_error(&c->filter, what.data, m->machine->place, NULL, NULL);
	buf_release(&what);
}

static void
hear(struct fleet_machine *m, const struct record *r, const char *line,
    size_t len)
{
	struct collector *c = m->fleet->arg;
	struct fleet_attempt *t;

	if (r->trial[0]) {
		t = attempts_find(&m->fleet->attempts, r->trial, r->attempt);
		if (!t || t->at != m || !t->line)
			return;
		if (r->type == RECORD_STATUS && status_is_end(r->status))
			fleet_settle(t);
	}
	filter_put(&c->filter, line, len);
}

/* Trials that go on are not waited for at the end. */
static void
down(struct fleet_machine *m)
{
	say_held(m->fleet->arg, m);
	if (m->fleet->finishing && !count_held(m))
		connection_finish(m->connection);
}

static void
ended(struct fleet_machine *m, const char *why)
{
	struct collector *c = m->fleet->arg;

	if (why)
		say_held(c, m);
	c->missing |= count_held(m) > 0;
}

static const struct fleet_calls fleet_calls = {
    hear, NULL, down, ended, NULL, NULL};

/* The machine was taken out of the configuration: what it still had is lost. */
static void
pass_gone(struct collector *c, const struct record *r)
{
	static const char why[] =
	    "\"its machine is not in the configuration any more\"";
	struct buf line = BUF_INIT;

	record_set(&line, r->line, "metrics_incomplete",
	    (struct json){why, sizeof(why) - 1});
	filter_put_buf(&c->filter, &line);
	buf_release(&line);
}

static void
take_end(
    struct collector *c, const struct record *r, const char *line, size_t len)
{
	struct fleet_attempt *t =
	    attempts_find(&c->fleet.attempts, r->trial, r->attempt);
	bool news = t && t->line && !t->more;

	if (!t) {
		pass_gone(c, r);
		return;
	}
	if (!t->more)
		fleet_more(t, line, len);
	if (news && t->at->trouble)
		say_held(c, t->at);
}

static void
take(void *arg, const struct record *r, const char *line, size_t len)
{
	struct collector *c = arg;
	struct buf slim = BUF_INIT;

	if (!r->trial[0])
		return;
	if (r->type == RECORD_TRIAL) {
		record_set(&slim, r->line, "parameters", JSON_NONE);
		fleet_take(&c->fleet, r, slim.data, slim.len);
	} else if (r->type == RECORD_STATUS && status_is_end(r->status)) {
		take_end(c, r, line, len);
	}
	buf_release(&slim);
}

static void
end(void *arg)
{
	(void)arg;
}

/* Machines with nothing but trials that go on are not waited for. */
static bool
waits(const struct fleet *f)
{
	size_t i;

	for (i = 0; i < f->machines.count; i++)
		if (f->all[i].trouble && count_held(&f->all[i]))
			return true;
	return false;
}

static void
end_round(void *arg)
{
	struct collector *c = arg;

	if (!c->filter.ended)
		return;
	if (c->fleet.v->once || !waits(&c->fleet))
		fleet_finish(&c->fleet);
	if (c->fleet.finishing && fleet_finished(&c->fleet))
		filter_leave(&c->filter, c->missing ? NNI_TEMPORARY : NNI_OK);
}

static void
pressed(void *arg, bool slow)
{
	struct collector *c = arg;

	fleet_pause(&c->fleet, slow);
}

static const struct filter_calls calls = {take, end, end_round, pressed};

int
verb_collect(const struct verb *v)
{
	struct collector c = {.missing = false};

	return fleet_run(
	    &c.fleet, &c.filter, v, "collect", &fleet_calls, &calls, &c);
}
