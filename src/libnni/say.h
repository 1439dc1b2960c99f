#ifndef NNI_SAY_H
#define NNI_SAY_H

#include "buf.h"

/*
 * What a program tells its user on stderr, and how it ends.  Only main.c files
 * use this; modules return -1 and fill a `struct buf *err`.
 *
 * Every message is one write of one line "PROGRAM: LEVEL: TEXT", in the form of
 * quote_visible(), so that no text from outside can make a line of its own, or
 * play with the terminal.
 */

/* The exit codes of all programs: design section 4, nni(7). */
enum nni_exit {
	NNI_OK = 0,
	NNI_TRIAL_FAILED = 1, /* a trial failed */
	NNI_USAGE = 2,	      /* the command line is wrong */
	NNI_CONFIG = 3,	      /* the configuration is invalid */
	NNI_NOTHING = 4,      /* nothing to do, or nothing matched */
	NNI_TEMPORARY = 5,    /* an outside failure; trying again may help */
	NNI_AUTH = 6,	      /* not authorised */
	NNI_DEADLINE = 7,     /* a time limit was reached */
	NNI_LOCKED = 8	      /* held by a live process */
};

/* The program's name in messages; set once by main(). Borrowed. */
void say_program(const char *name);
/* Set by -q and -v: 0 errors only, 1 warnings too (default), 2 notes, 3 debug.
 */
void say_level(int level);
int say_level_get(void);

/* Prints, and returns `code`, so that `return say_error(NNI_USAGE, ...)`. */
int say_error(int code, const char *fmt, ...) NNI_FORMAT(2, 3);
void say_warning(const char *fmt, ...) NNI_FORMAT(1, 2);
/* The same for a text that is meant to be several lines; whoever made them has
   seen to what came from outside. */
int say_error_lines(int code, const char *lines);
void say_warning_lines(const char *lines);
/* Plain information (level 1 and up); "PROGRAM: TEXT". */
void say(const char *fmt, ...) NNI_FORMAT(1, 2);
void say_debug(const char *fmt, ...) NNI_FORMAT(1, 2);

/*
 * Standard output could not be written, as os_errno() tells, which is how a
 * stream's `gone` is called.  A reader that has gone is no fault: NNI_OK.
 * Anything else (a full disk, a closed output) is said, once: NNI_TEMPORARY.
 */
int say_output_lost(void);
/*
 * For programs that change something before they have data: NNI_OK, or
 * NNI_TEMPORARY, said, if standard output is closed, so that nobody could get
 * them.
 */
int say_check_output(void);
/*
 * Data for standard output, written at once after what printf() still holds.
 * 0, or -1 if nobody gets it: then there is no use in making more, and nothing
 * to be said or returned, which say_finish() does.
 */
int say_data(const void *bytes, size_t len);
/* Every program's last step: what printf() still holds goes out. Returns
   `code`, or NNI_TEMPORARY if output was lost. */
int say_finish(int code);

#endif
