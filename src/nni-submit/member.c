/*
 * The members of the experiment: each is first asked for its capabilities, the
 * code is packed if one wants it, then its submit verb runs for as long as
 * there is something to start.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "expdir.h"
#include "json.h"
#include "mem.h"
#include "os/file.h"
#include "say.h"
#include "submit.h"

#define PROTOCOL 1
/* Lines of nonsense that one process may say before it is passed over. */
enum { MAX_NONSENSE = 10 };

static void run(struct member *m);

void
member_trouble(struct member *m, const char *why)
{
	free(m->trouble);
	m->trouble = why ? xstrdup(why) : NULL;
}

/* What cannot be mended by trying again.  The others go on, if there are any.
 */
static void
member_fail(struct member *m, int code, const char *why)
{
	struct submit *s = m->submit;
	struct buf text = BUF_INIT;
	size_t i;

	m->gone = true;
	member_trouble(m, why);
	buf_addf(&text, "member '%s': %s", m->config->name, why);
	for (i = 0; i < s->member_count && s->members[i].gone; i++)
		;
	if (i == s->member_count) {
		submit_fail(s, code, text.data);
	} else {
		say_warning("%s; the others go on", text.data);
		tasks_unanswered(s, m, text.data);
	}
	buf_release(&text);
}

/* ---- submit ---- */

static void
nonsense(struct member *m, const char *what)
{
	struct buf where = BUF_INIT;

	if (m->nonsense++ >= MAX_NONSENSE)
		return;
	buf_addf(&where, "nni-platform-%s submit, member %s",
	    m->config->platform, m->config->name);
	record_error(&m->submit->said, what, where.data, NULL, NULL);
	buf_release(&where);
}

/* An answer to a task; false if the record is none. */
static bool
answer(struct member *m, const struct record *r)
{
	struct submit *s = m->submit;
	struct task *t = attempts_find(&s->tasks, r->trial, r->attempt);
	bool ours = t && t->state == TASK_SENT && t->place->member == m;

	if (r->type == RECORD_TRIAL) {
		if (ours && r->job.at)
			task_started(s, t, r);
	} else if (r->type == RECORD_NO_ROOM) {
		if (ours)
			task_no_room(s, t, r);
	} else if (r->type == RECORD_STATUS && status_is_end(r->status)) {
		if (ours)
			task_ended(s, t, r);
	} else {
		/* Of a trial that it does not have it may say nothing. */
		return r->type == RECORD_STATUS && !ours;
	}
	if (ours)
		backend_progress(m->backend);
	return true;
}

static void
heard(void *arg, char *line, size_t len)
{
	struct member *m = arg;
	struct buf err = BUF_INIT;
	struct record r;

	if (!line) {
		nonsense(m, "a line is longer than 1 MiB");
	} else if (record_parse(&r, line, len, &err) == -1) {
		nonsense(m, err.data);
	} else if (r.type == RECORD_CREDIT) {
		place_credit(m, &r);
	} else if (r.type == RECORD_BARE) {
		nonsense(m, "a line has no \"type\"");
	} else if (!answer(m, &r)) {
		buf_add(&m->submit->said, line, len);
		buf_addc(&m->submit->said, '\n');
	}
	buf_release(&err);
}

/* Whatever its capabilities say. */
static bool
speaks_of_credit(const struct member *m)
{
	const struct place *p;

	for (p = m->places; p; p = p->next)
		if (p->credits)
			return true;
	return false;
}

static void
started(void *arg)
{
	struct member *m = arg;

	member_trouble(m, NULL);
	m->nonsense = 0;
	m->feed = true;
	m->spoken = !m->credits;
	if (!m->credits && !speaks_of_credit(m))
		place_unlimited(m);
}

static void
died(void *arg, const char *why)
{
	struct member *m = arg;

	member_trouble(m, why);
	places_forget(m);
	tasks_orphaned(m->submit, m);
	m->fed = m->feed = false;
}

static void
ended(void *arg, const char *why, int exit_code)
{
	(void)arg;
	(void)why;
	(void)exit_code;
}

/* It owes an answer to each task that was sent to it, and a first credit. */
static bool
silent(void *arg)
{
	struct member *m = arg;
	struct buf what = BUF_INIT, where = BUF_INIT, hint = BUF_INIT;
	int64_t n = m->spoken ? 0 : (int64_t)m->submit->queued;
	struct place *p;

	for (p = m->places; p; p = p->next)
		n += p->in_flight;
	if (n > 0) {
		backend_silence(m->backend, &what);
		buf_addf(&what, "; %" PRId64 " trial%s wait%s for it", n,
		    plural((uint64_t)n), n == 1 ? "s" : "");
		buf_addf(&hint, "see log/%s-submit.log", m->config->name);
		buf_addf(&where, "submit of member %s", m->config->name);
		record_error(
		    &m->submit->said, what.data, where.data, hint.data, NULL);
		tasks_unanswered(m->submit, m, what.data);
	}
	buf_release(&what);
	buf_release(&where);
	buf_release(&hint);
	return n > 0;
}

static const struct backend_calls submit_calls = {
    heard, started, died, ended, silent};

void
members_send(struct submit *s)
{
	size_t i;

	for (i = 0; i < s->member_count; i++) {
		struct member *m = &s->members[i];

		if (m->feed) {
			buf_clear(&m->to_send);
			tasks_sent_to(s, m, &m->to_send);
			m->feed = false;
			m->fed = true;
		}
		if (m->backend && m->to_send.len)
			backend_write(
			    m->backend, m->to_send.data, m->to_send.len);
		buf_release(&m->to_send);
	}
}

/* ---- the code archive ---- */

/* code.json: what nni-pack said of code.zip. */
static bool
read_digest(struct submit *s, const char *text, size_t len)
{
	struct json v;

	if (json_check(text, len, JSON_STRICT, &v, NULL, NULL) == -1)
		return false;
	free(s->code);
	s->code = json_strdup(json_get(v, "digest"));
	return s->code != NULL;
}

static bool
packed_before(struct submit *s)
{
	struct buf path = BUF_INIT, text = BUF_INIT;
	struct file_info zip;
	bool there;

	expdir_path(&path, s->dir, "code.zip");
	there =
	    file_info(path.data, true, &zip) == 0 && zip.type == FILE_REGULAR;
	expdir_path(&path, s->dir, "code.json");
	there = there && file_read_all(path.data, &text, NULL) == 0 &&
		read_digest(s, text.data, text.len);
	buf_release(&path);
	buf_release(&text);
	return there;
}

static void
pack_said(void *arg, char *line, size_t len)
{
	struct submit *s = arg;

	buf_clear(&s->pack_line);
	if (line)
		buf_add(&s->pack_line, line, len);
}

static void
pack_started(void *arg)
{
	struct submit *s = arg;

	backend_finish(s->pack);
}

static void
pack_ended(void *arg, const char *why, int exit_code)
{
	struct submit *s = arg;
	struct buf path = BUF_INIT, err = BUF_INIT;
	size_t i;

	if (why) {
		buf_addf(&err, "cannot pack the code: %s", why);
		submit_fail(s,
		    exit_code > 0 && exit_code <= 8 ? exit_code : NNI_TEMPORARY,
		    err.data);
	} else if (!read_digest(s, s->pack_line.data, s->pack_line.len)) {
		submit_fail(s, NNI_TEMPORARY, "nni-pack told no digest");
	} else {
		buf_addc(&s->pack_line, '\n');
		expdir_path(&path, s->dir, "code.json");
		if (file_replace(path.data, s->pack_line.data, s->pack_line.len,
			0600, true, &err) == -1)
			submit_fail(s, NNI_TEMPORARY, err.data);
		for (i = 0; i < s->member_count; i++)
			if (s->members[i].known && s->members[i].needs_code)
				run(&s->members[i]);
	}
	buf_release(&path);
	buf_release(&err);
}

static const struct backend_calls pack_calls = {
    pack_said, pack_started, NULL, pack_ended, NULL};

/* One archive serves the experiment, so there can be one directory only. */
static int
check_code_dirs(struct submit *s, const struct member *m)
{
	size_t i;

	if (!m->config->code_dir) {
		submit_fail(s, NNI_CONFIG, "no trialCodeDirectory is set");
		return -1;
	}
	for (i = 0; i < s->member_count; i++) {
		const struct member *o = &s->members[i];

		if (!o->needs_code || !o->config->code_dir ||
		    !strcmp(o->config->code_dir, m->config->code_dir))
			continue;
		submit_fail(s, NNI_CONFIG,
		    "members that get the code sent must have one "
		    "trialCodeDirectory");
		return -1;
	}
	return 0;
}

static void
pack(struct submit *s, struct member *m)
{
	struct buf tool = BUF_INIT, zip = BUF_INIT, err = BUF_INIT;

	if (check_code_dirs(s, m) == -1)
		return;
	if (s->code || (!s->pack && packed_before(s))) {
		run(m);
		return;
	}
	if (s->pack)
		return; /* pack_ended() runs all of them */
	if (tool_find("nni-pack", &tool, &err) == -1) {
		submit_fail(s, NNI_TEMPORARY, err.data);
	} else {
		expdir_path(&zip, s->dir, "code.zip");
		const char *argv[] = {
		    tool.data, "-o", zip.data, m->config->code_dir, NULL};

		s->pack = backend_program(
		    s->loop, argv, s->dir, "nni-pack", &pack_calls, s);
		backend_once(s->pack);
		backend_start(s->pack);
	}
	buf_release(&tool);
	buf_release(&zip);
	buf_release(&err);
}

/* ---- capabilities ---- */

static void
run(struct member *m)
{
	struct buf err = BUF_INIT;

	if (m->backend)
		return;
	m->backend = backend_new(m->submit->loop, m->config->platform, "submit",
	    m->submit->dir, m->config->name, &submit_calls, m, &err);
	if (m->backend)
		backend_start(m->backend);
	else
		member_fail(m, NNI_CONFIG, err.data);
	buf_release(&err);
}

static void
capabilities(void *arg, char *line, size_t len)
{
	struct member *m = arg;
	struct json v, code;
	int64_t protocol = PROTOCOL;

	if (m->known || !line ||
	    json_check(line, len, JSON_STRICT, &v, NULL, NULL) == -1 ||
	    json_type(v) != JSON_OBJECT)
		return;
	json_int(json_get(v, "protocol"), &protocol);
	if (protocol > PROTOCOL) {
		member_fail(m, NNI_CONFIG,
		    "its platform speaks a newer protocol than this "
		    "nni-submit");
		return;
	}
	code = json_get(v, "needs_code");
	m->known = true;
	m->adopts = json_bool(json_get(v, "adopt"), false);
	m->credits = json_bool(json_get(v, "credit"), false);
	m->holds = json_bool(json_get(v, "keeps_concurrency"), false);
	m->needs_code = code.at && !record_is(code, "none");
}

static void
asked(void *arg)
{
	struct member *m = arg;

	backend_finish(m->asked);
}

static void
answered(void *arg, const char *why, int exit_code)
{
	struct member *m = arg;

	if (!why && m->known) {
		member_trouble(m, NULL);
		if (m->needs_code)
			pack(m->submit, m);
		else
			run(m);
	} else if (exit_code == NNI_CONFIG || exit_code == NNI_AUTH) {
		member_fail(m, exit_code, why);
	} else {
		/* Of the first of them that is new. */
		if (!m->trouble)
			say_warning("member '%s': %s; trying again",
			    m->config->name,
			    why ? why : "it told no capabilities");
		member_trouble(m, why ? why : "it told no capabilities");
		m->known = false;
		backend_again(m->asked);
	}
}

static const struct backend_calls ask_calls = {
    capabilities, asked, NULL, answered, NULL};

int
members_open(struct submit *s, struct buf *err)
{
	size_t i;

	s->member_count = s->config.member_count;
	s->members = xcalloc(s->member_count + 1, sizeof(*s->members));
	for (i = 0; i < s->member_count; i++) {
		struct member *m = &s->members[i];

		m->submit = s;
		m->config = &s->config.members[i];
		buf_init(&m->to_send, BUF_MAX_DEFAULT);
		m->asked =
		    backend_new(s->loop, m->config->platform, "capabilities",
			s->dir, m->config->name, &ask_calls, m, err);
		if (!m->asked)
			return NNI_CONFIG;
		backend_once(m->asked);
		backend_deadline(m->asked, backend_timeout_ms());
	}
	if (!s->member_count) {
		buf_err(err, "the configuration has no trainingService");
		return NNI_CONFIG;
	}
	for (i = 0; i < s->member_count; i++)
		backend_start(s->members[i].asked);
	return 0;
}

void
members_release(struct submit *s)
{
	struct place *p;
	size_t i;

	backend_free(s->pack);
	for (i = 0; i < s->member_count; i++) {
		struct member *m = &s->members[i];

		backend_free(m->asked);
		backend_free(m->backend);
		live_release(m);
		buf_release(&m->to_send);
		free(m->trouble);
		while ((p = m->places)) {
			m->places = p->next;
			place_free(p);
		}
	}
	free(s->members);
}

/* ---- all of them ---- */

void
members_pause(struct submit *s, bool paused)
{
	size_t i;

	for (i = 0; i < s->member_count; i++)
		if (s->members[i].backend)
			backend_pause(s->members[i].backend, paused);
}

void
members_finish(struct submit *s)
{
	size_t i;

	for (i = 0; i < s->member_count; i++)
		if (s->members[i].backend)
			backend_finish(s->members[i].backend);
}

bool
members_finished(const struct submit *s)
{
	size_t i;

	for (i = 0; i < s->member_count; i++)
		if (s->members[i].backend &&
		    !backend_finished(s->members[i].backend))
			return false;
	return true;
}

static bool
hopeless(const struct member *m)
{
	return m->gone ||
	       backend_hopeless(m->backend ? m->backend : m->asked) ||
	       (m->watch && backend_hopeless(m->watch));
}

bool
members_hopeless(const struct submit *s)
{
	size_t i;

	for (i = 0; i < s->member_count; i++)
		if (!hopeless(&s->members[i]))
			return false;
	return true;
}

bool
members_settled(const struct submit *s)
{
	const struct place *p;
	size_t i;

	for (i = 0; i < s->member_count; i++) {
		const struct member *m = &s->members[i];

		if (m->trouble)
			continue;
		if (!m->spoken || m->untold)
			return false;
		for (p = m->places; p; p = p->next)
			if (p->pending)
				return false;
	}
	return true;
}
