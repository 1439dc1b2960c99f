/*
 * Servers that are told by their URL: "none", which asks nobody who they are,
 * and "bearer", with a token.
 */
#include <stdlib.h>
#include <string.h>

#include "curl-line.h"
#include "kinds.h"
#include "secret.h"

struct plain {
	struct access access;
	struct secrets *secrets; /* bearer: the token; NULL: none */
	struct buf base;	 /* lines that are the same for ever */
};

static int
set_way(struct plain *p, struct json spec, struct buf *err)
{
	char *ca = NULL, *proxy = NULL;
	struct json insecure = json_get(spec, "insecure");
	int result = -1;

	if (json_type(insecure) > JSON_TRUE) {
		buf_err(err, "a server's 'insecure' must be true or false");
	} else if (access_spec_string(spec, "certificateAuthority", &ca, err) ==
		       0 &&
		   access_spec_string(spec, "proxy", &proxy, err) == 0) {
		result = 0;
		if (ca)
			result = access_trust(&p->access, &p->base, ca, err);
		if (json_bool(insecure, false))
			curl_flag(&p->base, "insecure");
		access_warn(
		    &p->access, json_bool(insecure, false), "\"insecure\"");
		if (proxy && result == 0)
			result = access_proxy(&p->base, proxy, err);
	}
	free(ca);
	free(proxy);
	return result;
}

static int
plain_init(struct access *a, struct json spec, const char *const keys[],
    struct buf *err)
{
	struct plain *p = (struct plain *)a;
	char *url = NULL;
	int result = -1;

	buf_init(&p->base, BUF_MAX_DEFAULT);
	if (access_check_keys(spec, keys, err) == 0 &&
	    access_spec_string(spec, "url", &url, err) == 0) {
		if (url == NULL)
			buf_err(err, "a server needs a 'url'");
		else if (access_base_url(&a->url, url, err) == 0)
			result = set_way(p, spec, err);
	}
	free(url);
	return result;
}

static int
none_init(struct access *a, struct json spec, struct buf *err)
{
	static const char *const keys[] = {
	    "kind", "url", "certificateAuthority", "insecure", "proxy", NULL};

	buf_set(&a->who, "nobody");
	return plain_init(a, spec, keys, err);
}

static int
bearer_init(struct access *a, struct json spec, struct buf *err)
{
	static const char *const keys[] = {"kind", "url", "token", "tokenFile",
	    "tokenCommand", "tokenEnv", "certificateAuthority", "insecure",
	    "proxy", NULL};
	struct plain *p = (struct plain *)a;
	int result;

	p->secrets = secrets_new(a->loop);
	if (plain_init(a, spec, keys, err) == -1)
		return -1;
	result = secrets_add(p->secrets, spec, "token", err);
	if (result == 1)
		return buf_err(err,
		    "there is no token for '%s': give it by 'token', "
		    "'tokenFile' or 'tokenCommand'",
		    a->url.data);
	buf_set(&a->who, secrets_where(p->secrets, "token"));
	return result;
}

static void
none_ready(struct access *a)
{
	struct plain *p = (struct plain *)a;

	buf_clear(&a->lines);
	buf_add(&a->lines, p->base.data, p->base.len);
	access_answer(a, NULL, NULL);
}

static void
on_token(void *arg, const char *problem, const char *hint)
{
	struct plain *p = arg;
	struct access *a = &p->access;
	struct buf err = BUF_INIT;

	buf_clear(&a->lines);
	buf_add(&a->lines, p->base.data, p->base.len);
	if (!problem && access_authorize(&a->lines, "Bearer",
			    secrets_get(p->secrets, "token"),
			    secrets_where(p->secrets, "token"), &err) == -1)
		problem = err.data;
	access_answer(a, problem, hint);
	buf_release(&err);
}

static void
bearer_ready(struct access *a)
{
	struct plain *p = (struct plain *)a;

	secrets_ready(p->secrets, on_token, p);
}

static void
bearer_refused(struct access *a)
{
	secrets_refused(((struct plain *)a)->secrets);
}

static void
plain_free(struct access *a)
{
	struct plain *p = (struct plain *)a;

	secrets_free(p->secrets);
	buf_release(&p->base);
}

static const struct access_calls none_calls = {
    none_ready, NULL, NULL, plain_free};
static const struct access_calls bearer_calls = {
    bearer_ready, NULL, bearer_refused, plain_free};
const struct access_kind access_none = {
    "none", sizeof(struct plain), none_init, &none_calls};
const struct access_kind access_bearer = {
    "bearer", sizeof(struct plain), bearer_init, &bearer_calls};
