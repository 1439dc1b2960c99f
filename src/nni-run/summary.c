/* What is said at the end: what came of it, and where it lies. */
#include "run.h"

#include <inttypes.h>
#include <string.h>

#include "expdir.h"
#include "table.h"
#include "when.h"
#include "os/file.h"
#include "os/process.h"
#include "os/sys.h"

static void
add_count(struct buf *b, size_t n, const char *what)
{
	if (n > 0)
		buf_addf(b, ", %zu %s", n, what);
}

/* What brought it to its end. */
static void
add_why(struct buf *b, const struct run *run)
{
	int64_t most = experiment_max_trials(&run->exp, &run->config);

	buf_adds(b, "; ");
	if (run->end == SESSION_STOPPED && run->signal != 0) {
		buf_addf(b, "SIG%s stopped it", proc_signal_name(run->signal));
	} else if (run->end == SESSION_STOPPED) {
		buf_adds(b, "a stop was asked for");
	} else if (run->expired) {
		buf_adds(b, "maxExperimentDuration of ");
		when_add_duration(
		    b, experiment_max_duration_ms(&run->exp, &run->config));
		buf_adds(b, " is over");
	} else if (most > 0 && (int64_t)run->exp.trials.count >= most) {
		buf_addf(b, "maxTrialNumber of %" PRId64 " is reached", most);
	} else {
		buf_adds(b, "the tuner has no more proposals");
	}
}

static void
say_counts(struct run *run)
{
	const struct trials *t = &run->exp.trials;
	struct buf b = BUF_INIT;

	add_count(&b, t->by_status[STATUS_SUCCEEDED], "succeeded");
	add_count(&b, t->by_status[STATUS_FAILED], "failed");
	add_count(&b, t->by_status[STATUS_EARLY_STOPPED], "stopped early");
	add_count(&b, t->by_status[STATUS_USER_CANCELED], "canceled");
	add_count(&b, t->by_status[STATUS_SYS_CANCELED], "lost");
	add_why(&b, run);
	view_say(&run->view, "experiment %s is %s: %zu trial%s%s", run->exp.id,
	    session_end_name(run->end), t->count, plural(t->count), b.data);
	buf_release(&b);
	if (run->no_final > 0)
		view_say(&run->view,
		    "%zu succeeded without a final metric, so nothing was "
		    "learnt; a trial reports it by nni.report_final_result() "
		    "or nni-trial report --final",
		    run->no_final);
	if (run->incomplete > 0)
		view_say(&run->view,
		    "of %zu the metrics are not complete; the log says why",
		    run->incomplete);
	if (run->not_a_number > 0)
		view_say(&run->view,
		    "%zu %s a final metric that is no finite number",
		    run->not_a_number, run->not_a_number == 1 ? "has" : "have");
}

void
run_summary(struct run *run)
{
	const struct trials *t = &run->exp.trials;
	struct buf parameters = BUF_INIT;
	const struct trial *best;

	say_counts(run);
	if (t->best >= 0) {
		best = &t->list[t->best];
		if (t->best_parameters != NULL)
			table_text(
			    &parameters, (struct json){t->best_parameters,
					     strlen(t->best_parameters)});
		view_say(&run->view, "best: %s, trial %s (%" PRId64 "), %s",
		    t->best_value, best->id, best->sequence,
		    parameters.len > 0 ? parameters.data : "");
	}
	buf_release(&parameters);
	view_say(&run->view, "all of it is in %s", run->dir);
}

/* Is the nni-run that the user's shell finds this one? */
static bool
is_in_path(const char *self)
{
	struct buf found = BUF_INIT, real = BUF_INIT, own = BUF_INIT;
	bool is = proc_find("nni-run", NULL, &found) == 0 &&
		  path_real(found.data, &real, NULL) == 0 &&
		  path_real(self, &own, NULL) == 0 &&
		  strcmp(real.data, own.data) == 0;

	buf_release(&found);
	buf_release(&real);
	buf_release(&own);
	return is;
}

void
run_resume_command(const struct run *run, struct buf *out)
{
	const char *self = sys_self_path();

	proc_quote(out, self == NULL || is_in_path(self) ? "nni-run" : self);
	buf_adds(out, " --resume ");
	proc_quote(out, run->dir);
}

void
run_tell_resume(struct run *run)
{
	const struct trials *t = &run->exp.trials;
	size_t waiting = t->by_status[STATUS_WAITING];
	size_t away = t->by_status[STATUS_UNKNOWN];
	size_t running = t->live - waiting - away;
	struct buf b = BUF_INIT;

	if (run->signal != 0)
		buf_addf(&b, "SIG%s: ", proc_signal_name(run->signal));
	if (running == 0)
		buf_adds(&b, "no trial runs");
	else
		buf_addf(&b, "%zu trial%s run%s on", running, plural(running),
		    running == 1 ? "s" : "");
	if (waiting > 0)
		buf_addf(&b, ", %zu wait%s", waiting, waiting == 1 ? "s" : "");
	if (away > 0)
		buf_addf(&b, ", %zu %s out of reach", away,
		    away == 1 ? "is" : "are");
	buf_adds(&b, "; go on with: ");
	run_resume_command(run, &b);
	view_stop(&run->view);
	view_say(&run->view, "%s", b.data);
	buf_release(&b);
}
