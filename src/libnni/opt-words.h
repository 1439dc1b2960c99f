#ifndef NNI_OPT_WORDS_H
#define NNI_OPT_WORDS_H

#include "opt.h"

/*
 * What can stand at a place of a command line, for completion: `words` are
 * those behind the program's name up to the cursor, the last one (which may be
 * empty) being the one to complete.  Appends
 *
 *	KIND
 *	PREFIX
 *	SUFFIX ...
 *	WORD <tab> DESCRIPTION		any number of these lines
 *
 * KIND says which files fit beside the words: "none", "directories", or
 * "files", then directories and, if there are suffixes, only those that end
 * in one of them.  PREFIX is how the last word begins that the words (and
 * files) go behind: "--format=".
 *
 * Options, commands, alternatives ("a|b") are from the table.  What the others
 * stand for is known by their name: CONFIG DIR EXPERIMENT FILE ID PATH PLATFORM
 * TRIAL ZIP; of any other name (N, TIME, NAME) nothing is offered but what the
 * tool's own `words` knows.
 */
void opt_words(const struct opt_tool *tool, char *const *words, size_t count,
    struct buf *out);

#endif
