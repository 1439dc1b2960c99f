/*
 * Follows a file of lines.
 */
#include <stdlib.h>
#include "tail.h"
#include "expdir.h"
#include "mem.h"
#include "os/file.h"

struct tail {
	char *path;
	os_file file;
	int64_t offset;
	struct watch *watch;
	struct lines lines;
	lines_fn *fn;
	void *arg;
};

static void
read_more(void *arg)
{
	struct tail *t = arg;
	char bytes[4096];
	int64_t n;

	if (t->file == OS_NO_FILE)
		t->file =
		    file_open(t->path, FILE_READ | FILE_ORDINARY, 0, NULL);
	if (t->file == OS_NO_FILE)
		return;
	while (
	    (n = file_read_at(t->file, bytes, sizeof(bytes), t->offset)) > 0) {
		t->offset += n;
		lines_feed(&t->lines, bytes, (size_t)n, t->fn, t->arg);
	}
}

struct tail *
tail_events(struct loop *l, const char *dir, lines_fn *fn, void *arg)
{
	struct tail *t = xcalloc(1, sizeof(*t));
	struct buf path = BUF_INIT;
	int64_t size;

	expdir_path(&path, dir, "trials/events");
	t->path = buf_detach(&path);
	t->fn = fn;
	t->arg = arg;
	lines_init(&t->lines);
	t->file = file_open(t->path, FILE_READ | FILE_ORDINARY, 0, NULL);
	size = t->file == OS_NO_FILE ? 0 : file_size(t->file);
	t->offset = size > 0 ? size : 0;
	t->watch = watch_path(l, t->path, read_more, t);
	return t;
}

void
tail_read(struct tail *t)
{
	read_more(t);
}

void
tail_close(struct tail *t)
{
	watch_stop(t->watch);
	if (t->file != OS_NO_FILE)
		file_close(t->file);
	lines_release(&t->lines);
	free(t->path);
	free(t);
}
