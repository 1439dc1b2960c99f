/*
 * The pipeline: jobs are cut from the sorted tree, taken by threads in order,
 * and their results are written in order by the caller.
 *
 * A job is a run of small files, or one chunk of a file that is larger than a
 * chunk.  Its result goes to a slot; job n uses slot n modulo their number and
 * is not begun before what was in it is written, so that a slow disk stops the
 * threads and memory is bounded.
 */
#include "pack.h"

#include <stdlib.h>
#include <string.h>

#include "deflate.h"
#include "mem.h"
#include "names.h"
#include "os/thread.h"
#include "zip.h"

/* The archive's bytes depend on this one: what is larger is cut into these. */
#define CHUNK ((size_t)4 << 20)
/* A job of small files: large enough to be worth two visits in the monitor,
   small enough that all threads have work in a small tree. */
#define RUN_BYTES ((int64_t)256 << 10)
#define RUN_FILES 64

struct job {
	size_t first, end; /* entries */
	int64_t offset;	   /* of the chunk, if it is one */
	size_t len;
	bool chunk, last; /* the last one of its file */
};

/* What became of an entry, or of a chunk of one. */
struct piece {
	size_t entry;
	uint32_t crc;
	size_t size;	/* uncompressed */
	size_t at, len; /* in the slot's data */
	bool deflated, script, changed, gone;
};

struct slot {
	struct job job;
	bool done, failed;
	struct piece *pieces;
	size_t count, room;
	struct buf data;
	struct buf err;
	enum os_error kind;
};

struct pack {
	const struct tree *tree;
	const struct pack_options *options;
	struct pack_result *result;
	struct zip *zip;
	struct buf *err;
	/* An entry in several chunks, which is being written. */
	int64_t size;
	uint32_t crc;
	bool gone;

	struct monitor *monitor; /* guards the rest, and slot.done */
	struct slot *slots;
	size_t slot_count;
	size_t taken, written; /* jobs */
	size_t next;	       /* entry to be put into a job */
	int64_t offset;	       /* in it */
	bool stop;
};

/* A thread's own. */
struct worker {
	struct pack *pack;
	struct thread *thread;
	struct deflater *deflater;
	unsigned char *input; /* CHUNK bytes */
	struct buf path;
};

/* ---- jobs ---- */

/* The next one; false if there are no more. Inside the monitor. */
static bool
job_take(struct pack *p, struct job *job)
{
	const struct tree_entry *e;
	size_t count = p->tree->count;
	int64_t bytes = 0;

	if (p->next == count)
		return false;
	e = p->tree->entries + p->next;
	memset(job, 0, sizeof *job);
	job->first = p->next;
	if (e->size > (int64_t)CHUNK) {
		job->chunk = true;
		job->offset = p->offset;
		job->last = e->size - p->offset <= (int64_t)CHUNK;
		job->len = job->last ? (size_t)(e->size - p->offset) : CHUNK;
		p->offset = job->last ? 0 : p->offset + (int64_t)CHUNK;
		p->next += job->last;
		job->end = job->first + 1;
		return true;
	}
	while (p->next < count && e->size <= (int64_t)CHUNK &&
	       p->next - job->first < RUN_FILES && bytes < RUN_BYTES) {
		bytes += e->size;
		p->next++;
		e++;
	}
	job->end = p->next;
	return true;
}

/* ---- the threads' part ---- */

static struct piece *
piece_new(struct slot *s, size_t entry)
{
	struct piece *piece;

	if (s->count == s->room) {
		s->room = s->room == 0 ? RUN_FILES : 2 * s->room;
		s->pieces = xreallocarray(s->pieces, s->room, sizeof *piece);
	}
	piece = &s->pieces[s->count++];
	memset(piece, 0, sizeof *piece);
	piece->entry = entry;
	piece->at = s->data.len;
	return piece;
}

/* A failure that is none if the entry has vanished. */
static void
piece_failed(struct worker *w, struct slot *s, struct piece *piece)
{
	struct file_info info;

	s->kind = os_errno();
	if (file_info(w->path.data, false, &info) == 0 &&
	    info.type == FILE_ABSENT)
		piece->gone = true;
	else
		s->failed = true;
}

static int64_t
read_open(struct worker *w, os_file f, struct piece *piece, int64_t offset,
    size_t len)
{
	int64_t n;

	do {
		n = file_read_at(f, w->input + piece->size, len - piece->size,
		    offset + (int64_t)piece->size);
		if (n > 0)
			piece->size += (size_t)n;
	} while (n > 0 && piece->size < len);
	return n;
}

/*
 * Reads up to `len` bytes of the entry at w->path.  A file that has grown since
 * it was listed is taken as long as it was then; one that has shrunk, as it is.
 */
static int
read_part(struct worker *w, struct slot *s, struct piece *piece, size_t len)
{
	const struct tree_entry *e = &w->pack->tree->entries[piece->entry];
	os_file f =
	    file_open(w->path.data, FILE_READ | FILE_NOFOLLOW, 0, &s->err);
	struct file_info now;
	int64_t n;

	if (f == OS_NO_FILE) {
		piece_failed(w, s, piece);
		return -1;
	}
	n = read_open(w, f, piece, s->job.offset, len);
	if (n < 0) {
		s->failed = true;
		s->kind = os_errno();
		buf_setf(&s->err, "cannot read '%s': %s", w->path.data,
		    os_strerror());
	}
	piece->changed = file_info_of(f, &now) != 0 || now.size != e->size ||
			 now.mtime_ms != e->mtime_ms;
	file_close(f);
	return n < 0 ? -1 : 0;
}

/* Puts w->input into the slot, compressed where that makes it smaller. */
static void
compress_part(struct worker *w, struct slot *s, struct piece *piece,
    const struct job *job)
{
	size_t room = deflate_bound(w->deflater, piece->size);
	unsigned char *out;

	piece->crc = crc_update(0, w->input, piece->size);
	piece->script =
	    piece->size >= 2 && w->input[0] == '#' && w->input[1] == '!';
	if (piece->size == 0 && !job->chunk)
		return;
	buf_reserve(&s->data, room);
	out = (unsigned char *)s->data.data + s->data.len;
	piece->len = deflate_chunk(
	    w->deflater, w->input, piece->size, !job->chunk || job->last, out);
	piece->deflated = job->chunk || piece->len < piece->size;
	if (!piece->deflated) {
		memcpy(out, w->input, piece->size);
		piece->len = piece->size;
	}
	s->data.len += piece->len;
}

static void
do_link(struct worker *w, struct slot *s, struct piece *piece)
{
	struct buf target = BUF_INIT;

	if (link_read(w->path.data, &target, &s->err) != 0) {
		piece_failed(w, s, piece);
	} else {
		piece->crc = crc_update(0, target.data, target.len);
		piece->size = piece->len = target.len;
		buf_add(&s->data, target.data, target.len);
	}
	buf_release(&target);
}

static void
do_job(struct worker *w, struct slot *s)
{
	const struct job *job = &s->job;
	const struct tree *t = w->pack->tree;
	size_t i, len;

	for (i = job->first; i < job->end && !s->failed; i++) {
		const struct tree_entry *e = &t->entries[i];
		struct piece *piece = piece_new(s, i);

		buf_setf(&w->path, "%s%s", t->root, e->path);
		len = job->chunk ? job->len : (size_t)e->size;
		if (e->type == FILE_LINK)
			do_link(w, s, piece);
		else if (e->type == FILE_REGULAR &&
			 read_part(w, s, piece, len) == 0)
			compress_part(w, s, piece, job);
	}
}

static void
work(void *arg)
{
	struct worker *w = arg;
	struct pack *p = w->pack;
	struct slot *s;

	monitor_enter(p->monitor);
	for (;;) {
		while (!p->stop && p->taken - p->written == p->slot_count)
			monitor_wait(p->monitor);
		s = &p->slots[p->taken % p->slot_count];
		if (p->stop || !job_take(p, &s->job))
			break;
		p->taken++;
		monitor_leave(p->monitor);
		do_job(w, s);
		monitor_enter(p->monitor);
		s->done = true;
		monitor_wake(p->monitor);
	}
	monitor_leave(p->monitor);
}

/* ---- the writer's part ---- */

/*
 * Does a link at `path` (from the root of the tree, '/' between names) with
 * this target lead out of the tree?
 */
static bool
link_leads_out(const char *path, const char *target)
{
	const char *p;
	int depth = 0;
	size_t len;

	if (path_is_absolute(target))
		return true;
	for (p = path; *p != '\0'; p++)
		depth += *p == '/';
	for (p = target; *p != '\0'; p += len + (p[len] != '\0')) {
		len = strcspn(p, "/");
		if (len == 2 && memcmp(p, "..", 2) == 0)
			depth--;
		else if (len > 1 || (len == 1 && *p != '.'))
			depth++;
		if (depth < 0)
			return true;
	}
	return false;
}

static void
warn(struct pack *p, const char *path, const char *what)
{
	struct buf text = BUF_INIT;

	buf_setf(&text, "'%s' %s", path, what);
	p->options->warn(p->options->arg, text.data);
	buf_release(&text);
}

static uint32_t
mode_of(const struct tree_entry *e, bool script)
{
	switch (e->type) {
	case FILE_DIR:
		return 0040755;
	case FILE_LINK:
		return 0120777;
	default:
		return e->executable || script || name_is_script(e->path)
			   ? 0100755
			   : 0100644;
	}
}

static void
begin_entry(
    struct pack *p, const struct tree_entry *e, const struct piece *piece)
{
	struct zip_entry z = {
	    e->path, mode_of(e, piece->script), piece->deflated, e->size};

	zip_entry_begin(p->zip, &z);
	p->size = 0;
	p->crc = 0;
}

static void
count(struct pack_result *r, const struct tree_entry *e)
{
	r->files += e->type == FILE_REGULAR;
	r->dirs += e->type == FILE_DIR;
	r->links += e->type == FILE_LINK;
}

/* A directory with something in it is in the archive by the paths of that. */
static bool
is_implied(const struct tree *t, size_t entry)
{
	const struct tree_entry *e = &t->entries[entry];

	return e->type == FILE_DIR && entry + 1 < t->count &&
	       strncmp(e[1].path, e->path, strlen(e->path)) == 0;
}

static void
warn_of_link(struct pack *p, const char *path, const char *bytes, size_t len)
{
	char *target = xstrndup(bytes, len);
	struct buf what = BUF_INIT;

	if (link_leads_out(path, target)) {
		buf_setf(&what,
		    "is a link out of the directory, to '%s', "
		    "and is packed as it is",
		    target);
		warn(p, path, what.data);
		buf_release(&what);
	}
	free(target);
}

static int
write_piece(struct pack *p, const struct slot *s, const struct piece *piece)
{
	const struct tree_entry *e = &p->tree->entries[piece->entry];
	const char *data = s->data.data + piece->at;
	bool first = s->job.offset == 0;

	if (first) {
		p->gone = piece->gone;
		if (p->gone)
			warn(p, e->path, "vanished and is not packed");
	}
	if (p->gone)
		return 0;
	if (piece->gone)
		return buf_err(p->err, "'%s%s' vanished while it was packed",
		    p->tree->root, e->path);
	if (first)
		count(p->result, e);
	if (is_implied(p->tree, piece->entry))
		return 0;
	if (first)
		begin_entry(p, e, piece);
	if (e->type == FILE_LINK)
		warn_of_link(p, e->path, data, piece->len);
	zip_entry_data(p->zip, data, piece->len);
	p->crc = first ? piece->crc : crc_join(p->crc, piece->crc, piece->size);
	p->size += (int64_t)piece->size;
	if (s->job.chunk && !s->job.last)
		return 0;
	zip_entry_end(p->zip, p->size, p->crc);
	if (e->type == FILE_REGULAR)
		p->result->bytes += p->size;
	if (piece->changed)
		warn(p, e->path, "changed while it was packed");
	return 0;
}

static int
write_slot(struct pack *p, struct slot *s)
{
	size_t i;

	for (i = 0; i < s->count; i++) {
		if (s->failed && i + 1 == s->count) {
			p->result->kind = s->kind;
			return buf_err(p->err, "%s", s->err.data);
		}
		if (write_piece(p, s, &s->pieces[i]) != 0)
			return -1;
	}
	return 0;
}

static void
slot_clear(struct slot *s)
{
	s->done = false;
	s->count = 0;
	buf_clear(&s->data);
	buf_clear(&s->err);
}

/* Writes the results as they come. */
static int
write_all(struct pack *p, const struct sink *sink)
{
	struct slot *s;
	int rc = 0;

	monitor_enter(p->monitor);
	while (rc == 0 && (p->written < p->taken || p->next < p->tree->count)) {
		s = &p->slots[p->written % p->slot_count];
		if (p->written == p->taken || !s->done) {
			monitor_wait(p->monitor);
			continue;
		}
		monitor_leave(p->monitor);
		rc = write_slot(p, s);
		if (rc == 0 && sink->failed)
			rc = -1;
		if (rc == 0 && p->options->stopped(p->options->arg))
			rc = buf_err(p->err, "interrupted");
		slot_clear(s);
		monitor_enter(p->monitor);
		p->written++;
		monitor_wake(p->monitor);
	}
	p->stop = true;
	monitor_wake(p->monitor);
	monitor_leave(p->monitor);
	return rc;
}

/* ---- all of it ---- */

static struct worker *
start_workers(struct pack *p, int *count)
{
	struct worker *workers =
	    xcalloc((size_t)p->options->threads, sizeof *workers);
	int n;

	for (n = 0; n < p->options->threads; n++) {
		struct worker *w = &workers[n];

		w->pack = p;
		w->deflater = deflater_new();
		w->input = xmalloc(CHUNK);
		buf_init(&w->path, BUF_MAX_DEFAULT);
		w->thread = thread_start(work, w, n == 0 ? p->err : NULL);
		if (w->thread == NULL)
			break;
	}
	*count = n;
	return workers;
}

static void
end_workers(struct worker *workers, int threads, int count)
{
	int i;

	for (i = 0; i < threads; i++) {
		struct worker *w = &workers[i];

		if (i < count)
			thread_join(w->thread);
		if (w->deflater != NULL)
			deflater_free(w->deflater);
		free(w->input);
		buf_release(&w->path);
	}
	free(workers);
}

static int
run(struct pack *p, const struct sink *sink)
{
	struct worker *workers;
	int count, rc = -1;
	size_t i;

	p->slot_count = 4 * (size_t)p->options->threads + 2;
	p->slots = xcalloc(p->slot_count, sizeof *p->slots);
	for (i = 0; i < p->slot_count; i++) {
		buf_init(&p->slots[i].data, BUF_MAX_DEFAULT);
		buf_init(&p->slots[i].err, BUF_MAX_DEFAULT);
	}
	p->monitor = monitor_new();
	workers = start_workers(p, &count);
	if (count > 0)
		rc = write_all(p, sink);
	end_workers(workers, p->options->threads, count);
	monitor_free(p->monitor);
	for (i = 0; i < p->slot_count; i++) {
		buf_release(&p->slots[i].data);
		buf_release(&p->slots[i].err);
		free(p->slots[i].pieces);
	}
	free(p->slots);
	return rc;
}

int
pack_tree(const struct tree *t, os_file out, const struct pack_options *options,
    struct pack_result *result, struct buf *err)
{
	struct pack p = {.tree = t, .options = options, .result = result};
	struct sink sink;
	bool unwritten;
	int rc;

	memset(result, 0, sizeof *result);
	result->kind = OS_OTHER;
	p.err = err;
	sink_init(&sink, out);
	p.zip = zip_begin(&sink);
	rc = run(&p, &sink);
	unwritten = sink.failed;
	if (zip_end(p.zip) != 0 && rc == 0)
		unwritten = true;
	else if (rc == 0)
		unwritten = sink_finish(&sink, result->digest) != 0;
	if (unwritten) {
		result->kind = sink.kind;
		rc = buf_err(
		    err, "cannot write the archive: %s", sink.reason.data);
	}
	result->packed = sink_size(&sink);
	sink_release(&sink);
	return rc;
}
