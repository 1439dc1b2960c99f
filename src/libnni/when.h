#ifndef NNI_WHEN_H
#define NNI_WHEN_H

#include <stdint.h>
#include "buf.h"

/* Times for people. Records have Unix seconds: json_member_time(). */

/* Appends "2024-05-01T12:30:05Z" (RFC 3339), from Unix milliseconds. */
void when_add_utc(struct buf *out, int64_t ms);
/* Reads such a time, in any zone and with any fraction of a second, into Unix
   milliseconds. 0, or -1: it is none. */
int when_parse(const char *text, int64_t *ms);
/* Appends "4:05", "1:04:05" or "3d 1:04:05". */
void when_add_duration(struct buf *out, int64_t ms);

#endif
