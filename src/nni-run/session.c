/* The beginning and the end of nni-run's work on an experiment. */
#include "run.h"

#include <string.h>

#include "expdir.h"
#include "opt.h"
#include "say.h"
#include "survey.h"
#include "os/process.h"
#include "os/sys.h"

static void
set_paths(struct run *run)
{
	expdir_path(&run->log_dir, run->dir, "log");
	expdir_path(&run->events_path, run->dir, "events.jsonl");
	expdir_path(&run->control_path, run->dir, "control.jsonl");
	expdir_path(&run->config_path, run->dir, "config.json");
}

static int
take_lock(struct run *run, struct buf *err)
{
	struct buf path = BUF_INIT;
	int64_t holder = 0;
	int got;

	expdir_path(&path, run->dir, "lock");
	got = lock_try(&run->lock, path.data, 0600, &holder, err);
	buf_release(&path);
	if (got == 1)
		return NNI_OK;
	if (got < 0)
		return NNI_TEMPORARY;
	buf_err(err,
	    "experiment %s is being run by process %lld; nnictl top %s shows "
	    "it, nnictl stop %s ends it",
	    expdir_id(run->dir), (long long)holder, expdir_id(run->dir),
	    expdir_id(run->dir));
	return NNI_LOCKED;
}

/* The first record of a new journal. */
static void
begin_journal(struct run *run)
{
	buf_clear(&run->line);
	record_begin(&run->line, "experiment");
	json_member_str(&run->line, "schema", JOURNAL_SCHEMA);
	json_member_str(&run->line, "id", expdir_id(run->dir));
	if (run->config.experiment_name != NULL)
		json_member_str(
		    &run->line, "name", run->config.experiment_name);
	json_member_str(&run->line, "version", NNI_VERSION);
	json_member_time(&run->line, "time", clock_wall_ms());
	record_end(&run->line);
	run_keep(run);
}

static int
read_journal(struct run *run, struct buf *err)
{
	int64_t torn = 0;

	/* Opening repairs a torn last line, so it comes before reading. */
	if (journal_open(
		&run->journal, run->events_path.data, false, &torn, err) != 0)
		return NNI_TEMPORARY;
	if (torn > 0)
		say_debug("a torn last line of %lld bytes was cut off '%s'",
		    (long long)torn, run->events_path.data);
	if (experiment_replay(&run->exp, NULL, err) != 0)
		return NNI_TEMPORARY;
	if (run->exp.id != NULL &&
	    strcmp(run->exp.id, expdir_id(run->dir)) != 0) {
		buf_err(err,
		    "'%s' is the journal of experiment %s: a directory may "
		    "be moved, but keeps its name; call it %s again",
		    run->events_path.data, run->exp.id, run->exp.id);
		return NNI_CONFIG;
	}
	return NNI_OK;
}

void
run_init(struct run *run)
{
	struct buf *const bufs[] = {&run->log_dir, &run->events_path,
	    &run->control_path, &run->config_path, &run->to_pipeline,
	    &run->to_out, &run->line};

	for (size_t i = 0; i < sizeof(bufs) / sizeof(bufs[0]); i++)
		buf_init(bufs[i], BUF_MAX_DEFAULT);
	pipeline_init(&run->pipeline);
	child_init(&run->tuner);
	child_init(&run->assessor);
	asking_init(&run->asking);
}

int
run_open(struct run *run, const char *dir, struct buf *err)
{
	int rc;

	run->dir = dir;
	run->phase = RUN_GOING;
	run->end = SESSION_FAILED;
	set_paths(run);
	experiment_init(&run->exp, dir);
	if (survey_refuse(dir, err) != 0)
		return NNI_USAGE;
	rc = take_lock(run, err);
	if (rc != NNI_OK)
		return rc;
	rc = config_load(&run->config, run->config_path.data, err);
	if (rc != NNI_OK)
		return rc;
	run->exp.trials.minimize = config_minimize(&run->config);
	if (run->retries < 0)
		run->retries = run->config.max_trial_retry;
	return read_journal(run, err);
}

void
run_close(struct run *run)
{
	asking_release(&run->asking);
	run_retry_clear(run);
	failures_release(&run->failures);
	experiment_release(&run->exp);
	config_release(&run->config);
	journal_close(&run->journal);
	lock_release(&run->lock);
	buf_release(&run->to_pipeline);
	buf_release(&run->to_out);
	buf_release(&run->line);
	buf_release(&run->log_dir);
	buf_release(&run->events_path);
	buf_release(&run->control_path);
	buf_release(&run->config_path);
}

void
run_session_start(struct run *run)
{
	run->session_mono_ms = clock_mono_ms();
	if (run->exp.id == NULL)
		begin_journal(run);
	buf_clear(&run->line);
	record_begin(&run->line, "session");
	json_member_str(&run->line, "event", "start");
	json_member_str(&run->line, "mode", run->tick ? "tick" : "run");
	json_member_int(&run->line, "pid", proc_self_pid());
	json_member_str(&run->line, "host", sys_host());
	json_member_time(&run->line, "time", clock_wall_ms());
	record_end(&run->line);
	run_keep(run);
}

void
run_session_end(struct run *run)
{
	int64_t ms = clock_mono_ms() - run->session_mono_ms;

	buf_clear(&run->line);
	record_begin(&run->line, "session");
	json_member_str(&run->line, "event", "end");
	json_member_str(&run->line, "reason", session_end_name(run->end));
	json_member_time(&run->line, "ran", ms);
	json_member_time(&run->line, "time", clock_wall_ms());
	record_end(&run->line);
	run_keep(run);
	/* From here on this session is one of those that the journal counts. */
	run->session_mono_ms += ms;
}

int64_t
run_ran_ms(const void *arg)
{
	const struct run *run = arg;

	return run->exp.ran_ms + clock_mono_ms() - run->session_mono_ms;
}
