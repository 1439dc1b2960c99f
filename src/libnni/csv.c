/* CSV: fields, and columns by their names. */
#include "csv.h"

#include <stdlib.h>
#include <string.h>

#include "hash.h"
#include "mem.h"

static bool
needs_quotes(const char *text, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		if (strchr(",\"\r\n", text[i])) /* or NUL */
			return true;
	return false;
}

void
csv_field(struct buf *out, const char *text, size_t len)
{
	size_t i;

	if (!needs_quotes(text, len)) {
		buf_add(out, text, len);
		return;
	}
	buf_addc(out, '"');
	for (i = 0; i < len; i++) {
		if (text[i] == '"')
			buf_addc(out, '"');
		buf_addc(out, text[i]);
	}
	buf_addc(out, '"');
}

void
csv_value(struct buf *out, struct json v)
{
	struct buf text = BUF_INIT;

	if (v.at && json_string(v, &text) == 0)
		csv_field(out, text.data, text.len);
	else if (v.at)
		csv_field(out, v.at, v.len);
	buf_release(&text);
}

struct csv_column *
csv_column(struct csv_columns *c, const char *name, size_t len)
{
	uint64_t hash = hash_bytes(name, len), *place;
	bool made;

	place = map_put(&c->by_name, hash ? hash : 1, &made);
	if (!made)
		return &c->all[*place - 1];
	if (c->count == c->room) {
		c->room = c->room ? c->room * 2 : 16;
		c->all = xreallocarray(c->all, c->room, sizeof(*c->all));
	}
	c->all[c->count] =
	    (struct csv_column){xstrndup(name, len), len, JSON_NONE};
	*place = ++c->count;
	return &c->all[c->count - 1];
}

void
csv_clear_cells(struct csv_columns *c)
{
	size_t i;

	for (i = 0; i < c->count; i++)
		c->all[i].cell = JSON_NONE;
}

void
csv_columns_release(struct csv_columns *c)
{
	size_t i;

	for (i = 0; i < c->count; i++)
		free(c->all[i].name);
	free(c->all);
	map_release(&c->by_name);
	*c = (struct csv_columns){0};
}
