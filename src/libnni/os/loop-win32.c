/*
 * The event loop on one I/O completion port.
 *
 * Overlapped pipes report there by themselves; the ends of children (any number
 * of them), console events and what cannot be overlapped are posted to it by
 * threads that do nothing else.  The order of a round is that of loop-posix.c:
 * what it has queued is written after the functions of loop_each_round().
 */
#include "loop-win32.h"

#include <signal.h>
#include <stdlib.h>
#include "../mem.h"
#include "sys.h"
#include "timers.h"

/* Packets handled in one round at most, so that timers are not starved. */
#define ROUND_MAX 256

struct interrupt {
	struct op op;
	struct loop *loop;
	DWORD event; /* CTRL_C_EVENT, ... */
};

struct each_round {
	loop_fn *fn;
	void *arg;
};

struct loop {
	HANDLE port;
	int64_t now_ms;
	bool stopping;
	int code;
	struct each_round *each;
	size_t each_count;
	struct timers timers;
	struct stream *streams;
	struct watches watches;
	struct child *children;
	interrupt_fn *interrupt;
	void *interrupt_arg;
	struct interrupt interrupts[3];
};

struct loop *
loop_new(void)
{
	struct loop *l = xcalloc(1, sizeof(*l));

	l->port = CreateIoCompletionPort(INVALID_HANDLE_VALUE, NULL, 0, 1);
	l->now_ms = clock_mono_ms();
	return l;
}

void
loop_post(struct loop *l, struct op *op, DWORD bytes, DWORD error)
{
	/* The key is free to carry the error: no handle has one of its own. */
	PostQueuedCompletionStatus(l->port, bytes, error, &op->ov);
}

bool
loop_attach(struct loop *l, HANDLE h)
{
	return CreateIoCompletionPort(h, l->port, 0, 0) != NULL;
}

struct stream **
loop_streams(struct loop *l)
{
	return &l->streams;
}

struct watches *
loop_watches(struct loop *l)
{
	return &l->watches;
}

struct timers *
loop_timers(struct loop *l)
{
	return &l->timers;
}

int64_t
loop_now_ms(struct loop *l)
{
	return l->now_ms;
}

void
loop_each_round(struct loop *l, loop_fn *fn, void *arg)
{
	struct each_round *e;

	l->each = xreallocarray(l->each, l->each_count + 1, sizeof(*l->each));
	e = &l->each[l->each_count++];
	e->fn = fn;
	e->arg = arg;
}

void
loop_stop(struct loop *l, int code)
{
	l->stopping = true;
	l->code = code;
}

/* ---- rounds ---- */

static bool
is_alive(const struct loop *l)
{
	return l->timers.count > 0 || l->children != NULL ||
	       l->watches.first != NULL || streams_alive(l->streams);
}

static DWORD
sooner(DWORD a, int64_t b)
{
	return b < 0 || (int64_t)a < b ? a : (DWORD)b;
}

bool
loop_packet(struct loop *l, DWORD timeout)
{
	OVERLAPPED *ov = NULL;
	ULONG_PTR posted_error = 0;
	DWORD bytes = 0, error = 0;
	struct op *op;

	if (!GetQueuedCompletionStatus(
		l->port, &bytes, &posted_error, &ov, timeout))
		error = GetLastError();
	if (ov == NULL)
		return false;
	op = (struct op *)(void *)ov;
	op->done(op, bytes, error != 0 ? error : (DWORD)posted_error);
	return true;
}

static void
wait_and_dispatch(struct loop *l)
{
	DWORD timeout = streams_poll(l->streams, clock_mono_ms());
	int i;

	timeout = sooner(timeout, watches_poll(&l->watches));
	timeout = sooner(timeout, timers_wait_ms(&l->timers, clock_mono_ms()));
	if (l->stopping)
		timeout = 0;
	for (i = 0; i < ROUND_MAX && loop_packet(l, timeout); i++)
		timeout = 0;
	l->now_ms = clock_mono_ms();
	timers_run(&l->timers, l->now_ms);
}

static void
end_round(struct loop *l)
{
	size_t i;

	for (i = 0; i < l->each_count; i++)
		l->each[i].fn(l->each[i].arg);
	streams_flush(l);
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
	streams_land(l->streams);
	code = l->stopping ? l->code : 0;
	l->stopping = false;
	return code;
}

/* ---- children ---- */

struct child {
	struct op op; /* first */
	struct child *next, **link;
	struct loop *loop;
	struct proc *proc;
	child_fn *fn;
	void *arg;
	HANDLE wait;
};

static VOID CALLBACK
child_ended(PVOID arg, BOOLEAN timed_out)
{
	struct child *c = arg;

	(void)timed_out;
	loop_post(c->loop, &c->op, 0, 0);
}

/* No packet is posted after this, but one may be on its way. */
static void
child_forget(struct child *c)
{
	if (c->wait != NULL)
		UnregisterWaitEx(c->wait, INVALID_HANDLE_VALUE);
}

static void
child_done(struct op *op, DWORD bytes, DWORD error)
{
	struct child *c = op->owner;
	struct proc_end end = {false, -1};

	(void)bytes;
	(void)error;
	if (c->fn == NULL)
		return; /* loop_free() has it */
	child_forget(c);
	*c->link = c->next;
	if (c->next != NULL)
		c->next->link = c->link;
	proc_wait(c->proc, &end);
	c->fn(c->arg, end);
	free(c);
}

void
loop_child(struct loop *l, struct proc *p, child_fn *fn, void *arg)
{
	struct child *c = xcalloc(1, sizeof(*c));

	c->op.done = child_done;
	c->op.owner = c;
	c->loop = l;
	c->proc = p;
	c->fn = fn;
	c->arg = arg;
	c->next = l->children;
	c->link = &l->children;
	if (c->next != NULL)
		c->next->link = &c->next;
	l->children = c;
	if (RegisterWaitForSingleObject(&c->wait, (HANDLE)p->handle,
		child_ended, c, INFINITE, WT_EXECUTEONLYONCE))
		return;
	/* Only when memory has run out: then the loop waits for the child. */
	c->wait = NULL;
	loop_post(l, &c->op, 0, 0);
}

/* ---- interrupts ---- */

static struct loop *interrupted;

/* Runs in a thread of its own. */
static BOOL WINAPI
on_console_event(DWORD event)
{
	struct loop *l = interrupted;
	int i;

	if (l == NULL)
		return FALSE;
	for (i = 0; i < 3; i++)
		if (l->interrupts[i].event == event)
			loop_post(l, &l->interrupts[i].op, 0, 0);
	/* After the others the process is ended as soon as this returns: leave
	   time to put things in order. */
	if (event != CTRL_C_EVENT && event != CTRL_BREAK_EVENT)
		Sleep(5000);
	return TRUE;
}

static void
interrupt_done(struct op *op, DWORD bytes, DWORD error)
{
	struct interrupt *i = op->owner;
	struct loop *l = i->loop;

	(void)bytes;
	(void)error;
	if (l->interrupt == NULL)
		return;
	if (i->event == CTRL_CLOSE_EVENT)
		l->interrupt(l->interrupt_arg, INTERRUPT_HANGUP, 1);
	else
		l->interrupt(l->interrupt_arg, INTERRUPT_STOP,
		    i->event == CTRL_C_EVENT ? SIGINT : SIGTERM);
}

void
loop_interrupts(struct loop *l, interrupt_fn *fn, void *arg)
{
	static const DWORD events[3] = {
	    CTRL_C_EVENT, CTRL_BREAK_EVENT, CTRL_CLOSE_EVENT};
	int i;

	for (i = 0; i < 3; i++) {
		l->interrupts[i].op.done = interrupt_done;
		l->interrupts[i].op.owner = &l->interrupts[i];
		l->interrupts[i].loop = l;
		l->interrupts[i].event = events[i];
	}
	l->interrupt = fn;
	l->interrupt_arg = arg;
	if (interrupted == NULL)
		SetConsoleCtrlHandler(on_console_event, TRUE);
	interrupted = l;
}

void
die_by_signal(int signal)
{
	(void)signal;
	ExitProcess(WIN32_CONTROL_C_CODE);
}

void
loop_free(struct loop *l)
{
	struct child *c;

	if (l == NULL)
		return;
	if (interrupted == l)
		interrupted = NULL;
	while (l->watches.first != NULL)
		watch_stop(l->watches.first);
	l->interrupt = NULL;
	for (c = l->children; c != NULL; c = c->next) {
		child_forget(c);
		c->fn = NULL;
	}
	streams_free(l); /* takes what is on its way */
	while ((c = l->children) != NULL) {
		l->children = c->next;
		free(c);
	}
	timers_release(&l->timers);
	CloseHandle(l->port);
	free(l->each);
	free(l);
}
