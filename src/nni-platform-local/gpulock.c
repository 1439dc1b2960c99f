/*
 * Claims on GPUs by kernel locks: they end with their holder, whatever it dies
 * of, and count for all users of the machine.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include "gpulock.h"
#include "expdir.h"
#include "state.h"
#include "mem.h"
#include "os/file.h"
#include "os/keeper.h"
#include "os/sys.h"

#define GATE_MS 5000
#define GATE_LOOK_MS 5

/* Made with the sticky bit, as /tmp is; a link or a file there is refused. */
static int
lock_folder(struct buf *dir, struct buf *err)
{
	struct file_info info;

	buf_setf(dir, "%s/nni-gpu", sys_shared_temp());
	if (file_info(dir->data, false, &info) == 0 && info.type == FILE_DIR)
		return 0;
	if (dir_make(dir->data, 0700, err) == 0)
		return file_chmod(dir->data, 01777, err);
	if (file_info(dir->data, false, &info) == 0 && info.type == FILE_DIR)
		return 0;
	return buf_err(err, "'%s' is in the way: not a folder", dir->data);
}

void
gpu_owner(struct buf *owner, const char *dir)
{
	char digest[DIGEST_TEXT];

	digest_text(digest, dir, strlen(dir));
	buf_setf(owner, "%s:%s:%s", sys_user(), expdir_id(dir), digest);
}

/* ---- who holds what ---- */

struct holders {
	int64_t slots_used; /* by us */
	bool *used;	    /* by slot number, of max_trials_per_gpu */
	struct buf stranger;
};

/* First word of a slot's file; what is held has been written under the gate. */
static void
read_owner(const char *path, struct buf *owner)
{
	struct buf text = BUF_INIT_MAX(4096);

	buf_clear(owner);
	if (file_read_all(path, &text, NULL) == 0)
		buf_add(owner, text.data, strcspn(text.data, " \n"));
	buf_release(&text);
}

static bool
is_slot_of(const char *name, const struct gpu *g, int64_t *number)
{
	size_t len = strlen(g->uuid);
	char *end;

	if (strncmp(name, g->uuid, len) != 0 || name[len] != '.')
		return false;
	*number = strtol(name + len + 1, &end, 10);
	return *end == '\0' && *number >= 0;
}

/* Looks at all slots of a GPU that there are files of. */
static void
look_at_slots(const struct gpu *g, const struct config_member *m,
    const char *dir, const char *owner, struct holders *h)
{
	struct buf path = BUF_INIT, who = BUF_INIT;
	char **names = NULL;
	size_t count = 0, i;
	int64_t number;

	if (dir_list(dir, &names, NULL, &count, NULL) == -1)
		count = 0;
	for (i = 0; i < count; i++) {
		if (!is_slot_of(names[i], g, &number))
			continue;
		expdir_path(&path, dir, names[i]);
		if (lock_held(path.data, NULL) != 1)
			continue;
		read_owner(path.data, &who);
		if (strcmp(who.data, owner) != 0) {
			buf_set(&h->stranger, who.data);
			/* user:experiment; the digest tells a person nothing */
			if (strrchr(h->stranger.data, ':') != NULL)
				buf_cut(&h->stranger,
				    (size_t)(strrchr(h->stranger.data, ':') -
					     h->stranger.data));
		} else {
			h->slots_used++;
			if (number < m->max_trials_per_gpu)
				h->used[number] = true;
		}
	}
	dir_list_free(names, NULL, count);
	buf_release(&path);
	buf_release(&who);
}

static void
add_reason(struct buf *why, const struct gpu *g, const char *text)
{
	buf_addf(
	    why, "%sgpu %" PRId64 " %s", why->len ? "; " : "", g->index, text);
}

/*
 * The free slots of a GPU for a trial of `m`, 0 with the reason added to why;
 * *slot gets the first.
 *
 * What runs on a GPU that we have already is ours, or was there when we took
 * it.
 */
static int64_t
free_slots(const struct gpu *g, const struct config_member *m, const char *dir,
    const char *owner, int64_t *slot, struct buf *why)
{
	int64_t max = m->max_trials_per_gpu > 0 ? m->max_trials_per_gpu : 1;
	struct holders h = {0, NULL, BUF_INIT};
	const struct gpu_process *p;
	struct buf text = BUF_INIT;
	int64_t left = 0, i;

	h.used = xcalloc((size_t)max, sizeof(*h.used));
	look_at_slots(g, m, dir, owner, &h);
	if (h.stranger.len > 0) {
		buf_setf(&text, "taken by experiment %s", h.stranger.data);
	} else if (h.slots_used >= max) {
		buf_setf(&text, "has %" PRId64 " trial%s of this experiment",
		    h.slots_used, plural((uint64_t)h.slots_used));
	} else if (h.slots_used == 0 && !m->use_active_gpu &&
		   (p = gpu_process_on(g)) != NULL) {
		buf_setf(&text, "busy: pid %" PRId64 " %s", p->pid, p->name);
	} else {
		left = max - h.slots_used;
		for (i = 0; i < max && h.used[i];)
			i++;
		*slot = i;
	}
	if (left == 0)
		add_reason(why, g, text.data);
	free(h.used);
	buf_release(&h.stranger);
	buf_release(&text);
	return left;
}

/* ---- claiming ---- */

static int
take_gate(struct lock *gate, const char *dir, struct buf *err)
{
	int64_t until = clock_mono_ms() + GATE_MS;
	struct buf path = BUF_INIT;
	int r;

	expdir_path(&path, dir, "gate");
	while ((r = lock_try(gate, path.data, 0666, NULL, err)) == 0 &&
	       clock_mono_ms() < until)
		keeper_wait(NULL, GATE_LOOK_MS);
	if (r == 0)
		buf_err(err, "'%s' is held by somebody", path.data);
	buf_release(&path);
	return r == 1 ? 0 : -1;
}

/* 1, 0 if somebody was faster, -1. */
static int
take_slot(struct gpu_claim *c, const char *dir, const struct gpu *g,
    int64_t slot, const char *owner, const char *trial, struct buf *err)
{
	struct buf path = BUF_INIT, text = BUF_INIT;
	struct lock lock = LOCK_INIT;
	int r;

	buf_setf(&path, "%s/%s.%" PRId64, dir, g->uuid, slot);
	buf_setf(&text, "%s %s\n", owner, trial);
	r = lock_try(&lock, path.data, 0666, NULL, err);
	if (r == 1 && (file_truncate(lock.file, 0) == -1 ||
			  file_write(lock.file, text.data, text.len) == -1)) {
		buf_err(
		    err, "cannot write to '%s': %s", path.data, os_strerror());
		lock_release(&lock);
		r = -1;
	}
	if (r == 1) {
		c->slots =
		    xreallocarray(c->slots, c->count + 1, sizeof(*c->slots));
		c->slots[c->count++] = lock;
		buf_addf(&c->devices, "%s%" PRId64, c->devices.len ? "," : "",
		    g->index);
	}
	buf_release(&path);
	buf_release(&text);
	return r;
}

static int
choose(struct gpu_claim *c, const char *dir, const struct gpus *g,
    const struct config_member *m, const char *owner, const char *trial,
    struct buf *why)
{
	struct buf err = BUF_INIT;
	int64_t slot = 0;
	size_t i;
	int r = 0;

	for (i = 0;
	     i < g->count && r != -1 && (int64_t)c->count < m->gpu_number;
	     i++) {
		if (gpu_is_ours(m, &g->at[i]) &&
		    free_slots(&g->at[i], m, dir, owner, &slot, why) > 0)
			r = take_slot(
			    c, dir, &g->at[i], slot, owner, trial, &err);
	}
	if (r == -1)
		buf_set(why, err.data);
	else
		r = (int64_t)c->count == m->gpu_number;
	buf_release(&err);
	return r;
}

int
gpu_claim(struct gpu_claim *c, const struct gpus *g,
    const struct config_member *m, const char *owner, const char *trial,
    struct buf *why)
{
	struct lock gate = LOCK_INIT;
	struct buf dir = BUF_INIT;
	int r = -1;

	if (lock_folder(&dir, why) == 0 && take_gate(&gate, dir.data, why) == 0)
		r = choose(c, dir.data, g, m, owner, trial, why);
	if (r != 1)
		gpu_claim_release(c);
	lock_release(&gate);
	buf_release(&dir);
	return r;
}

void
gpu_claim_release(struct gpu_claim *c)
{
	size_t i;

	for (i = 0; i < c->count; i++)
		lock_release(&c->slots[i]);
	free(c->slots);
	buf_release(&c->devices);
	*c = (struct gpu_claim)GPU_CLAIM_INIT;
}

/* How many trials of n GPUs each fit, whole slots anywhere. */
static int64_t
trials_that_fit(int64_t *slots, size_t count, int64_t n)
{
	int64_t trials = 0, taken;
	size_t i, best;

	for (;;) {
		for (taken = 0; taken < n; taken++) {
			best = count;
			for (i = 0; i < count; i++)
				if (slots[i] > 0 &&
				    (best == count || slots[i] > slots[best]))
					best = i;
			if (best == count)
				return trials;
			/* Not twice for one trial: out of sight until it is
			   complete. */
			slots[best] = -slots[best];
		}
		for (i = 0; i < count; i++)
			if (slots[i] < 0)
				slots[i] = -slots[i] - 1;
		trials++;
	}
}

int64_t
gpu_room(const struct gpus *g, const struct config_member *m, const char *owner,
    struct buf *why)
{
	struct buf dir = BUF_INIT;
	int64_t *slots, room = 0, slot;
	size_t i;

	if (gpus_check(g, m, why) == -1 || lock_folder(&dir, why) == -1)
		goto out;
	slots = xcalloc(g->count + 1, sizeof(*slots));
	for (i = 0; i < g->count; i++) {
		if (gpu_is_ours(m, &g->at[i]))
			slots[i] = free_slots(
			    &g->at[i], m, dir.data, owner, &slot, why);
	}
	room = trials_that_fit(slots, g->count, m->gpu_number);
	free(slots);
out:
	buf_release(&dir);
	return room;
}
