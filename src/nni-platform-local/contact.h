#ifndef NNI_LOCAL_CONTACT_H
#define NNI_LOCAL_CONTACT_H

#include <stdint.h>

/*
 * EXPERIMENT/trials/contact: its time says when somebody last watched the
 * trials here.  Where the configuration has a `lease`, a keeper that sees no
 * contact for that long ends its trial: whoever started it may have given it
 * up.
 */
void contact_make(const char *dir);
/* Changes with each contact; what it means nobody knows but the file system. */
int64_t contact_mark(const char *dir);
/* How often contact is made, and looked for. */
int64_t contact_period_ms(int64_t lease_ms);

#endif
