/* The progress view: drawn in place on a terminal, plain lines elsewhere. */
#include "view.h"

#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "say.h"
#include "when.h"
#include "os/sys.h"

#define DRAW_MS 100   /* at most ten times a second */
#define CLOCK_MS 1000 /* the elapsed time goes on by itself */
#define PLAIN_MS 10000
#define HELD_DRAWN_MS 1000 /* nothing moves for so long: it is shown why */
#define HELD_PLAIN_MS 2000
#define HELD_LONGEST_MS 600000
#define HELD_MAX 1000
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
	v->doing = "";
	v->budget = OFTEN_MAX;
	v->log = OS_NO_FILE;
	v->held_gap_ms = HELD_PLAIN_MS;
	buf_init(&v->held_by, HELD_MAX);
	buf_init(&v->held_told, HELD_MAX);
	v->kind = VIEW_PLAIN;
	if (tick)
		v->kind = VIEW_SILENT;
	else if (console_is_terminal(sys_stderr()) && !dumb && !set("CI") &&
		 say_level_get() > 0 && console_ansi(sys_stderr()))
		v->kind = VIEW_DRAWN;
	v->color = v->kind == VIEW_DRAWN && !set("NO_COLOR");
}

/* ---- figures ---- */

static size_t
ended(const struct view *v)
{
	return v->exp->trials.count - v->exp->trials.live;
}

/* Ended trials a minute in this session; 0: nothing to judge by yet. */
static double
rate(const struct view *v)
{
	double minutes = (double)(clock_mono_ms() - v->started_ms) / 60000;
	size_t n = ended(v) - v->ended_before;

	return minutes > 0 && n > 0 ? (double)n / minutes : 0;
}

static void
add_rate(struct buf *b, double per_minute)
{
	if (per_minute >= 600)
		buf_addf(b, "%.0f/s", per_minute / 60);
	else if (per_minute >= 1)
		buf_addf(b, "%.1f/min", per_minute);
	else
		buf_addf(b, "%.1f/h", per_minute * 60);
}

/* Until the first of the limits; -1: there is none or no way to tell. */
static int64_t
time_left_ms(const struct view *v)
{
	int64_t most = experiment_max_trials(v->exp, v->config);
	int64_t limit = experiment_max_duration_ms(v->exp, v->config);
	double r = rate(v);
	int64_t left = -1;

	if (most > 0 && r > 0)
		left =
		    (int64_t)((double)(most - (int64_t)ended(v)) / r * 60000);
	if (limit > 0) {
		limit -= v->ran_ms(v->ran_arg);
		if (limit < 0)
			limit = 0;
		if (left < 0 || limit < left)
			left = limit;
	}
	return left;
}

static void
add_pace(struct buf *b, const struct view *v, const char *sep)
{
	int64_t left = time_left_ms(v);
	double r = rate(v);

	if (r > 0) {
		buf_adds(b, sep);
		add_rate(b, r);
	}
	if (left >= 0 && v->exp->trials.live > 0) {
		buf_adds(b, sep);
		when_add_duration(b, left);
		buf_adds(b, " left");
	}
}

/* ---- what does not go on ---- */

static size_t
waiting(const struct view *v)
{
	return v->exp->trials.by_status[STATUS_WAITING];
}

static size_t
out_of_reach(const struct view *v)
{
	return v->exp->trials.by_status[STATUS_UNKNOWN];
}

/* Why what should go on does not; "": nothing does that. */
static const char *
held_by(const struct view *v)
{
	if (v->exp->trials.live == 0)
		return v->doing[0] == '\0' ? "nni-tune proposes none yet" : "";
	return waiting(v) + out_of_reach(v) > 0 ? v->held_by.data : "";
}

/* Has nothing moved for so long, though something should? */
static bool
is_held(const struct view *v, int64_t ms)
{
	return held_by(v)[0] != '\0' && clock_mono_ms() - v->moved_ms >= ms;
}

/* "2 trials wait, 1 is out of reach: gpu 0 busy: pid 812 Xorg" */
static void
add_held(struct buf *b, const struct view *v)
{
	size_t w = waiting(v), u = out_of_reach(v);

	if (w + u == 0)
		buf_adds(b, "no trial to run");
	if (w > 0)
		buf_addf(
		    b, "%zu %s", w, w == 1 ? "trial waits" : "trials wait");
	if (w > 0 && u > 0)
		buf_addf(b, ", %zu %s out of reach", u, u == 1 ? "is" : "are");
	else if (u > 0)
		buf_addf(b, "%zu %s out of reach", u,
		    u == 1 ? "trial is" : "trials are");
	buf_addf(b, ": %s", held_by(v));
}

/* ---- the drawn form ---- */

static void add_colored(struct buf *b, const struct view *v, const char *code,
    const char *fmt, ...) NNI_FORMAT(4, 5);

static void
add_colored(
    struct buf *b, const struct view *v, const char *code, const char *fmt, ...)
{
	va_list ap;

	if (v->color)
		buf_addf(b, "\033[%sm", code);
	va_start(ap, fmt);
	buf_addv(b, fmt, ap);
	va_end(ap);
	if (v->color)
		buf_adds(b, "\033[0m");
}

/*
 * Ends a row that must not wrap: `text` up to the terminal's width.  Escape
 * sequences have no width; what is not ASCII may be two columns wide.
 */
static void
add_row(struct buf *out, const struct buf *text, int width)
{
	const char *p = text->data, *end = p + text->len;
	int columns = 0;

	while (p < end) {
		if (*p == '\033') {
			while (p < end && *p != 'm')
				buf_addc(out, *p++);
			if (p < end)
				buf_addc(out, *p++);
			continue;
		}
		if (((unsigned char)*p & 0xc0) != 0x80)
			columns += (unsigned char)*p < 0x80 ? 1 : 2;
		if (columns < width)
			buf_addc(out, (unsigned char)*p < 0x20 ? '?' : *p);
		p++;
	}
	buf_adds(out, "\033[K\n");
}

static void
first_row(struct buf *b, const struct view *v)
{
	int64_t most = experiment_max_trials(v->exp, v->config);

	add_colored(b, v, "1", "%s", v->exp->id);
	buf_adds(b, "  ");
	when_add_duration(b, v->ran_ms(v->ran_arg));
	buf_addf(b, "  %zu", ended(v));
	if (most > 0)
		buf_addf(b, "/%" PRId64, most);
	buf_adds(b, " trials");
	add_pace(b, v, "  ");
	if (v->doing[0] != '\0')
		add_colored(b, v, "33", "  %s", v->doing);
}

static void
status_row(struct buf *b, const struct view *v)
{
	static const struct {
		enum trial_status status;
		const char *word, *color;
	} words[] = {
	    {STATUS_RUNNING, "running", "36"},
	    {STATUS_WAITING, "waiting", "0"},
	    {STATUS_UNKNOWN, "unknown", "33"},
	    {STATUS_SUCCEEDED, "succeeded", "32"},
	    {STATUS_FAILED, "failed", "31"},
	    {STATUS_EARLY_STOPPED, "early stopped", "0"},
	    {STATUS_USER_CANCELED, "canceled", "0"},
	    {STATUS_SYS_CANCELED, "lost", "31"},
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		size_t n = v->exp->trials.by_status[words[i].status];

		if (n > 0 || i == 0)
			add_colored(
			    b, v, words[i].color, "  %zu %s", n, words[i].word);
	}
}

static void
best_row(struct buf *b, const struct view *v)
{
	const struct trials *t = &v->exp->trials;

	if (t->best < 0) {
		buf_adds(b, "  no result yet");
		return;
	}
	buf_adds(b, "  best ");
	add_colored(b, v, "1", "%.*s", 60, t->best_value);
	buf_addf(b, "  trial %s (%" PRId64 ")  %s", t->list[t->best].id,
	    t->list[t->best].sequence,
	    t->best_parameters != NULL ? t->best_parameters : "");
}

/* Why nothing goes on, once it has not for a moment. */
static void
held_row(struct buf *b, const struct view *v)
{
	buf_adds(b, "  ");
	add_held(b, v);
}

static void
erase(struct view *v, struct buf *out)
{
	if (v->rows > 0)
		buf_addf(out, "\033[%dA\r\033[J", v->rows);
	v->rows = 0;
}

static void
draw(struct view *v)
{
	static void (*const rows[])(struct buf *, const struct view *) = {
	    first_row, status_row, held_row, best_row};
	struct buf out = BUF_INIT, row = BUF_INIT;
	int width = console_width(sys_stderr());

	erase(v, &out);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (rows[i] == held_row && !is_held(v, HELD_DRAWN_MS))
			continue;
		buf_clear(&row);
		rows[i](&row, v);
		add_row(&out, &row, width);
		v->rows++;
	}
	file_write(sys_stderr(), out.data, out.len);
	buf_release(&row);
	buf_release(&out);
}

/* ---- the plain form ---- */

static void
tell_plainly(struct view *v)
{
	const struct trials *t = &v->exp->trials;
	struct buf b = BUF_INIT;
	int64_t most = experiment_max_trials(v->exp, v->config);

	if (ended(v) == v->ended_told)
		return;
	v->ended_told = ended(v);
	v->plain_due_ms = clock_mono_ms() + PLAIN_MS;
	buf_addf(&b, "%zu", ended(v));
	if (most > 0)
		buf_addf(&b, " of %" PRId64, most);
	buf_addf(
	    &b, " trials ended, %zu running", t->by_status[STATUS_RUNNING]);
	if (t->best >= 0)
		buf_addf(&b, ", best %.60s (trial %s)", t->best_value,
		    t->list[t->best].id);
	add_pace(&b, v, ", ");
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
	struct buf b = BUF_INIT;
	int64_t now = clock_mono_ms();

	if (v->exp->trials.by_status[STATUS_RUNNING] > 0 ||
	    !is_held(v, HELD_PLAIN_MS) || now < v->held_due_ms ||
	    strcmp(held_by(v), v->held_told.data) == 0)
		return;
	add_held(&b, v);
	say("%s", b.data);
	buf_set(&v->held_told, held_by(v));
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
		if (clock_mono_ms() >= v->plain_due_ms)
			tell_plainly(v);
	}
	timer_set(v->loop, &v->timer, CLOCK_MS, on_timer, v);
}

void
view_start(struct view *v, struct loop *l, const struct experiment *e,
    const struct config *c, int64_t (*ran_ms)(const void *), const void *arg)
{
	v->loop = l;
	v->exp = e;
	v->config = c;
	v->ran_ms = ran_ms;
	v->ran_arg = arg;
	v->started_ms = v->moved_ms = clock_mono_ms();
	v->plain_due_ms = v->started_ms + PLAIN_MS;
	v->ended_before = v->ended_told = ended(v);
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
	v->moved_ms = clock_mono_ms();
	if (started)
		buf_clear(&v->held_told);
}

void
view_held(struct view *v, const char *reason)
{
	buf_clear(&v->held_by);
	if (buf_adds(&v->held_by, reason) != 0)
		buf_adds(&v->held_by, "for a reason that is too long");
	/* The row is there, or it will be at the next turn of the clock. */
}

void
view_redraw(struct view *v)
{
	/* The old rows may have been wrapped or pushed away. */
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
		say("%zu more warnings are in log/nni-run.log", v->hidden);
}

void
view_release(struct view *v)
{
	view_stop(v);
	if (v->log != OS_NO_FILE)
		file_close(v->log);
	v->log = OS_NO_FILE;
	buf_release(&v->held_by);
	buf_release(&v->held_told);
}

/* ---- messages ---- */

void
view_log(struct view *v, const char *path)
{
	v->log = file_open(path, FILE_APPEND | FILE_CREATE, 0600, NULL);
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
view_often(struct view *v, const char *fmt, ...)
{
	struct buf b = BUF_INIT;
	va_list ap;

	va_start(ap, fmt);
	buf_addv(&b, fmt, ap);
	va_end(ap);
	keep(v, "warning: ", b.data);
	if (may_show(v)) {
		make_room(v);
		say_warning("%s", b.data);
	} else {
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

void
view_line(struct view *v, const char *line)
{
	struct buf b = BUF_INIT;

	make_room(v);
	for (const char *p = line; *p != '\0'; p++)
		buf_addc(&b, (unsigned char)*p < 0x20 || *p == 0x7f ? '?' : *p);
	keep(v, "", b.data);
	buf_addc(&b, '\n');
	file_write(sys_stderr(), b.data, b.len);
	buf_release(&b);
}
