/* experiment status, show; config show. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "canonical.h"
#include "expdir.h"
#include "nnictl.h"
#include "places.h"
#include "say.h"
#include "os/sys.h"

static int
print(const struct buf *b)
{
	return say_data(b->data, b->len);
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

static void
set(struct buf *json, const char *key, const char *value)
{
	struct buf new = BUF_INIT;

	record_set(&new, (struct json){json->data, json->len}, key,
	    (struct json){value, strlen(value)});
	buf_release(json);
	*json = new;
}

static void
set_int(struct buf *json, const char *key, int64_t n)
{
	struct buf text = BUF_INIT;

	json_add_int(&text, n);
	if (n >= 0)
		set(json, key, text.data);
	buf_release(&text);
}

/* What was changed since is in force. */
static void
set_changes(struct buf *json, const struct experiment *e)
{
	struct buf text = BUF_INIT;

	set_int(json, "trialConcurrency", e->concurrency);
	set_int(json, "maxTrialNumber", e->max_trials);
	json_add_double(&text, (double)e->max_duration_ms / 1000);
	if (e->max_duration_ms % 1000 == 0)
		set_int(
		    json, "maxExperimentDuration", e->max_duration_ms / 1000);
	else if (e->max_duration_ms > 0)
		set(json, "maxExperimentDuration", text.data);
	if (e->search_space != NULL)
		set(json, "searchSpace", e->search_space);
	buf_release(&text);
}

/* The configuration without its secrets. */
static int
read_config(const struct experiment *e, struct buf *json)
{
	static const char *const options[] = {"--redact", "--no-tuner", NULL};
	struct buf file = BUF_INIT, err = BUF_INIT;
	int code;

	expdir_path(&file, e->dir, "config.json");
	code = canonical_read(file.data, options, json, &err);
	if (err.len > 0)
		say_error(code, "%s", err.data);
	else if (code == NNI_OK)
		set_changes(json, e);
	buf_release(&file);
	buf_release(&err);
	return code;
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
	json_key(out, "places");
	trials_add_places(out, &e->trials);
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
		code = read_config(&e, &params);
	if (code == NNI_OK) {
		add_experiment(&out, &e, &params);
		print(&out);
	}
	experiment_release(&e);
	buf_release(&out);
	buf_release(&params);
	return code;
}

/* A journal that cannot be read hides no configuration. */
int
ctl_config(int argc, char **argv)
{
	struct buf dir = BUF_INIT, json = BUF_INIT, err = BUF_INIT;
	struct experiment e;
	int code = which_to_read(argc, argv, &dir);

	experiment_init(&e, dir.data);
	if (code == NNI_OK && experiment_replay(&e, NULL, &err) != 0)
		say_warning("%s", err.data);
	if (code == NNI_OK)
		code = read_config(&e, &json);
	buf_addc(&json, '\n');
	if (code == NNI_OK)
		print(&json);
	experiment_release(&e);
	buf_release(&dir);
	buf_release(&json);
	buf_release(&err);
	return code;
}
