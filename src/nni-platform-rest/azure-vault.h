#ifndef NNI_REST_AZURE_VAULT_H
#define NNI_REST_AZURE_VAULT_H

#include "buf.h"
#include "os/loop.h"

/*
 * A secret in an Azure Key Vault (its REST interface, version 7.4), for who we
 * are by azure-token.h.
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
