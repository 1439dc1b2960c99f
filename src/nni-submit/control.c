/*
 * control.jsonl, where no nni-run is at work: a typed pipeline is stopped by
 * who is not at its terminal.  Requests (nni-records(5)) are obeyed once, by
 * the nni-submit that is at work when they are made:
 *
 *   {"type":"stop"}			all trials are cancelled, no more taken
 *   {"type":"cancel","trial":ID}	one is
 *
 * Another trialConcurrency holds from when it was set on, whoever is at work:
 *
 *   {"type":"set","key":"trialConcurrency","value":N}
 */
#include "expdir.h"
#include "say.h"
#include "submit.h"

static void
cancel(struct submit *s, const struct task *t)
{
	struct buf line = BUF_INIT;
	struct record r;

	record_begin_trial(
	    &line, "cancel", t->placed.key.trial, t->placed.key.number);
	buf_addc(&line, '}');
	if (record_parse(&r, line.data, line.len, NULL) == 0)
		task_control(s, &r);
	buf_release(&line);
}

/* What was not asked for in this run is nnictl's to cancel, once we are gone.
 */
static void
stop(struct submit *s)
{
	size_t n = 0;

	if (s->stopping)
		return;
	s->stopping = true;
	for (size_t i = 0; i < s->tasks.count; i++) {
		const struct task *t = (struct task *)s->tasks.all[i];

		if (t->state == TASK_LOADED || t->state == TASK_ENDED)
			continue;
		cancel(s, t);
		n++;
	}
	say("a stop was asked for: no more trials are taken, and what has not "
	    "ended of the %zu there are is cancelled",
	    n);
}

static void
hear_set(struct submit *s, const struct record *r)
{
	int64_t n;

	if (record_sets_concurrency(r, &n))
		s->config.trial_concurrency = n;
}

static int
obey(void *arg, const char *line, size_t len, int64_t offset)
{
	struct submit *s = arg;
	struct record r;

	(void)offset;
	if (record_parse(&r, line, len, NULL) != 0)
		return 0;
	hear_set(s, &r);
	if (record_is(r.type_text, "stop"))
		stop(s);
	else if (r.type == RECORD_CANCEL && r.trial[0] != '\0')
		task_control(s, &r);
	return 0;
}

void
control_read(struct submit *s)
{
	struct buf path = BUF_INIT;

	/* A cancel comes behind its trial's record. */
	if (!s->control_due || s->replay)
		return;
	s->control_due = false;
	expdir_path(&path, s->dir, "control.jsonl");
	journal_read(path.data, &s->control_offset, obey, s, NULL);
	buf_release(&path);
}

static int
hear_earlier(void *arg, const char *line, size_t len, int64_t offset)
{
	struct record r;

	(void)offset;
	if (record_parse(&r, line, len, NULL) == 0)
		hear_set(arg, &r);
	return 0;
}

static void
changed(void *arg)
{
	struct submit *s = arg;

	s->control_due = true;
}

void
control_start(struct submit *s)
{
	struct buf path = BUF_INIT;
	int64_t offset = 0;

	if (s->given_ids)
		return; /* nni-run obeys them, and tells us */
	expdir_path(&path, s->dir, "control.jsonl");
	journal_read(path.data, &offset, hear_earlier, s, NULL);
	s->control = watch_path(s->loop, path.data, changed, s);
	buf_release(&path);
}

void
control_stop(struct submit *s)
{
	watch_stop(s->control);
	s->control = NULL;
}
