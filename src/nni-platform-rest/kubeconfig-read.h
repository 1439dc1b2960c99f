#ifndef NNI_REST_KUBECONFIG_READ_H
#define NNI_REST_KUBECONFIG_READ_H

#include "kubeconfig.h"
#include "node.h"
#include "os/file.h"
#include "problems.h"

/* What the readers of kubeconfigs share. */

struct kubeconfig_file {
	char *path, *dir; /* dir: up to its last slash */
	struct node *root;
	size_t index; /* among the files of problems */
};

struct kubeconfig_reading {
	struct kubeconfig *k;
	struct problems problems;
	struct kubeconfig_file *files;
	size_t file_count;
};

/* A named entry: {name: NAME, cluster: {...}}. */
struct kubeconfig_entry {
	const struct kubeconfig_file *file;
	const struct node *item; /* the whole of it */
	const struct node *map;	 /* what its key has; NULL: nothing */
	const char *name;
};

/* About node n, or, where that is NULL, about the whole entry. */
void kubeconfig_problem(struct kubeconfig_reading *r,
    const struct kubeconfig_entry *e, const struct node *n, const char *fmt,
    ...) NNI_FORMAT(4, 5);

/* Text of a scalar; NULL: there is none, or a problem was told. */
char *kubeconfig_text(struct kubeconfig_reading *r,
    const struct kubeconfig_entry *e, const char *key);

void kubeconfig_cluster(
    struct kubeconfig_reading *r, const struct kubeconfig_entry *e);
/* cluster NULL: there is none, as was told. */
void kubeconfig_user(struct kubeconfig_reading *r,
    const struct kubeconfig_entry *e, const struct kubeconfig_entry *cluster);

#endif
