#ifndef NNI_REST_CURL_LINE_H
#define NNI_REST_CURL_LINE_H

#include <stddef.h>
#include "buf.h"

/*
 * Lines of a configuration of curl (curl(1), -K): how it is told what is
 * secret, or long, without it being in a command line.
 */

/* Adds `name = "value"` LF; any bytes but NUL come out as they were. */
void curl_line(struct buf *lines, const char *name, const char *value);
void curl_line_bytes(
    struct buf *lines, const char *name, const char *value, size_t len);
/* `name`: an option that has no value. */
void curl_flag(struct buf *lines, const char *name);

#endif
