/*
 * Metrics as NNI's SDKs write them.
 *
 * Nothing here trusts the writer: several processes may report at once, a trial
 * may print into the file, an old SDK may be killed in the middle of a record.
 */
#include <string.h>
#include "metricfile.h"

const char *
metric_kind_name(enum metric_kind k)
{
	static const char *const names[] = {"intermediate", "final", "request"};

	return names[k];
}

void
metric_release(struct metric *m)
{
	buf_release(&m->value);
}

/* ---- the value ---- */

/* Python's words for what JSON cannot say. */
static size_t
odd_number(const char *p, size_t left)
{
	static const char *const words[] = {"NaN", "Infinity", "-Infinity"};
	size_t i, len;

	for (i = 0; i < sizeof(words) / sizeof(*words); i++) {
		len = strlen(words[i]);
		if (left >= len && memcmp(p, words[i], len) == 0)
			return len;
	}
	return 0;
}

/* Well-formed JSON (with JSON_NAN) copied, the odd numbers as strings. */
static void
copy_value(struct buf *out, struct json v)
{
	const char *p = v.at, *end = v.at + v.len, *from = p;
	bool in_string = false;
	size_t len;

	while (p < end) {
		if (in_string && *p == '\\') {
			p += 2;
			continue;
		}
		if (*p == '"')
			in_string = !in_string;
		len = in_string ? 0 : odd_number(p, (size_t)(end - p));
		if (len == 0) {
			p++;
			continue;
		}
		buf_add(out, from, (size_t)(p - from));
		buf_addc(out, '"');
		buf_add(out, p, len);
		buf_addc(out, '"');
		from = p += len;
	}
	buf_add(out, from, (size_t)(end - from));
}

/* A string may hold JSON text (SDKs since v1.4), or be the metric itself. */
static void
take_value(struct buf *out, struct json v)
{
	struct buf text = BUF_INIT_MAX(METRIC_MAX + 1);
	struct json inner;

	buf_clear(out);
	if (json_string(v, &text) == 0 &&
	    memchr(text.data, 0, text.len) == NULL &&
	    json_check(text.data, text.len, JSON_NAN, &inner, NULL, NULL) == 0)
		copy_value(out, inner);
	else
		copy_value(out, v);
	buf_release(&text);
}

/* ---- one record ---- */

static int
take_kind(struct metric *m, struct json type)
{
	if (json_is(type, "\"PERIODICAL\""))
		m->kind = METRIC_INTERMEDIATE;
	else if (json_is(type, "\"FINAL\""))
		m->kind = METRIC_FINAL;
	else if (json_is(type, "\"REQUEST_PARAMETER\""))
		m->kind = METRIC_REQUEST;
	else
		return -1;
	return 0;
}

int
metric_parse(struct metric *m, const char *json, size_t len, struct buf *err)
{
	struct json all, value;

	if (json_check(json, len, JSON_NAN, &all, NULL, err) == -1)
		return -1;
	if (json_type(all) != JSON_OBJECT)
		return buf_err(err, "not an object");
	if (take_kind(m, json_get(all, "type")) == -1)
		return buf_err(err, "a type that NNI does not have");
	if (json_int(json_get(all, "sequence"), &m->sequence) == -1)
		m->sequence = 0;
	if (json_int(json_get(all, "parameter_index"), &m->parameter_index) ==
	    -1)
		m->parameter_index = 0;
	if (json_int(json_get(all, "parameter_id"), &m->parameter_id) == -1)
		m->parameter_id = -1;
	value = json_get(all, "value");
	buf_clear(&m->value);
	if (json_type(value) != JSON_ABSENT)
		take_value(&m->value, value);
	else if (m->kind != METRIC_REQUEST)
		return buf_err(err, "no value");
	return 0;
}

/* ---- the file ---- */

/* The payload's length, or -1: `bytes` does not begin with a head. */
static int64_t
head_length(const char *bytes, size_t len)
{
	int64_t n = 0;
	size_t i;

	if (len < METRIC_HEAD || bytes[0] != 'M' || bytes[1] != 'E')
		return -1;
	for (i = 2; i < METRIC_HEAD; i++) {
		if (bytes[i] < '0' || bytes[i] > '9')
			return -1;
		n = n * 10 + (bytes[i] - '0');
	}
	return n;
}

/* Could this, cut off, be the beginning of a record? */
static bool
may_begin(const char *bytes, size_t len)
{
	static const char like[] = "ME000000{";
	size_t i;

	for (i = 0; i < len && i < sizeof(like) - 1; i++) {
		if (like[i] == '0' ? bytes[i] < '0' || bytes[i] > '9'
				   : bytes[i] != like[i])
			return false;
	}
	return true;
}

/* Where the next record may begin, at least `from`. */
static size_t
resync(const char *bytes, size_t len, size_t from, bool whole)
{
	for (; from < len; from++) {
		if (bytes[from] != 'M' || !may_begin(bytes + from, len - from))
			continue;
		if (!whole || len - from > METRIC_HEAD)
			return from;
	}
	return len;
}

enum metric_step
metricfile_next(struct metric *m, const char *bytes, size_t len, bool whole,
    size_t *used, struct buf *err)
{
	int64_t n;
	size_t end;

	*used = 0;
	buf_clear(err);
	if (len == 0 || (len <= METRIC_HEAD && !whole && may_begin(bytes, len)))
		return METRIC_MORE;
	n = may_begin(bytes, len) ? head_length(bytes, len) : -1;
	end = METRIC_HEAD + (size_t)(n < 0 ? 0 : n);
	if (n > 0 && end <= len) {
		if (metric_parse(m, bytes + METRIC_HEAD, (size_t)n, err) == 0) {
			*used = end;
			return METRIC_FOUND;
		}
		/* Its length is right at least if it ends as records do. */
		*used =
		    bytes[end - 1] == '\n' ? end : resync(bytes, len, 1, whole);
	} else if (n > 0 && !whole) {
		return METRIC_MORE;
	} else {
		buf_set(err, n > 0 ? "cut off" : "not a metric record");
		*used = resync(bytes, len, 1, whole);
	}
	return METRIC_FAULTY;
}

int
metricfile_add(struct buf *out, const char *json, size_t len)
{
	if (len + 1 > METRIC_MAX)
		return -1;
	buf_addf(out, "ME%06zu", len + 1);
	buf_add(out, json, len);
	buf_addc(out, '\n');
	return 0;
}

/* ---- in a line of output ---- */

/* One level of a Python bytes literal undone. */
static void
unescape(struct buf *out, const char *p, size_t len)
{
	static const char hex[] = "0123456789abcdef";
	const char *end = p + len;

	for (; p < end; p++) {
		if (*p != '\\' || p + 1 == end) {
			buf_addc(out, *p);
			continue;
		}
		p++;
		if (*p == 'x' && end - p > 2 && strchr(hex, p[1]) &&
		    strchr(hex, p[2]) && p[1] != '\0' && p[2] != '\0') {
			buf_addc(out, (char)((strchr(hex, p[1]) - hex) * 16 +
					     (strchr(hex, p[2]) - hex)));
			p += 2;
		} else {
			buf_addc(out, *p == 'n'	  ? '\n'
				      : *p == 't' ? '\t'
				      : *p == 'r' ? '\r'
						  : *p);
		}
	}
}

/* From behind the opening quote on; the text may hold quotes itself. */
static int
parse_quoted(struct metric *m, const char *text, size_t len, char quote,
    size_t *used, struct buf *err)
{
	struct buf plain = BUF_INIT;
	struct json v;
	int64_t n = json_scan(text, len, JSON_NAN, &v, NULL, NULL);
	size_t last = len;
	int r;

	/* v1.5 and later put the JSON there as it is: it ends where it ends,
	   also if something was printed behind it. */
	if (n > 0 && metric_parse(m, v.at, v.len, NULL) == 0) {
		*used = (size_t)n;
		return 1;
	}
	while (last > 0 && text[last - 1] != quote)
		last--;
	if (last == 0)
		return buf_err(err, "a metric without its closing quote");
	*used = last;
	unescape(&plain, text, last - 1);
	r = metric_parse(m, plain.data, plain.len, err) == 0 ? 1 : -1;
	buf_release(&plain);
	return r;
}

int
metric_in_line(struct metric *m, const char *line, size_t len, size_t *rest,
    struct buf *err)
{
	static const char mark[] = "NNISDK_MEb";
	size_t marked = sizeof(mark) - 1, at, used = 0;
	int r;

	for (at = 0; at + marked < len; at++) {
		if (line[at] != 'N' || memcmp(line + at, mark, marked) != 0 ||
		    strchr("'\"", line[at + marked]) == NULL ||
		    line[at + marked] == '\0')
			continue;
		at += marked + 1;
		r = parse_quoted(
		    m, line + at, len - at, line[at - 1], &used, err);
		if (rest != NULL)
			*rest = at + used;
		return r;
	}
	if (rest != NULL)
		*rest = len;
	return 0;
}

/* ---- records ---- */

void
metric_record(struct buf *line, const struct metric *m, const struct attempt *a,
    bool with_id, int64_t time_ms, struct json at)
{
	record_begin_trial(line, "metric", a->trial, a->number);
	json_member_str(line, "kind", metric_kind_name(m->kind));
	json_member_int(line, "sequence", m->sequence);
	if (m->kind == METRIC_REQUEST)
		json_member_int(line, "parameter_index", m->parameter_index);
	else
		json_member_raw(
		    line, "value", (struct json){m->value.data, m->value.len});
	if (with_id && m->kind != METRIC_REQUEST && m->parameter_id >= 0)
		json_member_int(line, "parameter_id", m->parameter_id);
	json_member_time(line, "time", time_ms);
	json_member_raw(line, "at", at);
	record_end(line);
}

void
end_record(struct buf *line, const struct record *end, bool has_final,
    const char *incomplete)
{
	struct buf quoted = BUF_INIT;

	if (incomplete != NULL) {
		json_add_str(&quoted, incomplete);
		record_set(line, end->line, "metrics_incomplete",
		    (struct json){quoted.data, quoted.len});
	} else if (end->status == STATUS_SUCCEEDED && !has_final) {
		record_set(line, end->line, "no_final_metric",
		    (struct json){"true", 4});
	} else {
		json_add(line, end->line);
	}
	buf_release(&quoted);
}
