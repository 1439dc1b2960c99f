/*
 * watch-win32: files that change, by looking.  Directory notifications tell of
 * appended bytes late or never; an open handle shows a file's true size (its
 * directory entry is brought up to date late) and costs next to nothing to ask.
 */
#include "loop-win32.h"

#include <stdlib.h>
#include <string.h>
#include "../mem.h"

/* Windows' own clock ticks at 15.6 ms: so two looks within 32. */
#define LOOK_MS 10
/* Every so many looks the path is opened again: another file may have it. */
#define REOPEN 32

struct watch {
	struct watch *next;
	struct loop *loop;
	wchar_t *path;
	HANDLE h; /* INVALID_HANDLE_VALUE: absent */
	BY_HANDLE_FILE_INFORMATION seen;
	unsigned looks;
	bool pending;
	loop_fn *fn;
	void *arg;
};

static void
look_again(struct watch *w)
{
	if (w->h != INVALID_HANDLE_VALUE)
		CloseHandle(w->h);
	w->h = INVALID_HANDLE_VALUE;
	if (w->path != NULL)
		w->h = CreateFileW(w->path, FILE_READ_ATTRIBUTES, WIN32_SHARE,
		    NULL, OPEN_EXISTING, FILE_FLAG_BACKUP_SEMANTICS, NULL);
}

static bool
has_changed(struct watch *w)
{
	BY_HANDLE_FILE_INFORMATION now;

	if (w->h == INVALID_HANDLE_VALUE || ++w->looks % REOPEN == 0)
		look_again(w);
	memset(&now, 0, sizeof(now));
	if (w->h != INVALID_HANDLE_VALUE &&
	    !GetFileInformationByHandle(w->h, &now))
		return false;
	/* Being read is no change. */
	memset(&now.ftLastAccessTime, 0, sizeof(now.ftLastAccessTime));
	if (memcmp(&now, &w->seen, sizeof(now)) == 0)
		return false;
	w->seen = now;
	return true;
}

DWORD
watches_poll(struct loop *l)
{
	struct watch **all = loop_watches(l), *w;

	for (w = *all; w != NULL; w = w->next)
		w->pending = w->pending || has_changed(w);
	/* A callback may stop any watch: begin anew after each. */
	for (w = *all; w != NULL;) {
		if (w->pending) {
			w->pending = false;
			w->fn(w->arg);
			w = *all;
		} else {
			w = w->next;
		}
	}
	return *all != NULL ? LOOK_MS : INFINITE;
}

struct watch *
watch_path(struct loop *l, const char *path, loop_fn *fn, void *arg)
{
	struct watch *w = xcalloc(1, sizeof(*w)), **all = loop_watches(l);

	w->loop = l;
	w->path = win32_wide_path(path);
	w->h = INVALID_HANDLE_VALUE;
	w->fn = fn;
	w->arg = arg;
	w->next = *all;
	*all = w;
	has_changed(w);
	return w;
}

void
watch_stop(struct watch *w)
{
	struct watch **p;

	if (w == NULL)
		return;
	for (p = loop_watches(w->loop); *p != w;)
		p = &(*p)->next;
	*p = w->next;
	if (w->h != INVALID_HANDLE_VALUE)
		CloseHandle(w->h);
	free(w->path);
	free(w);
}
