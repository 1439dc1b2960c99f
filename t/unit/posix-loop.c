/*
 * What only POSIX has of loop.h: signals, and standard streams that are shared.
 * This program is its own child: `posix-loop MODE`.
 */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>
#include "os/loop.h"
#include "os/sys.h"
#include "tap.h"

static char *self;
static struct loop *l;
static struct timer guard = TIMER_INIT;

static void
stop(void *arg)
{
	loop_stop(l, (int)(intptr_t)arg);
}

static void
begin(void)
{
	l = loop_new();
	timer_set(l, &guard, 20000, stop, (void *)99);
}

static void
end(void)
{
	timer_stop(&guard);
	loop_free(l);
}

/* ---- the child ---- */

/* Writes a megabyte to its shared standard output; 0 if that stayed blocking
   and yet never held up the loop. */
static int max_late;

static void
measure(const struct timer *t)
{
	int late = (int)(clock_mono_ms() - t->due_ms);

	if (late > max_late)
		max_late = late;
}

static void
tick(void *arg)
{
	struct timer *t = arg;

	measure(t);
	timer_set(l, t, 5, tick, t);
}

static int
talk(void)
{
	struct timer t = TIMER_INIT;
	static char big[1000000];
	struct stream *s;
	int flags, code;

	begin();
	s = stream_writer(l, sys_stdout(), stop, (void *)7);
	stream_write(s, big, sizeof(big));
	stream_finish(s, stop, (void *)0);
	timer_set(l, &t, 5, tick, &t);
	code = loop_run(l);
	flags = fcntl(1, F_GETFL);
	measure(&t);
	timer_stop(&t);
	end();
	if (code != 0)
		return code;
	return flags & O_NONBLOCK ? 1 : max_late > 200 ? 2 : 0;
}

/* Waits, with nothing to write, for its reader to vanish. */
static int
idle(void)
{
	int code;

	begin();
	stream_writer(l, sys_stdout(), stop, (void *)7);
	code = loop_run(l);
	end();
	return code;
}

static size_t heard;

static void
on_input(void *arg, const char *bytes, size_t len)
{
	(void)arg;
	(void)bytes;
	heard += len;
	if (len == 0)
		loop_stop(l, (int)heard);
}

static int
listen_to_input(void)
{
	int code;

	begin();
	stream_reader(l, sys_stdin(), on_input, NULL);
	code = loop_run(l);
	end();
	return code;
}

static void
on_interrupt(void *arg, enum loop_interrupt what, int signal_number)
{
	(void)arg;
	loop_stop(l, (int)what * 40 + signal_number);
}

/* Its signal and a timer: what stops the loop last. */
static int
take(int sig, int64_t ms)
{
	struct timer t = TIMER_INIT;
	int code;

	begin();
	loop_interrupts(l, on_interrupt, NULL);
	raise(sig);
	timer_set(l, &t, ms, stop, (void *)98);
	code = loop_run(l);
	end();
	return code;
}

static int
child(const char *mode)
{
	if (!strcmp(mode, "talk"))
		return talk();
	if (!strcmp(mode, "idle"))
		return idle();
	if (!strcmp(mode, "listen"))
		return listen_to_input();
	if (!strcmp(mode, "die"))
		die_by_signal(SIGINT);
	if (!strcmp(mode, "cont"))
		return take(SIGCONT, 0);
	return take((int)strtol(mode, NULL, 10), 100);
}

/* ---- the parent ---- */

static void
start(struct proc *p, struct proc_spec *spec, const char *mode)
{
	char *argv[] = {self, (char *)mode, NULL};

	spec->argv = argv;
	if (proc_start(p, spec, NULL) != 0)
		ok(false, "starts itself");
}

static int
wait_for(struct proc *p)
{
	struct proc_end how;

	proc_wait(p, &how);
	proc_release(p);
	return how.signaled ? 1000 + how.code : how.code;
}

static int
run(struct proc_spec *spec, const char *mode)
{
	struct proc p;

	start(&p, spec, mode);
	return wait_for(&p);
}

static void
test_output(void)
{
	struct proc_spec spec = {.out = {PROC_PIPE, 0}};
	static char bytes[65536];
	int64_t n, all = 0;
	struct proc p;

	start(&p, &spec, "talk");
	poll(NULL, 0, 500); /* a slow reader */
	while ((n = file_read(p.out, bytes, sizeof(bytes))) > 0)
		all += n;
	is_int(all, 1000000, "all of it arrives through a slow pipe");
	is_int(wait_for(&p), 0, "which stays blocking, and blocks nobody");
	file_close(p.out);

	start(&p, &spec, "talk");
	file_read(p.out, bytes, 1);
	file_close(p.out);
	is_int(wait_for(&p), 7, "a reader that vanishes half-way");

	start(&p, &spec, "idle");
	file_close(p.out);
	is_int(wait_for(&p), 7, "a reader that vanishes when all is quiet");
}

static void
test_input(const char *temp)
{
	struct proc_spec spec = {.in = {PROC_NULL, 0}};
	os_file f;

	is_int(run(&spec, "listen"), 0, "no input");
	file_replace(temp, "12345", 5, 0600, false, NULL);
	f = file_open(temp, FILE_READ, 0, NULL);
	spec.in = (struct proc_stream){PROC_FILE, f};
	is_int(run(&spec, "listen"), 5, "a file");
	file_close(f);
	file_remove(temp, NULL);
}

static int
signaled(int sig)
{
	struct proc_spec spec = {.in = {PROC_NULL, 0}};
	char mode[8];

	snprintf(mode, sizeof(mode), "%d", sig);
	return run(&spec, mode);
}

static void
test_interrupts(void)
{
	struct proc_spec spec = {.in = {PROC_NULL, 0}};

	is_int(signaled(SIGINT), INTERRUPT_STOP * 40 + SIGINT, "SIGINT");
	is_int(signaled(SIGTERM), INTERRUPT_STOP * 40 + SIGTERM, "SIGTERM");
	is_int(signaled(SIGHUP), INTERRUPT_HANGUP * 40 + SIGHUP, "SIGHUP");
	is_int(
	    signaled(SIGWINCH), INTERRUPT_RESIZE * 40 + SIGWINCH, "SIGWINCH");
	is_int(run(&spec, "cont"), 98, "before timers");
	is_int(signaled(SIGUSR1), 1000 + SIGUSR1, "others are not ours");
	signal(SIGHUP, SIG_IGN);
	is_int(signaled(SIGHUP), 98, "nohup is obeyed");
	signal(SIGHUP, SIG_DFL);
	is_int(run(&spec, "die"), 1000 + SIGINT, "dies by a signal");
}

static void
on_end(void *arg, struct proc_end how)
{
	*(int *)arg = how.signaled ? 1000 + how.code : how.code;
	loop_stop(l, 0);
}

/* Another's child is not reaped; a forked child has signals of its own. */
static void
test_foreign_children(void)
{
	struct proc_spec spec = {.in = {PROC_NULL, 0}};
	int status = -1, code = -1;
	struct proc p;
	pid_t foreign = fork();

	if (foreign == 0)
		_exit(5);
	begin();
	start(&p, &spec, "listen");
	loop_child(l, &p, on_end, &code);
	is_int(loop_run(l), 0, "our child ends");
	is_int(code, 0, "as it should");
	ok(waitpid(foreign, &status, 0) == foreign && WEXITSTATUS(status) == 5,
	    "another's is left alone");
	foreign = fork();
	if (foreign == 0) {
		struct timer t = TIMER_INIT;
		l = loop_new();
		loop_interrupts(l, on_interrupt, NULL);
		raise(SIGTERM);
		timer_set(l, &t, 5000, stop, (void *)98);
		_exit(loop_run(l));
	}
	waitpid(foreign, &status, 0);
	is_int(WEXITSTATUS(status), SIGTERM, "a fork has its own signals");
	end();
}

int
nni_main(int argc, char **argv)
{
	struct buf temp = BUF_INIT;

	if (argc > 1)
		return child(argv[1]);
	self = (char *)sys_self_path();
	buf_setf(&temp, "%s/nni-ploop-%" PRId64, sys_temp(), proc_self_pid());
	test_output();
	test_input(temp.data);
	test_interrupts();
	test_foreign_children();
	buf_release(&temp);
	return done_testing();
}
