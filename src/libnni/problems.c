/*
 * What is wrong with a user's files: gathered here, printed by main().
 */
#include "problems.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "mem.h"
#include "quote.h"

/* Nobody reads more; a file of garbage may have millions. */
#define MAX_PROBLEMS 1000

void
problems_release(struct problems *p)
{
	size_t i;

	for (i = 0; i < p->count; i++)
		free(p->items[i].text);
	for (i = 0; i < p->file_count; i++)
		free(p->files[i]);
	free(p->items);
	free(p->files);
	*p = (struct problems)PROBLEMS_INIT;
}

size_t
problems_file(struct problems *p, const char *name)
{
	size_t was = p->file;

	p->files =
	    xreallocarray(p->files, p->file_count + 1, sizeof(*p->files));
	p->files[p->file_count] = xstrdup(name);
	p->file = p->file_count++;
	return was;
}

void
problems_back(struct problems *p, size_t file)
{
	p->file = file;
}

static void
add(struct problems *p, int line, int col, bool is_note, const char *fmt,
    va_list ap)
{
	struct buf text = BUF_INIT;
	struct problem *one;

	if (p->count >= MAX_PROBLEMS) {
		p->errors += !is_note;
		p->dropped += !is_note;
		return;
	}
	/* doubling from powers of two */
	if ((p->count & (p->count - 1)) == 0)
		p->items = xreallocarray(
		    p->items, p->count ? p->count * 2 : 1, sizeof(*p->items));
	buf_addv(&text, fmt, ap);
	quote_hide_logins(&text);
	one = &p->items[p->count];
	one->file = p->file;
	one->line = line;
	one->col = col;
	one->order = p->count++;
	one->is_note = is_note;
	one->lines = NULL;
	one->text = buf_detach(&text);
	p->errors += !is_note;
}

void
problems_add(struct problems *p, int line, int col, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	add(p, line, col, false, fmt, ap);
	va_end(ap);
}

void
problems_note(struct problems *p, int line, int col, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	add(p, line, col, true, fmt, ap);
	va_end(ap);
}

void
problems_at(struct problems *p, bool is_note, int line, int col,
    const char *path, const char *fmt, va_list ap)
{
	struct buf text = BUF_INIT;

	buf_addv(&text, fmt, ap);
	(is_note ? problems_note : problems_add)(
	    p, line, col, "%s%s%s", path, *path ? ": " : "", text.data);
	buf_release(&text);
}

void
problems_show(struct problems *p, const char *lines)
{
	if (p->count && !p->dropped)
		p->items[p->count - 1].lines = lines;
}

static int
by_position(const void *a, const void *b)
{
	const struct problem *x = a, *y = b;

	if (x->file != y->file)
		return x->file < y->file ? -1 : 1;
	if (x->line != y->line)
		return x->line < y->line ? -1 : 1;
	if (x->col != y->col)
		return x->col < y->col ? -1 : 1;
	return x->order < y->order ? -1 : x->order > y->order;
}

/* An example, each line set off. */
static void
add_lines(struct buf *out, const char *lines)
{
	size_t len;

	for (; lines && *lines; lines += len) {
		len = strcspn(lines, "\n");
		len += lines[len] == '\n';
		buf_adds(out, "    ");
		buf_add(out, lines, len);
	}
}

/* Several members of a hybrid may find the same fault in what they share. */
static bool
is_repeat(const struct problem *a, const struct problem *b)
{
	return a->file == b->file && a->line == b->line && a->col == b->col &&
	       strcmp(a->text, b->text) == 0;
}

void
problems_text(struct problems *p, bool notes, struct buf *out)
{
	size_t i;

	if (p->count)
		qsort(p->items, p->count, sizeof(*p->items), by_position);
	for (i = 0; i < p->count; i++) {
		const struct problem *one = &p->items[i];

		if ((one->is_note && !notes) || (i && is_repeat(one - 1, one)))
			continue;
		if (one->file < p->file_count)
			quote_visible(out, p->files[one->file],
			    strlen(p->files[one->file]));
		if (one->line)
			buf_addf(out, ":%d:%d", one->line, one->col);
		buf_adds(out, one->is_note ? ": note: " : ": ");
		quote_visible(out, one->text, strlen(one->text));
		buf_addc(out, '\n');
		add_lines(out, one->lines);
	}
	if (p->dropped)
		buf_addf(out, "and %llu more errors\n",
		    (unsigned long long)p->dropped);
}
