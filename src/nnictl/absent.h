#ifndef NNICTL_ABSENT_H
#define NNICTL_ABSENT_H

/*
 * Commands of NNI's nnictl that do not exist here: says so, and what comes
 * nearest; returns an exit code, or OPT_GO if it is none of them.
 */
int absent_command(int argc, char **argv);

#endif
