#ifndef NNI_UTF8_H
#define NNI_UTF8_H

#include <stddef.h>
#include "buf.h"

/*
 * Bytes of the character at p (p < end): 1 to 4, or 0 if it is none: overlong
 * forms, surrogates and what is beyond U+10FFFF are refused (RFC 3629).
 */
size_t utf8_length(const unsigned char *p, const unsigned char *end);
/* Appends the character with the number c. */
void utf8_add(struct buf *out, unsigned long c);

#endif
