/*
 * fetch: trial records in; when what their attempts wrote is here, `fetched`
 * out.  A few attempts of a machine at a time; one at a time of those processes
 * that fetch the same attempt.  A machine that cannot be reached for
 * NNI_BACKEND_TIMEOUT is not waited for.
 */
#include <stdlib.h>
#include <string.h>

#include "arrival.h"
#include "backend.h"
#include "expdir.h"
#include "filter.h"
#include "fleet.h"
#include "mem.h"
#include "os/lock.h"
#include "verbs.h"

enum { AT_ONCE = 8, LOCK_MS = 100, ALIVE_MS = 5000 };
/* An attempt in the midst of which the connection is lost so often is given
   up: what is there may be why. */
enum { LOSSES_MAX = 4 };

/* A machine's own. */
struct site {
	struct fleet_machine *machine;
	struct timer patience;
	size_t active;
	size_t waiting; /* to become active */
	bool up;	/* it was, when it was last heard of */
};

/* An attempt whose files are asked for. */
struct task {
	struct attempt a;
	struct site *site;
	char *line; /* the record; NULL: nothing is asked for */
	char *dir;
	unsigned asked; /* how many answers are owed */
	unsigned losses;
	struct lock lock;
	struct arrival *arrival; /* NULL: it is not its turn yet */
	struct fleet_attempt *given;
};

struct fetcher {
	struct filter filter;
	struct fleet fleet;
	struct attempts tasks;
	struct site *sites; /* one for each machine */
	size_t owed;
	bool moved; /* something has come since it was last said */
	struct timer locks, alive;
};

static void start_some(void *arg);

/* ---- answers ---- */

static void
answer(struct fetcher *f, struct task *t, const char *error)
{
	struct buf line = BUF_INIT;

	for (; t->asked > 0; t->asked--) {
		record_begin_trial(&line, "fetched", t->a.trial, t->a.number);
		json_member_int(&line, "files",
		    t->arrival != NULL ? arrival_files(t->arrival) : 0);
		json_member_int(&line, "bytes",
		    t->arrival != NULL ? arrival_bytes(t->arrival) : 0);
		if (error != NULL)
			json_member_str(&line, "error", error);
		record_end(&line);
	}
	filter_put_buf(&f->filter, &line);
	buf_release(&line);
}

static void
let_go(struct task *t)
{
	if (t->arrival != NULL)
		t->site->active--;
	else if (t->line != NULL)
		t->site->waiting--;
	if (t->given != NULL)
		fleet_settle(t->given);
	arrival_free(t->arrival);
	lock_release(&t->lock);
	free(t->line);
	free(t->dir);
	t->given = NULL;
	t->arrival = NULL;
	t->line = t->dir = NULL;
	t->losses = 0;
}

static void
settle(struct fetcher *f, struct task *t, const char *error)
{
	answer(f, t, error);
	let_go(t);
	f->owed--;
	timer_set(f->fleet.loop, &f->locks, 0, start_some, f);
}

/* All that the machine owes. */
static void
give_up(void *arg)
{
	struct site *s = arg;
	struct fetcher *f = s->machine->fleet->arg;
	struct buf why = BUF_INIT;
	size_t i;

	if (s->machine->trouble != NULL)
		buf_adds(&why, s->machine->trouble);
	else
		buf_addf(&why, "%s: it has not answered within %g s",
		    s->machine->machine->place,
		    (double)backend_timeout_ms() / 1000);
	for (i = 0; i < f->tasks.count; i++) {
		struct task *t = (struct task *)f->tasks.all[i];

		if (t->line != NULL && t->site == s)
			settle(f, t, why.data);
	}
	buf_release(&why);
}

/* ---- whose turn it is ---- */

static bool
is_up(const struct site *s)
{
	return s->machine->connection != NULL &&
	       connection_up(s->machine->connection);
}

static void
be_patient(struct site *s)
{
	if (!is_up(s) && !timer_is_set(&s->patience))
		timer_set(s->machine->fleet->loop, &s->patience,
		    backend_timeout_ms(), give_up, s);
}

/* 1: it is ours; 0: another process has it; -1: it cannot be had. */
static int
take_lock(struct task *t, struct buf *err)
{
	struct buf path = BUF_INIT;
	int r = expdir_make_trial(t->dir, err);

	expdir_path(&path, t->dir, ".nni");
	if (r == 0)
		r = dir_make_all(path.data, 0700, err);
	expdir_path(&path, t->dir, ".nni/fetch.lock");
	if (r == 0)
		r = lock_try(&t->lock, path.data, 0600, NULL, err);
	buf_release(&path);
	return r;
}

static void
start_one(struct fetcher *f, struct task *t)
{
	struct buf err = BUF_INIT;
	struct record r;
	int locked = take_lock(t, &err);

	if (locked == 1 &&
	    record_parse(&r, t->line, strlen(t->line), &err) == 0) {
		t->arrival = arrival_new(&t->a, t->dir);
		t->site->active++;
		t->site->waiting--;
		t->given = fleet_take(&f->fleet, &r, t->line, strlen(t->line));
		be_patient(t->site);
	} else if (locked != 0) {
		settle(f, t, err.data);
	} else {
		f->moved = true; /* whoever has it is at work */
	}
	buf_release(&err);
}

static void
start_some(void *arg)
{
	struct fetcher *f = arg;
	bool locked = false;
	size_t i;

	for (i = 0; i < f->tasks.count; i++) {
		struct task *t = (struct task *)f->tasks.all[i];

		if (t->line == NULL || t->arrival != NULL ||
		    t->site->active >= AT_ONCE)
			continue;
		start_one(f, t);
		locked |= t->line != NULL && t->arrival == NULL;
	}
	if (locked)
		timer_set(f->fleet.loop, &f->locks, LOCK_MS, start_some, f);
}

/* ---- from the machines ---- */

static void
hear(struct fleet_machine *m, const struct record *r, const char *line,
    size_t len)
{
	struct fetcher *f = m->fleet->arg;
	struct task *t = NULL;
	struct buf out = BUF_INIT;

	f->moved = true;
	if (r->trial[0])
		t = attempts_find(&f->tasks, r->trial, r->attempt);
	if (t != NULL && t->arrival != NULL && t->site->machine == m) {
		timer_stop(&t->site->patience);
		arrival_take(t->arrival, r, &out);
		if (out.len > 0)
			fleet_write(m, out.data, out.len);
		if (arrival_done(t->arrival))
			settle(f, t, arrival_error(t->arrival));
	} else if (r->type == RECORD_ERROR) {
		filter_put(&f->filter, line, len);
	}
	buf_release(&out);
}

static void
begin_anew(struct fleet_machine *m, bool lost)
{
	struct fetcher *f = m->fleet->arg;
	size_t i;

	for (i = 0; i < f->tasks.count; i++) {
		struct task *t = (struct task *)f->tasks.all[i];

		if (t->arrival == NULL || t->site->machine != m)
			continue;
		arrival_begin(t->arrival);
		if (lost && ++t->losses >= LOSSES_MAX)
			settle(f, t, fleet_trouble(m));
	}
}

static void
up(struct fleet_machine *m)
{
	struct fetcher *f = m->fleet->arg;

	f->sites[m - m->fleet->all].up = true;
	begin_anew(m, false);
}

static void
down(struct fleet_machine *m)
{
	struct fetcher *f = m->fleet->arg;
	struct site *s = &f->sites[m - m->fleet->all];

	begin_anew(m, s->up);
	s->up = false;
	if (s->active + s->waiting > 0)
		be_patient(s);
}

static void
ended(struct fleet_machine *m, const char *why)
{
	struct fetcher *f = m->fleet->arg;

	(void)why;
	give_up(&f->sites[m - m->fleet->all]);
}

static void
say_alive(void *arg)
{
	struct fetcher *f = arg;
	static const char line[] = "{\"type\":\"fetching\"}\n";

	if (f->moved && f->owed > 0)
		filter_put(&f->filter, line, sizeof(line) - 1);
	f->moved = false;
	timer_set(f->fleet.loop, &f->alive, ALIVE_MS, say_alive, f);
}

static void
opened(void *arg)
{
	struct fetcher *f = arg;
	size_t i;

	f->sites = xcalloc(f->fleet.machines.count, sizeof(*f->sites));
	for (i = 0; i < f->fleet.machines.count; i++)
		f->sites[i].machine = &f->fleet.all[i];
	timer_set(f->fleet.loop, &f->alive, ALIVE_MS, say_alive, f);
}

static void
closing(void *arg)
{
	struct fetcher *f = arg;
	size_t i;

	timer_stop(&f->locks);
	timer_stop(&f->alive);
	for (i = 0; i < f->fleet.machines.count; i++)
		timer_stop(&f->sites[i].patience);
	for (i = 0; i < f->tasks.count; i++)
		let_go((struct task *)f->tasks.all[i]);
	attempts_release(&f->tasks);
	free(f->sites);
}

static const struct fleet_calls fleet_calls = {
    hear, up, down, ended, opened, closing};

/* ---- in ---- */

static void
take(void *arg, const struct record *r, const char *line, size_t len)
{
	struct fetcher *f = arg;
	struct fleet_machine *m = fleet_at(&f->fleet, r->place);
	struct buf dir = BUF_INIT;
	struct task *t;

	if (r->type != RECORD_TRIAL || !r->trial[0])
		return;
	t = attempts_find(&f->tasks, r->trial, r->attempt);
	if (t == NULL) {
		t = attempts_add(&f->tasks, r->trial, r->attempt, sizeof(*t));
		t->lock.file = OS_NO_FILE;
	}
	t->asked++;
	if (m == NULL) {
		answer(f, t, "its place is no machine of the configuration");
		return;
	}
	if (t->line != NULL)
		return;
	t->site = &f->sites[m - f->fleet.all];
	t->line = xstrndup(line, len);
	expdir_trial(&dir, f->fleet.v->dir, r->trial, r->attempt);
	t->dir = buf_detach(&dir);
	t->site->waiting++;
	f->owed++;
	if (!timer_is_set(&f->locks))
		timer_set(f->fleet.loop, &f->locks, 0, start_some, f);
}

static void
end(void *arg)
{
	(void)arg;
}

static void
end_round(void *arg)
{
	struct fetcher *f = arg;

	if (!f->filter.ended || f->owed > 0)
		return;
	fleet_finish(&f->fleet);
	if (fleet_finished(&f->fleet))
		filter_leave(&f->filter, 0);
}

static void
pressed(void *arg, bool slow)
{
	struct fetcher *f = arg;

	fleet_pause(&f->fleet, slow);
}

static const struct filter_calls calls = {take, end, end_round, pressed};

int
verb_fetch(const struct verb *v)
{
	struct fetcher f = {.tasks = ATTEMPTS_INIT};

	return fleet_run(
	    &f.fleet, &f.filter, v, "fetch", &fleet_calls, &calls, &f);
}
