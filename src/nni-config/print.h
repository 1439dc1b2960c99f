#ifndef NNI_CONFIG_PRINT_H
#define NNI_CONFIG_PRINT_H

#include <stdbool.h>
#include "buf.h"
#include "node.h"

/* Makes every secret value "***". */
void print_redact(struct node *top);
/* A secret that the user wrote, the first in the order of keys; NULL. */
const struct node *print_find_secret(const struct node *top);
/* As JSON over several lines, for people. */
void print_pretty(const struct node *n, struct buf *out);
/*
 * A line for each value: KEY, VALUE and where it is from (FILE:LINE or
 * "default"), with tabs between. `space_file` (may be NULL) is where the search
 * space is from.
 */
void print_origins(const struct node *top, const char *file,
    const char *space_file, struct buf *out);
/*
 * Every key that there is: FORM, PLACE, KEY, KIND, REMARKS, with tabs
 * between.
 */
void print_keys(struct buf *out);

#endif
