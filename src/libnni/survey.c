/*
 * Experiments without a journal.  What nni-submit has accepted and placed is in
 * placed.jsonl; what became of it is asked of the platforms by nni-collect,
 * which reads them through nni-watch.
 */
#include "survey.h"

#include <stdlib.h>
#include <string.h>

#include "expdir.h"
#include "journal.h"
#include "mem.h"
#include "record.h"
#include "os/lock.h"
#include "os/process.h"
#include "os/sys.h"

bool
survey_is_typed(const char *dir)
{
	struct buf path = BUF_INIT;
	struct file_info placed = {0}, events = {0};
	bool typed;

	expdir_path(&path, dir, "placed.jsonl");
	typed = file_info(path.data, true, &placed) == 0 &&
		placed.type == FILE_REGULAR;
	expdir_path(&path, dir, "events.jsonl");
	/* A journal begins with a record before anything is placed. */
	if (typed && file_info(path.data, true, &events) == 0)
		typed = events.type == FILE_ABSENT ||
			(events.size == 0 && placed.size > 0);
	buf_release(&path);
	return typed;
}

bool
survey_is_served(const char *dir, int64_t *pid)
{
	struct buf path = BUF_INIT;
	int64_t holder = 0;
	int held;

	expdir_path(&path, dir, "submit.lock");
	held = lock_held(path.data, &holder);
	buf_release(&path);
	if (pid != NULL)
		*pid = holder;
	return held == 1;
}

void
survey_how_to_resume(struct buf *out, const char *dir)
{
	buf_addf(out,
	    "nni-submit --resume %s </dev/null | nni-watch | nni-collect", dir);
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
	f = file_open(s->path, FILE_READ, 0, err);
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
apply_spec(void *arg, enum placed_kind last, const struct record *r)
{
	struct experiment *e = arg;

	(void)last;
	note_time(e, r);
	trials_apply(&e->trials, r);
}

static void
apply_last(void *arg, enum placed_kind last, const struct record *r)
{
	struct experiment *e = arg;

	(void)last;
	if (r->type == RECORD_SPEC)
		return;
	note_time(e, r);
	trials_apply(&e->trials, r);
}

/* nni-collect's records, as many as came. */
static void
apply_lines(struct experiment *e, const struct buf *lines)
{
	const char *at = lines->data, *lf;
	struct record r;

	for (; (lf = strchr(at, '\n')) != NULL; at = lf + 1) {
		if (record_parse(&r, at, (size_t)(lf - at), NULL) != 0 ||
		    r.trial[0] == '\0')
			continue;
		note_time(e, &r);
		trials_apply(&e->trials, &r);
	}
}

static void
ask(struct experiment *e, int64_t timeout_ms)
{
	struct buf path = BUF_INIT, out = BUF_INIT;
	const char *argv[] = {NULL, "-q", "--format", "jsonl", e->dir, NULL};
	struct proc_spec spec = {.argv = (char *const *)argv,
	    .in = {PROC_NULL, OS_NO_FILE},
	    .err = {PROC_NULL, OS_NO_FILE}};
	struct proc_end end = {false, 0};

	if (tool_find("nni-collect", &path, NULL) == 0) {
		argv[0] = path.data;
		proc_run(&spec, &out, timeout_ms, &end, NULL);
		apply_lines(e, &out);
	}
	buf_release(&path);
	buf_release(&out);
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
	if (survey_is_served(e->dir, NULL))
		return SESSION_PASS;
	for (size_t i = 0; i < s->all.count; i++) {
		const struct placed *p = (struct placed *)s->all.all[i];
		struct trials *t = (struct trials *)&e->trials;
		const struct trial *tr = trials_find(t, p->key.trial);

		if (tr != NULL && tr->attempt == p->key.number &&
		    p->kind != PLACED_SPEC && !(tr->flags & TRIAL_ENDED))
			return SESSION_PASS;
	}
	if (e->trials.live > 0)
		return SESSION_STOPPED;
	return e->trials.count > 0 ? SESSION_DONE : SESSION_NONE;
}

int
survey_read(struct experiment *e, int64_t timeout_ms, struct buf *err)
{
	struct survey s;
	int rc = survey_open(&s, e->dir, err);

	if (rc == 0)
		rc = survey_specs(&s, apply_spec, e, err);
	if (rc == 0)
		rc = survey_last(&s, apply_last, e, err);
	if (rc == 0) {
		if (has_placed(&s))
			ask(e, timeout_ms);
		mark_unknown(e, &s);
		e->last = how_it_is(e, &s);
	}
	survey_release(&s);
	return rc;
}
