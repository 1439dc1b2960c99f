/* The programs that nni-run keeps: the pipeline, the tuner, the assessor. */
#include "run.h"

#include <stdlib.h>
#include <string.h>

#include "expdir.h"
#include "mem.h"
#include "say.h"
#include "os/sys.h"

#define RESTART_MS 100
/* One that worked for so long has not died for the same reason in a row. */
#define STEADY_MS 300000

static void
on_message(void *arg, const char *line)
{
	struct run *run = arg;

	view_line(&run->view, line);
}

/*
 * Some ends will not be mended by trying again: a wrong command line, a wrong
 * configuration, no permission.
 */
static bool
is_permanent(int code)
{
	return code == NNI_USAGE || code == NNI_CONFIG || code == NNI_AUTH;
}

/* Counts a death; false: there were too many with nothing between them. */
static bool
may_restart(struct run *run, const struct child *c, int *deaths)
{
	if (loop_now_ms(run->loop) - c->started_ms >= STEADY_MS)
		*deaths = 0;
	return (*deaths)++ < RESTARTS_MAX;
}

/* ---- the pipeline ---- */

static void
restart_pipeline(void *arg)
{
	struct run *run = arg;
	struct buf err = BUF_INIT;

	if (run->phase == RUN_GOING &&
	    run_start_pipeline(run, false, &err) != 0)
		run_fail(run, NNI_TEMPORARY, "%s", err.data);
	buf_release(&err);
}

static void
pipeline_died(struct run *run, int code, const char *why)
{
	if (is_permanent(code)) {
		run_fail(run, code, "%s", why);
	} else if (!may_restart(run, &run->pipeline.child[PIPE_SUBMIT],
		       &run->pipeline_deaths)) {
		run_fail(run, code == NNI_LOCKED ? code : NNI_TEMPORARY,
		    "%s, again and again; see %s", why, run->log_dir.data);
	} else {
		view_warning(
		    &run->view, "%s; the pipeline is started anew", why);
		timer_set(run->loop, &run->restart,
		    (int64_t)RESTART_MS << run->pipeline_deaths,
		    restart_pipeline, run);
	}
}

static void
pipeline_over(void *arg)
{
	struct run *run = arg;
	struct buf why = BUF_INIT;
	int code = pipeline_verdict(&run->pipeline, &why);

	if (run->phase != RUN_GOING)
		run_programs_over(run);
	else if (run->tick && code == NNI_OK)
		tick_pipeline_over(run);
	else if (run->tick)
		run_fail(run, is_permanent(code) ? code : NNI_TEMPORARY, "%s",
		    why.data);
	else
		pipeline_died(run, code, why.data);
	buf_release(&why);
}

int
run_start_pipeline(struct run *run, bool once, struct buf *err)
{
	struct pipeline_spec spec = {.dir = run->dir,
	    .log_dir = run->log_dir.data,
	    .once = once,
	    .line = run_on_pipeline_line,
	    .message = on_message,
	    .errors_only = view_errors_only(&run->view),
	    .over = pipeline_over,
	    .arg = run};

	if (pipeline_start(&run->pipeline, run->loop, &spec, err) != 0)
		return -1;
	/* What waited for the old one is in the journal's trials too. */
	buf_clear(&run->to_pipeline);
	run_refeed(run);
	if (run->expired)
		run_cancel_early(run);
	run->handed = false;
	return 0;
}

/* ---- the tuner ---- */

static void
start_tuner_again(void *arg)
{
	struct run *run = arg;
	struct buf err = BUF_INIT;

	if (run->phase == RUN_GOING && run_start_tuner(run, &err) != 0)
		run_fail(run, NNI_TEMPORARY, "%s", err.data);
	buf_release(&err);
}

static void
tuner_over(void *arg, struct child *c)
{
	struct run *run = arg;
	struct buf why = BUF_INIT;
	int code = c->end.signaled ? NNI_TEMPORARY : c->end.code;

	asking_reset(&run->asking);
	child_end_text(c, &why);
	if (run->phase != RUN_GOING) {
		run_programs_over(run);
	} else if (is_permanent(code)) {
		run_fail(run, code, "nni-tune %s; see %s", why.data,
		    run->log_dir.data);
	} else if (run->tick || !may_restart(run, c, &run->tuner_deaths)) {
		run_fail(run, NNI_TEMPORARY, "nni-tune %s; see %s", why.data,
		    run->log_dir.data);
	} else {
		view_warning(
		    &run->view, "nni-tune %s; it is started anew", why.data);
		start_tuner_again(run);
	}
	buf_release(&why);
}

static int
start_advisor(struct run *run, struct child *c, const char *name,
    lines_fn *line, void (*over)(void *, struct child *), struct buf *err)
{
	struct buf path = BUF_INIT;
	const char *argv[] = {NULL, "-c", run->config_path.data, "--journal",
	    run->events_path.data, NULL};
	struct child_spec spec = {.name = name,
	    .argv = (char *const *)argv,
	    .in = {PROC_PIPE, OS_NO_FILE},
	    .line = line,
	    .message = on_message,
	    .errors_only = view_errors_only(&run->view),
	    .over = over,
	    .arg = run};
	int rc;

	/* It reads the journal first: all that is known must be in there. */
	rc = journal_commit(&run->journal, err);
	if (rc == 0)
		rc = tool_find(name, &path, err);
	argv[0] = path.data;
	if (rc == 0)
		rc = child_start(c, run->loop, &spec, run->log_dir.data, err);
	buf_release(&path);
	return rc;
}

int
run_start_tuner(struct run *run, struct buf *err)
{
	asking_reset(&run->asking);
	if (start_advisor(run, &run->tuner, "nni-tune", run_on_tuner_line,
		tuner_over, err) != 0)
		return -1;
	run_updates_see(run);
	return 0;
}

/* ---- the assessor ---- */

static void
assessor_over(void *arg, struct child *c)
{
	struct run *run = arg;
	struct buf why = BUF_INIT, err = BUF_INIT;
	int code = c->end.signaled ? NNI_TEMPORARY : c->end.code;

	child_end_text(c, &why);
	if (run->phase != RUN_GOING)
		run_programs_over(run);
	else if (run->tick && code == NNI_OK)
		tick_assessor_over(run);
	else if (run->tick || is_permanent(code) ||
		 !may_restart(run, c, &run->assessor_deaths))
		run_fail(run, is_permanent(code) ? code : NNI_TEMPORARY,
		    "nni-assess %s; see %s", why.data, run->log_dir.data);
	else if (run_start_assessor(run, &err) != 0)
		run_fail(run, NNI_TEMPORARY, "%s", err.data);
	else
		view_warning(
		    &run->view, "nni-assess %s; it is started anew", why.data);
	buf_release(&err);
	buf_release(&why);
}

int
run_start_assessor(struct run *run, struct buf *err)
{
	if (run->config.assessor.at == NULL)
		return 0;
	return start_advisor(run, &run->assessor, "nni-assess",
	    run_on_assessor_line, assessor_over, err);
}

/* ---- their ends ---- */

void
run_finish_programs(struct run *run)
{
	pipeline_finish(&run->pipeline);
	child_finish(&run->tuner);
	child_finish(&run->assessor);
}

void
run_drop_programs(struct run *run)
{
	timer_stop(&run->restart);
	pipeline_drop(&run->pipeline);
	child_drop(&run->tuner);
	child_drop(&run->assessor);
	run_drop_questions(run);
}

bool
run_programs_alive(const struct run *run)
{
	return run->pipeline.alive || child_is_alive(&run->tuner) ||
	       child_is_alive(&run->assessor) || run->questions != NULL;
}
