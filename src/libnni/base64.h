#ifndef NNI_BASE64_H
#define NNI_BASE64_H

#include <stddef.h>
#include "buf.h"

/*
 * Base64 (RFC 4648, section 4): how bytes of any kind travel in lines of JSON.
 *
 * Written here, 40 lines: the libraries that have it (OpenSSL, glib) are large,
 * and the program that is sent to other machines has none but libc.
 */

/* How many characters `len` bytes become. */
#define BASE64_LEN(len) (((len) + 2) / 3 * 4)

/* Appends `len` bytes as text.  0, or -1 past the maximum of `out`. */
int base64_encode(struct buf *out, const void *bytes, size_t len);
/*
 * Appends the bytes of a text.  0; or -1, with `out` as it was: past its
 * maximum, or the text is not what base64_encode() makes of any bytes: another
 * character (white space too), a length that is no multiple of 4, bits that are
 * set and belong to no byte.
 */
int base64_decode(struct buf *out, const char *text, size_t len);

#endif
