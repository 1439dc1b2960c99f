/*
 * control.jsonl: what somebody asks of the running experiment.  Each request
 * is journaled with the offset behind it before it is obeyed, so that it is
 * obeyed once, whatever happens.  Requests (nni-records(5)):
 *
 *   {"type":"cancel","trial":ID}		one trial; its "attempt", if
 * given
 *   {"type":"cancel","trial":ID,"lost":true}	... given up if out of reach
 *   {"type":"stop"}				all of it
 *   {"type":"set","key":KEY,"value":VALUE}	KEY as in the configuration
 */
#include "run.h"

#include <inttypes.h>
#include <string.h>

#include "os/file.h"
#include "os/sys.h"

static bool
whole_number(struct json v, int64_t at_least)
{
	int64_t n;

	return json_int(v, &n) == 0 && n >= at_least;
}

/* NULL if it can be obeyed, else why not. */
static const char *
refuse_set(struct json key, struct json value)
{
	double seconds;

	if (record_is(key, "trialConcurrency"))
		return whole_number(value, 1) ? NULL : "not a number from 1 on";
	if (record_is(key, "maxTrialNumber"))
		return whole_number(value, 0) ? NULL : "not a number from 0 on";
	if (record_is(key, "maxExperimentDuration"))
		return json_double(value, &seconds) == 0 && seconds >= 0 &&
			       seconds < 1e9
			   ? NULL
			   : "not a number of seconds";
	if (record_is(key, "searchSpace"))
		return json_type(value) == JSON_OBJECT ? NULL
						       : "not a search space";
	return "a key that cannot be changed while it runs";
}

static const char *
refuse(struct run *run, const struct record *r)
{
	if (r->type == RECORD_CANCEL)
		return trials_find(&run->exp.trials, r->trial) != NULL
			   ? NULL
			   : "no such trial";
	if (record_is(r->type_text, "stop"))
		return NULL;
	if (record_is(r->type_text, "set"))
		return refuse_set(record_get(r, "key"), record_get(r, "value"));
	return "an unknown request";
}

static void
keep_request(
    struct run *run, struct json request, int64_t behind, const char *refused)
{
	buf_clear(&run->line);
	record_begin(&run->line, "control");
	json_member_int(&run->line, "offset", behind);
	if (request.at != NULL)
		json_member_raw(&run->line,
		    refused == NULL ? "request" : "refused", request);
	if (refused != NULL)
		json_member_str(&run->line, "reason", refused);
	json_member_time(&run->line, "time", clock_wall_ms());
	record_end(&run->line);
	run_keep(run);
}

static void
obey_set(struct run *run, const struct record *r)
{
	struct json key = record_get(r, "key"), value = record_get(r, "value");

	if (record_is(key, "searchSpace")) {
		view_say(&run->view, "the search space is a new one");
		run_tell_advisors(run);
		run->asking.exhausted = run->asking.until_result = false;
		return;
	}
	view_say(&run->view, "%.*s is now %.*s", (int)key.len - 2, key.at + 1,
	    (int)value.len, value.at);
	if (record_is(key, "maxExperimentDuration"))
		run_set_duration(run);
}

static void
obey(struct run *run, const struct record *r)
{
	struct trial *tr;

	if (record_is(r->type_text, "stop")) {
		view_say(&run->view, "a stop was asked for");
		run_stop(run);
	} else if (record_is(r->type_text, "set")) {
		obey_set(run, r);
	} else {
		tr = trials_find(&run->exp.trials, r->trial);
		if (record_get(r, "attempt").at != NULL &&
		    r->attempt != tr->attempt)
			return; /* an attempt that is over */
		if (json_bool(record_get(r, "lost"), false))
			run_give_up(run, tr);
		else
			run_cancel(run, tr, json_bool(r->early, false));
	}
}

static int
on_request(void *arg, const char *line, size_t len, int64_t offset)
{
	struct run *run = arg;
	int64_t behind = offset + (int64_t)len + 1;
	const char *why;
	struct buf err = BUF_INIT;
	struct record r;

	/* After a resume: those that end before here are obeyed already. */
	if (behind <= run->exp.control_offset)
		return 0;
	if (record_parse(&r, line, len, &err) != 0) {
		keep_request(run, JSON_NONE, behind, err.data);
		view_warning(&run->view, "a request in '%s' is no record: %s",
		    run->control_path.data, err.data);
		buf_release(&err);
		return 0;
	}
	buf_release(&err);
	why = refuse(run, &r);
	keep_request(run, r.line, behind, why);
	if (why == NULL)
		obey(run, &r);
	else
		view_warning(&run->view, "a request is refused, %s: %.*s", why,
		    (int)(len < 200 ? len : 200), line);
	return 0;
}

void
run_control_read(struct run *run)
{
	int64_t offset = run->exp.control_offset;
	struct buf err = BUF_INIT;

	if (journal_read(
		run->control_path.data, &offset, on_request, run, &err) < 0)
		view_warning(&run->view, "%s", err.data);
	buf_release(&err);
}

static void
on_change(void *arg)
{
	struct run *run = arg;

	if (run->phase == RUN_GOING)
		run_control_read(run);
}

void
run_control_start(struct run *run)
{
	run->control_watch =
	    watch_path(run->loop, run->control_path.data, on_change, run);
	run_control_read(run);
}
