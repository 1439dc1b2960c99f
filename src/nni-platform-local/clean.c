/*
 * clean: what an experiment left here, outside of its own directory.
 */
#include <stdlib.h>
#include <string.h>
#include "expdir.h"
#include "mem.h"
#include "place.h"
#include "say.h"
#include "state.h"
#include "trees.h"
#include "verbs.h"
#include "os/lock.h"

/* ---- what lives ---- */

static int
say_alive(const struct verb *v, const char *trial)
{
	struct buf text = BUF_INIT;

	buf_setf(&text, "trial '%s' still runs", trial);
	if (v->far != NULL)
		far_fail(v->far, NNI_LOCKED, text.data, "cancel it first");
	else
		say_error(NNI_LOCKED, "%s: cancel it first", text.data);
	buf_release(&text);
	return NNI_LOCKED;
}

/* A keeper that has written the end is about to go. */
static bool
is_alive(const char *attempt_dir)
{
	struct buf lock = BUF_INIT;
	struct state state;
	bool alive;

	state_init(&state);
	expdir_path(&lock, attempt_dir, ".nni/lock");
	alive = lock_held(lock.data, NULL) == 1 &&
		(state_read(&state, attempt_dir, NULL) == -1 || !state.ended);
	state_release(&state);
	buf_release(&lock);
	return alive;
}

static int
look_for_keepers(const struct verb *v)
{
	struct buf trials = BUF_INIT, path = BUF_INIT;
	char **names = NULL;
	size_t count = 0, i;
	int code = NNI_OK;

	expdir_path(&trials, v->dir, "trials");
	if (dir_list(trials.data, &names, NULL, &count, NULL) == -1)
		count = 0;
	for (i = 0; i < count; i++) {
		buf_setf(&path, "%s/%s", trials.data, names[i]);
		if (is_alive(path.data))
			code = say_alive(v, names[i]);
	}
	dir_list_free(names, NULL, count);
	buf_release(&trials);
	buf_release(&path);
	return code;
}

/* ---- the far end of an ssh ---- */

struct names {
	char **at;
	size_t count;
};

static void
add_name(struct names *n, const char *store, const char *digest)
{
	struct buf dir = BUF_INIT;

	if (digest != NULL && tree_dir(&dir, store, digest) == 0) {
		n->at = xreallocarray(n->at, n->count + 1, sizeof(*n->at));
		n->at[n->count++] = xstrdup(path_base(dir.data));
	}
	buf_release(&dir);
}

static bool
has_name(const struct names *n, const char *name)
{
	size_t i;

	for (i = 0; i < n->count; i++)
		if (strcmp(n->at[i], name) == 0)
			return true;
	return false;
}

/* The trees that the experiments of the place need. */
static void
find_needed(struct names *needed, const char *place_dir, const char *store)
{
	struct buf dir = BUF_INIT;
	struct place p;
	char **names;
	size_t count, i;

	if (dir_list(place_dir, &names, NULL, &count, NULL) == -1)
		return;
	for (i = 0; i < count; i++) {
		expdir_path(&dir, place_dir, names[i]);
		place_read(&p, dir.data);
		add_name(needed, store, p.code);
		add_name(needed, store, p.tools);
		place_close(&p);
	}
	dir_list_free(names, NULL, count);
	buf_release(&dir);
}

static void
remove_unneeded(const char *place_dir, const char *store)
{
	struct names needed = {NULL, 0};
	struct buf path = BUF_INIT;
	char **names;
	size_t count, i;

	find_needed(&needed, place_dir, store);
	if (dir_list(store, &names, NULL, &count, NULL) == 0) {
		for (i = 0; i < count; i++) {
			expdir_path(&path, store, names[i]);
			if (names[i][0] != '.' && !has_name(&needed, names[i]))
				tree_remove(store, path.data, NULL);
		}
		dir_list_free(names, NULL, count);
	}
	for (i = 0; i < needed.count; i++)
		free(needed.at[i]);
	free(needed.at);
	buf_release(&path);
}

static int
clean_far(struct far *f)
{
	struct buf place_dir = BUF_INIT, store = BUF_INIT, err = BUF_INIT;
	int code = NNI_OK;

	place_store(&store, f->dir);
	buf_add(&place_dir, f->dir, (size_t)(path_base(f->dir) - f->dir) - 1);
	/* Out of everybody's way first: nobody sees half of it. */
	if (dir_make_all(store.data, 0700, &err) == -1 ||
	    tree_remove(store.data, f->dir, &err) == -1)
		code = far_fail(f, NNI_TEMPORARY, err.data, NULL);
	else
		remove_unneeded(place_dir.data, store.data);
	far_remove_empty(f);
	buf_release(&place_dir);
	buf_release(&store);
	buf_release(&err);
	return code;
}

/*
 * Of a local experiment its directory is all there is.  What others have in
 * their code directory, and the machine's lock files of GPUs, stays.
 */
int
verb_clean(const struct verb *v)
{
	int code = look_for_keepers(v);

	return code != NNI_OK || v->far == NULL ? code : clean_far(v->far);
}
