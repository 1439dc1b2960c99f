/*
 * Experiments without a journal.  What nni-submit has accepted and placed is in
 * placed.jsonl; what became of it is asked of the platforms by nni-collect,
 * which reads them through nni-watch.
 */
#include "survey.h"

#include <stdlib.h>
#include <string.h>

#include "backend.h"
#include "expdir.h"
#include "journal.h"
#include "mem.h"
#include "record.h"
#include "os/loop.h"
#include "os/sys.h"

static int
at_first_line(void *arg, const char *line, size_t len, int64_t offset)
{
	(void)line;
	(void)len;
	(void)offset;
	*(bool *)arg = true;
	return 1;
}

bool
survey_is_typed(const char *dir)
{
	struct buf path = BUF_INIT;
	struct file_info placed = {0}, events = {0};
	bool typed, any = false;
	int64_t offset = 0;

	expdir_path(&path, dir, "placed.jsonl");
	typed = file_info(path.data, true, &placed) == 0 &&
		placed.type == FILE_REGULAR;
	expdir_path(&path, dir, "events.jsonl");
	/* A journal begins with a record before anything is placed. */
	if (typed && file_info(path.data, true, &events) == 0 &&
	    events.type != FILE_ABSENT)
		typed = placed.size > 0 && events.type == FILE_REGULAR &&
			journal_read(path.data, &offset, at_first_line, &any,
			    NULL) != -1 &&
			!any;
	buf_release(&path);
	return typed;
}

bool
survey_is_needed(const struct experiment *e)
{
	return survey_is_typed(e->dir) ||
	       (e->trials.live > 0 && !experiment_is_served(e->dir, NULL));
}

void
survey_how_to_resume(struct buf *out, const char *dir)
{
	buf_addf(out,
	    "nni-submit --resume %s </dev/null | nni-watch | nni-collect", dir);
}

static bool
has_file(const char *dir, const char *name)
{
	struct buf path = BUF_INIT;
	struct file_info info;
	bool has;

	expdir_path(&path, dir, name);
	has =
	    file_info(path.data, true, &info) == 0 && info.type != FILE_ABSENT;
	buf_release(&path);
	return has;
}

static size_t
count_trials(const struct attempts *all)
{
	size_t n = 0;

	for (size_t i = 0; i < all->count; i++)
		n += all->all[i]->number == 1;
	return n;
}

int
survey_refuse(const char *dir, struct buf *err)
{
	struct buf how = BUF_INIT;
	struct survey s;
	size_t n;
	int r = 0;

	if (!survey_is_typed(dir))
		return 0;
	survey_how_to_resume(&how, dir);
	r = survey_open(&s, dir, err);
	n = count_trials(&s.all);
	if (r == 0 && (n > 0 || expdir_lock_held(dir, "submit.lock", NULL))) {
		/* Only nni-run makes these two. */
		if (has_file(dir, "events.jsonl") || has_file(dir, "lock"))
			r = buf_err(err,
			    "the journal of experiment %s, events.jsonl, was "
			    "lost, but placed.jsonl knows of %zu trial%s; put "
			    "the journal back from a copy, or have the results "
			    "without it: %s",
			    expdir_id(dir), n, plural(n), how.data);
		else
			r = buf_err(err,
			    "experiment %s was made by nni-submit, without "
			    "nni-run; go on with it so: %s",
			    expdir_id(dir), how.data);
	}
	survey_release(&s);
	buf_release(&how);
	return r;
}

void
survey_status(struct buf *out, const struct attempt *a,
    enum trial_status status, const char *reason)
{
	record_begin_trial(out, "status", a->trial, a->number);
	json_member_str(out, "status", status_name(status));
	json_member_str(out, "reason", reason);
	json_member_time(out, "time", clock_wall_ms());
	record_end(out);
}

/* ---- placed.jsonl ---- */

int
survey_open(struct survey *s, const char *dir, struct buf *err)
{
	struct buf path = BUF_INIT;
	int64_t offset = 0, sequence = -1;

	*s = (struct survey){.all = ATTEMPTS_INIT};
	expdir_path(&path, dir, "placed.jsonl");
	s->dir = xstrdup(dir);
	s->path = buf_detach(&path);
	return placed_load(
	    &s->all, s->path, &offset, sizeof(struct placed), &sequence, err);
}

void
survey_release(struct survey *s)
{
	attempts_release(&s->all);
	free(s->dir);
	free(s->path);
}

struct specs {
	const struct survey *survey;
	survey_fn *fn;
	void *arg;
};

static int
take_spec(void *arg, const char *line, size_t len, int64_t offset)
{
	const struct specs *s = arg;
	const struct placed *p;
	struct record r;

	(void)offset;
	if (record_parse(&r, line, len, NULL) == -1 || r.type != RECORD_SPEC)
		return 0;
	p = attempts_find(&s->survey->all, r.trial, r.attempt);
	if (p != NULL)
		s->fn(s->arg, p->kind, &r);
	return 0;
}

int
survey_specs(const struct survey *s, survey_fn *fn, void *arg, struct buf *err)
{
	struct specs specs = {s, fn, arg};
	int64_t offset = 0;

	return journal_read(s->path, &offset, take_spec, &specs, err);
}

int
survey_last(const struct survey *s, survey_fn *fn, void *arg, struct buf *err)
{
	struct buf line = BUF_INIT;
	os_file f;
	int rc = 0;

	if (s->all.count == 0)
		return 0;
	f = file_open(s->path, FILE_READ | FILE_ORDINARY, 0, err);
	if (f == OS_NO_FILE)
		return -1;
	for (size_t i = 0; i < s->all.count && rc == 0; i++) {
		const struct placed *p = (struct placed *)s->all.all[i];
		struct record r;

		rc = placed_line(f, p, &line, err);
		if (rc == 0 &&
		    record_parse(&r, line.data, line.len, NULL) == 0 &&
		    placed_move(&line, &r, s->dir) != -1)
			fn(arg, p->kind, &r);
	}
	file_close(f);
	buf_release(&line);
	return rc;
}

/* ---- all of it ---- */

struct asked {
	struct experiment *e;
	struct survey survey;
	bool journaled;
	int64_t newest_ms;	 /* when the last was accepted or placed */
	struct backend *collect; /* NULL: nobody is asked */
	struct asking *all;
};

static void
note_time(struct experiment *e, const struct record *r)
{
	int64_t ms = record_time_ms(r);

	if (ms > 0 && (e->created_ms == 0 || ms < e->created_ms))
		e->created_ms = ms;
	if (ms > e->last_ms)
		e->last_ms = ms;
}

static void
note_newest(struct asked *a, const struct record *r)
{
	int64_t ms = record_time_ms(r);

	if (ms > a->newest_ms)
		a->newest_ms = ms;
}

static void
apply_spec(void *arg, enum placed_kind last, const struct record *r)
{
	struct asked *a = arg;

	(void)last;
	note_newest(a, r);
	note_time(a->e, r);
	trials_apply(&a->e->trials, r);
}

static void
apply_last(void *arg, enum placed_kind last, const struct record *r)
{
	struct asked *a = arg;

	(void)last;
	if (r->type == RECORD_SPEC)
		return;
	if (r->type == RECORD_TRIAL)
		note_newest(a, r);
	note_time(a->e, r);
	trials_apply(&a->e->trials, r);
}

/* A stop is of what was there when it was asked for. */
static int
apply_control(void *arg, const char *line, size_t len, int64_t offset)
{
	struct asked *a = arg;
	struct record r;

	(void)offset;
	if (record_parse(&r, line, len, NULL) == 0 &&
	    record_is(r.type_text, "stop") &&
	    record_time_ms(&r) >= a->newest_ms)
		a->e->stopped = true;
	return 0;
}

static int
read_asked(struct asked *a, struct buf *err)
{
	struct buf path = BUF_INIT;
	int64_t offset = 0;
	int rc = survey_open(&a->survey, a->e->dir, err);

	if (rc == 0)
		rc = survey_specs(&a->survey, apply_spec, a, err);
	if (rc == 0)
		rc = survey_last(&a->survey, apply_last, a, err);
	expdir_path(&path, a->e->dir, "control.jsonl");
	if (rc == 0)
		rc = journal_read(path.data, &offset, apply_control, a, err);
	buf_release(&path);
	return rc;
}

/* Those that have a place, and of which it has said nothing. */
static void
mark_unknown(struct experiment *e, const struct survey *s)
{
	struct buf line = BUF_INIT;

	for (size_t i = 0; i < s->all.count; i++) {
		const struct placed *p = (struct placed *)s->all.all[i];
		const struct trial *tr = trials_find(&e->trials, p->key.trial);
		struct record r;

		if (tr == NULL || tr->attempt != p->key.number ||
		    tr->status != STATUS_WAITING || tr->reason_digest != 0 ||
		    (p->kind != PLACED_PLACE && p->kind != PLACED_STARTED))
			continue;
		buf_clear(&line);
		survey_status(&line, &p->key, STATUS_UNKNOWN,
		    "its place has not answered");
		if (record_parse(&r, line.data, line.len - 1, NULL) == 0)
			trials_apply(&e->trials, &r);
	}
	buf_release(&line);
}

static bool
has_placed(const struct survey *s)
{
	for (size_t i = 0; i < s->all.count; i++) {
		const struct placed *p = (struct placed *)s->all.all[i];

		if (p->kind == PLACED_PLACE || p->kind == PLACED_STARTED)
			return true;
	}
	return false;
}

/* Does anything live but specs that wait for a nni-submit? */
static enum session_end
how_it_is(const struct experiment *e, const struct survey *s)
{
	if (experiment_is_served(e->dir, NULL))
		return SESSION_PASS;
	for (size_t i = 0; i < s->all.count; i++) {
		const struct placed *p = (struct placed *)s->all.all[i];
		struct trials *t = (struct trials *)&e->trials;
		const struct trial *tr = trials_find(t, p->key.trial);

		if (tr != NULL && tr->attempt == p->key.number &&
		    p->kind != PLACED_SPEC && !(tr->flags & TRIAL_ENDED))
			return SESSION_PASS;
	}
	if (e->trials.live > 0 || e->stopped)
		return SESSION_STOPPED;
	return e->trials.count > 0 ? SESSION_DONE : SESSION_NONE;
}

/* ---- asking for several at once ---- */

struct asking {
	struct loop *loop;
	struct timer deadline;
	struct asked *list;
	size_t count, open; /* how many have not answered to the end */
};

static void
collect_said(void *arg, char *line, size_t len)
{
	struct asked *a = arg;
	struct record r;

	if (line == NULL || record_parse(&r, line, len, NULL) != 0 ||
	    r.trial[0] == '\0')
		return;
	if (!a->journaled)
		note_time(a->e, &r);
	else if (trials_judge(&a->e->trials, &r) != NEWS_FRESH)
		return;
	trials_apply(&a->e->trials, &r);
}

static void
collect_ended(void *arg, const char *why, int exit_code)
{
	struct asked *a = arg;

	(void)why;
	(void)exit_code;
	if (--a->all->open == 0)
		loop_stop(a->all->loop, 0);
}

static const struct backend_calls collect_calls = {
    collect_said, NULL, NULL, collect_ended, NULL};

static void
too_late(void *arg)
{
	struct asking *all = arg;

	loop_stop(all->loop, 0);
}

static void
ask(struct asking *all, struct asked *a, const char *program)
{
	const char *argv[] = {
	    program, "-q", "--format", "jsonl", a->e->dir, NULL};

	a->collect = backend_program(
	    all->loop, argv, a->e->dir, NULL, &collect_calls, a);
	backend_once(a->collect);
	backend_start(a->collect);
	backend_finish(a->collect);
	all->open++;
}

static void
await_answers(struct asking *all, int64_t timeout_ms)
{
	struct buf program = BUF_INIT;

	if (tool_find("nni-collect", &program, NULL) != 0)
		return;
	all->loop = loop_new();
	for (size_t i = 0; i < all->count; i++)
		if (has_placed(&all->list[i].survey))
			ask(all, &all->list[i], program.data);
	if (all->open > 0) {
		timer_set(all->loop, &all->deadline, timeout_ms, too_late, all);
		loop_run(all->loop);
		timer_stop(&all->deadline);
	}
	for (size_t i = 0; i < all->count; i++)
		backend_free(all->list[i].collect);
	loop_free(all->loop);
	buf_release(&program);
}

void
survey_read_all(struct experiment *const *list, size_t count,
    int64_t timeout_ms, int *rc, struct buf *err)
{
	struct asking all = {
	    .list = xcalloc(count + 1, sizeof(*all.list)), .count = count};

	for (size_t i = 0; i < count; i++) {
		struct asked *a = &all.list[i];

		a->e = list[i];
		a->all = &all;
		a->journaled = !survey_is_typed(a->e->dir);
		rc[i] = a->journaled
			    ? survey_open(&a->survey, a->e->dir, &err[i])
			    : read_asked(a, &err[i]);
	}
	await_answers(&all, timeout_ms);
	for (size_t i = 0; i < count; i++) {
		struct asked *a = &all.list[i];

		if (!a->journaled) {
			mark_unknown(a->e, &a->survey);
			a->e->last = how_it_is(a->e, &a->survey);
		}
		survey_release(&a->survey);
	}
	free(all.list);
}

int
survey_read(struct experiment *e, int64_t timeout_ms, struct buf *err)
{
	struct buf why = BUF_INIT;
	int rc;

	survey_read_all(&e, 1, timeout_ms, &rc, &why);
	if (rc != 0)
		buf_err(err, "%s", why.data);
	buf_release(&why);
	return rc;
}
