/*
 * Starting programs on POSIX.
 *
 * On Linux by vfork(), which costs the same however large this process is, and
 * whose child tells by shared memory why it could not exec; elsewhere by
 * fork(), and the child tells by a pipe that a successful exec closes.  Either
 * way the exact reason reaches the caller.  All signals are blocked meanwhile,
 * and the child puts them back to what our own parent gave us before it lets
 * any through.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "../mem.h"
#include "../quote.h"
#include "posix.h"
#include "process.h"
#include "sys.h"

extern char **environ;

enum {
	IO_KEEP = -1, /* ours */
	IO_NULL = -2  /* the null device; the child opens it */
};

/* All that the child needs, made ready before it exists: between fork and exec
   only async-signal-safe calls are allowed. */
struct launch {
	const char *path;
	struct buf found; /* where it was found in PATH */
	char *const *argv;
	char *shell[4]; /* argv of a command line */
	char *const *env;
	const char *dir;
	int io[3]; /* what becomes 0, 1, 2: a descriptor or one of these */
	bool own_group, own_session;
	sigset_t mask;
	/* The child's answer. */
	volatile bool in_dir; /* it was chdir() that failed */
	volatile int error;
};

int
fd_nonblock(int fd)
{
	int flags = fcntl(fd, F_GETFL);

	return flags < 0 ? -1 : fcntl(fd, F_SETFL, flags | O_NONBLOCK);
}

int
fd_pipe(int ends[2])
{
	int i, up;

#ifdef NNI_LINUX
	if (pipe2(ends, O_CLOEXEC) != 0)
		return -1;
#else
	/* No other thread forks between these. */
	if (pipe(ends) != 0)
		return -1;
	fcntl(ends[0], F_SETFD, FD_CLOEXEC);
	fcntl(ends[1], F_SETFD, FD_CLOEXEC);
#endif
	for (i = 0; i < 2; i++) {
		if (ends[i] > 2)
			continue;
		up = fcntl(ends[i], F_DUPFD_CLOEXEC, 3);
		close(ends[i]);
		ends[i] = up;
	}
	if (ends[0] >= 0 && ends[1] >= 0)
		return 0;
	close(ends[0]);
	close(ends[1]);
	return -1;
}

/* ---- the child ---- */

/* dup2() in an order in which nothing needed is overwritten. */
static int
place_streams(const struct launch *l)
{
	int io[3], i;

	for (i = 0; i < 3; i++) {
		io[i] = l->io[i];
		if (io[i] == IO_KEEP)
			continue;
		if (io[i] == IO_NULL)
			io[i] = open("/dev/null", O_RDWR | O_CLOEXEC);
		if (io[i] >= 0 && io[i] <= 2 && io[i] != i)
			io[i] = fcntl(io[i], F_DUPFD_CLOEXEC, 3);
		if (io[i] < 0)
			return -1;
	}
	for (i = 0; i < 3; i++) {
		if (io[i] == i)
			fcntl(i, F_SETFD, 0);
		else if (io[i] >= 0 && dup2(io[i], i) < 0)
			return -1;
	}
	return 0;
}

/* Returns only if it failed, with errno. */
static void
become(struct launch *l)
{
	if (l->own_session)
		setsid();
	else if (l->own_group)
		setpgid(0, 0);
	if (place_streams(l) != 0)
		return;
	if (l->dir != NULL && chdir(l->dir) != 0) {
		l->in_dir = true;
		return;
	}
	signals_reset();
	sigprocmask(SIG_SETMASK, &l->mask, NULL);
	execve(l->path, l->argv, l->env);
}

#ifdef NNI_LINUX

static pid_t
launch(struct launch *l)
{
	pid_t pid = vfork();

	if (pid == 0) {
		become(l);
		l->error = errno;
		_exit(127);
	}
	return pid;
}

#else

static void
tell_failure(const struct launch *l, int fd)
{
	int told[2] = {l->error, l->in_dir};

	/* Less than PIPE_BUF: all or nothing. */
	if (write(fd, told, sizeof(told)) < 0)
		_exit(126);
	_exit(127);
}

static void
hear_failure(struct launch *l, int fd)
{
	int told[2];
	ssize_t n;

	do
		n = read(fd, told, sizeof(told));
	while (n < 0 && errno == EINTR);
	if (n == (ssize_t)sizeof(told)) {
		l->error = told[0];
		l->in_dir = told[1];
	}
}

static pid_t
launch(struct launch *l)
{
	int ends[2];
	pid_t pid;

	if (fd_pipe(ends) != 0)
		return -1;
	pid = fork();
	if (pid == 0) {
		become(l);
		l->error = errno;
		tell_failure(l, ends[1]);
	}
	int error = errno;
	close(ends[1]);
	if (pid > 0)
		hear_failure(l, ends[0]);
	close(ends[0]);
	errno = error;
	return pid;
}

#endif

/* ---- its environment ---- */

static bool
same_name(const char *entry, const char *change)
{
	size_t len = strcspn(change, "=");

	return strncmp(entry, change, len) == 0 && entry[len] == '=';
}

static bool
is_changed(const char *entry, const char *const *changes)
{
	for (; *changes != NULL; changes++) {
		if (same_name(entry, *changes))
			return true;
	}
	return false;
}

/* Our environment with the changes; a later one of a name wins. Only the array
   is the caller's to free; NULL where nothing changes. */
static char **
make_env(const char *const *changes)
{
	size_t n = 0, room = 1, i;
	char **env;

	if (changes == NULL || changes[0] == NULL)
		return NULL;
	while (environ != NULL && environ[room - 1] != NULL)
		room++;
	for (i = 0; changes[i] != NULL; i++)
		room++;
	env = xreallocarray(NULL, room, sizeof(*env));
	for (i = 0; environ != NULL && environ[i] != NULL; i++) {
		if (!is_changed(environ[i], changes))
			env[n++] = environ[i];
	}
	for (i = 0; changes[i] != NULL; i++) {
		if (strchr(changes[i], '=') != NULL &&
		    !is_changed(changes[i], changes + i + 1))
			env[n++] = (char *)changes[i];
	}
	env[n] = NULL;
	return env;
}

/* ---- its path ---- */

static int
is_program(const char *path)
{
	struct stat st;

	if (access(path, X_OK) != 0 || stat(path, &st) != 0)
		return -1;
	if (S_ISREG(st.st_mode))
		return 0;
	errno = EACCES;
	return -1;
}

/*
 * `dirs` as $PATH. An empty part is the current directory, as "." is; such ones
 * count from `base`, where the program will run.
 */
static int
find_in(const char *dirs, const char *base, const char *name, struct buf *path)
{
	int error = ENOENT;
	struct buf dir = BUF_INIT;
	size_t len;

	for (;; dirs += len + 1) {
		len = strcspn(dirs, ":");
		buf_clear(&dir);
		buf_add(&dir, dirs, len);
		/* It fails where the current directory has been removed. */
		if (path_absolute(dir.data, base, path, NULL) == 0) {
			path_add(path, name);
			if (is_program(path->data) == 0)
				error = 0;
			else if (errno == EACCES)
				error = EACCES; /* as execvp() says it */
		}
		if (error == 0 || dirs[len] == '\0')
			break;
	}
	buf_release(&dir);
	if (error == 0)
		return 0;
	errno = error;
	return os_failed();
}

static int
find_program(
    const char *name, const char *dirs, const char *base, struct buf *path)
{
	if (name[0] == '\0') {
		errno = ENOENT;
		return os_failed();
	}
	if (strchr(name, '/') != NULL) {
		buf_set(path, name);
		return is_program(name) == 0 ? 0 : os_failed();
	}
	return find_in(
	    dirs != NULL ? dirs : sys_default_path(), base, name, path);
}

int
proc_find(const char *name, const char *dir, struct buf *path)
{
	return find_program(name, getenv("PATH"), dir, path);
}

void
proc_quote(struct buf *to, const char *word)
{
	quote_sh(to, word);
}

/* The PATH that the child will have. */
static const char *
path_of_child(const char *const *changes)
{
	const char *dirs = getenv("PATH");

	for (; changes != NULL && *changes != NULL; changes++) {
		if (strcmp(*changes, "PATH") == 0)
			dirs = NULL;
		else if (same_name(*changes, "PATH"))
			dirs = *changes + strlen("PATH=");
	}
	return dirs;
}

/* ---- its streams ---- */

/* *child: what the child gets; *ours: our end of a pipe. 0 or -1 (errno). */
static int
open_stream(const struct proc_stream *s, int number, int *child, os_file *ours)
{
	int ends[2], mine = number == 0 ? 1 : 0;

	*child = IO_KEEP;
	*ours = OS_NO_FILE;
	switch (s->io) {
	case PROC_INHERIT:
		return 0;
	case PROC_FILE:
		*child = (int)s->file;
		return 0;
	case PROC_NULL:
		*child = IO_NULL;
		return 0;
	case PROC_PIPE:
		if (fd_pipe(ends) != 0)
			return -1;
		*ours = ends[mine];
		*child = ends[!mine];
		return 0;
	}
	return 0;
}

static void
forget_streams(struct proc *p)
{
	file_close(p->in);
	file_close(p->out);
	file_close(p->err);
	p->in = p->out = p->err = OS_NO_FILE;
}

/* ---- starting ---- */

static int
say_cannot_run(const struct launch *l, struct buf *err)
{
	const char *name = l->argv[0];

	os_failed();
	if (l->in_dir)
		return buf_err(err, "cannot enter directory '%s': %s", l->dir,
		    os_strerror());
	if (os_errno() == OS_NOT_FOUND && l->path[0] == '/' &&
	    access(l->path, F_OK) == 0)
		return buf_err(err,
		    "cannot run '%s': the interpreter that its first line "
		    "names does not exist",
		    name);
	return buf_err(err, "cannot run '%s': %s", name, os_strerror());
}

static int
launch_and_check(struct launch *l, struct proc *p)
{
	sigset_t all;
	pid_t pid;
	int error;

	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &l->mask);
	pid = launch(l);
	error = errno;
	sigprocmask(SIG_SETMASK, &l->mask, NULL);
	if (pid > 0 && l->error != 0) {
		waitpid(pid, NULL, 0);
		error = l->error;
	}
	errno = error;
	if (pid < 0 || l->error != 0)
		return -1;
	p->pid = pid;
	return 0;
}

/* argv and path; a user's own command line goes to a shell. 0 or -1 (errno). */
static int
choose_program(struct launch *l, const struct proc_spec *spec)
{
	static char bash[] = "bash", sh[] = "sh", c[] = "-c";
	const char *dirs = path_of_child(spec->env);

	l->argv = spec->argv;
	if (spec->argv == NULL) {
		l->shell[0] = bash;
		l->shell[1] = c;
		l->shell[2] = (char *)spec->command;
		l->argv = l->shell;
		if (find_program(bash, dirs, spec->dir, &l->found) == 0) {
			l->path = l->found.data;
			return 0;
		}
		l->shell[0] = sh;
	}
	l->path = l->argv[0];
	/* A relative path counts from spec->dir: exec itself looks for it. */
	if (strchr(l->path, '/') != NULL)
		return 0;
	if (find_program(l->path, dirs, spec->dir, &l->found) != 0)
		return -1;
	l->path = l->found.data;
	return 0;
}

/* With the program chosen and its streams open. 0 or -1 (errno). */
static int
start_chosen(struct launch *l, const struct proc_spec *spec, struct proc *p)
{
	char **env = make_env(spec->env);
	int rc, error;

	l->env = env != NULL ? env : environ;
	l->dir = spec->dir;
	l->own_group = spec->own_group;
	l->own_session = spec->detached;
	rc = launch_and_check(l, p);
	error = errno;
	free(env);
	errno = error;
	return rc;
}

int
proc_start(struct proc *p, const struct proc_spec *spec, struct buf *err)
{
	const struct proc_stream *streams[3] = {
	    &spec->in, &spec->out, &spec->err};
	os_file *ours[3] = {&p->in, &p->out, &p->err};
	struct launch l = {
	    .io = {IO_KEEP, IO_KEEP, IO_KEEP}, .found = BUF_INIT};
	int i, rc;

	*p = (struct proc){.handle = 0,
	    .in = OS_NO_FILE,
	    .out = OS_NO_FILE,
	    .err = OS_NO_FILE};
	rc = choose_program(&l, spec);
	for (i = 0; i < 3 && rc == 0; i++)
		rc = open_stream(streams[i], i, &l.io[i], ours[i]);
	if (rc == 0)
		rc = start_chosen(&l, spec, p);
	if (rc != 0)
		say_cannot_run(&l, err);
	for (i = 0; i < 3; i++) {
		if (streams[i]->io == PROC_PIPE && l.io[i] >= 0)
			close(l.io[i]);
	}
	if (rc != 0)
		forget_streams(p);
	buf_release(&l.found);
	return rc;
}

int
proc_become(const struct proc_spec *spec, struct buf *err)
{
	const struct proc_stream *streams[3] = {
	    &spec->in, &spec->out, &spec->err};
	struct launch l = {.found = BUF_INIT};
	os_file none;
	int i, rc = choose_program(&l, spec);
	char **env = make_env(spec->env);

	for (i = 0; i < 3 && rc == 0; i++)
		rc = open_stream(streams[i], i, &l.io[i], &none);
	l.env = env != NULL ? env : environ;
	l.dir = spec->dir;
	sigprocmask(SIG_SETMASK, NULL, &l.mask);
	if (rc == 0)
		become(&l);
	say_cannot_run(&l, err);
	free(env);
	buf_release(&l.found);
	return -1;
}

/* ---- afterwards ---- */

static struct proc_end
end_of(int status)
{
	if (WIFSIGNALED(status))
		return (struct proc_end){true, WTERMSIG(status)};
	return (struct proc_end){false, WEXITSTATUS(status)};
}

int
proc_reap(struct proc *p, bool wait, struct proc_end *end)
{
	int status;
	pid_t pid;

	do
		pid = waitpid((pid_t)p->pid, &status, wait ? 0 : WNOHANG);
	while (pid < 0 && errno == EINTR);
	if (pid < 0) { /* somebody else has waited for it */
		*end = (struct proc_end){.code = 255};
		return os_failed();
	}
	if (pid == 0)
		return 0;
	*end = end_of(status);
	p->handle = -1;
	return 1;
}

int
proc_wait(struct proc *p, struct proc_end *end)
{
	return proc_reap(p, true, end) == 1 ? 0 : -1;
}

int
proc_kill(struct proc *p, enum proc_signal sig)
{
	static const int numbers[] = {
	    [PROC_TERM] = SIGTERM, [PROC_KILL] = SIGKILL, [PROC_INT] = SIGINT};

	/* Once reaped, its pid may be somebody else's. */
	if (p->handle == -1 || p->pid <= 0) {
		errno = ESRCH;
		return os_failed();
	}
	return kill((pid_t)p->pid, numbers[sig]) == 0 ? 0 : os_failed();
}

void
proc_release(struct proc *p)
{
	p->handle = -1;
}

/* ---- short questions ---- */

static int
ms_left(int64_t deadline)
{
	int64_t left;

	if (deadline == 0)
		return -1;
	left = deadline - clock_mono_ms();
	return left <= 0 ? 0 : left > 60000 ? 60000 : (int)left;
}

/* Until its end; 0, or -1 with err. */
static int
gather(os_file f, struct buf *out, int64_t deadline, struct buf *err)
{
	struct pollfd wait = {.fd = (int)f, .events = POLLIN};
	char bytes[16384];
	int64_t n;
	int ready;

	for (;;) {
		ready = poll(&wait, 1, ms_left(deadline));
		if (ready == 0 && ms_left(deadline) == 0)
			return buf_err(err, "timed out");
		if (ready <= 0)
			continue;
		n = file_read(f, bytes, sizeof(bytes));
		if (n < 0)
			return buf_err(err, "%s", os_strerror());
		if (n == 0)
			return 0;
		if (buf_add(out, bytes, (size_t)n) != 0)
			return buf_err(err, "its output is too long");
	}
}

/* It has closed its output: most end at once, the others are asked again. */
static int
await(struct proc *p, int64_t deadline, struct proc_end *end, struct buf *err)
{
	int rc, nap = 0;

	if (deadline == 0)
		return proc_wait(p, end);
	while ((rc = proc_reap(p, false, end)) == 0) {
		if (ms_left(deadline) == 0)
			return buf_err(err, "timed out");
		poll(NULL, 0, nap);
		nap = nap < 16 ? nap * 2 + 1 : 20;
	}
	return rc == 1 ? 0 : buf_err(err, "%s", os_strerror());
}

int
proc_run(const struct proc_spec *spec, struct buf *out, int64_t timeout_ms,
    struct proc_end *end, struct buf *err)
{
	int64_t deadline = timeout_ms > 0 ? clock_mono_ms() + timeout_ms : 0;
	struct proc_spec ask = *spec;
	struct buf why = BUF_INIT;
	struct proc p;
	int rc;

	if (ask.in.io != PROC_FILE)
		ask.in.io = PROC_NULL;
	ask.out.io = PROC_PIPE;
	if (ask.err.io == PROC_PIPE)
		ask.err.io = PROC_NULL;
	if (proc_start(&p, &ask, err) != 0)
		return -1;
	rc = gather(p.out, out, deadline, &why);
	if (rc == 0)
		rc = await(&p, deadline, end, &why);
	if (rc != 0) {
		proc_kill(&p, PROC_KILL);
		proc_wait(&p, end);
		buf_err(err, "'%s' failed: %s",
		    spec->argv != NULL ? spec->argv[0] : spec->command,
		    why.data);
	}
	forget_streams(&p);
	proc_release(&p);
	buf_release(&why);
	return rc;
}

/* ---- names ---- */

int64_t
proc_self_pid(void)
{
	return (int64_t)getpid();
}

int64_t
proc_start_time(int64_t pid)
{
#ifdef NNI_LINUX
	char name[64];
	struct buf stat = BUF_INIT_MAX(8192);
	const char *p;
	int64_t start = -1;
	int field;

	snprintf(name, sizeof(name), "/proc/%lld/stat", (long long)pid);
	/* proc(5): field 2 is the name in (), which may hold anything. */
	if (file_read_all(name, &stat, NULL) == 0 &&
	    (p = strrchr(stat.data, ')')) != NULL) {
		for (field = 2; p != NULL && field < 22; field++)
			p = strchr(p + 1, ' ');
		if (p != NULL)
			start = strtoll(p + 1, NULL, 10);
	}
	buf_release(&stat);
	return start;
#else
	/* No call for it in POSIX: a used-again pid is not noticed here. */
	if (pid <= 0 || (kill((pid_t)pid, 0) != 0 && errno != EPERM))
		return -1;
	return 0;
#endif
}

bool
proc_is_gone(int64_t pid)
{
#ifdef NNI_LINUX
	/* pid_namespaces(7): the first one's inode is fixed. */
	static const char first[] = "pid:[4026531836]";
	char ours[64];
	ssize_t n = readlink("/proc/self/ns/pid", ours, sizeof(ours));

	/* /proc may hide others' processes (hidepid); kill() knows them. */
	return n == (ssize_t)strlen(first) &&
	       memcmp(ours, first, (size_t)n) == 0 && pid > 0 &&
	       kill((pid_t)pid, 0) != 0 && errno == ESRCH;
#else
	(void)pid;
	return false;
#endif
}

const char *
proc_signal_name(int sig)
{
	static const struct {
		int number;
		const char *name;
	} names[] = {
	    {SIGHUP, "HUP"},
	    {SIGINT, "INT"},
	    {SIGQUIT, "QUIT"},
	    {SIGILL, "ILL"},
	    {SIGTRAP, "TRAP"},
	    {SIGABRT, "ABRT"},
	    {SIGBUS, "BUS"},
	    {SIGFPE, "FPE"},
	    {SIGKILL, "KILL"},
	    {SIGUSR1, "USR1"},
	    {SIGSEGV, "SEGV"},
	    {SIGUSR2, "USR2"},
	    {SIGPIPE, "PIPE"},
	    {SIGALRM, "ALRM"},
	    {SIGTERM, "TERM"},
	    {SIGCHLD, "CHLD"},
	    {SIGCONT, "CONT"},
	    {SIGSTOP, "STOP"},
	    {SIGTSTP, "TSTP"},
	    {SIGTTIN, "TTIN"},
	    {SIGTTOU, "TTOU"},
	    {SIGURG, "URG"},
	    {SIGXCPU, "XCPU"},
	    {SIGXFSZ, "XFSZ"},
	    {SIGVTALRM, "VTALRM"},
	    {SIGPROF, "PROF"},
	    {SIGSYS, "SYS"},
	};
	static char number[16];
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (names[i].number == sig)
			return names[i].name;
	}
	snprintf(number, sizeof(number), "%d", sig);
	return number;
}
