#ifndef NNI_REPORT_H
#define NNI_REPORT_H

#include "buf.h"

/*
 * One row a trial: its number, status, parameters and final metric, as CSV
 * (RFC 4180) or as tab-separated text (IANA text/tab-separated-values; a tab,
 * line feed or backslash in a value is written \t, \n, \\).  The columns are
 * all parameters and metrics that any trial has, objects in them taken apart by
 * dots, so they are known at the end only.
 */
struct report;

struct report *report_new(char separator);
/* Takes records, of any type. */
void report_take(struct report *r, const char *lines, size_t len);
/* The table. */
void report_print(struct report *r, struct buf *out);
void report_free(struct report *r);

#endif
