#ifndef NNI_REST_KUBECONFIG_H
#define NNI_REST_KUBECONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include "buf.h"

/*
 * The files that tell kubectl of clusters: which one a context means, and who
 * we are there.  As kubectl reads them (client-go, tools/clientcmd): of several
 * files the first that has something counts, entries being one by their names;
 * keys that are not known are passed over, since newer clients have more; paths
 * are relative to their own file's folder.
 *
 * All that is text here was checked: no NUL in it, and no control characters
 * where it becomes a header.  NULL: not given.
 */

/* A plugin that is asked for credentials: client.authentication.k8s.io. */
struct kube_exec {
	char *where; /* "FILE:LINE:COL: user 'u'", for messages */
	char *api_version;
	char **argv; /* NULL-ended; argv[0] as it is to be started */
	char **env;  /* "NAME=value", NULL-ended */
	char *install_hint;
	char *info; /* KUBERNETES_EXEC_INFO */
};

/* Bytes that curl wants in a file. */
struct kube_pem {
	char *file; /* it is one: its absolute path */
	char *pem;  /* or they stood in the configuration */
};

struct kubeconfig {
	char *source; /* the file that told the context, absolute */
	char *context, *cluster, *user; /* names; "" */
	char *namespace;

	char *server, *proxy, *tls_server_name;
	struct kube_pem authority;
	bool insecure; /* certificates are not verified */
	bool uncompressed;

	struct kube_pem cert, key;
	char *token, *token_file;
	char *token_where; /* for messages: "FILE:LINE:COL: 'token'" */
	char *username, *password;
	char **impersonate; /* headers "Impersonate-User: joe"; NULL-ended */
	struct kube_exec *exec;
};

/*
 * Reads `file`, or where that is NULL the files of $KUBECONFIG, or
 * ~/.kube/config; `context` NULL: the current one.  0; 1: file is NULL and
 * there is nothing in these places, which `err` names; -1: err has all that is
 * wrong, "FILE:LINE:COL: what", a line each.  Never anything secret.
 */
int kubeconfig_read(struct kubeconfig *k, const char *file, const char *context,
    struct buf *err);
/* The same of one text; `name` is an absolute path, that of the file it would
   be. */
int kubeconfig_parse(struct kubeconfig *k, const char *name, const char *text,
    size_t len, const char *context, struct buf *err);
void kubeconfig_release(struct kubeconfig *k);

#endif
