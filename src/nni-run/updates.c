/*
 * Multi-phase trials: one asks for further parameters by a `request` metric,
 * the tuner is asked for a proposal, and the trial gets it by an `update`.
 *
 * What is asked for and what is given is in the journal (phases.h), so whoever
 * goes on with the experiment gives what was promised, and asks for the rest.
 */
#include "run.h"

#include <string.h>

#include "os/sys.h"

/* Is a phase asked for that it has not got? */
static bool
is_open(const struct trial *tr, const struct phase *p)
{
	return p->asked == tr->attempt && p->given != tr->attempt;
}

static bool
waits(const struct trial *tr)
{
	if (tr->flags & (TRIAL_ENDED | TRIAL_RETRY))
		return false;
	for (size_t i = 0; i < tr->text->phases.count; i++)
		if (is_open(tr, &tr->text->phases.all[i]))
			return true;
	return false;
}

/* `proposal`: a spec, an older update, or NULL: there are no more. */
static void
give(struct run *run, const struct trial *tr, int64_t index,
    const char *proposal)
{
	buf_clear(&run->line);
	record_begin_trial(&run->line, "update", tr->id, tr->attempt);
	json_member_int(&run->line, "parameter_index", index);
	if (proposal != NULL)
		run_add_proposal(run, proposal);
	else
		json_member_raw(
		    &run->line, "parameters", (struct json){"null", 4});
	json_member_time(&run->line, "time", clock_wall_ms());
	record_end(&run->line);
	run_keep(run);
	run_hand_on(run);
	run_tell_advisors(run);
}

static void
ask(struct run *run, const struct trial *tr, int64_t index)
{
	if (run->stopping || !child_is_alive(&run->tuner) ||
	    asking_has(&run->asking, tr->id, index))
		return;
	buf_clear(&run->line);
	record_begin(&run->line, "ask");
	json_member_int(&run->line, "n", 1);
	json_member_str(&run->line, "trial", tr->id);
	json_member_int(&run->line, "attempt", tr->attempt);
	json_member_int(&run->line, "parameter_index", index);
	record_end(&run->line);
	child_write(&run->tuner, run->line.data, run->line.len);
	run_keep(run);
	asking_asked_for(&run->asking, tr->id, index, clock_mono_us());
}

/* An attempt asks for what an earlier one got: it is the same trial. */
static void
see_to(struct run *run, const struct trial *tr, struct phase *p)
{
	struct buf old = BUF_INIT;

	if (!is_open(tr, p))
		return;
	if (p->update == NULL) {
		ask(run, tr, p->index);
		return;
	}
	buf_set(&old, p->update);
	give(run, tr, p->index, p->parameters.at != NULL ? old.data : NULL);
	buf_release(&old);
}

void
run_updates_see(struct run *run)
{
	struct trials *t = &run->exp.trials;

	run->update_held = false;
	for (size_t i = 0; run->config.multi_phase && i < t->count; i++)
		for (size_t k = 0;
		     waits(&t->list[i]) && k < t->list[i].text->phases.count;
		     k++)
			see_to(
			    run, &t->list[i], &t->list[i].text->phases.all[k]);
}

bool
run_updates_wanted(const struct run *run)
{
	const struct trials *t = &run->exp.trials;

	for (size_t i = 0; run->config.multi_phase && i < t->count; i++)
		if (waits(&t->list[i]))
			return true;
	return false;
}

void
run_update_asked(struct run *run, struct trial *tr, const struct record *r)
{
	struct phase *p;
	int64_t index;

	if (json_int(record_get(r, "parameter_index"), &index) == -1)
		return;
	if (run->config.multi_phase) {
		p = phases_find(&tr->text->phases, index);
		if (p != NULL)
			see_to(run, tr, p);
		if (run->update_held) /* this phase's end may help */
			run_updates_see(run);
	} else if (!run->update_refused) {
		run->update_refused = true;
		view_warning(&run->view,
		    "trial %s asks for further parameters, and gets none: "
		    "multiPhase is not true in the configuration",
		    tr->id);
	}
}

/* Could the tuner learn something that it waits for? */
static bool
others_work(const struct run *run)
{
	const struct trials *t = &run->exp.trials;

	for (size_t i = 0; i < t->count; i++)
		if (!(t->list[i].flags & TRIAL_ENDED) && !waits(&t->list[i]))
			return true;
	return false;
}

void
run_update_answered(struct run *run, const struct asked *whom,
    const char *proposal, bool until_result)
{
	struct trial *tr = trials_find(&run->exp.trials, whom->trial);
	struct phase *p = NULL;

	if (tr != NULL && !(tr->flags & (TRIAL_ENDED | TRIAL_RETRY)))
		p = phases_find(&tr->text->phases, whom->index);
	if (p != NULL && is_open(tr, p)) {
		run->tuner_deaths = 0;
		if (proposal == NULL && until_result && others_work(run))
			run->update_held = true;
		else
			give(run, tr, whom->index, proposal);
	} else if (proposal != NULL) {
		/* It has ended meanwhile: another trial may have it. */
		asking_put(&run->asking, proposal);
	}
}

void
run_updates_feed(struct run *run, const struct trial *tr)
{
	const struct phases *p = &tr->text->phases;

	for (size_t i = 0; i < p->count; i++) {
		if (p->all[i].given != tr->attempt)
			continue;
		buf_set(&run->line, p->all[i].update);
		run_hand_on(run);
	}
}

int64_t
run_update_whose(const struct trial *tr, const struct record *r)
{
	const struct phases *phases = &tr->text->phases;
	const struct phase *p;
	int64_t index = 0;

	if (record_is(r->kind, "request")) {
		json_int(record_get(r, "parameter_index"), &index);
		p = phases_find(phases, index - 1);
		if (index > 1)
			return p != NULL ? p->parameter_id : -1;
		return tr->parameter_id;
	}
	if (r->parameter_id >= 0 && (r->parameter_id == tr->parameter_id ||
					phases_of(phases, r->parameter_id)))
		return r->parameter_id;
	p = phases_now(phases, tr->attempt);
	return p != NULL ? p->parameter_id : tr->parameter_id;
}
