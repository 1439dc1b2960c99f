/*
 * The files of trials.  Those that lie elsewhere are fetched into the trial's
 * directory first (fetch.h); from there they are copied.
 */
#include "files.h"

#include <stdlib.h>
#include <string.h>

#include "copy.h"
#include "expdir.h"
#include "mem.h"
#include "os/sys.h"
#include "record.h"

/* Between two looks; at most a tenth of the time goes into them. */
enum { LOOK_MS = 1000, LOOKS_SHARE = 10 };

struct filed {
	struct attempt key;
	char *line; /* its trial record; NULL: it is over */
	char *dir;  /* its directory here */
	bool asked; /* ... to be fetched, no answer yet */
	bool ended;
	bool told; /* a fault in its copy was */
};

/* ---- copies ---- */

static void
copy_of(struct files *f, struct filed *e)
{
	struct buf from = BUF_INIT, to = BUF_INIT, err = BUF_INIT;
	struct buf record = BUF_INIT;
	struct file_info info;

	if (!f->output)
		return;
	if (f->folder)
		expdir_path(&from, e->dir, f->folder);
	else
		buf_set(&from, e->dir);
	expdir_path(&to, f->output, path_base(e->dir));
	if (file_info(from.data, false, &info) == 0 && info.type == FILE_DIR &&
	    copy_step(from.data, to.data, e->ended, &err) == -1 &&
	    (e->ended || !e->told)) {
		e->told = true;
		record_error(&record, err.data, to.data,
		    "the files are still in the trial's directory",
		    e->key.trial);
		f->put(f->arg, record.data, record.len);
	}
	buf_release(&from);
	buf_release(&to);
	buf_release(&err);
	buf_release(&record);
}

static void
forget(struct filed *e)
{
	free(e->line);
	free(e->dir);
	e->line = e->dir = NULL;
}

/* ---- what is fetched ---- */

static void
fetched(void *arg, const struct attempt *a, const char *why)
{
	struct files *f = arg;
	struct filed *e = attempts_find(&f->all, a->trial, a->number);

	e->asked = false;
	copy_of(f, e);
	if (!e->ended)
		return;
	forget(e);
	f->owed--;
	f->done(f->arg, a, why);
}

static void
said(void *arg, const char *line, size_t len)
{
	struct files *f = arg;

	f->put(f->arg, line, len);
}

static const struct fetch_calls fetch_calls = {fetched, said};

static bool
ask(struct files *f, struct filed *e)
{
	struct record r;

	if (record_parse(&r, e->line, strlen(e->line), NULL) == -1)
		return false;
	if (!f->fetch)
		f->fetch = fetch_new(f->loop, &fetch_calls, f);
	return fetch_ask(
	    f->fetch, &r, f->output ? FETCH_ALL : FETCH_LOGS, f->folder);
}

/* ---- attempts ---- */

static struct filed *
add(struct files *f, const struct record *trial)
{
	struct filed *e = attempts_find(&f->all, trial->trial, trial->attempt);
	char *dir = json_strdup(trial->dir);
	struct buf path = BUF_INIT;

	if (!e && dir) {
		e = attempts_add(
		    &f->all, trial->trial, trial->attempt, sizeof(*e));
		e->line = xstrndup(trial->line.at, trial->line.len);
		expdir_trial(&path, dir, trial->trial, trial->attempt);
		e->dir = buf_detach(&path);
	}
	free(dir);
	return e;
}

void
files_running(struct files *f, const struct record *trial)
{
	if (f->follow && (f->output || f->logs))
		add(f, trial);
}

bool
files_wanted(const struct files *f, enum trial_status status)
{
	return f->output || f->logs || (f->failed && status == STATUS_FAILED);
}

bool
files_ended(
    struct files *f, const struct record *trial, enum trial_status status)
{
	struct filed *e;

	if (!files_wanted(f, status))
		return false;
	e = add(f, trial);
	if (!e || e->ended)
		return false;
	e->ended = true;
	if (ask(f, e)) {
		e->asked = true;
		f->owed++;
		return true;
	}
	copy_of(f, e);
	forget(e);
	return false;
}

/* ---- while they run ---- */

static void
look(void *arg)
{
	struct files *f = arg;
	int64_t began_ms = clock_mono_ms(), ms;
	size_t i;

	for (i = 0; i < f->all.count; i++) {
		struct filed *e = (struct filed *)f->all.all[i];

		if (!e->line || e->ended || e->asked)
			continue;
		e->asked = ask(f, e);
		if (!e->asked)
			copy_of(f, e);
	}
	ms = (clock_mono_ms() - began_ms) * LOOKS_SHARE;
	timer_set(f->loop, &f->look, ms > LOOK_MS ? ms : LOOK_MS, look, f);
}

void
files_start(struct files *f)
{
	if (f->follow && (f->output || f->logs))
		timer_set(f->loop, &f->look, 0, look, f);
}

void
files_release(struct files *f)
{
	size_t i;

	timer_stop(&f->look);
	fetch_free(f->fetch);
	for (i = 0; i < f->all.count; i++)
		forget((struct filed *)f->all.all[i]);
	attempts_release(&f->all);
}
