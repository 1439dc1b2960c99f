/*
 * Servers that give a token to whoever tells them a password: it is asked for
 * by one POST, and again before it ends or when it is refused.
 */
#include <stdlib.h>
#include <string.h>

#include "curl-line.h"
#include "inquiry.h"
#include "kinds.h"
#include "mem.h"
#include "percent.h"
#include "record.h"
#include "secret.h"

#define TIMEOUT_MS 30000
/* It is asked for anew so long before its end, or after three quarters. */
#define EARLY_MS ((int64_t)5 * 60 * 1000)

struct login {
	struct access access;
	struct secrets *secrets;
	struct buf base;  /* lines that are the same for ever */
	char *path;	  /* of the login */
	bool form;	  /* or else JSON */
	char *fields;	  /* JSON: an object; NULL: none */
	char *at;	  /* JSON: where the token is in the answer, a list */
	int64_t lasts_ms; /* 0: for ever */
	char *token;	  /* NULL: none now */
	int64_t ends_ms;  /* on the loop's clock */
	struct inquiry *asked;
};

static void
forget(struct login *g)
{
	if (g->token)
		memset(g->token, 0, strlen(g->token));
	free(g->token);
	g->token = NULL;
}

/* ---- what is known of it ---- */

static int
set_form(struct login *g, struct json spec, struct buf *err)
{
	struct json as = json_get(spec, "as");
	struct json fields = json_get(spec, "fields");
	struct json at = json_get(spec, "token");
	int64_t seconds = 0;

	if (json_type(as) != JSON_ABSENT && !record_is(as, "form") &&
	    !record_is(as, "json"))
		return buf_err(err, "a login's 'as' must be form or json");
	if (json_type(fields) != JSON_ABSENT &&
	    json_type(fields) != JSON_OBJECT)
		return buf_err(err, "a login's 'fields' must be an object");
	if (json_type(at) != JSON_ABSENT && json_type(at) != JSON_ARRAY)
		return buf_err(err, "a login's 'token' must be a list of keys");
	json_int(json_get(spec, "lasts"), &seconds);
	g->form = !record_is(as, "json");
	g->fields = fields.at ? xstrndup(fields.at, fields.len) : NULL;
	g->at = at.at ? xstrndup(at.at, at.len) : xstrdup("[\"token\"]");
	g->lasts_ms = seconds > 0 ? seconds * 1000 : 0;
	return 0;
}

static int
init(struct access *a, struct json spec, struct buf *err)
{
	static const char *const keys[] = {
	    "path", "as", "fields", "secrets", "token", "lasts", NULL};
	struct login *g = (struct login *)a;
	char *user = NULL;

	buf_init(&g->base, BUF_MAX_DEFAULT);
	g->secrets = secrets_new(a->loop);
	if (access_by_url(a, spec, keys, &g->base, err) == -1 ||
	    access_spec_string(spec, "path", &g->path, err) == -1 ||
	    set_form(g, spec, err) == -1 ||
	    secrets_add_all(g->secrets, json_get(spec, "secrets"), err) == -1)
		return -1;
	if (g->path == NULL || *g->path != '/')
		return buf_err(err, "a login needs a 'path'");
	user = json_strdup(json_path(spec, "fields.username"));
	if (user)
		buf_setf(&a->who, "the user '%s'", user);
	else
		buf_set(&a->who, "the login of the configuration");
	free(user);
	return 0;
}

/* ---- logging in ---- */

static void
add_field(
    struct login *g, struct buf *body, const char *name, const char *value)
{
	if (g->form)
		percent_field(body, name, value);
	else
		json_member_str(body, name, value);
}

static void
add_fields(struct login *g, struct buf *body)
{
	struct buf name = BUF_INIT, text = BUF_INIT;
	struct json all = JSON_NONE, key, value;
	struct json_iter it;

	if (g->fields)
		all = (struct json){g->fields, strlen(g->fields)};
	json_iter_init(&it, all);
	while (json_next(&it, &key, &value)) {
		buf_clear(&name);
		buf_clear(&text);
		json_string(json_key_string(key), &name);
		if (json_string(value, &text) == -1)
			json_add(&text, value);
		add_field(g, body, name.data, text.data);
	}
	buf_release(&name);
	buf_release(&text);
}

/* Ready: it has a token. */
static void
give(struct login *g)
{
	struct access *a = &g->access;
	struct buf err = BUF_INIT;
	int result;

	buf_clear(&a->lines);
	buf_add(&a->lines, g->base.data, g->base.len);
	result = access_authorize(&a->lines, "Bearer", g->token,
	    "the token that the login gave", &err);
	access_answer(a, result == 0 ? NULL : err.data, NULL);
	buf_release(&err);
}

static void
failed(struct login *g, int status, const struct buf *body,
    const struct buf *words)
{
	struct buf said = BUF_INIT, why = BUF_INIT;
	const char *hint = NULL;

	if (status / 100 == 2)
		buf_adds(&said, "its answer has no token");
	else
		inquiry_words(&said, status, body, words);
	secrets_hide(g->secrets, &said);
	buf_setf(&why, "%s cannot log in at %s%s: %s", g->access.who.data,
	    g->access.url.data, g->path, said.data);
	if (status / 100 == 4) {
		secrets_refused(g->secrets);
		hint = "see whether user name and password are right";
	}
	access_answer(&g->access, why.data, hint);
	buf_release(&said);
	buf_release(&why);
}

/* The token in an answer, malloced; NULL: there is none. */
static char *
token_in(const struct login *g, const struct buf *body)
{
	struct json all, keys;

	if (json_check(body->data, body->len, JSON_STRICT, &all, NULL, NULL) ==
		-1 ||
	    json_check(g->at, strlen(g->at), JSON_STRICT, &keys, NULL, NULL) ==
		-1)
		return NULL;
	return json_strdup(json_at(all, keys));
}

static void
on_answer(void *arg, const struct inquiry_end *how, const struct buf *out,
    const struct buf *words)
{
	struct login *g = arg;
	struct buf body = BUF_INIT;
	int status = how->code == 0 ? inquiry_status(out, &body) : 0;

	g->asked = NULL;
	if (status / 100 == 2)
		g->token = token_in(g, &body);
	if (g->token) {
		g->ends_ms =
		    loop_now_ms(g->access.loop) + g->lasts_ms -
		    (g->lasts_ms / 4 < EARLY_MS ? g->lasts_ms / 4 : EARLY_MS);
		give(g);
	} else {
		failed(g, status, &body, words);
	}
	memset(body.data, 0, body.len);
	buf_release(&body);
}

static void
on_secrets(void *arg, const char *problem, const char *hint)
{
	struct login *g = arg;
	struct buf body = BUF_INIT, lines = BUF_INIT, url = BUF_INIT;
	struct buf err = BUF_INIT;
	const char *name, *value;
	size_t n;

	if (problem) {
		access_answer(&g->access, problem, hint);
		return;
	}
	buf_adds(&body, g->form ? "" : "{");
	add_fields(g, &body);
	for (n = 0; value = secrets_at(g->secrets, n, &name), name; n++)
		add_field(g, &body, name, value);
	buf_adds(&body, g->form ? "" : "}");
	buf_add(&lines, g->base.data, g->base.len);
	curl_line(&lines, "data-raw", body.data);
	if (!g->form)
		curl_line(&lines, "header", "Content-Type: application/json");
	buf_setf(&url, "%s%s", g->access.url.data, g->path);
	curl_line(&lines, "url", url.data);
	g->asked = inquiry_curl(
	    g->access.loop, &lines, TIMEOUT_MS, on_answer, g, &err);
	memset(body.data, 0, body.len);
	memset(lines.data, 0, lines.len);
	if (!g->asked)
		access_answer(&g->access, err.data, NULL);
	buf_release(&body);
	buf_release(&lines);
	buf_release(&url);
	buf_release(&err);
}

static void
ready(struct access *a)
{
	struct login *g = (struct login *)a;

	if (g->asked)
		return;
	if (g->token && g->lasts_ms && loop_now_ms(a->loop) >= g->ends_ms)
		forget(g);
	if (g->token)
		give(g);
	else
		secrets_ready(g->secrets, on_secrets, g);
}

static void
refused(struct access *a)
{
	forget((struct login *)a);
}

static void
release(struct access *a)
{
	struct login *g = (struct login *)a;

	inquiry_stop(g->asked);
	secrets_free(g->secrets);
	forget(g);
	buf_release(&g->base);
	free(g->path);
	free(g->fields);
	free(g->at);
}

static const struct access_calls calls = {ready, NULL, refused, release};
const struct access_kind access_login = {
    "login", sizeof(struct login), init, &calls};
