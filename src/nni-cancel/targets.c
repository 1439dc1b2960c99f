/* Which attempts there are to cancel, by the experiment's own files. */
#include "targets.h"

#include <stdlib.h>
#include <string.h>

#include "expdir.h"
#include "journal.h"
#include "mem.h"
#include "record.h"

/* The journal knows ends, and specs that have not reached nni-submit. */
static int
take_event(void *arg, const char *line, size_t len, int64_t offset)
{
	struct targets *t = arg;
	struct target *e;
	struct record r;

	(void)offset;
	if (record_parse(&r, line, len, NULL) == -1 || !r.trial[0] ||
	    (r.type != RECORD_SPEC && r.type != RECORD_TRIAL &&
		r.type != RECORD_STATUS))
		return 0;
	e = attempts_find(&t->all, r.trial, r.attempt);
	if (!e)
		e = attempts_add(&t->all, r.trial, r.attempt, sizeof(*e));
	if (r.type == RECORD_STATUS && status_is_end(r.status))
		e->ended = true;
	return 0;
}

int
targets_load(struct targets *t, const char *dir, struct buf *err)
{
	struct buf path = BUF_INIT;
	int64_t offset = 0, sequence = -1;
	size_t i;
	int r;

	*t = (struct targets){.all = ATTEMPTS_INIT};
	t->dir = xstrdup(dir);
	expdir_path(&path, dir, "placed.jsonl");
	r = placed_load(
	    &t->all, path.data, &offset, sizeof(struct target), &sequence, err);
	for (i = 0; i < t->all.count; i++) {
		struct target *e = (struct target *)t->all.all[i];

		e->ended = e->placed.kind == PLACED_ENDED;
	}
	expdir_path(&path, dir, "events.jsonl");
	if (r == 0)
		r = journal_read(path.data, &t->events, take_event, t, err);
	buf_release(&path);
	return r;
}

void
targets_release(struct targets *t)
{
	attempts_release(&t->all);
	free(t->dir);
}

static void
want(struct targets *t, struct target *e)
{
	if (e->ended || e->wanted)
		return;
	e->wanted = true;
	t->wanted++;
}

int
targets_want(struct targets *t, const char *trial, struct buf *err)
{
	struct target *e = attempts_latest(&t->all, trial);

	if (!e)
		return buf_err(
		    err, "there is no trial '%s' in '%s'", trial, t->dir);
	want(t, e);
	return 0;
}

void
targets_want_all(struct targets *t)
{
	size_t i;

	for (i = 0; i < t->all.count; i++)
		want(t, (struct target *)t->all.all[i]);
}

void
targets_each(struct targets *t, target_fn *fn, void *arg)
{
	size_t i;

	for (i = 0; i < t->all.count; i++) {
		struct target *e = (struct target *)t->all.all[i];

		if (e->wanted && !e->ended)
			fn(arg, e);
	}
}

bool
targets_status(struct targets *t, const struct record *r)
{
	struct target *e = attempts_find(&t->all, r->trial, r->attempt);

	if (!e || !e->wanted || e->ended || !status_is_end(r->status))
		return false;
	e->ended = true;
	t->wanted--;
	return true;
}
