/*
 * The loop's decisions: who is started when, when it is over, and how it is
 * left early.
 */
#include "run.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>

#include "expdir.h"
#include "say.h"
#include "os/sys.h"

#define CLOSING_MS 10000
#define LEASE_GRACE_MS 60000
#define FLUSH_MS 200
#define THERE_MS 1000
#define QUEUE_MAX ((size_t)4 << 20)

/* ---- limits ---- */

static bool
may_start(const struct run *run)
{
	return run->phase == RUN_GOING && !run->stopping && !run->expired;
}

int64_t
run_trials_left(const struct run *run)
{
	int64_t most = experiment_max_trials(&run->exp, &run->config);
	int64_t left;

	if (!may_start(run))
		return 0;
	if (most == 0)
		return INT64_MAX;
	left = most - (int64_t)run->exp.trials.count;
	return left > 0 ? left : 0;
}

static void
tell_duration_over(struct run *run)
{
	size_t n = run->exp.trials.live;
	struct buf b = BUF_INIT;

	buf_adds(&b, "maxExperimentDuration is over: no new trials");
	if (n > 0)
		buf_addf(&b, "; %zu trial%s that %s not ended go%s on", n,
		    plural(n), n == 1 ? "has" : "have", n == 1 ? "es" : "");
	view_say(&run->view, "%s", b.data);
	buf_release(&b);
}

static void
duration_over(void *arg)
{
	struct run *run = arg;

	run->expired = true;
	asking_drop(&run->asking);
	run->view.progress.doing = "time is up";
	tell_duration_over(run);
	run_cancel_early(run);
}

void
run_set_duration(struct run *run)
{
	int64_t most = experiment_max_duration_ms(&run->exp, &run->config);
	int64_t left = most - run_ran_ms(run);

	timer_stop(&run->duration);
	run->expired = false;
	run->view.progress.doing = "";
	if (most == 0)
		return;
	if (left <= 0)
		duration_over(run);
	else
		timer_set(run->loop, &run->duration, left, duration_over, run);
}

/* ---- starting trials ---- */

void
run_ask_tuner(struct run *run, size_t n)
{
	buf_clear(&run->line);
	record_begin(&run->line, "ask");
	json_member_int(&run->line, "n", (int64_t)n);
	record_end(&run->line);
	child_write(&run->tuner, run->line.data, run->line.len);
	run_keep(run);
	asking_asked(&run->asking, n, clock_mono_us());
}

static void
hand_on(struct run *run, int64_t most)
{
	char *spec;

	while (most-- > 0 && run_trials_left(run) > 0 &&
	       (spec = asking_take(&run->asking)) != NULL) {
		run_start_trial(run, spec);
		run->tuner_deaths = 0;
		free(spec);
	}
}

/*
 * Free slots are filled at once.  Early ones are handed on some at a time, once
 * all are there: one ask and one flush for them.
 */
static void
start_trials(struct run *run)
{
	int64_t slots = experiment_concurrency(&run->exp, &run->config);
	int64_t wanted = slots - (int64_t)run->exp.trials.live;
	int64_t early =
	    run->place_queues ? asking_early(&run->asking, slots) : 0;
	size_t n;

	if (wanted > 0 || (run->asking.outstanding == 0 && early > 0 &&
			      wanted + early >= early / 2))
		hand_on(run, wanted + early);
	wanted = slots - (int64_t)run->exp.trials.live;
	if (wanted + early >= early / 2)
		wanted += early;
	n = asking_wanted(
	    &run->asking, wanted, early > 0 ? 0 : slots, run_trials_left(run));
	if (n > 0 && child_is_alive(&run->tuner))
		run_ask_tuner(run, n);
}

/* Is there nothing that could still happen? */
static bool
is_finished(const struct run *run)
{
	const struct asking *a = &run->asking;

	if (run->exp.trials.live > 0)
		return false;
	if (run_trials_left(run) == 0)
		return true;
	return a->spare_count == 0 && (a->exhausted || a->until_result);
}

/*
 * Where the config gives a lease, the keeper of a trial that nobody reaches
 * kills it after that time: then, a minute later, it is over for us as well.
 */
void
run_check_leases(struct run *run)
{
	struct trials *t = &run->exp.trials;
	int64_t late = clock_wall_ms() - run->config.lease_ms - LEASE_GRACE_MS;

	if (run->config.lease_ms == 0 || t->by_status[STATUS_UNKNOWN] == 0)
		return;
	for (size_t i = 0; i < t->count; i++)
		if (t->list[i].status == STATUS_UNKNOWN &&
		    t->list[i].since_ms != 0 && t->list[i].since_ms < late)
			run_give_up(run, &t->list[i]);
}

static void
on_lease_clock(void *arg)
{
	struct run *run = arg;

	run_check_leases(run);
	timer_set(
	    run->loop, &run->lease, LEASE_GRACE_MS / 4, on_lease_clock, run);
}

/* ---- the end ---- */

static void
out_done(void *arg)
{
	struct run *run = arg;

	run->out = NULL;
	loop_stop(run->loop, 0);
}

/*
 * The journal is written wherever it is; nothing else is found any more.  Said
 * once.
 */
static bool
is_lost(struct run *run)
{
	if (run->moved || journal_is_there(&run->journal))
		return run->moved;
	run->moved = true;
	if (expdir_is_there(run->dir))
		view_error(&run->view,
		    "'%s', the journal, was removed or replaced while it was "
		    "being written; its trials run on; put it back from a "
		    "copy, then: nni-run --resume %s",
		    run->journal.path, run->dir);
	else
		view_error(&run->view,
		    "'%s' was moved or removed while it was being run; its "
		    "trials run on; go on with: nni-run --resume, and where it "
		    "is now",
		    run->dir);
	return true;
}

static void
finish(struct run *run)
{
	struct buf err = BUF_INIT;

	if (run->exit_code == NNI_OK && is_lost(run)) {
		run->end = SESSION_FAILED;
		run->exit_code = NNI_TEMPORARY;
	}
	run->over = true;
	run->view.progress.doing = session_end_name(run->end);
	timer_stop(&run->guard);
	timer_stop(&run->duration);
	timer_stop(&run->lease);
	timer_stop(&run->flush);
	timer_stop(&run->there);
	run_session_end(run);
	if (journal_commit(&run->journal, &err) == 0) {
		if (run->out != NULL)
			stream_write(
			    run->out, run->to_out.data, run->to_out.len);
	} else if (run->exit_code == NNI_OK) {
		view_error(&run->view, "%s", err.data);
		run->exit_code = NNI_TEMPORARY;
	}
	buf_clear(&run->to_out);
	buf_release(&err);
	if (run->out != NULL)
		stream_finish(run->out, out_done, run);
	else
		loop_stop(run->loop, 0);
}

void
run_programs_over(struct run *run)
{
	if (run->phase != RUN_GOING && !run_programs_alive(run))
		finish(run);
}

static void
stop_watching(struct run *run)
{
	watch_stop(run->control_watch);
	run->control_watch = NULL;
	run_retry_clear(run);
}

/* A place out of reach may keep an attempt that was given up for long. */
static void
guard_over(void *arg)
{
	struct run *run = arg;

	size_t n = run->exp.trials.lost_count;
	struct buf command = BUF_INIT;

	run_resume_command(run, &command);
	if (n > 0)
		view_warning(&run->view,
		    "%zu attempt%s that %s given up %s not confirmed %s end; "
		    "%s cancels %s again",
		    n, plural(n), n == 1 ? "was" : "were",
		    n == 1 ? "has" : "have", n == 1 ? "its" : "their",
		    command.data, n == 1 ? "it" : "them");
	else
		view_warning(&run->view,
		    "the pipeline does not come to its end: it is dropped");
	buf_release(&command);
	run_drop_programs(run);
}

static void
close_up(struct run *run)
{
	run->phase = RUN_CLOSING;
	run->view.progress.doing = "finishing";
	run->end = run->stopping ? SESSION_STOPPED : SESSION_DONE;
	run->exit_code = NNI_OK;
	stop_watching(run);
	run_drop_questions(run);
	run_finish_programs(run);
	timer_set(run->loop, &run->guard, CLOSING_MS, guard_over, run);
	run_programs_over(run);
}

/* Ends this session now; trials run on. */
static void
leave(struct run *run, enum session_end end, int exit_code)
{
	if (run->phase == RUN_LEAVING)
		return;
	run->phase = RUN_LEAVING;
	run->end = end;
	run->exit_code = exit_code;
	stop_watching(run);
	run_drop_programs(run);
	run_programs_over(run);
}

void
run_fail(struct run *run, int exit_code, const char *fmt, ...)
{
	struct buf text = BUF_INIT;
	va_list ap;

	if (run->phase == RUN_LEAVING)
		return;
	va_start(ap, fmt);
	buf_addv(&text, fmt, ap);
	va_end(ap);
	view_error(&run->view, "%s", text.data);
	buf_release(&text);
	leave(run, SESSION_FAILED, exit_code);
}

void
run_stop(struct run *run)
{
	run->stopping = true;
	run->view.progress.doing = "stopping";
	asking_drop(&run->asking);
	run_retry_clear(run);
	run_cancel_all(run);
}

/* ---- interrupts ---- */

static void
tell_stopping(struct run *run)
{
	size_t n = run->exp.trials.live;

	if (n > 0)
		view_say(&run->view,
		    "stopping %zu trial%s; interrupt once more to leave %s "
		    "running",
		    n, plural(n), n == 1 ? "it" : "them");
}

static void
on_interrupt(void *arg, enum loop_interrupt what, int signal)
{
	struct run *run = arg;

	if (what == INTERRUPT_RESIZE || what == INTERRUPT_CONTINUE) {
		view_redraw(&run->view, what == INTERRUPT_CONTINUE);
		return;
	}
	if (run->signal != 0) {
		/* The second one: at once. The pipeline sees its reader go. */
		journal_commit(&run->journal, NULL);
		run_tell_resume(run);
		die_by_signal(signal);
	}
	run->signal = signal;
	if (what == INTERRUPT_STOP && run->stop_on_interrupt && !run->tick) {
		tell_stopping(run);
		run_stop(run);
	} else {
		leave(run, run->tick ? SESSION_PASS : SESSION_DETACHED, NNI_OK);
	}
}

/* ---- the directory ---- */

static void
look_whether_there(void *arg)
{
	struct run *run = arg;

	if (is_lost(run))
		leave(run, SESSION_DETACHED, NNI_TEMPORARY);
	else
		timer_set(
		    run->loop, &run->there, THERE_MS, look_whether_there, run);
}

/* ---- a round ---- */

static void
flush_later(void *arg)
{
	struct run *run = arg;

	run->unflushed = true;
}

/*
 * What is handed to the pipeline is on stable storage first.  What only came
 * from it can be had from the places again, should the machine go down: that is
 * written at once, and flushed with the next spec or soon after.
 */
static int
write_journal(struct run *run, struct buf *err)
{
	if (run->to_pipeline.len == 0 && !run->unflushed) {
		if (!timer_is_set(&run->flush))
			timer_set(
			    run->loop, &run->flush, FLUSH_MS, flush_later, run);
		return journal_write(&run->journal, err);
	}
	run->unflushed = false;
	timer_stop(&run->flush);
	return journal_commit(&run->journal, err);
}

static void
commit(struct run *run)
{
	struct buf err = BUF_INIT;

	if (write_journal(run, &err) != 0) {
		/* Nothing that is not on disk leaves this process. */
		buf_clear(&run->to_pipeline);
		buf_clear(&run->to_out);
		run_fail(run, NNI_TEMPORARY, "%s; the trials run on", err.data);
		buf_release(&err);
		return;
	}
	pipeline_write(
	    &run->pipeline, run->to_pipeline.data, run->to_pipeline.len);
	buf_clear(&run->to_pipeline);
	if (run->out != NULL && run->to_out.len > 0)
		stream_write(run->out, run->to_out.data, run->to_out.len);
	buf_clear(&run->to_out);
}

/* A slow tuner or a slow reader of ours slows the pipeline down. */
static void
brake(struct run *run)
{
	bool much = child_queued(&run->tuner) > QUEUE_MAX ||
		    child_queued(&run->assessor) > QUEUE_MAX ||
		    (run->out != NULL && stream_queued(run->out) > QUEUE_MAX);

	if (much != run->braked)
		pipeline_pause(&run->pipeline, much);
	run->braked = much;
}

static void
on_round(void *arg)
{
	struct run *run = arg;

	if (run->over)
		return;
	if (run->phase == RUN_GOING && run->tick)
		tick_round(run);
	else if (run->phase == RUN_GOING)
		start_trials(run);
	if (run->journal.pending.len > 0 || run->to_pipeline.len > 0 ||
	    run->to_out.len > 0 || run->unflushed)
		commit(run);
	if (run->finish_input)
		pipeline_finish(&run->pipeline);
	run->finish_input = false;
	brake(run);
	if (run->phase == RUN_GOING && !run->tick && is_finished(run))
		close_up(run);
}

/* The reader of our records has gone: so do we, quietly. Trials run on. */
static void
on_reader_gone(void *arg)
{
	struct run *run = arg;
	int code = say_output_lost();

	stream_close(run->out);
	run->out = NULL;
	run->reader_gone = code == NNI_OK;
	if (!run->over) {
		leave(run, SESSION_DETACHED, code);
		return;
	}
	if (run->exit_code == NNI_OK)
		run->exit_code = code;
	loop_stop(run->loop, 0);
}

static void
begin(struct run *run)
{
	struct buf err = BUF_INIT;

	run_session_start(run);
	run->stopping = run->exp.stopped;
	run_set_duration(run);
	if (run->tick) {
		tick_begin(run);
		return;
	}
	run_retry_all(run, false);
	if (run_start_tuner(run, &err) != 0 ||
	    run_start_assessor(run, &err) != 0 ||
	    run_start_pipeline(run, false, &err) != 0)
		run_fail(run, NNI_TEMPORARY, "%s", err.data);
	buf_release(&err);
	if (run->phase != RUN_GOING)
		return;
	run_control_start(run);
	look_whether_there(run);
	if (run->config.lease_ms > 0)
		on_lease_clock(run);
	run_ask_capabilities(run);
}

static int
exit_code(const struct run *run)
{
	const struct trials *t = &run->exp.trials;

	if (run->exit_code != NNI_OK || run->tick ||
	    run->end == SESSION_DETACHED)
		return run->exit_code;
	if (t->by_status[STATUS_FAILED] + t->by_status[STATUS_SYS_CANCELED] > 0)
		return NNI_TRIAL_FAILED;
	return run->expired ? NNI_DEADLINE : NNI_OK;
}

/*
 * "nni-run | head" ends without a word when head does; a Ctrl-C, which ends
 * both, is answered.
 */
static bool
is_quiet(const struct run *run)
{
	return run->reader_gone && run->signal == 0;
}

int
run_go(struct run *run)
{
	run->loop = loop_new();
	loop_each_round(run->loop, on_round, run);
	loop_interrupts(run->loop, on_interrupt, run);
	if (run->print_records)
		run->out =
		    stream_writer(run->loop, sys_stdout(), on_reader_gone, run);
	view_start(
	    &run->view, run->loop, &run->exp, &run->config, run_ran_ms, run);
	begin(run);
	loop_run(run->loop);
	view_stop(&run->view);
	if (!is_quiet(run))
		run_sum_failures(run);
	if (run->end == SESSION_DETACHED || run->end == SESSION_FAILED) {
		if (!is_quiet(run) && !run->moved)
			run_tell_resume(run);
	} else if (!run->tick) {
		run_summary(run);
	}
	stream_close(run->out);
	loop_free(run->loop);
	return exit_code(run);
}
