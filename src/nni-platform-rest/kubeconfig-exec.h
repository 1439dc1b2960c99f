#ifndef NNI_REST_KUBECONFIG_EXEC_H
#define NNI_REST_KUBECONFIG_EXEC_H

#include "kubeconfig-read.h"

/* Reads `exec` of the user e into r->k->exec. */
void kubeconfig_exec(struct kubeconfig_reading *r,
    const struct kubeconfig_entry *e, const struct node *exec,
    const struct kubeconfig_entry *cluster);

#endif
