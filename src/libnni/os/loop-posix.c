/*
 * The event loop on poll(2).
 *
 * A round: wait; read what can be read, run what is due, reap what has ended,
 * calling the callbacks; call those of loop_each_round(); only then write what
 * the round has queued.  So a journal that is flushed once a round is on the
 * disk before anybody else hears of what is in it.
 *
 * Streams that callbacks close are kept, marked, until the round is over.
 *
 * 0, 1 and 2 are shared with other processes (the terminal with the user's
 * shell), and O_NONBLOCK would be set for all of them.  So these stay
 * blocking: read only when poll() says so, and written in pieces that POSIX
 * promises a pipe takes whole then (PIPE_BUF).
 */
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include "../mem.h"
#include "loop.h"
#include "posix.h"
#include "sys.h"
#include "timers.h"
#include "watch-posix.h"

#ifndef PIPE_BUF
#define PIPE_BUF _POSIX_PIPE_BUF
#endif
#define READ_SIZE 65536
/* A shared stream gets at most this much a round. */
#define SHARED_WRITE_MAX 65536
/* More than this does not linger. */
#define LINGER_MAX 32768
/* An emptied queue gives back more memory than this. */
#define QUEUE_KEEP 65536

/* In loop.fds, before those of the streams. */
enum { POLL_SIGNALS, POLL_WATCHES, POLL_STREAMS };

struct stream {
	struct loop *loop;
	int fd;
	size_t index; /* in loop.streams; loop.fds[POLL_STREAMS + index] */
	bool writer;
	bool shared; /* a standard stream: never closed */
	bool pieces; /* write PIPE_BUF at most, after asking poll() */
	bool closed; /* freed at the end of the round */
	bool ended;  /* reader: end or fault told; writer: reader has gone */
	bool paused;
	bool blocked; /* the pipe is full */
	bool finishing;
	bool lingering; /* all that is queued may wait for `linger` */
	struct timer linger;
	stream_read_fn *read;
	void *read_arg;
	stream_gone_fn *gone;
	void *gone_arg;
	loop_fn *drain, *done;
	void *drain_arg, *done_arg;
	struct buf queue;
	size_t sent; /* bytes at the head of queue that are written already */
};

struct child {
	struct proc *proc;
	child_fn *fn;
	void *arg;
	bool ended;
	struct proc_end end;
};

struct each_round {
	loop_fn *fn;
	void *arg;
};

struct loop {
	int64_t now_ms;
	bool stopping;
	int code;
	struct pollfd *fds;
	struct stream **streams;
	size_t stream_count, stream_room;
	bool any_closed;
	struct child *children;
	size_t child_count, child_room;
	bool child_ended; /* one that had ended when it came to us */
	struct each_round *each;
	size_t each_count;
	struct timers timers;
	struct watches *watches;
	interrupt_fn *interrupt;
	void *interrupt_arg;
	char bytes[READ_SIZE];
};

struct loop *
loop_new(void)
{
	struct loop *l = xcalloc(1, sizeof(*l));

	l->fds = xcalloc(POLL_STREAMS, sizeof(*l->fds));
	l->fds[POLL_SIGNALS] = (struct pollfd){.fd = -1, .events = POLLIN};
	l->fds[POLL_WATCHES] = (struct pollfd){.fd = -1, .events = POLLIN};
	l->now_ms = clock_mono_ms();
	return l;
}

static void free_closed(struct loop *l);

void
loop_free(struct loop *l)
{
	size_t i;

	if (l == NULL)
		return;
	for (i = 0; i < l->stream_count; i++)
		stream_close(l->streams[i]);
	free_closed(l);
	watches_free(l->watches);
	timers_release(&l->timers);
	free(l->fds);
	free(l->streams);
	free(l->children);
	free(l->each);
	free(l);
}

void
loop_stop(struct loop *l, int code)
{
	l->stopping = true;
	l->code = code;
}

int64_t
loop_now_ms(struct loop *l)
{
	return l->now_ms;
}

struct timers *
loop_timers(struct loop *l)
{
	return &l->timers;
}

struct watches **
loop_watches(struct loop *l)
{
	return &l->watches;
}

void
loop_each_round(struct loop *l, loop_fn *fn, void *arg)
{
	l->each = xreallocarray(l->each, l->each_count + 1, sizeof(*l->each));
	l->each[l->each_count++] = (struct each_round){fn, arg};
}

/* ---- streams ---- */

/* What poll() is to ask for it; -1 hides it, also from POLLHUP. */
static void
stream_update(struct stream *s)
{
	struct pollfd *p = &s->loop->fds[POLL_STREAMS + s->index];

	p->fd = s->closed || s->ended || s->paused ? -1 : s->fd;
	/* A writer with nothing to write still hears of POLLERR and POLLHUP. */
	p->events = !s->writer				    ? POLLIN
		    : stream_queued(s) > 0 && !s->lingering ? POLLOUT
							    : 0;
}

static struct stream *
stream_new(struct loop *l, os_file f, bool writer)
{
	struct stream *s = xcalloc(1, sizeof(*s));
	struct pollfd *p;

	if (l->stream_count == l->stream_room) {
		l->stream_room = l->stream_room == 0 ? 8 : l->stream_room * 2;
		l->streams = xreallocarray(
		    l->streams, l->stream_room, sizeof(struct stream *));
		l->fds = xreallocarray(
		    l->fds, POLL_STREAMS + l->stream_room, sizeof(*l->fds));
	}
	s->loop = l;
	s->fd = (int)f;
	s->writer = writer;
	s->shared = f <= STDERR_FILENO;
	s->index = l->stream_count;
	l->streams[l->stream_count++] = s;
	buf_init(&s->queue, SIZE_MAX / 2);
	p = &l->fds[POLL_STREAMS + s->index];
	p->revents = 0;
	stream_update(s);
	return s;
}

struct stream *
stream_reader(struct loop *l, os_file f, stream_read_fn *fn, void *arg)
{
	struct stream *s = stream_new(l, f, false);

	s->read = fn;
	s->read_arg = arg;
	return s;
}

/* Can a write(2) make us wait although poll() said POLLOUT? */
static bool
may_block(int fd)
{
	struct stat st;

	if (fstat(fd, &st) != 0 || S_ISREG(st.st_mode))
		return false;
	return !S_ISCHR(st.st_mode) || isatty(fd);
}

struct stream *
stream_writer(struct loop *l, os_file f, stream_gone_fn *gone, void *arg)
{
	struct stream *s = stream_new(l, f, true);

	s->gone = gone;
	s->gone_arg = arg;
	if (s->shared)
		s->pieces = may_block(s->fd);
	else
		fd_nonblock(s->fd);
	return s;
}

static void
stop_lingering(struct stream *s)
{
	s->lingering = false;
	timer_stop(&s->linger);
}

static void
lingered(void *arg)
{
	stop_lingering(arg);
}

static void
enqueue(struct stream *s, const void *bytes, size_t len)
{
	/* What is written is cut off rarely, so that it costs little. */
	if (s->sent > s->queue.len / 2) {
		buf_drop(&s->queue, s->sent);
		s->sent = 0;
	}
	buf_add(&s->queue, bytes, len);
	stream_update(s);
}

void
stream_write(struct stream *s, const void *bytes, size_t len)
{
	if (s->closed || s->ended || len == 0)
		return;
	stop_lingering(s);
	enqueue(s, bytes, len);
}

void
stream_write_calm(struct stream *s, const void *bytes, size_t len)
{
	if (s->closed || s->ended || len == 0)
		return;
	if (stream_queued(s) + len > LINGER_MAX) {
		stop_lingering(s);
	} else if (stream_queued(s) == 0) {
		s->lingering = true;
		timer_set(s->loop, &s->linger, STREAM_LINGER_MS, lingered, s);
	}
	enqueue(s, bytes, len);
}

size_t
stream_queued(const struct stream *s)
{
	return s->queue.len - s->sent;
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

void
stream_pause(struct stream *s, bool paused)
{
	if (s->writer)
		return;
	s->paused = paused;
	stream_update(s);
}

void
stream_close(struct stream *s)
{
	if (s == NULL || s->closed)
		return;
	s->closed = true;
	s->loop->any_closed = true;
	stop_lingering(s);
	stream_update(s);
	if (!s->shared)
		close(s->fd);
}

static void
forget_queue(struct stream *s)
{
	stop_lingering(s);
	s->sent = 0;
	if (s->queue.cap > QUEUE_KEEP)
		buf_release(&s->queue);
	else
		buf_clear(&s->queue);
}

static void
free_closed(struct loop *l)
{
	struct stream *s, *last;
	size_t i = 0;

	while (l->any_closed && i < l->stream_count) {
		s = l->streams[i];
		if (!s->closed) {
			i++;
			continue;
		}
		last = l->streams[--l->stream_count];
		l->streams[i] = last;
		last->index = i;
		stream_update(last);
		buf_release(&s->queue);
		free(s);
	}
	l->any_closed = false;
}

static void
read_stream(struct stream *s)
{
	struct loop *l = s->loop;
	ssize_t n = read(s->fd, l->bytes, sizeof(l->bytes));

	if (n > 0) {
		s->read(s->read_arg, l->bytes, (size_t)n);
		return;
	}
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n < 0)
		os_failed();
	s->ended = true;
	stream_update(s);
	s->read(s->read_arg, n < 0 ? NULL : "", 0);
}

static void
lose_reader(struct stream *s)
{
	s->ended = true;
	forget_queue(s);
	stream_update(s);
	if (s->gone == NULL)
		return;
	s->done = NULL; /* gone() is called in its place */
	s->gone(s->gone_arg);
}

/* How much may be written now without blocking; 0: ask poll() first. */
static size_t
writable(const struct stream *s)
{
	struct pollfd p = {.fd = s->fd, .events = POLLOUT};
	size_t len = stream_queued(s);

	if (!s->pieces)
		return len;
	if (poll(&p, 1, 0) != 1)
		return 0;
	return len < PIPE_BUF ? len : PIPE_BUF;
}

/* Writes what can be written. -1: the reader has gone, or it failed. */
static int
push(struct stream *s)
{
	size_t budget = SHARED_WRITE_MAX, len;
	ssize_t n;

	while (stream_queued(s) > 0) {
		len = writable(s);
		if (len == 0 || (s->pieces && budget < len))
			break;
		n = write(s->fd, s->queue.data + s->sent, len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno != EAGAIN)
			return os_failed();
		if (n > 0) {
			s->sent += (size_t)n;
			budget -= s->pieces ? (size_t)n : 0;
		}
		/* A short write means full: no need to be told by EAGAIN. */
		if (n < 0 || (size_t)n < len)
			break;
	}
	s->blocked = stream_queued(s) > 0;
	return 0;
}

static void
flush_stream(struct stream *s)
{
	if (stream_queued(s) > 0) {
		if (push(s) != 0) {
			lose_reader(s);
		} else if (stream_queued(s) == 0) {
			forget_queue(s);
			if (s->drain != NULL)
				s->drain(s->drain_arg);
		}
	}
	/* The callbacks may have written more, or closed it. */
	if (s->finishing && !s->closed && stream_queued(s) == 0) {
		stream_close(s);
		if (s->done != NULL)
			s->done(s->done_arg);
	}
	stream_update(s);
}

static void
flush_streams(struct loop *l)
{
	struct stream *s;
	size_t i;

	for (i = 0; i < l->stream_count; i++) {
		s = l->streams[i];
		if (s->writer && !s->closed && !s->blocked &&
		    (!s->lingering || s->finishing))
			flush_stream(s);
	}
}

/* Only those that were polled: callbacks may add others behind them. */
static void
dispatch_streams(struct loop *l, size_t polled)
{
	struct stream *s;
	short ready;
	size_t i;

	for (i = 0; i < polled; i++) {
		s = l->streams[i];
		ready = l->fds[POLL_STREAMS + i].revents;
		if (ready == 0 || s->closed || s->ended || s->paused)
			continue;
		if (!s->writer) {
			read_stream(s);
		} else if (ready & (POLLERR | POLLHUP | POLLNVAL)) {
			errno = EPIPE;
			os_failed();
			s->blocked = false;
			lose_reader(s);
		} else {
			s->blocked = false;
		}
	}
}

/* ---- children ---- */

static void
listen_to_signals(struct loop *l)
{
	if (l->fds[POLL_SIGNALS].fd < 0)
		l->fds[POLL_SIGNALS].fd = signals_fd();
}

void
loop_child(struct loop *l, struct proc *p, child_fn *fn, void *arg)
{
	struct child c = {.proc = p, .fn = fn, .arg = arg};

	if (l->child_count == l->child_room) {
		l->child_room = l->child_room == 0 ? 8 : l->child_room * 2;
		l->children = xreallocarray(
		    l->children, l->child_room, sizeof(*l->children));
	}
	listen_to_signals(l);
	signals_catch(SIGCHLD);
	/* Its signal may have come and gone already. */
	c.ended = proc_reap(p, false, &c.end) != 0;
	l->child_ended = l->child_ended || c.ended;
	l->children[l->child_count++] = c;
}

/*
 * Each child is asked for by its pid: other children of this process are
 * somebody else's to wait for.
 */
static void
reap_children(struct loop *l)
{
	struct child c;
	size_t i = 0;

	l->child_ended = false;
	while (i < l->child_count) {
		c = l->children[i];
		if (!c.ended && proc_reap(c.proc, false, &c.end) == 0) {
			i++;
			continue;
		}
		l->children[i] = l->children[--l->child_count];
		proc_release(c.proc);
		c.fn(c.arg, c.end);
	}
}

/* ---- interrupts ---- */

static const struct {
	int signal;
	enum loop_interrupt what;
} interrupts[] = {
    {SIGINT, INTERRUPT_STOP},
    {SIGTERM, INTERRUPT_STOP},
    {SIGHUP, INTERRUPT_HANGUP},
    {SIGWINCH, INTERRUPT_RESIZE},
    {SIGCONT, INTERRUPT_CONTINUE},
};
#define INTERRUPTS (sizeof(interrupts) / sizeof(interrupts[0]))

void
loop_interrupts(struct loop *l, interrupt_fn *fn, void *arg)
{
	size_t i;

	l->interrupt = fn;
	l->interrupt_arg = arg;
	listen_to_signals(l);
	for (i = 0; i < INTERRUPTS; i++) {
		/* nohup, and "&" in a script, ask that it stay ignored. */
		if (!signals_ignored(interrupts[i].signal))
			signals_catch(interrupts[i].signal);
	}
}

static void
dispatch_signals(struct loop *l)
{
	size_t i;

	signals_drain();
	if (signals_take(SIGCHLD))
		reap_children(l);
	for (i = 0; i < INTERRUPTS; i++) {
		if (l->interrupt != NULL && signals_take(interrupts[i].signal))
			l->interrupt(l->interrupt_arg, interrupts[i].what,
			    interrupts[i].signal);
	}
}

void
die_by_signal(int sig)
{
	sigset_t set;

	signal(sig, SIG_DFL);
	sigemptyset(&set);
	sigaddset(&set, sig);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	raise(sig);
	_exit(128 + sig);
}

/* ---- rounds ---- */

/* Can anything still happen by itself? */
static bool
is_alive(const struct loop *l)
{
	const struct stream *s;
	size_t i;

	if (l->timers.count > 0 || l->child_count > 0 ||
	    watches_any(l->watches))
		return true;
	for (i = 0; i < l->stream_count; i++) {
		s = l->streams[i];
		if (s->closed)
			continue;
		if (s->writer ? s->finishing || stream_queued(s) > 0
			      : !s->ended && !s->paused)
			return true;
	}
	return false;
}

static int
wait_ms(struct loop *l)
{
	int64_t ms;

	if (l->child_ended || watches_pending(l->watches))
		return 0;
	ms = timers_wait_ms(&l->timers, clock_mono_ms());
	return ms > INT_MAX ? INT_MAX : (int)ms;
}

static void
wait_and_dispatch(struct loop *l)
{
	size_t polled = l->stream_count;
	bool interrupted;
	int ready;

	l->fds[POLL_WATCHES].fd = watches_fd(l->watches);
	ready = poll(l->fds, (nfds_t)(POLL_STREAMS + polled), wait_ms(l));
	interrupted =
	    ready < 0 && errno == EINTR && l->fds[POLL_SIGNALS].fd >= 0;
	l->now_ms = clock_mono_ms();
	if (ready > 0) {
		dispatch_streams(l, polled);
		if (l->fds[POLL_WATCHES].revents != 0)
			watches_read(l->watches);
	}
	/* Back from ^Z, timers are to know that we were away. */
	if (interrupted || (ready > 0 && l->fds[POLL_SIGNALS].revents != 0))
		dispatch_signals(l);
	timers_run(&l->timers, l->now_ms);
	watches_call(l->watches);
	if (l->child_ended)
		reap_children(l);
}

static void
end_round(struct loop *l)
{
	size_t i;

	for (i = 0; i < l->each_count; i++)
		l->each[i].fn(l->each[i].arg);
	flush_streams(l);
	free_closed(l);
}

int
loop_run(struct loop *l)
{
	int code;

	for (;;) {
		end_round(l);
		if (l->stopping || !is_alive(l))
			break;
		wait_and_dispatch(l);
	}
	code = l->stopping ? l->code : 0;
	l->stopping = false;
	return code;
}
