/*
 * An experiment that is read, and not a pipe: its journal, or placed.jsonl
 * where there is none, and its platforms, by nni-watch, about trials that have
 * no end there.
 */
#include "reading.h"

#include <stdlib.h>
#include <string.h>

#include "expdir.h"
#include "journal.h"
#include "mem.h"
#include "report.h"
#include "say.h"
#include "survey.h"

#define DAMAGED_NAMED 10 /* lines of a journal; the others are counted */
enum { LOOK_MS = 1000 };

/* ---- nni-watch, asked about an experiment ---- */

static void
watch_said(void *arg, char *line, size_t len)
{
	struct reading *rd = arg;
	struct gatherer *g = rd->g;
	struct record r;

	if (!line || record_parse(&r, line, len, NULL) != 0)
		return;
	if (r.type == RECORD_STATUS)
		gather_status(g, &r);
	else if (r.type != RECORD_TRIAL)
		gather_put(g, line, len);
	else if (!attempts_find(&g->trials, r.trial, r.attempt))
		gather_trial(g, &r);
}

static void
watch_ended(void *arg, const char *why, int exit_code)
{
	struct reading *rd = arg;

	if (why && exit_code != NNI_TRIAL_FAILED)
		rd->code = say_error(NNI_TEMPORARY,
		    "not all trials could be asked about: %s", why);
	gather_copy_live(rd->g);
	gather_finish(rd->g);
}

static const struct backend_calls watch_calls = {
    watch_said, NULL, NULL, watch_ended, NULL};

/* `dir` NULL: it is given records. */
static int
start_watch(struct reading *rd, const char *dir, struct buf *err)
{
	struct buf program = BUF_INIT;
	const char *argv[7] = {NULL, "-q", "--format", "jsonl"};
	int n = 4;

	if (tool_find("nni-watch", &program, err) == -1)
		return -1;
	argv[0] = program.data;
	if (!rd->follow)
		argv[n++] = "--once";
	argv[n] = dir;
	rd->asked = backend_program(
	    rd->g->loop, argv, rd->dir.data, NULL, &watch_calls, rd);
	backend_once(rd->asked);
	backend_start(rd->asked);
	buf_release(&program);
	return 0;
}

/* ---- files of trials that the journal tells of ---- */

struct told {
	struct attempt key;
	char *line; /* its trial record; NULL: it has ended */
	bool running;
};

static void
tell_files(struct reading *rd, struct told *t, enum trial_status status)
{
	struct record trial;

	if (record_parse(&trial, t->line, strlen(t->line), NULL) == -1)
		return;
	if (status == STATUS_RUNNING && rd->follow)
		files_running(&rd->g->files, &trial);
	else
		files_ended(&rd->g->files, &trial, status);
}

static char *
here(const struct reading *rd, const struct record *r)
{
	struct buf line = BUF_INIT;
	struct record moved;

	json_add(&line, r->line);
	if (record_parse(&moved, line.data, line.len, NULL) == 0)
		placed_move(&line, &moved, rd->dir.data);
	return buf_detach(&line);
}

static void
note_files(struct reading *rd, const struct record *r)
{
	struct told *t;

	if (!rd->g->files.output || !r->trial[0])
		return;
	t = attempts_find(&rd->trials, r->trial, r->attempt);
	if (!t && r->type == RECORD_TRIAL) {
		t = attempts_add(&rd->trials, r->trial, r->attempt, sizeof(*t));
		t->line = here(rd, r);
	}
	if (!t || !t->line || r->type != RECORD_STATUS)
		return;
	if (status_is_end(r->status)) {
		tell_files(rd, t, r->status);
		free(t->line);
		t->line = NULL;
	} else if (r->status == STATUS_RUNNING && !t->running) {
		t->running = true;
		if (rd->follow)
			tell_files(rd, t, STATUS_RUNNING);
	}
}

/* Of those that have no end the files as they are. */
static void
copy_open(struct reading *rd)
{
	size_t i;

	for (i = 0; i < rd->trials.count; i++) {
		struct told *t = (struct told *)rd->trials.all[i];

		if (t->line && t->running)
			tell_files(rd, t, STATUS_UNKNOWN);
	}
}

/* ---- an experiment's journal ---- */

/* The others have their records still; but it is not all there was. */
static void
tell_damage(struct reading *rd, const char *why)
{
	if (rd->damaged++ < DAMAGED_NAMED)
		say_error(0, "%s:%lld: %s; it is passed over", rd->journal.data,
		    (long long)rd->line, why);
	rd->code = NNI_TEMPORARY;
}

static int
take_journal_line(void *arg, const char *line, size_t len, int64_t offset)
{
	struct reading *rd = arg;
	struct buf why = BUF_INIT;
	struct record r;

	(void)offset;
	rd->line++;
	if (record_parse(&r, line, len, &why) != 0) {
		tell_damage(rd, why.data);
	} else if (!json_bool(record_get(&r, "late"), false) &&
		   (r.type == RECORD_TRIAL || r.type == RECORD_STATUS ||
		       r.type == RECORD_METRIC || r.type == RECORD_UPDATE ||
		       /* of one that never had a place it has the parameters */
		       (rd->g->report && r.type == RECORD_SPEC))) {
		if (!attempts_find(&rd->g->trials, r.trial, r.attempt))
			note_files(rd, &r);
		gather_journaled(rd->g, &r);
	}
	buf_release(&why);
	return 0;
}

/* What the journal has of an attempt. */
struct end {
	struct attempt key;
	bool ended;
};

static int
note_end(void *arg, const char *line, size_t len, int64_t offset)
{
	struct attempts *all = arg;
	struct end *t;
	struct record r;

	(void)offset;
	if (record_parse(&r, line, len, NULL) != 0 || !r.trial[0] ||
	    (r.type != RECORD_SPEC && r.type != RECORD_STATUS))
		return 0;
	t = attempts_find(all, r.trial, r.attempt);
	if (!t)
		t = attempts_add(all, r.trial, r.attempt, sizeof(*t));
	if (status_is_end(r.status))
		t->ended = true;
	return 0;
}

struct asking {
	struct reading *rd;
	struct attempts ends;
	struct buf err;
};

static void
ask_of_open(void *arg, enum placed_kind last, const struct record *r)
{
	struct asking *a = arg;
	struct reading *rd = a->rd;
	const struct end *t = attempts_find(&a->ends, r->trial, r->attempt);

	if (!t || t->ended)
		return;
	if (last == PLACED_STARTED) {
		gather_trial(rd->g, r);
		if (rd->asked || start_watch(rd, NULL, &a->err) == 0)
			backend_write(rd->asked, r->line.at, r->line.len);
	} else if (last == PLACED_ENDED) {
		gather_status(rd->g, r);
	}
}

/*
 * Without a nni-run at work the journal does not grow: how those are that have
 * no end there, their platforms tell.
 */
static void
ask_platforms(struct reading *rd)
{
	struct asking a = {.rd = rd, .ends = ATTEMPTS_INIT, .err = BUF_INIT};
	struct survey s;
	int64_t offset = 0;
	int rc = survey_open(&s, rd->dir.data, &a.err);

	if (rc == 0)
		rc = journal_read(
		    rd->journal.data, &offset, note_end, &a.ends, &a.err);
	if (rc == 0)
		rc = survey_last(&s, ask_of_open, &a, &a.err);
	if (rd->asked)
		backend_finish(rd->asked);
	if (rc != 0 || a.err.len)
		say_warning("%s", a.err.data);
	survey_release(&s);
	attempts_release(&a.ends);
	buf_release(&a.err);
}

/* Does the journal still grow?  One for cron is at work now and then. */
static bool
grows(const struct reading *rd)
{
	return experiment_is_served(rd->dir.data, NULL) ||
	       experiment_last_end(rd->dir.data) == SESSION_PASS;
}

static int
read_on(struct reading *rd, struct buf *err)
{
	return journal_read(
	    rd->journal.data, &rd->offset, take_journal_line, rd, err);
}

static void
read_to_end(struct reading *rd)
{
	size_t i, live = 0;

	rd->read = true;
	timer_stop(&rd->look);
	watch_stop(rd->changes);
	rd->changes = NULL;
	if (rd->damaged > DAMAGED_NAMED)
		say_error(0, "%s: %zu lines are no records", rd->journal.data,
		    rd->damaged);
	for (i = 0; i < rd->trials.count; i++)
		live += ((struct told *)rd->trials.all[i])->line != NULL;
	if (rd->follow && live && !rd->asked)
		say("nobody is at work on experiment %s any more; %zu trial%s "
		    "of it %s no end: nni-run --resume goes on",
		    expdir_id(rd->dir.data), live, plural(live),
		    live == 1 ? "has" : "have");
	copy_open(rd);
	if (!rd->asked)
		gather_finish(rd->g);
}

static void
look(void *arg)
{
	struct reading *rd = arg;
	struct buf err = BUF_INIT;
	bool more = grows(rd);

	timer_set(rd->g->loop, &rd->look, LOOK_MS, look, rd);
	if (filter_pressed(&rd->g->filter))
		goto out;
	if (read_on(rd, &err) == -1) {
		rd->code = say_error(NNI_TEMPORARY, "%s", err.data);
		more = false;
	}
	if (!more)
		read_to_end(rd);
out:
	buf_release(&err);
}

/* What events.jsonl has. */
static int
take_journal(struct reading *rd, struct buf *err)
{
	struct file_info info;

	expdir_path(&rd->journal, rd->dir.data, "events.jsonl");
	if (file_info(rd->journal.data, true, &info) == -1 ||
	    info.type == FILE_ABSENT) {
		buf_err(err, "nothing has been run in '%s' yet", rd->dir.data);
		return NNI_NOTHING;
	}
	if (rd->follow && grows(rd)) {
		rd->changes =
		    watch_path(rd->g->loop, rd->journal.data, look, rd);
		return read_on(rd, err) == -1 ? NNI_TEMPORARY : 0;
	}
	if (!experiment_is_served(rd->dir.data, NULL))
		ask_platforms(rd);
	if (read_on(rd, err) == -1)
		return NNI_TEMPORARY;
	rd->read = true;
	return 0;
}

/* ---- an experiment without one: placed.jsonl, and nni-watch ---- */

/* What has never had a place is in no other record. */
static void
take_spec(void *arg, enum placed_kind last, const struct record *r)
{
	struct reading *rd = arg;
	struct buf line = BUF_INIT;
	struct attempt a;

	if (last != PLACED_SPEC && last != PLACED_ENDED)
		return;
	gather_put(rd->g, r->line.at, r->line.len);
	if (last == PLACED_ENDED)
		return; /* its end comes through nni-watch */
	memcpy(a.trial, r->trial, sizeof(a.trial));
	a.number = r->attempt;
	survey_status(&line, &a, STATUS_WAITING, "it has no place yet");
	gather_put(rd->g, line.data, line.len);
	buf_release(&line);
}

/* What is true now: the same as with --once behind nni-watch --once. */
static int
take_placed(struct reading *rd, struct buf *err)
{
	struct survey s;
	int code = NNI_TEMPORARY;

	if (survey_open(&s, rd->dir.data, err) == 0 &&
	    survey_specs(&s, take_spec, rd, err) == 0 &&
	    start_watch(rd, rd->dir.data, err) == 0) {
		backend_finish(rd->asked);
		code = 0;
	}
	survey_release(&s);
	return code;
}

/* ---- an experiment ---- */

int
reading_open(struct reading *rd, const char *what)
{
	struct buf err = BUF_INIT;
	int code;

	buf_init(&rd->dir, BUF_MAX_DEFAULT);
	buf_init(&rd->journal, BUF_MAX_DEFAULT);
	if (expdir_find(what, NULL, &rd->dir, &err) == -1)
		code = NNI_NOTHING;
	else if (survey_is_typed(rd->dir.data))
		code = take_placed(rd, &err);
	else
		code = take_journal(rd, &err);
	if (code)
		say_error(code, "%s", err.data);
	buf_release(&err);
	return code;
}

void
reading_begun(struct reading *rd)
{
	if (rd->read)
		read_to_end(rd);
}

void
reading_pause(struct reading *rd, bool paused)
{
	if (rd->asked)
		backend_pause(rd->asked, paused);
}

void
reading_release(struct reading *rd)
{
	size_t i;

	timer_stop(&rd->look);
	watch_stop(rd->changes);
	backend_free(rd->asked);
	for (i = 0; i < rd->trials.count; i++)
		free(((struct told *)rd->trials.all[i])->line);
	attempts_release(&rd->trials);
	buf_release(&rd->dir);
	buf_release(&rd->journal);
}
