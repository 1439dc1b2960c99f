/*
 * What a backend cannot promise is said when the experiment begins: the
 * backend's answer to `capabilities`.  It comes while the first trials are
 * being placed; nothing waits for it.
 */
#include "run.h"

#include <stdlib.h>

#include "backend.h"
#include "expdir.h"
#include "mem.h"

struct question {
	struct child child;
	struct timer deadline;
	struct question *next;
	struct run *run;
	const char *member;
};

static void
on_answer(void *arg, char *line, size_t len)
{
	struct question *q = arg;
	struct json v;

	if (line == NULL || json_check(line, len, JSON_STRICT, &v, NULL, NULL))
		return;
	if (json_is(json_get(v, "adopt"), "false"))
		view_warning(&q->run->view,
		    "the platform of '%s' cannot tell whether a trial was "
		    "started already: after a crash one may run twice",
		    q->member);
	if (q->run->config.member_count == 1)
		q->run->place_queues =
		    json_bool(json_get(v, "keeps_concurrency"), false);
}

static void
on_message(void *arg, const char *line)
{
	struct question *q = arg;

	view_line(&q->run->view, line);
}

static void
on_over(void *arg, struct child *c)
{
	struct question *q = arg, **at = &q->run->questions;
	struct run *run = q->run;

	(void)c;
	timer_stop(&q->deadline);
	while (*at != q)
		at = &(*at)->next;
	*at = q->next;
	free(q);
	run_programs_over(run);
}

/* That it does not answer is nni-submit's to say, which asks the same. */
static void
too_late(void *arg)
{
	struct question *q = arg;

	child_drop(&q->child);
}

static void
ask(struct run *run, const struct config_member *m)
{
	struct question *q = xcalloc(1, sizeof(*q));
	struct buf path = BUF_INIT, err = BUF_INIT;
	const char *argv[] = {
	    NULL, "capabilities", "--dir", run->dir, "--member", m->name, NULL};
	struct child_spec spec = {.name = "capabilities",
	    .argv = (char *const *)argv,
	    .in = {PROC_NULL, OS_NO_FILE},
	    .line = on_answer,
	    .message = on_message,
	    .errors_only = view_errors_only(&run->view),
	    .over = on_over,
	    .arg = q};

	q->run = run;
	q->member = m->name;
	if (backend_find(m->platform, &path, &err) == 0) {
		argv[0] = path.data;
		if (child_start(&q->child, run->loop, &spec, run->log_dir.data,
			&err) == 0) {
			timer_set(run->loop, &q->deadline, backend_timeout_ms(),
			    too_late, q);
			q->next = run->questions;
			run->questions = q;
			q = NULL;
		}
	}
	/* A backend that is not there is nni-submit's to complain about. */
	free(q);
	buf_release(&path);
	buf_release(&err);
}

void
run_ask_capabilities(struct run *run)
{
	for (size_t i = 0; i < run->config.member_count; i++)
		ask(run, &run->config.members[i]);
}

void
run_drop_questions(struct run *run)
{
	struct question *q, *next;

	for (q = run->questions; q != NULL; q = next) {
		next = q->next;
		child_drop(&q->child);
	}
}
