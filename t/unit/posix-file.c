/* What only POSIX has of file.h and lock.h: links, modes, limits. */
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "os/file.h"
#include "os/lock.h"
#include "os/process.h"
#include "os/sys.h"
#include "tap.h"

static struct buf top = BUF_INIT;

/* Up to four at a time. */
static const char *
path(const char *name)
{
	static struct buf ring[4] = {BUF_INIT, BUF_INIT, BUF_INIT, BUF_INIT};
	static int next;
	struct buf *b = &ring[next++ % 4];

	buf_set(b, top.data);
	path_add(b, name);
	return b->data;
}

static void
put(const char *name, const char *text)
{
	file_replace(path(name), text, strlen(text), 0600, false, NULL);
}

static bool
exists(const char *name)
{
	struct file_info info;

	return file_info(path(name), false, &info) == 0 &&
	       info.type != FILE_ABSENT;
}

static mode_t
mode_of(const char *name)
{
	struct stat st;

	return stat(path(name), &st) == 0 ? st.st_mode & 07777 : 0;
}

static int
entries(const char *dir)
{
	char **names;
	size_t n;

	if (dir_list(dir, &names, NULL, &n, NULL) != 0)
		return -1;
	dir_list_free(names, NULL, n);
	return (int)n;
}

static void
test_full(void)
{
	struct rlimit was, small = {4096, 0};
	static char big[8192];
	struct buf err = BUF_INIT, got = BUF_INIT;
	int before, rc;

	put("r", "old");
	before = entries(top.data);
	signal(SIGXFSZ, SIG_IGN);
	getrlimit(RLIMIT_FSIZE, &was);
	small.rlim_max = was.rlim_max;
	setrlimit(RLIMIT_FSIZE, &small);
	rc = file_replace(path("r"), big, sizeof(big), 0600, true, &err);
	setrlimit(RLIMIT_FSIZE, &was);
	ok(rc != 0 && os_errno() == OS_FULL, "a write that fails half-way");
	file_read_all(path("r"), &got, NULL);
	is_str(got.data, "old", "leaves the old contents");
	is_int(entries(top.data), before, "and nothing else");
	buf_release(&err);
	buf_release(&got);
}

static void
test_modes(void)
{
	struct lock l = LOCK_INIT;

	umask(027);
	file_replace(path("m"), "", 0, 0666, false, NULL);
	is_int(mode_of("m"), 0640, "the umask applies to files");
	is_int(lock_try(&l, path("l"), 0666, NULL, NULL), 1, "locks");
	is_int(mode_of("l"), 0666, "but not to lock files");
	lock_release(&l);
	umask(022);
	ok(!file_chmod(path("m"), 0600, NULL) && mode_of("m") == 0600,
	    "changes a mode");
}

static void
test_links(void)
{
	struct buf target = BUF_INIT, err = BUF_INIT;
	struct lock l = LOCK_INIT;
	struct file_info info;
	os_file f;

	put("file", "text");
	ok(!link_make("file", path("link"), &err), "makes a link");
	ok(!link_read(path("link"), &target, &err) &&
		!strcmp(target.data, "file"),
	    "reads it");
	f = file_open(path("link"), FILE_READ | FILE_NOFOLLOW, 0, &err);
	ok(f == OS_NO_FILE && os_errno() == OS_IS_LINK, "is not followed");
	is_int(lock_try(&l, path("link"), 0600, NULL, &err), -1,
	    "nor locked through");
	file_info(path("link"), false, &info);
	is_int(info.type, FILE_LINK, "is a link");
	file_info(path("link"), true, &info);
	is_int(info.type, FILE_REGULAR, "to a file");
	buf_set(&target, "");
	ok(!path_real(path("link"), &target, &err) &&
		!strcmp(path_base(target.data), "file"),
	    "in truth");
	mkfifo(path("fifo"), 0600);
	is_int(lock_try(&l, path("fifo"), 0600, NULL, &err), -1,
	    "a fifo is no lock file, and does not hang");
	is_int(lock_held(path("fifo"), NULL), 0, "nor is it held");
	buf_release(&target);
	buf_release(&err);
}

static void
test_remove_tree(void)
{
	struct rlimit was, few;
	struct buf deep = BUF_INIT, err = BUF_INIT;
	int i;

	dir_make_all(path("keep/sub"), 0700, NULL);
	put("keep/sub/file", "x");
	dir_make_all(path("tree/ro/sub"), 0700, NULL);
	put("tree/ro/file", "x");
	link_make("../keep", path("tree/out"), NULL);
	link_make("nowhere", path("tree/dangling"), NULL);
	mkfifo(path("tree/fifo"), 0600);
	chmod(path("tree/ro"), 0500);
	chmod(path("tree/ro/sub"), 0);
	buf_set(&deep, path("tree"));
	for (i = 0; i < 500; i++) {
		buf_adds(&deep, "/d");
		dir_make(deep.data, 0700, NULL);
	}
	getrlimit(RLIMIT_NOFILE, &was);
	few = was;
	few.rlim_cur = 100;
	setrlimit(RLIMIT_NOFILE, &few);
	is_int(dir_remove_tree(path("tree"), &err), 0,
	    "removes a tree: 500 levels, 100 descriptors");
	setrlimit(RLIMIT_NOFILE, &was);
	is_str(err.data, "", "without an error");
	ok(!exists("tree"), "all of it");
	ok(exists("keep/sub/file"), "nothing behind a link");
	link_make("keep", path("to-keep"), NULL);
	is_int(dir_remove_tree(path("to-keep"), NULL), 0, "of a link");
	ok(exists("keep/sub/file") && !exists("to-keep"), "only the link");
	buf_release(&deep);
	buf_release(&err);
}

static void
test_types(void)
{
	static const enum file_type want[] = {
	    FILE_DIR, FILE_SPECIAL, FILE_REGULAR, FILE_LINK};
	enum file_type *types;
	char **names;
	size_t n, i;
	bool good;

	dir_make_all(path("types/a"), 0700, NULL);
	mkfifo(path("types/b"), 0600);
	put("types/c", "");
	link_make("a", path("types/d"), NULL);
	good = !dir_list(path("types"), &names, &types, &n, NULL) && n == 4;
	for (i = 0; good && i < n; i++)
		good = types[i] == want[i];
	ok(good, "lists types");
	dir_list_free(names, types, n);
}

/* A process that closes a descriptor of a locked file loses the lock; so the
   file must not be opened again, under whatever name. */
static void
test_own_lock(void)
{
	struct lock l = LOCK_INIT, other = LOCK_INIT;
	int64_t holder = 0;
	pid_t pid;
	int status = -1;

	lock_try(&l, path("own"), 0600, NULL, NULL);
	link(path("own"), path("own2"));
	is_int(lock_try(&other, path("own2"), 0600, &holder, NULL), 0,
	    "our lock under another name");
	is_int(holder, proc_self_pid(), "is ours");
	is_int(lock_held(path("own"), NULL), 0, "not another's");
	pid = fork();
	if (pid == 0) {
		/* The child has no lock, but sees who has. */
		struct lock mine = LOCK_INIT;
		int64_t who = 0;
		int rc = lock_try(&mine, path("own"), 0600, &who, NULL);
		_exit(rc == 0 && who == (int64_t)getppid() ? 0 : 1);
	}
	waitpid(pid, &status, 0);
	is_int(status, 0, "it is not inherited, and still held");
	lock_release(&l);
}

int
nni_main(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	buf_setf(
	    &top, "%s/nni-posix-file-%" PRId64, sys_temp(), proc_self_pid());
	dir_make(top.data, 0700, NULL);
	test_full();
	test_modes();
	test_links();
	/* Permissions mean nothing to root. */
	if (geteuid() == 0 && chown(top.data, 65534, (gid_t)-1) == 0 &&
	    seteuid(65534) != 0)
		ok(false, "becomes nobody");
	test_remove_tree();
	if (getuid() == 0 && seteuid(0) != 0)
		ok(false, "becomes root again");
	test_types();
	test_own_lock();
	ok(!dir_remove_tree(top.data, NULL), "all gone");
	return done_testing();
}
