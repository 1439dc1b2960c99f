/*
 * Records: what comes from the pipeline, the tuner and the assessor, and what
 * nni-run makes itself.  Whatever is new is journaled in the order in which it
 * came; the tuner and the assessor are told in the same order, so that reading
 * the journal again tells them the same.
 */
#include "run.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "expdir.h"
#include "say.h"
#include "os/sys.h"

#define NAMED 10 /* trials with something odd; the others are counted */

static const struct json json_true = {"true", 4};

/* ---- the journal ---- */

void
run_keep(struct run *run)
{
	struct buf *b = &run->line;
	struct buf err = BUF_INIT;
	struct record r;

	buf_rtrim(b);
	if (record_parse(&r, b->data, b->len, &err) != 0 ||
	    experiment_apply(&run->exp, &r, &err) != 0) {
		/* A backend's values made a record of ours unreadable. */
		view_warning(&run->view, "a record was not kept: %s", err.data);
	} else {
		journal_add(&run->journal, b->data, b->len);
		if (run->print_records) {
			buf_add(&run->to_out, b->data, b->len);
			buf_addc(&run->to_out, '\n');
		}
		view_changed(&run->view);
	}
	buf_release(&err);
}

void
run_hand_on(struct run *run)
{
	buf_add(&run->to_pipeline, run->line.data, run->line.len);
	buf_addc(&run->to_pipeline, '\n');
	run->handed = true;
}

void
run_tell_advisors(struct run *run)
{
	buf_addc(&run->line, '\n');
	/* The tuner needs to know it when it is asked next. */
	child_write_calm(&run->tuner, run->line.data, run->line.len);
	child_write(&run->assessor, run->line.data, run->line.len);
	buf_cut(&run->line, run->line.len - 1);
}

/* run->line = run->line with key set to value. */
static void
mark(struct run *run, const char *key, struct json value)
{
	struct buf out = BUF_INIT;

	record_set(
	    &out, (struct json){run->line.data, run->line.len}, key, value);
	buf_release(&run->line);
	run->line = out;
}

static void
mark_int(struct run *run, const char *key, int64_t n)
{
	struct buf text = BUF_INIT;

	json_add_int(&text, n);
	mark(run, key, (struct json){text.data, text.len});
	buf_release(&text);
}

static void
mark_now(struct run *run)
{
	struct buf text = BUF_INIT;
	int64_t ms = clock_wall_ms();

	buf_addf(&text, "%" PRId64 ".%03d", ms / 1000, (int)(ms % 1000));
	mark(run, "time", (struct json){text.data, text.len});
	buf_release(&text);
}

/* ---- trials that begin ---- */

static void
new_trial_id(struct run *run, char id[TRIAL_ID_LEN + 1])
{
	do
		trial_id_new(id);
	while (trials_find(&run->exp.trials, id) != NULL);
}

void
run_add_proposal(struct run *run, const char *proposal)
{
	struct json key, value;
	struct json_iter it;

	json_iter_init(&it, (struct json){proposal, strlen(proposal)});
	while (json_next(&it, &key, &value)) {
		if (json_key_is(key, "type") || json_key_is(key, "trial") ||
		    json_key_is(key, "attempt") ||
		    json_key_is(key, "sequence") || json_key_is(key, "time") ||
		    json_key_is(key, "parameter_index"))
			continue;
		buf_adds(&run->line, ",\"");
		json_add(&run->line, key);
		buf_adds(&run->line, "\":");
		json_add(&run->line, value);
	}
}

void
run_start_trial(struct run *run, const char *spec)
{
	char id[TRIAL_ID_LEN + 1];

	new_trial_id(run, id);
	buf_clear(&run->line);
	record_begin_trial(&run->line, "spec", id, 1);
	json_member_int(&run->line, "sequence", run->exp.trials.next_sequence);
	run_add_proposal(run, spec);
	json_member_time(&run->line, "time", clock_wall_ms());
	record_end(&run->line);
	run_keep(run);
	run_hand_on(run);
	view_moved(&run->view, false);
}

void
run_next_attempt(struct run *run, struct trial *tr)
{
	buf_set(&run->line, tr->text->spec);
	mark_int(run, "attempt", tr->attempt + 1);
	mark_now(run);
	run_keep(run);
	run_hand_on(run);
	/* It was at a later phase, and begins again. */
	if (run->config.multi_phase)
		run_tell_advisors(run);
	view_moved(&run->view, false);
}

/* ---- trials that are to end ---- */

static void
make_status(struct run *run, const struct trial *tr, enum trial_status status,
    const char *reason)
{
	buf_clear(&run->line);
	record_begin_trial(&run->line, "status", tr->id, tr->attempt);
	json_member_str(&run->line, "status", status_name(status));
	json_member_str(&run->line, "reason", reason);
	json_member_int(&run->line, "parameter_id", tr->parameter_id);
	json_member_time(&run->line, "time", clock_wall_ms());
	record_end(&run->line);
	buf_rtrim(&run->line);
}

/*
 * A trial that waits for its next attempt is nowhere: that attempt begins and
 * ends in the journal alone.
 */
static void
cancel_pending(struct run *run, struct trial *tr, bool early)
{
	buf_set(&run->line, tr->text->spec);
	mark_int(run, "attempt", tr->attempt + 1);
	mark_now(run);
	run_keep(run);
	make_status(run, tr,
	    early ? STATUS_EARLY_STOPPED : STATUS_USER_CANCELED,
	    "cancelled while it waited for another attempt");
	run_keep(run);
	run_tell_advisors(run);
}

enum cancel_kind { CANCEL_USER, CANCEL_EARLY, CANCEL_LOST, CANCEL_WAITING };

static void
make_cancel(
    struct run *run, const char *trial, int attempt, enum cancel_kind kind)
{
	static const char *const which[] = {
	    [CANCEL_EARLY] = "early",
	    [CANCEL_LOST] = "lost",
	    [CANCEL_WAITING] = "waiting",
	};

	buf_clear(&run->line);
	record_begin_trial(&run->line, "cancel", trial, attempt);
	if (which[kind] != NULL)
		json_member_bool(&run->line, which[kind], true);
	json_member_time(&run->line, "time", clock_wall_ms());
	record_end(&run->line);
	buf_rtrim(&run->line);
}

void
run_cancel(struct run *run, struct trial *tr, bool early)
{
	if (tr->flags & (TRIAL_ENDED | TRIAL_CANCELED))
		return;
	if (tr->flags & TRIAL_RETRY) {
		cancel_pending(run, tr, early);
		return;
	}
	make_cancel(
	    run, tr->id, tr->attempt, early ? CANCEL_EARLY : CANCEL_USER);
	run_keep(run);
	run_hand_on(run);
}

void
run_give_up(struct run *run, struct trial *tr)
{
	if (tr->flags & (TRIAL_ENDED | TRIAL_RETRY | TRIAL_LOST))
		return;
	make_cancel(run, tr->id, tr->attempt, CANCEL_LOST);
	run_keep(run);
	run_hand_on(run);
}

void
run_cancel_all(struct run *run)
{
	struct trials *t = &run->exp.trials;

	for (size_t i = 0; i < t->count; i++)
		run_cancel(run, &t->list[i], false);
}

/*
 * Not journaled: nni-submit obeys it only if the trial has not been started,
 * which the journal cannot tell, and a later session asks again.
 */
void
run_cancel_early(struct run *run)
{
	struct trials *t = &run->exp.trials;
	int64_t over =
	    (int64_t)t->live - experiment_concurrency(&run->exp, &run->config);

	for (size_t i = t->count; i-- > 0 && over > 0;) {
		const struct trial *tr = &t->list[i];

		if (tr->status != STATUS_WAITING ||
		    (tr->flags & (TRIAL_ENDED | TRIAL_RETRY | TRIAL_CANCELED)))
			continue;
		make_cancel(run, tr->id, tr->attempt, CANCEL_WAITING);
		run_hand_on(run);
		over--;
	}
}

/* ---- ends ---- */

static bool
retry_wanted(
    const struct run *run, const struct trial *tr, const struct record *r)
{
	return r->infra && tr->attempt <= run->retries &&
	       !(tr->flags & TRIAL_CANCELED) && !run->stopping;
}

/*
 * What is odd about a success is said, never mended.  That there was no final
 * metric is nni-collect's to say.
 */
static void
tell_result(struct run *run, const struct trial *tr, bool incomplete)
{
	if (!(tr->flags & TRIAL_FINAL)) {
		run->no_final += !incomplete;
	} else if (!(tr->flags & TRIAL_NUMBER)) {
		run->not_a_number++;
		view_often(&run->view, run->not_a_number <= NAMED,
		    "the final metric of trial %s (%" PRId64
		    ") is no finite number and is not compared",
		    tr->id, tr->sequence);
	}
}

static void
check_failures_in_a_row(struct run *run, const struct record *r)
{
	struct buf reason = BUF_INIT;

	if (run->exp.trials.failed_in_a_row < 10 || run->phase != RUN_GOING)
		return;
	json_string(r->reason, &reason);
	run_fail(run, NNI_TEMPORARY,
	    "10 attempts in a row failed before they started, the last: %s",
	    reason.data);
	buf_release(&reason);
}

/* What it reported is gone; of one given up that is no news. */
static bool
tell_incomplete(struct run *run, const struct trial *tr, const struct record *r)
{
	struct buf why = BUF_INIT;

	if (json_bool(record_get(r, "lost"), false) ||
	    json_string(record_get(r, "metrics_incomplete"), &why) == -1)
		return false;
	run->incomplete++;
	view_often(&run->view, run->incomplete <= NAMED,
	    "the metrics of trial %s (%" PRId64 ") are not complete: %s",
	    tr->id, tr->sequence, why.data);
	buf_release(&why);
	return true;
}

/* Not every platform tells nni-submit how many trials live there. */
static void
tell_router(struct run *run, const struct record *r)
{
	if (run->config.member_count == 1 &&
	    run->config.members[0].max_concurrency == 0)
		return;
	record_begin_trial(&run->to_pipeline, "ended", r->trial, r->attempt);
	record_end(&run->to_pipeline);
}

/* An attempt's end, as the pipeline says it. */
static void
attempt_ends(struct run *run, struct trial *tr, const struct record *r)
{
	bool again = retry_wanted(run, tr, r);
	bool incomplete = tell_incomplete(run, tr, r);
	bool failed =
	    r->status == STATUS_FAILED || r->status == STATUS_SYS_CANCELED;

	tell_router(run, r);
	if (again)
		mark(run, "retry", json_true);
	if (r->status == STATUS_SUCCEEDED && !(tr->flags & TRIAL_FINAL))
		mark(run, "no_final_metric", json_true);
	if (failed)
		run_tell_failure(
		    run, tr, r, again ? FAILURE_AGAIN : FAILURE_LAST);
	else if (r->status == STATUS_EARLY_STOPPED &&
		 !(tr->flags & TRIAL_EARLY))
		run_tell_failure(run, tr, r, FAILURE_EARLY);
	else if (r->status == STATUS_SUCCEEDED)
		tell_result(run, tr, incomplete);
	run_keep(run);
	if (again) {
		run_retry_later(run, tr);
	} else {
		run_tell_advisors(run);
		progress_ended(&run->view.progress, record_time_ms(r));
		if (failed)
			run_consider_failures(run, tr);
		asking_trial_ended(&run->asking, clock_mono_us());
		if (run->update_held)
			run_updates_see(run);
	}
	check_failures_in_a_row(run, r);
}

/* ---- from the pipeline ---- */

static void
on_error(struct run *run, const struct record *r)
{
	struct buf text = BUF_INIT, hint = BUF_INIT, where = BUF_INIT;

	json_string(record_get(r, "message"), &text);
	json_string(record_get(r, "hint"), &hint);
	json_string(record_get(r, "where"), &where);
	view_warning(&run->view, "%s%s%s%s%s%s%s%s%s", where.data,
	    where.len > 0 ? ": " : "", r->trial[0] ? "trial " : "", r->trial,
	    r->trial[0] ? ": " : "", text.data, hint.len > 0 ? " (" : "",
	    hint.data, hint.len > 0 ? ")" : "");
	buf_release(&text);
	buf_release(&hint);
	buf_release(&where);
	run_keep(run);
}

/* Why something does not go on: also where, after a resume, it is no news. */
static void
note_reason(struct run *run, const struct record *r)
{
	struct buf reason = BUF_INIT;

	if (r->type != RECORD_STATUS ||
	    (r->status != STATUS_WAITING && r->status != STATUS_UNKNOWN) ||
	    trials_find(&run->exp.trials, r->trial) == NULL)
		return;
	if (json_string(r->reason, &reason) == 0)
		view_held(&run->view, reason.data);
	buf_release(&reason);
}

/*
 * Has a pipeline been of use?  What may go to and fro for ever (WAITING for one
 * reason and another, UNKNOWN) does not tell; what is said once does.
 */
static bool
is_progress(const struct trial *tr, const struct record *r)
{
	if (r->type != RECORD_STATUS)
		return r->type == RECORD_TRIAL || r->type == RECORD_METRIC;
	return status_is_end(r->status) ||
	       (r->status == STATUS_RUNNING && !(tr->flags & TRIAL_STARTED));
}

/* The tuner knows results by the proposals that they are of. */
static void
mark_whose(struct run *run, const struct trial *tr, const struct record *r)
{
	int64_t id = tr->parameter_id;

	if (run->config.multi_phase && r->type == RECORD_METRIC)
		id = run_update_whose(tr, r);
	else if (r->parameter_id >= 0)
		return;
	if (id >= 0)
		mark_int(run, "parameter_id", id);
	else if (r->parameter_id >= 0)
		mark(run, "parameter_id", JSON_NONE);
}

static void
on_fresh(struct run *run, const struct record *r)
{
	struct trial *tr = trials_find(&run->exp.trials, r->trial);

	if (is_progress(tr, r))
		run->pipeline_deaths = 0;
	if (r->type == RECORD_METRIC || r->type == RECORD_STATUS)
		mark_whose(run, tr, r);
	if (r->type == RECORD_STATUS && status_is_end(r->status)) {
		attempt_ends(run, tr, r);
		return;
	}
	run_keep(run);
	if (r->type == RECORD_STATUS && r->status == STATUS_RUNNING)
		view_moved(&run->view, true);
	/* Of statuses only ends teach anything: those are told above. */
	if (r->type != RECORD_METRIC)
		return;
	run_tell_advisors(run);
	if (record_is(r->kind, "request"))
		run_update_asked(run, tr, r);
}

static void
on_record(struct run *run, const struct record *r)
{
	if (r->type == RECORD_ERROR) {
		on_error(run, r);
		return;
	}
	note_reason(run, r);
	switch (trials_judge(&run->exp.trials, r)) {
	case NEWS_FRESH:
		on_fresh(run, r);
		break;
	case NEWS_LATE:
		mark(run, "late", json_true);
		run_keep(run);
		break;
	case NEWS_REPEAT:
		break;
	case NEWS_STRANGE:
		/* Somebody's own: for the reader of our stdout alone. */
		if (run->print_records) {
			json_add(&run->to_out, r->line);
			buf_addc(&run->to_out, '\n');
		}
		break;
	}
}

static bool
parse_line(struct run *run, const char *from, struct record *r,
    const char *line, size_t len)
{
	struct buf err = BUF_INIT;
	bool good = true;

	if (line == NULL) {
		view_warning(
		    &run->view, "%s wrote a line that is too long", from);
		return false;
	}
	if (len == 0)
		return false;
	if (record_parse(r, line, len, &err) != 0) {
		view_warning(
		    &run->view, "%s wrote no record: %s", from, err.data);
		good = false;
	}
	buf_release(&err);
	return good;
}

void
run_on_pipeline_line(void *arg, char *line, size_t len)
{
	struct run *run = arg;
	struct record r;

	if (!parse_line(run, "the pipeline", &r, line, len))
		return;
	buf_clear(&run->line);
	buf_add(&run->line, line, len);
	on_record(run, &r);
}

/* ---- from the tuner and the assessor ---- */

void
run_on_tuner_line(void *arg, char *line, size_t len)
{
	struct run *run = arg;
	struct asked whom = {.n = 0};
	struct record r;
	bool until_result;

	if (!parse_line(run, "nni-tune", &r, line, len))
		return;
	if (r.type == RECORD_ERROR) {
		buf_clear(&run->line);
		buf_add(&run->line, line, len);
		on_error(run, &r);
		return;
	}
	if (r.type != RECORD_SPEC && r.type != RECORD_NO_MORE)
		return;
	asking_answered(&run->asking, clock_mono_us(), &whom);
	until_result = record_is(record_get(&r, "until"), "result");
	if (whom.trial[0])
		run_update_answered(run, &whom,
		    r.type == RECORD_SPEC ? line : NULL, until_result);
	else if (r.type == RECORD_SPEC)
		asking_put(&run->asking, line);
	else
		asking_no_more(&run->asking, until_result);
}

void
run_on_assessor_line(void *arg, char *line, size_t len)
{
	struct run *run = arg;
	struct trial *tr;
	struct record r;

	if (!parse_line(run, "nni-assess", &r, line, len))
		return;
	if (r.type != RECORD_CANCEL)
		return;
	run->assessor_deaths = 0;
	tr = trials_find(&run->exp.trials, r.trial);
	if (tr != NULL && r.attempt == tr->attempt &&
	    !(tr->flags & TRIAL_RETRY))
		run_cancel(run, tr, json_bool(r.early, true));
}

/* ---- to a new pipeline ---- */

static void
refeed_cancel(
    struct run *run, const struct trial *tr, int attempt, enum cancel_kind kind)
{
	make_cancel(run, tr->id, attempt, kind);
	run_hand_on(run);
}

static void
refeed_trial(struct run *run, struct trial *tr)
{
	tr->flags |= TRIAL_REFED;
	buf_set(&run->line, tr->text->spec);
	run_hand_on(run);
	run_updates_feed(run, tr);
	if (tr->flags & TRIAL_CANCELED)
		refeed_cancel(run, tr, tr->attempt,
		    tr->flags & TRIAL_EARLY ? CANCEL_EARLY : CANCEL_USER);
	if (tr->flags & TRIAL_LOST)
		refeed_cancel(run, tr, tr->attempt, CANCEL_LOST);
}

void
run_refeed(struct run *run)
{
	struct trials *t = &run->exp.trials;

	for (size_t i = 0; i < t->count; i++)
		if (!(t->list[i].flags & (TRIAL_ENDED | TRIAL_RETRY)))
			refeed_trial(run, &t->list[i]);
	for (size_t i = 0; i < t->lost_count; i++) {
		const struct trial *tr = &t->list[t->lost[i].trial];

		buf_set(&run->line, tr->text->spec);
		mark_int(run, "attempt", t->lost[i].attempt);
		run_hand_on(run);
		refeed_cancel(run, tr, t->lost[i].attempt, CANCEL_LOST);
	}
}
