/*
 * Could it run at all?  The backends' verb `check`, before anything is made;
 * and where multiPhase is true, whether they can do what that needs.
 */
#include "check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backend.h"
#include "child.h"
#include "expdir.h"
#include "json.h"
#include "mem.h"
#include "os/sys.h"
#include "places.h"
#include "record.h"
#include "say.h"

#define PATIENCE_MS 2000 /* then it is said what is waited for */

struct checking {
	struct loop *loop;
	bool creating; /* or as if */
	bool showing;  /* what the places have to offer */
	struct asked *all;
	size_t count, running;
	struct timer patience;
	bool terminal; /* records are for programs */
	int worst;
	int signal;
};

/* One member. */
struct asked {
	struct child child;
	struct timer deadline;
	bool late;	 /* it has not ended by then */
	size_t nonsense; /* lines that are no records */
	struct checking *checking;
	const struct config_member *member;
	struct child able; /* capabilities, where multiPhase is true */
	struct timer able_deadline;
	bool updates;	     /* they say that it takes updates */
	struct buf problems; /* error records, until it is known how bad */
	struct places_told places;
	int code; /* its answer, once it is over */
};

/* ---- what they say ---- */

/* "MEMBER: where: message; hint" */
static void
show_problem(const char *member, struct json record, bool bad)
{
	struct buf b = BUF_INIT, where = BUF_INIT, message = BUF_INIT;
	struct buf hint = BUF_INIT;

	json_string(json_get(record, "where"), &where);
	json_string(json_get(record, "message"), &message);
	json_string(json_get(record, "hint"), &hint);
	buf_setf(&b, "%s: ", member);
	if (where.len > 0 && strcmp(where.data, member) != 0)
		buf_addf(&b, "%s: ", where.data);
	buf_addf(
	    &b, "%s%s%s", message.data, hint.len > 0 ? "; " : "", hint.data);
	if (bad)
		say_error(0, "%s", b.data);
	else
		say_warning("%s", b.data);
	buf_release(&b);
	buf_release(&where);
	buf_release(&message);
	buf_release(&hint);
}

void
check_show(const char *member, const struct buf *lines, bool bad)
{
	const char *at = lines->data, *lf;
	struct json v;

	for (; (lf = strchr(at, '\n')) != NULL; at = lf + 1)
		if (json_check(at, (size_t)(lf - at), JSON_STRICT, &v, NULL,
			NULL) == 0 &&
		    record_is(json_get(v, "type"), "error"))
			show_problem(member, v, bad);
}

static void
on_line(void *arg, char *line, size_t len)
{
	struct asked *a = arg;
	struct json v;

	if (line != NULL && len == 0)
		return;
	if (line == NULL ||
	    json_check(line, len, JSON_STRICT, &v, NULL, NULL) != 0 ||
	    json_type(v) != JSON_OBJECT) {
		a->nonsense++;
	} else if (record_is(json_get(v, "type"), "error")) {
		buf_addf(&a->problems, "%s\n", line);
		places_add_error(&a->places, v);
	} else {
		if (record_is(json_get(v, "type"), "place"))
			places_add(&a->places, v);
		if (!a->checking->creating && !a->checking->terminal)
			puts(line);
	}
}

static void
on_message(void *arg, const char *line)
{
	struct asked *a = arg;

	say_error(0, "%s: %s", a->member->name, line);
}

/* ---- what comes of it ---- */

/*
 * Complaints with the exit code 0 are complaints.  Where none came, whoever
 * knows no such verb may still be able to run trials.
 */
static int
judge(const struct asked *a)
{
	const struct proc_end *end = &a->child.end;
	int code = end->code;

	/* 1 is no answer: it is how scripts break off. */
	if (end->signaled || a->late || code == NNI_TRIAL_FAILED ||
	    code > NNI_LOCKED || (code == NNI_OK && a->nonsense > 0))
		code = NNI_TEMPORARY;
	if (a->problems.len > 0)
		return code == NNI_OK ? NNI_CONFIG : code;
	if (a->checking->creating && code != NNI_CONFIG && code != NNI_AUTH)
		return NNI_OK;
	return code;
}

static void
count_in(struct checking *c, int code)
{
	if (c->creating && code == NNI_TEMPORARY)
		code = NNI_OK;
	if (c->worst == NNI_OK || c->worst == NNI_TEMPORARY)
		c->worst = code != NNI_OK ? code : c->worst;
}

/* As many places as can run trials, or 1 of a member that told none. */
static size_t
count_places(const struct asked *a)
{
	size_t n = places_able(&a->places);

	if (a->problems.len == 0 && (a->code != NNI_OK || a->late))
		return 0; /* and did not say why */
	return n == 0 && a->problems.len == 0 ? 1 : n;
}

/* What is wrong with it, where it has not said so itself. */
static void
show_end(const struct asked *a, int code)
{
	struct buf text = BUF_INIT, end = BUF_INIT;

	child_end_text(&a->child, &end);
	buf_addf(&text, "%s: nni-platform-%s check ", a->member->name,
	    a->member->platform);
	if (a->late)
		buf_addf(&text, "did not come to its end within %g s",
		    (double)backend_timeout_ms() / 1000);
	else if (a->nonsense > 0 && a->child.end.code == NNI_OK)
		buf_addf(&text, "wrote %zu line%s that %s", a->nonsense,
		    plural(a->nonsense),
		    a->nonsense == 1 ? "is no record" : "are no records");
	else
		buf_adds(&text, end.data);
	if (code != NNI_OK)
		say_error(0, "%s", text.data);
	else
		say_warning("%s", text.data);
	buf_release(&text);
	buf_release(&end);
}

static void
tell(const struct asked *a, bool bad)
{
	if (a->checking->showing)
		places_say(&a->places, a->member->name);
	check_show(a->member->name, &a->problems, bad);
	if (a->problems.len == 0 && (a->code != NNI_OK || a->late))
		show_end(a, bad ? a->code : NNI_OK);
}

/*
 * All have answered.  An experiment is made if one place of them can run it:
 * the others may be mended while it runs.
 */
static void
conclude(struct checking *c)
{
	bool trouble = false;
	size_t i, places = 0;

	for (i = 0; i < c->count; i++) {
		places += count_places(&c->all[i]);
		trouble |= c->all[i].problems.len > 0;
	}
	for (i = 0; i < c->count && c->creating; i++)
		tell(
		    &c->all[i], places == 0 && c->all[i].code != NNI_TEMPORARY);
	if (places > 0 && c->creating) {
		if (trouble)
			say_warning("it begins with the %zu place%s that can "
				    "run trials",
			    places, plural(places));
		return;
	}
	for (i = 0; i < c->count; i++)
		count_in(c, c->all[i].code);
}

static void
on_over(void *arg, struct child *child)
{
	struct asked *a = arg;
	struct checking *c = a->checking;

	(void)child;
	timer_stop(&a->deadline);
	c->running--;
	a->code = judge(a);
	if (c->signal == 0 && !c->creating)
		tell(a, true);
	if (c->running == 0)
		loop_stop(c->loop, 0);
}

static void
too_late(void *arg)
{
	struct asked *a = arg;

	a->late = true;
	child_drop(&a->child);
}

static void
on_patience(void *arg)
{
	struct checking *c = arg;
	struct buf names = BUF_INIT;

	for (size_t i = 0; i < c->count; i++)
		if (child_is_alive(&c->all[i].child))
			buf_addf(&names, "%s%s", names.len > 0 ? ", " : "",
			    c->all[i].member->name);
	say("still being asked whether it can run: %s", names.data);
	buf_release(&names);
}

/* ---- multiPhase ---- */

static void
on_capabilities(void *arg, char *line, size_t len)
{
	struct asked *a = arg;
	struct json v;

	if (line != NULL &&
	    json_check(line, len, JSON_STRICT, &v, NULL, NULL) == 0)
		a->updates = json_bool(json_get(v, "update"), false);
}

static void
on_able(void *arg, struct child *child)
{
	struct asked *a = arg;
	struct checking *c = a->checking;
	bool answered = !child->end.signaled && child->end.code == NNI_OK;

	timer_stop(&a->able_deadline);
	c->running--;
	/* What does not answer is told of by its check. */
	if (c->signal == 0 && answered && !a->updates)
		say_error(0,
		    "%s: multiPhase: the platform '%s' cannot give a running "
		    "trial further parameters",
		    a->member->name, a->member->platform);
	count_in(c, answered && !a->updates ? NNI_CONFIG : NNI_OK);
	if (c->running == 0)
		loop_stop(c->loop, 0);
}

static void
able_too_late(void *arg)
{
	struct asked *a = arg;

	child_drop(&a->able);
}

static void
ask_whether_able(struct asked *a, const char *dir)
{
	struct buf path = BUF_INIT, log = BUF_INIT, err = BUF_INIT;
	const char *argv[] = {NULL, "capabilities", "--dir", dir, "--member",
	    a->member->name, NULL};
	struct child_spec spec = {.name = "capabilities",
	    .argv = (char *const *)argv,
	    .in = {PROC_NULL, OS_NO_FILE},
	    .line = on_capabilities,
	    .message = on_message,
	    .errors_only = say_level_get() == 0,
	    .over = on_able,
	    .arg = a};

	expdir_path(&log, dir, "log");
	if (backend_find(a->member->platform, &path, &err) == 0) {
		argv[0] = path.data;
		if (child_start(&a->able, a->checking->loop, &spec, log.data,
			&err) == 0) {
			a->checking->running++;
			timer_set(a->checking->loop, &a->able_deadline,
			    backend_timeout_ms(), able_too_late, a);
		}
	}
	buf_release(&path);
	buf_release(&log);
	buf_release(&err);
}

static void
on_interrupt(void *arg, enum loop_interrupt what, int signal)
{
	struct checking *c = arg;

	if (what != INTERRUPT_STOP && what != INTERRUPT_HANGUP)
		return;
	c->signal = signal;
	for (size_t i = 0; i < c->count; i++) {
		child_drop(&c->all[i].child);
		child_drop(&c->all[i].able);
	}
}

static void
ask(struct asked *a, const char *dir)
{
	struct buf path = BUF_INIT, log = BUF_INIT, err = BUF_INIT;
	const char *argv[] = {
	    NULL, "check", "--dir", dir, "--member", a->member->name, NULL};
	struct child_spec spec = {.name = "check",
	    .argv = (char *const *)argv,
	    .in = {PROC_NULL, OS_NO_FILE},
	    .line = on_line,
	    .message = on_message,
	    .errors_only = say_level_get() == 0,
	    .over = on_over,
	    .arg = a};

	expdir_path(&log, dir, "log");
	if (backend_find(a->member->platform, &path, &err) == 0) {
		argv[0] = path.data;
		if (child_start(&a->child, a->checking->loop, &spec, log.data,
			&err) == 0) {
			a->checking->running++;
			timer_set(a->checking->loop, &a->deadline,
			    backend_timeout_ms(), too_late, a);
		}
	}
	if (!child_is_alive(&a->child)) {
		/* Too few files or processes are left: nothing is invalid. */
		a->code = os_errno() == OS_NO_MORE ? NNI_TEMPORARY : NNI_CONFIG;
		say_error(0, "%s: %s", a->member->name, err.data);
	}
	buf_release(&path);
	buf_release(&log);
	buf_release(&err);
}

static void
release(struct asked *a)
{
	buf_release(&a->problems);
	places_release(&a->places);
}

int
check_members(
    const struct config *c, const char *dir, enum check_for what, int *signal)
{
	struct checking ch = {.loop = loop_new(),
	    .creating = what != CHECK_ONLY,
	    .showing = what != CHECK_CREATING,
	    .terminal = console_is_terminal(sys_stdout()),
	    .all = xcalloc(c->member_count + 1, sizeof(*ch.all)),
	    .count = c->member_count};

	loop_interrupts(ch.loop, on_interrupt, &ch);
	for (size_t i = 0; i < ch.count; i++) {
		child_init(&ch.all[i].child);
		buf_init(&ch.all[i].problems, (size_t)1 << 20);
		ch.all[i].checking = &ch;
		ch.all[i].member = &c->members[i];
		child_init(&ch.all[i].able);
		ask(&ch.all[i], dir);
		if (c->multi_phase)
			ask_whether_able(&ch.all[i], dir);
	}
	timer_set(ch.loop, &ch.patience, PATIENCE_MS, on_patience, &ch);
	if (ch.running > 0)
		loop_run(ch.loop);
	timer_stop(&ch.patience);
	if (ch.signal == 0)
		conclude(&ch);
	for (size_t i = 0; i < ch.count; i++)
		release(&ch.all[i]);
	free(ch.all);
	loop_free(ch.loop);
	*signal = ch.signal;
	return ch.worst;
}
