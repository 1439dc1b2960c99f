/*
 * Servers that are told by their URL: "none", which asks nobody who they are,
 * "bearer", with a token, and "query", with secrets in each request's query.
 */
#include <stdlib.h>
#include <string.h>

#include "curl-line.h"
#include "kinds.h"
#include "percent.h"
#include "secret.h"

struct plain {
	struct access access;
	struct secrets *secrets; /* NULL: none */
	struct buf base;	 /* lines that are the same for ever */
};

static int
none_init(struct access *a, struct json spec, struct buf *err)
{
	static const char *const keys[] = {NULL};

	buf_set(&a->who, "nobody");
	buf_init(&((struct plain *)a)->base, BUF_MAX_DEFAULT);
	return access_by_url(a, spec, keys, &((struct plain *)a)->base, err);
}

static int
bearer_init(struct access *a, struct json spec, struct buf *err)
{
	static const char *const keys[] = {
	    "token", "tokenFile", "tokenCommand", "tokenEnv", NULL};
	struct plain *p = (struct plain *)a;
	int result;

	p->secrets = secrets_new(a->loop);
	buf_init(&p->base, BUF_MAX_DEFAULT);
	if (access_by_url(a, spec, keys, &p->base, err) == -1)
		return -1;
	result = secrets_add(p->secrets, spec, "token", err);
	if (result == 1)
		return secrets_missing(spec, "token", err);
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
refused(struct access *a)
{
	secrets_refused(((struct plain *)a)->secrets);
}

/* ---- query ---- */

static int
query_init(struct access *a, struct json spec, struct buf *err)
{
	static const char *const keys[] = {"secrets", NULL};
	struct plain *p = (struct plain *)a;
	const char *name;
	size_t n;

	buf_init(&p->base, BUF_MAX_DEFAULT);
	p->secrets = secrets_new(a->loop);
	if (access_by_url(a, spec, keys, &p->base, err) == -1 ||
	    secrets_add_all(p->secrets, json_get(spec, "secrets"), err) == -1)
		return -1;
	buf_set(&a->who, "the query's");
	for (n = 0; secrets_at(p->secrets, n, &name), name; n++)
		buf_addf(&a->who, "%s %s", n ? " and" : "", name);
	return 0;
}

static void
on_query(void *arg, const char *problem, const char *hint)
{
	struct plain *p = arg;

	access_answer(&p->access, problem, hint);
}

static void
query_ready(struct access *a)
{
	struct plain *p = (struct plain *)a;

	secrets_ready(p->secrets, on_query, p);
}

static int
query_sign(struct access *a, const char *method, const char *url,
    const struct buf *headers, size_t body_len, struct buf *lines,
    struct buf *err)
{
	struct plain *p = (struct plain *)a;
	struct buf query = BUF_INIT, full = BUF_INIT;
	const char *name, *value;
	size_t n;

	(void)method, (void)headers, (void)body_len, (void)err;
	for (n = 0; value = secrets_at(p->secrets, n, &name), name; n++)
		percent_field(&query, name, value);
	buf_setf(
	    &full, "%s%c%s", url, strchr(url, '?') ? '&' : '?', query.data);
	buf_add(lines, p->base.data, p->base.len);
	curl_line(lines, "url", full.data);
	memset(query.data, 0, query.len);
	memset(full.data, 0, full.len);
	buf_release(&query);
	buf_release(&full);
	return 1;
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
    bearer_ready, NULL, refused, plain_free};
static const struct access_calls query_calls = {
    query_ready, query_sign, refused, plain_free};
const struct access_kind access_none = {
    "none", sizeof(struct plain), none_init, &none_calls};
const struct access_kind access_bearer = {
    "bearer", sizeof(struct plain), bearer_init, &bearer_calls};
const struct access_kind access_query = {
    "query", sizeof(struct plain), query_init, &query_calls};
