/* Records of a platform's jq program: checked, completed, passed on. */
#include <stdlib.h>
#include <string.h>

#include "engine.h"
#include "mem.h"
#include "metricfile.h"
#include "os/sys.h"
#include "say.h"

/* ---- submit ---- */

static void
say_job(struct subject *s, struct json job)
{
	struct buf line = BUF_INIT;
	struct json all;

	if (json_check(
		s->line, strlen(s->line), JSON_STRICT, &all, NULL, NULL) == 0) {
		record_set(&line, all, "job", job);
		filter_put_buf(&s->engine->filter, &line);
	}
	buf_release(&line);
	subject_settle(s);
}

static void
say_no_room(struct subject *s, struct json why)
{
	struct buf line = BUF_INIT;
	struct record r;

	if (record_parse(&r, s->line, strlen(s->line), NULL) == 0) {
		record_begin_trial(&line, "no_room", s->a.trial, s->a.number);
		json_member_raw(&line, "place", r.place);
		json_member_raw(&line, "reason", why);
		record_end(&line);
		filter_put_buf(&s->engine->filter, &line);
	}
	buf_release(&line);
	subject_settle(s);
}

void
records_no_room(struct subject *s, const char *why)
{
	struct buf reason = BUF_INIT;

	json_add_str(&reason, why);
	say_no_room(s, (struct json){reason.data, reason.len});
	buf_release(&reason);
}

/* ---- statuses ---- */

/* The status record of what jq said, but for its time. */
static void
status_record(struct subject *s, struct json record, struct buf *out)
{
	struct json_iter it;
	struct json key, value;

	record_begin_trial(out, "status", s->a.trial, s->a.number);
	json_iter_init(&it, record);
	while (json_next(&it, &key, &value)) {
		if (json_type(value) == JSON_NULL || json_key_is(key, "time"))
			continue;
		buf_addc(out, ',');
		json_add(out, json_key_string(key));
		buf_addc(out, ':');
		json_add(out, value);
	}
}

static void
say_status(struct subject *s, struct json record, enum trial_status status)
{
	struct buf line = BUF_INIT;
	size_t same;

	status_record(s, record, &line);
	same = line.len;
	if (s->said && !s->unknown && strncmp(s->said, line.data, same) == 0 &&
	    strncmp(s->said + same, ",\"time\":", 8) == 0) {
		buf_release(&line);
		return;
	}
	json_member_time(&line, "time", clock_wall_ms());
	record_end(&line);
	filter_put_buf(&s->engine->filter, &line);
	s->unknown = false;
	free(s->said);
	s->said = xstrndup(line.data, line.len);
	buf_release(&line);
	if (status_is_end(status)) {
		subject_settle(s);
		free(s->said);
		s->said = NULL;
	}
}

/* ---- collect ---- */

static void
say_done(struct subject *s, struct json record)
{
	struct json why = json_get(record, "metrics_incomplete");
	struct buf line = BUF_INIT, text = BUF_INIT;
	struct record r;

	if (s->end == NULL)
		return;
	if (json_type(why) == JSON_STRING)
		json_string(why, &text);
	if (record_parse(&r, s->end, strlen(s->end), NULL) == 0) {
		end_record(
		    &line, &r, s->has_final, text.len ? text.data : NULL);
		filter_put_buf(&s->engine->filter, &line);
	}
	buf_release(&line);
	buf_release(&text);
	subject_settle(s);
}

static void
say_metric_line(struct subject *s, struct json record)
{
	struct buf source = BUF_INIT, text = BUF_INIT;

	json_string(json_get(record, "source"), &source);
	if (json_string(json_get(record, "metric_line"), &text) == 0)
		podlog_line(
		    s, source.len ? source.data : "log", text.data, text.len);
	buf_release(&source);
	buf_release(&text);
}

/* ---- fetch ---- */

static void
say_fetched(struct subject *s, struct json record)
{
	struct buf line = BUF_INIT;
	struct json_iter it;
	struct json key, value;

	record_begin_trial(&line, "fetched", s->a.trial, s->a.number);
	json_iter_init(&it, record);
	while (json_next(&it, &key, &value)) {
		if (json_key_is(key, "fetched") ||
		    json_type(value) == JSON_NULL)
			continue;
		buf_addc(&line, ',');
		json_add(&line, json_key_string(key));
		buf_addc(&line, ':');
		json_add(&line, value);
	}
	record_end(&line);
	filter_put_buf(&s->engine->filter, &line);
	buf_release(&line);
	subject_settle(s);
}

/* ---- any ---- */

static void
say_error_record(struct subject *s, struct json record)
{
	struct buf message = BUF_INIT, where = BUF_INIT, hint = BUF_INIT;

	json_string(json_get(record, "error"), &message);
	json_string(json_get(record, "where"), &where);
	json_string(json_get(record, "hint"), &hint);
	engine_error(s, message.data, where.len ? where.data : NULL,
	    hint.len ? hint.data : NULL);
	buf_release(&message);
	buf_release(&where);
	buf_release(&hint);
}

static void
of_attempt(struct subject *s, struct json record)
{
	struct json v;
	struct buf text = BUF_INIT;
	enum trial_status status;

	if (json_type(json_get(record, "error")) != JSON_ABSENT &&
	    json_type(json_get(record, "fetched")) == JSON_ABSENT) {
		say_error_record(s, record);
	} else if (s->line == NULL) {
		return;
	} else if (json_type(v = json_get(record, "job")) != JSON_ABSENT) {
		say_job(s, v);
	} else if (json_type(v = json_get(record, "no_room")) != JSON_ABSENT) {
		say_no_room(s, v);
	} else if (json_string(json_get(record, "status"), &text) == 0) {
		status = status_parse(text.data, text.len);
		if (status != STATUS_NONE)
			say_status(s, record, status);
	} else if (json_bool(json_get(record, "done"), false)) {
		say_done(s, record);
	} else if (json_type(json_get(record, "metric_line")) != JSON_ABSENT) {
		say_metric_line(s, record);
	} else if (json_type(json_get(record, "fetched")) != JSON_ABSENT) {
		say_fetched(s, record);
	}
	buf_release(&text);
}

void
records_take(struct subject *s, struct json record)
{
	struct buf line = BUF_INIT, type = BUF_INIT;

	if (json_type(record) != JSON_OBJECT)
		return;
	if (s->a.trial[0]) {
		of_attempt(s, record);
		return;
	}
	if (json_string(json_get(record, "type"), &type) == 0 &&
	    strcmp(type.data, "note") == 0) {
		if (json_string(json_get(record, "message"), &line) == 0)
			say("%s", line.data);
	} else {
		json_add(&line, record);
		filter_put_buf(&s->engine->filter, &line);
	}
	buf_release(&line);
	buf_release(&type);
}
