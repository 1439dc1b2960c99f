/*
 * loop.h under random use: callbacks that start, write, pause, close, set and
 * stop whatever they find, themselves included.  What is checked is that all of
 * it comes to an end and, under a sanitizer, that nothing is touched after it
 * was freed.  This program is its own child, `loop-random cat`.
 */
#include <stdlib.h>
#include "os/loop.h"
#include "os/sys.h"
#include "tap.h"

enum { SLOTS = 12, ACTIONS = 2000, SEEDS = 5, LONG_MS = 10000 };

struct slot {
	struct proc proc;
	struct stream *to, *from;
	bool alive;
};

static char *self;
static struct loop *l;
static struct slot slots[SLOTS];
static struct timer timers[SLOTS];
static struct watch *watches[SLOTS];
static struct buf dir = BUF_INIT;
static int started, ended, actions;
static uint32_t seed;

static unsigned
chance(unsigned below)
{
	seed = seed * 1664525u + 1013904223u;
	return (seed >> 8) % below;
}

static void act(void);

static void
act_void(void *arg)
{
	(void)arg;
	act();
}

static void
on_read(void *arg, const char *bytes, size_t len)
{
	struct slot *s = arg;

	(void)bytes;
	if (len == 0) {
		stream_close(s->from);
		s->from = NULL;
	}
	act();
}

static void
on_gone(void *arg)
{
	struct slot *s = arg;

	stream_close(s->to);
	s->to = NULL;
	act();
}

static void
on_end(void *arg, struct proc_end end)
{
	struct slot *s = arg;

	(void)end;
	ended++;
	s->alive = false;
	act();
}

static void
close_slot(struct slot *s)
{
	stream_close(s->to);
	stream_close(s->from);
	s->to = s->from = NULL;
}

static void
start(struct slot *s)
{
	char *argv[] = {self, "cat", NULL};
	struct proc_spec spec = {
	    .argv = argv, .in = {PROC_PIPE, 0}, .out = {PROC_PIPE, 0}};

	close_slot(s);
	if (s->alive || proc_start(&s->proc, &spec, NULL) != 0)
		return;
	s->alive = true;
	started++;
	s->to = stream_writer(l, s->proc.in, on_gone, s);
	s->from = stream_reader(l, s->proc.out, on_read, s);
	loop_child(l, &s->proc, on_end, s);
}

static void
write_some(struct slot *s)
{
	static const char bytes[100000];

	if (!s->to)
		return;
	if (chance(2))
		stream_write_calm(s->to, bytes, 1 + chance(100));
	else
		stream_write(s->to, bytes, 1 + chance(sizeof(bytes)));
}

static void
change_watch(unsigned i)
{
	struct buf path = BUF_INIT;

	buf_setf(&path, "%s/%u", dir.data, chance(4));
	if (watches[i]) {
		watch_stop(watches[i]);
		watches[i] = NULL;
	} else {
		watches[i] = watch_path(l, path.data, act_void, NULL);
	}
	buf_release(&path);
}

static void
change_file(void)
{
	struct buf path = BUF_INIT;

	buf_setf(&path, "%s/%u", dir.data, chance(4));
	if (chance(3) == 0)
		dir_remove_tree(path.data, NULL);
	else if (chance(8) == 0)
		dir_make(path.data, 0700, NULL);
	else
		file_replace(path.data, "x", 1, 0600, false, NULL);
	buf_release(&path);
}

static void
one_action(struct slot *s, unsigned i)
{
	switch (chance(10)) {
	case 0:
		start(s);
		break;
	case 1:
	case 2:
		write_some(s);
		break;
	case 3:
		if (s->from)
			stream_pause(s->from, chance(3) == 0);
		break;
	case 4:
		if (chance(4) == 0)
			close_slot(s);
		break;
	case 5:
		if (s->to && chance(2) == 0) {
			stream_finish(s->to, act_void, NULL);
			s->to = NULL;
		}
		break;
	case 6:
		timer_set(l, &timers[i], chance(3), act_void, NULL);
		break;
	case 7:
		timer_stop(&timers[i]);
		break;
	case 8:
		change_watch(i);
		break;
	default:
		change_file();
	}
}

/* A few random things; in the end everything is let go. */
static void
act(void)
{
	unsigned n = 1 + chance(3), i;

	if (actions >= ACTIONS) {
		for (i = 0; i < SLOTS; i++) {
			close_slot(&slots[i]);
			timer_stop(&timers[i]);
			watch_stop(watches[i]);
			watches[i] = NULL;
		}
		return;
	}
	for (; n > 0; n--, actions++) {
		i = chance(SLOTS);
		one_action(&slots[i], i);
	}
}

static void
never_idle(void *arg)
{
	struct timer *t = arg;

	act();
	if (actions < ACTIONS || ended < started)
		timer_set(l, t, 1, never_idle, t);
	else
		loop_stop(l, 0);
}

static void
too_late(void *arg)
{
	(void)arg;
	loop_stop(l, 99);
}

static void
run(uint32_t s)
{
	struct timer tick = TIMER_INIT, guard = TIMER_INIT;
	struct buf name = BUF_INIT;

	seed = s;
	started = ended = actions = 0;
	memset(slots, 0, sizeof(slots));
	l = loop_new();
	timer_set(l, &guard, 600000, too_late, NULL);
	timer_set(l, &tick, 0, never_idle, &tick);
	loop_run(l);
	timer_stop(&guard);
	timer_stop(&tick);
	buf_setf(&name, "seed %u: all %d children ended", (unsigned)s, started);
	is_int(ended, started, name.data);
	buf_release(&name);
	loop_free(l);
}

static int
cat(void)
{
	static char bytes[65536];
	int64_t n;

	while ((n = file_read(sys_stdin(), bytes, sizeof(bytes))) > 0) {
		if (file_write(sys_stdout(), bytes, (size_t)n) != 0)
			return 1;
	}
	return 0;
}

int
nni_main(int argc, char **argv)
{
	int64_t start_ms = clock_mono_ms();
	uint32_t s;

	(void)argv;
	if (argc > 1)
		return cat();
	self = (char *)sys_self_path();
	buf_setf(&dir, "%s/nni-random-%" PRId64, sys_temp(), proc_self_pid());
	dir_make(dir.data, 0700, NULL);
	/* Where a process takes long to start, under Wine, fewer must do. */
	for (s = 1; s <= SEEDS && clock_mono_ms() - start_ms < LONG_MS; s++)
		run(s);
	dir_remove_tree(dir.data, NULL);
	buf_release(&dir);
	return done_testing();
}
