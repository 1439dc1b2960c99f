/*
 * loop.h.  This program is its own child: `loop cat`, `loop exit N`.
 */
#include <stdlib.h>
#include "os/loop.h"
#include "os/sys.h"
#include "tap.h"

#define GUARD_MS 20000
#define TIMED_OUT 99

static char *self;
static struct loop *l;
static struct timer guard = TIMER_INIT;

static void
stop(void *arg)
{
	loop_stop(l, (int)(intptr_t)arg);
}

/* A loop with a deadline, so that no test hangs. */
static void
begin(void)
{
	l = loop_new();
	timer_set(l, &guard, GUARD_MS, stop, (void *)(intptr_t)TIMED_OUT);
}

static void
end(void)
{
	timer_stop(&guard);
	loop_free(l);
}

/* How often loop_each_round() called, and what was queued the first time. */
static int rounds;
static struct stream *counted;
static size_t queued_then;

static void
count_round(void *arg)
{
	(void)arg;
	if (rounds++ == 0)
		queued_then = stream_queued(counted);
}

/* ---- timers ---- */

struct tick {
	struct timer timer;
	struct buf *log;
	const char *name;
	int again;
};

static void
on_tick(void *arg)
{
	struct tick *t = arg;

	buf_adds(t->log, t->name);
	if (t->again-- > 0)
		timer_set(l, &t->timer, 0, on_tick, t);
}

static void
test_timer_order(void)
{
	struct buf log = BUF_INIT;
	struct tick a = {.log = &log, .name = "a"}, b = a, c = a, d = a;

	begin();
	b.name = "b";
	c.name = "c";
	d.name = "d";
	timer_set(l, &d.timer, 30, stop, NULL);
	timer_set(l, &c.timer, 20, on_tick, &c);
	timer_set(l, &a.timer, 10, on_tick, &a);
	timer_set(l, &b.timer, 10, on_tick, &b);
	loop_run(l);
	is_str(log.data, "abc", "timers run when due, equals in order");
	buf_clear(&log);
	timer_set(l, &a.timer, 10, on_tick, &a);
	timer_set(l, &b.timer, 5, on_tick, &b);
	timer_set(l, &a.timer, 1, on_tick, &a);
	timer_set(l, &c.timer, 7, on_tick, &c);
	timer_set(l, &d.timer, 20, stop, NULL);
	timer_stop(&c.timer);
	timer_stop(&c.timer);
	ok(!timer_is_set(&c.timer) && timer_is_set(&a.timer), "knows");
	loop_run(l);
	is_str(log.data, "ab", "set anew, stopped");
	buf_clear(&log);
	a.again = 3;
	timer_set(l, &a.timer, 0, on_tick, &a);
	timer_set(l, &b.timer, 0, on_tick, &b);
	timer_set(l, &d.timer, 5, stop, NULL);
	loop_run(l);
	is_str(log.data, "abaaa", "one that sets itself holds up no other");
	buf_clear(&log);
	a.again = 1000000;
	rounds = 1;
	loop_each_round(l, count_round, NULL);
	timer_set(l, &a.timer, 0, on_tick, &a);
	timer_set(l, &d.timer, 5, stop, NULL);
	loop_run(l);
	ok(log.len > 0 && log.len <= (size_t)rounds, "but once a round");
	buf_release(&log);
	end();
}

static int64_t last_due;
static int out_of_order, fired;

static void
on_due(void *arg)
{
	struct timer *t = arg;

	out_of_order += t->due_ms < last_due;
	last_due = t->due_ms;
	if (++fired == 500)
		loop_stop(l, 0);
}

static void
test_many_timers(void)
{
	struct timer *t = calloc(1000, sizeof(*t));
	unsigned seed = 7;
	int i;

	begin();
	for (i = 0; i < 1000; i++) {
		seed = seed * 1103515245u + 12345u;
		timer_set(l, &t[i], seed / 65536 % 50, on_due, &t[i]);
	}
	for (i = 0; i < 1000; i += 2)
		timer_stop(&t[i]);
	is_int(loop_run(l), 0, "500 of 1000 timers");
	is_int(out_of_order, 0, "in order");
	end();
	free(t);
}

/* ---- streams and children ---- */

struct cat {
	struct proc proc;
	struct stream *to, *from;
	size_t heard;
	uint64_t sum;
	struct proc_end how;
	int ends, gone;
};

/* Of its output and of itself: then nothing is left in the loop. */
static void
count_end(struct cat *c)
{
	if (++c->ends == 2)
		timer_stop(&guard);
}

static void
on_bytes(void *arg, const char *bytes, size_t len)
{
	struct cat *c = arg;
	size_t i;

	for (i = 0; i < len; i++)
		c->sum = c->sum * 31 + (unsigned char)bytes[i];
	c->heard += len;
	if (len > 0)
		return;
	stream_close(c->from);
	c->from = NULL;
	count_end(c);
}

static void
on_gone(void *arg)
{
	struct cat *c = arg;

	c->gone++;
	stream_close(c->to);
	c->to = NULL;
}

static void
on_end(void *arg, struct proc_end how)
{
	struct cat *c = arg;

	c->how = how;
	count_end(c);
}

static void
start(struct cat *c, const char *a, const char *b)
{
	char *argv[] = {self, (char *)a, (char *)b, NULL};
	struct proc_spec spec = {
	    .argv = argv, .in = {PROC_PIPE, 0}, .out = {PROC_PIPE, 0}};

	*c = (struct cat){.ends = 0};
	if (proc_start(&c->proc, &spec, NULL) != 0) {
		ok(false, "starts itself");
		return;
	}
	c->to = stream_writer(l, c->proc.in, on_gone, c);
	c->from = stream_reader(l, c->proc.out, on_bytes, c);
	loop_child(l, &c->proc, on_end, c);
}

static void
test_both_ways(void)
{
	size_t len = 20000000, i;
	char *big = malloc(len);
	uint64_t sum = 0;
	struct cat c;

	for (i = 0; i < len; i++) {
		big[i] = (char)(i * 7 + i / 1000);
		sum = sum * 31 + (unsigned char)big[i];
	}
	begin();
	start(&c, "cat", NULL);
	stream_write(c.to, big, 5);
	stream_write(c.to, big + 5, len - 5);
	ok(stream_queued(c.to) == len, "is queued");
	stream_finish(c.to, NULL, NULL);
	is_int(loop_run(l), 0, "20 MB to a child and back");
	ok(c.heard == len && c.sum == sum, "byte for byte");
	ok(!c.how.signaled && c.how.code == 0, "and its end");
	end();
	free(big);
}

/* More than the 64 that Windows can wait for at once; Wine starts 30 a second.
 */
#ifdef _WIN32
#define MANY 100
#else
#define MANY 300
#endif
static struct cat many[MANY];
static int many_ended;

static void
on_one_end(void *arg, struct proc_end how)
{
	struct cat *c = arg;

	c->how = how;
	if (++many_ended == MANY)
		timer_stop(&guard);
}

static void
test_many_children(void)
{
	char code[8];
	char *argv[] = {self, "exit", code, NULL};
	struct proc_spec spec = {.argv = argv};
	int i, right = 0;

	begin();
	for (i = 0; i < MANY; i++) {
		snprintf(code, sizeof(code), "%d", i % 100);
		proc_start(&many[i].proc, &spec, NULL);
		loop_child(l, &many[i].proc, on_one_end, &many[i]);
	}
	is_int(loop_run(l), 0, "many children");
	for (i = 0; i < MANY; i++)
		right += !many[i].how.signaled && many[i].how.code == i % 100;
	is_int(right, MANY, "each with its exit code");
	end();
}

static void
on_late_end(void *arg, struct proc_end how)
{
	*(struct proc_end *)arg = how;
	loop_stop(l, 0);
}

/* Its signal has come and gone, with another child's, before it is told of. */
static void
test_late_child(void)
{
	char *argv[] = {self, "exit", "3", NULL};
	struct proc_spec spec = {.argv = argv};
	struct proc_end how = {true, 0};
	struct timer t = TIMER_INIT;
	struct cat other;
	struct proc late;

	begin();
	start(&other, "cat", NULL);
	proc_start(&late, &spec, NULL);
	timer_set(l, &t, 100, stop, NULL);
	loop_run(l);
	loop_child(l, &late, on_late_end, &how);
	is_int(loop_run(l), 0, "a child told of after it ended");
	ok(!how.signaled && how.code == 3, "its exit code");
	end();
}

static void
test_gone(void)
{
	struct cat c;

	begin();
	start(&c, "exit", "0");
	is_int(loop_run(l), 0, "a reader that vanishes");
	is_int(c.gone, 1, "is noticed with nothing to write, once");
	end();

	begin();
	start(&c, "exit", "0");
	char *big = calloc(1, 1000000);
	stream_write(c.to, big, 1000000);
	free(big);
	loop_run(l);
	is_int(c.gone, 1, "and with much to write");
	end();
}

static int done_count;

static void
on_done(void *arg)
{
	(void)arg;
	done_count++;
}

static void
test_rounds(void)
{
	struct cat c;

	begin();
	start(&c, "cat", NULL);
	rounds = 0;
	counted = c.to;
	loop_each_round(l, count_round, NULL);
	stream_write(c.to, "x", 1);
	stream_finish(c.to, on_done, NULL);
	is_int(done_count, 0, "nothing ends at once");
	loop_run(l);
	is_int((int64_t)queued_then, 1, "is written behind loop_each_round()");
	ok(done_count == 1 && c.heard == 1, "then closed");
	end();
}

static void
resume(void *arg)
{
	struct cat *c = arg;

	is_int((int64_t)c->heard, 0, "nothing while paused");
	ok(rounds < 20, "nor is the loop busy");
	stream_pause(c->from, false);
}

static void
test_pause(void)
{
	struct timer t = TIMER_INIT;
	struct cat c;

	begin();
	start(&c, "cat", NULL);
	rounds = 1;
	loop_each_round(l, count_round, NULL);
	stream_pause(c.from, true);
	stream_write(c.to, "hello", 5);
	stream_finish(c.to, NULL, NULL);
	timer_set(l, &t, 50, resume, &c);
	is_int(loop_run(l), 0, "paused and resumed");
	is_int((int64_t)c.heard, 5, "all of it then");
	end();
}

static int drains;

static void
on_drain(void *arg)
{
	struct cat *c = arg;

	if (++drains < 3)
		stream_write(c->to, "again", 5);
	else
		stream_finish(c->to, NULL, NULL);
}

static void
test_drain(void)
{
	struct cat c;

	begin();
	start(&c, "cat", NULL);
	stream_on_drain(c.to, on_drain, &c);
	stream_write(c.to, "first", 5);
	loop_run(l);
	ok(drains == 3 && c.heard == 15, "writes more when the queue is empty");
	end();
}

static void
write_last(void *arg)
{
	struct cat *c = arg;

	stream_on_drain(c->to, NULL, NULL);
	stream_write_calm(c->to, "f", 1);
	stream_finish(c->to, NULL, NULL);
}

static void
write_alone(void *arg)
{
	struct cat *c = arg;

	stream_on_drain(c->to, write_last, c);
	stream_write_calm(c->to, "e", 1);
}

static void
test_calm(void)
{
	struct cat c, same;

	begin();
	start(&c, "cat", NULL);
	stream_on_drain(c.to, write_alone, &c);
	stream_write_calm(c.to, "a", 1);
	stream_write_calm(c.to, "bc", 2);
	stream_write(c.to, "d", 1);
	loop_run(l);
	is_int((int64_t)c.heard, 6, "what lingers arrives, alone too");
	start(&same, "cat", NULL);
	stream_write(same.to, "abcdef", 6);
	stream_finish(same.to, NULL, NULL);
	loop_run(l);
	ok(c.sum == same.sum, "in order");
	start(&c, "cat", NULL);
	stream_write_calm(c.to, "a", 1);
	stream_close(c.to);
	is_int(loop_run(l), 0, "closed while it lingers");
	end();
}

/* The first of several that hear something closes them all. */
static struct cat group[5];
static int group_calls;

static void
close_all(void *arg, const char *bytes, size_t len)
{
	int i;

	(void)arg;
	(void)bytes;
	(void)len;
	group_calls++;
	for (i = 0; i < 5; i++) {
		stream_close(group[i].from);
		stream_close(group[i].to);
	}
}

static void
on_group_end(void *arg, struct proc_end how)
{
	(void)how;
	if (++*(int *)arg == 5)
		timer_stop(&guard);
}

static void
test_close_in_callback(void)
{
	char *argv[] = {self, "cat", NULL};
	struct proc_spec spec = {
	    .argv = argv, .in = {PROC_PIPE, 0}, .out = {PROC_PIPE, 0}};
	int i, ended = 0;

	begin();
	for (i = 0; i < 5; i++) {
		proc_start(&group[i].proc, &spec, NULL);
		group[i].to = stream_writer(l, group[i].proc.in, NULL, NULL);
		group[i].from =
		    stream_reader(l, group[i].proc.out, close_all, NULL);
		loop_child(l, &group[i].proc, on_group_end, &ended);
		stream_write(group[i].to, "x", 1);
	}
	is_int(loop_run(l), 0, "a callback closes all streams");
	is_int(group_calls, 1, "the closed ones are not called");
	end();
}

static void
test_regular_file(const char *dir)
{
	struct buf path = BUF_INIT;
	struct cat c = {.ends = 0};
	os_file f;

	buf_setf(&path, "%s/regular", dir);
	file_replace(path.data, "0123456789", 10, 0600, false, NULL);
	begin();
	timer_stop(&guard);
	f = file_open(path.data, FILE_READ, 0, NULL);
	c.from = stream_reader(l, f, on_bytes, &c);
	is_int(loop_run(l), 0, "reads a regular file");
	ok(c.heard == 10 && c.ends == 1, "to its end");
	f = file_open(path.data, FILE_WRITE | FILE_TRUNC, 0, NULL);
	c.to = stream_writer(l, f, on_gone, &c);
	stream_write(c.to, "abc", 3);
	loop_run(l);
	stream_close(c.to);
	struct buf got = BUF_INIT;
	file_read_all(path.data, &got, NULL);
	is_str(got.data, "abc", "writes one");
	buf_release(&got);
	buf_release(&path);
	end();
}

/* ---- watches ---- */

struct scene {
	struct timer timer;
	struct watch *watch;
	struct buf path, dir;
	os_file held; /* the old file lives on after it was replaced */
	int step, calls;
};

enum { SCENE_STEPS = 9 };

/* One change after the other, each only when the one before was told of. */
static void
next_step(void *arg)
{
	struct scene *s = arg;
	os_file f;

	switch (s->step) {
	case 0:
		dir_make(s->dir.data, 0700, NULL);
		break;
	case 1:
		file_replace(s->path.data, "a", 1, 0600, false, NULL);
		break;
	case 2:
	case 4:
	case 7:
		f = file_open(s->path.data, FILE_APPEND, 0, NULL);
		file_write(f, "more", 4);
		file_close(f);
		break;
	case 3:
	case 6:
#ifndef _WIN32 /* Wine, like old Windows, would not replace it then */
		s->held = file_open(s->path.data, FILE_READ, 0, NULL);
#endif
		file_replace(s->path.data, "other", 5, 0600, false, NULL);
		break;
	case 5:
		file_remove(s->path.data, NULL);
		break;
	case 8:
		dir_remove_tree(s->dir.data, NULL);
		break;
	default:
		watch_stop(s->watch);
		timer_stop(&guard);
		return;
	}
	if (s->step == 5) {
		file_close(s->held);
		s->held = OS_NO_FILE;
	}
	s->step++;
	/* The making of the directory need not be told. */
	if (s->step == 1)
		timer_set(l, &s->timer, 50, next_step, s);
}

static void
on_change(void *arg)
{
	struct scene *s = arg;

	s->calls++;
	if (s->step != 1 && !timer_is_set(&s->timer))
		timer_set(l, &s->timer, 0, next_step, s);
}

static void
test_watch(const char *dir)
{
	struct scene s = {
	    .path = BUF_INIT, .dir = BUF_INIT, .held = OS_NO_FILE};
	int64_t start_ms = clock_mono_ms();

	buf_setf(&s.dir, "%s/to-be", dir);
	buf_setf(&s.path, "%s/to-be/file", dir);
	begin();
	s.watch = watch_path(l, s.path.data, on_change, &s);
	is_int(loop_run(l), 0, "a file made, written, replaced, removed");
	is_int(s.step, SCENE_STEPS, "each change is told");
	ok(clock_mono_ms() - start_ms < 3000, "soon");
	end();
	buf_release(&s.path);
	buf_release(&s.dir);
}

static void
on_name(void *arg)
{
	struct scene *s = arg;
	struct buf p = BUF_INIT;

	if (++s->calls == 3) {
		dir_remove_tree(s->path.data, NULL);
	} else if (s->calls == 4) {
		dir_make(s->path.data, 0700, NULL);
	} else if (s->calls == 7) {
		watch_stop(s->watch);
		timer_stop(&guard);
	} else {
		buf_setf(&p, "%s/name%d", s->path.data, s->calls);
		file_replace(p.data, "", 0, 0600, false, NULL);
		buf_release(&p);
	}
}

static void
test_watch_dir(const char *dir)
{
	struct scene s = {.path = BUF_INIT};

	buf_setf(&s.path, "%s/names", dir);
	dir_make(s.path.data, 0700, NULL);
	begin();
	s.watch = watch_path(l, s.path.data, on_name, &s);
	is_int(loop_run(l), 0, "names in a directory, itself removed and made");
	end();
	buf_release(&s.path);
}

static int thousand_calls;

static void
on_one_of_thousand(void *arg)
{
	(void)arg;
	thousand_calls++;
}

static void
write_one(void *arg)
{
	struct buf *path = arg;

	thousand_calls = 0;
	file_replace(path->data, "x", 1, 0600, false, NULL);
}

static void
test_many_watches(const char *dir)
{
	struct watch *w[1000];
	struct timer write = TIMER_INIT, finish = TIMER_INIT;
	struct buf path = BUF_INIT;
	int i;

	begin();
	for (i = 0; i < 1000; i++) {
		buf_setf(&path, "%s/%d", dir, i);
		w[i] = watch_path(l, path.data, on_one_of_thousand, NULL);
	}
	timer_set(l, &write, 100, write_one, &path);
	timer_set(l, &finish, 400, stop, NULL);
	loop_run(l);
	ok(thousand_calls >= 1 && thousand_calls <= 20,
	    "one of a thousand watches is called");
	for (i = 0; i < 1000; i += 2)
		watch_stop(w[i]);
	watch_stop(NULL);
	buf_release(&path);
	end();
}

/* ---- the rest ---- */

static void
test_stop(void)
{
	struct timer t = TIMER_INIT;

	begin();
	timer_stop(&guard);
	is_int(loop_run(l), 0, "nothing to do");
	timer_set(l, &t, 0, stop, (void *)(intptr_t)42);
	is_int(loop_run(l), 42, "the code it was stopped with");
	end();
}

static int
child(int argc, char **argv)
{
	char bytes[4096];
	int64_t n;

	if (argc == 3)
		return (int)strtol(argv[2], NULL, 10);
	while ((n = file_read(sys_stdin(), bytes, sizeof(bytes))) > 0)
		file_write(sys_stdout(), bytes, (size_t)n);
	return 0;
}

int
nni_main(int argc, char **argv)
{
	struct buf dir = BUF_INIT;

	if (argc > 1)
		return child(argc, argv);
	self = (char *)sys_self_path();
	buf_setf(&dir, "%s/nni-loop-%" PRId64, sys_temp(), proc_self_pid());
	dir_make(dir.data, 0700, NULL);
	test_stop();
	test_timer_order();
	test_many_timers();
	test_both_ways();
	test_many_children();
	test_late_child();
	test_gone();
	test_rounds();
	test_pause();
	test_drain();
	test_calm();
	test_close_in_callback();
	test_regular_file(dir.data);
	test_watch(dir.data);
	test_watch_dir(dir.data);
	test_many_watches(dir.data);
	dir_remove_tree(dir.data, NULL);
	buf_release(&dir);
	return done_testing();
}
