#ifndef NNI_REST_LISTING_H
#define NNI_REST_LISTING_H

#include <stdbool.h>
#include <stdint.h>
#include "buf.h"
#include "json.h"

/*
 * What comes in pieces, the items of a list or the lines of a stream: whose
 * each is, whether it is another than last time, and who was in none.
 */
struct engine;
struct subject;

struct listing {
	struct subject *asker;
	char *id;
	char *at, *to, *note, *next; /* JSON: paths; NULL: none was said */
	char *prefix;		     /* NULL: none */
	char *noted;		     /* JSON */
	bool changes;
	uint64_t name; /* with `changes`: of what has this id */
	uint32_t time; /* and which reading of it this is */
};

/* What the request `spec` of `asker` says of it; 0 or -1. */
int listing_init(struct listing *l, struct subject *asker, const char *id,
    struct json spec, struct buf *err);
void listing_release(struct listing *l);

/* Remembers the text that stands in `v` at the path `note`; false: none does.
 */
bool listing_note(struct listing *l, struct json v);
void listing_piece(struct listing *l, struct json piece);
/*
 * A page of it: its items become pieces, and `rest`, where there is one, gets
 * it without them.  -1: it has no list where one should be.
 */
int listing_page(struct listing *l, struct json all, struct buf *rest);
/* Where its next page is, malloced; NULL: that was the last one. */
char *listing_next(const struct listing *l, struct json all);
/* All of it came: who was in none of its pages is told. */
void listing_whole(struct listing *l);

/* What is remembered of one attempt. */
struct brought;
void brought_free(struct brought *b);

#endif
