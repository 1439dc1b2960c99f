#ifndef NNI_RUN_PLACES_H
#define NNI_RUN_PLACES_H

#include <stdbool.h>
#include <stddef.h>
#include "json.h"

/*
 * The places of a member, as its verb `check` tells of them: a `place` record
 * each, and error records, which may be about one of them, in "place" or
 * "where", or about the member as a whole.
 */
struct place_told {
	char *name;
	char *record; /* NULL: only errors tell of it */
	bool bad;
	bool named; /* an error names it as its "place" */
};

struct places_told {
	struct place_told *all;
	size_t count;
	bool whole; /* an error says of nobody that it is about him */
};

void places_add(struct places_told *p, struct json record);
void places_add_error(struct places_told *p, struct json record);
/* How many are there, and nothing is wrong with them? */
size_t places_able(const struct places_told *p);
/*
 * A line on standard error for each of those: "bob@192.0.2.2: ok, 8 CPUs, 120
 * GB free"; a warning where its clock differs.
 */
void places_say(const struct places_told *p, const char *member);
void places_release(struct places_told *p);

#endif
