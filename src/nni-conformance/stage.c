/* The ground under the tests: experiments, and runs of a backend's verbs. */
#include "stage.h"

#include <stdlib.h>
#include <string.h>

#include "expdir.h"
#include "mem.h"
#include "os/file.h"
#include "os/sys.h"

int
stage_open(struct stage *s, struct buf *err)
{
	struct json config = {s->text.data, s->text.len};

	buf_clear(&s->dir);
	return expdir_create(s->parent.data, NULL, config, &s->dir, err) ? -1
									 : 0;
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
	buf_release(&s->parent);
	buf_release(&s->dir);
}

/* ---- runs of a verb ---- */

static void
hear(void *arg, char *line, size_t len)
{
	struct verb *v = arg;
	struct heard *h;

	if (!line) {
		v->bad++;
		return;
	}
	if (!len)
		return;
	if (v->count == v->room) {
		v->room = v->room ? v->room * 2 : 64;
		v->heard = xreallocarray(v->heard, v->room, sizeof(*v->heard));
	}
	h = &v->heard[v->count];
	h->line = xstrndup(line, len);
	if (record_parse(&h->r, h->line, len, NULL) == -1) {
		free(h->line);
		v->bad++;
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
on_output(void *arg, const char *bytes, size_t len)
{
	struct verb *v = arg;

	if (len) {
		lines_feed(&v->lines, bytes, len, hear, v);
		return;
	}
	lines_end(&v->lines, hear, v);
	stream_close(v->out);
	v->out = NULL;
	v->out_ended = true;
	v->ended = v->exited;
}

static void
on_exit_of(void *arg, struct proc_end end)
{
	struct verb *v = arg;

	v->end = end;
	v->exited = true;
	v->ended = v->out_ended;
}

static void
on_input_gone(void *arg)
{
	(void)arg; /* its end tells */
}

int
verb_start(struct stage *s, struct verb *v, const char *name, struct buf *err)
{
	char *argv[] = {s->backend.data, (char *)name, (char *)"--dir",
	    s->dir.data, (char *)"--member", (char *)s->member, NULL};
	struct proc_spec spec = {.argv = argv,
	    .in = {PROC_PIPE, OS_NO_FILE},
	    .out = {PROC_PIPE, OS_NO_FILE},
	    .err = {PROC_INHERIT, OS_NO_FILE}};

	memset(v, 0, sizeof(*v));
	v->stage = s;
	v->name = name;
	lines_init(&v->lines);
	if (proc_start(&v->proc, &spec, err) == -1)
		return -1;
	v->in = stream_writer(s->loop, v->proc.in, on_input_gone, v);
	v->out = stream_reader(s->loop, v->proc.out, on_output, v);
	loop_child(s->loop, &v->proc, on_exit_of, v);
	return 0;
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
	struct verb *verb;
	stage_test *test;
	void *arg;
	bool holds;
};

/* At the end of each round of the loop. */
static void
look(void *arg)
{
	struct stage *s = arg;
	struct waiting *w = s->waiting;

	if (!w)
		return;
	w->holds = w->test && w->test(w->arg);
	if (w->holds || (w->verb && w->verb->ended))
		loop_stop(s->loop, 0);
}

static void
too_long(void *arg)
{
	struct stage *s = arg;

	s->timed_out = true;
	loop_stop(s->loop, 0);
}

static bool
run_loop(struct stage *s, struct waiting *w, int64_t ms)
{
	struct timer limit = TIMER_INIT;

	s->timed_out = false;
	w->holds = w->test && w->test(w->arg);
	if (w->holds || (w->verb && w->verb->ended))
		return w->holds;
	timer_set(s->loop, &limit, ms, too_long, s);
	s->waiting = w;
	loop_run(s->loop);
	s->waiting = NULL;
	timer_stop(&limit);
	return w->holds;
}

bool
stage_wait(struct stage *s, struct verb *v, stage_test *test, void *arg)
{
	struct waiting w = {v, test, arg, false};

	return run_loop(s, &w, s->limit_ms);
}

void
stage_pass(struct stage *s, int64_t ms)
{
	struct waiting w = {NULL, NULL, NULL, false};

	run_loop(s, &w, ms);
}

void
stage_init(struct stage *s)
{
	s->loop = loop_new();
	loop_each_round(s->loop, look, s);
}

static bool
has_ended(void *arg)
{
	return ((struct verb *)arg)->ended;
}

bool
verb_finish(struct verb *v)
{
	if (v->in)
		stream_finish(v->in, NULL, NULL);
	v->in = NULL;
	stage_wait(v->stage, NULL, has_ended, v);
	return v->ended && !v->end.signaled && !v->end.code;
}

void
verb_kill(struct verb *v)
{
	if (!v->exited)
		proc_kill(&v->proc, PROC_KILL);
	stage_wait(v->stage, NULL, has_ended, v);
	stream_close(v->in);
	v->in = NULL;
}

void
verb_release(struct verb *v)
{
	size_t i;

	if (!v->stage)
		return;
	if (!v->ended)
		verb_kill(v);
	stream_close(v->in);
	stream_close(v->out);
	for (i = 0; i < v->count; i++)
		free(v->heard[i].line);
	free(v->heard);
	lines_release(&v->lines);
	memset(v, 0, sizeof(*v));
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
trial_line(struct stage *s, const char *id, const char *place,
    const char *parameters, struct buf *line)
{
	int64_t n = strtol(id + 1, NULL, 10);

	buf_clear(line);
	record_begin_trial(line, "trial", id, 1);
	json_member_int(line, "sequence", n);
	json_member_str(line, "dir", s->dir.data);
	json_member_str(line, "platform", s->member);
	json_member_str(line, "place", place);
	json_member_int(line, "parameter_id", n);
	json_member_raw(
	    line, "parameters", (struct json){parameters, strlen(parameters)});
	json_member_time(line, "time", clock_wall_ms());
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
