/* What is said at the end: what came of it, and where it lies. */
#include "run.h"

#include <inttypes.h>

#include "expdir.h"

static void
add_count(struct buf *b, size_t n, const char *what)
{
	if (n > 0)
		buf_addf(b, ", %zu %s", n, what);
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
	view_say(&run->view, "experiment %s is %s: %zu trials%s", run->exp.id,
	    session_end_name(run->end), t->count, b.data);
	buf_release(&b);
	if (run->no_final > 0)
		view_say(&run->view, "%zu succeeded without a final metric",
		    run->no_final);
	if (run->not_a_number > 0)
		view_say(&run->view,
		    "%zu have a final metric that is no finite number",
		    run->not_a_number);
}

void
run_summary(struct run *run)
{
	const struct trials *t = &run->exp.trials;
	const struct trial *best;

	say_counts(run);
	if (t->best >= 0) {
		best = &t->list[t->best];
		view_say(&run->view, "best: %s, trial %s (%" PRId64 "), %s",
		    t->best_value, best->id, best->sequence,
		    t->best_parameters != NULL ? t->best_parameters : "");
	}
	view_say(&run->view, "all of it is in %s", run->dir);
}
