/*
 * A child program: three streams, an end, and the moment when all of them are
 * over.  Its stderr is kept in a log file of its own.
 */
#include "child.h"

#include <string.h>

#include "os/sys.h"

#define DROP_GRACE_MS 1000
#define STDERR_GRACE_MS 200
#define MESSAGES_MAX 10

void
child_init(struct child *c)
{
	memset(c, 0, sizeof(*c));
	c->out_file = c->log = OS_NO_FILE;
}

static void
maybe_over(struct child *c)
{
	if (!c->alive || !c->reaped || !c->out_ended || !c->err_ended)
		return;
	c->alive = false;
	timer_stop(&c->grace);
	stream_close(c->in);
	c->in = NULL;
	lines_release(&c->out_lines);
	lines_release(&c->err_lines);
	if (c->log != OS_NO_FILE)
		file_close(c->log);
	c->log = OS_NO_FILE;
	c->spec.over(c->spec.arg, c);
}

/* ---- its stderr ---- */

/* At most ten at once and one a second are shown; the log has all. */
static bool
may_show(struct child *c)
{
	int64_t now = loop_now_ms(c->loop);
	int64_t more = (now - c->shown_ms) / 1000;

	if (more > 0) {
		c->budget = more + c->budget > MESSAGES_MAX
				? MESSAGES_MAX
				: (int)more + c->budget;
		c->shown_ms = now;
	}
	if (c->budget == 0) {
		c->hidden++;
		return false;
	}
	c->budget--;
	return true;
}

static void
tell_hidden(struct child *c)
{
	struct buf text = BUF_INIT;

	if (c->hidden == 0)
		return;
	buf_addf(&text, "%s: warning: %zu more message%s %s in log/%s.log",
	    c->spec.name, c->hidden, plural(c->hidden),
	    c->hidden == 1 ? "is" : "are", c->spec.name);
	c->hidden = 0;
	c->spec.message(c->spec.arg, text.data);
	buf_release(&text);
}

static void
on_message(void *arg, char *line, size_t len)
{
	struct child *c = arg;

	if (line == NULL)
		return;
	line[len] = '\n';
	if (c->log != OS_NO_FILE)
		file_write(c->log, line, len + 1);
	line[len] = '\0';
	if (strstr(line, ": error: ") == NULL &&
	    (c->spec.errors_only || strstr(line, ": warning: ") == NULL))
		return;
	if (!may_show(c))
		return;
	tell_hidden(c);
	c->spec.message(c->spec.arg, line);
}

static void
err_ended(void *arg)
{
	struct child *c = arg;

	stream_close(c->err);
	c->err = NULL;
	c->err_ended = true;
	lines_end(&c->err_lines, on_message, c);
	tell_hidden(c);
	maybe_over(c);
}

static void
on_err(void *arg, const char *bytes, size_t len)
{
	struct child *c = arg;

	if (len > 0)
		lines_feed(&c->err_lines, bytes, len, on_message, c);
	else
		err_ended(c);
}

/* ---- its stdout ---- */

static void
out_ended(struct child *c)
{
	stream_close(c->out);
	c->out = NULL;
	c->out_ended = true;
	maybe_over(c);
}

static void
on_out(void *arg, const char *bytes, size_t len)
{
	struct child *c = arg;

	if (len > 0) {
		lines_feed(
		    &c->out_lines, bytes, len, c->spec.line, c->spec.arg);
		return;
	}
	lines_end(&c->out_lines, c->spec.line, c->spec.arg);
	out_ended(c);
}

/* ---- its life ---- */

static void
on_gone(void *arg)
{
	struct child *c = arg;

	stream_close(c->in);
	c->in = NULL;
}

/*
 * A program of its own that outlives it (a trial's keeper should not) may
 * still hold its stderr: that is not waited for.
 */
static void
on_end(void *arg, struct proc_end end)
{
	struct child *c = arg;

	c->reaped = true;
	c->end = end;
	if (!c->err_ended)
		timer_set(c->loop, &c->grace, STDERR_GRACE_MS, err_ended, c);
	else
		timer_stop(&c->grace);
	maybe_over(c);
}

static void
open_log(struct child *c, const char *log_dir)
{
	struct buf path = BUF_INIT;

	buf_set(&path, log_dir);
	path_add(&path, c->spec.name);
	buf_adds(&path, ".log");
	c->log = file_open(path.data, FILE_APPEND | FILE_CREATE, 0600, NULL);
	buf_release(&path);
}

int
child_start(struct child *c, struct loop *l, const struct child_spec *spec,
    const char *log_dir, struct buf *err)
{
	struct proc_spec ps = {.argv = spec->argv,
	    .in = spec->in,
	    .out = {PROC_PIPE, OS_NO_FILE},
	    .err = {PROC_PIPE, OS_NO_FILE},
	    .own_group = true};

	child_init(c);
	c->spec = *spec;
	c->loop = l;
	if (proc_start(&c->proc, &ps, err) != 0)
		return -1;
	lines_init(&c->out_lines);
	lines_init(&c->err_lines);
	open_log(c, log_dir);
	c->alive = true;
	c->budget = MESSAGES_MAX;
	c->shown_ms = c->started_ms = loop_now_ms(l);
	if (spec->in.io == PROC_PIPE)
		c->in = stream_writer(l, c->proc.in, on_gone, c);
	if (spec->line != NULL) {
		c->out = stream_reader(l, c->proc.out, on_out, c);
	} else {
		c->out_file = c->proc.out;
		c->out_ended = true;
	}
	c->err = stream_reader(l, c->proc.err, on_err, c);
	loop_child(l, &c->proc, on_end, c);
	return 0;
}

bool
child_is_alive(const struct child *c)
{
	return c->alive;
}

void
child_write(struct child *c, const void *bytes, size_t len)
{
	if (c->in != NULL && len > 0)
		stream_write(c->in, bytes, len);
}

void
child_write_calm(struct child *c, const void *bytes, size_t len)
{
	if (c->in != NULL && len > 0)
		stream_write_calm(c->in, bytes, len);
}

size_t
child_queued(const struct child *c)
{
	return c->in != NULL ? stream_queued(c->in) : 0;
}

void
child_finish(struct child *c)
{
	if (c->in != NULL)
		stream_finish(c->in, NULL, NULL);
	c->in = NULL;
}

void
child_pause(struct child *c, bool paused)
{
	if (c->out != NULL)
		stream_pause(c->out, paused);
}

static void
kill_it(void *arg)
{
	struct child *c = arg;

	if (!c->reaped)
		proc_kill(&c->proc, PROC_KILL);
}

static void
terminate_it(void *arg)
{
	struct child *c = arg;

	if (c->reaped)
		return;
	c->killed = true;
	proc_kill(&c->proc, PROC_TERM);
	timer_set(c->loop, &c->grace, DROP_GRACE_MS, kill_it, c);
}

void
child_drop(struct child *c)
{
	if (!c->alive)
		return;
	stream_close(c->in);
	c->in = NULL;
	if (!c->reaped)
		timer_set(c->loop, &c->grace, DROP_GRACE_MS, terminate_it, c);
	if (!c->out_ended)
		out_ended(c);
}

void
child_end_text(const struct child *c, struct buf *text)
{
	if (c->end.signaled)
		buf_setf(text, "was killed by signal %s",
		    proc_signal_name(c->end.code));
	else
		buf_setf(text, "ended with code %d", c->end.code);
}
