/*
 * nni-cancel: stops trials outside a run and verifies that they are gone.  A
 * live nni-run is asked through control.jsonl; otherwise trials that were given
 * to a place go through nni-watch with their cancels, and those that never left
 * end in placed.jsonl.  Options and what is wanted; the two ways are in
 * request.c and direct.c.
 */
#include <stdlib.h>
#include <string.h>

#include "backend.h"
#include "cancel.h"
#include "expdir.h"
#include "experiment.h"
#include "mem.h"
#include "opt.h"
#include "os/sys.h"
#include "say.h"

static struct {
	const char *dir, *format;
	bool all, lost, dry_run;
	int64_t timeout_ms;
} o = {.timeout_ms = 300000};

static const struct opt options[] = {
    {'d', "dir", "ID|DIR", "the experiment", OPT_STRING, &o.dir, 0, 0},
    {'a', "all", NULL, "all trials that have not ended", OPT_FLAG, &o.all, 0,
	0},
    {0, "lost", NULL, "give up what is on a place that cannot be reached",
	OPT_FLAG, &o.lost, 0, 0},
    {'t', "timeout", "TIME", "how long to wait for the ends (5m)", OPT_DURATION,
	&o.timeout_ms, 0, 0},
    {'n', "dry-run", NULL, "say what would be cancelled", OPT_FLAG, &o.dry_run,
	0, 0},
    {0, "format", "jsonl|table", "how records are printed", OPT_STRING,
	&o.format, 0, 0},
    {0, NULL, NULL, NULL, OPT_FLAG, NULL, 0, 0},
};

static const struct opt_tool tool = {
    .name = "nni-cancel",
    .summary = "stop trials and see that they are gone",
    .operands = "[TRIAL ...]",
    .examples =
	"  nni-cancel --dir abcd1234 k3xq9 p01ab\n"
	"  nni-cancel --dir abcd1234 --all\n"
	"  jq -c 'select(.place == \"gpu7\")' trials.jsonl | nni-cancel\n",
    .options = options,
    .environment = backend_environment,
};

void
cancel_fail(struct cancel *c, int code, const char *message)
{
	say_error(code, "%s", message);
	filter_leave(&c->filter, code);
}

/* ---- records ---- */

void
cancel_line(const struct cancel *c, const struct target *e, struct buf *line)
{
	record_begin_trial(
	    line, "cancel", e->placed.key.trial, e->placed.key.number);
	if (c->lost)
		json_member_bool(line, "lost", true);
	if (c->dry_run)
		json_member_bool(line, "dry_run", true);
	json_member_time(line, "time", clock_wall_ms());
	record_end(line);
}

/* A status record of somebody who knows; counts the ends. */
void
cancel_status(struct cancel *c, const struct record *r)
{
	if (r->type != RECORD_STATUS)
		return;
	if (targets_status(&c->targets, r) || c->watch)
		filter_put(&c->filter, r->line.at, r->line.len);
}

int
cancel_said(void *arg, const char *line, size_t len, int64_t offset)
{
	struct cancel *c = arg;
	struct record r;

	(void)offset;
	if (record_parse(&r, line, len, NULL) == 0)
		cancel_status(c, &r);
	return 0;
}

static void
consider_end(struct cancel *c)
{
	/* nni-watch may still be telling the place of one given up. */
	if (c->began && !c->targets.wanted &&
	    (!c->watch || backend_finished(c->watch)))
		filter_leave(&c->filter, c->code);
}

static void
too_late(void *arg)
{
	struct cancel *c = arg;
	size_t n = c->targets.wanted;
	struct buf text = BUF_INIT;

	buf_addf(&text, "%zu trial%s %s not ended in time; %s cancelled", n,
	    plural(n), n == 1 ? "has" : "have", n == 1 ? "it is" : "they are");
	cancel_fail(c, NNI_DEADLINE, text.data);
	buf_release(&text);
}

/* ---- the order ---- */

static void
say_dry(void *arg, struct target *e)
{
	struct cancel *c = arg;
	struct buf line = BUF_INIT;

	cancel_line(c, e, &line);
	filter_put_buf(&c->filter, &line);
	buf_release(&line);
}

static void
begin(struct cancel *c)
{
	struct buf err = BUF_INIT;
	size_t i;

	if (o.all)
		targets_want_all(&c->targets);
	for (i = 0; i < c->trial_count; i++)
		if (targets_want(&c->targets, c->trials[i], &err) == -1)
			c->code = say_error(NNI_NOTHING, "%s", err.data);
	buf_release(&err);
	if (!c->targets.wanted) {
		if (!c->code)
			say("there is nothing to cancel");
		filter_leave(&c->filter, NNI_NOTHING);
	} else if (o.dry_run) {
		targets_each(&c->targets, say_dry, c);
		filter_leave(&c->filter, c->code);
	} else {
		timer_set(c->loop, &c->timeout, o.timeout_ms, too_late, c);
		if (experiment_is_running(c->targets.dir, NULL))
			cancel_by_run(c);
		else
			cancel_directly(c);
	}
}

static void
add_trial(struct cancel *c, const char *trial)
{
	c->trials =
	    xreallocarray(c->trials, c->trial_count + 1, sizeof(*c->trials));
	c->trials[c->trial_count++] = xstrdup(trial);
}

/* 0 or an exit code. */
static int
open_experiment(struct cancel *c, const char *what)
{
	struct buf dir = BUF_INIT, err = BUF_INIT;
	int code = 0;

	if (expdir_find(what, NULL, &dir, &err) == -1)
		code = say_error(NNI_NOTHING, "%s", err.data);
	else if (targets_load(&c->targets, dir.data, &err) == -1)
		code = say_error(NNI_TEMPORARY, "%s", err.data);
	buf_release(&dir);
	buf_release(&err);
	return code;
}

/* Records name their experiment; ours is the first one's. */
static void
take(void *arg, const struct record *r, const char *line, size_t len)
{
	struct cancel *c = arg;
	char *dir = json_strdup(r->dir);
	int code;

	(void)line;
	(void)len;
	if (r->type == RECORD_BARE) {
		filter_refuse(&c->filter, "it has no \"type\"",
		    "a record that names a trial has one", NULL);
	} else if (r->trial[0] && !c->filter.leaving) {
		if (!c->targets.dir && dir &&
		    (code = open_experiment(c, dir)) != 0)
			filter_leave(&c->filter, code);
		else if (!c->targets.dir)
			filter_refuse(&c->filter,
			    "the record names no experiment", "say --dir",
			    r->trial);
		else if (dir && strcmp(dir, c->targets.dir))
			filter_refuse(&c->filter,
			    "the trial is of another experiment than the first",
			    "cancel those of one at a time", r->trial);
		else
			add_trial(c, r->trial);
	}
	free(dir);
}

static void
end_of_input(void *arg)
{
	struct cancel *c = arg;

	if (c->filter.leaving)
		return;
	if (!c->targets.dir) {
		say("there is nothing to cancel");
		filter_leave(&c->filter, NNI_NOTHING);
	} else {
		begin(c);
	}
}

static void
end_round(void *arg)
{
	consider_end(arg);
}

static const struct filter_calls calls = {take, end_of_input, end_round, NULL};

static int
check_options(int argc, char **argv)
{
	int i;

	if (o.all && argc)
		return opt_usage(&tool, "--all and trials do not go together");
	if ((o.all || argc) && !o.dir)
		return opt_usage(&tool, "--dir says of which experiment");
	for (i = 0; i < argc; i++)
		if (!trial_id_valid(argv[i], strlen(argv[i])))
			return opt_usage(
			    &tool, "'%s' is not a trial's id", argv[i]);
	if (!o.all && !argc && console_is_terminal(sys_stdin()))
		return opt_usage(&tool,
		    "name trials, or give trial records on standard input");
	return OPT_GO;
}

static void
release(struct cancel *c)
{
	size_t i;

	timer_stop(&c->timeout);
	timer_stop(&c->alive);
	watch_stop(c->events);
	backend_free(c->watch);
	filter_release(&c->filter);
	journal_close(&c->placed);
	lock_release(&c->lock);
	targets_release(&c->targets);
	for (i = 0; i < c->trial_count; i++)
		free(c->trials[i]);
	free(c->trials);
	loop_free(c->loop);
}

int
nni_main(int argc, char **argv)
{
	struct cancel c = {.lock = LOCK_INIT, .placed = JOURNAL_INIT};
	bool read_input;
	int code, i;

	say_program("nni-cancel");
	code = opt_parse(&tool, &argc, argv, NULL);
	if (code == OPT_GO)
		code = check_options(argc, argv);
	if (code != OPT_GO)
		return code;
	c.lost = o.lost;
	c.dry_run = o.dry_run;
	read_input = !o.all && !argc;
	c.loop = loop_new();
	filter_init(
	    &c.filter, c.loop, filter_format(o.format), read_input, &calls, &c);
	for (i = 0; i < argc; i++)
		add_trial(&c, argv[i]);
	code = o.dir ? open_experiment(&c, o.dir) : 0;
	if (!code)
		code = filter_code(&c.filter, loop_run(c.loop));
	release(&c);
	return code;
}
