#ifndef NNI_OPT_COMPLETE_H
#define NNI_OPT_COMPLETE_H

#include "opt.h"

/*
 * Prints a script for "bash", "zsh" or "fish" that completes the tool's command
 * lines by asking the tool itself.  Returns an exit code.
 */
int opt_complete(const struct opt_tool *tool, const char *shell);
/* The answer (opt-words.h). */
int opt_complete_words(
    const struct opt_tool *tool, char *const *words, size_t count);

/* In a table; NULL. `len` bytes of the name count. */
const struct opt *opt_find_long(
    const struct opt *o, const char *name, size_t len);
const struct opt *opt_find_letter(const struct opt *o, char letter);
const struct opt_tool *opt_find_command(
    const struct opt_tool *tool, const char *word);

/* The options that every tool has; ends with name == NULL. */
const struct opt *opt_common(void);

#endif
