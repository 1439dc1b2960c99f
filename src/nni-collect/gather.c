/*
 * An end that nni-watch tells is held back and given to the backend's collect,
 * which says what metrics are left and then the end again; only then is it
 * passed on.  So no metric comes after the end of its trial, and a place that
 * cannot be reached holds the end back.
 */
#include "gather.h"

#include <stdlib.h>
#include <string.h>

#include "expdir.h"
#include "mem.h"
#include "report.h"
#include "say.h"

struct gathered {
	struct attempt key;
	struct crew_member *member;
	char *line;    /* the trial record; NULL once the end was passed on */
	char *end;     /* the end that is held back */
	char *drained; /* the same, with all metrics out; it waits for files */
	struct hash_set seen; /* the `at` of each metric */
	struct log_state log;
	enum trial_status status;
	bool has_final;
	bool running;
	bool ended;
};

void
gather_put(struct gatherer *g, const char *lines, size_t len)
{
	if (g->report)
		report_take(g->report, lines, len);
	else
		filter_put(&g->filter, lines, len);
}

static void
gather_put_any(void *g, const char *lines, size_t len)
{
	gather_put(g, lines, len);
}

/*
 * The same for what is no result.  While an end is held back, which is passed
 * on soon, it waits for that (gather_round()).
 */
static void
put_calm(struct gatherer *g, const struct record *r)
{
	if (g->report)
		report_take(g->report, r->line.at, r->line.len);
	else
		filter_put_calm(&g->filter, r->line.at, r->line.len);
}

void
gather_round(struct gatherer *g)
{
	if (!g->held)
		filter_hurry(&g->filter);
}

static void
nonsense(struct gatherer *g, struct crew_member *m, const char *what)
{
	struct buf line = BUF_INIT;

	crew_nonsense(m, what, &line);
	gather_put(g, line.data, line.len);
	buf_release(&line);
}

/* ---- the end of a trial ---- */

/* True if `key` is in the record and says anything but no. */
static bool
says(const struct record *r, const char *key)
{
	struct json v = record_get(r, key);

	return v.at && json_type(v) != JSON_NULL && json_type(v) != JSON_FALSE;
}

/* So many of a kind are named. */
static const char *
counted(size_t n)
{
	return n == NO_FINAL_NAMED ? " (others like it are counted)" : "";
}

void
gather_counts(const struct gatherer *g)
{
	if (g->no_final > NO_FINAL_NAMED)
		say_warning(
		    "%zu trials succeeded without a final metric", g->no_final);
	if (g->incomplete > NO_FINAL_NAMED)
		say_warning("of %zu trials the metrics are not complete",
		    g->incomplete);
	if (g->fileless > NO_FINAL_NAMED)
		say_warning(
		    "of %zu trials not all files are here", g->fileless);
}

/* Our own remarks on an end: what is not there of its metrics, and that it
   succeeded and nobody knows how well. */
static void
remark(struct gatherer *g, struct gathered *e, struct buf *line)
{
	struct record r;
	struct buf marked = BUF_INIT, why = BUF_INIT;
	bool incomplete;

	if (record_parse(&r, line->data, line->len, NULL) == -1)
		return;
	e->status = r.status;
	incomplete = says(&r, "metrics_incomplete");
	if (incomplete && !json_bool(record_get(&r, "lost"), false) &&
	    ++g->incomplete <= NO_FINAL_NAMED) {
		json_string(record_get(&r, "metrics_incomplete"), &why);
		say_warning("trial %s: its metrics are not complete: %s%s",
		    e->key.trial, why.data, counted(g->incomplete));
	}
	buf_release(&why);
	if (r.status != STATUS_SUCCEEDED || e->has_final)
		return;
	if (!incomplete && ++g->no_final <= NO_FINAL_NAMED)
		say_warning("trial %s succeeded without a final metric%s",
		    e->key.trial, counted(g->no_final));
	record_set(
	    &marked, r.line, "no_final_metric", (struct json){"true", 4});
	buf_release(line);
	*line = marked;
}

static void
pass_end(struct gatherer *g, struct gathered *e, struct buf *line)
{
	struct buf dir = BUF_INIT, logs = BUF_INIT;

	remark(g, e, line);
	expdir_trial(&dir, e->member->dir, e->key.trial, e->key.number);
	if (e->status == STATUS_FAILED)
		logs_failed(dir.data, e->key.trial);
	logs_end(&g->logs, &e->log, dir.data, &e->key, &logs);
	gather_put(g, logs.data, logs.len);
	gather_put(g, line->data, line->len);
	e->ended = true;
	e->member->live--;
	g->live--;
	g->held -= e->end != NULL;
	free(e->line);
	free(e->end);
	free(e->drained);
	e->line = e->end = e->drained = NULL;
	hash_set_release(&e->seen);
	buf_release(&dir);
	buf_release(&logs);
}

static void
tell_fileless(struct gatherer *g, const struct gathered *e,
    const struct attempt *a, const char *why)
{
	struct buf text = BUF_INIT;

	if (++g->fileless <= NO_FINAL_NAMED)
		say_warning("trial %s: not all of its files are here: %s%s",
		    a->trial, why, counted(g->fileless));
	record_error(&text, why, e && e->member ? e->member->name : NULL,
	    "nnictl log trial fetches what it prints again", a->trial);
	gather_put(g, text.data, text.len);
	buf_release(&text);
}

/* Its files are here, or not all of them: nothing else is waited for.  Of a
   trial whose end was told before, there is no end that waits. */
static void
files_done(void *arg, const struct attempt *a, const char *why)
{
	struct gatherer *g = arg;
	struct gathered *e = attempts_find(&g->trials, a->trial, a->number);
	struct buf line = BUF_INIT, text = BUF_INIT;
	struct json end;

	if (why)
		tell_fileless(g, e, a, why);
	if (!e || !e->drained)
		return;
	end = (struct json){e->drained, strlen(e->drained)};
	if (why) {
		json_add_str(&text, why);
		record_set(&line, end, "files_incomplete",
		    (struct json){text.data, text.len});
	} else {
		json_add(&line, end);
	}
	pass_end(g, e, &line);
	buf_release(&line);
	buf_release(&text);
}

/* The end that was held back, with what the backend has to add. */
static void
drained(struct gatherer *g, struct gathered *e, const struct record *theirs)
{
	struct buf line = BUF_INIT;
	struct record trial;

	record_merge(
	    &line, (struct json){e->end, strlen(e->end)}, theirs->line);
	if (files_wanted(&g->files, theirs->status) &&
	    record_parse(&trial, e->line, strlen(e->line), NULL) == 0 &&
	    files_ended(&g->files, &trial, theirs->status)) {
		e->drained = buf_detach(&line);
		return;
	}
	pass_end(g, e, &line);
	buf_release(&line);
}

/* Given up: what its place still knows cannot be waited for. */
static void
pass_lost(struct gatherer *g, struct gathered *e, const struct record *r)
{
	static const char why[] = "\"the trial was given up\"";
	struct buf line = BUF_INIT;

	record_set(&line, r->line, "metrics_incomplete",
	    (struct json){why, sizeof(why) - 1});
	pass_end(g, e, &line);
	buf_release(&line);
}

/* ---- from the backend ---- */

static void
heard_metric(struct gatherer *g, struct crew_member *m, const struct record *r)
{
	struct gathered *e = attempts_find(&g->trials, r->trial, r->attempt);

	if (!e || e->member != m || e->ended)
		return;
	backend_useful(m->backend);
	if (r->at.at &&
	    !hash_set_add(&e->seen, hash_bytes(r->at.at, r->at.len)))
		return;
	backend_progress(m->backend);
	if (record_is(r->kind, "final"))
		e->has_final = true;
	gather_put(g, r->line.at, r->line.len);
}

static void
heard(void *arg, char *line, size_t len)
{
	struct crew_member *m = arg;
	struct gatherer *g = m->crew->arg;
	struct gathered *e;
	struct buf err = BUF_INIT;
	struct record r;

	if (!line) {
		nonsense(g, m, "a line is longer than 1 MiB");
	} else if (record_parse(&r, line, len, &err) == -1) {
		nonsense(g, m, err.data);
	} else if (r.type == RECORD_METRIC) {
		heard_metric(g, m, &r);
	} else if (r.type == RECORD_STATUS) {
		e = attempts_find(&g->trials, r.trial, r.attempt);
		if (e && e->member == m && e->end && !e->drained &&
		    status_is_end(r.status)) {
			backend_progress(m->backend);
			drained(g, e, &r);
		}
	} else if (r.type == RECORD_BARE) {
		nonsense(g, m, "a line has no \"type\"");
	} else {
		gather_put(g, line, len);
	}
	buf_release(&err);
}

static void
started(struct crew_member *m)
{
	struct gatherer *g = m->crew->arg;
	size_t i;

	for (i = 0; i < g->trials.count; i++) {
		struct gathered *e = (struct gathered *)g->trials.all[i];

		if (e->member != m || !e->line || e->drained)
			continue;
		backend_write(m->backend, e->line, strlen(e->line));
		if (e->end)
			backend_write(m->backend, e->end, strlen(e->end));
	}
	if (g->finishing)
		backend_finish(m->backend);
}

static void
died(struct crew_member *m)
{
	(void)m;
}

/* How many ends it has to give back. */
static size_t
owed(const struct gatherer *g, const struct crew_member *m)
{
	size_t i, n = 0;

	for (i = 0; i < g->trials.count; i++) {
		struct gathered *e = (struct gathered *)g->trials.all[i];

		n += e->member == m && e->end && !e->drained;
	}
	return n;
}

static bool
silent(struct crew_member *m)
{
	struct gatherer *g = m->crew->arg;
	struct buf line = BUF_INIT;
	size_t n = owed(g, m);

	if (n) {
		crew_silence(m, n, &line);
		gather_put(g, line.data, line.len);
	}
	buf_release(&line);
	return n > 0;
}

/* It must not end while it owes an end. */
static void
ended(struct crew_member *m, const char *why)
{
	if (!owed(m->crew->arg, m))
		return;
	free(m->trouble);
	m->trouble =
	    xstrdup(why ? why : "its collect ended before it gave all ends");
	if (!backend_hopeless(m->backend))
		backend_again(m->backend);
}

static const struct crew_calls crew_calls = {
    heard, started, died, ended, silent};

/* ---- from the input ---- */

void
gather_trial(struct gatherer *g, const struct record *r)
{
	struct buf line = BUF_INIT, err = BUF_INIT;
	struct crew_member *m;
	struct gathered *e;

	put_calm(g, r);
	if (!r->trial[0] || attempts_find(&g->trials, r->trial, r->attempt))
		return;
	m = crew_member(&g->crew, r, &err);
	if (!m) {
		filter_refuse(&g->filter, err.data, NULL, r->trial);
		goto out;
	}
	if (m->trouble && !m->live)
		say_warning("member '%s': %s", m->name, m->trouble);
	record_set(&line, r->line, "parameters", JSON_NONE);
	e = attempts_add(&g->trials, r->trial, r->attempt, sizeof(*e));
	e->member = m;
	e->line = xstrdup(line.data);
	m->live++;
	g->live++;
	if (m->backend)
		backend_write_calm(m->backend, r->line.at, r->line.len);
out:
	buf_release(&line);
	buf_release(&err);
}

static void
runs(struct gatherer *g, struct gathered *e)
{
	struct record trial;

	e->running = true;
	if (record_parse(&trial, e->line, strlen(e->line), NULL) == 0)
		files_running(&g->files, &trial);
}

void
gather_status(struct gatherer *g, const struct record *r)
{
	struct gathered *e = attempts_find(&g->trials, r->trial, r->attempt);

	if (!e) {
		/* It never started: there is nothing to wait for. */
		if (status_is_end(r->status))
			gather_put(g, r->line.at, r->line.len);
		else
			put_calm(g, r);
		if (!status_is_end(r->status) || !r->trial[0])
			return;
		e = attempts_add(&g->trials, r->trial, r->attempt, sizeof(*e));
		e->status = r->status;
		e->ended = true;
		return;
	}
	if (e->ended || e->end)
		return;
	if (!status_is_end(r->status)) {
		put_calm(g, r);
		if (r->status == STATUS_RUNNING && !e->running)
			runs(g, e);
		if (e->member->backend)
			backend_write_calm(
			    e->member->backend, r->line.at, r->line.len);
		return;
	}
	if (json_bool(record_get(r, "lost"), false)) {
		pass_lost(g, e, r);
		return;
	}
	e->end = xstrndup(r->line.at, r->line.len);
	g->held++;
	if (e->member->backend)
		backend_write(e->member->backend, e->end, r->line.len);
}

void
gather_journaled(struct gatherer *g, const struct record *r)
{
	struct gathered *e = attempts_find(&g->trials, r->trial, r->attempt);

	if (e && r->type == RECORD_TRIAL)
		return; /* said already */
	if (e && r->type == RECORD_STATUS) {
		gather_status(g, r);
		return;
	}
	if (e && r->type == RECORD_METRIC) {
		if (r->at.at)
			hash_set_add(&e->seen, hash_bytes(r->at.at, r->at.len));
		e->has_final |= record_is(r->kind, "final");
	}
	gather_put(g, r->line.at, r->line.len);
}

/* ---- all of them ---- */

/* Those that are to be started again do so in `started`. */
void
gather_finish(struct gatherer *g)
{
	size_t i;

	g->finishing = true;
	for (i = 0; i < g->crew.count; i++)
		if (g->crew.all[i]->backend &&
		    backend_running(g->crew.all[i]->backend))
			backend_finish(g->crew.all[i]->backend);
}

bool
gather_finished(const struct gatherer *g)
{
	size_t i;

	for (i = 0; i < g->crew.count; i++) {
		struct backend *b = g->crew.all[i]->backend;

		if (b && !backend_finished(b) && !backend_hopeless(b))
			return false;
	}
	return !g->files.owed;
}

bool
gather_failed(const struct gatherer *g)
{
	size_t i;

	for (i = 0; i < g->trials.count; i++) {
		struct gathered *e = (struct gathered *)g->trials.all[i];

		if (e->status == STATUS_FAILED &&
		    attempts_latest(&g->trials, e->key.trial) == (void *)e)
			return true;
	}
	return false;
}

void
gather_missing(const struct gatherer *g, struct buf *out, size_t most)
{
	size_t i, n = 0;

	for (i = 0; i < g->trials.count; i++) {
		struct gathered *e = (struct gathered *)g->trials.all[i];

		if (e->ended)
			continue;
		if (n++ == most) {
			buf_adds(out, " ...");
			break;
		}
		buf_addf(out, "%s%s", n > 1 ? " " : "", e->key.trial);
	}
}

void
gather_copy_live(struct gatherer *g)
{
	size_t i;

	for (i = 0; g->files.output && i < g->trials.count; i++) {
		struct gathered *e = (struct gathered *)g->trials.all[i];
		struct record trial;

		if (e->running && !e->ended && !e->end &&
		    record_parse(&trial, e->line, strlen(e->line), NULL) == 0)
			files_ended(&g->files, &trial, STATUS_UNKNOWN);
	}
}

static void
follow_on(void *arg)
{
	struct gatherer *g = arg;
	struct buf dir = BUF_INIT, logs = BUF_INIT;
	size_t i;

	for (i = 0; i < g->trials.count && !filter_pressed(&g->filter); i++) {
		struct gathered *e = (struct gathered *)g->trials.all[i];

		if (e->ended)
			continue;
		expdir_trial(&dir, e->member->dir, e->key.trial, e->key.number);
		logs_grown(&g->logs, &e->log, dir.data, &e->key, &logs);
	}
	if (logs.len)
		gather_put(g, logs.data, logs.len);
	timer_set(g->loop, &g->follow, LOGS_FOLLOW_MS, follow_on, g);
	buf_release(&dir);
	buf_release(&logs);
}

void
gather_follow(struct gatherer *g)
{
	if (g->logs.records)
		timer_set(g->loop, &g->follow, LOGS_FOLLOW_MS, follow_on, g);
	g->files.follow = true;
	files_start(&g->files);
}

void
gather_init(struct gatherer *g, struct loop *loop)
{
	memset(g, 0, sizeof(*g));
	g->loop = loop;
	crew_init(&g->crew, loop, "collect", &crew_calls, g);
	g->files = (struct files){
	    .loop = loop, .done = files_done, .put = gather_put_any, .arg = g};
}

void
gather_release(struct gatherer *g)
{
	size_t i;

	timer_stop(&g->follow);
	crew_release(&g->crew);
	files_release(&g->files);
	for (i = 0; i < g->trials.count; i++) {
		struct gathered *e = (struct gathered *)g->trials.all[i];

		free(e->line);
		free(e->end);
		free(e->drained);
		hash_set_release(&e->seen);
	}
	attempts_release(&g->trials);
	loop_free(g->loop);
}
