/* A table for people, which fits their terminal. */
#include "columns.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "mem.h"
#include "quote.h"
#include "width.h"
#include "os/sys.h"

#define GAP 2 /* blanks between two columns */

struct columns {
	const struct column *list;
	size_t count;
	char **cells; /* row after row */
	size_t cell_count, cap;
};

struct columns *
columns_new(const struct column *list)
{
	struct columns *c = xcalloc(1, sizeof(*c));

	c->list = list;
	while (list[c->count].title != NULL)
		c->count++;
	return c;
}

void
columns_free(struct columns *c)
{
	for (size_t i = 0; i < c->cell_count; i++)
		free(c->cells[i]);
	free(c->cells);
	free(c);
}

void
columns_add(struct columns *c, const char *text)
{
	struct buf visible = BUF_INIT;

	if (*text == '\0')
		text = "-";
	quote_visible(&visible, text, strlen(text));
	if (c->cell_count == c->cap) {
		c->cap = c->cap > 0 ? c->cap * 2 : 64;
		c->cells = xreallocarray(c->cells, c->cap, sizeof(*c->cells));
	}
	c->cells[c->cell_count++] = buf_detach(&visible);
}

void
columns_addf(struct columns *c, const char *fmt, ...)
{
	struct buf text = BUF_INIT;
	va_list ap;

	va_start(ap, fmt);
	buf_addv(&text, fmt, ap);
	va_end(ap);
	columns_add(c, text.data);
	buf_release(&text);
}

/* ---- how wide each is ---- */

static size_t
wider(size_t width, const char *text)
{
	size_t own = width_text(text, strlen(text));

	return own > width ? own : width;
}

static void
measure(const struct columns *c, size_t *widths)
{
	for (size_t k = 0; k < c->count; k++)
		widths[k] = wider(0, c->list[k].title);
	for (size_t i = 0; i < c->cell_count; i++)
		widths[i % c->count] = wider(widths[i % c->count], c->cells[i]);
}

static size_t
sum(const struct columns *c, const size_t *widths)
{
	size_t all = (c->count - 1) * GAP;

	for (size_t k = 0; k < c->count; k++)
		all += widths[k];
	return all;
}

/* The widest of those that can still give something. */
static size_t
widest(const struct columns *c, const size_t *widths)
{
	size_t found = c->count;

	for (size_t k = 0; k < c->count; k++)
		if (c->list[k].least > 0 && widths[k] > c->list[k].least &&
		    (found == c->count || widths[k] > widths[found]))
			found = k;
	return found;
}

static void
shrink(const struct columns *c, size_t *widths, size_t width)
{
	size_t k;

	for (k = 0; k < c->count; k++)
		if (c->list[k].least > 0 && widths[k] > width)
			widths[k] = width; /* at most */
	while (sum(c, widths) > width && (k = widest(c, widths)) < c->count)
		widths[k]--;
}

/* ---- printing ---- */

static void
pad(struct buf *line, size_t n)
{
	while (n-- > 0)
		buf_addc(line, ' ');
}

static void
add_cell(const struct columns *c, size_t k, const char *text, size_t width,
    const char *ellipsis, struct buf *line)
{
	size_t from = line->len, own;

	width_fit(line, text, strlen(text), width, ellipsis);
	own = width_text(line->data + from, line->len - from);
	if (own >= width)
		return;
	if (!c->list[k].number) {
		pad(line, width - own);
		return;
	}
	buf_cut(line, from);
	pad(line, width - own);
	width_fit(line, text, strlen(text), width, ellipsis);
}

struct print {
	const struct columns *columns;
	const size_t *widths;
	size_t width; /* of the terminal; 0: it has no edge */
	const char *ellipsis;
	struct buf line;
};

static void
add_line(struct print *p, struct buf *out)
{
	buf_rtrim(&p->line);
	if (p->width > 0)
		width_fit(
		    out, p->line.data, p->line.len, p->width, p->ellipsis);
	else
		buf_add(out, p->line.data, p->line.len);
	buf_addc(out, '\n');
	buf_clear(&p->line);
}

static void
add(struct print *p, size_t k, const char *text)
{
	if (k > 0)
		pad(&p->line, GAP);
	add_cell(p->columns, k, text, p->widths[k], p->ellipsis, &p->line);
}

void
columns_print(const struct columns *c, size_t width, struct buf *out)
{
	size_t *widths = xcalloc(c->count, sizeof(*widths));
	struct print p = {.columns = c,
	    .widths = widths,
	    .width = width,
	    .ellipsis = console_utf8() ? "\xe2\x80\xa6" : "...",
	    .line = BUF_INIT};

	measure(c, widths);
	if (width > 0)
		shrink(c, widths, width);
	for (size_t k = 0; k < c->count && c->cell_count > 0; k++)
		add(&p, k, c->list[k].title);
	for (size_t i = 0; i < c->cell_count; i++) {
		if (i % c->count == 0)
			add_line(&p, out);
		add(&p, i % c->count, c->cells[i]);
	}
	if (c->cell_count > 0)
		add_line(&p, out);
	buf_release(&p.line);
	free(widths);
}

size_t
columns_width(void)
{
	return console_is_terminal(sys_stdout())
		   ? (size_t)console_width(sys_stdout())
		   : 0;
}
