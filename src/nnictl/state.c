/*
 * What an experiment is doing.  Nobody is asked but its journal or, where there
 * is none, its platforms; a process of ours need not live.
 */
#include <string.h>

#include "expdir.h"
#include "nnictl.h"
#include "survey.h"
#include "os/file.h"
#include "os/sys.h"

/*
 * So long platforms may take to tell how trials are, in all of one command;
 * and each one's least.
 */
#define ASK_ALL_MS 20000
#define ASK_ONE_MS 1000

/* ---- reading one ---- */

static int
ask(struct experiment *e, struct buf *err)
{
	static int64_t left_ms = ASK_ALL_MS;
	int64_t began = clock_mono_ms();
	int rc = survey_read(e, left_ms, err);

	left_ms -= clock_mono_ms() - began;
	if (left_ms < ASK_ONE_MS)
		left_ms = ASK_ONE_MS;
	return rc;
}

static int
read_records(struct experiment *e, struct buf *err)
{
	return survey_is_typed(e->dir) ? ask(e, err)
				       : experiment_replay(e, NULL, err);
}

/* Before there is a record its configuration's time is the best there is. */
static void
see_when_made(struct experiment *e, const char *config)
{
	struct file_info info;

	if (e->created_ms == 0 && file_info(config, true, &info) == 0)
		e->created_ms = info.mtime_ms;
}

int
state_read(struct experiment *e, struct config *c, const char *dir, bool keep,
    struct buf *err)
{
	struct buf path = BUF_INIT;
	int rc;

	memset(c, 0, sizeof(*c));
	experiment_init(e, dir);
	e->trials.keep = keep;
	expdir_path(&path, dir, "config.json");
	rc = config_load(c, path.data, err);
	e->trials.minimize = config_minimize(c);
	if (rc == 0)
		rc = read_records(e, err);
	see_when_made(e, path.data);
	buf_release(&path);
	return rc;
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
	bool served = experiment_is_running(e->dir, NULL) ||
		      survey_is_served(e->dir, NULL);

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
		return survey_is_typed(e->dir) ? "interrupted" : "stopped";
	default:
		return "interrupted";
	}
}

static bool
lives(const char *dir)
{
	struct experiment e;
	bool yes;

	experiment_init(&e, dir);
	yes = read_records(&e, NULL) == 0 && awaits_tick(&e);
	experiment_release(&e);
	return yes;
}

bool
state_is_running(const char *dir)
{
	if (experiment_is_running(dir, NULL) || survey_is_served(dir, NULL))
		return true;
	if (survey_is_typed(dir))
		return lives(dir);
	switch (experiment_last_end(dir)) {
	case SESSION_PASS:
		return true;
	case SESSION_DONE:
	case SESSION_STOPPED:
	case SESSION_DETACHED:
		return false;
	default:
		return lives(dir);
	}
}
