#ifndef NNI_REST_URL_H
#define NNI_REST_URL_H

#include <stdbool.h>
#include "buf.h"

/*
 * The origin of a URL of http or https (RFC 6454): scheme, host and port, in
 * small letters, the port only where it is not the scheme's own.  Appended to
 * `origin`, of what may be secret in the URL it has nothing.  -1, with err in
 * which nothing of it is shown: it is no such URL, or has a user name in it.
 */
int url_origin(const char *url, struct buf *origin, struct buf *err);
/* Are both, as url_origin() made them, on one host, by the same scheme? */
bool url_same_host(const char *one, const char *other);

#endif
