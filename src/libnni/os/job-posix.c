/*
 * Jobs on POSIX.  Who belongs to one is found by looking at all processes: on
 * Linux in /proc, where being a subreaper makes every descendant that lost its
 * parent our child, so that nothing gets lost; elsewhere with ps(1), by session
 * and parent.  The common case, nothing is left, costs one system call on
 * Linux.
 */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "../mem.h"
#include "job.h"
#include "posix.h"
#ifdef NNI_LINUX
#include <sys/prctl.h>
#endif

/* One process of the machine. */
struct row {
	pid_t pid, parent, group, session;
	bool zombie;
	int64_t start;
	bool member;
};
struct rows {
	struct row *at;
	size_t count, room;
};

struct job {
	pid_t root;
	/* Members seen before: elsewhere than on Linux one that called setsid()
	   is known only as long as its parent lives. */
	struct rows seen;
};

/* ---- all processes ---- */

static void
rows_add(struct rows *rows, const struct row *row)
{
	if (rows->count == rows->room) {
		rows->room = rows->room ? 2 * rows->room : 64;
		rows->at =
		    xreallocarray(rows->at, rows->room, sizeof(*rows->at));
	}
	rows->at[rows->count++] = *row;
}

static void
rows_free(struct rows *rows)
{
	free(rows->at);
	*rows = (struct rows){0};
}

#ifdef NNI_LINUX

/* proc(5), stat: the name in () may hold anything, what follows is numbers. */
static bool
row_read(long pid, struct row *row)
{
	struct buf text = BUF_INIT_MAX(8192);
	char path[64], state = '\0';
	long parent, group, session;
	long long start;
	const char *p;
	bool ok;

	snprintf(path, sizeof(path), "/proc/%ld/stat", pid);
	ok = file_read_all(path, &text, NULL) == 0 &&
	     (p = strrchr(text.data, ')')) != NULL &&
	     sscanf(p + 1,
		 " %c %ld %ld %ld %*s %*s %*s %*s %*s %*s %*s %*s %*s "
		 "%*s %*s %*s %*s %*s %*s %lld",
		 &state, &parent, &group, &session, &start) == 5;
	buf_release(&text);
	if (!ok)
		return false;
	*row = (struct row){.pid = (pid_t)pid,
	    .parent = (pid_t)parent,
	    .group = (pid_t)group,
	    .session = (pid_t)session,
	    .zombie = state == 'Z' || state == 'X',
	    .start = start};
	return true;
}

static int
rows_read(struct rows *rows)
{
	DIR *dir = opendir("/proc");
	struct dirent *entry;
	struct row row;

	if (dir == NULL)
		return os_failed();
	while ((entry = readdir(dir)) != NULL) {
		if (isdigit((unsigned char)entry->d_name[0]) &&
		    row_read(strtol(entry->d_name, NULL, 10), &row))
			rows_add(rows, &row);
	}
	closedir(dir);
	return 0;
}

#else

/* "  PID  PPID  PGID STAT" */
static void
row_parse(struct rows *rows, const char *line)
{
	long pid, parent, group;
	char state;
	struct row row;

	if (sscanf(line, "%ld %ld %ld %c", &pid, &parent, &group, &state) != 4)
		return;
	/* ps itself was our child and is gone. */
	if (kill((pid_t)pid, 0) != 0 && errno == ESRCH)
		return;
	row = (struct row){.pid = (pid_t)pid,
	    .parent = (pid_t)parent,
	    .group = (pid_t)group,
	    .session = getsid((pid_t)pid),
	    .zombie = state == 'Z'};
	rows_add(rows, &row);
}

static int
rows_read(struct rows *rows)
{
	static char ps[] = "ps", bin_ps[] = "/bin/ps", all[] = "-A", o[] = "-o",
		    pid[] = "pid=", ppid[] = "ppid=", pgid[] = "pgid=",
		    stat[] = "stat=";
	char *argv[] = {ps, all, o, pid, o, ppid, o, pgid, o, stat, NULL};
	struct proc_spec spec = {.argv = argv, .err.io = PROC_NULL};
	struct buf out = BUF_INIT;
	struct proc_end end;
	char *line, *next;
	int rc;

	/* Whatever PATH the user has: a keeper could not end without it. */
	if (proc_find(ps, NULL, &out) == -1)
		argv[0] = bin_ps;
	buf_clear(&out);
	rc = proc_run(&spec, &out, 20000, &end, NULL);
	for (line = out.data; rc == 0 && *line != '\0'; line = next) {
		next = line + strcspn(line, "\n");
		if (*next != '\0')
			*next++ = '\0';
		row_parse(rows, line);
	}
	buf_release(&out);
	return rc;
}

#endif

static int
compare_pids(const void *a, const void *b)
{
	pid_t x = ((const struct row *)a)->pid,
	      y = ((const struct row *)b)->pid;

	return (x > y) - (x < y);
}

/* Members are also all descendants of members. */
static void
add_descendants(struct rows *rows)
{
	struct row *parent, key = {0};
	bool found = true;
	size_t i;

	if (rows->count > 0)
		qsort(rows->at, rows->count, sizeof(*rows->at), compare_pids);
	while (found) {
		found = false;
		for (i = 0; i < rows->count; i++) {
			if (rows->at[i].member)
				continue;
			key.pid = rows->at[i].parent;
			parent = bsearch(&key, rows->at, rows->count,
			    sizeof(key), compare_pids);
			if (parent != NULL && parent->member)
				rows->at[i].member = found = true;
		}
	}
}

/*
 * Signals the members (sig 0: none) and counts those that live.  What we may
 * not signal (the trial used sudo) does not count: *foreign tells of it.
 * `group` is signalled as a whole: nothing that is being forked slips through.
 */
static int
signal_members(const struct rows *rows, pid_t group, int sig, int *foreign)
{
	bool group_done = false;
	int count = 0;
	size_t i;

	for (i = 0; i < rows->count; i++) {
		const struct row *row = &rows->at[i];

		if (!row->member || row->zombie || row->pid == getpid())
			continue;
		if (kill(row->pid, 0) != 0) {
			*foreign += errno == EPERM;
			continue;
		}
		count++;
		if (sig == 0)
			continue;
		if (row->group != group)
			kill(row->pid, sig);
		else if (!group_done)
			group_done = kill(-group, sig) == 0;
	}
	return count;
}

/* ---- the job ---- */

struct job *
job_new(struct buf *err)
{
	struct job *j;

#ifdef NNI_LINUX
	if (prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0) {
		os_failed();
		buf_err(err, "cannot become a subreaper: %s", os_strerror());
		return NULL;
	}
#else
	(void)err;
#endif
	j = xcalloc(1, sizeof(*j));
	return j;
}

int
job_start(struct job *j, struct proc *p, const struct proc_spec *spec,
    struct buf *err)
{
	struct proc_spec detached = *spec;

	detached.detached = true;
	if (proc_start(p, &detached, err) == -1)
		return -1;
	j->root = (pid_t)p->pid;
	return 0;
}

/* The session of a member seen before tells that its pid is still its own. */
static bool
was_seen(const struct job *j, const struct row *row)
{
	size_t i;

	for (i = 0; i < j->seen.count; i++) {
		if (j->seen.at[i].pid == row->pid &&
		    j->seen.at[i].session == row->session)
			return true;
	}
	return false;
}

static int
find_members(struct job *j, struct rows *rows)
{
	pid_t self = getpid();
	size_t i;

	if (rows_read(rows) != 0)
		return -1;
	for (i = 0; i < rows->count; i++) {
		struct row *row = &rows->at[i];

		row->member = row->parent == self || row->session == j->root ||
			      was_seen(j, row);
	}
	add_descendants(rows);
#ifndef NNI_LINUX
	for (i = 0; i < rows->count; i++) {
		if (rows->at[i].member && !was_seen(j, &rows->at[i]))
			rows_add(&j->seen, &rows->at[i]);
	}
#endif
	return 0;
}

/* Signals and counts. `root_waits`: the root has ended, nobody waited for it.
 */
static int
look(struct job *j, int sig, bool root_waits, bool has_children)
{
	struct rows rows = {0};
	int foreign = 0, count = -1;

	if (find_members(j, &rows) == 0)
		count = signal_members(&rows, j->root, sig, &foreign);
	rows_free(&rows);
	if (count == 0 && foreign == 0 && has_children && !root_waits)
		count = 1; /* it was born while we looked */
	return count < 0 ? count : count + root_waits;
}

/* Reaps what nobody waits for. False: there is no child at all. */
static bool
reap(struct job *j, bool *root_waits)
{
	siginfo_t info;

	*root_waits = false;
	for (;;) {
		info = (siginfo_t){0};
		if (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) != 0)
			return false;
		if (info.si_pid == 0)
			return true;
		if (info.si_pid == j->root) {
			*root_waits = true;
			return true;
		}
		waitpid(info.si_pid, NULL, WNOHANG);
	}
}

int
job_count(struct job *j)
{
	bool root_waits, has_children = reap(j, &root_waits);

#ifdef NNI_LINUX
	if (!has_children)
		return 0;
#endif
	return look(j, 0, root_waits, has_children);
}

static int
signal_all(struct job *j, int sig)
{
	return look(j, sig, false, false) < 0 ? -1 : 0;
}

int
job_stop(struct job *j)
{
	int rc = signal_all(j, SIGTERM);

	/* What is stopped hears it only when it goes on. */
	signal_all(j, SIGCONT);
	return rc;
}

int
job_kill(struct job *j)
{
	return signal_all(j, SIGKILL);
}

void
job_free(struct job *j)
{
	if (j == NULL)
		return;
	rows_free(&j->seen);
	free(j);
}

/* ---- what a dead holder left ---- */

#ifdef NNI_LINUX
/* environ(5) in proc: NAME=value, each ended by NUL. */
static bool
has_in_environment(pid_t pid, const char *mark)
{
	struct buf text = BUF_INIT_MAX((size_t)4 << 20);
	size_t len = strlen(mark), at;
	bool found = false;
	char path[64];

	snprintf(path, sizeof(path), "/proc/%ld/environ", (long)pid);
	if (file_read_all(path, &text, NULL) == 0) {
		for (at = 0; at < text.len && !found;
		     at += strlen(text.data + at) + 1)
			found = strncmp(text.data + at, mark, len + 1) == 0;
	}
	buf_release(&text);
	return found;
}
#else
static bool
has_in_environment(pid_t pid, const char *mark)
{
	(void)pid;
	(void)mark;
	return false;
}
#endif

/* The number of a session is not used again while one of its members lives, but
   when all are gone a stranger may have it. */
static bool
session_is_strange(const struct rows *rows, pid_t root, int64_t root_start)
{
	size_t i;

	for (i = 0; i < rows->count; i++) {
		if (rows->at[i].pid == root)
			return rows->at[i].start != root_start;
	}
	return false;
}

int
job_kill_orphans(int64_t root, int64_t root_start, const char *mark)
{
	struct rows rows = {0};
	pid_t session = (pid_t)root, self = getpid();
	int foreign = 0, count = -1;
	bool strange;
	size_t i;

	if (rows_read(&rows) == 0) {
		strange = session <= 0 ||
			  session_is_strange(&rows, session, root_start);
		for (i = 0; i < rows.count; i++) {
			struct row *row = &rows.at[i];

			row->member = row->pid != self &&
				      ((!strange && row->session == session &&
					   row->start >= root_start) ||
					  has_in_environment(row->pid, mark));
		}
		add_descendants(&rows);
		count = signal_members(&rows, session, SIGKILL, &foreign);
	}
	rows_free(&rows);
	return count;
}
