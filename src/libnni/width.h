#ifndef NNI_WIDTH_H
#define NNI_WIDTH_H

#include <stddef.h>
#include <stdint.h>
#include "buf.h"

/*
 * How wide a text is on a terminal, in columns.  Texts are UTF-8; a byte that
 * is no part of a character counts as one column.
 */

/* Of one character: 0, 1 or 2.  It must not be a control character. */
int width_of(uint32_t c);
size_t width_text(const char *text, size_t len);
/* How many bytes from the start are not wider than `width`.  What combines
   with the last character is among them. */
size_t width_prefix(const char *text, size_t len, size_t width);
/*
 * Appends the text, no wider than `width`: what is too wide is cut and ends
 * with the ellipsis, if there is room for more than that.
 */
void width_fit(struct buf *out, const char *text, size_t len, size_t width,
    const char *ellipsis);

#endif
