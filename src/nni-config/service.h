#ifndef NNI_CONFIG_SERVICE_H
#define NNI_CONFIG_SERVICE_H

#include "node.h"
#include "reading.h"

/*
 * The members of an experiment: `file` is the whole user's tree, `top` the
 * canonical object, which has been read already (V2) or is read here together
 * with the platform's own keys (V1).  Makes top's "trainingService", a list.
 */
void service_read_v1(
    struct reading *r, const struct node *file, struct node *top);
void service_read_v2(
    struct reading *r, const struct node *file, struct node *top);

/* ---- what the two share (service.c) ---- */

/*
 * Is the platform named by n's text known: `p`, of NNI, or (NULL) somebody's
 * own, of which there is a program nni-platform-NAME?  That this version cannot
 * run it is told.
 */
bool service_known(struct reading *r, const struct node *n, const char *key,
    const struct platform *p);
/*
 * Tells that the platform named by n's text is not known; returns the one that
 * may have been meant, or NULL.
 */
const struct platform *service_unknown(
    struct reading *r, const struct node *n, const char *key);
/* A new member of the list; `platform` is where it was named. */
struct node *service_add(
    struct node *list, const struct node *platform, const char *name);
/*
 * After a member's own keys: its name, what it inherits, rules, defaults. `p`
 * NULL: somebody's own platform.
 */
void service_finish(struct reading *r, const struct node *top,
    struct node *list, struct node *m, const struct platform *p);

#endif
