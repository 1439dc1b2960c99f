#ifndef NNI_LOCAL_SUPPLY_H
#define NNI_LOCAL_SUPPLY_H

#include "filter.h"
#include "place.h"
#include "trees.h"

/*
 * The trees of files that the trials of a far end need, its code and tools:
 * what is not there is asked for ({"type":"need","tree":DIGEST}) and taken in.
 */
struct supplied {
	struct supply *s;
	const char *digest; /* NULL: none is needed */
	const char *what;   /* for people: "the code" */
	bool there;
	bool asked;	     /* and not all has come yet */
	bool refused;	     /* it will not be asked for again */
	struct incoming *in; /* NULL: the rest of it is passed over */
	struct buf trouble;
	struct timer again;
};

struct supply {
	const struct place *place;
	struct loop *loop;
	struct filter *filter;
	struct supplied all[2];
};

/* Checks what is there, asks for the rest.  Does nothing at a place that is not
   a far end. */
void supply_begin(struct supply *s, const struct place *p, struct loop *loop,
    struct filter *filter);
/* Was this record a part of a tree? */
bool supply_takes(struct supply *s, const struct record *r);
/* Nothing can be started while something is missing: `why` (may be
   NULL) says what. */
bool supply_lacks(const struct supply *s, struct buf *why);
/* Only because it has not come yet? */
bool supply_is_coming(const struct supply *s);
/* A keeper found that the code is not what it was. */
void supply_code_changed(struct supply *s);
void supply_end(struct supply *s);

#endif
