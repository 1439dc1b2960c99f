#ifndef NNI_NODE_YAML_H
#define NNI_NODE_YAML_H

#include <stddef.h>
#include "node.h"
#include "problems.h"

/*
 * Reads one YAML document into *root, as NNI's reader (PyYAML's safe loader,
 * YAML 1.1) takes it: yes, no, on, off are booleans, 0x10, 010, 1_000 and 1:30
 * numbers, `<<` merges.  A number that only YAML 1.2 knows (1e-5) is one here
 * too, with node.loose set.  0: all of it was read, though there may be errors
 * in `problems`; 1: what stands before the error of syntax that is the last in
 * `problems`; -1: nothing of use, and why.  Either way *root is the caller's to
 * release.  Called by node_parse().
 */
int yaml_read(
    const char *text, size_t len, struct node *root, struct problems *problems);

/* What a plain (unquoted) scalar is; sets type and loose of `n` by its text. */
void yaml_resolve(struct node *n);

#endif
