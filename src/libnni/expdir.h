#ifndef NNI_EXPDIR_H
#define NNI_EXPDIR_H

#include <stdbool.h>
#include <stdint.h>
#include "attempts.h"
#include "buf.h"
#include "json.h"

/*
 * An experiment's directory: the database of a run (design section 5).
 * Its last part is the experiment's id.
 */

/*
 * Makes a directory that only we can enter, for as long as we run: TMP/TOOL-ID
 * (0700), where nothing was before.  0, or -1 and `dir` is empty.
 */
int expdir_scratch(const char *tool, struct buf *dir, struct buf *err);

/*
 * Makes PARENT/ID (0700, with trials/, log/, platforms/) and writes `config`
 * (canonical JSON) to its config.json, adding "seed" if it has none.  id NULL:
 * a new one.  The directory appears whole or not at all: it is made under a
 * temporary name and renamed.
 *
 * Returns 0; 1 if that experiment is there already (err says so); -1 on
 * failure.
 */
int expdir_create(const char *parent, const char *id, struct json config,
    struct buf *dir, struct buf *err);

/*
 * Finds one by what a user typed: a path (of the directory or of a file in it),
 * or an id looked up in `parent` (NULL: $NNI_EXPERIMENTS, then
 * ~/nni-experiments), a unique prefix of one being enough.  0 with the absolute
 * path in dir, or -1.
 */
int expdir_find(
    const char *what, const char *parent, struct buf *dir, struct buf *err);
/* The default parent directory, absolute. */
int expdir_default_parent(struct buf *parent, struct buf *err);

/* DIR/name */
void expdir_path(struct buf *out, const char *dir, const char *name);
/* DIR/trials/<id>, or DIR/trials/<id>-<n> for attempt n > 1. */
void expdir_trial(
    struct buf *out, const char *dir, const char *trial, int attempt);
/*
 * Makes such a directory and DIR/trials, existing is ok; never DIR, which may
 * have been moved.  0 or -1.
 */
int expdir_make_trial(const char *attempt_dir, struct buf *err);
/* Is the experiment there? Not if its directory was moved or removed. */
bool expdir_is_there(const char *dir);
/* The attempt of which `name` is the last part of such a path. */
bool expdir_trial_parse(const char *name, struct attempt *a);
/* The id: the last part of the path. */
const char *expdir_id(const char *dir);
/*
 * Is DIR/name, "lock" or "submit.lock", held by another process now?  Its pid
 * in *pid (may be NULL), 0 if it is not or the system does not tell.
 */
bool expdir_lock_held(const char *dir, const char *name, int64_t *pid);

/*
 * Where programs are.  A tool (nni-config) is searched beside the running
 * program, then in PATH.  0 with the path, or -1.
 */
int tool_find(const char *name, struct buf *path, struct buf *err);
/*
 * The program of a platform, which everybody who starts one finds by this: in
 * each directory of $NNI_PLATFORM_PATH, then in those beside the tools (bin,
 * libexec/nni, libexec/nni/platforms; platforms/ of the source tree),
 * nni-platform-NAME, NAME/nni-platform-NAME, or nni-platform-rest where
 * NAME/NAME.jq or NAME.jq is; then nni-platform-NAME in PATH.  0 or -1.
 */
int backend_find(const char *platform, struct buf *path, struct buf *err);
/*
 * For the engine: the folder of NAME.jq in the same places, and the one of the
 * jq modules that it may include (platforms/lib; empty if there is none).
 * 0 or -1.
 */
int platform_jq_find(
    const char *platform, struct buf *dir, struct buf *lib, struct buf *err);
/* The directory of the pure Python `nni`: installed, or in the source tree. */
bool stand_in_find(struct buf *dir);
/*
 * The platforms that have a program, those in PATH alone left out, each once;
 * the caller frees the names by dir_list_free(names, NULL, count).
 */
void backend_list(char ***names, size_t *count);

#endif
