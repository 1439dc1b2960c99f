/* Secrets of Azure's Key Vault. */
#include "azure-vault.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "azure-token.h"
#include "curl-line.h"
#include "inquiry.h"
#include "json.h"
#include "mem.h"
#include "percent.h"

#define TIMEOUT_MS 20000

struct azure_vault {
	struct loop *loop;
	struct buf url, resource; /* of the vault; what tokens are for */
	char *secret;
	struct azure_token *token;
	struct inquiry *inquiry;
	azure_vault_fn *fn;
	void *arg;
	bool *gone; /* set when it is, while azure_vault_get() runs */
};

static void
release(struct azure_vault *v)
{
	if (v->gone)
		*v->gone = true;
	azure_token_stop(v->token);
	inquiry_stop(v->inquiry);
	buf_release(&v->url);
	buf_release(&v->resource);
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

static void
on_token(void *arg, const char *token, int64_t lasts_ms, const char *problem)
{
	struct azure_vault *v = arg;

	(void)lasts_ms;
	v->token = NULL;
	if (token)
		get_secret(v, token);
	else
		answer(v, NULL, problem,
		    "type 'az login', or set AZURE_TENANT_ID, AZURE_CLIENT_ID "
		    "and AZURE_CLIENT_SECRET of a service principal that may "
		    "read secrets of that vault");
}

struct azure_vault *
azure_vault_get(struct loop *l, const char *vault, const char *secret,
    azure_vault_fn *fn, void *arg)
{
	struct azure_vault *v = xcalloc(1, sizeof(*v));
	struct azure_token *token;
	const char *at;
	bool gone = false;

	v->gone = &gone;
	v->loop = l;
	v->fn = fn;
	v->arg = arg;
	v->secret = xstrdup(secret);
	buf_init(&v->url, BUF_MAX_DEFAULT);
	buf_init(&v->resource, BUF_MAX_DEFAULT);
	if (strstr(vault, "://"))
		buf_set(&v->url, vault);
	else
		buf_setf(&v->url, "https://%s.vault.azure.net", vault);
	while (v->url.len > 0 && v->url.data[v->url.len - 1] == '/')
		buf_cut(&v->url, v->url.len - 1);
	at = strstr(v->url.data, ".vault.");
	buf_setf(&v->resource, "https://%s", at ? at + 1 : "vault.azure.net");
	buf_cut(&v->resource, 8 + strcspn(v->resource.data + 8, ":/"));
	token = azure_token_get(l, v->resource.data, NULL, on_token, v);
	if (gone)
		return NULL;
	v->token = token;
	v->gone = NULL;
	return v;
}

void
azure_vault_stop(struct azure_vault *v)
{
	if (v)
		release(v);
}
