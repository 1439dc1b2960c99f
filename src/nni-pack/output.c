/*
 * The archive's file: written under another name, then renamed.
 */
#include "output.h"

#include <inttypes.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "mem.h"
#include "os/sys.h"

#define BLOCK ((size_t)1 << 18)

int
output_init(struct output *o, const char *path, struct buf *err)
{
	memset(o, 0, sizeof *o);
	buf_init(&o->temp, BUF_MAX_DEFAULT);
	o->path = path;
	o->file = OS_NO_FILE;
	if (path == NULL)
		return 0;
	if (file_info(path, true, &o->old) != 0)
		return buf_err(
		    err, "cannot look at '%s': %s", path, os_strerror());
	if (o->old.type != FILE_ABSENT && o->old.type != FILE_REGULAR)
		return buf_err(err, "'%s' is there and is not a file", path);
	return 0;
}

int
output_open(struct output *o, struct buf *err)
{
	uint64_t chance;

	if (random_bytes(&chance, sizeof chance) != 0)
		return buf_err(err, "the system gives no random bytes");
	if (o->path != NULL)
		buf_setf(&o->temp, "%s.%016" PRIx64 ".tmp", o->path, chance);
	else
		buf_setf(&o->temp, "%s/nni-pack.%016" PRIx64 ".tmp", sys_temp(),
		    chance);
	o->file = file_open(o->temp.data,
	    FILE_READ | FILE_WRITE | FILE_CREATE | FILE_EXCL | FILE_NOFOLLOW,
	    o->path != NULL ? 0666 : 0600, err);
	if (o->file != OS_NO_FILE)
		return 0;
	buf_clear(&o->temp); /* not ours to remove */
	if (o->path != NULL)
		buf_err(err, "cannot write '%s': %s", o->path, os_strerror());
	return -1;
}

static int
sync_parent(const char *path)
{
	struct buf dir = BUF_INIT;
	size_t len = (size_t)(path_base(path) - path);
	int rc;

	if (len == 0)
		buf_set(&dir, ".");
	else
		buf_add(&dir, path, len);
	rc = dir_sync(dir.data);
	buf_release(&dir);
	return rc;
}

int
output_keep(struct output *o, struct buf *err)
{
	if (file_sync(o->file) != 0)
		return buf_err(
		    err, "cannot write '%s': %s", o->path, os_strerror());
	file_close(o->file); /* Windows renames no open file */
	o->file = OS_NO_FILE;
	if (file_rename(o->temp.data, o->path, err) != 0)
		return -1;
	buf_clear(&o->temp);
	if (sync_parent(o->path) != 0)
		return buf_err(
		    err, "cannot write '%s': %s", o->path, os_strerror());
	return 0;
}

/* A copy on its way. */
struct copy {
	struct output *output;
	struct loop *loop;
	struct stream *to;
	int64_t at;
	char *block;
	struct buf *err;
};

/* Codes for loop_stop(); 0 is a finished copy. */
enum { COPY_FAILED = 1, COPY_UNWRITTEN };

static void
copied(void *arg)
{
	struct copy *c = arg;

	c->to = NULL;
	loop_stop(c->loop, 0);
}

static void
reader_gone(void *arg)
{
	struct copy *c = arg;

	loop_stop(c->loop, COPY_UNWRITTEN);
}

static void
copy_block(void *arg)
{
	struct copy *c = arg;
	int64_t n = file_read_at(c->output->file, c->block, BLOCK, c->at);

	if (n > 0) {
		c->at += n;
		stream_write(c->to, c->block, (size_t)n);
		return;
	}
	stream_on_drain(c->to, NULL, NULL);
	if (n == 0) {
		stream_finish(c->to, copied, c);
		return;
	}
	buf_err(c->err, "cannot read '%s': %s", c->output->temp.data,
	    os_strerror());
	loop_stop(c->loop, COPY_FAILED);
}

int
output_copy(struct output *o, struct loop *l, struct buf *err)
{
	struct copy c = {.output = o, .loop = l, .err = err};
	int code;

	c.block = xmalloc(BLOCK);
	c.to = stream_writer(l, sys_stdout(), reader_gone, &c);
	stream_on_drain(c.to, copy_block, &c);
	copy_block(&c);
	code = loop_run(l);
	if (c.to != NULL)
		stream_close(c.to);
	free(c.block);
	return code == 0 ? 0 : code == COPY_UNWRITTEN ? 1 : -1;
}

void
output_close(struct output *o)
{
	file_close(o->file);
	o->file = OS_NO_FILE;
	if (o->temp.len > 0)
		file_remove(o->temp.data, NULL);
	buf_release(&o->temp);
}
