#ifndef NNI_REST_EXEC_PLUGIN_H
#define NNI_REST_EXEC_PLUGIN_H

#include <stdint.h>
#include "kubeconfig.h"
#include "os/loop.h"

/*
 * Asking a plugin for credentials (client.authentication.k8s.io, v1beta1 and
 * v1).  It runs beside the loop.  What it says on stderr is said to the user as
 * it comes: it may tell where to log in.
 */
struct exec_credential {
	char *token;	    /* NULL: none */
	char *cert, *key;   /* PEM; both or none */
	int64_t expires_ms; /* Unix milliseconds; 0: not known */
};
void exec_credential_release(struct exec_credential *c);

/* c is the callee's to release; NULL: what is wrong, and what to do (may be
   NULL). */
typedef void exec_plugin_fn(void *arg, const struct exec_credential *c,
    const char *problem, const char *hint);

/*
 * Starts it; fn is called once, perhaps before this returns, after deadline_ms
 * at the latest.  `spec` is copied.  The result, NULL once fn was called, is
 * for exec_plugin_stop() until then.
 */
struct exec_plugin *exec_plugin_start(struct loop *l,
    const struct kube_exec *spec, int64_t deadline_ms, exec_plugin_fn *fn,
    void *arg);
/* It is ended, fn will not be called. NULL is allowed. */
void exec_plugin_stop(struct exec_plugin *p);

/*
 * What a plugin printed, into *c; -1 and err: what is wrong with it, in words
 * that have nothing of it, since it may be secret.
 */
int exec_credential_parse(struct exec_credential *c, const char *text,
    size_t len, const char *api_version, struct buf *err);

#endif
