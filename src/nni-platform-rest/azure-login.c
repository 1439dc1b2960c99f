/*
 * Services of Azure that take a token of Microsoft Entra ID, such as the
 * Resource Manager: the token is kept until it is about to end.
 */
#include <stdlib.h>
#include <string.h>

#include "azure-token.h"
#include "kinds.h"
#include "mem.h"
#include "secret.h"

/* It is asked for anew so long before its end. */
#define EARLY_MS ((int64_t)5 * 60 * 1000)

struct azure_login {
	struct access access;
	struct secrets *secrets;	  /* the service principal's, or none */
	struct buf base;		  /* lines that are the same for ever */
	char *resource, *tenant, *client; /* client: of either identity */
	bool managed;
	struct azure_token *asked;
	bool asking;	 /* a secret, or a token */
	bool known;	 /* access.lines hold a token */
	int64_t ends_ms; /* on the loop's clock */
};

static int
set_identity(struct azure_login *z, struct json spec, struct buf *err)
{
	struct json managed = json_get(spec, "managedIdentity");
	struct access *a = &z->access;
	int has;

	if (json_type(managed) == JSON_STRING) {
		free(z->client);
		z->client = json_strdup(managed);
		z->managed = true;
	} else {
		z->managed = json_bool(managed, false);
	}
	if (z->managed) {
		buf_set(&a->who, "the managed identity of this machine");
		return 0;
	}
	has = secrets_add(z->secrets, spec, "clientSecret", err);
	if (has == -1)
		return -1;
	if (has == 0 && (!z->tenant || !z->client))
		return buf_err(err,
		    "a service principal needs 'tenantId' and 'clientId' "
		    "beside its 'clientSecret'");
	if (has == 0)
		buf_setf(&a->who, "the service principal '%s'", z->client);
	else
		buf_set(&a->who, "who is logged in to Azure");
	return 0;
}

static int
init(struct access *a, struct json spec, struct buf *err)
{
	static const char *const keys[] = {"resource", "tenantId", "clientId",
	    "clientSecret", "clientSecretFile", "clientSecretCommand",
	    "clientSecretEnv", "managedIdentity", NULL};
	struct azure_login *z = (struct azure_login *)a;

	buf_init(&z->base, BUF_MAX_DEFAULT);
	z->secrets = secrets_new(a->loop);
	if (access_by_url(a, spec, keys, &z->base, err) == -1 ||
	    access_spec_string(spec, "resource", &z->resource, err) == -1 ||
	    access_spec_string(spec, "tenantId", &z->tenant, err) == -1 ||
	    access_spec_string(spec, "clientId", &z->client, err) == -1)
		return -1;
	if (z->resource == NULL)
		z->resource = xstrdup(a->url.data);
	return set_identity(z, spec, err);
}

static void
on_token(void *arg, const char *token, int64_t lasts_ms, const char *problem)
{
	struct azure_login *z = arg;
	struct access *a = &z->access;
	struct buf err = BUF_INIT;
	const char *hint = NULL;

	z->asked = NULL;
	z->asking = false;
	buf_clear(&a->lines);
	buf_add(&a->lines, z->base.data, z->base.len);
	if (problem) {
		secrets_refused(z->secrets);
		hint = z->managed ? "see whether this machine has an identity"
		       : secrets_get(z->secrets, "clientSecret")
			   ? "see whether tenantId, clientId and clientSecret "
			     "are right, and the secret has not expired"
			   : "type 'az login', or give a service principal by "
			     "tenantId, clientId and clientSecret, or by "
			     "AZURE_TENANT_ID, AZURE_CLIENT_ID and "
			     "AZURE_CLIENT_SECRET";
	} else if (access_authorize(&a->lines, "Bearer", token,
		       "the token of Azure", &err) == -1) {
		problem = err.data;
	} else {
		z->known = true;
		z->ends_ms =
		    loop_now_ms(a->loop) + lasts_ms -
		    (lasts_ms / 4 < EARLY_MS ? lasts_ms / 4 : EARLY_MS);
	}
	access_answer(a, problem, hint);
	buf_release(&err);
}

static void
on_secrets(void *arg, const char *problem, const char *hint)
{
	struct azure_login *z = arg;
	const struct azure_identity who = {
	    .tenant = z->tenant,
	    .client = z->client,
	    .secret = secrets_get(z->secrets, "clientSecret"),
	    .managed = z->managed,
	    .managed_client = z->client,
	};
	struct azure_token *asked;

	if (problem) {
		z->asking = false;
		access_answer(&z->access, problem, hint);
		return;
	}
	asked = azure_token_get(z->access.loop, z->resource, &who, on_token, z);
	if (asked)
		z->asked = asked;
}

static void
forget(struct azure_login *z)
{
	memset(z->access.lines.data, 0, z->access.lines.len);
	buf_clear(&z->access.lines);
	z->known = false;
}

static void
ready(struct access *a)
{
	struct azure_login *z = (struct azure_login *)a;

	if (z->asking)
		return;
	if (z->known && loop_now_ms(a->loop) >= z->ends_ms)
		forget(z);
	if (z->known) {
		access_answer(a, NULL, NULL);
		return;
	}
	z->asking = true;
	secrets_ready(z->secrets, on_secrets, z);
}

static void
refused(struct access *a)
{
	forget((struct azure_login *)a);
}

static void
release(struct access *a)
{
	struct azure_login *z = (struct azure_login *)a;

	azure_token_stop(z->asked);
	secrets_free(z->secrets);
	buf_release(&z->base);
	free(z->resource);
	free(z->tenant);
	free(z->client);
}

static const struct access_calls calls = {ready, NULL, refused, release};
const struct access_kind access_azure = {
    "azure", sizeof(struct azure_login), init, &calls};
