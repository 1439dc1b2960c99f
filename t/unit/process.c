/*
 * process.h.  This program is its own child: `process MODE ...`.
 */
#include <stdlib.h>
#include "os/process.h"
#include "os/sys.h"
#include "tap.h"

/* ---- the child ---- */

static int
child(int argc, char **argv)
{
	const char *mode = argv[1];
	char bytes[4096];
	int64_t n;
	int i;

	if (!strcmp(mode, "args")) {
		for (i = 2; i < argc; i++)
			file_write(sys_stdout(), argv[i], strlen(argv[i]) + 1);
	} else if (!strcmp(mode, "env")) {
		const char *v = env_get(argv[2]);
		v = v != NULL ? v : "(unset)";
		file_write(sys_stdout(), v, strlen(v));
	} else if (!strcmp(mode, "exit")) {
		return (int)strtol(argv[2], NULL, 10);
	} else if (!strcmp(mode, "cat")) {
		while ((n = file_read(sys_stdin(), bytes, sizeof(bytes))) > 0)
			file_write(sys_stdout(), bytes, (size_t)n);
	} else if (!strcmp(mode, "cwd")) {
		struct buf b = BUF_INIT;
		path_absolute("", NULL, &b, NULL);
		file_write(sys_stdout(), b.data, b.len);
		buf_release(&b);
	} else if (!strcmp(mode, "both")) {
		file_write(sys_stdout(), "o", 1);
		file_write(sys_stderr(), "e", 1);
	}
	return 0;
}

/* ---- the parent ---- */

static char *self;

/* Runs this program with up to three arguments; its output goes to `out`. */
static int
ask(struct proc_spec *spec, struct buf *out, const char *a, const char *b)
{
	char *argv[] = {self, (char *)a, (char *)b, NULL};
	struct proc_end end = {true, -1};

	spec->argv = argv;
	buf_clear(out);
	if (proc_run(spec, out, 20000, &end, NULL) != 0)
		return -1;
	return end.signaled ? 1000 + end.code : end.code;
}

/* Arguments arrive byte for byte, however they look to a shell or to Windows'
   own way of cutting command lines. */
static void
test_args(void)
{
	static const char *const args[] = {"", " ", "a b", "\"", "\\", "\\\"",
	    "a\\\\", "a\\ b\\", "\t\n", "$HOME `x`", "%PATH%", "*", "'",
	    "^&|<>", "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80", "--x=", ""};
	enum { COUNT = sizeof(args) / sizeof(args[0]) };
	char *argv[COUNT + 3];
	struct proc_spec spec = {.argv = argv};
	struct buf want = BUF_INIT, got = BUF_INIT;
	struct proc_end end;
	size_t i;

	argv[0] = self;
	argv[1] = "args";
	for (i = 0; i < COUNT; i++) {
		argv[i + 2] = (char *)args[i];
		buf_add(&want, args[i], strlen(args[i]) + 1);
	}
	argv[COUNT + 2] = NULL;
	ok(!proc_run(&spec, &got, 20000, &end, NULL) && got.len == want.len &&
		!memcmp(got.data, want.data, got.len),
	    "arguments arrive byte for byte");
	buf_release(&want);
	buf_release(&got);
}

/* Random ones of the characters that matter. */
static void
test_random_args(void)
{
	static const char chars[] = "\\\\\\\"\"\" \t\nab'%$";
	char texts[40][12];
	char *argv[43];
	struct proc_spec spec = {.argv = argv};
	struct buf want = BUF_INIT, got = BUF_INIT;
	struct proc_end end;
	unsigned seed = 1;
	int i, k, len;

	argv[0] = self;
	argv[1] = "args";
	for (i = 0; i < 40; i++) {
		len = i % 11;
		for (k = 0; k < len; k++) {
			seed = seed * 1103515245u + 12345u;
			texts[i][k] = chars[seed / 65536 % (sizeof(chars) - 1)];
		}
		texts[i][len] = '\0';
		argv[i + 2] = texts[i];
		buf_add(&want, texts[i], (size_t)len + 1);
	}
	argv[42] = NULL;
	ok(!proc_run(&spec, &got, 20000, &end, NULL) && got.len == want.len &&
		!memcmp(got.data, want.data, got.len),
	    "and so do random ones");
	buf_release(&want);
	buf_release(&got);
}

static void
test_env(void)
{
	static const char *const set[] = {"NNI_T=1=\xc3\xa4", NULL};
	static const char *const twice[] = {"NNI_T=1", "NNI_T=2", NULL};
	static const char *const unset[] = {"NNI_T", NULL};
	static const char *const empty[] = {"NNI_T=", NULL};
	static const char *const near_name[] = {"NNI=1", "NNI_T2=1", NULL};
	static const struct {
		const char *const *env;
		const char *want, *name;
	} cases[] = {
	    {NULL, "ours", "the environment is ours"},
	    {set, "1=\xc3\xa4", "a change"},
	    {twice, "2", "the later one wins"},
	    {unset, "(unset)", "one taken away"},
	    {empty, "", "one that is empty"},
	    {near_name, "ours", "names are whole"},
	};
	struct buf got = BUF_INIT;
	size_t i;

	env_set("NNI_T", "ours");
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct proc_spec spec = {.env = cases[i].env};
		ask(&spec, &got, "env", "NNI_T");
		is_str(got.data, cases[i].want, cases[i].name);
	}
	env_set("NNI_T", NULL);
	buf_release(&got);
}

static void
test_end(void)
{
	char *argv[] = {self, "cat", NULL};
	struct proc_spec spec = {.in = {PROC_NULL, 0}};
	struct buf out = BUF_INIT;
	struct proc_end end;
	struct proc p;

	is_int(ask(&spec, &out, "exit", "0"), 0, "exit 0");
	is_int(ask(&spec, &out, "exit", "77"), 77, "exit 77");
	spec = (struct proc_spec){.argv = argv, .in = {PROC_PIPE, 0}};
	ok(!proc_start(&p, &spec, NULL), "starts one to kill");
	ok(proc_start_time(p.pid) >= 0, "it has a start");
	is_int(
	    proc_start_time(p.pid), proc_start_time(p.pid), "always the same");
	ok(!proc_kill(&p, PROC_KILL) && !proc_wait(&p, &end), "kills it");
#ifndef _WIN32
	ok(end.signaled && !strcmp(proc_signal_name(end.code), "KILL"),
	    "says by what it died");
#endif
	proc_release(&p);
	ok(proc_kill(&p, PROC_TERM) != 0, "not again: it may be another now");
	file_close(p.in);
	buf_release(&out);
}

static void
test_streams(const char *temp)
{
	struct buf out = BUF_INIT, in_file = BUF_INIT, both = BUF_INIT;
	struct proc_spec spec = {.in = {PROC_NULL, 0}};
	os_file f;

	is_int(ask(&spec, &out, "cat", NULL), 0, "no input");
	is_int((int64_t)out.len, 0, "no output");
	file_replace(temp, "from a file", 11, 0600, false, NULL);
	f = file_open(temp, FILE_READ, 0, NULL);
	spec.in = (struct proc_stream){PROC_FILE, f};
	ask(&spec, &out, "cat", NULL);
	is_str(out.data, "from a file", "a file for input");
	file_close(f);
	f = file_open(temp, FILE_WRITE | FILE_APPEND | FILE_TRUNC, 0, NULL);
	spec = (struct proc_spec){.out = {PROC_FILE, f}, .err = {PROC_FILE, f}};
	char *argv[] = {self, "both", NULL};
	spec.argv = argv;
	struct proc p;
	struct proc_end end;
	ok(!proc_start(&p, &spec, NULL) && !proc_wait(&p, &end),
	    "two streams to one file");
	proc_release(&p);
	ok(!file_write(f, "!", 1), "which stays ours");
	file_close(f);
	file_read_all(temp, &both, NULL);
	is_str(both.data, "oe!", "in order");
	spec = (struct proc_spec){.argv = argv,
	    .out = {PROC_NULL, 0},
	    .err = {PROC_FILE, sys_stdout()}};
	file_remove(temp, NULL);
	buf_release(&out);
	buf_release(&in_file);
	buf_release(&both);
}

static void
cannot(
    struct proc_spec *spec, const char *name, const char *dir, const char *want)
{
	char *argv[] = {(char *)name, NULL};
	struct buf err = BUF_INIT;
	struct proc p;

	spec->argv = argv;
	spec->dir = dir;
	ok(proc_start(&p, spec, &err) == -1, name);
	is_str(err.data, want, "says why");
	ok(p.in == OS_NO_FILE && p.out == OS_NO_FILE, "leaves nothing open");
	buf_release(&err);
}

static void
test_failures(void)
{
	struct proc_spec spec = {.in = {PROC_PIPE, 0}, .out = {PROC_PIPE, 0}};
	struct buf want = BUF_INIT;

	cannot(&spec, "nni-no-such-program", NULL,
	    "cannot run 'nni-no-such-program': No such file or directory");
	ok(os_errno() == OS_NOT_FOUND, "kind of failure");
	cannot(&spec, "/nni/no/such", NULL,
	    "cannot run '/nni/no/such': No such file or directory");
	buf_setf(&want, "cannot run '%s': Permission denied", sys_temp());
#ifndef _WIN32
	cannot(&spec, sys_temp(), NULL, want.data);
	cannot(&spec, self, "/nni/no/dir",
	    "cannot enter directory '/nni/no/dir': No such file or directory");
#endif
	buf_release(&want);
}

static void
test_dir(void)
{
	struct buf want = BUF_INIT, got = BUF_INIT;
	struct proc_spec spec = {.dir = sys_temp()};

	path_real(sys_temp(), &want, NULL);
	ask(&spec, &got, "cwd", NULL);
	is_str(got.data, want.data, "runs in a directory");
	buf_release(&want);
	buf_release(&got);
}

static void
test_find(const char *temp)
{
	struct buf path = BUF_INIT, dir = BUF_INIT, dirs = BUF_INIT;
	char *old = strdup(env_get("PATH"));

	buf_setf(&dir, "%s-dir", temp);
	dir_make(dir.data, 0700, NULL);
#ifndef _WIN32
	buf_setf(&path, "%s/nni-x", dir.data);
	file_replace(path.data, "#!/bin/sh\n", 10, 0700, false, NULL);
	buf_setf(&path, "%s/nni-y", dir.data);
	file_replace(path.data, "", 0, 0600, false, NULL);
	buf_setf(&path, "%s/nni-z", dir.data);
	dir_make(path.data, 0700, NULL);
	buf_setf(&dirs, "/no::%s:/bin", dir.data);
	env_set("PATH", dirs.data);
	buf_setf(&dirs, "%s/nni-x", dir.data);
	ok(!proc_find("nni-x", NULL, &path) && !strcmp(path.data, dirs.data),
	    "finds a program");
	ok(proc_find("nni-y", NULL, &path) != 0 && os_errno() == OS_DENIED,
	    "not a file that cannot run");
	ok(proc_find("nni-z", NULL, &path) != 0, "nor a directory");
	env_set("PATH", ":.");
	ok(proc_find("t/run", NULL, &path) == 0 || os_errno() == OS_NOT_FOUND,
	    "a path is taken as it is");
	ok(proc_find("nni-x", NULL, &path) != 0 && os_errno() == OS_NOT_FOUND,
	    "nor what is not there");
#endif
	env_set("PATH", old);
	free(old);
	dir_remove_tree(dir.data, NULL);
	ok(proc_find("", NULL, &path) != 0, "the empty name");
	buf_release(&path);
	buf_release(&dir);
	buf_release(&dirs);
}

static void
test_run_limits(void)
{
	struct buf out = BUF_INIT_MAX(10), err = BUF_INIT;
	char *sleeper[] = {self, "cat", NULL};
	char *talker[] = {self, "args", "more than ten bytes", NULL};
	struct proc_spec spec = {.argv = talker};
	struct proc_end end;
	struct proc holder;
	int64_t start = clock_mono_ms();

	ok(proc_run(&spec, &out, 20000, &end, &err) != 0 &&
		strstr(err.data, "too long") != NULL,
	    "its output has a limit");
	/* Its input never ends: a pipe that we hold. */
	spec = (struct proc_spec){
	    .argv = sleeper, .in = {PROC_PIPE, 0}, .out = {PROC_PIPE, 0}};
	proc_start(&holder, &spec, NULL);
	spec =
	    (struct proc_spec){.argv = sleeper, .in = {PROC_FILE, holder.out}};
	ok(proc_run(&spec, &out, 50, &end, &err) != 0 &&
		strstr(err.data, "timed out") != NULL,
	    "its time has one");
	ok(clock_mono_ms() - start < 10000, "which is kept");
	file_close(holder.in);
	file_close(holder.out);
	proc_wait(&holder, &end);
	proc_release(&holder);
	buf_release(&out);
	buf_release(&err);
}

/* All alive at once, each with a pipe of its own. */
static void
test_many(void)
{
	enum { COUNT = 300 };
	char *argv[] = {self, "cat", NULL};
	struct proc_spec spec = {
	    .argv = argv, .in = {PROC_PIPE, 0}, .out = {PROC_PIPE, 0}};
	struct proc *p = calloc(COUNT, sizeof(*p));
	int started = 0, heard = 0, ended = 0, i;
	struct proc_end end;
	char byte;

	for (i = 0; i < COUNT; i++)
		started += proc_start(&p[i], &spec, NULL) == 0;
	for (i = 0; i < COUNT; i++) {
		byte = (char)i;
		file_write(p[i].in, &byte, 1);
	}
	for (i = 0; i < COUNT; i++) {
		heard += file_read(p[i].out, &byte, 1) == 1 && byte == (char)i;
		file_close(p[i].in);
		/* The end shows only if no other child has this pipe too. */
		heard += file_read(p[i].out, &byte, 1) == 0;
		file_close(p[i].out);
	}
	for (i = 0; i < COUNT; i++) {
		ended += !proc_wait(&p[i], &end) && !end.signaled && !end.code;
		proc_release(&p[i]);
	}
	is_int(started, COUNT, "300 at once");
	is_int(heard, 2 * COUNT, "all hear and answer");
	is_int(ended, COUNT, "all end");
	free(p);
}

int
nni_main(int argc, char **argv)
{
	struct buf temp = BUF_INIT;

	if (argc > 1)
		return child(argc, argv);
	self = (char *)sys_self_path();
	buf_setf(&temp, "%s/nni-process-%" PRId64, sys_temp(), proc_self_pid());
	test_args();
	test_random_args();
	test_env();
	test_end();
	test_streams(temp.data);
	test_failures();
	test_dir();
	test_find(temp.data);
	test_run_limits();
	test_many();
	ok(proc_start_time(proc_self_pid()) >= 0, "we have a start ourselves");
	is_int(proc_start_time(0x7ffffff0), -1, "no such process");
	buf_release(&temp);
	return done_testing();
}
