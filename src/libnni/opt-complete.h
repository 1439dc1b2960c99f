#ifndef NNI_OPT_COMPLETE_H
#define NNI_OPT_COMPLETE_H

#include "opt.h"

/*
 * Prints a completion script for "bash", "zsh" or "fish", made from the tool's
 * option table (sub-commands included).  Returns an exit code.
 */
int opt_complete(const struct opt_tool *tool, const char *shell);

/* The options that every tool has; ends with name == NULL. */
const struct opt *opt_common(void);

#endif
