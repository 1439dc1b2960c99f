/*
 * A task is one attempt on its way to a job.  What placed.jsonl must know of it
 * goes into the journal's pending lines, what is to be said into s->said; both
 * leave at the end of the round, in this order.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "hash.h"
#include "mem.h"
#include "os/sys.h"
#include "record.h"
#include "say.h"
#include "submit.h"

/* Processes that may die with a task before it is given up. */
enum { MAX_RESENDS = 3 };
/* A spec grows by its trial record's fields, and a line must stay a line. */
#define MAX_SPEC (NNI_LINE_MAX - 8192)
/* Tasks at the head of the queue that are told a change of the reason. */
enum { TOLD_AGAIN = 16, TOLD_AGAIN_MS = 1000 };

/* ---- the queue ---- */

static void
unqueue(struct submit *s, struct task *t)
{
	*(t->prev ? &t->prev->next : &s->first) = t->next;
	*(t->next ? &t->next->prev : &s->last) = t->prev;
	t->next = t->prev = NULL;
	s->queued--;
}

/* In the order of acceptance, so that one without room comes in front again. */
static void
queue(struct submit *s, struct task *t)
{
	struct task *after = s->last;

	while (after && after->order > t->order)
		after = after->prev;
	t->prev = after;
	t->next = after ? after->next : s->first;
	*(t->prev ? &t->prev->next : &s->first) = t;
	*(t->next ? &t->next->prev : &s->last) = t;
	t->state = TASK_QUEUED;
	s->queued++;
}

/* ---- lines ---- */

/* Makes `line` the task's last one in placed.jsonl. */
static void
journal_task(
    struct submit *s, struct task *t, enum placed_kind kind, struct buf *line)
{
	t->placed.kind = kind;
	t->placed.offset = s->placed.size + (int64_t)s->placed.pending.len;
	t->placed.len = (uint32_t)line->len;
	journal_add(&s->placed, line->data, line->len);
}

int
task_line(struct submit *s, struct task *t, struct buf *line)
{
	struct buf err = BUF_INIT;
	int r = 0;

	if (t->placed.offset >= s->placed.size) {
		buf_clear(line);
		buf_add(line,
		    s->placed.pending.data +
			(size_t)(t->placed.offset - s->placed.size),
		    t->placed.len);
	} else {
		r = placed_line(s->placed.file, &t->placed, line, &err);
		if (r == -1)
			submit_fail(s, NNI_TEMPORARY, err.data);
	}
	buf_release(&err);
	return r;
}

int
task_record(
    struct submit *s, struct task *t, struct buf *line, struct record *r)
{
	struct buf err = BUF_INIT, text = BUF_INIT;

	if (task_line(s, t, line) == -1)
		return -1;
	if (record_parse(r, line->data, line->len, &err) == 0)
		return 0;
	buf_setf(&text, "'%s' has changed under our hands: %s", s->placed.path,
	    err.data);
	submit_fail(s, NNI_TEMPORARY, text.data);
	buf_release(&text);
	buf_release(&err);
	return -1;
}

static void
put(struct submit *s, const struct buf *line)
{
	buf_add(&s->said, line->data, line->len);
	if (line->len && line->data[line->len - 1] != '\n')
		buf_addc(&s->said, '\n');
}

static void
complain(struct submit *s, const struct record *r, const char *message)
{
	filter_refuse(&s->filter, message, NULL, r->trial[0] ? r->trial : NULL);
}

/* ---- acceptance ---- */

/* Every member but those that its maker writes himself. */
static void
add_others(struct buf *out, struct json line, const char *const *but)
{
	struct json_iter it;
	struct json key, v;
	size_t i;

	json_iter_init(&it, line);
	while (json_next(&it, &key, &v)) {
		for (i = 0; but[i] && !json_key_is(key, but[i]); i++)
			;
		if (but[i])
			continue;
		buf_addc(out, ',');
		buf_addc(out, '"');
		json_add(out, key);
		buf_adds(out, "\":");
		json_add(out, v);
	}
}

/* The record as a spec that names everything. */
static void
spec_line(
    struct submit *s, const struct record *r, struct task *t, struct buf *line)
{
	static const char *const own[] = {"type", "trial", "attempt",
	    "sequence", "parameter_id", "parameters", "time", NULL};
	struct task *before =
	    t->placed.key.number > 1
		? attempts_find(&s->tasks, t->placed.key.trial, 1)
		: NULL;
	int64_t sequence = r->sequence;
	struct record first;
	struct buf old = BUF_INIT;

	if (sequence < 0 && before && task_record(s, before, &old, &first) == 0)
		sequence = first.sequence;
	buf_release(&old);
	if (sequence < 0)
		sequence = s->last_sequence + 1;
	if (sequence > s->last_sequence)
		s->last_sequence = sequence;
	record_begin_trial(
	    line, "spec", t->placed.key.trial, t->placed.key.number);
	json_member_int(line, "sequence", sequence);
	if (r->type == RECORD_SPEC && record_get(r, "parameter_id").at)
		json_member_raw(
		    line, "parameter_id", record_get(r, "parameter_id"));
	else
		json_member_int(line, "parameter_id", sequence);
	json_member_raw(line, "parameters", r->parameters);
	/* What was accepted after a stop is not stopped by it. */
	if (!s->given_ids)
		json_member_time(line, "time", clock_wall_ms());
	if (r->type == RECORD_SPEC)
		add_others(line, r->line, own);
	buf_addc(line, '}');
}

/* From now on it is this run's; that it waits is said at the end of the round.
 */
static void
take_up(struct submit *s, struct task *t)
{
	t->order = ++s->accepted;
	t->fresh_next = s->fresh;
	s->fresh = t;
}

/* An id that no trial here has. */
static void
fresh_id(struct submit *s, char id[TRIAL_ID_LEN + 1])
{
	do
		trial_id_new(id);
	while (attempts_latest(&s->tasks, id));
}

static void
accept_new(struct submit *s, const struct record *r)
{
	char id[TRIAL_ID_LEN + 1];
	struct buf line = BUF_INIT;
	struct task *t;

	if (r->trial[0])
		memcpy(id, r->trial, sizeof(id));
	else
		fresh_id(s, id);
	t = attempts_add(&s->tasks, id, r->attempt, sizeof(*t));
	take_up(s, t);
	spec_line(s, r, t, &line);
	journal_task(s, t, PLACED_SPEC, &line);
	if (!s->given_ids || !r->trial[0])
		s->flush = true;
	queue(s, t);
	buf_release(&line);
}

/* An attempt whose id is used already, with other parameters? */
static bool
same_parameters(struct submit *s, struct task *t, const struct record *r)
{
	struct buf line = BUF_INIT;
	struct record old;
	bool same = true;

	if (task_record(s, t, &line, &old) == 0 && old.parameters.at)
		same = old.parameters.len == r->parameters.len &&
		       !memcmp(old.parameters.at, r->parameters.at,
			   r->parameters.len);
	buf_release(&line);
	return same;
}

void
task_accept(struct submit *s, const struct record *r)
{
	struct task *t;

	if (s->stopping)
		return;
	if (json_type(r->parameters) != JSON_OBJECT) {
		complain(s, r, "a spec needs \"parameters\", an object");
		return;
	}
	if (r->line.len > MAX_SPEC) {
		complain(s, r, "the parameters are longer than a line may be");
		return;
	}
	t = r->trial[0] ? attempts_find(&s->tasks, r->trial, r->attempt) : NULL;
	if (!t)
		accept_new(s, r);
	else if (!same_parameters(s, t, r))
		complain(s, r,
		    "a trial of this id was accepted with other parameters");
	else if (t->state == TASK_LOADED)
		task_resume(s, t);
	/* Else it is on its way already. */
}

/* ---- placing ---- */

static void
trial_line(struct submit *s, struct place *p, const struct record *spec,
    struct buf *line)
{
	static const char *const own[] = {"type", "trial", "attempt",
	    "sequence", "dir", "platform", "place", "job", "parameter_id",
	    "parameters", "code", "time", NULL};

	record_begin_trial(line, "trial", spec->trial, spec->attempt);
	json_member_int(line, "sequence", spec->sequence);
	json_member_str(line, "dir", s->dir);
	json_member_str(line, "platform", p->member->config->name);
	json_member_str(line, "place", p->name);
	json_member_raw(line, "parameter_id", record_get(spec, "parameter_id"));
	json_member_raw(line, "parameters", spec->parameters);
	if (p->member->needs_code && s->code)
		json_member_str(line, "code", s->code);
	json_member_time(line, "time", clock_wall_ms());
	add_others(line, spec->line, own);
	buf_addc(line, '}');
}

void
task_place(struct submit *s, struct task *t, struct place *p)
{
	struct buf spec = BUF_INIT, line = BUF_INIT;
	struct record r;

	unqueue(s, t);
	t->state = TASK_PLACED;
	t->place = p;
	t->credits = p->credits;
	place_took(p);
	s->sent++;
	s->flush = true;
	if (task_record(s, t, &spec, &r) == 0) {
		trial_line(s, p, &r, &line);
		journal_task(s, t, PLACED_PLACE, &line);
		buf_addc(&line, '\n');
		buf_add(&p->member->to_send, line.data, line.len);
	}
	t->next = s->placed_now;
	s->placed_now = t;
	buf_release(&spec);
	buf_release(&line);
}

void
tasks_send(struct submit *s)
{
	struct task *t;

	while ((t = s->placed_now)) {
		s->placed_now = t->next;
		t->next = NULL;
		t->state = TASK_SENT;
	}
	members_send(s);
}

/* ---- answers ---- */

static void
release_held(struct task *t)
{
	if (!t->held)
		return;
	buf_release(&t->held->lines);
	free(t->held);
	t->held = NULL;
}

static void
out(struct submit *s, struct task *t, const struct buf *line)
{
	t->state = TASK_OUT;
	put(s, line);
	if (t->held)
		put(s, &t->held->lines);
	release_held(t);
}

void
task_started(struct submit *s, struct task *t, const struct record *r)
{
	struct buf ours = BUF_INIT, line = BUF_INIT;
	struct record old;

	place_answered(t, true);
	s->sent--;
	if (task_record(s, t, &ours, &old) == 0) {
		record_merge(&line, old.line, r->line);
		journal_task(s, t, PLACED_STARTED, &line);
		/* Where the place knows its trials, a lost job is found again.
		 */
		if (!t->place->member->adopts)
			s->flush = true;
		live_started(t);
		out(s, t, &line);
	}
	buf_release(&ours);
	buf_release(&line);
}

static void
ended(struct submit *s, struct task *t, const struct record *status,
    struct buf *line)
{
	if (t->state == TASK_QUEUED)
		unqueue(s, t);
	t->state = TASK_ENDED;
	if (status->status == STATUS_FAILED)
		s->failed = true;
	journal_task(s, t, PLACED_ENDED, line);
	s->flush = true;
	put(s, line);
	release_held(t);
}

void
task_ended(struct submit *s, struct task *t, const struct record *r)
{
	struct buf line = BUF_INIT;

	place_answered(t, false);
	s->sent--;
	json_add(&line, r->line);
	ended(s, t, r, &line);
	buf_release(&line);
}

static void
status_line(struct buf *line, const struct task *t, enum trial_status status,
    bool infra, const char *reason)
{
	record_begin_trial(
	    line, "status", t->placed.key.trial, t->placed.key.number);
	json_member_str(line, "status", status_name(status));
	json_member_str(line, "reason", reason);
	if (infra)
		json_member_bool(line, "infra", true);
	json_member_time(line, "time", clock_wall_ms());
	buf_addc(line, '}');
}

/* Ends it by a status record of our own. */
static void
task_end(struct submit *s, struct task *t, enum trial_status status, bool infra,
    const char *reason)
{
	struct record r = {.status = status};
	struct buf line = BUF_INIT;

	if (t->state == TASK_SENT) {
		place_answered(t, false);
		s->sent--;
	}
	status_line(&line, t, status, infra, reason);
	ended(s, t, &r, &line);
	buf_release(&line);
}

void
task_no_room(struct submit *s, struct task *t, const struct record *r)
{
	place_no_room(t, r);
	s->sent--;
	t->place = NULL;
	if (t->held && t->held->cancel) {
		t->state = TASK_LOADED;
		task_end(s, t, t->held->cancel, false,
		    "cancelled before it was started");
	} else {
		queue(s, t);
	}
}

/* ---- cancels and updates ---- */

static enum trial_status
cancel_status(const struct record *r)
{
	if (json_bool(r->early, false))
		return STATUS_EARLY_STOPPED;
	if (json_bool(record_get(r, "system"), false))
		return STATUS_SYS_CANCELED;
	return STATUS_USER_CANCELED;
}

/* A cancel of those alone that have not been started. */
static bool
is_of_waiting(const struct record *r)
{
	return r->type == RECORD_CANCEL &&
	       json_bool(record_get(r, "waiting"), false);
}

static void
hold(struct task *t, const struct record *r)
{
	if (!t->held) {
		t->held = xcalloc(1, sizeof(*t->held));
		buf_init(&t->held->lines, BUF_MAX_DEFAULT);
	}
	if (r->type == RECORD_CANCEL && !t->held->cancel)
		t->held->cancel = cancel_status(r);
	if (!is_of_waiting(r)) {
		json_add(&t->held->lines, r->line);
		buf_addc(&t->held->lines, '\n');
	}
	/* One that is not started yet has no room any more. */
	if (r->type == RECORD_CANCEL && t->place->member->holds) {
		json_add(&t->place->member->to_send, r->line);
		buf_addc(&t->place->member->to_send, '\n');
	}
}

void
task_control(struct submit *s, const struct record *r)
{
	struct task *t = attempts_of(&s->tasks, r);

	if (t && t->state == TASK_ENDED)
		return;
	if (t && t->state == TASK_QUEUED && r->type == RECORD_CANCEL) {
		task_end(s, t, cancel_status(r), false,
		    "cancelled before it was started");
	} else if (t && (t->state == TASK_QUEUED || t->state == TASK_PLACED ||
			    t->state == TASK_SENT)) {
		hold(t, r);
	} else if (!is_of_waiting(r)) {
		json_add(&s->said, r->line);
		buf_addc(&s->said, '\n');
	}
}

void
task_gone(struct submit *s, const struct record *r)
{
	struct task *t = attempts_find(&s->tasks, r->trial, r->attempt);

	if (!t || t->state != TASK_OUT || t->gone || !t->place)
		return;
	t->gone = true;
	place_lost(t->place);
}

/* ---- what an earlier run has left ---- */

/* Its place is final, whatever credit says: something may run there. */
static void
send_again(struct submit *s, struct task *t, const struct record *r)
{
	t->place = place_of(s, r);
	if (!t->place) {
		task_end(s, t, STATUS_FAILED, true,
		    "its member is no longer in the configuration");
		return;
	}
	t->credits = t->place->credits;
	t->place->in_flight++;
	t->state = TASK_SENT;
	s->sent++;
	s->flush = true; /* who died before us may not have come to that */
	json_add(&t->place->member->to_send, r->line);
	buf_addc(&t->place->member->to_send, '\n');
}

/* An attempt given up while it had a job: nni-watch goes on cancelling it. */
static void
add_lost(struct submit *s, const struct record *r)
{
	if (!json_bool(record_get(r, "lost"), false))
		return;
	record_begin_trial(&s->said, "cancel", r->trial, r->attempt);
	json_member_bool(&s->said, "lost", true);
	record_end(&s->said);
}

void
task_resume(struct submit *s, struct task *t)
{
	struct buf line = BUF_INIT;
	struct record r;

	if (task_record(s, t, &line, &r) == -1) {
		buf_release(&line);
		return;
	}
	if (t->placed.kind == PLACED_PLACE &&
	    json_bool(record_get(&r, "lost"), false))
		t->placed.kind = PLACED_STARTED; /* given up: not asked again */
	if (placed_move(&line, &r, s->dir) == 1)
		journal_task(s, t, t->placed.kind, &line);
	switch (t->placed.kind) {
	case PLACED_SPEC:
		take_up(s, t);
		queue(s, t);
		break;
	case PLACED_PLACE:
		take_up(s, t);
		send_again(s, t, &r);
		break;
	case PLACED_STARTED:
		t->place = place_of(s, &r);
		if (t->place)
			place_has(t->place);
		out(s, t, &line);
		add_lost(s, &r);
		break;
	case PLACED_ENDED:
		t->state = TASK_ENDED;
		if (r.status == STATUS_FAILED)
			s->failed = true;
		put(s, &line);
		break;
	}
	buf_release(&line);
}

/* ---- why they wait ---- */

static void
say_waiting(struct submit *s, struct task *t, const char *reason)
{
	uint64_t hash = hash_bytes(reason, strlen(reason));
	struct buf line = BUF_INIT;

	if (t->told == hash)
		return;
	t->told = hash;
	status_line(&line, t, STATUS_WAITING, false, reason);
	put(s, &line);
	s->calm += line.len + 1;
	buf_release(&line);
}

/* Fresh ones are in a list that has the last one first. */
static struct task *
reverse(struct task *list)
{
	struct task *t, *turned = NULL;

	while ((t = list)) {
		list = t->fresh_next;
		t->fresh_next = turned;
		turned = t;
	}
	return turned;
}

static void
wait_fresh(struct submit *s, const char *reason)
{
	struct task *t, *list = reverse(s->fresh);
	struct buf going = BUF_INIT;

	s->fresh = NULL;
	while ((t = list)) {
		list = t->fresh_next;
		t->fresh_next = NULL;
		if (t->state == TASK_QUEUED) {
			say_waiting(s, t, reason);
		} else if (t->state == TASK_PLACED || t->state == TASK_SENT) {
			buf_setf(&going, "being started on %s", t->place->name);
			say_waiting(s, t, going.data);
		}
	}
	buf_release(&going);
}

/* The loop comes round by itself after a timer. */
static void
come_round(void *arg)
{
	(void)arg;
}

void
tasks_wait(struct submit *s)
{
	struct buf reason = BUF_INIT;
	int64_t now = loop_now_ms(s->loop);
	struct task *t;
	int i;

	if (!s->fresh && !s->queued)
		return;
	places_reason(s, &reason);
	wait_fresh(s, reason.data);
	if (!s->queued) {
		timer_stop(&s->reasons);
	} else if (now >= s->reasons_due_ms) {
		for (t = s->first, i = 0; t && i < TOLD_AGAIN; t = t->next, i++)
			say_waiting(s, t, reason.data);
		s->reasons_due_ms = now + TOLD_AGAIN_MS;
	} else if (!timer_is_set(&s->reasons)) {
		timer_set(s->loop, &s->reasons, s->reasons_due_ms - now,
		    come_round, s);
	}
	buf_release(&reason);
}

/* ---- a backend's process comes and goes ---- */

void
tasks_sent_to(struct submit *s, const struct member *m, struct buf *out_lines)
{
	struct buf line = BUF_INIT;
	size_t i;

	for (i = 0; i < s->tasks.count; i++) {
		struct task *t = (struct task *)s->tasks.all[i];

		if (t->state != TASK_SENT || t->place->member != m)
			continue;
		t->credits = t->place->credits;
		if (task_line(s, t, &line) == -1)
			break;
		buf_addc(&line, '\n');
		buf_add(out_lines, line.data, line.len);
	}
	buf_release(&line);
}

void
tasks_unanswered(struct submit *s, const struct member *m, const char *reason)
{
	size_t i;

	for (i = 0; i < s->tasks.count; i++) {
		struct task *t = (struct task *)s->tasks.all[i];

		if (t->state == TASK_SENT && t->place->member == m)
			say_waiting(s, t, reason);
	}
}

void
tasks_orphaned(struct submit *s, const struct member *m)
{
	struct buf reason = BUF_INIT;
	size_t i;

	buf_addf(&reason, "%s: %s", m->config->name, m->trouble);
	for (i = 0; i < s->tasks.count; i++) {
		struct task *t = (struct task *)s->tasks.all[i];

		if (t->state != TASK_SENT || t->place->member != m)
			continue;
		if (m->fed && t->resends++ == MAX_RESENDS)
			task_end(s, t, STATUS_FAILED, true, reason.data);
		else
			say_waiting(s, t, reason.data);
	}
	buf_release(&reason);
}

void
tasks_release(struct submit *s)
{
	size_t i;

	for (i = 0; i < s->tasks.count; i++)
		release_held((struct task *)s->tasks.all[i]);
	attempts_release(&s->tasks);
}
