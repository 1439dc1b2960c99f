/* The trials of an experiment as a table for other programs. */
#include "report.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "attempts.h"
#include "hash.h"
#include "json.h"
#include "mem.h"
#include "record.h"

struct row {
	struct attempt key;
	int64_t sequence;
	enum trial_status status;
	char *parameters; /* JSON text, as it came */
	char *metric;	  /* the final one's value */
};

/* The names of columns in the order in which they were met. */
struct columns {
	char **names;
	size_t count;
	struct hash_set known;
};

struct report {
	char separator;
	struct attempts rows;
	struct columns columns;
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
	}
	attempts_release(&r->rows);
	for (i = 0; i < r->columns.count; i++)
		free(r->columns.names[i]);
	free(r->columns.names);
	hash_set_release(&r->columns.known);
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
take(struct report *report, const struct record *r)
{
	struct row *row;

	if (!r->trial[0] ||
	    (r->type != RECORD_TRIAL && r->type != RECORD_SPEC &&
		r->type != RECORD_STATUS && r->type != RECORD_METRIC))
		return;
	row = attempts_find(&report->rows, r->trial, r->attempt);
	if (!row) {
		row = attempts_add(
		    &report->rows, r->trial, r->attempt, sizeof(*row));
		row->sequence = -1;
	}
	if (r->type == RECORD_METRIC) {
		if (record_is(r->kind, "final"))
			keep(&row->metric, r->value);
	} else if (r->type == RECORD_STATUS) {
		if (r->status && !status_is_end(row->status))
			row->status = r->status;
	} else {
		if (r->sequence >= 0)
			row->sequence = r->sequence;
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
		json_add(name, key);
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

static void
add_column(void *arg, const char *name, struct json v)
{
	struct columns *c = arg;

	(void)v;
	if (!hash_set_add(&c->known, hash_bytes(name, strlen(name))))
		return;
	c->names = xreallocarray(c->names, c->count + 1, sizeof(*c->names));
	c->names[c->count++] = xstrdup(name);
}

static void
add_text(struct report *r, struct buf *out, const char *text)
{
	const char *p;

	if (r->separator == '\t') {
		for (p = text; *p; p++) {
			if (*p == '\t' || *p == '\n' || *p == '\\')
				buf_addc(out, '\\');
			buf_addc(out, *p == '\t' ? 't' : *p == '\n' ? 'n' : *p);
		}
	} else if (!strpbrk(text, ",\"\r\n")) {
		buf_adds(out, text);
	} else {
		buf_addc(out, '"');
		for (p = text; *p; p++) {
			if (*p == '"')
				buf_addc(out, '"');
			buf_addc(out, *p);
		}
		buf_addc(out, '"');
	}
}

struct search {
	const char *name;
	struct json found;
};

static void
look(void *arg, const char *name, struct json v)
{
	struct search *s = arg;

	if (!strcmp(name, s->name))
		s->found = v;
}

static void
add_cell(struct report *r, struct buf *out, const struct row *row,
    const char *column)
{
	struct search s = {column, JSON_NONE};
	struct buf text = BUF_INIT;

	each_cell(row, look, &s);
	if (json_string(s.found, &text) == -1)
		json_add(&text, s.found);
	add_text(r, out, text.data);
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
	for (i = 0; i < r->columns.count; i++) {
		buf_addc(out, r->separator);
		add_cell(r, out, row, r->columns.names[i]);
	}
	buf_addc(out, '\n');
}

void
report_print(struct report *r, struct buf *out)
{
	size_t i;

	add_column(&r->columns, "metric", JSON_NONE);
	for (i = 0; i < r->rows.count; i++)
		each_cell(
		    (struct row *)r->rows.all[i], add_column, &r->columns);
	buf_addf(out, "trial%csequence%cattempt%cstatus", r->separator,
	    r->separator, r->separator);
	for (i = 0; i < r->columns.count; i++) {
		buf_addc(out, r->separator);
		add_text(r, out, r->columns.names[i]);
	}
	buf_addc(out, '\n');
	/* A trial is its last attempt. */
	for (i = 0; i < r->rows.count; i++)
		if (attempts_latest(&r->rows, r->rows.all[i]->trial) ==
		    (void *)r->rows.all[i])
			add_row(r, out, (struct row *)r->rows.all[i]);
}
