/*
 * What a program finds when it starts on POSIX: descriptors, signals, groups.
 * This program is its own child: `posix-process MODE`; it answers with its exit
 * code.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>
#include "os/process.h"
#include "os/sys.h"
#include "tap.h"

static char *self;

static int
count_open(void)
{
	int fd, n = 0;

	for (fd = 3; fd < 1000; fd++)
		n += fcntl(fd, F_GETFD) != -1;
	return n;
}

static bool
is_ignored(int sig)
{
	struct sigaction now;

	sigaction(sig, NULL, &now);
	return now.sa_handler == SIG_IGN;
}

/* Runs this program; the exit code, 1000 + signal, or -1. */
static int
run(struct proc_spec *spec, const char *mode)
{
	char *argv[] = {self, (char *)mode, NULL};
	struct proc_end end;
	struct proc p;

	spec->argv = argv;
	if (proc_start(&p, spec, NULL) != 0 || proc_wait(&p, &end) != 0)
		return -1;
	proc_release(&p);
	return end.signaled ? 1000 + end.code : end.code;
}

/* Whatever main() makes of the state that it was started in. */
static int
child(const char *mode)
{
	struct proc_spec plain = {.in = {PROC_INHERIT, 0}};
	os_file f;

	if (!strcmp(mode, "fds"))
		return count_open();
	if (!strcmp(mode, "outer"))
		return count_open() > 0 ? run(&plain, "fds") : 99;
	if (!strcmp(mode, "streams")) {
		f = file_open("/dev/null", FILE_READ, 0, NULL);
		return f > 2 ? 0 : 1;
	}
	if (!strcmp(mode, "term"))
		raise(SIGTERM);
	if (!strcmp(mode, "group"))
		return getpgrp() == getpid() ? 1 : 0;
	if (!strcmp(mode, "session"))
		return getsid(0) == getpid() ? 1 : 0;
	if (!strcmp(mode, "swap")) {
		file_write(sys_stdout(), "o", 1);
		file_write(sys_stderr(), "e", 1);
	}
	return 0;
}

static void
test_descriptors(void)
{
	struct proc_spec spec = {.in = {PROC_PIPE, 0}};
	int kept[20], i, status = -1;
	pid_t pid;

	for (i = 0; i < 20; i++)
		kept[i] = (int)file_open("/dev/null", FILE_READ, 0, NULL);
	is_int(run(&spec, "fds"), 0, "a child has no descriptor of ours");
	for (i = 0; i < 20; i++)
		close(kept[i]);
	pid = fork();
	if (pid == 0) {
		dup2(0, 9);
		dup2(0, 300);
		execl(self, self, "outer", (char *)0);
		_exit(98);
	}
	waitpid(pid, &status, 0);
	is_int(status, 0, "nor one that we inherited ourselves");
	pid = fork();
	if (pid == 0) {
		close(0);
		close(1);
		close(2);
		execl(self, self, "streams", (char *)0);
		_exit(98);
	}
	waitpid(pid, &status, 0);
	is_int(status, 0, "closed standard streams are made up");
}

/* `sh -c` tells, since our own main() would put things right. */
static int
shell(const char *script)
{
	char *argv[] = {"/bin/sh", "-c", (char *)script, NULL};
	struct proc_spec spec = {.argv = argv, .err = {PROC_NULL, 0}};
	struct proc_end end;
	struct proc p;

	if (proc_start(&p, &spec, NULL) != 0 || proc_wait(&p, &end) != 0)
		return -1;
	proc_release(&p);
	return end.signaled ? 1000 + end.code : end.code;
}

static void
test_signals(void)
{
	struct proc_spec spec = {.in = {PROC_NULL, 0}};
	sigset_t set, now;

	ok(is_ignored(SIGPIPE), "we ignore SIGPIPE");
	is_int(shell("kill -PIPE $$; exit 3"), 1000 + SIGPIPE,
	    "our children do not");
	ok(is_ignored(SIGXFSZ), "we ignore SIGXFSZ");
	is_int(shell("kill -XFSZ $$; exit 3"), 1000 + SIGXFSZ,
	    "our children do not");
	signal(SIGUSR1, SIG_IGN);
	is_int(shell("kill -USR1 $$; exit 3"), 3,
	    "what was ignored otherwise stays so");
	signal(SIGUSR1, SIG_DFL);
	is_int(run(&spec, "term"), 1000 + SIGTERM, "the end by a signal");
	sigemptyset(&set);
	sigaddset(&set, SIGUSR2);
	sigprocmask(SIG_BLOCK, &set, NULL);
	shell("true");
	sigprocmask(SIG_BLOCK, NULL, &now);
	ok(sigismember(&now, SIGUSR2) && !sigismember(&now, SIGTERM),
	    "our mask is as it was");
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	is_int(shell("kill -TERM $$; exit 3"), 1000 + SIGTERM,
	    "nothing is left blocked in the child");
	is_str(proc_signal_name(SIGKILL), "KILL", "a signal's name");
	is_str(proc_signal_name(63), "63", "one without");
}

static void
test_groups(void)
{
	struct proc_spec spec = {.in = {PROC_NULL, 0}};

	is_int(run(&spec, "group"), 0, "our group");
	spec.own_group = true;
	is_int(run(&spec, "group"), 1, "its own");
	is_int(run(&spec, "session"), 0, "our session");
	spec.detached = true;
	is_int(run(&spec, "session"), 1, "its own");
}

static void
test_swapped(void)
{
	int out[2], err[2], kept_out, kept_err;
	char o = 0, e = 0;
	struct proc_spec spec = {.out = {PROC_FILE, 2}, .err = {PROC_FILE, 1}};

	pipe(out);
	pipe(err);
	fflush(stdout);
	kept_out = fcntl(1, F_DUPFD_CLOEXEC, 10);
	kept_err = fcntl(2, F_DUPFD_CLOEXEC, 10);
	dup2(out[1], 1);
	dup2(err[1], 2);
	run(&spec, "swap");
	dup2(kept_out, 1);
	dup2(kept_err, 2);
	close(out[1]);
	close(err[1]);
	ok(read(out[0], &o, 1) == 1 && read(err[0], &e, 1) == 1 && o == 'e' &&
		e == 'o',
	    "standard streams given in each other's place");
	close(out[0]);
	close(err[0]);
	close(kept_out);
	close(kept_err);
}

static void
test_interpreter(void)
{
	struct buf path = BUF_INIT, err = BUF_INIT;
	char *argv[2] = {NULL, NULL};
	struct proc_spec spec = {.argv = argv};
	struct proc p;

	buf_setf(&path, "%s/nni-script-%" PRId64, sys_temp(), proc_self_pid());
	file_replace(path.data, "#!/nni/no/sh\n", 13, 0700, false, NULL);
	argv[0] = path.data;
	ok(proc_start(&p, &spec, &err) != 0 &&
		strstr(err.data, "interpreter") != NULL,
	    "says what does not exist");
	file_replace(path.data, "garbage\n", 8, 0700, false, NULL);
	ok(proc_start(&p, &spec, &err) != 0, "no program at all");
	file_remove(path.data, NULL);
	buf_release(&path);
	buf_release(&err);
}

/* The directory, ending in `end`, of the nni-x that a program in `in` gets. */
static bool
found_in(const char *dirs, const char *in, const char *end)
{
	struct buf path = BUF_INIT;
	bool found;

	env_set("PATH", dirs);
	found = proc_find("nni-x", in, &path) == 0;
	if (found)
		buf_cut(&path, path.len - strlen("/nni-x"));
	found = found && path.len >= strlen(end) &&
		!strcmp(path.data + path.len - strlen(end), end);
	buf_release(&path);
	return found;
}

static void
test_here(void)
{
	struct buf dir = BUF_INIT, path = BUF_INIT;
	char here[] = "nni-x";
	char *argv[] = {here, NULL};
	struct proc_spec spec = {.argv = argv};
	struct proc_end end;

	buf_setf(&dir, "%s/nni-here-%" PRId64, sys_temp(), proc_self_pid());
	dir_make(dir.data, 0700, NULL);
	buf_setf(&path, "%s/here", dir.data);
	dir_make(path.data, 0700, NULL);
	buf_setf(&path, "%s/here/nni-x", dir.data);
	file_replace(path.data, "#!/bin/sh\nexit 3", 16, 0700, false, NULL);
	buf_setf(&path, "%s/nni-x", dir.data);
	file_replace(path.data, "#!/bin/sh\nexit 4", 16, 0700, false, NULL);
	ok(chdir(dir.data) == 0, "goes where a program is");
	buf_setf(&path, "%s/here", dir.data);
	ok(found_in(dir.data, path.data, dir.data), "by PATH");
	ok(found_in(".", NULL, dir.data), "here, by \".\"");
	ok(found_in(":/no", NULL, dir.data), "by an empty entry in front");
	ok(found_in("/no::/bin", NULL, dir.data), "between others");
	ok(found_in("/no:", NULL, dir.data), "and behind");
	ok(found_in("", NULL, dir.data), "by an empty PATH");
	ok(found_in("here", NULL, "/here"), "by a relative one");
	ok(found_in(".", path.data, "/here"), "where the program will run");
	ok(found_in("..", path.data, dir.data), "relative to there");
	buf_setf(&path, "%s:.", dir.data);
	spec.dir = "here";
	ok(found_in(path.data, "here", dir.data), "in their order");
	ok(!proc_run(&spec, &path, 0, &end, NULL) && end.code == 4,
	    "in which it is started");
	buf_setf(&path, ":%s", dir.data);
	ok(found_in(path.data, "here", "/here"), "the other way round");
	ok(!proc_run(&spec, &path, 0, &end, NULL) && end.code == 3,
	    "in which it is started");
	env_set("PATH", NULL);
	argv[0] = (char *)"true";
	ok(proc_find("sh", NULL, &path) == 0, "without a PATH, the standard's");
	ok(!proc_run(&spec, &path, 0, &end, NULL) && end.code == 0,
	    "is used to start one");
	ok(strchr(sys_default_path(), '/') != NULL, "which has directories");
	ok(chdir("/") == 0, "goes away");
	dir_remove_tree(dir.data, NULL);
	buf_release(&dir);
	buf_release(&path);
}

static void
test_start_time(void)
{
#if defined(__linux__) && !defined(NNI_PORTABLE)
	char *argv[] = {self, "fds", NULL};
	struct proc_spec spec = {.argv = argv};
	struct proc_end end;
	struct proc p;

	proc_start(&p, &spec, NULL);
	ok(proc_start_time(p.pid) >= proc_start_time(proc_self_pid()) &&
		proc_start_time(proc_self_pid()) > proc_start_time(1),
	    "started in this order");
	proc_wait(&p, &end);
	is_int(proc_start_time(p.pid), -1, "gone");
	proc_release(&p);
#else
	skip("only Linux tells", "started in this order");
#endif
}

int
nni_main(int argc, char **argv)
{
	self = (char *)sys_self_path();
	if (argc > 1)
		return child(argv[1]);
	test_descriptors();
	test_signals();
	test_groups();
	test_swapped();
	test_interpreter();
	test_start_time();
	test_here();
	return done_testing();
}
