/*
 * Servers that are told by their URL: "none", which asks nobody who they are,
 * and "bearer", with a token.
 */
#include <stdlib.h>
#include <string.h>

#include "curl-line.h"
#include "kinds.h"

struct plain {
	struct access access;
	char *token, *token_file; /* NULL: none */
	struct buf base;	  /* lines that are the same for ever */
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
	    "certificateAuthority", "insecure", "proxy", NULL};
	struct plain *p = (struct plain *)a;

	if (plain_init(a, spec, keys, err) == -1 ||
	    access_spec_string(spec, "token", &p->token, err) == -1 ||
	    access_spec_string(spec, "tokenFile", &p->token_file, err) == -1)
		return -1;
	if (p->token == NULL && p->token_file == NULL)
		return buf_err(err,
		    "there is no token for '%s': give it by "
		    "'token' or 'tokenFile'",
		    a->url.data);
	if (p->token_file)
		buf_setf(&a->who, "the token in '%s'", p->token_file);
	else
		buf_set(&a->who, "the token of the configuration");
	return 0;
}

static void
plain_ready(struct access *a)
{
	struct plain *p = (struct plain *)a;
	struct buf err = BUF_INIT;
	int result = 0;

	buf_clear(&a->lines);
	buf_add(&a->lines, p->base.data, p->base.len);
	if (p->token_file)
		result = access_authorize_file(&a->lines, p->token_file, &err);
	else if (p->token)
		result = access_authorize(
		    &a->lines, "Bearer", p->token, "the token", &err);
	access_answer(a, result == 0 ? NULL : err.data, NULL);
	buf_release(&err);
}

static void
plain_free(struct access *a)
{
	struct plain *p = (struct plain *)a;

	if (p->token)
		memset(p->token, 0, strlen(p->token));
	free(p->token);
	free(p->token_file);
	buf_release(&p->base);
}

static const struct access_calls calls = {plain_ready, NULL, NULL, plain_free};
const struct access_kind access_none = {
    "none", sizeof(struct plain), none_init, &calls};
const struct access_kind access_bearer = {
    "bearer", sizeof(struct plain), bearer_init, &calls};
