/* The ground under the tests: experiments, and runs of a backend's verbs. */
#include "stage.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "expdir.h"
#include "mem.h"
#include "os/file.h"
#include "os/sys.h"
#include "quote.h"
#include "say.h"

/* How long a dead verb's children may hold its output, and its reaping take. */
#define STRAGGLE_MS 500
#define REAP_MS 5000
#define MOST_SHOWN 300 /* bytes of a comment */

/* As nni-submit does it. */
static int
place_code(struct stage *s, struct buf *err)
{
	struct buf path = BUF_INIT, bytes = BUF_INIT, said = BUF_INIT;
	int r;

	expdir_path(&path, s->parent.data, "code.zip");
	r = file_read_all(path.data, &bytes, err);
	expdir_path(&path, s->dir.data, "code.zip");
	if (r == 0)
		r = file_replace(
		    path.data, bytes.data, bytes.len, 0600, false, err);
	expdir_path(&path, s->dir.data, "code.json");
	buf_addf(&said, "{\"digest\":\"%s\"}\n", s->code.data);
	if (r == 0)
		r = file_replace(
		    path.data, said.data, said.len, 0600, false, err);
	buf_release(&path);
	buf_release(&bytes);
	buf_release(&said);
	return r;
}

int
stage_open(struct stage *s, struct buf *err)
{
	struct json config = {s->text.data, s->text.len};

	buf_clear(&s->dir);
	if (expdir_create(s->parent.data, NULL, config, &s->dir, err))
		return -1;
	return s->code.len ? place_code(s, err) : 0;
}

void
stage_release(struct stage *s)
{
	if (s->parent.len)
		dir_remove_tree(s->parent.data, NULL);
	loop_free(s->loop);
	config_release(&s->config);
	buf_release(&s->backend);
	buf_release(&s->text);
	buf_release(&s->place);
	buf_release(&s->code);
	buf_release(&s->parent);
	buf_release(&s->dir);
}

/* ---- what is told ---- */

void
stage_say(struct stage *s, const struct buf *lines)
{
	if (!s->lost && say_data(lines->data, lines->len) != 0)
		s->lost = s->gave_up = true;
}

/* A line of which the end, from there on, is of others. */
static void
say_line(struct stage *s, struct buf *line, size_t from)
{
	quote_visible_tail(line, from);
	buf_addc(line, '\n');
	stage_say(s, line);
	buf_release(line);
}

static void
say_comment(struct stage *s, const char *fmt, va_list ap)
{
	struct buf line = BUF_INIT;
	size_t from;

	buf_adds(&line, "#   ");
	from = line.len;
	buf_addv(&line, fmt, ap);
	if (line.len > MOST_SHOWN) {
		buf_cut(&line, MOST_SHOWN);
		buf_adds(&line, "...");
	}
	say_line(s, &line, from);
}

void
note(struct stage *s, const char *fmt, ...)
{
	va_list ap;

	if (!s->not_ok)
		return;
	va_start(ap, fmt);
	say_comment(s, fmt, ap);
	va_end(ap);
}

bool
told(struct stage *s, bool good, enum promise p, const char *fmt, ...)
{
	bool excused = !good && s->excused;
	struct buf line = BUF_INIT;
	va_list ap;

	s->not_ok = !good && !excused;
	s->failures += s->not_ok;
	s->excused = s->excused || (!good && s->gave_up);
	buf_addf(&line, "%sok %d - ", s->not_ok ? "not " : "", ++s->tests);
	va_start(ap, fmt);
	buf_addv(&line, fmt, ap);
	va_end(ap);
	buf_adds(&line, excused ? " # SKIP because of the above" : "");
	say_line(s, &line, 0);
	note(s, "platforms/README: \"%s.\"", contract_text(p));
	return good;
}

void
passed_over(struct stage *s, const char *name, const char *why)
{
	struct buf line = BUF_INIT;

	buf_addf(&line, "ok %d - %s # SKIP %s", ++s->tests, name, why);
	say_line(s, &line, 0);
	s->not_ok = false;
}

void
todo(struct stage *s, enum promise p, const char *name)
{
	struct buf line = BUF_INIT;

	buf_addf(&line, "not ok %d - %s # TODO it is better", ++s->tests, name);
	say_line(s, &line, 0);
	s->not_ok = true;
	note(s, "platforms/README: \"%s.\"", contract_text(p));
	s->not_ok = false;
}

/* ---- runs of a verb ---- */

/* A backend that never stops talking ends here, not where memory ends. */
#define MOST_LINES 150000

static void
rubbish(struct verb *v, const char *line)
{
	struct stage *s = v->stage;

	if (s->rubbish_of)
		return;
	s->rubbish_of = v->name;
	snprintf(s->rubbish, sizeof(s->rubbish), "%s", line);
}

static void
hear(void *arg, char *line, size_t len)
{
	struct verb *v = arg;
	struct heard *h;

	if (line && !len)
		return;
	if (!line || v->count == MOST_LINES) {
		rubbish(v, line ? "(more lines than could be meant)"
				: "(a line of more than 1 MiB)");
		return;
	}
	if (v->count == v->room) {
		v->room = v->room ? v->room * 2 : 64;
		v->heard = xreallocarray(v->heard, v->room, sizeof(*v->heard));
	}
	h = &v->heard[v->count];
	h->line = xstrndup(line, len);
	if (record_parse(&h->r, h->line, len, NULL) == -1) {
		rubbish(v, line);
		free(h->line);
		return;
	}
	v->count++;
	if (h->r.type == RECORD_TRIAL && h->r.job.at) {
		if (v->to_watch)
			verb_send(v->to_watch, h->line);
		if (v->to_collect)
			verb_send(v->to_collect, h->line);
	} else if (h->r.type == RECORD_STATUS && v->to_collect) {
		verb_send(v->to_collect, h->line);
	}
}

static void
output_ends(void *arg)
{
	struct verb *v = arg;

	timer_stop(&v->straggler);
	lines_end(&v->lines, hear, v);
	stream_close(v->out);
	v->out = NULL;
	v->out_ended = true;
	v->ended = v->exited;
}

static void
on_output(void *arg, const char *bytes, size_t len)
{
	struct verb *v = arg;

	if (!len)
		output_ends(v);
	else if (v->count < MOST_LINES)
		lines_feed(&v->lines, bytes, len, hear, v);
}

/* A child of its that holds the output is not waited for, as in backend.c. */
static void
on_exit_of(void *arg, struct proc_end end)
{
	struct verb *v = arg;

	v->end = end;
	v->exited = true;
	v->ended = v->out_ended;
	if (!v->ended)
		timer_set(
		    v->stage->loop, &v->straggler, STRAGGLE_MS, output_ends, v);
}

static void
on_input_gone(void *arg)
{
	(void)arg; /* its end tells */
}

static int
start(struct stage *s, struct verb *v, const char *name, const char *more,
    struct buf *err)
{
	char *argv[] = {s->backend.data, (char *)name, (char *)"--dir",
	    s->dir.data, (char *)"--member", (char *)s->member, (char *)more,
	    NULL};
	struct proc_spec spec = {.argv = argv,
	    .in = {PROC_PIPE, OS_NO_FILE},
	    .out = {PROC_PIPE, OS_NO_FILE},
	    .err = {PROC_INHERIT, OS_NO_FILE}};

	memset(v, 0, sizeof(*v));
	v->stage = s;
	v->name = name;
	lines_init(&v->lines);
	if (proc_start(&v->proc, &spec, err) == -1) {
		v->ended = v->exited = v->out_ended = true;
		v->end.code = 127;
		return -1;
	}
	v->in = stream_writer(s->loop, v->proc.in, on_input_gone, v);
	v->out = stream_reader(s->loop, v->proc.out, on_output, v);
	loop_child(s->loop, &v->proc, on_exit_of, v);
	return 0;
}

int
verb_start(struct stage *s, struct verb *v, const char *name, struct buf *err)
{
	return start(s, v, name, NULL, err);
}

int
verb_start_once(struct stage *s, struct verb *v, const char *name)
{
	return start(s, v, name, "--once", NULL);
}

void
verb_send(struct verb *v, const char *line)
{
	if (!v->in)
		return;
	stream_write(v->in, line, strlen(line));
	stream_write(v->in, "\n", 1);
}

/* ---- waiting ---- */

struct waiting {
	stage_test *hopeless, *test;
	void *arg;
	bool holds, over;
};

static void
look_at(struct waiting *w)
{
	w->holds = w->test && w->test(w->arg);
	w->over = w->holds || (w->hopeless && w->hopeless(w->arg));
}

/* At the end of each round of the loop. */
static void
look(void *arg)
{
	struct stage *s = arg;

	if (!s->waiting)
		return;
	look_at(s->waiting);
	if (s->waiting->over)
		loop_stop(s->loop, 0);
}

static void
too_long(void *arg)
{
	struct stage *s = arg;

	loop_stop(s->loop, 0);
}

static bool
run_loop(struct stage *s, struct waiting *w, int64_t ms)
{
	struct timer limit = TIMER_INIT;

	look_at(w);
	if (w->over)
		return w->holds;
	timer_set(s->loop, &limit, ms, too_long, s);
	s->waiting = w;
	loop_run(s->loop);
	s->waiting = NULL;
	timer_stop(&limit);
	return w->holds;
}

bool
stage_wait(struct stage *s, stage_test *hopeless, stage_test *test, void *arg)
{
	struct waiting w = {hopeless, test, arg, false, false};

	if (!run_loop(s, &w, s->gave_up ? 0 : s->limit_ms))
		s->gave_up = true;
	return w.holds;
}

bool
stage_pass(struct stage *s, int64_t ms, stage_test *test, void *arg)
{
	struct waiting w = {NULL, test, arg, false, false};

	return run_loop(s, &w, ms);
}

void
stage_init(struct stage *s)
{
	s->loop = loop_new();
	loop_each_round(s->loop, look, s);
}

bool
verb_has_ended(void *arg)
{
	return ((struct verb *)arg)->ended;
}

void
verb_end_input(struct verb *v)
{
	if (v->in)
		stream_finish(v->in, NULL, NULL);
	v->in = NULL;
	v->finished = true;
}

bool
verb_finish(struct verb *v)
{
	verb_end_input(v);
	if (stage_wait(v->stage, NULL, verb_has_ended, v))
		return !v->end.signaled && !v->end.code;
	verb_kill(v);
	v->late = true;
	return false;
}

void
verb_kill(struct verb *v)
{
	if (!v->exited)
		proc_kill(&v->proc, PROC_KILL);
	stream_close(v->in);
	v->in = NULL;
	stage_pass(v->stage, REAP_MS, verb_has_ended, v);
}

void
verb_release(struct verb *v)
{
	size_t i;

	if (!v->stage)
		return;
	if (!v->ended)
		verb_kill(v);
	timer_stop(&v->straggler);
	stream_close(v->in);
	stream_close(v->out);
	for (i = 0; i < v->count; i++)
		free(v->heard[i].line);
	free(v->heard);
	lines_release(&v->lines);
	memset(v, 0, sizeof(*v));
}

/* How many lines are shown of what a verb said of a trial. */
#define LINES_SHOWN 4

static void
note_lines(struct verb *v, const char *trial)
{
	size_t i, n = 0, skip;

	for (i = 0; i < v->count; i++)
		n += !trial || !strcmp(v->heard[i].r.trial, trial);
	if (!n)
		note(v->stage, "`%s` said nothing%s%s", v->name,
		    trial ? " of " : "", trial ? trial : "");
	skip = n > LINES_SHOWN ? n - LINES_SHOWN : 0;
	for (i = 0; i < v->count; i++)
		if ((!trial || !strcmp(v->heard[i].r.trial, trial)) &&
		    (skip ? skip--, false : true))
			note(v->stage, "`%s` said: %s", v->name,
			    v->heard[i].line);
}

void
note_end(struct verb *v)
{
	struct stage *s = v->stage;

	if (!s)
		return;
	if (v->late)
		note(s,
		    "`%s` did not end within %" PRId64
		    " ms of the end of its input and was killed",
		    v->name, s->limit_ms);
	else if (v->exited && v->end.signaled)
		note(s, "`%s` was killed by SIG%s", v->name,
		    proc_signal_name(v->end.code));
	else if (v->exited && (v->end.code || !v->finished))
		note(s, "`%s` ended with exit code %d%s", v->name, v->end.code,
		    v->finished ? "" : ", before the end of its input");
}

void
note_verb(struct verb *v, const char *trial)
{
	struct stage *s = v->stage;

	if (!s || !s->not_ok)
		return;
	note_lines(v, trial);
	if (v->exited || v->late)
		note_end(v);
	else if (s->gave_up)
		note(s, "`%s` runs; after %" PRId64 " ms it was given up",
		    v->name, s->limit_ms);
}

/* ---- trials ---- */

void
trial_new(struct stage *s, char id[TRIAL_ID_LEN + 1])
{
	int64_t rest = s->next_id++;
	int i;

	id[0] = 't';
	for (i = TRIAL_ID_LEN - 1; i > 0; i--, rest /= 10)
		id[i] = (char)('0' + rest % 10);
	id[TRIAL_ID_LEN] = '\0';
}

void
trial_line(struct stage *s, const char *id, int attempt, const char *place,
    const char *parameters, struct buf *line)
{
	int64_t n = strtol(id + 1, NULL, 10);

	buf_clear(line);
	record_begin_trial(line, "trial", id, attempt);
	json_member_int(line, "sequence", n);
	json_member_str(line, "dir", s->dir.data);
	json_member_str(line, "platform", s->member);
	json_member_str(line, "place", place);
	json_member_int(line, "parameter_id", n);
	json_member_raw(
	    line, "parameters", (struct json){parameters, strlen(parameters)});
	json_member_time(line, "time", clock_wall_ms());
	if (s->code.len)
		json_member_str(line, "code", s->code.data);
	json_member_str(line, "x-unknown", "kept");
	buf_addc(line, '}');
}

static bool
matches(const struct heard *h, enum record_type type, const char *trial)
{
	return h->r.type == type && (!trial || !strcmp(h->r.trial, trial));
}

const struct heard *
verb_find(
    const struct verb *v, enum record_type type, const char *trial, size_t n)
{
	size_t i;

	for (i = 0; i < v->count; i++)
		if (matches(&v->heard[i], type, trial) && !n--)
			return &v->heard[i];
	return NULL;
}

size_t
verb_count(const struct verb *v, enum record_type type, const char *trial)
{
	size_t i, n = 0;

	for (i = 0; i < v->count; i++)
		n += matches(&v->heard[i], type, trial);
	return n;
}

const struct heard *
verb_end_of(const struct verb *v, const char *trial)
{
	size_t i;

	for (i = 0; i < v->count; i++)
		if (matches(&v->heard[i], RECORD_STATUS, trial) &&
		    status_is_end(v->heard[i].r.status))
			return &v->heard[i];
	return NULL;
}
