/*
 * stream-win32: streams of the loop.
 *
 * A pipe that we made (process-win32.c) is overlapped and works on the
 * completion port directly.  A foreign handle is served by a thread that blocks
 * in our place and posts the result: what our parent gave us as stdin or stdout
 * may be anything.  What never blocks long, a file or a console, is written at
 * once.
 */
#include "loop-win32.h"

#include <stdlib.h>
#include <string.h>
#include "../mem.h"
#include "sys.h"

#define BLOCK_SIZE 65536
/* What one overlapped write carries at most. */
#define WRITE_MAX ((size_t)1 << 20)
/* More than this does not linger. */
#define LINGER_MAX 32768
/* How often a foreign pipe is asked whether its reader is still there. */
#define GONE_POLL_MS 200

enum way { OVERLAPPED_IO, BY_THREAD, AT_ONCE };

struct stream {
	struct stream *next, **link;
	struct loop *loop;
	HANDLE h;
	enum way way;
	bool writer, is_pipe;
	bool shared; /* a standard stream: never closed */
	bool closed; /* freed when nothing is in flight any more */
	bool ended;  /* reader: end or fault told; writer: reader has gone */
	bool paused, finishing;
	bool lingering; /* `queue` may wait for `linger` */
	struct timer linger;
	int packets; /* yet to come */

	struct op op; /* the one read or write in flight */
	bool in_flight;

	HANDLE thread, go, idle; /* BY_THREAD */
	bool thread_quits;

	stream_read_fn *read;
	void *read_arg;
	char *block;
	/* What came while paused: told again on resuming. */
	bool held;
	DWORD held_bytes, held_error;

	stream_gone_fn *gone;
	void *gone_arg;
	loop_fn *drain, *done;
	void *drain_arg, *done_arg;
	struct buf queue, writing; /* `writing` is in flight, from `written` */
	size_t written;
	struct op gone_op; /* overlapped: a read that never gets a byte */
	char gone_byte;
	int64_t gone_poll_ms; /* foreign pipe: when to ask next */
};

/* ---- life ---- */

static void
stream_free(struct stream *s)
{
	*s->link = s->next;
	if (s->next != NULL)
		s->next->link = s->link;
	if (s->thread != NULL) {
		s->thread_quits = true;
		SetEvent(s->go);
		WaitForSingleObject(s->thread, INFINITE);
		CloseHandle(s->thread);
		CloseHandle(s->go);
		CloseHandle(s->idle);
	}
	if (!s->shared && s->way != OVERLAPPED_IO)
		CloseHandle(s->h);
	buf_release(&s->queue);
	buf_release(&s->writing);
	free(s->block);
	free(s);
}

static void
stop_lingering(struct stream *s)
{
	s->lingering = false;
	timer_stop(&s->linger);
}

/* A packet has come and its callbacks are over. */
static void
packet_over(struct stream *s)
{
	s->packets--;
	if (s->closed && s->packets == 0)
		stream_free(s);
}

void
stream_close(struct stream *s)
{
	if (s == NULL || s->closed)
		return;
	s->closed = true;
	stop_lingering(s);
	/* What is held has come: no packet will. */
	if (s->held)
		s->packets--;
	if (s->packets > 0)
		CancelIoEx(s->h, NULL);
	/* At once: somebody waits for the end. The packets come all the same.
	 */
	if (s->way == OVERLAPPED_IO)
		CloseHandle(s->h);
	else if (s->in_flight)
		CancelSynchronousIo(s->thread);
	if (s->packets == 0)
		stream_free(s);
}

/* ---- the thread of a foreign handle ---- */

static BOOL
read_blocking(struct stream *s, DWORD *n)
{
	BOOL ok = s->is_pipe
		      ? win32_pipe_io(s->h, s->block, BLOCK_SIZE, n, false)
		      : ReadFile(s->h, s->block, BLOCK_SIZE, n, NULL);

	/* Nothing is the end of a file or console; on a pipe it is a write of
	   nothing (but the end of a pipe that is none of Windows'). */
	if (ok && *n == 0 &&
	    (!s->is_pipe || !PeekNamedPipe(s->h, NULL, 0, NULL, NULL, NULL))) {
		SetLastError(ERROR_HANDLE_EOF);
		return FALSE;
	}
	return ok;
}

static BOOL
write_blocking(struct stream *s, DWORD *n)
{
	size_t len = s->writing.len - s->written;

	if (file_write((os_file)s->h, s->writing.data + s->written, len) < 0) {
		SetLastError(win32_last());
		return FALSE;
	}
	*n = (DWORD)len;
	return TRUE;
}

static DWORD WINAPI
serve(void *arg)
{
	struct stream *s = arg;
	DWORD n, error;

	for (;;) {
		WaitForSingleObject(s->go, INFINITE);
		if (s->thread_quits)
			return 0;
		n = error = 0;
		if (!(s->writer ? write_blocking(s, &n) : read_blocking(s, &n)))
			error = GetLastError();
		SetEvent(s->idle);
		loop_post(s->loop, &s->op, n, error);
	}
}

static struct stream *
stream_new(struct loop *l, os_file f, bool writer)
{
	struct stream *s = xcalloc(1, sizeof(*s)), **all = loop_streams(l);

	s->loop = l;
	s->h = win32_handle(f);
	s->writer = writer;
	s->is_pipe = GetFileType(s->h) == FILE_TYPE_PIPE;
	s->shared = f == sys_stdin() || f == sys_stdout() || f == sys_stderr();
	s->op.owner = s->gone_op.owner = s;
	buf_init(&s->queue, SIZE_MAX / 2);
	buf_init(&s->writing, SIZE_MAX / 2);
	s->next = *all;
	s->link = all;
	if (s->next != NULL)
		s->next->link = &s->next;
	*all = s;
	/* A standard handle may be shared with others: leave it as it is. */
	if (!s->shared && loop_attach(l, s->h))
		s->way = OVERLAPPED_IO;
	else if (writer && !s->is_pipe)
		s->way = AT_ONCE;
	else
		s->way = BY_THREAD;
	if (s->way == BY_THREAD) {
		s->go = CreateEventW(NULL, FALSE, FALSE, NULL);
		s->idle = CreateEventW(NULL, TRUE, TRUE, NULL);
		s->thread = CreateThread(NULL, 0, serve, s, 0, NULL);
	}
	return s;
}

/* Hands the read or write to the thread. */
static void
let_thread_go(struct stream *s)
{
	ResetEvent(s->idle);
	SetEvent(s->go);
}

/* ---- reading ---- */

static void
start_read(struct stream *s)
{
	if (s->in_flight || s->paused || s->ended || s->closed)
		return;
	s->in_flight = true;
	s->packets++;
	if (s->way == BY_THREAD) {
		let_thread_go(s);
		return;
	}
	memset(&s->op.ov, 0, sizeof(s->op.ov));
	if (!ReadFile(s->h, s->block, BLOCK_SIZE, NULL, &s->op.ov) &&
	    GetLastError() != ERROR_IO_PENDING)
		loop_post(s->loop, &s->op, 0, GetLastError());
}

static void
read_done(struct op *op, DWORD bytes, DWORD error)
{
	struct stream *s = op->owner;

	if (s->paused && !s->closed) {
		s->held = true;
		s->held_bytes = bytes;
		s->held_error = error;
		return;
	}
	s->in_flight = false;
	if (!s->closed) {
		s->ended = error != 0;
		if (error == ERROR_BROKEN_PIPE || error == ERROR_HANDLE_EOF) {
			s->read(s->read_arg, "", 0);
		} else if (error != 0) {
			win32_fail(error);
			s->read(s->read_arg, NULL, 0);
		} else if (bytes > 0) {
			s->read(s->read_arg, s->block, bytes);
		}
		start_read(s);
	}
	packet_over(s);
}

struct stream *
stream_reader(struct loop *l, os_file f, stream_read_fn *fn, void *arg)
{
	struct stream *s = stream_new(l, f, false);

	s->op.done = read_done;
	s->read = fn;
	s->read_arg = arg;
	s->block = xmalloc(BLOCK_SIZE);
	start_read(s);
	return s;
}

void
stream_pause(struct stream *s, bool paused)
{
	if (s->writer)
		return;
	s->paused = paused;
	if (!paused && s->held) {
		s->held = false;
		loop_post(s->loop, &s->op, s->held_bytes, s->held_error);
	}
	start_read(s);
}

/* ---- writing ---- */

size_t
stream_queued(const struct stream *s)
{
	return s->queue.len + s->writing.len - s->written;
}

static void
lose_reader(struct stream *s, DWORD error)
{
	if (s->closed || s->ended)
		return;
	s->ended = true;
	stop_lingering(s);
	buf_release(&s->queue);
	if (!s->in_flight)
		buf_release(&s->writing);
	s->written = s->writing.len;
	win32_fail(error);
	if (s->gone == NULL)
		return;
	s->done = NULL; /* gone() is called in its place */
	s->gone(s->gone_arg);
}

/* Makes `writing` what there is to write; false if nothing. */
static bool
next_bytes(struct stream *s)
{
	struct buf empty;

	if (s->written < s->writing.len)
		return true;
	s->written = 0;
	buf_clear(&s->writing);
	if (s->queue.len == 0)
		return false;
	empty = s->writing;
	s->writing = s->queue;
	s->queue = empty;
	return true;
}

static void
start_write(struct stream *s)
{
	size_t len;

	if (s->in_flight || s->closed || s->ended || !next_bytes(s))
		return;
	s->in_flight = true;
	s->packets++;
	len = s->writing.len - s->written;
	if (s->way == BY_THREAD) {
		let_thread_go(s);
		return;
	}
	if (s->way == AT_ONCE) {
		DWORD error = 0;

		if (file_write((os_file)s->h, s->writing.data, len) < 0)
			error = win32_last();
		loop_post(s->loop, &s->op, (DWORD)len, error);
		return;
	}
	memset(&s->op.ov, 0, sizeof(s->op.ov));
	if (!WriteFile(s->h, s->writing.data + s->written,
		(DWORD)(len < WRITE_MAX ? len : WRITE_MAX), NULL, &s->op.ov) &&
	    GetLastError() != ERROR_IO_PENDING)
		loop_post(s->loop, &s->op, 0, GetLastError());
}

static void
write_done(struct op *op, DWORD bytes, DWORD error)
{
	struct stream *s = op->owner;

	s->in_flight = false;
	if (!s->closed && !s->ended) {
		s->written += bytes;
		if (error != 0)
			lose_reader(s, error);
		else if (stream_queued(s) == 0 && s->drain != NULL)
			s->drain(s->drain_arg);
		else if (s->written < s->writing.len)
			start_write(s); /* the rest of what was let go */
	}
	packet_over(s);
}

static void
gone_done(struct op *op, DWORD bytes, DWORD error)
{
	struct stream *s = op->owner;

	(void)bytes;
	lose_reader(s, error != 0 ? error : ERROR_NO_DATA);
	packet_over(s);
}

struct stream *
stream_writer(struct loop *l, os_file f, stream_gone_fn *gone, void *arg)
{
	struct stream *s = stream_new(l, f, true);

	s->op.done = write_done;
	s->gone = gone;
	s->gone_arg = arg;
	if (s->way != OVERLAPPED_IO)
		return s;
	s->gone_op.done = gone_done;
	s->packets++;
	if (!ReadFile(s->h, &s->gone_byte, 1, NULL, &s->gone_op.ov) &&
	    GetLastError() != ERROR_IO_PENDING)
		loop_post(s->loop, &s->gone_op, 0, GetLastError());
	return s;
}

void
stream_write(struct stream *s, const void *bytes, size_t len)
{
	if (s->closed || s->ended || len == 0)
		return;
	stop_lingering(s);
	buf_add(&s->queue, bytes, len);
}

static void
lingered(void *arg)
{
	stop_lingering(arg);
}

void
stream_write_calm(struct stream *s, const void *bytes, size_t len)
{
	if (s->closed || s->ended || len == 0)
		return;
	if (s->queue.len + len > LINGER_MAX) {
		stop_lingering(s);
	} else if (s->queue.len == 0) {
		s->lingering = true;
		timer_set(s->loop, &s->linger, STREAM_LINGER_MS, lingered, s);
	}
	buf_add(&s->queue, bytes, len);
}

void
stream_on_drain(struct stream *s, loop_fn *fn, void *arg)
{
	s->drain = fn;
	s->drain_arg = arg;
}

void
stream_finish(struct stream *s, loop_fn *done, void *arg)
{
	s->finishing = true;
	s->done = done;
	s->done_arg = arg;
}

/* ---- all streams of a loop ---- */

bool
streams_alive(const struct stream *s)
{
	for (; s != NULL; s = s->next) {
		if (s->closed)
			continue;
		if (s->writer ? s->finishing || stream_queued(s) > 0
			      : !s->ended && !s->paused)
			return true;
	}
	return false;
}

static void
finish(struct stream *s)
{
	loop_fn *done = s->done;
	void *arg = s->done_arg;

	stream_close(s);
	if (done != NULL)
		done(arg);
}

void
streams_flush(struct loop *l)
{
	struct stream *s, *next;

	for (s = *loop_streams(l); s != NULL; s = next) {
		next = s->next;
		if (!s->writer || s->closed)
			continue;
		if (!s->lingering || s->finishing)
			start_write(s);
		if (s->finishing && stream_queued(s) == 0 && !s->in_flight) {
			finish(s);
			/* Who was told may have closed the next one. */
			next = *loop_streams(l);
		}
	}
}

/*
 * Of the driver kit: NtQueryInformationFile(), FilePipeLocalInformation (24)
 * and two of its states.  Declared here, since headers differ.
 */
struct io_status {
	ULONG_PTR status, information;
};
NTSYSAPI LONG NTAPI NtQueryInformationFile(
    HANDLE, struct io_status *, void *, ULONG, int);
struct pipe_information {
	ULONG type, configuration, max_instances, instances, in_quota, readable,
	    out_quota, writable, state, end;
};
#define PIPE_LOCAL_INFORMATION 24
#define PIPE_DISCONNECTED 1
#define PIPE_CLOSING 4

static bool
reader_has_gone(struct stream *s)
{
	struct pipe_information now;
	struct io_status io;

	/* While a write blocks, this would too; but then that one will tell. */
	if (s->in_flight)
		return false;
	memset(&now, 0, sizeof(now));
	return NtQueryInformationFile(
		   s->h, &io, &now, sizeof(now), PIPE_LOCAL_INFORMATION) >= 0 &&
	       (now.state == PIPE_DISCONNECTED || now.state == PIPE_CLOSING);
}

DWORD
streams_poll(struct stream *s, int64_t now_ms)
{
	struct stream *next;
	int64_t wait = INFINITE;

	for (; s != NULL; s = next) {
		next = s->next;
		if (!s->writer || !s->is_pipe || s->way != BY_THREAD ||
		    s->closed || s->ended)
			continue;
		if (s->gone_poll_ms <= now_ms) {
			s->gone_poll_ms = now_ms + GONE_POLL_MS;
			if (reader_has_gone(s)) {
				lose_reader(s, ERROR_NO_DATA);
				/* Others may be gone too: have another round.
				 */
				return 0;
			}
		}
		if (s->gone_poll_ms - now_ms < wait)
			wait = s->gone_poll_ms - now_ms;
	}
	return (DWORD)wait;
}

void
streams_land(struct stream *s)
{
	for (; s != NULL; s = s->next)
		if (s->writer && s->way == BY_THREAD && s->in_flight)
			WaitForSingleObject(s->idle, 2000);
}

void
streams_free(struct loop *l)
{
	struct stream **all = loop_streams(l), *s, *next;

	for (s = *all; s != NULL; s = next) {
		next = s->next;
		stream_close(s);
	}
	/* Cancelled reads and writes report at once; what a thread is stuck in
	   (a console) stays with it until the process ends. */
	while (*all != NULL && loop_packet(l, 100))
		;
}
