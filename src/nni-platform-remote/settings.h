#ifndef NNI_REMOTE_SETTINGS_H
#define NNI_REMOTE_SETTINGS_H

#include "buf.h"
#include "fleet.h"

/*
 * The first line for a far end: what it has to know of the experiment and of
 * its own machine.  Nothing secret is in it, nor anything of another machine.
 */
void settings_line(struct buf *out, const struct fleet_machine *m);

/* The digest of DIR/code.zip, as nni-submit wrote it down; malloced, or NULL.
 */
char *settings_code(const char *dir);

/*
 * The key by which far ends know this experiment from another of the same name:
 * made once, kept in DIR/platforms/MEMBER.json.  0 or -1.
 */
int settings_key(
    const char *dir, const char *member, struct buf *key, struct buf *err);

#endif
