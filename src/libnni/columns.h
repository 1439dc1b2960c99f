#ifndef NNI_COLUMNS_H
#define NNI_COLUMNS_H

#include <stdbool.h>
#include <stddef.h>
#include "buf.h"

/*
 * A table for people: headings, then rows of cells, each column as wide as its
 * widest cell.
 *
 *	static const struct column list[] = {
 *	    {"ID", 0, false}, {"TRIALS", 0, true}, {"NAME", 4, false},
 *	    {NULL, 0, false}};
 *	struct columns *c = columns_new(list);
 *	columns_add(c, "abcd1234"); ... one cell after the other
 *	columns_print(c, 80, &out);
 *	columns_free(c);
 */
struct column {
	const char *title; /* NULL ends the list */
	size_t least;	   /* may be cut to so many columns; 0: never */
	bool number;	   /* to the right */
};

struct columns;

/* `list` is borrowed. */
struct columns *columns_new(const struct column *list);
void columns_free(struct columns *c);
/*
 * The next cell, copied.  An empty one is shown as "-"; the rest is in the form
 * of quote_visible().
 */
void columns_add(struct columns *c, const char *text);
void columns_addf(struct columns *c, const char *fmt, ...) NNI_FORMAT(2, 3);
/*
 * Appends all of it, nothing if there is no row.  `width`: of the terminal; the
 * widest cells that may be cut are, until the lines fit, and what still does
 * not is cut at the edge.  0: nothing is cut.
 */
void columns_print(const struct columns *c, size_t width, struct buf *out);
/* The width for what goes to standard output: 0 unless it is a terminal. */
size_t columns_width(void);

#endif
