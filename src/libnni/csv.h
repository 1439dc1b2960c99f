#ifndef NNI_CSV_H
#define NNI_CSV_H

#include "buf.h"
#include "json.h"
#include "map.h"

/*
 * Tables for other programs, as CSV (RFC 4180): fields, and columns that are
 * found by their names, since no row says which there are.
 */

/* Appends a field, in quotes where it needs them. */
void csv_field(struct buf *out, const char *text, size_t len);
/* The same of a value: a string as its text, anything else as its JSON. */
void csv_value(struct buf *out, struct json v);

struct csv_column {
	char *name; /* its text, not its JSON */
	size_t len;
	struct json cell; /* of the row at hand: the owner's */
};

/* In the order in which they were met.  All zero: none. */
struct csv_columns {
	struct csv_column *all; /* count of them */
	size_t count, room;
	struct map by_name; /* hash of a name: its place in `all`, plus 1 */
};

/* The column of that name, made if it is new; valid until one is made. */
struct csv_column *csv_column(
    struct csv_columns *c, const char *name, size_t len);
/* A new row: no column has a cell (JSON_NONE). */
void csv_clear_cells(struct csv_columns *c);
void csv_columns_release(struct csv_columns *c);

#endif
