/* lock.h: held by another process, let go by its death. */
#include "os/lock.h"
#include "os/process.h"
#include "os/sys.h"
#include "tap.h"

/* `lock hold PATH`: takes it, says so, and holds it to the end of its input. */
static int
hold(const char *path)
{
	struct lock l = LOCK_INIT;
	char byte;

	if (lock_try(&l, path, 0600, NULL, NULL) != 1)
		return 1;
	file_write(sys_stdout(), "x", 1);
	while (file_read(sys_stdin(), &byte, 1) > 0)
		;
	lock_release(&l);
	return 0;
}

static void
start_holder(struct proc *p, const char *path)
{
	char *argv[] = {(char *)sys_self_path(), "hold", (char *)path, NULL};
	struct proc_spec spec = {
	    .argv = argv, .in = {PROC_PIPE, 0}, .out = {PROC_PIPE, 0}};
	char byte;

	ok(!proc_start(p, &spec, NULL) && file_read(p->out, &byte, 1) == 1,
	    "another process takes it");
}

static void
end_holder(struct proc *p)
{
	struct proc_end end;

	file_close(p->in);
	file_close(p->out);
	proc_wait(p, &end);
	proc_release(p);
}

static void
test_ours(const char *path)
{
	struct lock l = LOCK_INIT, again = LOCK_INIT;
	struct buf err = BUF_INIT;
	int64_t holder = -1;
	struct proc p;
	char byte;

	is_int(lock_held(path, &holder), 0, "absent is free");
	is_int(lock_try(&l, path, 0600, &holder, &err), 1, "is taken");
	is_int(lock_try(&again, path, 0600, &holder, &err), 0, "once only");
	is_int(lock_held(path, NULL), 0, "not held by another");
	char *argv[] = {(char *)sys_self_path(), "hold", (char *)path, NULL};
	struct proc_spec spec = {
	    .argv = argv, .in = {PROC_PIPE, 0}, .out = {PROC_PIPE, 0}};
	proc_start(&p, &spec, NULL);
	is_int(file_read(p.out, &byte, 1), 0,
	    "all that has not let it go: another cannot have it");
	end_holder(&p);
	lock_release(&l);
	lock_release(&l);
	is_int(lock_try(&l, path, 0600, NULL, &err), 1, "is free again");
	lock_release(&l);
	buf_release(&err);
}

static void
test_theirs(const char *path)
{
	struct lock l = LOCK_INIT;
	int64_t holder = -1;
	struct proc p;

	start_holder(&p, path);
	is_int(lock_held(path, &holder), 1, "is held");
	ok(holder == p.pid || holder == 0, "by that one");
	is_int(lock_try(&l, path, 0600, &holder, NULL), 0, "not for us");
	ok(holder == p.pid || holder == 0, "which says who has it");
	end_holder(&p);
	is_int(lock_held(path, NULL), 0, "let go");

	start_holder(&p, path);
	proc_kill(&p, PROC_KILL);
	end_holder(&p);
	is_int(lock_try(&l, path, 0600, NULL, NULL), 1, "a killed holder's");
	lock_release(&l);
}

int
nni_main(int argc, char **argv)
{
	struct buf path = BUF_INIT, err = BUF_INIT;
	struct lock l = LOCK_INIT;

	if (argc == 3 && !strcmp(argv[1], "hold"))
		return hold(argv[2]);
	buf_setf(&path, "%s/nni-lock-%" PRId64, sys_temp(), proc_self_pid());
	test_ours(path.data);
	test_theirs(path.data);
	file_remove(path.data, NULL);
	buf_adds(&path, "/x");
	is_int(lock_try(&l, path.data, 0600, NULL, &err), -1, "no directory");
	ok(strstr(err.data, path.data) != NULL, "says which");
	buf_release(&path);
	buf_release(&err);
	return done_testing();
}
