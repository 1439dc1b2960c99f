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
void rules_kubernetes(struct reading *r, struct node *m);
void rules_slurm(struct reading *r, struct node *m);
void rules_aml(struct reading *r, struct node *m);
void rules_dlts(struct reading *r, struct node *m);
void rules_shared_storage(struct reading *r, struct node *m);

/*
 * What they share.  An error if the canonical object m lacks the key (a value
 * that was wrong is there, as null); where it is missed: in V1, in its section;
 * whether that section is there; whether something that is not there may be in
 * a part that could not be read; an error if codeUrl is no URL.
 */
void rules_need(struct reading *r, const struct node *m, const char *key);
const struct node *rules_place(
    const struct reading *r, const struct node *m, const char *name);
bool rules_has_section(const struct reading *r, const char *name);
bool rules_may_miss(const struct reading *r, const struct node *m);
void rules_code_url(struct reading *r, const struct node *m);

#endif
