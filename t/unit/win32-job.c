/* Job objects and the waking of keepers on Windows. */
#include <windows.h>
#undef FILE_CREATE
#include <stdlib.h>
#include "os/file.h"
#include "os/job.h"
#include "os/keeper.h"
#include "os/sys.h"
#include "tap.h"

static char self[4096];

/* `tree N`: N more below, each of which stays. */
static int
child(int depth)
{
	char number[16], word[] = "tree";
	char *argv[] = {self, word, number, NULL};
	struct proc_spec spec = {.argv = argv, .own_group = true};
	struct proc p;

	if (depth > 0) {
		snprintf(number, sizeof(number), "%d", depth - 1);
		proc_start(&p, &spec, NULL);
	}
	Sleep(60000);
	return 0;
}

static bool
comes_to(struct job *j, int count)
{
	int64_t until_ms = clock_mono_ms() + 20000;

	while (job_count(j) != count)
		if (clock_mono_ms() > until_ms)
			return false;
		else
			keeper_wait(NULL, 20);
	return true;
}

static void
test_tree(void)
{
	char word[] = "tree", depth[] = "2";
	char *argv[] = {self, word, depth, NULL};
	struct proc_spec spec = {.argv = argv};
	struct buf err = BUF_INIT;
	struct proc_end end;
	struct proc p;
	struct job *j = job_new(&err);

	ok(j != NULL && job_count(j) == 0, "an empty job");
	ok(job_start(j, &p, &spec, &err) == 0, "starts");
	ok(comes_to(j, 3), "children and theirs are members");
	ok(keeper_wait(&p, 0) != KEEPER_ROOT, "the root lives");
	ok(job_kill(j) == 0 && comes_to(j, 0), "all are ended");
	ok(keeper_wait(&p, 10000) == KEEPER_ROOT, "which wakes the keeper");
	ok(proc_wait(&p, &end) == 0 && end.code == 137, "as if by KILL");
	job_free(j);
	buf_release(&err);
}

static void
test_free(void)
{
	char word[] = "tree", depth[] = "0";
	char *argv[] = {self, word, depth, NULL};
	struct proc_spec spec = {.argv = argv};
	struct proc_end end = {false, 0};
	struct job *j = job_new(NULL);
	struct proc p;

	job_start(j, &p, &spec, NULL);
	job_free(j);
	ok(proc_wait(&p, &end) == 0, "a job dies with its holder");
	ok(job_kill_orphans(1, 1, "X=y") == 0, "so that nothing is left");
}

static void
test_poke(const char *dir)
{
	struct buf other = BUF_INIT;

	ok(keeper_poke(dir, 0) == -1, "nobody to wake");
	ok(keeper_listen(dir, NULL) == 0, "listens");
	buf_setf(&other, "%s/./", dir);
	ok(keeper_poke(other.data, 0) == 0, "is woken by any spelling");
	ok(keeper_wait(NULL, 10000) == KEEPER_POKED, "hears it");
	ok(keeper_wait(NULL, 0) == KEEPER_TIMEOUT, "once");
	buf_release(&other);
}

int
nni_main(int argc, char **argv)
{
	struct buf dir = BUF_INIT;

	snprintf(self, sizeof(self), "%s", sys_self_path());
	if (argc == 3)
		return child(argv[2][0] - '0');
	buf_setf(&dir, "%s/nni-job-%" PRId64, sys_temp(), proc_self_pid());
	dir_make(dir.data, 0700, NULL);
	test_poke(dir.data);
	test_tree();
	test_free();
	dir_remove_tree(dir.data, NULL);
	buf_release(&dir);
	return done_testing();
}
