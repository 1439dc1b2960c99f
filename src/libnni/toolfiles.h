#ifndef NNI_TOOLFILES_H
#define NNI_TOOLFILES_H

#include <stddef.h>
#include "buf.h"

/*
 * What trials elsewhere may want and find nowhere: files of ours, by the names
 * that they have there.
 */
struct toolfiles {
	char **names, **files; /* there; here */
	size_t count;
};
#define TOOLFILES_INIT                                                         \
	{                                                                      \
		NULL, NULL, 0                                                  \
	}

void toolfiles_add(struct toolfiles *t, const char *name, const char *file);
/* The pure Python `nni`: UNDER/nni/NAME.py; where there is none, nothing. */
void toolfiles_add_python(struct toolfiles *t, const char *under);
void toolfiles_release(struct toolfiles *t);

/*
 * The directory of programs for other systems and processors: linux-x86_64 is
 * nni-platform-local, nni-trial-linux-x86_64 nni-trial.  Appended; it need not
 * be there.  0, or -1 with err.
 */
int agents_dir(struct buf *dir, struct buf *err);

#endif
