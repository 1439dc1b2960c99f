/* What is said of trials that failed. */
#include "run.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "expdir.h"
#include "mem.h"
#include "say.h"
#include "os/sys.h"

#define WHOLE 3	    /* of a kind are told whole */
#define HOPELESS 10 /* so many trials, and all have failed */

void
failures_release(struct failures *f)
{
	for (size_t i = 0; i < f->kinds; i++)
		free(f->kind[i].reason);
	f->kinds = 0;
}

/* NULL: there are too many kinds already. */
static struct failure_kind *
kind_of(struct failures *f, const char *reason, enum failure_what what)
{
	struct failure_kind *k;

	for (size_t i = 0; i < f->kinds; i++)
		if (f->kind[i].what == what &&
		    strcmp(f->kind[i].reason, reason) == 0)
			return &f->kind[i];
	if (f->kinds == FAILURE_KINDS)
		return NULL;
	k = &f->kind[f->kinds++];
	k->reason = xstrdup(reason);
	k->what = what;
	k->count = 0;
	return k;
}

/* ---- where to look ---- */

/*
 * The last line that a trial on this machine wrote to its stderr, mostly the
 * cause; nothing where there is no such file.
 */
static void
add_last_words(struct buf *out, const char *trial_dir)
{
	struct buf path = BUF_INIT;
	char tail[400];
	os_file f;
	int64_t size, n = 0;

	expdir_path(&path, trial_dir, "stderr");
	f = file_open(path.data, FILE_READ | FILE_ORDINARY, 0, NULL);
	buf_release(&path);
	if (f == OS_NO_FILE)
		return;
	size = file_size(f) - (int64_t)sizeof(tail);
	n = file_read_at(f, tail, sizeof(tail), size > 0 ? size : 0);
	file_close(f);
	while (n > 0 && (tail[n - 1] == '\n' || tail[n - 1] == '\r'))
		n--;
	size = n;
	while (size > 0 && tail[size - 1] != '\n')
		size--;
	if (n > size)
		buf_addf(out, ": %.*s", (int)(n - size), tail + size);
}

/* The file with its last words, else the command that finds them. */
static void
add_where(struct buf *out, const struct run *run, const struct trial *tr)
{
	struct buf dir = BUF_INIT, path = BUF_INIT;
	struct file_info info;

	expdir_trial(&dir, run->dir, tr->id, tr->attempt);
	expdir_path(&path, dir.data, "stderr");
	if (file_info(path.data, true, &info) == 0 &&
	    info.type == FILE_REGULAR && info.size > 0)
		buf_adds(out, path.data);
	else
		buf_addf(out, "nnictl log trial %s -T %s", run->exp.id, tr->id);
	buf_release(&dir);
	buf_release(&path);
}

/* ---- one of them ---- */

void
run_tell_failure(struct run *run, const struct trial *tr,
    const struct record *r, enum failure_what what)
{
	struct buf reason = BUF_INIT, rest = BUF_INIT, dir = BUF_INIT;
	struct file_info info;
	struct failure_kind *k;

	if (json_string(r->reason, &reason) != 0)
		buf_adds(&reason, "no reason given");
	if (what == FAILURE_AGAIN) {
		view_held(&run->view, reason.data);
		buf_adds(&rest, "; it is tried again");
	} else if (!r->infra) {
		expdir_trial(&dir, run->dir, tr->id, tr->attempt);
		/* what never ran on a cluster has none */
		if (file_info(dir.data, true, &info) == 0 &&
		    info.type == FILE_DIR) {
			buf_setf(&rest, "; see %s", dir.data);
			add_last_words(&rest, dir.data);
		}
	}
	k = kind_of(&run->failures, reason.data, what);
	if (k != NULL && ++k->count == WHOLE)
		buf_adds(&rest, " (others like it are counted)");
	view_often(&run->view, k == NULL || k->count <= WHOLE,
	    "trial %s (%" PRId64 ") %s: %s%s", tr->id, tr->sequence,
	    status_name(r->status), reason.data, rest.data);
	buf_release(&dir);
	buf_release(&rest);
	buf_release(&reason);
}

/* ---- all of them ---- */

static size_t
failed_of(const struct trials *t)
{
	return t->by_status[STATUS_FAILED] + t->by_status[STATUS_SYS_CANCELED];
}

static void
tell_hopeless(struct run *run, const struct trial *tr, const char *which)
{
	const struct failures *f = &run->failures;
	const struct failure_kind *most = NULL, *k;
	size_t all = 0;
	struct buf b = BUF_INIT;

	run->failures.hinted = true;
	for (k = f->kind; k < f->kind + f->kinds; k++) {
		if (k->what != FAILURE_LAST)
			continue;
		all += k->count;
		if (most == NULL || k->count > most->count)
			most = k;
	}
	buf_addf(&b, "%s %zu trials have failed", which,
	    failed_of(&run->exp.trials));
	if (most != NULL && most->count == all)
		buf_addf(&b, ", with: %s", most->reason);
	else if (most != NULL)
		buf_addf(&b, ", %zu with: %s", most->count, most->reason);
	buf_adds(&b, "; to see why: ");
	add_where(&b, run, tr);
	view_warning(&run->view, "%s", b.data);
	buf_release(&b);
}

void
run_consider_failures(struct run *run, const struct trial *tr)
{
	const struct trials *t = &run->exp.trials;

	if (failed_of(t) == HOPELESS && t->count - t->live == HOPELESS)
		tell_hopeless(run, tr, "the first");
}

void
run_sum_failures(struct run *run)
{
	static const char *const words[] = {
	    [FAILURE_LAST] = "trials failed",
	    [FAILURE_AGAIN] = "attempts failed and were made again",
	    [FAILURE_EARLY] = "trials were stopped early",
	};
	const struct failures *f = &run->failures;
	const struct trials *t = &run->exp.trials;

	for (size_t i = 0; i < f->kinds; i++)
		if (f->kind[i].count > WHOLE)
			view_say(&run->view, "%zu %s: %s", f->kind[i].count,
			    words[f->kind[i].what], f->kind[i].reason);
	if (t->count > WHOLE && failed_of(t) == t->count && !f->hinted &&
	    f->kinds > 0)
		tell_hopeless(run, &t->list[t->count - 1], "all");
}
