#ifndef NNI_TABLE_H
#define NNI_TABLE_H

#include "buf.h"
#include "record.h"

/*
 * Records for people: a line each, in columns, as they come.  What came from
 * outside is in the form of quote_visible().
 */
void table_title(struct buf *out);
/* Nothing for a record that is of no interest to people (credits, asks). */
void table_row(struct buf *out, const struct record *r);

/* Appends how a status came to be: its reason, exit code or signal. */
void table_how(struct buf *out, const struct record *r);
/* Appends the text of a value as people read it: a string without its quotes,
   anything else as it is. */
void table_text(struct buf *out, struct json v);

#endif
