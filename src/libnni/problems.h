#ifndef NNI_PROBLEMS_H
#define NNI_PROBLEMS_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include "buf.h"

/*
 * What is wrong with the files a user wrote, gathered so that all of it can be
 * said at once, sorted by file and position:
 *
 *	exp.yml:12:3: trialConcurency: unknown key; did you mean ...
 *	exp.yml:20:1: note: versionCheck: has no effect here
 */
struct problem {
	size_t file;   /* index into files */
	int line, col; /* from 1; 0: the file as a whole */
	size_t order;  /* of being found: keeps equal positions in order */
	bool is_note;
	char *text;
	const char *lines; /* of an example, shown below it; NULL */
};

struct problems {
	char **files; /* as the user named them */
	size_t file_count;
	size_t file; /* the one that problems are now about */
	struct problem *items;
	size_t count;
	size_t errors;	/* items that are not notes */
	size_t dropped; /* errors past the first thousand, only counted */
};

#define PROBLEMS_INIT                                                          \
	{                                                                      \
		NULL, 0, 0, NULL, 0, 0, 0                                      \
	}

void problems_release(struct problems *p);
/*
 * From now on problems are about this file (the name is copied). Returns the
 * index of the file that was current, for problems_back().
 */
size_t problems_file(struct problems *p, const char *name);
void problems_back(struct problems *p, size_t file);
void problems_add(struct problems *p, int line, int col, const char *fmt, ...)
    NNI_FORMAT(4, 5);
/* Something worth knowing that does not make the file invalid. */
void problems_note(struct problems *p, int line, int col, const char *fmt, ...)
    NNI_FORMAT(4, 5);
/* Either, as "PATH: TEXT" about what is at that path; empty: the whole. */
void problems_at(struct problems *p, bool is_note, int line, int col,
    const char *path, const char *fmt, va_list ap);
/*
 * An example for the problem that was added last, for the user to copy: lines
 * of our own, each ended by \n; borrowed. They are shown below the message.
 */
void problems_show(struct problems *p, const char *lines);
/*
 * Appends all of them to `out`, a line each and its example, sorted; `notes`
 * false leaves the notes out.  Text from outside is in the form
 * of quote_visible().
 */
void problems_text(struct problems *p, bool notes, struct buf *out);

#endif
