/*
 * The rows that are drawn on a terminal.  They are made of fields; one that has
 * no room in its row begins the next, so that a narrow terminal shows the same
 * in more rows.
 */
#include "picture.h"

#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

#include "quote.h"
#include "table.h"
#include "when.h"
#include "width.h"

#define HELD_MS 1000 /* nothing moves for so long: it is shown why */
#define HELD_ROWS 3
#define GAP 2

struct picture {
	struct buf *out;
	const struct screen *screen;
	int column; /* 0: the row is empty */
	int rows;   /* that are ended */
};

/* ---- rows ---- */

static int
width(const struct buf *text)
{
	return (int)width_text(text->data, text->len);
}

/* As much of the text as has room, "..." where that is not all. */
static void
put(struct picture *p, const struct buf *text, int room)
{
	size_t from = p->out->len;

	width_fit(
	    p->out, text->data, text->len, room > 0 ? (size_t)room : 0, "...");
	p->column += (int)width_text(p->out->data + from, p->out->len - from);
}

static int
room(const struct picture *p)
{
	return p->screen->width - 1 - p->column;
}

static void
end_row(struct picture *p)
{
	if (p->column == 0)
		return;
	buf_addc(p->out, '\n');
	p->column = 0;
	p->rows++;
}

/*
 * A row is left for the cursor, and one so that the whole screen is never
 * erased: tmux keeps what is erased so.
 */
static bool
is_full(const struct picture *p)
{
	int most = p->screen->height - 2;

	return p->rows >= (most > 1 ? most : 1);
}

static void
put_colored(struct picture *p, const char *code, const struct buf *text)
{
	bool color = p->screen->color && code[0] != '\0';

	if (color)
		buf_addf(p->out, "\033[%sm", code);
	put(p, text, room(p));
	if (color)
		buf_adds(p->out, "\033[0m");
}

/* Room for `least` columns, in this row or the next; false: in none. */
static bool
make_room(struct picture *p, int least, int gap)
{
	if (p->column > 0 && room(p) < least + gap) {
		end_row(p);
		gap = GAP;
	}
	if (is_full(p))
		return false;
	if (p->column > 0 || p->rows > 0) {
		buf_addf(p->out, "%*s", gap, "");
		p->column += gap;
	}
	return true;
}

static void field(struct picture *p, const char *code, const char *fmt, ...)
    NNI_FORMAT(3, 4);

/* A whole field, in a colour ("": none). */
static void
field(struct picture *p, const char *code, const char *fmt, ...)
{
	struct buf text = BUF_INIT;
	va_list ap;

	va_start(ap, fmt);
	buf_addv(&text, fmt, ap);
	va_end(ap);
	quote_visible_tail(&text, 0);
	if (make_room(p, width(&text), GAP))
		put_colored(p, code, &text);
	buf_release(&text);
}

/* JSON, cut at the end of its row. */
static void
field_cut(struct picture *p, const char *text)
{
	struct buf b = BUF_INIT;
	int least = 20;

	table_text(&b, (struct json){text, strlen(text)});
	if (width(&b) < least)
		least = width(&b);
	if (make_room(p, least, GAP))
		put(p, &b, room(p));
	buf_release(&b);
}

/* A sentence, broken between words, on so many rows at most. */
static void
sentence(struct picture *p, const char *text, int rows)
{
	struct buf word = BUF_INIT;
	const char *end;
	int gap = GAP;

	for (rows += p->rows; *text != '\0'; text = end, gap = 1) {
		end = text + strcspn(text, " ");
		buf_clear(&word);
		buf_add(&word, text, (size_t)(end - text));
		quote_visible_tail(&word, 0);
		end += strspn(end, " ");
		if (p->rows == rows - 1 && *end != '\0' &&
		    room(p) < width(&word) + gap + 4)
			buf_setf(&word, "...");
		if (p->rows == rows - 1 && p->column > 0 &&
		    room(p) < width(&word) + gap)
			break;
		if (!make_room(p, width(&word), gap))
			break;
		put(p, &word, room(p));
		if (strcmp(word.data, "...") == 0)
			break;
	}
	buf_release(&word);
}

/* ---- what is in them ---- */

static void
head(struct picture *p, const struct progress *g, int64_t ran_ms, int64_t now)
{
	int64_t most = experiment_max_trials(g->exp, g->config);
	int64_t left = progress_left_ms(g, ran_ms, now);
	double rate = progress_rate(g, now);
	struct buf b = BUF_INIT;

	field(p, "1", "%s", g->exp->id != NULL ? g->exp->id : "");
	when_add_duration(&b, ran_ms);
	field(p, "", "%s", b.data);
	if (most > 0)
		field(p, "", "%zu/%" PRId64 " trial%s", progress_count(g), most,
		    plural((uint64_t)most));
	else
		field(p, "", "%zu trial%s", progress_count(g),
		    plural(progress_count(g)));
	buf_clear(&b);
	if (rate > 0)
		progress_add_rate(&b, rate);
	if (b.len > 0)
		field(p, "", "%s", b.data);
	buf_clear(&b);
	if (left > 0 && g->exp->trials.live > 0) {
		when_add_duration(&b, left);
		field(p, "", "%s left", b.data);
	}
	if (g->doing[0] != '\0')
		field(p, "33", "%s", g->doing);
	buf_release(&b);
	end_row(p);
}

static void
statuses(struct picture *p, const struct progress *g)
{
	static const struct {
		enum trial_status status;
		const char *color;
	} shown[] = {
	    {STATUS_RUNNING, "36"},
	    {STATUS_WAITING, ""},
	    {STATUS_UNKNOWN, "33"},
	    {STATUS_SUCCEEDED, "32"},
	    {STATUS_FAILED, "31"},
	    {STATUS_EARLY_STOPPED, ""},
	    {STATUS_USER_CANCELED, ""},
	    {STATUS_SYS_CANCELED, "31"},
	};

	for (size_t i = 0; i < sizeof(shown) / sizeof(shown[0]); i++) {
		size_t n = g->exp->trials.by_status[shown[i].status];

		if (n > 0 || i == 0)
			field(p, shown[i].color, "%zu %s", n,
			    status_word(shown[i].status));
	}
	end_row(p);
}

static void
held(struct picture *p, const struct progress *g, int64_t now)
{
	const char *why = progress_held(g, now, HELD_MS);
	struct buf b = BUF_INIT;

	if (why[0] == '\0')
		return;
	progress_add_held(&b, g);
	buf_addf(&b, ": %s", why);
	sentence(p, b.data, HELD_ROWS);
	end_row(p);
	buf_release(&b);
}

static void
best(struct picture *p, const struct progress *g)
{
	const struct trials *t = &g->exp->trials;

	if (t->best < 0) {
		field(p, "", "no result yet");
	} else {
		field(p, "1", "best %.60s", t->best_value);
		field(p, "", "trial %s (%" PRId64 ")", t->list[t->best].id,
		    t->list[t->best].sequence);
		if (t->best_parameters != NULL)
			field_cut(p, t->best_parameters);
	}
	end_row(p);
}

int
picture_add(struct buf *out, const struct screen *screen,
    const struct progress *g, int64_t ran_ms, int64_t now)
{
	struct picture p = {.out = out, .screen = screen};

	head(&p, g, ran_ms, now);
	statuses(&p, g);
	held(&p, g, now);
	best(&p, g);
	return p.rows;
}
