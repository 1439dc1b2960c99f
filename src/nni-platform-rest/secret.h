#ifndef NNI_REST_SECRET_H
#define NNI_REST_SECRET_H

#include <stddef.h>
#include "buf.h"
#include "json.h"
#include "os/loop.h"

/*
 * What proves who we are, and what nobody else may see: a token, a password.
 * An object has each in one of these ways, the first three excluding each
 * other:
 *
 *	"token":"..."		itself
 *	"tokenFile":"path"	a file, read each time, white space at its ends
 *				left out
 *	"tokenCommand":"c"	the first line of what a program prints; its
 *				words have blanks between, "..." and '...' hold
 *				them together, and no shell reads them.  Asked
 *				once, and again after secrets_refused()
 *	"tokenEnv":"NAME"	that variable, if none of these is there; it is
 *				taken out of our environment
 *
 * What is null is not there.
 */
struct secrets;

/* Those of one server, none yet; the loop may be NULL where no command runs. */
struct secrets *secrets_new(struct loop *loop);
/* They are overwritten.  NULL is allowed. */
void secrets_free(struct secrets *all);

/*
 * Adds the one called `name` of the object `from`: 0; 1 if it is not there, or
 * in a variable alone that is not set; or -1 with err: it is no text, there are
 * two ways.
 */
int secrets_add(
    struct secrets *all, struct json from, const char *name, struct buf *err);
/* -1, with err: it is not there, and how to give it. */
int secrets_missing(struct json from, const char *name, struct buf *err);
/* Adds all that the object has; one that is missing is an error.  0 or -1. */
int secrets_add_all(struct secrets *all, struct json from, struct buf *err);

/*
 * Reads them anew, and calls fn when all are there, problem NULL; or with what
 * is wrong, and what to do (hint may be NULL).  Often before it returns; a
 * command takes its time, two minutes at most.  Nothing happens if such a call
 * is under way already.
 */
typedef void secrets_fn(void *arg, const char *problem, const char *hint);
void secrets_ready(struct secrets *all, secrets_fn *fn, void *arg);

/* Once they are ready, until the next secrets_ready(); NULL: it is not there.
 */
const char *secrets_get(const struct secrets *all, const char *name);
/* The same of each of them: the n-th, counted from 0, in the order in which
   they were added, and its name; NULL: there is none any more. */
const char *secrets_at(const struct secrets *all, size_t n, const char **name);
/* Where it is from, for messages: "the token in '/a/b'". */
const char *secrets_where(const struct secrets *all, const char *name);

/* Puts *** for each of them that is in a text for people, such as what a server
   says of a refusal. */
void secrets_hide(const struct secrets *all, struct buf *text);

/* They were not accepted: commands are asked again. */
void secrets_refused(struct secrets *all);

#endif
