/*
 * nni-run --tick: one pass.  First what lives is looked at and drained
 * (PASS_DRAIN), then the tuner, which finds all results in the journal, is
 * asked for as many trials as there are free slots (PASS_ASK), then these are
 * placed (PASS_PLACE).  Between ticks nothing of ours runs but the keepers.
 */
#include "run.h"

#include <stdlib.h>

#include "say.h"

static void
pass_over(struct run *run)
{
	bool more = run->exp.trials.live > 0 ||
		    (run_trials_left(run) > 0 && !run->asking.exhausted);

	if (more)
		run->end = SESSION_PASS;
	else
		run->end = run->stopping ? SESSION_STOPPED : SESSION_DONE;
	run->phase = RUN_CLOSING;
	run_finish_programs(run);
	run_programs_over(run);
}

/* One pass of the pipeline over all that lives. */
static void
start_pipeline(struct run *run)
{
	struct buf err = BUF_INIT;

	if (run_start_pipeline(run, true, &err) != 0)
		run_fail(run, NNI_TEMPORARY, "%s", err.data);
	else
		run->finish_input = true;
	buf_release(&err);
}

static void
pass_place(struct run *run)
{
	struct buf err = BUF_INIT;
	char *spec;

	run->pass = PASS_PLACE;
	while ((spec = asking_take(&run->asking)) != NULL) {
		run_start_trial(run, spec);
		free(spec);
	}
	if (!run->handed)
		pass_over(run);
	else if (run_start_assessor(run, &err) != 0)
		run_fail(run, NNI_TEMPORARY, "%s", err.data);
	else
		start_pipeline(run);
	buf_release(&err);
}

static void
pass_ask(struct run *run)
{
	int64_t slots = experiment_concurrency(&run->exp, &run->config);
	int64_t free_slots = slots - (int64_t)run->exp.trials.live;
	size_t n = asking_wanted(
	    &run->asking, free_slots, slots, run_trials_left(run));
	struct buf err = BUF_INIT;

	run->pass = PASS_ASK;
	if (n == 0 && !run_updates_wanted(run))
		pass_place(run);
	else if (run_start_tuner(run, &err) != 0)
		run_fail(run, NNI_TEMPORARY, "%s", err.data);
	else if (n > 0)
		run_ask_tuner(run, n);
	buf_release(&err);
}

void
tick_begin(struct run *run)
{
	struct buf err = BUF_INIT;

	run->pass = PASS_DRAIN;
	run_control_read(run);
	run_check_leases(run);
	run_retry_all(run, true);
	if (run->exp.trials.live + run->exp.trials.lost_count == 0)
		pass_ask(run);
	else if (run_start_assessor(run, &err) != 0)
		run_fail(run, NNI_TEMPORARY, "%s", err.data);
	else
		start_pipeline(run);
	buf_release(&err);
}

static void
next_pass(struct run *run)
{
	if (run->pass == PASS_PLACE)
		pass_over(run);
	else
		pass_ask(run);
}

/* What the assessor decides upon this pass's metrics is still to come. */
void
tick_pipeline_over(struct run *run)
{
	if (child_is_alive(&run->assessor))
		child_finish(&run->assessor);
	else
		next_pass(run);
}

void
tick_assessor_over(struct run *run)
{
	next_pass(run);
}

void
tick_round(struct run *run)
{
	if (run->pass == PASS_ASK && run->asking.ask_count == 0 &&
	    child_is_alive(&run->tuner))
		pass_place(run);
}
