/* experiment list, status, show; config show; top. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "expdir.h"
#include "nnictl.h"
#include "say.h"
#include "when.h"
#include "os/loop.h"
#include "os/process.h"
#include "os/sys.h"

/* ---- a line for each ---- */

static void
add_line(struct buf *out, const struct experiment *e, const struct config *c)
{
	const struct trials *t = &e->trials;
	int64_t most = experiment_max_trials(e, c);
	struct buf count = BUF_INIT;

	buf_addf(&count, "%zu", t->count - t->live);
	if (most > 0)
		buf_addf(&count, "/%" PRId64, most);
	buf_addf(out, "%-10s %-11s %-11s %3zu running", expdir_id(e->dir),
	    state_name(e), count.data, t->by_status[STATUS_RUNNING]);
	if (t->by_status[STATUS_FAILED] > 0)
		buf_addf(out, "  %zu failed", t->by_status[STATUS_FAILED]);
	if (t->best >= 0)
		buf_addf(out, "  best %.40s (%s)", t->best_value,
		    t->list[t->best].id);
	buf_adds(out, "  ");
	when_add_utc(out, e->created_ms);
	if (c->experiment_name != NULL)
		buf_addf(out, "  %s", c->experiment_name);
	buf_addc(out, '\n');
	buf_release(&count);
}

static void
add_lines(struct buf *out, char **dirs, size_t count)
{
	struct buf err = BUF_INIT;
	struct experiment e;
	struct config c;

	for (size_t i = 0; i < count; i++) {
		buf_clear(&err);
		if (state_read(&e, &c, dirs[i], false, &err) == 0)
			add_line(out, &e, &c);
		else
			say_warning("%s", err.data);
		experiment_release(&e);
		config_release(&c);
	}
	buf_release(&err);
}

static int
print(const struct buf *b)
{
	return say_data(b->data, b->len);
}

int
ctl_list(int argc, char **argv)
{
	struct buf out = BUF_INIT;
	char **dirs;
	size_t count;

	(void)argc;
	(void)argv;
	which_all(!o.all, &dirs, &count);
	add_lines(&out, dirs, count);
	print(&out);
	if (count == 0)
		say(o.all ? "there is no experiment"
			  : "no experiment is running; --all shows all");
	which_free(dirs, count);
	buf_release(&out);
	return NNI_OK;
}

/* ---- status ---- */

static void
add_counts(struct buf *out, const struct trials *t)
{
	struct buf counts = BUF_INIT;

	buf_addc(&counts, '{');
	for (int s = STATUS_UNKNOWN; s <= STATUS_EARLY_STOPPED; s++)
		if (t->by_status[s] > 0)
			json_member_int(&counts,
			    status_name((enum trial_status)s),
			    (int64_t)t->by_status[s]);
	buf_addc(&counts, '}');
	json_member_raw(out, "trials", (struct json){counts.data, counts.len});
	buf_release(&counts);
}

int
ctl_status(int argc, char **argv)
{
	static const struct json none = {"[]", 2};
	struct buf out = BUF_INIT;
	struct experiment e;
	int code = which_read(argc, argv, &e);

	if (code == NNI_OK) {
		buf_addc(&out, '{');
		json_member_str(&out, "id", expdir_id(e.dir));
		json_member_str(&out, "status", state_name(&e));
		json_member_raw(&out, "errors", none);
		add_counts(&out, &e.trials);
		buf_adds(&out, "}\n");
		print(&out);
	}
	experiment_release(&e);
	buf_release(&out);
	return code;
}

/* ---- show ---- */

/* The configuration without its secrets. */
static int
read_config(const char *dir, struct buf *json)
{
	struct buf path = BUF_INIT, file = BUF_INIT, err = BUF_INIT;
	const char *argv[] = {NULL, "--redact", "--no-tuner", NULL, NULL};
	struct proc_spec spec = {
	    .argv = (char *const *)argv, .in = {PROC_NULL, OS_NO_FILE}};
	struct proc_end end = {false, NNI_TEMPORARY};

	expdir_path(&file, dir, "config.json");
	argv[3] = file.data;
	if (tool_find("nni-config", &path, &err) == 0) {
		argv[0] = path.data;
		proc_run(&spec, json, 0, &end, &err);
		buf_rtrim(json);
	}
	if (err.len > 0)
		say_error(NNI_TEMPORARY, "%s", err.data);
	buf_release(&path);
	buf_release(&file);
	buf_release(&err);
	return end.signaled ? NNI_TEMPORARY : end.code;
}

static void
add_best(struct buf *out, const struct trials *t)
{
	struct buf best = BUF_INIT;

	if (t->best < 0)
		return;
	buf_addc(&best, '{');
	json_member_str(&best, "trialJobId", t->list[t->best].id);
	json_member_raw(&best, "value",
	    (struct json){t->best_value, strlen(t->best_value)});
	if (t->best_parameters != NULL)
		json_member_raw(&best, "parameter",
		    (struct json){
			t->best_parameters, strlen(t->best_parameters)});
	buf_addc(&best, '}');
	json_member_raw(out, "best", (struct json){best.data, best.len});
	buf_release(&best);
}

static void
add_experiment(
    struct buf *out, const struct experiment *e, const struct buf *params)
{
	int64_t ran = e->ran_ms;

	if (e->last == SESSION_OPEN)
		ran += e->last_ms - e->session_start_ms;
	buf_addc(out, '{');
	json_member_str(out, "id", expdir_id(e->dir));
	json_member_str(out, "status", state_name(e));
	json_member_int(out, "execDuration", ran / 1000);
	json_member_str(out, "logDir", e->dir);
	json_member_int(out, "nextSequenceId", e->trials.next_sequence);
	json_member_int(out, "startTime", e->created_ms);
	add_counts(out, &e->trials);
	add_best(out, &e->trials);
	json_member_raw(
	    out, "params", (struct json){params->data, params->len});
	buf_adds(out, "}\n");
}

int
ctl_show(int argc, char **argv)
{
	struct buf out = BUF_INIT, params = BUF_INIT;
	struct experiment e;
	int code = which_read(argc, argv, &e);

	if (code == NNI_OK)
		code = read_config(e.dir, &params);
	if (code == NNI_OK) {
		add_experiment(&out, &e, &params);
		print(&out);
	}
	experiment_release(&e);
	buf_release(&out);
	buf_release(&params);
	return code;
}

int
ctl_config(int argc, char **argv)
{
	struct buf dir = BUF_INIT, json = BUF_INIT;
	int code = which_one(argc, argv, &dir);

	if (code == NNI_OK)
		code = read_config(dir.data, &json);
	buf_addc(&json, '\n');
	if (code == NNI_OK)
		print(&json);
	buf_release(&dir);
	buf_release(&json);
	return code;
}

/* ---- top ---- */

struct top {
	struct loop *loop;
	struct timer timer;
	const char *dir; /* NULL: all that run */
	bool drawn;
};

static size_t
add_picture(struct buf *out, const struct top *t)
{
	struct buf one = BUF_INIT;
	char **dirs;
	size_t count = 1;

	if (t->dir != NULL) {
		char *only[1];

		buf_set(&one, t->dir);
		only[0] = one.data;
		add_lines(out, only, 1);
		count = state_is_running(t->dir);
	} else {
		which_all(true, &dirs, &count);
		add_lines(out, dirs, count);
		which_free(dirs, count);
	}
	buf_release(&one);
	return count;
}

static void
draw(void *arg)
{
	struct top *t = arg;
	struct buf out = BUF_INIT;
	size_t running;
	bool read;

	if (t->drawn)
		buf_adds(&out, "\033[H\033[J");
	running = add_picture(&out, t);
	read = print(&out) == 0;
	buf_release(&out);
	if (!t->drawn || !read || running == 0) {
		if (running == 0)
			say("no experiment is running");
		loop_stop(t->loop, 0);
		return;
	}
	timer_set(t->loop, &t->timer, o.time_ms, draw, t);
}

int
ctl_top(int argc, char **argv)
{
	struct buf dir = BUF_INIT;
	struct top t = {.loop = loop_new()};
	int code = NNI_OK;

	if (argc > 0) {
		code = which_one(argc, argv, &dir);
		t.dir = dir.data;
	}
	t.drawn =
	    console_is_terminal(sys_stdout()) && console_ansi(sys_stdout());
	if (code == NNI_OK) {
		timer_set(t.loop, &t.timer, 0, draw, &t);
		loop_run(t.loop);
	}
	loop_free(t.loop);
	buf_release(&dir);
	return code;
}
