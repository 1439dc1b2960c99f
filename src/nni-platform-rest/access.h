#ifndef NNI_REST_ACCESS_H
#define NNI_REST_ACCESS_H

#include <stddef.h>
#include "buf.h"
#include "json.h"
#include "os/loop.h"

/*
 * How a server is reached, and who we are there: an entry of `servers` in a
 * platform's answer to its start.
 *
 *	{"kind":"none", "url":"https://host/prefix"}
 *	{"kind":"bearer", "url":..., "token":"..."}
 *		or tokenFile, tokenCommand, tokenEnv (secret.h)
 *	{"kind":"query", "url":..., "secrets":{"email":..., "password":...}}
 *		these are in each request's query, or emailFile and so on
 *	{"kind":"login", "url":..., "path":"/login", "as":"form" or "json",
 *	 "fields":{"username":"joe"}, "secrets":{"password":...},
 *	 "token":["token"], "lasts":3600}
 *		a POST of both there gives a bearer token for so many seconds,
 *at that path in its answer; asked for anew before its end, and after a 401 all
 *of these with, if wanted: "certificateAuthority":"path", "insecure":true,
 *"proxy":"http://host:port"
 *	{"kind":"kubeconfig", "kubeconfig":path|null, "context":name|null,
 *	 "namespace":name|null}
 *		kubeconfig null: $KUBECONFIG, else ~/.kube/config, else the
 *		service account of the pod that we run in
 *
 *	{"kind":"azure-file", "account":name, "share":name, "key":"..."}
 *	{"kind":"azure-blob", "account":name, "container":name, "sas":"..."}
 *		both with one of "key", "sas" (a shared access signature), or
 *		"vault":name and "secret":name, of the Key Vault that keeps the
 *		key (azure-vault.h); "endpoint":"https://..." in other clouds
 *
 *	a = access_new(...)			before the loop runs, or in it
 *	access_ready(a, fn, arg)		before each batch of requests
 *	in fn: access_url(a) + path, access_sign(...) for each request
 *	a 401: access_refused(a), then access_ready(a, ...) again
 */
struct access;

/*
 * Reads what there is to read: NULL, with "FILE:LINE:COL: what, why, what to
 * do" in err, for a configuration that can never work.  `dir` is the
 * experiment's: keys and certificates that curl wants in files go to
 * DIR/platforms/, mode 0600.  What is dangerous (TLS is not verified) is said
 * on stderr, once.
 */
struct access *access_new(struct loop *l, const char *dir, const char *member,
    struct json spec, struct buf *err);

/*
 * Calls fn when there are credentials that hold now, problem NULL; or with what
 * is wrong, and how to put it right (hint may be NULL): calling this again
 * later may help, since tokens, files and plugins are asked anew.  Often before
 * it returns; a plugin takes its time, in which the loop runs.  One call at a
 * time: another, before fn was called, takes its place.
 */
typedef void access_fn(void *arg, const char *problem, const char *hint);
void access_ready(struct access *a, access_fn *fn, void *arg);

/* Where it is, without a slash at its end; valid once ready, until the next
   access_ready(). */
const char *access_url(const struct access *a);

/*
 * Members of the `open` event, an object; valid as long as access_url():
 *	{"namespace":"default", "insecure":false, "context":"lab", "user":"u",
 *	 "source":"/home/joe/.kube/config"}
 * namespace, context, user and source are there for kubeconfig only.
 */
struct json access_facts(const struct access *a);
/* Who we are there, for messages about a refusal: "user 'u' of
   '/home/joe/.kube/config'"; valid as long as access_url(). */
const char *access_who(const struct access *a);

/*
 * Adds lines of curl's configuration (curl_line()) for one request: cacert,
 * cert, key, header = "Authorization: ...", proxy, insecure.  `url` is the
 * whole URL with its query, `headers` are the lines of the request's own
 * headers, and body_len counts its body's bytes, for kinds that sign.  0; 1 if
 * `url` is among the lines, since there is a secret behind it; or -1 with err.
 */
int access_sign(struct access *a, const char *method, const char *url,
    const struct buf *headers, size_t body_len, struct buf *lines,
    struct buf *err);

/*
 * Appends what workers need to reach it themselves, for a Secret of theirs:
 *	{"of":"key"}			the key of the account
 *	{"of":"url","path":"/c/a/b"}	a URL by which this can be read, for
 *					30 days
 * 0, or -1 with err.
 */
int access_secret(
    struct access *a, struct json part, struct buf *out, struct buf *err);

/* The server said 401: what was cached is forgotten, files are read again. */
void access_refused(struct access *a);

/* NULL is allowed. A plugin that runs is ended. */
void access_free(struct access *a);

/* For the verb clean, at its end: the files that this made in DIR/platforms/
   are removed. */
void access_clean(const char *dir);

#endif
