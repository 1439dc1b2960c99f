#ifndef NNI_OS_LOOP_WIN32_H
#define NNI_OS_LOOP_WIN32_H

#include "loop.h"
#include "win32.h"

/* What loop-win32.c, stream-win32.c and watch-win32.c share. */

/*
 * Something whose end arrives as a packet at the loop's completion port: an
 * overlapped read or write, or what a thread posts.  It must live until then.
 */
struct op {
	OVERLAPPED ov; /* first: packets name it */
	void (*done)(struct op *op, DWORD bytes, DWORD error);
	void *owner;
};

/* The packet for `op`, from any thread. */
void loop_post(struct loop *l, struct op *op, DWORD bytes, DWORD error);
/* Takes packets of `h` from now on; false if it is not overlapped. */
bool loop_attach(struct loop *l, HANDLE h);
/* Takes one packet, if one comes within `timeout` ms. */
bool loop_packet(struct loop *l, DWORD timeout);

/* ---- stream-win32.c: all streams of a loop ---- */
struct stream **loop_streams(struct loop *l);
/* Can any of them still do something by itself? */
bool streams_alive(const struct stream *all);
/* Begins to write what is queued. */
void streams_flush(struct loop *l);
/*
 * Foreign pipes do not tell that their reader has gone: asks, now and then.
 * Returns in how many ms to call again; INFINITE if there are none.
 */
DWORD streams_poll(struct stream *all, int64_t now_ms);
/* Waits, 2 s at most, until threads have written what was given to them. */
void streams_land(struct stream *all);
void streams_free(struct loop *l);

/* ---- watch-win32.c: all watches of a loop ---- */
struct watches {
	struct watch *first;
	int64_t look_ms; /* when to look again */
};
struct watches *loop_watches(struct loop *l);
/* Looks if it is time to, and calls what has changed; as streams_poll(). */
DWORD watches_poll(struct watches *ws);

#endif
