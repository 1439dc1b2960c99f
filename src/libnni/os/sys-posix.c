/*
 * The machine as POSIX shows it: clocks, chance, names, environment, terminal.
 */
#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#ifdef __OpenBSD__
#include <sys/sysctl.h>
#include <sys/time.h>
#else
#include <utmpx.h>
#endif
#include "posix.h"
#ifdef NNI_LINUX
#include <sched.h>
#include <sys/random.h>
#endif
#include "../mem.h"
#include "process.h"
#include "sys.h"

const char *program_path;

static int64_t
clock_us(clockid_t which)
{
	struct timespec t;

	clock_gettime(which, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

int64_t
clock_wall_ms(void)
{
	return clock_us(CLOCK_REALTIME) / 1000;
}

int64_t
clock_mono_ms(void)
{
	return clock_us(CLOCK_MONOTONIC) / 1000;
}

int64_t
clock_mono_us(void)
{
	return clock_us(CLOCK_MONOTONIC);
}

static int
random_device(void *to, size_t len)
{
	os_file f = file_open("/dev/urandom", FILE_READ, 0, NULL);
	char *p = to;

	if (f == OS_NO_FILE)
		return -1;
	while (len > 0) {
		int64_t n = file_read(f, p, len);
		if (n <= 0)
			break;
		p += n;
		len -= (size_t)n;
	}
	file_close(f);
	return len == 0 ? 0 : -1;
}

int
random_bytes(void *to, size_t len)
{
#ifdef NNI_LINUX
	char *p = to;

	while (len > 0) {
		ssize_t n = getrandom(p, len, 0);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) /* ENOSYS before Linux 3.17 */
			return random_device(p, len);
		p += n;
		len -= (size_t)n;
	}
	return 0;
#else
	return random_device(to, len);
#endif
}

const char *
sys_host(void)
{
	static char name[256];

	if (name[0] == '\0' && gethostname(name, sizeof(name) - 1) != 0)
		snprintf(name, sizeof(name), "localhost");
	return name;
}

/*
 * Linux says it outright.  Elsewhere the time of the boot as it was logged
 * then; not kern.boottime where there is a log, since that moves when the
 * clock is set.
 */
static void
find_boot_id(struct buf *id)
{
#if defined(NNI_LINUX)
	file_read_all("/proc/sys/kernel/random/boot_id", id, NULL);
	buf_rtrim(id);
#elif defined(__OpenBSD__)
	int name[2] = {CTL_KERN, KERN_BOOTTIME};
	struct timeval boot;
	size_t len = sizeof(boot);

	if (sysctl(name, 2, &boot, &len, NULL, 0) == 0)
		buf_setf(id, "boot-%lld", (long long)boot.tv_sec);
#else
	struct utmpx want = {.ut_type = BOOT_TIME};
	struct utmpx *boot;

	setutxent();
	boot = getutxid(&want);
	if (boot != NULL)
		buf_setf(id, "boot-%lld.%06ld", (long long)boot->ut_tv.tv_sec,
		    (long)boot->ut_tv.tv_usec);
	endutxent();
#endif
	if (id->len == 0)
		buf_set(id, "unknown");
}

const char *
sys_boot_id(void)
{
	static char id[64];
	struct buf found = BUF_INIT_MAX(4096);

	if (id[0] == '\0') {
		find_boot_id(&found);
		snprintf(id, sizeof(id), "%s", found.data);
		buf_release(&found);
	}
	return id;
}

#ifdef NNI_STATIC
static struct passwd *
user_find(const char *name, uid_t id)
{
	static FILE *users;
	struct passwd *pw;

	if (users == NULL)
		users = fopen("/etc/passwd", "re");
	if (users == NULL)
		return NULL;
	rewind(users);
	while ((pw = fgetpwent(users)) != NULL)
		if (name != NULL ? strcmp(pw->pw_name, name) == 0
				 : pw->pw_uid == id)
			break;
	return pw;
}

struct passwd *
user_by_id(unsigned id)
{
	return user_find(NULL, (uid_t)id);
}

struct passwd *
user_by_name(const char *name)
{
	return user_find(name, 0);
}
#else
struct passwd *
user_by_id(unsigned id)
{
	return getpwuid((uid_t)id);
}

struct passwd *
user_by_name(const char *name)
{
	return getpwnam(name);
}
#endif

const char *
sys_user(void)
{
	static char name[256];
	struct passwd *pw;

	if (name[0] != '\0')
		return name;
	pw = user_by_id(geteuid());
	if (pw != NULL)
		snprintf(name, sizeof(name), "%s", pw->pw_name);
	else
		snprintf(name, sizeof(name), "%ld", (long)geteuid());
	return name;
}

int
sys_cpus(void)
{
#ifdef NNI_LINUX
	/* What this process may use: taskset and cpusets count. */
	cpu_set_t set;

	if (sched_getaffinity(0, sizeof(set), &set) == 0)
		return CPU_COUNT(&set);
#endif
#ifdef _SC_NPROCESSORS_ONLN
	long n = sysconf(_SC_NPROCESSORS_ONLN);
	if (n > 0)
		return (int)n;
#endif
	return 1;
}

const char *
sys_home(void)
{
	static char *home;
	const char *env = getenv("HOME");
	struct passwd *pw;

	if (env != NULL && env[0] == '/')
		return env;
	if (home == NULL) {
		pw = user_by_id(getuid());
		if (pw != NULL && pw->pw_dir[0] == '/')
			home = xstrdup(pw->pw_dir);
	}
	return home;
}

const char *
sys_temp(void)
{
	static struct buf dir = BUF_INIT;
	const char *env = getenv("TMPDIR");

	buf_set(&dir, env != NULL && env[0] == '/' ? env : "/tmp");
	while (dir.len > 1 && dir.data[dir.len - 1] == '/')
		buf_cut(&dir, dir.len - 1);
	return dir.data;
}

const char *
sys_shared_temp(void)
{
	return "/tmp";
}

/* sun_path is 104 bytes on some; a socket's name, and what programs add to it
   while they make it, have to fit behind. */
#define SOCKET_DIR_MAX 60

int
sys_socket_dir(struct buf *path)
{
	const char *const parents[] = {
	    getenv("XDG_RUNTIME_DIR"), sys_temp(), "/tmp"};
	struct stat st;
	size_t i;

	for (i = 0; i < sizeof(parents) / sizeof(*parents); i++) {
		if (parents[i] == NULL || parents[i][0] != '/')
			continue;
		buf_setf(
		    path, "%s/nni-%lu", parents[i], (unsigned long)getuid());
		if (path->len > SOCKET_DIR_MAX)
			continue;
		mkdir(path->data, 0700);
		/* It may be a trap that another user laid. */
		if (lstat(path->data, &st) == 0 && S_ISDIR(st.st_mode) &&
		    st.st_uid == getuid() && (st.st_mode & 077) == 0)
			return 0;
	}
	return -1;
}

#ifdef NNI_LINUX
static int
self_from_proc(struct buf *path)
{
	static const char gone[] = " (deleted)";
	size_t tail = sizeof(gone) - 1;

	if (link_read("/proc/self/exe", path, NULL) != 0)
		return -1;
	/* The file was replaced while we ran: where it was is what is asked. */
	if (path->len > tail &&
	    strcmp(path->data + path->len - tail, gone) == 0 &&
	    access(path->data, F_OK) != 0)
		buf_cut(path, path->len - tail);
	return 0;
}
#endif

static int
self_from_argv(struct buf *path)
{
	struct buf found = BUF_INIT;
	int rc = -1;

	if (program_path == NULL)
		return -1;
	if (strchr(program_path, '/') != NULL)
		rc = path_real(program_path, path, NULL);
	else if (proc_find(program_path, NULL, &found) == 0)
		rc = path_real(found.data, path, NULL);
	buf_release(&found);
	return rc;
}

const char *
sys_self_path(void)
{
	static char *self;
	struct buf path = BUF_INIT;

	if (self != NULL)
		return self;
#ifdef NNI_LINUX
	if (self_from_proc(&path) == 0)
		self = buf_detach(&path);
#endif
	if (self == NULL && self_from_argv(&path) == 0)
		self = buf_detach(&path);
	buf_release(&path);
	return self;
}

const char *
sys_self_dir(void)
{
	static char *dir;
	const char *path = sys_self_path();

	if (dir == NULL && path != NULL) {
		size_t len = (size_t)(path_base(path) - path);
		dir = xstrndup(path, len > 1 ? len - 1 : 1);
	}
	return dir;
}

const char *
env_get(const char *name)
{
	return getenv(name);
}

void
env_set(const char *name, const char *value)
{
	if (value == NULL)
		unsetenv(name);
	else
		setenv(name, value, 1);
}

bool
console_is_terminal(os_file f)
{
	return isatty((int)f) == 1;
}

/* What the environment says where the terminal does not. */
static int
console_size(int told, const char *variable, int otherwise)
{
	const char *text = getenv(variable);
	long n = text == NULL ? 0 : strtol(text, NULL, 10);

	if (told > 0)
		return told;
	return n > 0 && n < 10000 ? (int)n : otherwise;
}

int
console_width(os_file f)
{
	struct winsize size = {0};

	ioctl((int)f, TIOCGWINSZ, &size);
	return console_size(size.ws_col, "COLUMNS", 80);
}

int
console_height(os_file f)
{
	struct winsize size = {0};

	ioctl((int)f, TIOCGWINSZ, &size);
	return console_size(size.ws_row, "LINES", 24);
}

/* 0: a group of another pid namespace; -1: not our terminal. Who knows? */
bool
console_is_foreground(os_file f)
{
	pid_t group = tcgetpgrp((int)f);

	return group <= 0 || group == getpgrp();
}

/* The variables of the C library, in its order; we never call setlocale(). */
bool
console_utf8(void)
{
	static const char *const names[] = {"LC_ALL", "LC_CTYPE", "LANG"};
	const char *locale = NULL, *set;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (locale == NULL || locale[0] == '\0')
			locale = getenv(names[i]);
	set = locale != NULL ? strchr(locale, '.') : NULL;
	return set != NULL && (strncasecmp(set, ".UTF-8", 6) == 0 ||
				  strncasecmp(set, ".UTF8", 5) == 0);
}

bool
console_ansi(os_file f)
{
	const char *term = getenv("TERM");

	return console_is_terminal(f) && term != NULL && term[0] != '\0' &&
	       strcmp(term, "dumb") != 0;
}

os_file
sys_stdin(void)
{
	return STDIN_FILENO;
}

os_file
sys_stdout(void)
{
	return STDOUT_FILENO;
}

os_file
sys_stderr(void)
{
	return STDERR_FILENO;
}

/* POSIX 2018, confstr: where all standard utilities are found. */
const char *
sys_default_path(void)
{
	static char path[4096];
	size_t len;

	if (path[0] == '\0') {
		len = confstr(_CS_PATH, path, sizeof(path));
		if (len == 0 || len > sizeof(path))
			memcpy(path, "/bin:/usr/bin", sizeof("/bin:/usr/bin"));
	}
	return path;
}

/* One that was closed has become a file that can only be read: main-posix.c. */
int
sys_check_stdout(void)
{
	int flags = fcntl(STDOUT_FILENO, F_GETFL);

	if (flags != -1 && (flags & O_ACCMODE) != O_RDONLY)
		return 0;
	errno = EBADF;
	return os_failed();
}

int
sys_flush_stdout(void)
{
	errno = 0;
	if (fflush(stdout) == 0 && !ferror(stdout))
		return 0;
	/* An earlier write failed, and with what nobody knows any more. */
	if (errno == 0)
		errno = EIO;
	return os_failed();
}
