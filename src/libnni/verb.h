#ifndef NNI_VERB_H
#define NNI_VERB_H

#include <stdbool.h>
#include "buf.h"
#include "opt.h"

/*
 * What the programs of platforms have in common: nni-platform-NAME VERB
 * [--dir DIR] [--member NAME] [--once] (platforms/README).
 */
struct far;
struct verb {
	const char *dir; /* the experiment's, absolute */
	const char *member;
	bool once;	 /* say what is true now, and end with the input */
	struct far *far; /* nni-platform-local behind an ssh; else NULL */
};

enum {
	VERB_ALONE = 1, /* it needs no --dir */
	VERB_UNSAID = 2 /* not among the platform's capabilities */
};
/* A table of them ends with the name NULL. */
struct verb_entry {
	const char *name;
	int (*run)(const struct verb *v); /* returns the exit code */
	int flags;
};

/* The verb of that name; NULL after an error for people. */
const struct verb_entry *verb_find(const struct opt_tool *tool,
    const struct verb_entry *verbs, const char *name);
/* Runs it; v->dir as it was typed, NULL if it was not.  The exit code. */
int verb_run(const struct opt_tool *tool, const struct verb_entry *e,
    const struct verb *v);
/* For opt_tool.words. */
void verb_complete(
    const struct verb_entry *verbs, const char *what, struct buf *out);
/*
 * Says the capabilities of a platform that adopts, updates, tells credit and
 * keeps trialConcurrency; `needs_code`: "none", "archive".
 */
int verb_say_capabilities(
    const struct verb_entry *verbs, const char *needs_code);

#endif
