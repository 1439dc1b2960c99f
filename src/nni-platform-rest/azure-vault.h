#ifndef NNI_REST_AZURE_VAULT_H
#define NNI_REST_AZURE_VAULT_H

#include "buf.h"
#include "os/loop.h"

/*
 * A secret in an Azure Key Vault (its REST interface, version 7.4).  Who we are
 * there is told in one of these ways, the first that works:
 *
 *	a service principal	AZURE_TENANT_ID, AZURE_CLIENT_ID and
 *				AZURE_CLIENT_SECRET
 *	workload identity	AZURE_TENANT_ID, AZURE_CLIENT_ID and
 *				AZURE_FEDERATED_TOKEN_FILE
 *	the Azure CLI		`az account get-access-token`, after `az login`
 *	a managed identity	of the machine in Azure that we run on; of
 *				AZURE_CLIENT_ID, if that is set
 *
 * AZURE_AUTHORITY_HOST is where one logs in in other clouds.
 */
struct azure_vault;

/*
 * The answer: its value, the caller's for the time of the call alone; or NULL,
 * with what went wrong in each way, and what to do.
 */
typedef void azure_vault_fn(
    void *arg, const char *value, const char *problem, const char *hint);
/*
 * `vault` is a name, or a URL for one in another cloud.  fn is called once,
 * perhaps before this returns, which is NULL then.
 */
struct azure_vault *azure_vault_get(struct loop *l, const char *vault,
    const char *secret, azure_vault_fn *fn, void *arg);
/* fn is not called any more.  NULL is allowed. */
void azure_vault_stop(struct azure_vault *v);

#endif
