#ifndef NNI_LOCAL_COMMAND_H
#define NNI_LOCAL_COMMAND_H

#include <stdbool.h>

/*
 * A trial's command line that needs no shell: a program and plain arguments,
 * perhaps quoted.  Anything that a shell might read in another way (expansion,
 * redirection, assignment, a builtin, a keyword, a function) is left to it.
 */

/*
 * The words, a malloced NULL-ended array to be freed with command_free(); NULL
 * if a shell is needed.
 */
char **command_split(const char *line);
void command_free(char **argv);

/*
 * The program without which a line that needs a shell cannot succeed: its first
 * word, malloced; NULL if that is none, or if it may fail and the line go on.
 */
char *command_needs(const char *line);
/*
 * The file that `argv` has an interpreter run, looked for as it does so: an
 * element of argv, or NULL.  *in_path: where it is not in the working
 * directory, it is searched in PATH.
 */
const char *command_script(char **argv, bool *in_path);

#endif
