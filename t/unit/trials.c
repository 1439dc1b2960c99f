/* trials.c, experiment.c, when.c. */
#include "experiment.h"
#include "os/file.h"
#include "os/sys.h"
#include "tap.h"
#include "when.h"

static struct experiment e;

static enum trials_news
judge(const char *line)
{
	struct record r;

	if (record_parse(&r, line, strlen(line), NULL) != 0)
		return NEWS_STRANGE;
	return trials_judge(&e.trials, &r);
}

/* As nni-run does: judged, and taken in if it is new. */
static enum trials_news
take(const char *line)
{
	enum trials_news news = judge(line);
	struct record r;

	record_parse(&r, line, strlen(line), NULL);
	if (news == NEWS_FRESH || news == NEWS_LATE || r.type == RECORD_SPEC ||
	    r.type == RECORD_CANCEL || r.type == RECORD_ASK ||
	    r.type == RECORD_OTHER)
		experiment_apply(&e, &r, NULL);
	return news;
}

static void
begin(void)
{
	experiment_release(&e);
	experiment_init(&e, "/x/abc");
	take("{\"type\":\"experiment\",\"schema\":\"nni.journal/1\","
	     "\"id\":\"abc\",\"time\":100}");
}

#define SPEC(id, a)                                                            \
	"{\"type\":\"spec\",\"trial\":\"" id "\",\"attempt\":" a               \
	",\"sequence\":7,\"parameter_id\":3,\"parameters\":{\"x\":2.0}}"
#define STATUS(id, a, s, more)                                                 \
	"{\"type\":\"status\",\"trial\":\"" id "\",\"attempt\":" a             \
	",\"status\":\"" s "\"" more ",\"time\":200}"
#define METRIC(id, a, kind, v, at)                                             \
	"{\"type\":\"metric\",\"trial\":\"" id "\",\"attempt\":" a             \
	",\"kind\":\"" kind "\",\"value\":" v ",\"at\":\"" at "\"}"

static void
test_life(void)
{
	struct trial *t;

	begin();
	is_int(judge(STATUS("aaaaa", "1", "RUNNING", "")), NEWS_STRANGE,
	    "a trial of nobody's");
	take(SPEC("aaaaa", "1"));
	t = trials_find(&e.trials, "aaaaa");
	ok(t && t->sequence == 7 && t->parameter_id == 3 &&
		t->status == STATUS_WAITING && e.trials.live == 1 &&
		e.trials.next_sequence == 8,
	    "a spec begins a trial");
	is_int(judge(SPEC("aaaaa", "1")), NEWS_REPEAT,
	    "that comes through the pipeline as a repeat");
	is_int(
	    take(STATUS("aaaaa", "1", "RUNNING", "")), NEWS_FRESH, "it runs");
	is_int(take(STATUS("aaaaa", "1", "RUNNING", "")), NEWS_REPEAT,
	    "which is known then");
	is_int(take(METRIC("aaaaa", "1", "final", "0.5", "m0")), NEWS_FRESH,
	    "a metric");
	is_int(take(METRIC("aaaaa", "1", "final", "0.5", "m0")), NEWS_REPEAT,
	    "is known by its place");
	is_int(judge(METRIC("aaaaa", "1", "final", "0.5", "m1")), NEWS_FRESH,
	    "one of another place is another one");
	take(METRIC("aaaaa", "1", "final", "0.75", "m1"));
	is_str(t->text->value, "0.5", "and a second final one counts nothing");
	is_int(judge(STATUS("aaaaa", "2", "RUNNING", "")), NEWS_STRANGE,
	    "an attempt that was never made");
	is_int(
	    take(STATUS("aaaaa", "1", "SUCCEEDED", "")), NEWS_FRESH, "it ends");
	ok(e.trials.live == 0 && e.trials.best == 0 && !t->text &&
		t->end_ms == 200000,
	    "and what it no longer needs is freed");
	is_str(e.trials.best_parameters, "{\"x\":2.0}", "the best, as written");
	is_int(take(STATUS("aaaaa", "1", "FAILED", "")), NEWS_REPEAT,
	    "a second end is none");
	is_int(judge(METRIC("aaaaa", "1", "final", "1", "m9")), NEWS_REPEAT,
	    "nor is anything behind the end");
}

static void
test_best(void)
{
	static const char *const values[] = {
	    "0.5", "{\"default\":0.9,\"loss\":3}", "\"NaN\"", "0.7"};
	char line[256];

	for (int minimize = 0; minimize < 2; minimize++) {
		begin();
		e.trials.minimize = minimize;
		for (int i = 0; i < 4; i++) {
			snprintf(line, sizeof(line),
			    "{\"type\":\"spec\",\"trial\":\"aaaa%d\","
			    "\"sequence\":%d,\"parameters\":{}}",
			    i, i);
			take(line);
			snprintf(line, sizeof(line),
			    "{\"type\":\"metric\",\"trial\":\"aaaa%d\","
			    "\"kind\":\"final\",\"value\":%s,\"at\":1}",
			    i, values[i]);
			take(line);
			snprintf(line, sizeof(line),
			    "{\"type\":\"status\",\"trial\":\"aaaa%d\","
			    "\"status\":\"SUCCEEDED\"}",
			    i);
			take(line);
		}
		is_int(e.trials.best, minimize ? 0 : 1,
		    minimize ? "the smallest" : "the largest, by default");
	}
}

static void
test_retry(void)
{
	struct trial *t;

	begin();
	take(SPEC("bbbbb", "1"));
	take(METRIC("bbbbb", "1", "intermediate", "1", "m0"));
	take(STATUS("bbbbb", "1", "FAILED",
	    ",\"infra\":true,\"retry\":true,\"reason\":\"r\""));
	t = trials_find(&e.trials, "bbbbb");
	ok(t->flags & TRIAL_RETRY && e.trials.live == 1 &&
		e.trials.by_status[STATUS_WAITING] == 1,
	    "a trial that is tried again has not ended");
	is_int(e.trials.failed_in_a_row, 1, "it counts as a failure");
	take(SPEC("bbbbb", "2"));
	ok(t->attempt == 2 && !(t->flags & TRIAL_RETRY) && t->metrics == 0,
	    "the next attempt begins anew");
	is_int(take(METRIC("bbbbb", "2", "intermediate", "1", "m0")),
	    NEWS_FRESH, "its metrics are its own");
	is_int(judge(STATUS("bbbbb", "1", "RUNNING", "")), NEWS_REPEAT,
	    "the first is over");
	take(STATUS("bbbbb", "2", "RUNNING", ""));
	is_int(e.trials.failed_in_a_row, 0, "a start ends the row");
}

static void
test_refed(void)
{
	struct trial *t;

	begin();
	take(SPEC("ccccc", "1"));
	take(STATUS("ccccc", "1", "RUNNING", ""));
	t = trials_find(&e.trials, "ccccc");
	t->flags |= TRIAL_REFED;
	is_int(take(STATUS("ccccc", "1", "WAITING", ",\"reason\":\"q\"")),
	    NEWS_REPEAT, "one found again is not WAITING in between");
	take(STATUS("ccccc", "1", "UNKNOWN", ",\"reason\":\"no link\""));
	is_int(take(STATUS("ccccc", "1", "UNKNOWN", ",\"reason\":\"late\"")),
	    NEWS_FRESH, "another reason is news");
	is_int(take(STATUS("ccccc", "1", "WAITING", ",\"reason\":\"q\"")),
	    NEWS_FRESH, "later it may wait again");
}

static void
test_lost(void)
{
	begin();
	take(SPEC("ddddd", "1"));
	take("{\"type\":\"cancel\",\"trial\":\"ddddd\",\"attempt\":1,"
	     "\"lost\":true}");
	ok(!(trials_find(&e.trials, "ddddd")->flags & TRIAL_CANCELED),
	    "to give it up does not cancel the trial");
	take(STATUS("ddddd", "1", "SYS_CANCELED",
	    ",\"infra\":true,\"lost\":true,\"retry\":true"));
	is_int(e.trials.lost_count, 1, "an attempt is given up");
	take(SPEC("ddddd", "2"));
	is_int(take(STATUS("ddddd", "1", "SYS_CANCELED", ",\"lost\":true")),
	    NEWS_REPEAT, "that it is lost is known");
	is_int(judge(METRIC("ddddd", "1", "final", "1", "m0")), NEWS_LATE,
	    "its metrics are late");
	is_int(judge(STATUS("ddddd", "1", "USER_CANCELED", "")), NEWS_LATE,
	    "and so is its end");
	take(STATUS("ddddd", "1", "USER_CANCELED", ",\"late\":true"));
	is_int(e.trials.lost_count, 0, "with which it is confirmed");
	is_int(judge(STATUS("ddddd", "1", "USER_CANCELED", "")), NEWS_REPEAT,
	    "once");
	ok(e.trials.live == 1 && e.trials.list[0].attempt == 2,
	    "the second attempt lives");
}

#define SESSION(event, more)                                                   \
	"{\"type\":\"session\",\"event\":\"" event "\"" more "}"

static void
test_sessions(void)
{
	begin();
	take(SESSION("start", ",\"mode\":\"run\",\"time\":100"));
	take(SESSION("end", ",\"reason\":\"detached\",\"ran\":5,\"time\":105"));
	is_int(e.ran_ms, 5000, "an ended session says how long it was");
	is_int(e.last, SESSION_DETACHED, "and how it ended");
	take(SESSION("start", ",\"mode\":\"run\",\"time\":200"));
	take("{\"type\":\"ask\",\"n\":1,\"time\":207}");
	take(SESSION("start", ",\"mode\":\"tick\",\"time\":300"));
	is_int(e.ran_ms, 12000, "a killed one lasted to its last record");
	take(SESSION("end", ",\"reason\":\"pass\",\"ran\":1,\"time\":301"));
	take(SESSION("start", ",\"mode\":\"tick\",\"time\":401"));
	is_int(e.ran_ms, 113000, "between ticks it runs on");
	take(SESSION("end", ",\"reason\":\"odd\",\"ran\":-1,\"time\":402"));
	is_int(e.last, SESSION_FAILED, "a reason of tomorrow");
}

static void
test_control(void)
{
	struct config c = {.trial_concurrency = 2, .max_trial_number = 10};

	begin();
	is_int(experiment_concurrency(&e, &c), 2, "as configured");
	take("{\"type\":\"control\",\"offset\":50,\"request\":{\"type\":"
	     "\"set\",\"key\":\"trialConcurrency\",\"value\":8}}");
	take("{\"type\":\"control\",\"offset\":90,\"request\":{\"type\":"
	     "\"set\",\"key\":\"maxExperimentDuration\",\"value\":1.5}}");
	take("{\"type\":\"control\",\"offset\":120,\"refused\":\"x\"}");
	ok(experiment_concurrency(&e, &c) == 8 &&
		experiment_max_trials(&e, &c) == 10 &&
		experiment_max_duration_ms(&e, &c) == 1500 &&
		e.control_offset == 120,
	    "as set");
	take("{\"type\":\"control\",\"offset\":140,\"request\":{\"type\":"
	     "\"stop\"}}");
	ok(e.stopped, "a stop");
	take(SESSION("start", ",\"mode\":\"tick\",\"time\":100"));
	ok(e.stopped, "lasts over ticks");
	take(SESSION("start", ",\"mode\":\"run\",\"time\":100"));
	ok(!e.stopped, "and is over when somebody resumes");
}

static void
test_many(void)
{
	char line[200];
	int missing = 0;

	begin();
	for (int i = 0; i < 10000; i++) {
		snprintf(line, sizeof(line),
		    "{\"type\":\"spec\",\"trial\":\"t%04d\",\"sequence\":%d,"
		    "\"parameters\":{}}",
		    i, i);
		take(line);
		snprintf(line, sizeof(line),
		    "{\"type\":\"status\",\"trial\":\"t%04d\",\"status\":"
		    "\"FAILED\"}",
		    i);
		take(line);
	}
	for (int i = 0; i < 10000; i++) {
		snprintf(line, sizeof(line), "t%04d", i);
		missing += trials_find(&e.trials, line) == NULL;
	}
	ok(missing == 0 && e.trials.count == 10000 && e.trials.live == 0,
	    "ten thousand are found");
	is_int(e.trials.by_status[STATUS_FAILED], 10000, "and counted");
	ok(sizeof(struct trial) <= 104, "each is small");
}

/* The same journal in a file, whole and in part. */
static void
test_replay(void)
{
	static const char text[] =
	    "{\"type\":\"experiment\",\"schema\":\"nni.journal/1\","
	    "\"id\":\"abc\",\"time\":100}\n" SPEC("aaaaa", "1") "\n" STATUS(
		"aaaaa", "1", "RUNNING", "") "\n";
	struct buf dir = BUF_INIT, path = BUF_INIT, err = BUF_INIT;
	int64_t records = 0;

	buf_setf(
	    &dir, "%s/nni-unit-%lld", sys_temp(), (long long)clock_mono_us());
	dir_make(dir.data, 0700, NULL);
	buf_setf(&path, "%s/events.jsonl", dir.data);
	file_replace(path.data, text, sizeof(text) - 1, 0600, false, NULL);
	experiment_release(&e);
	experiment_init(&e, dir.data);
	ok(experiment_replay(&e, &records, &err) == 0 && records == 3 &&
		e.trials.live == 1,
	    "is read from a file");
	file_replace(path.data, "{}\n", 3, 0600, false, NULL);
	experiment_release(&e);
	experiment_init(&e, dir.data);
	ok(experiment_replay(&e, NULL, &err) == -1 &&
		strstr(err.data, "events.jsonl:1: ") != NULL,
	    "one that is none is refused, with its line");
	dir_remove_tree(dir.data, NULL);
	buf_release(&dir);
	buf_release(&path);
	buf_release(&err);
}

static void
test_when(void)
{
	struct buf b = BUF_INIT;

	when_add_utc(&b, 0);
	is_str(b.data, "1970-01-01T00:00:00Z", "the epoch");
	buf_clear(&b);
	when_add_utc(&b, INT64_C(951782399999));
	is_str(b.data, "2000-02-28T23:59:59Z", "before a leap day");
	buf_clear(&b);
	when_add_utc(&b, INT64_C(951782400000));
	is_str(b.data, "2000-02-29T00:00:00Z", "a leap day");
	buf_clear(&b);
	when_add_utc(&b, -1);
	is_str(b.data, "1969-12-31T23:59:59Z", "before the epoch");
	buf_clear(&b);
	when_add_duration(&b, 65999);
	is_str(b.data, "1:05", "a minute");
	buf_clear(&b);
	when_add_duration(&b, 3725000);
	is_str(b.data, "1:02:05", "an hour");
	buf_clear(&b);
	when_add_duration(&b, INT64_C(90061000));
	is_str(b.data, "1d 1:01:01", "a day");
	buf_release(&b);
}

int
nni_main(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	test_life();
	test_best();
	test_retry();
	test_refed();
	test_lost();
	test_sessions();
	test_control();
	test_many();
	test_replay();
	test_when();
	experiment_release(&e);
	return done_testing();
}
