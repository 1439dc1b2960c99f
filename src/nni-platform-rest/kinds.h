#ifndef NNI_REST_KINDS_H
#define NNI_REST_KINDS_H

#include <stdbool.h>
#include "access.h"
#include "buf.h"
#include "json.h"
#include "os/loop.h"

/* What the kinds of access share; nobody else includes this. */

struct access_calls {
	/*
	 * Makes url, lines, facts and who what they are now; ends with one call
	 * of access_answer(), at once or later.  Called again before that, it
	 * need not begin anew.
	 */
	void (*ready)(struct access *a);
	/* NULL: access->lines, as they are.  1: `url` is among them. */
	int (*sign)(struct access *a, const char *method, const char *url,
	    const struct buf *headers, size_t body_len, struct buf *lines,
	    struct buf *err);
	void (*refused)(struct access *a); /* NULL: nothing is cached */
	void (*free)(struct access *a); /* what the kind added; NULL: nothing */
};

/* A kind's own struct begins with this. */
struct access {
	const struct access_calls *calls;
	struct loop *loop;
	char *dir, *member;
	struct buf url;	  /* without a slash at its end */
	struct buf lines; /* of curl, for every request; secret */
	struct buf facts; /* a JSON object */
	struct buf who;
	/* What workers may be given; NULL: nothing. */
	int (*secret)(struct access *a, struct json part, struct buf *out,
	    struct buf *err);
	access_fn *fn; /* who waits, NULL: nobody */
	void *arg;
	bool warned;
};

struct access_kind {
	const char *name;
	size_t size; /* of its own struct */
	/* Fills a zeroed struct whose `access` part is ready for use; 0 or -1,
	   when `free` is called as well. */
	int (*init)(struct access *a, struct json spec, struct buf *err);
	const struct access_calls *calls;
};
extern const struct access_kind access_none, access_bearer, access_kubeconfig;
extern const struct access_kind access_login, access_query;
extern const struct access_kind access_azure;
extern const struct access_kind access_azure_blob, access_azure_file;

/* problem NULL: there are credentials. */
void access_answer(struct access *a, const char *problem, const char *hint);

/* ---- for the kinds ---- */

/* Is what protects this server switched off?  Says so on stderr, once. */
void access_warn(struct access *a, bool insecure, const char *where);

/* Has the spec keys that are not among these, a list that ends with NULL?  0 or
   -1. */
int access_check_keys(
    struct json spec, const char *const keys[], struct buf *err);
/* A member of the spec that is a string, malloced; *to is NULL where it is null
   or absent.  0, or -1: it is something else. */
int access_spec_string(
    struct json spec, const char *name, char **to, struct buf *err);

/*
 * Appends a server's base URL as requests use it: without a slash at its end, a
 * query, a fragment.  -1: it is no URL of http or https, or has a user name in
 * it, which would be shown in messages.
 */
int access_base_url(struct buf *to, const char *url, struct buf *err);

/* Only what a header's value may hold and keep: no control characters. */
bool access_is_header_text(const char *text);
/*
 * Appends "Authorization: SCHEME SECRET" as a line; -1, with err naming `where`
 * it is from and never itself, if it is empty or no such text.
 */
int access_authorize(struct buf *lines, const char *scheme, const char *secret,
    const char *where, struct buf *err);
/* The same of a file's contents, white space at its ends left out. */
int access_authorize_file(struct buf *lines, const char *path, struct buf *err);

/*
 * Only this authority is trusted.  0, or -1 with err.
 */
int access_trust(
    struct access *a, struct buf *lines, const char *ca_file, struct buf *err);
/* proxy, whatever the environment says. */
int access_proxy(struct buf *lines, const char *url, struct buf *err);
/*
 * For servers that are told by their URL: fills a->url by "url", and appends to
 * `base` the lines that all requests to it have, by "certificateAuthority",
 * "proxy" and "insecure".  All else in the spec must be among `keys`.  0, or -1
 * with err.
 */
int access_by_url(struct access *a, struct json spec, const char *const keys[],
    struct buf *base, struct buf *err);

#endif
