/*
 * How servers are reached: the kinds there are, and what they share.
 */
#include "access.h"

#include <stdlib.h>
#include <string.h>

#include "curl-line.h"
#include "keyfile.h"
#include "kinds.h"
#include "mem.h"
#include "os/file.h"
#include "quote.h"
#include "say.h"

/* The longest token that is taken from a file. */
#define SECRET_MAX ((size_t)1 << 20)

static const struct access_kind *const kinds[] = {
    &access_none,
    &access_bearer,
    &access_login,
    &access_query,
    &access_azure,
    &access_azure_blob,
    &access_azure_file,
    &access_kubeconfig,
};

static void
say_kinds(struct buf *err)
{
	size_t i;

	for (i = 0; err && i < sizeof(kinds) / sizeof(*kinds); i++)
		buf_addf(err, "%s%s", i ? ", " : "", kinds[i]->name);
}

static const struct access_kind *
find_kind(struct json spec, struct buf *err)
{
	char *name = NULL;
	const struct access_kind *found = NULL;
	size_t i;

	if (json_type(spec) != JSON_OBJECT) {
		buf_err(err, "a server must be an object with 'kind'");
		return NULL;
	}
	if (access_spec_string(spec, "kind", &name, err) == -1)
		return NULL;
	for (i = 0; name && i < sizeof(kinds) / sizeof(*kinds); i++)
		if (strcmp(kinds[i]->name, name) == 0)
			found = kinds[i];
	if (found == NULL) {
		buf_err(err,
		    "a server's 'kind' is '%s'; there are: ", name ? name : "");
		say_kinds(err);
	}
	free(name);
	return found;
}

struct access *
access_new(struct loop *l, const char *dir, const char *member,
    struct json spec, struct buf *err)
{
	const struct access_kind *kind = find_kind(spec, err);
	struct access *a;

	if (kind == NULL)
		return NULL;
	a = xcalloc(1, kind->size);
	a->calls = kind->calls;
	a->loop = l;
	a->dir = xstrdup(dir);
	a->member = xstrdup(member);
	buf_init(&a->url, BUF_MAX_DEFAULT);
	buf_init(&a->lines, BUF_MAX_DEFAULT);
	buf_init(&a->facts, BUF_MAX_DEFAULT);
	buf_init(&a->who, BUF_MAX_DEFAULT);
	buf_set(&a->facts, "{}");
	if (kind->init(a, spec, err) == -1) {
		access_free(a);
		return NULL;
	}
	return a;
}

void
access_free(struct access *a)
{
	if (a == NULL)
		return;
	if (a->calls->free)
		a->calls->free(a);
	/* Whoever gets this memory next need not find what was secret. */
	memset(a->lines.data, 0, a->lines.len);
	buf_release(&a->url);
	buf_release(&a->lines);
	buf_release(&a->facts);
	buf_release(&a->who);
	free(a->dir);
	free(a->member);
	free(a);
}

void
access_ready(struct access *a, access_fn *fn, void *arg)
{
	a->fn = fn;
	a->arg = arg;
	a->calls->ready(a);
}

void
access_answer(struct access *a, const char *problem, const char *hint)
{
	access_fn *fn = a->fn;

	a->fn = NULL;
	if (fn)
		fn(a->arg, problem, hint);
}

const char *
access_url(const struct access *a)
{
	return a->url.data;
}

struct json
access_facts(const struct access *a)
{
	return (struct json){a->facts.data, a->facts.len};
}

const char *
access_who(const struct access *a)
{
	return a->who.data;
}

int
access_sign(struct access *a, const char *method, const char *url,
    const struct buf *headers, size_t body_len, struct buf *lines,
    struct buf *err)
{
	if (a->calls->sign)
		return a->calls->sign(
		    a, method, url, headers, body_len, lines, err);
	return buf_add(lines, a->lines.data, a->lines.len);
}

int
access_secret(
    struct access *a, struct json part, struct buf *out, struct buf *err)
{
	if (a->secret == NULL)
		return buf_err(err, "it has nothing for workers");
	return a->secret(a, part, out, err);
}

void
access_refused(struct access *a)
{
	if (a->calls->refused)
		a->calls->refused(a);
}

void
access_clean(const char *dir)
{
	keyfile_clean(dir);
}

/* ---- for the kinds ---- */

void
access_warn(struct access *a, bool insecure, const char *where)
{
	if (insecure && !a->warned)
		say_warning("%s: certificates are NOT verified (%s): whoever "
			    "is in between can read and change everything, "
			    "passwords and tokens too",
		    a->url.data, where);
	a->warned = a->warned || insecure;
}

static bool
is_among(struct json key, const char *const keys[])
{
	for (; *keys; keys++)
		if (json_key_is(key, *keys))
			return true;
	return false;
}

static int
check_keys(struct json spec, const char *const keys[],
    const char *const others[], struct buf *err)
{
	/* What is said of a server, and not of who we are there. */
	static const char *const any[] = {"calm", NULL};
	struct json_iter it;
	struct json key, value;

	for (json_iter_init(&it, spec); json_next(&it, &key, &value);)
		if (!is_among(key, keys) && !is_among(key, others) &&
		    !is_among(key, any))
			return buf_err(err, "a server has no '%.*s'",
			    (int)key.len, key.at);
	return 0;
}

int
access_check_keys(struct json spec, const char *const keys[], struct buf *err)
{
	static const char *const none[] = {NULL};

	return check_keys(spec, keys, none, err);
}

int
access_spec_string(
    struct json spec, const char *name, char **to, struct buf *err)
{
	struct json v = json_get(spec, name);

	*to = NULL;
	if (json_type(v) == JSON_ABSENT || json_type(v) == JSON_NULL)
		return 0;
	*to = json_strdup(v);
	if (*to == NULL)
		return buf_err(err, "a server's '%s' must be a text", name);
	return 0;
}

int
access_base_url(struct buf *to, const char *url, struct buf *err)
{
	const char *host = strstr(url, "://");
	size_t len = strcspn(url, "?#");
	const char *at;

	if (host == NULL || (strncmp(url, "https://", 8) != 0 &&
				strncmp(url, "http://", 7) != 0))
		return buf_err(
		    err, "the server '%s' is no URL: write https://HOST", url);
	host += 3;
	for (at = url; *at; at++)
		if ((unsigned char)*at <= ' ' || *at == 0x7f)
			return buf_err(err,
			    "a server's URL has a blank or control character");
	if (memchr(host, '@', strcspn(host, "/?#")))
		return buf_err(err, "a server's URL has a user name or "
				    "password in it, which would be shown: "
				    "give them by 'username' and 'password', "
				    "or a token");
	if (strcspn(host, "/?#") == 0)
		return buf_err(err, "the server '%s' names no host", url);
	while (len > (size_t)(host - url) && url[len - 1] == '/')
		len--;
	return buf_add(to, url, len);
}

bool
access_is_header_text(const char *text)
{
	for (; *text; text++)
		if (((unsigned char)*text < ' ' && *text != '\t') ||
		    *text == 0x7f)
			return false;
	return true;
}

int
access_authorize(struct buf *lines, const char *scheme, const char *secret,
    const char *where, struct buf *err)
{
	struct buf header = BUF_INIT;

	if (*secret == '\0')
		return buf_err(err, "%s is empty", where);
	if (!access_is_header_text(secret))
		return buf_err(err,
		    "%s holds more than a token: a line break or another "
		    "control character",
		    where);
	buf_addf(&header, "Authorization: %s %s", scheme, secret);
	curl_line(lines, "header", header.data);
	memset(header.data, 0, header.len);
	buf_release(&header);
	return 0;
}

int
access_authorize_file(struct buf *lines, const char *path, struct buf *err)
{
	struct buf text = BUF_INIT_MAX(SECRET_MAX), where = BUF_INIT;
	int result = file_read_ordinary(path, &text, err);
	const char *from = text.data;

	if (result == 0) {
		buf_rtrim(&text);
		from += strspn(from, " \t\r\n");
		buf_addf(&where, "the token file '%s'", path);
		result = strlen(text.data) != text.len
			     ? buf_err(err, "%s is no text", where.data)
			     : access_authorize(
				   lines, "Bearer", from, where.data, err);
	}
	memset(text.data, 0, text.len);
	buf_release(&text);
	buf_release(&where);
	return result;
}

/* curl would trust those in the system's directory too, as built in many
   places: hence an empty one. */
int
access_trust(
    struct access *a, struct buf *lines, const char *ca_file, struct buf *err)
{
	struct buf none = BUF_INIT;
	int result = keyfile_none(a->dir, &none, err);

	if (result == 0) {
		curl_line(lines, "cacert", ca_file);
		curl_line(lines, "capath", none.data);
	}
	buf_release(&none);
	return result;
}

/* What curl does not call as Go's library does: there socks5 has the proxy look
   names up. */
int
access_proxy(struct buf *lines, const char *url, struct buf *err)
{
	struct buf shown = BUF_INIT, full = BUF_INIT;
	int result = 0;

	if (strncmp(url, "socks5://", 9) == 0)
		buf_addf(&full, "socks5h://%s", url + 9);
	else
		buf_set(&full, url);
	if (strncmp(url, "http://", 7) != 0 &&
	    strncmp(url, "https://", 8) != 0 &&
	    strncmp(full.data, "socks5h://", 10) != 0) {
		buf_set(&shown, url);
		quote_hide_logins(&shown);
		result = buf_err(err,
		    "the proxy '%s' must begin with http://, https:// or "
		    "socks5://",
		    shown.data);
	} else {
		curl_line(lines, "proxy", full.data);
		curl_line(lines, "noproxy", "");
	}
	buf_release(&shown);
	buf_release(&full);
	return result;
}

/* ---- servers that are told by their URL ---- */

static int
set_way(struct access *a, struct json spec, struct buf *base, struct buf *err)
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
			result = access_trust(a, base, ca, err);
		if (json_bool(insecure, false))
			curl_flag(base, "insecure");
		access_warn(a, json_bool(insecure, false), "\"insecure\"");
		if (proxy && result == 0)
			result = access_proxy(base, proxy, err);
	}
	free(ca);
	free(proxy);
	return result;
}

/* What every server that is told by its URL may have. */
static const char *const url_keys[] = {
    "kind", "url", "certificateAuthority", "insecure", "proxy", NULL};

int
access_by_url(struct access *a, struct json spec, const char *const keys[],
    struct buf *base, struct buf *err)
{
	char *url = NULL;
	int result = -1;

	if (check_keys(spec, url_keys, keys, err) == 0 &&
	    access_spec_string(spec, "url", &url, err) == 0) {
		if (url == NULL)
			buf_err(err, "a server needs a 'url'");
		else if (access_base_url(&a->url, url, err) == 0)
			result = set_way(a, spec, base, err);
	}
	free(url);
	return result;
}
