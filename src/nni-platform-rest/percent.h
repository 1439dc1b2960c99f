#ifndef NNI_REST_PERCENT_H
#define NNI_REST_PERCENT_H

#include <stddef.h>
#include "buf.h"

/*
 * Percent-encoding (RFC 3986, 2.1): all but its unreserved characters, so that
 * a text is a part of a path, a query or a form.
 */
void percent_encode(struct buf *out, const char *bytes, size_t len);
/* "name=value" of a query or form, behind "&" where there is something already;
   the name is taken as it is. */
void percent_field(struct buf *out, const char *name, const char *value);

#endif
