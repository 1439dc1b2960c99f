#ifndef NNI_REST_AZURE_TOKEN_H
#define NNI_REST_AZURE_TOKEN_H

#include <stdbool.h>
#include <stdint.h>
#include "buf.h"
#include "os/loop.h"

/*
 * Tokens for services of Azure (Microsoft Entra ID).  Who we are there is told
 * in one of these ways, the first that works:
 *
 *	a service principal	AZURE_TENANT_ID, AZURE_CLIENT_ID and
 *				AZURE_CLIENT_SECRET
 *	workload identity	AZURE_TENANT_ID, AZURE_CLIENT_ID and
 *				AZURE_FEDERATED_TOKEN_FILE
 *	the Azure CLI		`az account get-access-token`, after `az login`
 *	a managed identity	of the machine in Azure that we run on; of
 *				AZURE_CLIENT_ID, if that is set
 *
 * AZURE_AUTHORITY_HOST is where one logs in in other clouds.  Where an
 * identity is given, no other way is tried.
 */
struct azure_identity {
	const char *tenant, *client, *secret; /* a service principal; NULL */
	bool managed;		    /* a managed identity of this machine */
	const char *managed_client; /* which; NULL: the only one */
};

struct azure_token;
/*
 * The answer: a token, the caller's for the time of the call alone, and so long
 * it lasts; or NULL, with what went wrong in each way.
 */
typedef void azure_token_fn(
    void *arg, const char *token, int64_t lasts_ms, const char *problem);
/*
 * `resource` is what it is for: "https://management.azure.com".  `who` may be
 * NULL; it is copied.  fn is called once, perhaps before this returns, which is
 * NULL then.
 */
struct azure_token *azure_token_get(struct loop *l, const char *resource,
    const struct azure_identity *who, azure_token_fn *fn, void *arg);
/* fn is not called any more.  NULL is allowed. */
void azure_token_stop(struct azure_token *t);

#endif
