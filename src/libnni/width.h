#ifndef NNI_WIDTH_H
#define NNI_WIDTH_H

#include <stddef.h>
#include "buf.h"

/*
 * How wide a text is on a terminal, in columns.  Texts are UTF-8; a byte that
 * is no part of a character counts as one column.
 */

/* Control characters must not be in it. */
size_t width_text(const char *text, size_t len);
/*
 * Appends the text, no wider than `width`: what is too wide is cut and ends
 * with the ellipsis, if there is room for more than that.
 */
void width_fit(struct buf *out, const char *text, size_t len, size_t width,
    const char *ellipsis);

#endif
