/*
 * The rows that are drawn on a terminal.  They are made of fields; one that has
 * no room in its row begins the next, so that a narrow terminal shows the same
 * in more rows.
 */
#include "picture.h"

#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

#include "utf8.h"
#include "when.h"

#define HELD_MS 1000 /* nothing moves for so long: it is shown why */
#define HELD_ROWS 3
#define GAP 2

struct picture {
	struct buf *out;
	const struct screen *screen;
	int column; /* 0: the row is empty */
	int rows;   /* that are ended */
};

/* ---- characters ---- */

/*
 * Columns of a character: 2 for those of East Asia (UAX #11: W, F) and for the
 * blocks in which emoji are, which terminals do not agree about; combining ones
 * count as 1.  A row may become too short by that, never too long.
 */
static int
columns_of(unsigned long c)
{
	static const unsigned long wide[][2] = {{0x1100, 0x115f},
	    {0x231a, 0x23ff}, {0x25fd, 0x27bf}, {0x2b00, 0x2bff},
	    {0x2e80, 0x303e}, {0x3041, 0xa4cf}, {0xa960, 0xa97c},
	    {0xac00, 0xd7a3}, {0xf900, 0xfaff}, {0xfe10, 0xfe6f},
	    {0xff00, 0xff60}, {0xffe0, 0xffe6}, {0x16fe0, 0x18cff},
	    {0x1aff0, 0x1b2ff}, {0x1f000, 0x1faff}, {0x20000, 0x3fffd}};

	for (size_t i = 0; i < sizeof(wide) / sizeof(wide[0]); i++)
		if (c >= wide[i][0] && c <= wide[i][1])
			return 2;
	return 1;
}

/* The character at p: its bytes, or 0 if it cannot be shown; its columns. */
static size_t
look(const char *p, const char *end, int *columns)
{
	const unsigned char *u = (const unsigned char *)p;
	size_t n = utf8_length(u, (const unsigned char *)end);
	unsigned long c = n > 1 ? u[0] & (0xffu >> (n + 1)) : u[0];

	for (size_t i = 1; i < n; i++)
		c = c << 6 | (u[i] & 0x3f);
	*columns = 1;
	if (n == 0 || c < 0x20 || (c >= 0x7f && c < 0xa0))
		return 0;
	*columns = columns_of(c);
	return n;
}

static int
width_of(const char *text)
{
	const char *end = text + strlen(text);
	int width = 0, columns;
	size_t n;

	for (; text<end; text += n> 0 ? n : 1) {
		n = look(text, end, &columns);
		width += columns;
	}
	return width;
}

/* As much of the text as has room, "..." where that is not all. */
static void
put(struct picture *p, const char *text, int room)
{
	const char *end = text + strlen(text);
	bool whole = width_of(text) <= room;
	int columns;
	size_t n;

	if (!whole)
		room -= 3;
	for (; text<end; text += n> 0 ? n : 1) {
		n = look(text, end, &columns);
		if (columns > room)
			break;
		room -= columns;
		p->column += columns;
		buf_add(p->out, n > 0 ? text : "?", n > 0 ? n : 1);
	}
	if (whole)
		return;
	buf_adds(p->out, "...");
	p->column += 3;
}

/* ---- rows ---- */

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

static bool
is_full(const struct picture *p)
{
	return p->rows >= p->screen->height - 1;
}

static void
put_colored(struct picture *p, const char *code, const char *text)
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
	if (make_room(p, width_of(text.data), GAP))
		put_colored(p, code, text.data);
	buf_release(&text);
}

/* A long one, cut at the end of its row. */
static void
field_cut(struct picture *p, const char *text)
{
	int width = width_of(text), least = 20;

	if (make_room(p, width < least ? width : least, GAP))
		put(p, text, room(p));
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
		end += strspn(end, " ");
		if (p->rows == rows - 1 && *end != '\0' &&
		    room(p) < width_of(word.data) + gap + 4)
			buf_setf(&word, "...");
		if (p->rows == rows - 1 && p->column > 0 &&
		    room(p) < width_of(word.data) + gap)
			break;
		if (!make_room(p, width_of(word.data), gap))
			break;
		put(p, word.data, room(p));
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
		field(p, "", "%zu/%" PRId64 " trials", progress_count(g), most);
	else
		field(p, "", "%zu trial%s", progress_count(g),
		    progress_count(g) == 1 ? "" : "s");
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
		const char *word, *color;
	} words[] = {
	    {STATUS_RUNNING, "running", "36"},
	    {STATUS_WAITING, "waiting", ""},
	    {STATUS_UNKNOWN, "out of reach", "33"},
	    {STATUS_SUCCEEDED, "succeeded", "32"},
	    {STATUS_FAILED, "failed", "31"},
	    {STATUS_EARLY_STOPPED, "stopped early", ""},
	    {STATUS_USER_CANCELED, "canceled", ""},
	    {STATUS_SYS_CANCELED, "lost", "31"},
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		size_t n = g->exp->trials.by_status[words[i].status];

		if (n > 0 || i == 0)
			field(p, words[i].color, "%zu %s", n, words[i].word);
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
