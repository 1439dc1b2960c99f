/*
 * watch-win32: files that change, by looking.  Directory notifications tell of
 * appended bytes late or never.  Each look opens the file for a moment: its
 * directory entry is brought up to date late, and a handle that stays open
 * keeps others from replacing the file on some file systems.
 */
#include "loop-win32.h"

#include <stdlib.h>
#include <string.h>
#include "../mem.h"
#include "sys.h"

/* Windows' own clock ticks at 15.6 ms. */
#define LOOK_MS 10
/* What has not changed for so many looks is looked at each 8th time only. */
#define QUIET_LOOKS 200

struct watch {
	struct watch *next;
	struct loop *loop;
	wchar_t *path;
	BY_HANDLE_FILE_INFORMATION seen; /* all 0: absent */
	unsigned quiet;
	bool pending;
	loop_fn *fn;
	void *arg;
};

static void
look(const wchar_t *path, BY_HANDLE_FILE_INFORMATION *now)
{
	HANDLE h = INVALID_HANDLE_VALUE;

	memset(now, 0, sizeof(*now));
	if (path != NULL)
		h = CreateFileW(path, FILE_READ_ATTRIBUTES, WIN32_SHARE, NULL,
		    OPEN_EXISTING, FILE_FLAG_BACKUP_SEMANTICS, NULL);
	if (h == INVALID_HANDLE_VALUE)
		return;
	if (!GetFileInformationByHandle(h, now))
		memset(now, 0, sizeof(*now));
	CloseHandle(h);
	/* Being read is no change. */
	memset(&now->ftLastAccessTime, 0, sizeof(now->ftLastAccessTime));
}

static void
check(struct watch *w)
{
	BY_HANDLE_FILE_INFORMATION now;

	w->quiet++;
	if (w->quiet > QUIET_LOOKS && w->quiet % 8 != 0)
		return;
	look(w->path, &now);
	if (memcmp(&now, &w->seen, sizeof(now)) == 0)
		return;
	w->seen = now;
	w->quiet = 0;
	w->pending = true;
}

DWORD
watches_poll(struct watches *ws)
{
	int64_t now_ms = clock_mono_ms();
	struct watch *w;

	if (ws->first == NULL)
		return INFINITE;
	if (ws->look_ms <= now_ms) {
		ws->look_ms = now_ms + LOOK_MS;
		for (w = ws->first; w != NULL; w = w->next)
			check(w);
	}
	/* A callback may stop any watch: begin anew after each. */
	for (w = ws->first; w != NULL;) {
		if (w->pending) {
			w->pending = false;
			w->fn(w->arg);
			w = ws->first;
		} else {
			w = w->next;
		}
	}
	return LOOK_MS;
}

struct watch *
watch_path(struct loop *l, const char *path, loop_fn *fn, void *arg)
{
	struct watch *w = xcalloc(1, sizeof(*w));
	struct watches *ws = loop_watches(l);

	w->loop = l;
	w->path = win32_wide_path(path);
	w->fn = fn;
	w->arg = arg;
	w->next = ws->first;
	ws->first = w;
	look(w->path, &w->seen);
	w->pending = true; /* what was there before is news too */
	return w;
}

void
watch_stop(struct watch *w)
{
	struct watch **p;

	if (w == NULL)
		return;
	for (p = &loop_watches(w->loop)->first; *p != w;)
		p = &(*p)->next;
	*p = w->next;
	free(w->path);
	free(w);
}
