#ifndef NNI_OPT_H
#define NNI_OPT_H

#include <stdbool.h>
#include <stdint.h>
#include "buf.h"

/*
 * Command lines.  One table a tool: it parses, it prints -h, and it makes the
 * completions of bash, zsh and fish; a test compares it with the man page.
 *
 * POSIX 12.2 with GNU's extensions: bundled short options, --name=value,
 * options after operands, "--" ends options.  No abbreviations.
 */
enum opt_kind {
	OPT_FLAG,   /* bool *: set to true */
	OPT_NO,	    /* bool *: set to false */
	OPT_COUNT,  /* int *: one more at each */
	OPT_STRING, /* const char **: borrowed from argv */
	OPT_PATH,   /* the same; "~/x" and "~user/x", which a shell leaves alone
		       behind "--name=", are expanded */
	OPT_INT,    /* int64_t *: decimal, within opt.min..opt.max if max > 0 */
	OPT_DOUBLE, /* double * */
	OPT_DURATION, /* int64_t * of milliseconds: "90", "1.5h", "10s", "2m" */
	OPT_SIZE,     /* int64_t * of bytes: "300", "300MB", "1GiB" */
	OPT_LIST      /* struct opt_list *: may be repeated */
};

struct opt_list {
	const char *
	    *items; /* borrowed strings; free items with opt_list_release */
	size_t count;
};

struct opt {
	char letter;	  /* 0: long only */
	const char *name; /* long name without dashes; NULL ends a table */
	const char *arg;  /* what -h calls the argument: "FILE", "N", "a|b|c";
			     alternatives are checked and completed; NULL for
			     flags */
	const char *help; /* one short line, lower case, no full stop */
	enum opt_kind kind;
	void *to;	  /* NULL: what `min` says of enum opt_common */
	int64_t min, max; /* OPT_INT; max 0: no bounds */
};

/* What the options do that every tool has; a tool may have another letter for
   one, under the same name. */
enum opt_common { OPT_HELP = 1, OPT_VERSION, OPT_VERBOSE, OPT_QUIET };

struct opt_tool {
	const char *name;     /* "nni-pack" or "nnictl experiment list" */
	const char *summary;  /* one line, what it does */
	const char *operands; /* "DIR", "[FILE ...]", "" */
	const char *examples; /* lines for -h, each indented by two blanks */
	const struct opt *options; /* ends with name == NULL; may be NULL */
	const struct opt_tool *const *commands; /* sub-commands, NULL-ended; may
						   be NULL */
	/*
	 * For completion: appends "WORD\tDESCRIPTION\n" for what fits as the
	 * value of the option of this name, or as an operand, by what -h calls
	 * it.  NULL: the tool knows nothing of its own.
	 */
	void (*words)(const char *what, struct buf *out);
	/*
	 * What it takes from the environment: 0, or -1 with what is wrong,
	 * which is told, with NNI_USAGE as the exit code.  NULL: nothing.
	 */
	int (*environment)(struct buf *err);
};

#define OPT_GO (-1)

/*
 * Parses.  Operands are moved to the front: on OPT_GO argv[0..*argc-1] are the
 * operands alone (argv[0] of the program is gone, argv[*argc] is NULL).
 * Handles by itself, on stdout: -h/--help (also when other arguments are
 * wrong), -V/--version, and, hidden, --completion=bash|zsh|fish and
 * --complete WORD ..., which those scripts call (opt-words.h).  Handles
 * -v/--verbose and -q/--quiet by say_level().
 *
 * Returns OPT_GO to go on, else the exit code to end with (0 or NNI_USAGE,
 * the message and the usage line having been printed).
 *
 * With `commands`, stops at the first operand, finds the command by it and
 * stores it in *chosen (otherwise chosen may be NULL); the caller parses on
 * with opt_parse(*chosen, ...), argv[0] then being the command's word.
 */
int opt_parse(const struct opt_tool *tool, int *argc, char **argv,
    const struct opt_tool **chosen);

/* "usage: NAME [options] OPERANDS" and a hint on stderr; returns NNI_USAGE. */
int opt_usage(const struct opt_tool *tool, const char *fmt, ...)
    NNI_FORMAT(2, 3);

void opt_list_release(struct opt_list *list);

/*
 * The candidate that `word` may have been meant for, case, '_' and '-' aside:
 * by few edits; else the only one that it shortens (maxExpNum), or whose first
 * or last words it is (command, of trialCommand), or the other way round; NULL
 * rather than something far away.  `words` ends with NULL.
 */
const char *opt_nearest(const char *word, const char *const *words);

/*
 * "90", "10s", "1.5h" (d h m s ms, any case; no unit: seconds; rounded up to
 * a millisecond).  -1 if it is not one, or negative.  NNI reads durations so:
 * v3.0:nni/experiment/config/utils.
 */
int64_t parse_duration_ms(const char *text);

#define NNI_VERSION "0.1.0"

#endif
