/* The trials of an experiment as a table for other programs. */
#include "report.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "attempts.h"
#include "csv.h"
#include "json.h"
#include "mem.h"
#include "phases.h"
#include "record.h"

struct row {
	struct attempt key;
	int64_t sequence;
	enum trial_status status;
	char *parameters; /* JSON text, as it came */
	char *metric;	  /* the final one's value */
	int64_t phase;	  /* whose both are: the last that has a result */
	struct phases phases;
};

struct report {
	char separator;
	struct attempts rows;
	struct csv_columns columns;
};

struct report *
report_new(char separator)
{
	struct report *r = xcalloc(1, sizeof(*r));

	r->separator = separator;
	return r;
}

void
report_free(struct report *r)
{
	size_t i;

	if (!r)
		return;
	for (i = 0; i < r->rows.count; i++) {
		free(((struct row *)r->rows.all[i])->parameters);
		free(((struct row *)r->rows.all[i])->metric);
		phases_release(&((struct row *)r->rows.all[i])->phases);
	}
	attempts_release(&r->rows);
	csv_columns_release(&r->columns);
	free(r);
}

/* ---- taking records ---- */

static void
keep(char **text, struct json v)
{
	if (!v.at)
		return;
	free(*text);
	*text = xstrndup(v.at, v.len);
}

static void
take_final(struct row *row, const struct record *r)
{
	const struct phase *p = phases_of(&row->phases, r->parameter_id);

	if (p == NULL && !row->metric) {
		keep(&row->metric, r->value);
	} else if (p != NULL && p->index > row->phase) {
		keep(&row->metric, r->value);
		keep(&row->parameters, p->parameters);
		row->phase = p->index;
	}
}

static void
take(struct report *report, const struct record *r)
{
	struct row *row;

	if (!r->trial[0] ||
	    (r->type != RECORD_TRIAL && r->type != RECORD_SPEC &&
		r->type != RECORD_STATUS && r->type != RECORD_METRIC &&
		r->type != RECORD_UPDATE))
		return;
	row = attempts_find(&report->rows, r->trial, r->attempt);
	if (!row) {
		row = attempts_add(
		    &report->rows, r->trial, r->attempt, sizeof(*row));
		row->sequence = -1;
	}
	if (r->type == RECORD_METRIC) {
		if (record_is(r->kind, "final"))
			take_final(row, r);
	} else if (r->type == RECORD_UPDATE) {
		phases_take(&row->phases, r);
	} else if (r->type == RECORD_STATUS) {
		if (r->status && !status_is_end(row->status))
			row->status = r->status;
	} else {
		if (r->sequence >= 0)
			row->sequence = r->sequence;
		if (r->type == RECORD_SPEC && !row->status)
			row->status = STATUS_WAITING;
		keep(&row->parameters, r->parameters);
	}
}

void
report_take(struct report *report, const char *lines, size_t len)
{
	const char *end = lines + len, *lf;
	struct record r;

	for (; lines < end; lines = lf + 1) {
		lf = memchr(lines, '\n', (size_t)(end - lines));
		if (!lf)
			lf = end;
		if (record_parse(&r, lines, (size_t)(lf - lines), NULL) == 0)
			take(report, &r);
	}
}

/* ---- values ---- */

typedef void cell_fn(void *arg, const char *name, struct json value);

/* Each leaf of an object, by its dotted name. */
static void
leaves(struct buf *name, struct json v, cell_fn *fn, void *arg)
{
	struct json_iter it;
	struct json key, value;
	size_t len = name->len;

	if (json_type(v) != JSON_OBJECT) {
		fn(arg, name->data, v);
		return;
	}
	json_iter_init(&it, v);
	while (json_next(&it, &key, &value)) {
		if (len)
			buf_addc(name, '.');
		json_string(json_key_string(key), name);
		leaves(name, value, fn, arg);
		buf_cut(name, len);
	}
}

/*
 * A row's parameters by their names and its metric as "metric"; of a metric
 * that is an object "default" is the one that counts (NNI), the others are
 * metric.NAME.  A parameter with the name of a column of ours gets a prefix.
 */
struct cells {
	cell_fn *fn;
	void *arg;
};

static void
parameter(void *arg, const char *name, struct json v)
{
	static const char *const ours[] = {
	    "trial", "sequence", "attempt", "status", "metric"};
	struct cells *c = arg;
	struct buf full = BUF_INIT;
	size_t i;

	for (i = 0; i < sizeof(ours) / sizeof(ours[0]); i++)
		if (!strcmp(name, ours[i]) || !strncmp(name, "metric.", 7))
			break;
	buf_addf(&full, "%s%s",
	    i < sizeof(ours) / sizeof(ours[0]) ? "parameters." : "", name);
	c->fn(c->arg, full.data, v);
	buf_release(&full);
}

static void
metric(void *arg, const char *name, struct json v)
{
	struct cells *c = arg;

	c->fn(c->arg, strcmp(name, "metric.default") ? name : "metric", v);
}

static void
each_cell(const struct row *row, cell_fn *fn, void *arg)
{
	struct cells c = {fn, arg};
	struct buf name = BUF_INIT;
	struct json v;

	if (row->parameters &&
	    json_check(row->parameters, strlen(row->parameters), JSON_NAN, &v,
		NULL, NULL) == 0)
		leaves(&name, v, parameter, &c);
	buf_set(&name, "metric");
	if (row->metric && json_check(row->metric, strlen(row->metric),
			       JSON_NAN, &v, NULL, NULL) == 0)
		leaves(&name, v, metric, &c);
	buf_release(&name);
}

/* ---- printing ---- */

/* Into the column of that name, which is made if it is new. */
static void
set_cell(void *arg, const char *name, struct json v)
{
	csv_column(arg, name, strlen(name))->cell = v;
}

static void
add_text(struct report *r, struct buf *out, const char *text, size_t len)
{
	size_t i;

	if (r->separator != '\t') {
		csv_field(out, text, len);
		return;
	}
	for (i = 0; i < len; i++) {
		char c = text[i];

		if (c == '\t' || c == '\n' || c == '\\')
			buf_addc(out, '\\');
		buf_addc(out, c == '\t' ? 't' : c == '\n' ? 'n' : c);
	}
}

static void
add_value(struct report *r, struct buf *out, struct json v)
{
	struct buf text = BUF_INIT;

	if (json_string(v, &text) == -1)
		json_add(&text, v);
	add_text(r, out, text.data, text.len);
	buf_release(&text);
}

static void
add_row(struct report *r, struct buf *out, const struct row *row)
{
	size_t i;

	buf_adds(out, row->key.trial);
	buf_addc(out, r->separator);
	if (row->sequence >= 0)
		buf_addf(out, "%" PRId64, row->sequence);
	buf_addf(out, "%c%d%c%s", r->separator, row->key.number, r->separator,
	    status_name(row->status));
	csv_clear_cells(&r->columns);
	each_cell(row, set_cell, &r->columns);
	for (i = 0; i < r->columns.count; i++) {
		buf_addc(out, r->separator);
		add_value(r, out, r->columns.all[i].cell);
	}
	buf_addc(out, '\n');
}

void
report_print(struct report *r, struct buf *out)
{
	size_t i;

	set_cell(&r->columns, "metric", JSON_NONE);
	for (i = 0; i < r->rows.count; i++)
		each_cell((struct row *)r->rows.all[i], set_cell, &r->columns);
	buf_addf(out, "trial%csequence%cattempt%cstatus", r->separator,
	    r->separator, r->separator);
	for (i = 0; i < r->columns.count; i++) {
		buf_addc(out, r->separator);
		add_text(r, out, r->columns.all[i].name, r->columns.all[i].len);
	}
	buf_addc(out, '\n');
	/* A trial is its last attempt. */
	for (i = 0; i < r->rows.count; i++)
		if (attempts_latest(&r->rows, r->rows.all[i]->trial) ==
		    (void *)r->rows.all[i])
			add_row(r, out, (struct row *)r->rows.all[i]);
}
