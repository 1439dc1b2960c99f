#ifndef NNI_CONFIG_RULES_H
#define NNI_CONFIG_RULES_H

#include "node.h"
#include "reading.h"

/*
 * What several keys say together. Each takes a canonical object, after what it
 * inherits has been filled in, tells what is wrong and completes it.
 */
void rules_local(struct reading *r, struct node *m);
void rules_remote(struct reading *r, struct node *m);
void rules_openpai(struct reading *r, struct node *m);
void rules_pai_yarn(struct reading *r, struct node *m);
void rules_kubeflow(struct reading *r, struct node *m);
void rules_frameworkcontroller(struct reading *r, struct node *m);
void rules_aml(struct reading *r, struct node *m);
void rules_dlts(struct reading *r, struct node *m);
void rules_shared_storage(struct reading *r, struct node *m);

#endif
