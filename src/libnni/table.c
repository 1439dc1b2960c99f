/* Records for people. */
#include "table.h"

#include <inttypes.h>
#include <string.h>

#include "quote.h"

void
table_text(struct buf *out, struct json v)
{
	size_t from = out->len;

	if (json_type(v) != JSON_STRING)
		json_add_readable(out, v);
	else
		json_string(v, out);
	quote_visible_tail(out, from);
}

/* trial, attempt (when it is not the first), and what is to be said. */
static void
begin_row(struct buf *out, const struct record *r, const char *what)
{
	char id[32];
	struct buf b = BUF_INIT_MAX(sizeof(id));

	buf_adds(&b, r->trial);
	if (r->attempt > 1)
		buf_addf(&b, "-%d", r->attempt);
	buf_addf(out, "%-9s %-14s ", b.data, what);
	buf_release(&b);
}

void
table_title(struct buf *out)
{
	buf_addf(out, "%-9s %-14s %s\n", "TRIAL", "WHAT", "DETAIL");
}

static void
trial_row(struct buf *out, const struct record *r)
{
	begin_row(out, r, "trial");
	if (r->sequence >= 0)
		buf_addf(out, "#%" PRId64 " ", r->sequence);
	if (r->place.at) {
		buf_adds(out, "on ");
		table_text(out, r->place);
		buf_addc(out, ' ');
	}
	table_text(out, r->parameters);
}

static void
add_comma(struct buf *out, size_t from)
{
	if (out->len > from)
		buf_adds(out, ", ");
}

/* What the reason does not say already. */
static void
add_part(struct buf *out, size_t from, const struct buf *part)
{
	const char *said =
	    out->len > from ? strstr(out->data + from, part->data) : NULL;
	char next = said != NULL ? said[part->len] : '0';

	if (said != NULL && (next < '0' || next > '9'))
		return;
	add_comma(out, from);
	buf_add(out, part->data, part->len);
}

void
table_how(struct buf *out, const struct record *r)
{
	struct json code = record_get(r, "exit_code");
	struct json sig = record_get(r, "signal");
	size_t from = out->len;
	struct buf part = BUF_INIT;

	table_text(out, r->reason);
	if (code.at && !json_is(code, "0")) {
		buf_addf(&part, "exit code %.*s", (int)code.len, code.at);
		add_part(out, from, &part);
	}
	if (sig.at) {
		buf_setf(&part, "signal ");
		table_text(&part, sig);
		add_part(out, from, &part);
	}
	buf_release(&part);
	if (record_get(r, "metrics_incomplete").at) {
		add_comma(out, from);
		buf_adds(out, "metrics incomplete");
	}
	if (json_bool(record_get(r, "no_final_metric"), false)) {
		add_comma(out, from);
		buf_adds(out, "no final metric");
	}
}

static void
status_row(struct buf *out, const struct record *r)
{
	begin_row(out, r, status_name(r->status));
	table_how(out, r);
}

void
table_row(struct buf *out, const struct record *r)
{
	switch (r->type) {
	case RECORD_TRIAL:
		trial_row(out, r);
		break;
	case RECORD_STATUS:
		status_row(out, r);
		break;
	case RECORD_METRIC:
		begin_row(
		    out, r, record_is(r->kind, "final") ? "final" : "metric");
		table_text(out, r->value);
		break;
	case RECORD_ERROR:
		begin_row(out, r, "error");
		table_text(out, record_get(r, "message"));
		if (record_get(r, "where").at) {
			buf_adds(out, " at ");
			table_text(out, record_get(r, "where"));
		}
		break;
	case RECORD_OTHER:
		if (!record_is(r->type_text, "log"))
			return;
		begin_row(out, r, "log");
		table_text(out, record_get(r, "text"));
		break;
	default:
		return;
	}
	while (out->len && out->data[out->len - 1] == ' ')
		buf_cut(out, out->len - 1);
	buf_addc(out, '\n');
}
