/* The pipeline of three as one thing. */
#include "pipeline.h"

#include "expdir.h"
#include "say.h"

static const char *const names[PIPE_COUNT] = {
    "nni-submit", "nni-watch", "nni-collect"};

void
pipeline_init(struct pipeline *p)
{
	for (int i = 0; i < PIPE_COUNT; i++)
		child_init(&p->child[i]);
	p->alive = p->finishing = p->dropped = false;
	p->first_dead = -1;
}

static void
drop_children(struct pipeline *p)
{
	for (int i = 0; i < PIPE_COUNT; i++)
		child_drop(&p->child[i]);
}

/*
 * nni-collect ends with 5 where an end is missing: --once, or a fault.  With 2
 * they have done all but a line that they refused, and said.
 */
static bool
ended_well(const struct pipeline *p, const struct child *c)
{
	if (c->end.signaled || !p->finishing)
		return false;
	if (p->spec.once && c->end.code == NNI_TEMPORARY)
		return c == &p->child[PIPE_COLLECT];
	return c->end.code == NNI_OK || c->end.code == NNI_TRIAL_FAILED ||
	       c->end.code == NNI_USAGE;
}

static bool
any_alive(const struct pipeline *p)
{
	for (int i = 0; i < PIPE_COUNT; i++)
		if (child_is_alive(&p->child[i]))
			return true;
	return false;
}

/* What dies tears its neighbours along; they end with 0 or by our signals. */
static bool
is_cause(const struct pipeline *p, const struct child *c)
{
	const struct child *first;

	if (p->first_dead < 0)
		return true;
	first = &p->child[p->first_dead];
	return !first->end.signaled && first->end.code == NNI_OK &&
	       !c->killed && c->end.code != NNI_OK;
}

static void
on_child_over(void *arg, struct child *c)
{
	struct pipeline *p = arg;

	if (!p->dropped && !ended_well(p, c) && is_cause(p, c))
		p->first_dead = (int)(c - p->child);
	/* Its neighbours would only find out when they next read or write. */
	if (p->first_dead >= 0)
		drop_children(p);
	if (!p->alive || any_alive(p))
		return;
	p->alive = false;
	p->spec.over(p->spec.arg);
}

static void
on_line(void *arg, char *line, size_t len)
{
	struct pipeline *p = arg;

	p->spec.line(p->spec.arg, line, len);
}

static void
on_message(void *arg, const char *line)
{
	struct pipeline *p = arg;

	p->spec.message(p->spec.arg, line);
}

static int
start_one(struct pipeline *p, int which, os_file in, struct buf *err)
{
	struct buf path = BUF_INIT;
	char once[] = "--once", dir_option[] = "--dir";
	char *argv[5];
	int n = 0, rc = -1;
	struct child_spec s = {.name = names[which],
	    .argv = argv,
	    .in = {which == PIPE_SUBMIT ? PROC_PIPE : PROC_FILE, in},
	    .line = which == PIPE_COLLECT ? on_line : NULL,
	    .message = on_message,
	    .errors_only = p->spec.errors_only,
	    .over = on_child_over,
	    .arg = p};

	if (tool_find(names[which], &path, err) != 0)
		goto out;
	argv[n++] = path.data;
	if (p->spec.once)
		argv[n++] = once;
	if (which == PIPE_SUBMIT) {
		argv[n++] = dir_option;
		argv[n++] = (char *)p->spec.dir;
	}
	argv[n] = NULL;
	rc = child_start(&p->child[which], p->loop, &s, p->spec.log_dir, err);
out:
	buf_release(&path);
	return rc;
}

int
pipeline_start(struct pipeline *p, struct loop *l,
    const struct pipeline_spec *spec, struct buf *err)
{
	os_file in = OS_NO_FILE;
	int rc = 0;

	pipeline_init(p);
	p->spec = *spec;
	p->loop = l;
	for (int i = 0; i < PIPE_COUNT && rc == 0; i++) {
		rc = start_one(p, i, in, err);
		if (in != OS_NO_FILE)
			file_close(in);
		in = rc == 0 ? p->child[i].out_file : OS_NO_FILE;
	}
	p->alive = any_alive(p);
	if (rc != 0)
		pipeline_drop(p);
	return rc;
}

void
pipeline_write(struct pipeline *p, const void *bytes, size_t len)
{
	child_write(&p->child[PIPE_SUBMIT], bytes, len);
}

void
pipeline_finish(struct pipeline *p)
{
	p->finishing = true;
	child_finish(&p->child[PIPE_SUBMIT]);
}

void
pipeline_drop(struct pipeline *p)
{
	p->dropped = true;
	drop_children(p);
}

void
pipeline_pause(struct pipeline *p, bool paused)
{
	child_pause(&p->child[PIPE_COLLECT], paused);
}

int
pipeline_verdict(const struct pipeline *p, struct buf *why)
{
	struct buf end = BUF_INIT;
	const struct child *c;

	if (p->first_dead < 0)
		return NNI_OK;
	c = &p->child[p->first_dead];
	child_end_text(c, &end);
	buf_setf(why, "%s %s", names[p->first_dead], end.data);
	buf_release(&end);
	if (c->end.signaled || c->end.code == NNI_OK)
		return NNI_TEMPORARY;
	return c->end.code;
}
