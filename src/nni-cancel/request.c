/* By a live nni-run: a line in control.jsonl, and the ends in events.jsonl. */
#include "cancel.h"
#include "expdir.h"
#include "experiment.h"
#include "say.h"

/* How often is looked whether the nni-run that was asked still lives. */
enum { ALIVE_MS = 500 };

static void
look_at_events(void *arg)
{
	struct cancel *c = arg;
	struct buf path = BUF_INIT;

	expdir_path(&path, c->targets.dir, "events.jsonl");
	journal_read(path.data, &c->targets.events, cancel_said, c, NULL);
	buf_release(&path);
}

/* Should it die with our request unread, its next resume reads it; we do not
   wait for that. */
static void
look_at_run(void *arg)
{
	struct cancel *c = arg;

	look_at_events(c);
	if (!c->targets.wanted)
		return;
	if (experiment_is_running(c->targets.dir, NULL)) {
		timer_set(c->loop, &c->alive, ALIVE_MS, look_at_run, c);
		return;
	}
	watch_stop(c->events);
	c->events = NULL;
	cancel_directly(c);
}

struct request {
	const struct cancel *cancel;
	struct journal control;
};

static void
ask_for(void *arg, struct target *e)
{
	struct request *q = arg;
	struct buf line = BUF_INIT;

	cancel_line(q->cancel, e, &line);
	journal_add(&q->control, line.data, line.len);
	buf_release(&line);
}

int
cancel_request(struct cancel *c, struct buf *err)
{
	struct request q = {c, JOURNAL_INIT};
	struct buf path = BUF_INIT;
	int r;

	expdir_path(&path, c->targets.dir, "control.jsonl");
	r = journal_open(&q.control, path.data, true, NULL, err);
	if (r == 0) {
		targets_each(&c->targets, ask_for, &q);
		r = journal_commit(&q.control, err);
	}
	journal_close(&q.control);
	buf_release(&path);
	return r;
}

void
cancel_by_run(struct cancel *c)
{
	struct buf path = BUF_INIT, err = BUF_INIT;

	c->began = true;
	if (cancel_request(c, &err) == -1) {
		cancel_fail(c, NNI_TEMPORARY, err.data);
	} else {
		expdir_path(&path, c->targets.dir, "events.jsonl");
		c->events = watch_path(c->loop, path.data, look_at_events, c);
		timer_set(c->loop, &c->alive, ALIVE_MS, look_at_run, c);
	}
	buf_release(&path);
	buf_release(&err);
}
