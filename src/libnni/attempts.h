#ifndef NNI_ATTEMPTS_H
#define NNI_ATTEMPTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "record.h"

/*
 * What a program knows of each attempt, found by (trial, attempt) and kept in
 * the order in which they came.  An entry is a struct of the program's own that
 * begins with a struct attempt; it stays where it is until the table is
 * released.
 */
struct attempt {
	char trial[TRIAL_ID_LEN + 1];
	int number; /* the record's "attempt" */
};

struct attempts {
	struct attempt **all; /* count of them, in order of arrival */
	size_t count, cap;
	uint32_t *slots; /* index into all, plus 1; 0: free */
	size_t slot_count;
};
#define ATTEMPTS_INIT                                                          \
	{                                                                      \
		NULL, 0, 0, NULL, 0                                            \
	}

/* NULL if it is not there. */
void *attempts_find(const struct attempts *t, const char *trial, int number);
/* The one of that trial with the highest number; NULL if there is none. */
void *attempts_latest(const struct attempts *t, const char *trial);
/*
 * A new entry of `size` zeroed bytes; there must be none of that key.  The
 * table owns it and frees the entry itself, not what it points to.
 */
void *attempts_add(
    struct attempts *t, const char *trial, int number, size_t size);
void attempts_release(struct attempts *t);

/*
 * The entry that a record means: its own attempt or, where the record does not
 * say one, the trial's latest.
 */
void *attempts_of(const struct attempts *t, const struct record *r);

#endif
