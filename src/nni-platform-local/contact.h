#ifndef NNI_LOCAL_CONTACT_H
#define NNI_LOCAL_CONTACT_H

#include <stdint.h>
#include "os/loop.h"

/*
 * EXPERIMENT/trials/contact: its time says when somebody last watched the
 * trials here.  Where the configuration has a `lease`, a keeper that sees no
 * contact for that long ends its trial: whoever started it may have given it
 * up.
 */
struct contact {
	struct loop *loop;
	const char *dir;
	int64_t lease_ms; /* 0: there is none, nothing is done */
	struct timer timer;
};

/* Reads the configuration of `dir` (which must outlive this), makes contact. */
void contact_begin(struct contact *c, struct loop *loop, const char *dir);
/* Makes contact now; a loop_fn of a struct contact. */
void contact_make(void *contact);
/* Makes it now and again until contact_end(). */
void contact_keep(void *contact);
void contact_end(struct contact *c);

/* For keepers: changes with each contact; what it means nobody knows but the
   file system. */
int64_t contact_mark(const char *dir);
/* How often contact is made, and looked for. */
int64_t contact_period_ms(int64_t lease_ms);

#endif
