#ifndef NNI_LOCAL_COMMAND_H
#define NNI_LOCAL_COMMAND_H

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

#endif
