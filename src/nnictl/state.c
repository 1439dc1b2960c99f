/*
 * What an experiment is doing.  Nobody is asked but its journal or, where there
 * is none, its platforms; a process of ours need not live.
 */
#include <stdlib.h>
#include <string.h>

#include "expdir.h"
#include "mem.h"
#include "nnictl.h"
#include "say.h"
#include "survey.h"
#include "os/file.h"
#include "os/sys.h"

/*
 * So long platforms may take to tell how trials are, in all of one command;
 * and the least for each question.
 */
#define ASK_ALL_MS 20000
#define ASK_ONE_MS 1000
/* So many experiments are asked about side by side. */
#define TOGETHER 16

/* ---- reading ---- */

struct known {
	struct experiment e;
	struct config c;
	int rc;
	struct buf err;
};

/* Before there is a record its configuration's time is the best there is. */
static void
see_when_made(struct experiment *e)
{
	struct buf path = BUF_INIT;
	struct file_info info;

	expdir_path(&path, e->dir, "config.json");
	if (e->created_ms == 0 && file_info(path.data, true, &info) == 0)
		e->created_ms = info.mtime_ms;
	buf_release(&path);
}

/* Its configuration, and its journal if it has one. */
static void
read_files(struct known *k, const char *dir, bool keep)
{
	struct buf path = BUF_INIT;

	memset(k, 0, sizeof(*k));
	buf_init(&k->err, BUF_MAX_DEFAULT);
	experiment_init(&k->e, dir);
	k->e.trials.keep = keep;
	expdir_path(&path, dir, "config.json");
	k->rc = config_load(&k->c, path.data, &k->err) == NNI_OK ? 0 : -1;
	k->e.trials.minimize = config_minimize(&k->c);
	if (k->rc == 0 && !survey_is_typed(dir))
		k->rc = experiment_replay(&k->e, NULL, &k->err);
	buf_release(&path);
}

/* Those of which it does not tell all; at most TOGETHER. */
static void
ask(struct known *list, size_t count, bool typed_only)
{
	static int64_t left_ms = ASK_ALL_MS;
	struct experiment *typed[TOGETHER];
	struct buf err[TOGETHER];
	size_t which[TOGETHER], n = 0;
	int rc[TOGETHER];
	int64_t began = clock_mono_ms();

	for (size_t i = 0; i < count; i++)
		if (list[i].rc == 0 &&
		    (typed_only ? survey_is_typed(list[i].e.dir)
				: survey_is_needed(&list[i].e))) {
			which[n] = i;
			typed[n] = &list[i].e;
			buf_init(&err[n++], BUF_MAX_DEFAULT);
		}
	if (n == 0)
		return;
	survey_read_all(typed, n, left_ms, rc, err);
	for (size_t i = 0; i < n; i++) {
		list[which[i]].rc = rc[i];
		list[which[i]].err = err[i];
	}
	left_ms -= clock_mono_ms() - began;
	if (left_ms < ASK_ONE_MS)
		left_ms = ASK_ONE_MS;
}

static void
read_some(struct known *list, char *const *dirs, size_t count, bool keep,
    bool typed_only)
{
	for (size_t i = 0; i < count; i++)
		read_files(&list[i], dirs[i], keep);
	ask(list, count, typed_only);
	for (size_t i = 0; i < count; i++)
		see_when_made(&list[i].e);
}

int
state_read(struct experiment *e, struct config *c, const char *dir, bool keep,
    struct buf *err)
{
	struct known k;
	char *dirs[1] = {(char *)dir};

	read_some(&k, dirs, 1, keep, false);
	*e = k.e;
	*c = k.c;
	if (k.rc != 0)
		buf_err(err, "%s", k.err.data);
	buf_release(&k.err);
	return k.rc;
}

static void
each(char *const *dirs, size_t count, state_fn *fn, void *arg, bool typed_only)
{
	struct known *list = xcalloc(TOGETHER, sizeof(*list));

	for (size_t at = 0; at < count; at += TOGETHER) {
		size_t n = count - at < TOGETHER ? count - at : TOGETHER;

		read_some(list, dirs + at, n, false, typed_only);
		for (size_t i = 0; i < n; i++) {
			fn(arg, at + i, &list[i].e, &list[i].c,
			    list[i].rc == 0 ? NULL : list[i].err.data);
			experiment_release(&list[i].e);
			config_release(&list[i].c);
			buf_release(&list[i].err);
		}
	}
	free(list);
}

void
state_each(char *const *dirs, size_t count, state_fn *fn, void *arg)
{
	each(dirs, count, fn, arg, false);
}

/* ---- what it is doing ---- */

/* A tick goes on with it, whenever that comes. */
static bool
awaits_tick(const struct experiment *e)
{
	return e->last == SESSION_PASS || (e->ticks && !experiment_is_over(e));
}

const char *
state_name(const struct experiment *e)
{
	if (e->last == SESSION_FAILED && !experiment_is_running(e->dir, NULL))
		return "ERROR";
	if (experiment_is_running(e->dir, NULL) || awaits_tick(e))
		return e->stopped ? "STOPPING" : "RUNNING";
	switch (e->last) {
	case SESSION_NONE:
		return "INITIALIZED";
	case SESSION_DONE:
		return "DONE";
	default:
		return "STOPPED";
	}
}

const char *
state_word(const struct experiment *e)
{
	bool served = experiment_is_served(e->dir, NULL);

	if (e->last == SESSION_FAILED && !served)
		return "failed";
	if ((served || awaits_tick(e)) && e->stopped)
		return "stopping";
	if (served || awaits_tick(e))
		return e->ticks && !served ? "between ticks" : "running";
	switch (e->last) {
	case SESSION_NONE:
		return "not started";
	case SESSION_DONE:
		return "done";
	case SESSION_STOPPED:
		return survey_is_typed(e->dir) && !e->stopped ? "interrupted"
							      : "stopped";
	default:
		return "interrupted";
	}
}

/* ---- which of them run ---- */

/* 1, 0, or -1: it has to be read. */
static int
runs_at_a_glance(const char *dir)
{
	if (experiment_is_served(dir, NULL))
		return 1;
	if (survey_is_typed(dir))
		return -1;
	switch (experiment_last_end(dir)) {
	case SESSION_PASS:
		return 1;
	case SESSION_DONE:
	case SESSION_STOPPED:
	case SESSION_DETACHED:
		return 0;
	default:
		return -1; /* perhaps a tick was killed */
	}
}

struct sieve {
	char **unclear;
	bool *runs;
	size_t *which; /* of dirs is an unclear one */
};

static void
note_state(void *arg, size_t i, const struct experiment *e,
    const struct config *c, const char *fault)
{
	struct sieve *f = arg;

	(void)c;
	f->runs[f->which[i]] = fault == NULL && awaits_tick(e);
}

size_t
state_filter(char **dirs, size_t count, bool running)
{
	struct sieve f = {.unclear = xcalloc(count + 1, sizeof(*f.unclear)),
	    .runs = xcalloc(count + 1, sizeof(*f.runs)),
	    .which = xcalloc(count + 1, sizeof(*f.which))};
	size_t n = 0, kept = 0;

	for (size_t i = 0; i < count; i++) {
		int glance = runs_at_a_glance(dirs[i]);

		f.runs[i] = glance == 1;
		if (glance == -1) {
			f.which[n] = i;
			f.unclear[n++] = dirs[i];
		}
	}
	/* A journal alone shows whether a tick is awaited. */
	each(f.unclear, n, note_state, &f, true);
	for (size_t i = 0; i < count; i++)
		if (f.runs[i] == running)
			dirs[kept++] = dirs[i];
		else
			free(dirs[i]);
	free(f.unclear);
	free(f.runs);
	free(f.which);
	return kept;
}

bool
state_is_running(const char *dir)
{
	char *one[1] = {xstrdup(dir)};
	size_t left = state_filter(one, 1, true);

	if (left > 0)
		free(one[0]);
	return left > 0;
}
