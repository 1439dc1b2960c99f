/* The progress view: drawn in place on a terminal, plain lines elsewhere. */
#include "view.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "picture.h"
#include "say.h"
#include "quote.h"
#include "when.h"
#include "os/sys.h"

#define DRAW_MS 100   /* at most ten times a second */
#define CLOCK_MS 1000 /* the elapsed time goes on by itself */
#define PLAIN_MS 10000
#define HELD_MS 2000 /* plain: nothing moves for so long: it is said why */
#define HELD_LONGEST_MS 600000
#define OFTEN_MAX 10

static bool
set(const char *name)
{
	const char *v = env_get(name);

	return v != NULL && v[0] != '\0';
}

void
view_init(struct view *v, bool tick)
{
	const char *term = env_get("TERM");
	bool dumb = term != NULL && strcmp(term, "dumb") == 0;

	memset(v, 0, sizeof(*v));
	progress_init(&v->progress);
	v->budget = OFTEN_MAX;
	v->log = OS_NO_FILE;
	v->held_gap_ms = HELD_MS;
	buf_init(&v->held_told, BUF_MAX_DEFAULT);
	v->kind = VIEW_PLAIN;
	if (tick)
		v->kind = VIEW_SILENT;
	else if (console_is_terminal(sys_stderr()) && !dumb && !set("CI") &&
		 say_level_get() > 0 && console_ansi(sys_stderr()))
		v->kind = VIEW_DRAWN;
	v->color = v->kind == VIEW_DRAWN && !set("NO_COLOR");
}

/* ---- the drawn form ---- */

/*
 * Rows that a narrower terminal has wrapped are left: how many they are now
 * nobody can say.  So are those behind which a shell has written.
 */
static void
erase(struct view *v, struct buf *out)
{
	if (v->rows > 0 && console_is_foreground(sys_stderr()) &&
	    console_width(sys_stderr()) >= v->width)
		buf_addf(out, "\033[%dA\r\033[J", v->rows);
	v->rows = 0;
}

static void
draw(struct view *v)
{
	struct screen screen = {console_width(sys_stderr()),
	    console_height(sys_stderr()), v->color};
	struct buf out = BUF_INIT;

	erase(v, &out);
	if (!console_is_foreground(sys_stderr())) {
		buf_release(&out);
		return;
	}
	v->width = screen.width;
	v->rows = picture_add(&out, &screen, &v->progress,
	    v->ran_ms(v->ran_arg), clock_mono_ms());
	file_write(sys_stderr(), out.data, out.len);
	buf_release(&out);
}

/* ---- the plain form ---- */

static void
tell_plainly(struct view *v)
{
	const struct progress *p = &v->progress;
	const struct trials *t = &p->exp->trials;
	int64_t most = experiment_max_trials(p->exp, p->config);
	int64_t now = clock_mono_ms();
	int64_t left = progress_left_ms(p, v->ran_ms(v->ran_arg), now);
	double rate = progress_rate(p, now);
	struct buf b = BUF_INIT;

	v->ended_told = progress_count(p);
	v->plain_due_ms = now + PLAIN_MS;
	buf_addf(&b, "%zu", v->ended_told);
	if (most > 0)
		buf_addf(&b, " of %" PRId64, most);
	buf_addf(&b, " trial%s ended, %zu running",
	    most == 1 || (most == 0 && v->ended_told == 1) ? "" : "s",
	    t->by_status[STATUS_RUNNING]);
	if (t->by_status[STATUS_WAITING] > 0)
		buf_addf(&b, ", %zu waiting", t->by_status[STATUS_WAITING]);
	if (t->by_status[STATUS_UNKNOWN] > 0)
		buf_addf(
		    &b, ", %zu out of reach", t->by_status[STATUS_UNKNOWN]);
	if (t->by_status[STATUS_FAILED] > 0)
		buf_addf(&b, ", %zu failed", t->by_status[STATUS_FAILED]);
	if (t->best >= 0)
		buf_addf(&b, ", best %.60s (trial %s)", t->best_value,
		    t->list[t->best].id);
	if (rate > 0) {
		buf_adds(&b, ", ");
		progress_add_rate(&b, rate);
	}
	if (left > 0 && t->live > 0) {
		buf_adds(&b, ", ");
		when_add_duration(&b, left);
		buf_adds(&b, " left");
	}
	say("%s", b.data);
	buf_release(&b);
}

/*
 * Nothing runs, and why.  Another reason is told too, but one that changes all
 * the time ever more seldom.
 */
static void
tell_held(struct view *v)
{
	int64_t now = clock_mono_ms();
	const char *why = progress_held(&v->progress, now, HELD_MS);
	struct buf b = BUF_INIT;

	if (why[0] == '\0' || now < v->held_due_ms ||
	    v->progress.exp->trials.by_status[STATUS_RUNNING] > 0 ||
	    strcmp(why, v->held_told.data) == 0)
		return;
	progress_add_held(&b, &v->progress);
	say("%s: %s", b.data, why);
	buf_set(&v->held_told, why);
	v->held_due_ms = now + v->held_gap_ms;
	if (v->held_gap_ms < HELD_LONGEST_MS)
		v->held_gap_ms *= 2;
	buf_release(&b);
}

/* ---- when ---- */

static void
on_timer(void *arg)
{
	struct view *v = arg;

	v->changed = false;
	if (v->kind == VIEW_DRAWN) {
		draw(v);
	} else {
		tell_held(v);
		if (clock_mono_ms() >= v->plain_due_ms &&
		    progress_count(&v->progress) != v->ended_told)
			tell_plainly(v);
	}
	timer_set(v->loop, &v->timer, CLOCK_MS, on_timer, v);
}

void
view_start(struct view *v, struct loop *l, const struct experiment *e,
    const struct config *c, int64_t (*ran_ms)(const void *), const void *arg)
{
	v->loop = l;
	progress_start(&v->progress, e, c, clock_mono_ms());
	v->ran_ms = ran_ms;
	v->ran_arg = arg;
	v->plain_due_ms = clock_mono_ms() + PLAIN_MS;
	v->ended_told = progress_count(&v->progress);
	if (v->kind == VIEW_SILENT)
		return;
	v->running = true;
	timer_set(l, &v->timer, v->kind == VIEW_DRAWN ? DRAW_MS : CLOCK_MS,
	    on_timer, v);
}

void
view_changed(struct view *v)
{
	if (!v->running || v->kind != VIEW_DRAWN || v->changed)
		return;
	v->changed = true;
	timer_set(v->loop, &v->timer, DRAW_MS, on_timer, v);
}

void
view_moved(struct view *v, bool started)
{
	v->progress.moved_ms = clock_mono_ms();
	if (started)
		buf_clear(&v->held_told);
}

void
view_held(struct view *v, const char *reason)
{
	struct buf *to = &v->progress.held_by;

	/* The clock brings it on the screen. */
	if (buf_set(to, reason) != 0)
		buf_set(to, "a reason too long to tell");
}

void
view_redraw(struct view *v, bool pushed_away)
{
	if (pushed_away)
		v->rows = 0;
	view_changed(v);
}

void
view_stop(struct view *v)
{
	if (!v->running)
		return;
	timer_stop(&v->timer);
	v->running = false;
	if (v->kind == VIEW_DRAWN)
		draw(v);
	v->rows = 0;
	if (v->hidden > 0)
		say("%zu more warning%s %s in log/nni-run.log", v->hidden,
		    plural(v->hidden), v->hidden == 1 ? "is" : "are");
}

void
view_release(struct view *v)
{
	view_stop(v);
	if (v->log != OS_NO_FILE)
		file_close(v->log);
	v->log = OS_NO_FILE;
	progress_release(&v->progress);
	buf_release(&v->held_told);
}

/* ---- messages ---- */

void
view_log(struct view *v, const char *path)
{
	struct buf err = BUF_INIT;

	v->log = file_open(path, FILE_APPEND | FILE_CREATE, 0600, &err);
	if (v->log == OS_NO_FILE)
		say_warning("%s; messages are only shown", err.data);
	buf_release(&err);
}

static void
keep(const struct view *v, const char *kind, const char *text)
{
	struct buf b = BUF_INIT;

	if (v->log == OS_NO_FILE)
		return;
	when_add_utc(&b, clock_wall_ms());
	buf_addf(&b, " %s%s\n", kind, text);
	file_write(v->log, b.data, b.len);
	buf_release(&b);
}

static void
make_room(struct view *v)
{
	struct buf out = BUF_INIT;

	erase(v, &out);
	if (out.len > 0)
		file_write(sys_stderr(), out.data, out.len);
	buf_release(&out);
	view_changed(v);
}

void
view_say(struct view *v, const char *fmt, ...)
{
	struct buf b = BUF_INIT;
	va_list ap;

	va_start(ap, fmt);
	buf_addv(&b, fmt, ap);
	va_end(ap);
	keep(v, "", b.data);
	if (v->kind != VIEW_SILENT || say_level_get() >= 2) {
		make_room(v);
		say("%s", b.data);
	}
	buf_release(&b);
}

void
view_warning(struct view *v, const char *fmt, ...)
{
	struct buf b = BUF_INIT;
	va_list ap;

	va_start(ap, fmt);
	buf_addv(&b, fmt, ap);
	va_end(ap);
	keep(v, "warning: ", b.data);
	make_room(v);
	say_warning("%s", b.data);
	buf_release(&b);
}

static bool
may_show(struct view *v)
{
	int64_t more = (clock_mono_ms() - v->filled_ms) / 1000;

	if (more > 0) {
		v->budget = v->budget + more < OFTEN_MAX ? v->budget + (int)more
							 : OFTEN_MAX;
		v->filled_ms += more * 1000;
	}
	if (v->budget == 0)
		return false;
	v->budget--;
	return true;
}

void
view_often(struct view *v, bool show, const char *fmt, ...)
{
	struct buf b = BUF_INIT;
	va_list ap;

	va_start(ap, fmt);
	buf_addv(&b, fmt, ap);
	va_end(ap);
	keep(v, "warning: ", b.data);
	show = show || say_level_get() >= 2;
	if (show && may_show(v)) {
		make_room(v);
		say_warning("%s", b.data);
	} else if (show) {
		v->hidden++;
	}
	buf_release(&b);
}

void
view_error(struct view *v, const char *fmt, ...)
{
	struct buf b = BUF_INIT;
	va_list ap;

	va_start(ap, fmt);
	buf_addv(&b, fmt, ap);
	va_end(ap);
	keep(v, "error: ", b.data);
	make_room(v);
	say_error(0, "%s", b.data);
	buf_release(&b);
}

bool
view_errors_only(const struct view *v)
{
	return say_level_get() < (v->kind == VIEW_SILENT ? 2 : 1);
}

void
view_line(struct view *v, const char *line)
{
	struct buf b = BUF_INIT;

	make_room(v);
	buf_adds(&b, line);
	quote_visible_tail(&b, 0);
	keep(v, "", b.data);
	buf_addc(&b, '\n');
	file_write(sys_stderr(), b.data, b.len);
	buf_release(&b);
}
