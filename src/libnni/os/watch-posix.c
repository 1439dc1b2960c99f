/*
 * Files and directories that change: inotify on Linux, otherwise, and where the
 * system has no more inotify watches to give, by looking at them often.
 *
 * What does not exist yet is waited for at its nearest ancestor that does, one
 * step of the path at a time.
 */
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "posix.h"
#ifdef NNI_LINUX
#include <sys/inotify.h>
#endif
#include "../mem.h"
#include "sys.h"
#include "watch-posix.h"

#ifdef __APPLE__
#define st_mtim st_mtimespec
#endif

/* How often the polled ones are looked at, and how many in a millisecond at
   most: ten thousand stat() a second are about one percent of a processor. */
#define LOOK_MS 20
#define LOOKS_PER_MS 10
/* A change in the same tick of the file system's clock as the last one seen
   does not show in the time: look again until the tick is certainly over. */
#define TICK_MS 100

struct look {
	bool exists;
	dev_t device;
	ino_t inode;
	off_t size;
	struct timespec changed;
};

enum watch_mode {
	WATCH_FILE,
	WATCH_DIR,
	WATCH_ANCESTOR, /* of what does not exist yet */
	WATCH_LOOK	/* polled */
};

struct watch {
	struct watches *all;
	char *path;
	loop_fn *fn;
	void *arg;
	enum watch_mode mode;
	size_t index; /* in all->list */
	bool queued;  /* in all->queue; freed only from there then */
	bool stopped;
	/* WATCH_LOOK */
	struct look seen;
	bool unsettled; /* `seen` may hide a change of the same tick */
#ifdef NNI_LINUX
	int wd;		    /* -1: none */
	struct watch *next; /* in its bucket of all->by_wd */
	size_t waits_for;   /* WATCH_ANCESTOR: where the next name starts */
	bool rearm;	    /* what it watches is no longer at its path */
#endif
};

struct watches {
	struct loop *loop;
	struct watch **list;
	size_t count, room;
	struct watch **queue; /* to be called */
	size_t queue_count, queue_room;
	size_t look_count; /* of mode WATCH_LOOK */
	struct timer look_timer;
#ifdef NNI_LINUX
	int fd;
	struct watch **by_wd; /* hash table of chains */
	size_t buckets;	      /* a power of two */
	bool any_rearm;
#endif
};

static void
mark_changed(struct watch *w)
{
	struct watches *ws = w->all;

	if (w->queued)
		return;
	if (ws->queue_count == ws->queue_room) {
		ws->queue_room = ws->queue_room == 0 ? 16 : ws->queue_room * 2;
		ws->queue = xreallocarray(
		    ws->queue, ws->queue_room, sizeof(*ws->queue));
	}
	w->queued = true;
	ws->queue[ws->queue_count++] = w;
}

/* ---- looking ---- */

static struct look
look_at(const char *path)
{
	struct look now = {.exists = false};
	struct stat st;

	if (stat(path, &st) == 0) {
		now.exists = true;
		now.device = st.st_dev;
		now.inode = st.st_ino;
		now.size = st.st_size;
		now.changed = st.st_mtim;
	}
	return now;
}

static bool
look_differs(const struct look *a, const struct look *b)
{
	return a->exists != b->exists || a->device != b->device ||
	       a->inode != b->inode || a->size != b->size ||
	       a->changed.tv_sec != b->changed.tv_sec ||
	       a->changed.tv_nsec != b->changed.tv_nsec;
}

static bool
is_recent(const struct look *k)
{
	int64_t age = clock_wall_ms() - (int64_t)k->changed.tv_sec * 1000 -
		      k->changed.tv_nsec / 1000000;

	return k->exists && age >= 0 && age < TICK_MS;
}

static void look_again(void *arg);

static void
look_later(struct watches *ws)
{
	int64_t ms = (int64_t)(ws->look_count / LOOKS_PER_MS);

	if (ws->look_count > 0)
		timer_set(ws->loop, &ws->look_timer,
		    ms > LOOK_MS ? ms : LOOK_MS, look_again, ws);
	else
		timer_stop(&ws->look_timer);
}

static void
look_again(void *arg)
{
	struct watches *ws = arg;
	struct watch *w;
	struct look now;
	size_t i;

	for (i = 0; i < ws->count; i++) {
		w = ws->list[i];
		if (w->mode != WATCH_LOOK)
			continue;
		now = look_at(w->path);
		if (w->unsettled || look_differs(&now, &w->seen))
			mark_changed(w);
		w->unsettled = is_recent(&now);
		w->seen = now;
	}
	look_later(ws);
}

static void
start_looking(struct watch *w)
{
	w->mode = WATCH_LOOK;
	w->seen = look_at(w->path);
	w->unsettled = is_recent(&w->seen);
	if (w->all->look_count++ == 0)
		look_later(w->all);
}

/* ---- inotify ---- */

#ifdef NNI_LINUX

#define SELF_EVENTS (IN_DELETE_SELF | IN_MOVE_SELF)
#define FILE_EVENTS (IN_MODIFY | IN_ATTRIB | SELF_EVENTS)
#define DIR_EVENTS                                                             \
	(IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | SELF_EVENTS)
#define ANCESTOR_EVENTS (IN_CREATE | IN_MOVED_TO | SELF_EVENTS)

static struct watch **
bucket_of(struct watches *ws, int wd)
{
	return &ws->by_wd[(size_t)wd & (ws->buckets - 1)];
}

static void
bucket_add(struct watch *w)
{
	struct watch **bucket = bucket_of(w->all, w->wd);

	w->next = *bucket;
	*bucket = w;
}

static void
grow_buckets(struct watches *ws)
{
	size_t i;

	if (ws->count < ws->buckets)
		return;
	free(ws->by_wd);
	ws->buckets = ws->buckets == 0 ? 64 : ws->buckets * 2;
	ws->by_wd = xcalloc(ws->buckets, sizeof(*ws->by_wd));
	for (i = 0; i < ws->count; i++) {
		if (ws->list[i]->wd >= 0)
			bucket_add(ws->list[i]);
	}
}

/* Takes w off its kernel watch, which goes if no other of ours uses it. */
static void
wd_leave(struct watch *w)
{
	struct watch **p;
	bool shared = false;

	if (w->wd < 0)
		return;
	p = bucket_of(w->all, w->wd);
	while (*p != NULL) {
		if (*p == w) {
			*p = w->next;
			continue;
		}
		shared = shared || (*p)->wd == w->wd;
		p = &(*p)->next;
	}
	if (!shared)
		inotify_rm_watch(w->all->fd, w->wd);
	w->wd = -1;
}

/* Several watches may meet at one inode, so events are only ever added. */
static int
wd_enter(struct watch *w, const char *path, uint32_t events)
{
	int wd = inotify_add_watch(w->all->fd, path, events | IN_MASK_ADD);

	if (wd < 0)
		return -1;
	if (wd != w->wd) {
		wd_leave(w);
		w->wd = wd;
		bucket_add(w);
	}
	return 0;
}

/* Watches the nearest ancestor there is, for the name that comes after it. */
static int
arm_ancestor(struct watch *w)
{
	struct buf dir = BUF_INIT;
	size_t name;
	int rc = -1;

	buf_set(&dir, w->path);
	errno = ENOENT;
	while (rc != 0 && (errno == ENOENT || errno == ENOTDIR)) {
		name = (size_t)(path_base(dir.data) - dir.data);
		w->waits_for = name;
		if (name > 1)
			buf_cut(&dir, name - 1);
		else
			buf_set(&dir, name == 1 ? "/" : ".");
		rc = wd_enter(w, dir.data, ANCESTOR_EVENTS | IN_ONLYDIR);
		if (name <= 1)
			break;
	}
	w->mode = WATCH_ANCESTOR;
	buf_release(&dir);
	return rc;
}

/* Has the name that w waits for come into being? */
static bool
ancestor_outdated(const struct watch *w)
{
	size_t len = w->waits_for + strcspn(w->path + w->waits_for, "/");
	char *name = xstrndup(w->path, len);
	struct stat st;
	bool there = stat(name, &st) == 0;

	free(name);
	return there;
}

static int
arm_path(struct watch *w)
{
	struct stat st;
	bool dir;

	if (stat(w->path, &st) != 0)
		return -1;
	dir = S_ISDIR(st.st_mode);
	w->mode = dir ? WATCH_DIR : WATCH_FILE;
	return wd_enter(w, w->path, dir ? DIR_EVENTS : FILE_EVENTS);
}

/*
 * Gets w a kernel watch on its path or, failing that, on an ancestor.  The path
 * may come and go meanwhile: a few tries, then it is looked at.
 */
static void
arm(struct watch *w)
{
	int tries;

	w->rearm = false;
	for (tries = 0; tries < 10; tries++) {
		if (arm_path(w) == 0)
			return;
		if (errno != ENOENT && errno != ENOTDIR)
			break;
		if (arm_ancestor(w) != 0)
			break;
		if (!ancestor_outdated(w))
			return;
	}
	wd_leave(w);
	start_looking(w);
}

static void
want_rearm(struct watch *w)
{
	w->rearm = true;
	w->all->any_rearm = true;
}

static void
on_event(struct watch *w, const struct inotify_event *e)
{
	size_t len;

	if (e->mask & IN_IGNORED) /* the kernel has dropped it */
		wd_leave(w);
	if (e->mask & (SELF_EVENTS | IN_IGNORED | IN_UNMOUNT)) {
		want_rearm(w);
		return;
	}
	switch (w->mode) {
	case WATCH_FILE:
		/* IN_ATTRIB: another file may have been renamed over it. */
		if (e->mask & IN_ATTRIB)
			want_rearm(w);
		if (e->mask & FILE_EVENTS)
			mark_changed(w);
		break;
	case WATCH_DIR:
		if (e->len > 0)
			mark_changed(w);
		break;
	case WATCH_ANCESTOR:
		len = strcspn(w->path + w->waits_for, "/");
		if (e->len > 0 && strlen(e->name) == len &&
		    memcmp(e->name, w->path + w->waits_for, len) == 0)
			want_rearm(w);
		break;
	case WATCH_LOOK:
		break;
	}
}

static void
spread_event(struct watches *ws, const struct inotify_event *e)
{
	struct watch *w, *next;
	size_t i;

	if (e->mask & IN_Q_OVERFLOW) {
		for (i = 0; i < ws->count; i++)
			want_rearm(ws->list[i]);
		return;
	}
	for (w = *bucket_of(ws, e->wd); w != NULL; w = next) {
		next = w->next;
		if (w->wd == e->wd)
			on_event(w, e);
	}
}

static void
rearm_all(struct watches *ws)
{
	enum watch_mode before;
	struct watch *w;
	size_t i;

	ws->any_rearm = false;
	for (i = 0; i < ws->count; i++) {
		w = ws->list[i];
		if (!w->rearm || w->mode == WATCH_LOOK)
			continue;
		before = w->mode;
		arm(w);
		if (before != WATCH_ANCESTOR || w->mode != WATCH_ANCESTOR)
			mark_changed(w);
	}
}

void
watches_read(struct watches *ws)
{
	/* The alignment that inotify(7) asks for. */
	_Alignas(struct inotify_event) char bytes[16384];
	const struct inotify_event *e;
	ssize_t n = read(ws->fd, bytes, sizeof(bytes));
	char *p;

	if (n <= 0 || ws->buckets == 0)
		return;
	for (p = bytes; p < bytes + n; p += sizeof(*e) + e->len) {
		e = (const struct inotify_event *)p;
		spread_event(ws, e);
	}
	if (ws->any_rearm)
		rearm_all(ws);
}

int
watches_fd(const struct watches *ws)
{
	return ws == NULL ? -1 : ws->fd;
}

static void
system_open(struct watches *ws)
{
	ws->fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
}

static void
system_close(struct watches *ws)
{
	if (ws->fd >= 0)
		close(ws->fd);
	free(ws->by_wd);
}

static void
system_start(struct watch *w)
{
	w->wd = -1;
	grow_buckets(w->all);
	if (w->all->fd >= 0)
		arm(w);
	else
		start_looking(w);
}

static void
system_stop(struct watch *w)
{
	wd_leave(w);
}

#else

void
watches_read(struct watches *ws)
{
	(void)ws;
}

int
watches_fd(const struct watches *ws)
{
	(void)ws;
	return -1;
}

static void
system_open(struct watches *ws)
{
	(void)ws;
}

static void
system_close(struct watches *ws)
{
	(void)ws;
}

static void
system_start(struct watch *w)
{
	start_looking(w);
}

static void
system_stop(struct watch *w)
{
	(void)w;
}

#endif

/* ---- all of them ---- */

static struct watches *
watches_of(struct loop *l)
{
	struct watches **ws = loop_watches(l);

	if (*ws == NULL) {
		*ws = xcalloc(1, sizeof(**ws));
		(*ws)->loop = l;
		system_open(*ws);
	}
	return *ws;
}

struct watch *
watch_path(struct loop *l, const char *path, loop_fn *fn, void *arg)
{
	struct watches *ws = watches_of(l);
	struct watch *w = xcalloc(1, sizeof(*w));

	w->all = ws;
	w->path = xstrdup(path);
	w->fn = fn;
	w->arg = arg;
	if (ws->count == ws->room) {
		ws->room = ws->room == 0 ? 16 : ws->room * 2;
		ws->list = xreallocarray(ws->list, ws->room, sizeof(*ws->list));
	}
	w->index = ws->count;
	ws->list[ws->count++] = w;
	system_start(w);
	/* What changed between the caller's last look and now is not lost. */
	mark_changed(w);
	return w;
}

static void
watch_free(struct watch *w)
{
	free(w->path);
	free(w);
}

void
watch_stop(struct watch *w)
{
	struct watches *ws;

	if (w == NULL || w->stopped)
		return;
	ws = w->all;
	system_stop(w);
	ws->list[w->index] = ws->list[--ws->count];
	ws->list[w->index]->index = w->index;
	if (w->mode == WATCH_LOOK && --ws->look_count == 0)
		look_later(ws);
	w->stopped = true;
	if (!w->queued)
		watch_free(w);
}

bool
watches_any(const struct watches *ws)
{
	return ws != NULL && ws->count > 0;
}

bool
watches_pending(const struct watches *ws)
{
	return ws != NULL && ws->queue_count > 0;
}

void
watches_call(struct watches *ws)
{
	struct watch *w;
	size_t i, n;

	if (ws == NULL)
		return;
	n = ws->queue_count;
	for (i = 0; i < n; i++) {
		w = ws->queue[i];
		if (!w->stopped)
			w->fn(w->arg);
		w->queued = false;
		if (w->stopped)
			watch_free(w);
	}
	/* Those that the callbacks made come in the next round. */
	ws->queue_count -= n;
	if (ws->queue_count > 0)
		memmove(ws->queue, ws->queue + n,
		    ws->queue_count * sizeof(*ws->queue));
}

void
watches_free(struct watches *ws)
{
	size_t i;

	if (ws == NULL)
		return;
	while (ws->count > 0)
		watch_stop(ws->list[ws->count - 1]);
	for (i = 0; i < ws->queue_count; i++)
		watch_free(ws->queue[i]);
	system_close(ws);
	free(ws->list);
	free(ws->queue);
	free(ws);
}
