/* trial ls and experiment export: what came of the trials. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "columns.h"
#include "csv.h"
#include "expdir.h"
#include "mem.h"
#include "metric.h"
#include "nnictl.h"
#include "places.h"
#include "say.h"
#include "table.h"
#include "when.h"
#include "os/file.h"
#include "os/sys.h"

/* ---- which trials, in which order ---- */

struct pick {
	const struct trial **list;
	size_t count;
};

static bool sort_minimize;

static int
by_result(const void *a, const void *b)
{
	const struct trial *x = *(const struct trial *const *)a;
	const struct trial *y = *(const struct trial *const *)b;
	int d = x->final < y->final ? -1 : x->final > y->final;

	return sort_minimize ? d : -d;
}

/* All; or (--head, --tail) those with a result, best first: NNI's rule. */
static void
pick_trials(struct pick *p, const struct trials *t)
{
	bool ranked = o.head > 0 || o.tail > 0;
	size_t most = (size_t)(o.head > 0 ? o.head : o.tail);

	p->list = xcalloc(t->count + 1, sizeof(*p->list));
	p->count = 0;
	for (size_t i = 0; i < t->count; i++)
		if (!ranked || t->list[i].flags & TRIAL_NUMBER)
			p->list[p->count++] = &t->list[i];
	if (!ranked)
		return;
	sort_minimize = t->minimize;
	qsort(p->list, p->count, sizeof(*p->list), by_result);
	if (p->count <= most)
		return;
	if (o.head == 0)
		memmove(p->list, p->list + p->count - most,
		    most * sizeof(*p->list));
	p->count = most;
}

/* ---- trial ls ---- */

static struct json
text_json(const char *text)
{
	return (struct json){text, strlen(text)};
}

/* What the tuner saw; the whole object is in the JSON form. */
static struct json
reward(struct json v)
{
	return json_type(v) == JSON_OBJECT ? json_get(v, "default") : v;
}

static void
add_trial(struct buf *out, const struct experiment *e, const struct trial *tr)
{
	const struct trial_text *text = tr->text;
	struct buf dir = BUF_INIT;

	expdir_trial(&dir, e->dir, tr->id, tr->attempt);
	buf_addc(out, '{');
	json_member_str(out, "trialJobId", tr->id);
	json_member_int(out, "sequenceId", tr->sequence);
	json_member_str(
	    out, "status", status_name((enum trial_status)tr->status));
	if (text->reason != NULL)
		json_member_str(out, "message", text->reason);
	if (trial_where(tr, "place").at != NULL) {
		json_member_raw(out, "platform", trial_where(tr, "platform"));
		json_member_raw(out, "place", trial_where(tr, "place"));
	}
	json_member_int(out, "parameterId", trial_parameter_id(tr));
	if (trial_parameters(tr).at != NULL)
		json_member_raw(out, "hyperParameters", trial_parameters(tr));
	if (text->value != NULL)
		json_member_raw(out, "finalMetricData", text_json(text->value));
	if (tr->start_ms > 0)
		json_member_int(out, "startTime", tr->start_ms);
	if (tr->end_ms > 0)
		json_member_int(out, "endTime", tr->end_ms);
	if (tr->attempt > 1)
		json_member_int(out, "attempt", tr->attempt);
	json_member_str(out, "logPath", dir.data);
	buf_addc(out, '}');
	buf_release(&dir);
}

static void
add_array(struct buf *out, const struct experiment *e, const struct pick *p)
{
	buf_addc(out, '[');
	for (size_t i = 0; i < p->count; i++) {
		buf_adds(out, i > 0 ? ",\n" : "\n");
		add_trial(out, e, p->list[i]);
	}
	buf_adds(out, p->count > 0 ? "\n]\n" : "]\n");
}

/* ---- the same for people ---- */

static const struct column trial_columns[] = {{"TRIAL", 0, false},
    {"NO", 0, true}, {"STATUS", 0, false}, {"RESULT", 8, true},
    {"TIME", 0, true}, {"PARAMETERS", 12, false}, {"HOW", 6, false},
    {NULL, 0, false}};
/* Where there is more than one place. */
static const struct column placed_columns[] = {{"TRIAL", 0, false},
    {"NO", 0, true}, {"STATUS", 0, false}, {"PLACE", 10, false},
    {"RESULT", 8, true}, {"TIME", 0, true}, {"PARAMETERS", 12, false},
    {"HOW", 6, false}, {NULL, 0, false}};

static void
add_took(struct columns *table, const struct trial *tr)
{
	int64_t until = tr->flags & TRIAL_ENDED ? tr->end_ms : clock_wall_ms();
	struct buf b = BUF_INIT;

	if (tr->start_ms > 0 && until >= tr->start_ms)
		when_add_duration(&b, until - tr->start_ms);
	columns_add(table, b.data);
	buf_release(&b);
}

static void
add_cells(struct columns *table, const struct trial *tr, bool placed)
{
	const struct trial_text *text = tr->text;
	struct buf b = BUF_INIT;

	columns_add(table, tr->id);
	columns_addf(table, "%" PRId64, tr->sequence);
	columns_add(table, status_word((enum trial_status)tr->status));
	if (placed) {
		trial_place_text(&b, tr);
		columns_add(table, b.data);
		buf_clear(&b);
	}
	if (text->value != NULL)
		table_text(&b, reward(text_json(text->value)));
	columns_add(table, b.data);
	add_took(table, tr);
	buf_clear(&b);
	table_text(&b, trial_parameters(tr));
	columns_add(table, b.data);
	columns_add(table, text->how != NULL ? text->how : "");
	buf_release(&b);
}

static void
add_table(struct buf *out, const struct experiment *e, const struct pick *p)
{
	bool placed = trials_have_places(&e->trials);
	struct columns *table =
	    columns_new(placed ? placed_columns : trial_columns);

	for (size_t i = 0; i < p->count; i++)
		add_cells(table, p->list[i], placed);
	columns_print(table, columns_width(), out);
	columns_free(table);
}

static bool
want_table(void)
{
	return o.format != NULL ? strcmp(o.format, "table") == 0
				: console_is_terminal(sys_stdout());
}

int
ctl_trials(int argc, char **argv)
{
	struct buf out = BUF_INIT;
	struct experiment e;
	struct pick p = {NULL, 0};
	int code = which_read(argc, argv, &e);

	if (code == NNI_OK) {
		pick_trials(&p, &e.trials);
		if (want_table())
			add_table(&out, &e, &p);
		else
			add_array(&out, &e, &p);
		say_data(out.data, out.len);
		if (p.count == 0 && want_table())
			say("experiment %s has no %s yet", expdir_id(e.dir),
			    o.head > 0 || o.tail > 0 ? "results" : "trials");
	}
	free(p.list);
	experiment_release(&e);
	buf_release(&out);
	return code;
}

/* ---- export as JSON ---- */

/* A result with its parameters: a multi-phase trial may have several. */
struct export
{
	size_t trial, at;
	const struct trial *tr;
	struct json parameters, value;
};

static bool
export_next(struct export *e, const struct trials *t)
{
	for (; e->trial < t->count; e->trial++, e->at = 0) {
		e->tr = &t->list[e->trial];
		while (
		    trial_next_result(e->tr, &e->at, &e->parameters, &e->value))
			if (e->parameters.at != NULL)
				return true;
	}
	return false;
}

static void
add_intermediate(struct buf *out, const struct trial *tr)
{
	buf_addc(out, '[');
	buf_add(out, tr->text->results.data, tr->text->results.len);
	buf_addc(out, ']');
}

static void
add_json(struct buf *out, const struct trials *t)
{
	struct buf list = BUF_INIT;
	struct export e = {0};
	bool first = true;

	buf_addc(out, '[');
	while (export_next(&e, t)) {
		buf_adds(out, first ? "\n{" : ",\n{");
		first = false;
		json_member_raw(out, "parameter", e.parameters);
		json_member_raw(out, "value", e.value);
		json_member_str(out, "trialJobId", e.tr->id);
		if (o.intermediate) {
			buf_clear(&list);
			add_intermediate(&list, e.tr);
			json_member_raw(out, "intermediate",
			    (struct json){list.data, list.len});
		}
		buf_addc(out, '}');
	}
	buf_adds(out, "\n]\n");
	buf_release(&list);
}

/* ---- export as CSV (RFC 4180) ---- */

/* The parameters of a result into the columns of their names, made if they are
 * new.
 */
static void
set_cells(struct csv_columns *c, struct json parameters)
{
	struct buf name = BUF_INIT;
	struct json_iter it;
	struct json key, value;

	json_iter_init(&it, parameters);
	while (json_next(&it, &key, &value)) {
		buf_clear(&name);
		json_string(json_key_string(key), &name);
		csv_column(c, name.data, name.len)->cell = value;
	}
	buf_release(&name);
}

static void
add_title(struct buf *out, const struct csv_columns *c)
{
	for (size_t k = 0; k < c->count; k++) {
		csv_field(out, c->all[k].name, c->all[k].len);
		buf_addc(out, ',');
	}
	buf_addf(out, "reward,trialJobId%s\r\n",
	    o.intermediate ? ",intermediate" : "");
}

static void
add_row(struct buf *out, struct csv_columns *c, const struct export *e)
{
	struct buf list = BUF_INIT;

	csv_clear_cells(c);
	set_cells(c, e->parameters);
	for (size_t k = 0; k < c->count; k++) {
		csv_value(out, c->all[k].cell);
		buf_addc(out, ',');
	}
	csv_value(out, reward(e->value));
	buf_addf(out, ",%s", e->tr->id);
	if (o.intermediate) {
		add_intermediate(&list, e->tr);
		buf_addc(out, ',');
		csv_field(out, list.data, list.len);
	}
	buf_adds(out, "\r\n");
	buf_release(&list);
}

static void
add_csv(struct buf *out, const struct trials *t)
{
	struct csv_columns c = {0};
	struct export e = {0}, again = {0};

	while (export_next(&e, t))
		set_cells(&c, e.parameters);
	add_title(out, &c);
	while (export_next(&again, t))
		add_row(out, &c, &again);
	csv_columns_release(&c);
}

int
ctl_export(int argc, char **argv)
{
	bool csv = o.type != NULL && strcmp(o.type, "csv") == 0;
	struct buf out = BUF_INIT, err = BUF_INIT;
	struct experiment e;
	int code;

	if (o.filename == NULL)
		return say_error(NNI_USAGE, "--filename FILE says where to");
	code = which_read(argc, argv, &e);
	if (code == NNI_OK && csv)
		add_csv(&out, &e.trials);
	else if (code == NNI_OK)
		add_json(&out, &e.trials);
	if (code != NNI_OK)
		;
	else if (strcmp(o.filename, "-") == 0)
		say_data(out.data, out.len);
	else if (file_replace(
		     o.filename, out.data, out.len, 0666, false, &err) != 0)
		code = say_error(NNI_TEMPORARY, "%s", err.data);
	experiment_release(&e);
	buf_release(&out);
	buf_release(&err);
	return code;
}
