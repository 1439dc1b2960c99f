/*
 * submit: trial records in; out the same with a job once its machine has
 * started it, or why not; and the credit of each machine.
 *
 * A machine tells what it could start of its own; all of them together start no
 * more than trialConcurrency allows.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "expdir.h"
#include "filter.h"
#include "fleet.h"
#include "journal.h"
#include "mem.h"
#include "os/sys.h"
#include "say.h"
#include "verbs.h"

/*
 * After so many attempts in a row that ended without having started, by no
 * fault of the trial, a machine is set aside: for 10 s, then twice as long each
 * time up to 6 min; one trial is given to it then.
 */
enum { MAX_FAULTS = 3, HOPELESS_AFTER = 2 };
#define ASIDE_FIRST_MS ((int64_t)10000)
#define ASIDE_LONGEST_MS ((int64_t)360000)

/* For so long the first machines leave room for the others. */
#define GATHER_MS 3000

/* What submit knows of a machine. */
struct supply {
	int64_t n, live; /* as it told last */
	bool told;	 /* it has told since it is up */
	struct buf reason;
	int64_t said; /* the credit said last; -1: never */
	int64_t said_live;
	bool started; /* one has been, since */
	struct buf said_reason;
	int64_t infra;	 /* ends in a row by no fault of their trials */
	unsigned faults; /* in a row */
	unsigned asides; /* times it was set aside in a row */
	struct buf fault;
	bool aside;
	struct timer aside_timer;
	struct fleet_machine *machine;
};

struct submitter {
	struct filter filter;
	struct fleet fleet;
	struct buf line; /* of output, being made */
	struct watch *control;
	int64_t control_offset;
	int64_t concurrency;	/* as last set */
	int64_t started_ms;	/* by the clock on the wall */
	bool recount;		/* credit may have changed in this round */
	struct timer gathering; /* set while machines are waited for at first */
};

static void
put(struct submitter *s)
{
	filter_put_buf(&s->filter, &s->line);
	buf_clear(&s->line);
}

static struct supply *
supply_of(const struct fleet_machine *m)
{
	return m->mine;
}

/* ---- credit ---- */

/* What the configuration leaves for all machines together. */
static int64_t
left_of_all(const struct submitter *s, const char **key, int64_t *max)
{
	int64_t own = s->fleet.member->max_concurrency, live = 0;
	size_t i;

	*max = s->concurrency;
	*key = "trialConcurrency";
	if (own > 0 && own < *max) {
		*max = own;
		*key = "maxConcurrency";
	}
	for (i = 0; i < s->fleet.machines.count; i++) {
		const struct supply *u = supply_of(&s->fleet.all[i]);

		/* Those of a machine that is away may have been given up, which
		   nobody tells us: their turn is elsewhere then. */
		live += (int64_t)u->machine->open;
		if (!u->machine->trouble)
			live += u->live;
	}
	return live < *max ? *max - live : 0;
}

/*
 * While others are still being connected to, one machine does not take all:
 * trials are few, and the first that is ready would have them.
 */
static int64_t
fair_share(const struct submitter *s, const struct supply *u, int64_t max)
{
	int64_t count = (int64_t)s->fleet.machines.count;
	int64_t share = (max + count - 1) / count;

	return share > u->live ? share - u->live : 0;
}

/* How many more could start there; 0: and why. */
static int64_t
level(const struct submitter *s, const struct supply *u, struct buf *why)
{
	const struct fleet_machine *m = u->machine;
	const char *key;
	int64_t max, left = left_of_all(s, &key, &max), share;

	if (m->trouble)
		buf_set(why, fleet_bare(m->machine, m->trouble));
	else if (!u->told)
		buf_set(why,
		    u->reason.len ? u->reason.data : "is being connected to");
	else if (u->aside)
		buf_set(why, u->fault.data);
	else if (u->n == 0)
		buf_set(why, u->reason.data);
	if (why->len)
		return 0;
	if (left == 0)
		buf_setf(why, "%s of %" PRId64 " reached", key, max);
	/* One alone keeps trialConcurrency itself, and may hold a few more. */
	if (s->fleet.machines.count == 1 &&
	    s->fleet.member->max_concurrency == 0)
		left = u->n;
	/* After it was set aside it has to prove itself. */
	if (u->asides && left > 1)
		left = 1;
	if (timer_is_set(&s->gathering)) {
		share = fair_share(s, u, max);
		if (share == 0)
			buf_set(why, "other machines are being connected to");
		if (share < left)
			left = share;
	}
	return u->n < left ? u->n : left;
}

static void
say_credit(struct submitter *s, struct supply *u, int64_t n, const char *why)
{
	bool pending = !u->told && !u->machine->trouble;

	/* Who sent a trial counts it until it is told again how many live. */
	if (n == u->said && u->live == u->said_live && !u->started &&
	    (n > 0 || !strcmp(why, u->said_reason.data)))
		return;
	u->said = n;
	u->said_live = u->live;
	u->started = false;
	buf_set(&u->said_reason, n ? "" : why);
	record_begin(&s->line, "credit");
	json_member_str(&s->line, "place", u->machine->machine->place);
	json_member_int(&s->line, "n", n);
	json_member_int(&s->line, "live", u->live);
	if (n == 0)
		json_member_str(&s->line, "reason", why);
	if (pending)
		json_member_bool(&s->line, "pending", true);
	record_end(&s->line);
	put(s);
}

/* Nobody is waited for any more. */
static void
gathered(void *arg)
{
	struct submitter *s = arg;

	s->recount = true;
}

static void
say_credits(struct submitter *s)
{
	struct buf why = BUF_INIT;
	bool pending = false;
	size_t i;

	for (i = 0; i < s->fleet.machines.count; i++) {
		const struct supply *u = supply_of(&s->fleet.all[i]);

		pending |= !u->told && !u->machine->trouble;
	}
	if (!pending)
		timer_stop(&s->gathering);
	for (i = 0; i < s->fleet.machines.count; i++) {
		struct supply *u = supply_of(&s->fleet.all[i]);
		int64_t n;

		buf_clear(&why);
		n = level(s, u, &why);
		say_credit(s, u, n, why.data);
	}
	buf_release(&why);
}

/* ---- machines that fail again and again ---- */

static void
come_back(void *arg)
{
	struct supply *u = arg;
	struct submitter *s = u->machine->fleet->arg;

	u->aside = false;
	u->faults = MAX_FAULTS - 1;
	s->recount = true;
}

static void
note_fault(struct submitter *s, struct supply *u, const char *reason)
{
	int64_t ms = ASIDE_FIRST_MS;

	if (++u->faults < MAX_FAULTS || u->aside)
		return;
	if (u->asides < 6)
		ms <<= u->asides;
	else
		ms = ASIDE_LONGEST_MS;
	if (ms > ASIDE_LONGEST_MS)
		ms = ASIDE_LONGEST_MS;
	u->asides++;
	u->aside = true;
	buf_setf(&u->fault,
	    "set aside after %u failures in a row, and tried again in %" PRId64
	    " s; the last one: %s",
	    u->faults, ms / 1000, reason);
	timer_set(s->fleet.loop, &u->aside_timer, ms, come_back, u);
	s->recount = true;
}

static void
note_success(struct supply *u)
{
	u->faults = u->asides = 0;
}

/* ---- from the machines ---- */

static void
hear_credit(struct submitter *s, struct supply *u, const struct record *r)
{
	int64_t live = 0, infra = 0, i;

	if (json_int(r->n, &u->n) == -1 || u->n < 0)
		u->n = 0;
	json_int(record_get(r, "live"), &live);
	u->live = live;
	u->told = !json_bool(record_get(r, "pending"), false);
	buf_clear(&u->reason);
	json_string(r->reason, &u->reason);
	s->recount = true;
	json_int(record_get(r, "infra"), &infra);
	/* Several may have ended between two of its words. */
	for (i = u->infra; i < infra && i < u->infra + MAX_FAULTS; i++)
		note_fault(s, u, "a trial ended there by no fault of its own");
	if (infra == 0 && u->infra > 0)
		note_success(u);
	u->infra = infra;
}

/* It has answered one that was sent: settled. */
static void
settle(struct submitter *s, struct fleet_attempt *t)
{
	fleet_settle(t);
	s->recount = true;
}

static void
hear_answer(struct submitter *s, struct supply *u, struct fleet_attempt *t,
    const struct record *r)
{
	struct buf reason = BUF_INIT;

	if (r->type == RECORD_TRIAL) {
		if (u->infra == 0)
			note_success(u);
		u->live++;
		u->started = true;
		if (u->n > 0)
			u->n--;
	} else if (r->type == RECORD_STATUS && r->infra) {
		json_string(r->reason, &reason);
		note_fault(s, u, reason.data);
	}
	settle(s, t);
	buf_release(&reason);
}

static bool
is_answer(const struct record *r)
{
	return r->type == RECORD_TRIAL || r->type == RECORD_NO_ROOM ||
	       (r->type == RECORD_STATUS && status_is_end(r->status));
}

static void
hear(struct fleet_machine *m, const struct record *r, const char *line,
    size_t len)
{
	struct submitter *s = m->fleet->arg;
	struct supply *u = supply_of(m);
	struct fleet_attempt *t;

	if (r->type == RECORD_CREDIT) {
		hear_credit(s, u, r);
		return;
	}
	if (is_answer(r)) {
		t = attempts_find(&m->fleet->attempts, r->trial, r->attempt);
		if (!t || t->at != m || !t->line)
			return;
		hear_answer(s, u, t, r);
	}
	filter_put(&s->filter, line, len);
}

static void
say_waiting(struct submitter *s, const struct attempt *a, const char *reason)
{
	record_begin_trial(&s->line, "status", a->trial, a->number);
	json_member_str(&s->line, "status", status_name(STATUS_WAITING));
	json_member_str(&s->line, "reason", reason);
	json_member_time(&s->line, "time", clock_wall_ms());
	record_end(&s->line);
	put(s);
}

/* A machine that comes back is told what was set meanwhile. */
static void
up(struct fleet_machine *m)
{
	struct submitter *s = m->fleet->arg;
	struct buf line = BUF_INIT;

	if (s->concurrency != s->fleet.config.trial_concurrency) {
		record_begin(&line, "set");
		json_member_str(&line, "key", "trialConcurrency");
		json_member_int(&line, "value", s->concurrency);
		record_end(&line);
		fleet_write(m, line.data, line.len);
	}
	buf_release(&line);
}

/*
 * Every machine refuses, for what somebody has to change first: then an end
 * with the reason is better than to wait.
 */
static bool
is_hopeless(const struct submitter *s)
{
	size_t i;

	for (i = 0; i < s->fleet.machines.count; i++) {
		const struct fleet_machine *m = &s->fleet.all[i];

		if (!m->trouble ||
		    connection_code(m->connection) != NNI_CONFIG ||
		    connection_failures(m->connection) < HOPELESS_AFTER)
			return false;
	}
	return !fleet_open_attempts(&s->fleet);
}

/* What was sent may have been started: only its machine can tell. */
static void
down(struct fleet_machine *m)
{
	struct submitter *s = m->fleet->arg;
	struct supply *u = supply_of(m);
	size_t i;

	u->n = u->infra = 0;
	u->told = false;
	s->recount = true;
	for (i = 0; i < s->fleet.attempts.count; i++) {
		struct fleet_attempt *t =
		    (struct fleet_attempt *)s->fleet.attempts.all[i];

		if (t->at == m && t->line)
			say_waiting(s, &t->a, fleet_trouble(m));
	}
	if (is_hopeless(s))
		filter_leave(
		    &s->filter, say_error(NNI_CONFIG, "%s", fleet_trouble(m)));
}

static void
ended(struct fleet_machine *m, const char *why)
{
	if (why)
		down(m);
}

/* ---- in ---- */

static void
say_no_room(struct submitter *s, const struct record *r, const char *reason)
{
	record_begin_trial(&s->line, "no_room", r->trial, r->attempt);
	json_member_raw(&s->line, "place", r->place);
	json_member_str(&s->line, "reason", reason);
	record_end(&s->line);
	put(s);
}

/*
 * What was placed while we run was never given to a machine before; an older
 * record may have been, by a process that has died: then only that machine
 * knows what became of it.
 */
static bool
is_new(const struct submitter *s, const struct record *r)
{
	int64_t ms;

	return json_type(r->job) <= JSON_NULL &&
	       json_seconds_ms(r->time, &ms) == 0 && ms >= s->started_ms &&
	       !attempts_find(&s->fleet.attempts, r->trial, r->attempt);
}

/*
 * Its machine was taken out of the configuration.  It may run there, so it is
 * passed on as one that was started: `watch` says what can be done.
 */
static void
pass_gone(struct submitter *s, const struct record *r)
{
	static const char job[] = "\"unknown\"";

	record_set(&s->line, r->line, "job",
	    json_type(r->job) > JSON_NULL
		? r->job
		: (struct json){job, sizeof(job) - 1});
	buf_addc(&s->line, '\n');
	put(s);
}

static void
take_trial(
    struct submitter *s, const struct record *r, const char *line, size_t len)
{
	struct fleet_machine *m = fleet_at(&s->fleet, r->place);
	struct fleet_attempt *t;
	struct buf why = BUF_INIT;

	if (!m) {
		pass_gone(s, r);
	} else if (is_new(s, r) && level(s, supply_of(m), &why) == 0) {
		say_no_room(s, r, why.data);
		supply_of(m)->said = -1; /* it is told again */
		s->recount = true;
	} else {
		t = fleet_take(&s->fleet, r, line, len);
		if (m->trouble)
			say_waiting(s, &t->a, fleet_trouble(m));
	}
	buf_release(&why);
}

static void
take(void *arg, const struct record *r, const char *line, size_t len)
{
	struct submitter *s = arg;
	struct fleet_attempt *t;

	if (!r->trial[0])
		return;
	if (r->type == RECORD_TRIAL) {
		take_trial(s, r, line, len);
	} else if (r->type == RECORD_CANCEL) {
		t = attempts_of(&s->fleet.attempts, r);
		if (t)
			fleet_more(t, line, len);
	}
}

static int
hear_control(void *arg, const char *line, size_t len, int64_t offset)
{
	struct submitter *s = arg;
	struct record r;
	int64_t n;
	size_t i;

	(void)offset;
	if (record_parse(&r, line, len, NULL) == -1 ||
	    !record_sets_concurrency(&r, &n))
		return 0;
	s->concurrency = n;
	s->recount = true;
	for (i = 0; i < s->fleet.machines.count; i++)
		fleet_write(&s->fleet.all[i], line, len);
	return 0;
}

static void
read_control(void *arg)
{
	struct submitter *s = arg;
	struct buf path = BUF_INIT;

	expdir_path(&path, s->fleet.v->dir, "control.jsonl");
	journal_read(path.data, &s->control_offset, hear_control, s, NULL);
	buf_release(&path);
}

static void
end(void *arg)
{
	(void)arg;
}

static void
end_round(void *arg)
{
	struct submitter *s = arg;

	if (s->recount)
		say_credits(s);
	s->recount = false;
	if (s->filter.ended && !fleet_open_attempts(&s->fleet))
		filter_leave(&s->filter, NNI_OK);
}

static void
pressed(void *arg, bool slow)
{
	struct submitter *s = arg;

	fleet_pause(&s->fleet, slow);
}

static const struct filter_calls calls = {take, end, end_round, pressed};

/* ---- all of it ---- */

static void
opened(void *arg)
{
	struct submitter *s = arg;
	struct buf path = BUF_INIT;
	size_t i;

	s->concurrency = s->fleet.config.trial_concurrency;
	for (i = 0; i < s->fleet.machines.count; i++) {
		struct supply *u = xcalloc(1, sizeof(*u));

		u->said = -1;
		u->machine = &s->fleet.all[i];
		buf_init(&u->reason, BUF_MAX_DEFAULT);
		buf_init(&u->said_reason, BUF_MAX_DEFAULT);
		buf_init(&u->fault, BUF_MAX_DEFAULT);
		s->fleet.all[i].mine = u;
	}
	expdir_path(&path, s->fleet.v->dir, "control.jsonl");
	s->control = watch_path(s->fleet.loop, path.data, read_control, s);
	buf_release(&path);
	read_control(s);
	fleet_connect_all(&s->fleet);
	timer_set(s->fleet.loop, &s->gathering, GATHER_MS, gathered, s);
	s->recount = true;
}

static void
closing(void *arg)
{
	struct submitter *s = arg;
	size_t i;

	watch_stop(s->control);
	timer_stop(&s->gathering);
	for (i = 0; i < s->fleet.machines.count; i++) {
		struct supply *u = supply_of(&s->fleet.all[i]);

		timer_stop(&u->aside_timer);
		buf_release(&u->reason);
		buf_release(&u->said_reason);
		buf_release(&u->fault);
		free(u);
	}
}

static const struct fleet_calls fleet_calls = {
    hear, up, down, ended, opened, closing};

int
verb_submit(const struct verb *v)
{
	struct submitter s = {.line = BUF_INIT, .started_ms = clock_wall_ms()};
	int code = fleet_run(
	    &s.fleet, &s.filter, v, "submit", &fleet_calls, &calls, &s);

	buf_release(&s.line);
	return code;
}
