#ifndef NNI_REMOTE_MACHINE_H
#define NNI_REMOTE_MACHINE_H

#include <stdbool.h>
#include <stdint.h>
#include "config.h"

/*
 * A machine of a member's machineList, as the configuration has it.  What was
 * not set is NULL, 0 or false: then ssh's own configuration says it.
 */
struct machine {
	const char *dir;    /* the experiment's; not ours */
	const char *member; /* not ours */
	size_t index;	    /* in machineList */
	char *place;	    /* its place's name: "bob@192.0.2.2:2201" */
	char *host, *user;
	int64_t port;
	char *key_file; /* sshKeyFile */
	bool has_password, has_passphrase;
	bool accept_new;     /* hostKeyChecking: accept-new */
	char *agent_path;    /* the far program, put there by somebody */
	char *remote_dir;    /* where all lives there; never NULL */
	struct json section; /* the whole object, a part of the configuration */
};

struct machines_read {
	struct machine *all;
	size_t count;
};

/*
 * Reads those of the member; `dir` and `member` must outlive them.  0; or -1
 * with err: two are the same place, a name that ssh would take for an option.
 */
int machines_read(struct machines_read *m, const char *dir,
    const struct config_member *member, struct buf *err);
void machines_read_release(struct machines_read *m);

#endif
