/* Secrets of Azure's Key Vault, and the ways to log in there. */
#include "azure-vault.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "curl-line.h"
#include "inquiry.h"
#include "json.h"
#include "mem.h"
#include "os/file.h"
#include "os/sys.h"
#include "percent.h"

#define TIMEOUT_MS 20000
#define AZ_TIMEOUT_MS 60000 /* it is slow to start */
#define TOKEN_FILE_MAX ((size_t)64 << 10)
#define LOGIN "https://login.microsoftonline.com"
/* The same address on every machine in Azure. */
#define METADATA "http://169.254.169.254"

struct azure_vault {
	struct loop *loop;
	struct buf url, resource; /* of the vault; what tokens are for */
	char *secret;
	size_t way;
	struct inquiry *inquiry;
	struct buf why; /* what each way said */
	azure_vault_fn *fn;
	void *arg;
	bool *gone; /* set when it is, while azure_vault_get() runs */
};

static void next_way(struct azure_vault *v);

static void
release(struct azure_vault *v)
{
	if (v->gone)
		*v->gone = true;
	inquiry_stop(v->inquiry);
	buf_release(&v->url);
	buf_release(&v->resource);
	buf_release(&v->why);
	free(v->secret);
	free(v);
}

static void
answer(struct azure_vault *v, const char *value, const char *problem,
    const char *hint)
{
	azure_vault_fn *fn = v->fn;
	void *arg = v->arg;
	struct buf text = BUF_INIT;

	if (problem)
		buf_addf(&text, "the secret '%s' of the key vault %s: %s",
		    v->secret, v->url.data, problem);
	release(v);
	fn(arg, value, problem ? text.data : NULL, hint);
	buf_release(&text);
}

/* ---- what was answered ---- */

/* In the order of `ways`. */
static const char *const names[] = {
    "a service principal (AZURE_TENANT_ID and others)",
    "workload identity (AZURE_FEDERATED_TOKEN_FILE)", "the Azure CLI (az)",
    "a managed identity of this machine"};

static void
failed_way(struct azure_vault *v, const char *why)
{
	buf_addf(
	    &v->why, "%s%s: %s", v->why.len ? "; " : "", names[v->way], why);
	v->way++;
	next_way(v);
}

static void
on_secret(void *arg, const struct inquiry_end *how, const struct buf *out,
    const struct buf *words)
{
	struct azure_vault *v = arg;
	struct buf body = BUF_INIT, why = BUF_INIT;
	int status = how->code == 0 ? inquiry_status(out, &body) : 0;
	struct json all;
	char *value = NULL;

	v->inquiry = NULL;
	if (status == 200 &&
	    json_check(body.data, body.len, JSON_STRICT, &all, NULL, NULL) == 0)
		value = json_strdup(json_get(all, "value"));
	if (value) {
		answer(v, value, NULL, NULL);
		memset(value, 0, strlen(value));
	} else {
		inquiry_words(&why, status, &body, words);
		answer(v, NULL, why.data,
		    status == 403 ? "give who you are there the right to read "
				    "secrets: the role 'Key Vault Secrets "
				    "User', or an access policy with 'get'"
		    : status == 404
			? "see whether the names of the vault's secret "
			  "(keyVaultKey) and the vault (keyVaultName) are right"
			: NULL);
	}
	free(value);
	memset(body.data, 0, body.len);
	buf_release(&body);
	buf_release(&why);
}

static void
get_secret(struct azure_vault *v, const char *token)
{
	struct buf lines = BUF_INIT, text = BUF_INIT, err = BUF_INIT;

	buf_addf(&text, "Authorization: Bearer %s", token);
	curl_line(&lines, "header", text.data);
	memset(text.data, 0, text.len);
	buf_setf(&text, "%s/secrets/", v->url.data);
	percent_encode(&text, v->secret, strlen(v->secret));
	buf_adds(&text, "?api-version=7.4");
	curl_line(&lines, "url", text.data);
	v->inquiry =
	    inquiry_curl(v->loop, &lines, TIMEOUT_MS, on_secret, v, &err);
	memset(lines.data, 0, lines.len);
	buf_release(&lines);
	buf_release(&text);
	if (!v->inquiry)
		answer(v, NULL, err.data, NULL);
	buf_release(&err);
}

/* A token, by whatever way: {"access_token":...}, of az {"accessToken":...}. */
static void
take_token(struct azure_vault *v, int status, const struct buf *body,
    const struct buf *words)
{
	struct buf why = BUF_INIT;
	struct json all, token = JSON_NONE;
	char *text;

	if (status == 200 && json_check(body->data, body->len, JSON_STRICT,
				 &all, NULL, NULL) == 0) {
		token = json_get(all, "access_token");
		if (json_type(token) != JSON_STRING)
			token = json_get(all, "accessToken");
	}
	text = json_strdup(token);
	if (text && *text && !strpbrk(text, "\r\n")) {
		get_secret(v, text);
		memset(text, 0, strlen(text));
	} else {
		inquiry_words(&why, status, body, words);
		failed_way(v, why.data);
	}
	free(text);
	buf_release(&why);
}

static void
on_token(void *arg, const struct inquiry_end *how, const struct buf *out,
    const struct buf *words)
{
	struct azure_vault *v = arg;
	struct buf body = BUF_INIT;
	int status = how->code == 0 ? inquiry_status(out, &body) : 0;

	v->inquiry = NULL;
	take_token(v, status, &body, words);
	memset(body.data, 0, body.len);
	buf_release(&body);
}

static void
on_az(void *arg, const struct inquiry_end *how, const struct buf *out,
    const struct buf *words)
{
	struct azure_vault *v = arg;

	v->inquiry = NULL;
	take_token(v, how->code == 0 ? 200 : 0, out, words);
}

/* ---- the ways ---- */

/* Takes over `lines`, which are secret. */
static void
ask_curl(struct azure_vault *v, struct buf *lines)
{
	struct buf err = BUF_INIT;

	v->inquiry =
	    inquiry_curl(v->loop, lines, TIMEOUT_MS, on_token, v, &err);
	memset(lines->data, 0, lines->len);
	buf_release(lines);
	if (!v->inquiry)
		failed_way(v, err.data);
	buf_release(&err);
}

static const char *
setting(const char *name)
{
	const char *value = env_get(name);

	return value && *value ? value : NULL;
}

/* POST to where one logs in, with what proves who we are. */
static void
log_in(struct azure_vault *v, struct buf *body)
{
	const char *host = setting("AZURE_AUTHORITY_HOST");
	struct buf lines = BUF_INIT, text = BUF_INIT;

	percent_field(body, "grant_type", "client_credentials");
	percent_field(body, "client_id", setting("AZURE_CLIENT_ID"));
	buf_setf(&text, "%s/.default", v->resource.data);
	percent_field(body, "scope", text.data);
	curl_line(&lines, "data-raw", body->data);
	if (!host)
		host = LOGIN;
	buf_setf(&text, "%s%s", strstr(host, "://") ? "" : "https://", host);
	while (text.len > 0 && text.data[text.len - 1] == '/')
		buf_cut(&text, text.len - 1);
	buf_addc(&text, '/');
	percent_encode(&text, setting("AZURE_TENANT_ID"),
	    strlen(setting("AZURE_TENANT_ID")));
	buf_adds(&text, "/oauth2/v2.0/token");
	curl_line(&lines, "url", text.data);
	memset(body->data, 0, body->len);
	buf_release(body);
	buf_release(&text);
	ask_curl(v, &lines);
}

static void
by_secret(struct azure_vault *v)
{
	struct buf body = BUF_INIT;

	if (!setting("AZURE_TENANT_ID") || !setting("AZURE_CLIENT_ID") ||
	    !setting("AZURE_CLIENT_SECRET")) {
		failed_way(v, "not set");
		return;
	}
	percent_field(&body, "client_secret", setting("AZURE_CLIENT_SECRET"));
	log_in(v, &body);
}

static void
by_federation(struct azure_vault *v)
{
	const char *file = setting("AZURE_FEDERATED_TOKEN_FILE");
	struct buf body = BUF_INIT, token = BUF_INIT_MAX(TOKEN_FILE_MAX);
	struct buf err = BUF_INIT;

	if (!setting("AZURE_TENANT_ID") || !setting("AZURE_CLIENT_ID") || !file)
		failed_way(v, "not set");
	else if (file_read_all(file, &token, &err) == -1)
		failed_way(v, err.data);
	else {
		buf_rtrim(&token);
		percent_field(&body, "client_assertion_type",
		    "urn:ietf:params:oauth:client-assertion-type:jwt-bearer");
		percent_field(&body, "client_assertion", token.data);
		memset(token.data, 0, token.len);
		log_in(v, &body);
	}
	buf_release(&token);
	buf_release(&err);
}

static void
by_az(struct azure_vault *v)
{
	const char *argv[] = {"az", "account", "get-access-token", "--resource",
	    v->resource.data, "-o", "json", NULL};
	struct buf path = BUF_INIT, none = BUF_INIT, err = BUF_INIT;

	if (proc_find("az", NULL, &path) == -1) {
		failed_way(v, "is not installed");
	} else {
		v->inquiry = inquiry_start(v->loop,
		    &(struct inquiry_spec){.argv = (char *const *)argv,
			.in = &none,
			.timeout_ms = AZ_TIMEOUT_MS,
			.own_group = true},
		    on_az, v, &err);
		if (!v->inquiry)
			failed_way(v, err.data);
	}
	buf_release(&path);
	buf_release(&err);
}

static void
by_machine(struct azure_vault *v)
{
	const char *host = setting("AZURE_POD_IDENTITY_AUTHORITY_HOST");
	struct buf lines = BUF_INIT, text = BUF_INIT;

	buf_setf(&text,
	    "%s/metadata/identity/oauth2/token?api-version=2018-02-01"
	    "&resource=",
	    host ? host : METADATA);
	percent_encode(&text, v->resource.data, v->resource.len);
	if (setting("AZURE_CLIENT_ID"))
		percent_field(&text, "client_id", setting("AZURE_CLIENT_ID"));
	curl_line(&lines, "url", text.data);
	curl_line(&lines, "header", "Metadata: true");
	curl_line(&lines, "noproxy", "*");
	/* Elsewhere nobody has that address. */
	buf_adds(&lines, "connect-timeout = 2\n");
	buf_release(&text);
	ask_curl(v, &lines);
}

static void (*const ways[])(struct azure_vault *) = {
    by_secret, by_federation, by_az, by_machine};

static void
next_way(struct azure_vault *v)
{
	struct buf text = BUF_INIT;

	if (v->way < sizeof(ways) / sizeof(*ways)) {
		ways[v->way](v);
		return;
	}
	buf_setf(&text, "there is no way to log in: %s", v->why.data);
	answer(v, NULL, text.data,
	    "type 'az login', or set AZURE_TENANT_ID, AZURE_CLIENT_ID and "
	    "AZURE_CLIENT_SECRET of a service principal that may read "
	    "secrets of that vault");
	buf_release(&text);
}

struct azure_vault *
azure_vault_get(struct loop *l, const char *vault, const char *secret,
    azure_vault_fn *fn, void *arg)
{
	struct azure_vault *v = xcalloc(1, sizeof(*v));
	const char *at;
	bool gone = false;

	v->gone = &gone;
	v->loop = l;
	v->fn = fn;
	v->arg = arg;
	v->secret = xstrdup(secret);
	buf_init(&v->url, BUF_MAX_DEFAULT);
	buf_init(&v->resource, BUF_MAX_DEFAULT);
	buf_init(&v->why, BUF_MAX_DEFAULT);
	if (strstr(vault, "://"))
		buf_set(&v->url, vault);
	else
		buf_setf(&v->url, "https://%s.vault.azure.net", vault);
	while (v->url.len > 0 && v->url.data[v->url.len - 1] == '/')
		buf_cut(&v->url, v->url.len - 1);
	at = strstr(v->url.data, ".vault.");
	buf_setf(&v->resource, "https://%s", at ? at + 1 : "vault.azure.net");
	buf_cut(&v->resource, 8 + strcspn(v->resource.data + 8, ":/"));
	next_way(v);
	if (gone)
		return NULL;
	v->gone = NULL;
	return v;
}

void
azure_vault_stop(struct azure_vault *v)
{
	if (v)
		release(v);
}
