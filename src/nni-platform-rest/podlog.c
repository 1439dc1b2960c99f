/*
 * The output of trials as servers give it: read on from the last second or
 * byte, what was had before passed over, metrics found in it.
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
#include "when.h"

#define FAULTS_MAX 10
/* Of what was had last, to know it by when it comes again. */
#define TAIL_MAX 1024

struct podlog {
	struct podlog *next;
	struct subject *subject;
	char *source;
	struct lines lines;
	enum podlog_way way;
	bool once;	 /* a metric that was said is not said again */
	int64_t last_ns; /* time of the last line; 0: none */
	int64_t same;	 /* lines of that time */
	int64_t passed;	 /* of them, in this reading */
	int64_t fresh;	 /* new lines in this reading */
	int64_t number;	 /* where there are no times: lines in all */
	int64_t read;	 /* and in this reading */
	int64_t had;	 /* bytes in all */
	int64_t skip;	 /* bytes to come that were had */
	struct buf tail; /* the last of them */
	os_file keep;
	char *kept;	      /* that file was begun; NULL: none was */
	struct hash_set seen; /* kind and sequence of its metrics */
	int faults;
};

/* ---- times ---- */

/* RFC 3339 at the beginning of a line: nanoseconds since 1970 and, in *len,
   its length; -1 if there is none. */
static int64_t
time_of(const char *s, size_t size, size_t *len)
{
	char text[40];
	const char *space = memchr(s, ' ', size);
	const char *point;
	int64_t ms, ns = 0, unit = 100000000;

	*len = space ? (size_t)(space - s) : size;
	if (*len >= sizeof(text))
		return -1;
	memcpy(text, s, *len);
	text[*len] = '\0';
	if (when_parse(text, &ms) == -1)
		return -1;
	point = strchr(text, '.');
	for (; point && *++point >= '0' && *point <= '9'; unit /= 10)
		ns += unit * (*point - '0');
	return ms / 1000 * 1000000000 + ns;
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
	if (p->way == LOG_STAMPS)
		ns = time_of(line, len, &stamp);
	if (ns == -1) {
		/* No times: lines are counted. */
		if (p->way != LOG_LINES || ++p->read > p->number) {
			p->number += p->way != LOG_STAMPS;
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
	buf_init(&p->tail, TAIL_MAX);
	lines_init(&p->lines);
	p->keep = OS_NO_FILE;
	p->next = s->logs;
	s->logs = p;
	return p;
}

/* Its lines go to that file as well, behind what others of its sources wrote.
 */
static void
begin_file(struct podlog *p, const char *keep)
{
	struct subject *s = p->subject;
	struct buf path = BUF_INIT, err = BUF_INIT;
	const struct podlog *o;
	bool kept = false;

	for (o = s->logs; o; o = o->next)
		kept |= o->kept && strcmp(o->kept, keep) == 0;
	expdir_trial(&path, s->engine->v->dir, s->a.trial, s->a.number);
	expdir_make_trial(path.data, &err);
	path_add(&path, keep);
	p->keep = file_open(path.data,
	    FILE_WRITE | FILE_CREATE | FILE_APPEND | (kept ? 0 : FILE_TRUNC),
	    0600, &err);
	if (p->keep == OS_NO_FILE) {
		engine_error(s, err.data, NULL, NULL);
	} else {
		free(p->kept);
		p->kept = xstrdup(keep);
	}
	buf_release(&path);
	buf_release(&err);
}

void
podlog_begin(struct podlog *p, enum podlog_way way, int64_t at, bool once,
    const char *keep)
{
	bool goes_on = way >= LOG_BYTES && p->way == way;

	p->way = way;
	p->once = once;
	p->fresh = p->passed = p->read = 0;
	p->skip = way >= LOG_BYTES ? p->had - at : 0;
	if (!goes_on) {
		lines_release(&p->lines);
		lines_init(&p->lines);
	}
	if (keep && p->keep == OS_NO_FILE)
		begin_file(p, keep);
}

void
podlog_feed(struct podlog *p, const char *bytes, size_t len)
{
	size_t known = p->skip > 0 && (uint64_t)p->skip < len ? (size_t)p->skip
		       : p->skip > 0			      ? len
							      : 0;

	p->skip -= (int64_t)known;
	bytes += known;
	len -= known;
	lines_feed(&p->lines, bytes, len, take_line, p);
	if (p->way < LOG_BYTES || len == 0)
		return;
	p->had += (int64_t)len;
	if (p->way != LOG_TAIL)
		return;
	if (len >= TAIL_MAX)
		buf_clear(&p->tail);
	else if (p->tail.len + len > TAIL_MAX)
		buf_drop(&p->tail, p->tail.len + len - TAIL_MAX);
	known = len > TAIL_MAX ? len - TAIL_MAX : 0;
	buf_add(&p->tail, bytes + known, len - known);
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

int64_t
podlog_had(const struct podlog *p)
{
	return p->had;
}

bool
podlog_is_short(const struct podlog *p)
{
	return p->way >= LOG_BYTES && p->skip > 0;
}

void
podlog_moved(struct podlog *p)
{
	p->had = 0;
}

/* The first place, so that rather something comes twice than never. */
size_t
podlog_known(const struct podlog *p, const char *text, size_t len)
{
	const struct buf *t = &p->tail;
	const char *at = text, *end = text + len;
	size_t n;

	if (t->len == 0)
		return 0;
	if ((uint64_t)p->had <= len && (uint64_t)p->had >= t->len &&
	    memcmp(text + p->had - t->len, t->data, t->len) == 0)
		return (size_t)p->had;
	while ((size_t)(end - at) >= t->len &&
	       (at = memchr(at, t->data[0], (size_t)(end - at) - t->len + 1)) !=
		   NULL) {
		if (memcmp(at, t->data, t->len) == 0)
			return (size_t)(at - text) + t->len;
		at++;
	}
	for (n = t->len < len ? t->len : len; n > 0; n--)
		if (memcmp(text, t->data + t->len - n, n) == 0)
			break;
	return n;
}

bool
podlog_since(const struct podlog *p, struct buf *time)
{
	if (p->last_ns <= 0)
		return false;
	when_add_utc(time, p->last_ns / 1000000000 * 1000);
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
		buf_release(&p->tail);
		free(p->kept);
		free(p->source);
		free(p);
	}
}
