/*
 * The output of trials as servers give it: read on from the last second, lines
 * that were had before passed over, metrics found in them.
 *
 * Kubernetes has no offsets: lines are asked for from a second on, each begins
 * with its time in nanoseconds, and those of equal times are counted
 * (https://kubernetes.io/docs/reference, read pod log).
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine.h"
#include "expdir.h"
#include "hash.h"
#include "mem.h"
#include "metricfile.h"
#include "os/file.h"
#include "os/sys.h"

#define FAULTS_MAX 10

struct podlog {
	struct podlog *next;
	struct subject *subject;
	char *source;
	struct lines lines;
	bool stamped;
	bool once;	 /* a metric that was said is not said again */
	int64_t last_ns; /* time of the last line; 0: none */
	int64_t same;	 /* lines of that time */
	int64_t passed;	 /* of them, in this reading */
	int64_t fresh;	 /* new lines in this reading */
	int64_t number;	 /* where there are no times: lines in all */
	int64_t read;	 /* and in this reading */
	os_file keep;
	bool kept;	      /* that file was begun */
	struct hash_set seen; /* kind and sequence of its metrics */
	int faults;
};

/* ---- times ---- */

/* Days since 1970-01-01 (Howard Hinnant, days_from_civil). */
static int64_t
days(int64_t y, int64_t m, int64_t d)
{
	int64_t era, yoe, doy;

	y -= m <= 2;
	era = (y >= 0 ? y : y - 399) / 400;
	yoe = y - era * 400;
	doy = (153 * (m + (m > 2 ? -3 : 9)) + 2) / 5 + d - 1;
	return era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719468;
}

static int64_t
digits(const char *at, int n)
{
	int64_t value = 0;

	while (n-- > 0) {
		if (*at < '0' || *at > '9')
			return -1;
		value = 10 * value + (*at++ - '0');
	}
	return value;
}

/* RFC 3339 at the beginning of a line: nanoseconds since 1970 and, in *len,
   its length; -1 if there is none. */
static int64_t
time_of(const char *s, size_t size, size_t *len)
{
	int64_t part[6], ns = 0, unit = 100000000, zone = 0;
	static const int at[] = {0, 5, 8, 11, 14, 17};
	size_t i = 19;
	int k;

	if (size < 20 || s[4] != '-' || s[7] != '-' || s[10] != 'T' ||
	    s[13] != ':' || s[16] != ':')
		return -1;
	for (k = 0; k < 6; k++)
		if ((part[k] = digits(s + at[k], k == 0 ? 4 : 2)) == -1)
			return -1;
	if (s[i] == '.')
		for (i++; i < size && s[i] >= '0' && s[i] <= '9'; i++) {
			ns += unit * (s[i] - '0');
			unit /= 10;
		}
	if (i < size && s[i] == 'Z') {
		i++;
	} else if (i + 6 <= size && (s[i] == '+' || s[i] == '-') &&
		   digits(s + i + 1, 2) >= 0 && digits(s + i + 4, 2) >= 0) {
		zone = 3600 * digits(s + i + 1, 2) + 60 * digits(s + i + 4, 2);
		zone = s[i] == '-' ? -zone : zone;
		i += 6;
	} else {
		return -1;
	}
	*len = i;
	return (days(part[0], part[1], part[2]) * 86400 + part[3] * 3600 +
		   part[4] * 60 + part[5] - zone) *
		   1000000000 +
	       ns;
}

/* The second, in UTC (civil_from_days). */
static void
add_second(struct buf *out, int64_t second)
{
	int64_t z = second / 86400 + 719468, rest = second % 86400;
	int64_t era = z / 146097, doe = z - era * 146097;
	int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
	int64_t mp = (5 * doy + 2) / 153, m = mp < 10 ? mp + 3 : mp - 9;

	buf_addf(out,
	    "%04" PRId64 "-%02" PRId64 "-%02" PRId64 "T%02" PRId64 ":%02" PRId64
	    ":%02" PRId64 "Z",
	    yoe + era * 400 + (m <= 2), m, doy - (153 * mp + 2) / 5 + 1,
	    rest / 3600, rest / 60 % 60, rest % 60);
}

/* ---- metrics ---- */

/*
 * Every process of a distributed trial may report the same: the first that does
 * is heard.
 */
static bool
told_by_another(struct podlog *p, const struct metric *m)
{
	struct buf id = BUF_INIT;
	const struct podlog *o;
	uint64_t hash;
	bool told = false;

	buf_addf(&id, "%d %" PRId64 " %" PRId64, (int)m->kind, m->sequence,
	    m->kind == METRIC_REQUEST ? m->parameter_index : m->parameter_id);
	hash = hash_bytes(id.data, id.len);
	for (o = p->subject->logs; o; o = o->next)
		told |= (o != p || p->once) && hash_set_has(&o->seen, hash);
	if (!told)
		hash_set_add(&p->seen, hash);
	buf_release(&id);
	return told;
}

/* Where a metric may come in several ways, and another one first the next time,
   what it is tells it from others and not where it was found. */
static void
add_at_once(struct buf *at, const struct metric *m)
{
	json_member_int(at, "metric", (int)m->kind);
	json_member_int(at, "sequence", m->sequence);
	json_member_int(at, "of",
	    m->kind == METRIC_REQUEST ? m->parameter_index : m->parameter_id);
	buf_addc(at, '}');
}

static void
add_at(struct buf *at, const struct podlog *p, int64_t ns, int64_t number,
    uint64_t print)
{
	struct buf time = BUF_INIT;

	json_member_str(at, "source", p->source);
	if (ns > 0) {
		buf_addf(&time, "%" PRId64 ".%09" PRId64, ns / 1000000000,
		    ns % 1000000000);
		json_member_str(at, "time", time.data);
	}
	json_member_int(at, "position", number);
	json_key(at, "digest");
	buf_addf(at, "\"%016" PRIx64 "\"}", print);
	buf_release(&time);
}

static void
say_metric(struct podlog *p, const struct metric *m, int64_t ns, int64_t number,
    uint64_t print)
{
	struct subject *s = p->subject;
	struct buf line = BUF_INIT, at = BUF_INIT;

	s->has_final |= m->kind == METRIC_FINAL;
	s->phases |= m->kind == METRIC_REQUEST;
	buf_addc(&at, '{');
	if (p->once)
		add_at_once(&at, m);
	else
		add_at(&at, p, ns, number, print);
	metric_record(&line, m, &s->a, s->phases,
	    ns > 0 ? ns / 1000000 : clock_wall_ms(),
	    (struct json){at.data, at.len});
	if (line.len <= NNI_LINE_MAX)
		filter_put_buf(&s->engine->filter, &line);
	else
		engine_error(s, "a metric is too long for a record (1 MiB)",
		    s->engine->v->member, NULL);
	buf_release(&line);
	buf_release(&at);
}

static void
find_metrics(
    struct podlog *p, const char *text, size_t len, int64_t ns, int64_t number)
{
	struct metric m = METRIC_INIT;
	struct buf err = BUF_INIT;
	size_t rest;
	int found;

	while (len > 0 &&
	       (found = metric_in_line(&m, text, len, &rest, &err)) != 0) {
		if (found == 1 && !told_by_another(p, &m))
			say_metric(p, &m, ns, number, hash_bytes(text, len));
		else if (found == -1 && p->faults++ < FAULTS_MAX)
			engine_error(p->subject, err.data,
			    p->subject->engine->v->member,
			    "a metric in the trial's output cannot be read");
		buf_clear(&err);
		text += rest;
		len -= rest;
	}
	metric_release(&m);
	buf_release(&err);
}

/* ---- lines ---- */

static void
new_line(
    struct podlog *p, const char *text, size_t len, int64_t ns, int64_t number)
{
	p->fresh++;
	if (p->keep != OS_NO_FILE) {
		file_write(p->keep, text, len);
		file_write(p->keep, "\n", 1);
	}
	find_metrics(p, text, len, ns, number);
}

static void
take_line(void *arg, char *line, size_t len)
{
	struct podlog *p = arg;
	size_t stamp = 0;
	int64_t ns = -1;

	if (line == NULL)
		return;
	if (p->stamped)
		ns = time_of(line, len, &stamp);
	if (ns == -1) {
		/* No times: lines are counted. */
		if (p->stamped || ++p->read > p->number) {
			p->number += !p->stamped;
			new_line(p, line, len, -1, p->number);
		}
		return;
	}
	if (ns < p->last_ns)
		return;
	if (ns == p->last_ns && ++p->passed <= p->same)
		return;
	if (ns > p->last_ns) {
		p->last_ns = ns;
		p->same = p->passed = 0;
	}
	p->same++;
	p->passed = p->same;
	if (stamp < len && line[stamp] == ' ')
		stamp++;
	new_line(p, line + stamp, len - stamp, ns, p->same);
}

struct podlog *
podlog_of(struct subject *s, const char *source)
{
	struct podlog *p;

	for (p = s->logs; p; p = p->next)
		if (strcmp(p->source, source) == 0)
			return p;
	p = xcalloc(1, sizeof(*p));
	p->subject = s;
	p->source = xstrdup(source);
	lines_init(&p->lines);
	p->keep = OS_NO_FILE;
	p->next = s->logs;
	s->logs = p;
	return p;
}

void
podlog_begin(struct podlog *p, bool stamped, bool once, const char *keep)
{
	struct subject *s = p->subject;
	struct buf path = BUF_INIT, err = BUF_INIT;

	p->stamped = stamped;
	p->once = once;
	p->fresh = p->passed = p->read = 0;
	lines_release(&p->lines);
	lines_init(&p->lines);
	if (keep && p->keep == OS_NO_FILE) {
		expdir_trial(&path, s->engine->v->dir, s->a.trial, s->a.number);
		expdir_make_trial(path.data, &err);
		path_add(&path, keep);
		p->keep = file_open(path.data,
		    FILE_WRITE | FILE_CREATE | FILE_APPEND |
			(p->kept ? 0 : FILE_TRUNC),
		    0600, &err);
		p->kept = p->keep != OS_NO_FILE;
		if (!p->kept)
			engine_error(s, err.data, NULL, NULL);
	}
	buf_release(&path);
	buf_release(&err);
}

void
podlog_feed(struct podlog *p, const char *bytes, size_t len)
{
	lines_feed(&p->lines, bytes, len, take_line, p);
}

int64_t
podlog_end(struct podlog *p, bool whole)
{
	if (whole)
		lines_end(&p->lines, take_line, p);
	if (p->keep != OS_NO_FILE)
		file_close(p->keep);
	p->keep = OS_NO_FILE;
	return p->fresh;
}

bool
podlog_since(const struct podlog *p, struct buf *time)
{
	if (p->last_ns <= 0)
		return false;
	add_second(time, p->last_ns / 1000000000);
	return true;
}

void
podlog_line(struct subject *s, const char *source, const char *line, size_t len)
{
	struct podlog *p = podlog_of(s, source);

	p->once = true;
	find_metrics(p, line, len, -1, 0);
}

void
podlogs_free(struct subject *s)
{
	struct podlog *p;

	while ((p = s->logs) != NULL) {
		s->logs = p->next;
		if (p->keep != OS_NO_FILE)
			file_close(p->keep);
		lines_release(&p->lines);
		hash_set_release(&p->seen);
		free(p->source);
		free(p);
	}
}
