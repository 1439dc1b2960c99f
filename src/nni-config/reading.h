#ifndef NNI_CONFIG_READING_H
#define NNI_CONFIG_READING_H

#include <stdbool.h>
#include <stddef.h>
#include "buf.h"
#include "node.h"
#include "problems.h"
#include "schema.h"

/*
 * The reading of one configuration: from the tree of the user's file into a
 * tree of canonical keys and values.  The nodes of the latter keep the place
 * that they came from (line 0: a default), for messages and --origin.
 */
struct reading {
	struct problems *problems;
	const struct node *file; /* the user's tree */
	const char *base;	 /* the file's folder, absolute */
	bool v1;		 /* keys must match to the letter */
	bool to_the_letter;	 /* so here, too: names of neither form */
	bool runnable;		 /* what this version cannot run is an error */
	bool no_tuner;		 /* a search space and a tuner may be missing */
	struct buf path;	 /* of the object at hand: "trial." */
	const struct key *v1_tables[2]; /* for names in messages */
	const struct node *services;	/* the canonical ones, so far */
	struct buf hints; /* names that reading_hint() was given */
};

/* "PATH.KEY: TEXT" about the value `at`. */
void reading_error(struct reading *r, const struct node *at, const char *key,
    const char *fmt, ...) NNI_FORMAT(4, 5);
void reading_note(struct reading *r, const struct node *at, const char *key,
    const char *fmt, ...) NNI_FORMAT(4, 5);
/* The same about n's key, not its value; an error, or a note. */
void reading_key(struct reading *r, bool note, const struct node *n,
    const char *fmt, ...) NNI_FORMAT(4, 5);
/*
 * A message has named the place where a key belongs ("trial.command"): neither
 * it nor the object around it is told to be missing, too.
 */
void reading_hint(struct reading *r, const char *name);
bool reading_hinted(const struct reading *r, const char *key);
/* Goes down into an object or list for messages; returns what to give back. */
size_t reading_enter(struct reading *r, const char *fmt, ...) NNI_FORMAT(2, 3);
void reading_leave(struct reading *r, size_t was);

/* A table and the canonical object that its keys go into. */
struct target {
	const struct key *keys;
	struct node *out;
};

/*
 * Reads the members of `map` by the tables (the first that knows a key has it),
 * telling every error.  A key in none of them is an error, or, with `rest`, is
 * put there as it is (keys of somebody's own platform).
 */
void schema_read(struct reading *r, const struct node *map,
    const struct target *targets, size_t count, struct node *rest);

/* The row for a key as the user spelt it; NULL if there is none. */
const struct key *schema_find(
    const struct reading *r, const struct key *keys, const char *name);

/* Puts in the defaults of what is missing (the top level of a table only). */
void schema_defaults(const struct key *keys, struct node *out);

/* Tells that the row's key is missing in the object `at`, and what to add. */
void schema_missing(
    struct reading *r, const struct node *at, const struct key *k);

/* "trial.image" for "dockerImage" where the file is V1; else the name itself.
 */
void reading_name(const struct reading *r, const char *key, struct buf *out);

/* ---- values (value.c) ---- */

/*
 * Checks one value and makes `to` its canonical form. 0; or -1, told. Not for
 * OBJECT and OBJECTS.
 */
int value_read(struct reading *r, const struct key *k, const struct node *from,
    struct node *to);

/* A path goes into JSON: 0; or -1, told, if it is not UTF-8. */
int value_check_path(struct reading *r, const struct node *at, const char *key,
    const char *path);

/* Appends what its value must be: "a whole number, 1 or more". */
void value_describe(const struct key *k, struct buf *out);

/* ---- canonical trees (tree.c) ---- */

/* The member `key`, made (null, no place) if it is not there. */
struct node *tree_put(struct node *map, const char *key);
/* The same by a dotted path; objects on the way are made. */
struct node *tree_put_path(struct node *map, const char *path);
void tree_remove(struct node *map, const char *key);
/*
 * Moves from's member (if there is one; from may be NULL) to another object or
 * name. Pointers into `from` and `to` are void then.
 */
void tree_move(
    struct node *from, const char *key, struct node *to, const char *to_key);
/* Replaces the value; `from` (may be NULL) gives the place. */
void tree_set_string(struct node *n, const char *text, const struct node *from);
void tree_set_int(struct node *n, int64_t i, const struct node *from);
/* A whole number, if it is one and its text is exact. */
void tree_set_number(struct node *n, double d, const struct node *from);
/* JSON of one word: "\"x\"", "0", "false". */
void tree_set_json(struct node *n, const char *json);
/* The text of a string member; NULL. */
const char *tree_text(const struct node *map, const char *key);
/* A member that is an integer; `otherwise` if it is not there. */
int64_t tree_int(const struct node *map, const char *key, int64_t otherwise);

#endif
