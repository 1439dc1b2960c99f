/* The loop on handles that we did not make: a parent's pipes as stdin, stdout.
 */
#include <stdlib.h>
#include "os/loop.h"
#include "os/process.h"
#include "os/sys.h"
#include "tap.h"

static char self[4096];

/* ---- the child ---- */

static struct loop *l;

static void
on_gone(void *arg)
{
	(void)arg;
	loop_stop(l, 7);
}

static void
on_done(void *arg)
{
	(void)arg;
	loop_stop(l, 0);
}

static void
on_bytes(void *arg, const char *bytes, size_t len)
{
	struct stream *to = arg;

	if (len > 0)
		stream_write(to, bytes, len);
	else
		stream_finish(to, on_done, NULL);
}

static void
too_late(void *arg)
{
	(void)arg;
	loop_stop(l, 9);
}

/* cat: stdin to stdout; stdout's reader gone: 7. */
static int
child(void)
{
	struct timer guard = TIMER_INIT;
	struct stream *to;
	int code;

	l = loop_new();
	timer_set(l, &guard, 20000, too_late, NULL);
	to = stream_writer(l, sys_stdout(), on_gone, NULL);
	stream_reader(l, sys_stdin(), on_bytes, to);
	code = loop_run(l);
	loop_free(l);
	return code;
}

/* ---- the parent ---- */

static void
start(struct proc *p)
{
	char word[] = "cat";
	char *argv[] = {self, word, NULL};
	struct proc_spec spec = {
	    .argv = argv, .in = {PROC_PIPE, 0}, .out = {PROC_PIPE, 0}};
	struct buf err = BUF_INIT;

	ok(proc_start(p, &spec, &err) == 0, "a child with our pipes");
	buf_release(&err);
}

static void
test_gone(void)
{
	struct proc_end end;
	struct proc p;

	start(&p);
	file_close(p.out);
	ok(proc_wait(&p, &end) == 0, "ends");
	is_int(end.code, 7, "since nobody reads, with nothing to write");
	file_close(p.in);
}

static void
test_blocked(void)
{
	static char block[1 << 20];
	struct proc_end end;
	struct proc p;
	int64_t got = 0, n;

	start(&p);
	/* More than all pipes take: it must read on while its writing waits. */
	ok(file_write(p.in, block, sizeof(block)) == 0,
	    "reads while nobody reads what it writes");
	file_close(p.in);
	while ((n = file_read(p.out, block, sizeof(block))) > 0)
		got += n;
	is_int(got, sizeof(block), "and loses nothing");
	file_close(p.out);
	proc_wait(&p, &end);
}

static void
test_gone_while_blocked(void)
{
	static char block[1 << 20];
	struct proc_end end;
	struct proc p;

	start(&p);
	file_write(p.in, block, sizeof(block));
	file_close(p.out);
	proc_wait(&p, &end);
	is_int(end.code, 7, "nobody reads, with much to write");
	file_close(p.in);
}

int
nni_main(int argc, char **argv)
{
	(void)argv;
	snprintf(self, sizeof(self), "%s", sys_self_path());
	if (argc > 1)
		return child();
	test_gone();
	test_blocked();
	test_gone_while_blocked();
	return done_testing();
}
