/*
 * What this platform is, and whether it can do what the experiment asks.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include "command.h"
#include "expdir.h"
#include "gpulock.h"
#include "keeper.h"
#include "say.h"
#include "share.h"
#include "state.h"
#include "verbs.h"
#include "os/process.h"
#include "os/sys.h"

/* Fewer bytes are no room for a trial's files. */
#define LEAST_FREE ((int64_t)16 << 20)

static void
print(struct buf *line)
{
	say_data(line->data, line->len);
	buf_clear(line);
}

/* ---- check ---- */

/* Adds a problem; returns `code`. */
static int
problem(const struct place *p, struct buf *out, int code, const char *message,
    const char *hint)
{
	record_error(out, message, p->name, hint, NULL);
	return code;
}

static int
check_code_dir(const struct place *p, struct buf *out)
{
	const char *dir = p->member->code_dir;
	struct file_info info;
	struct buf text = BUF_INIT;
	int code = NNI_OK;

	if (file_info(dir, true, &info) == -1 || info.type != FILE_DIR) {
		buf_setf(&text, "the trialCodeDirectory '%s' %s", dir,
		    info.type == FILE_ABSENT ? "does not exist"
					     : "is not a directory");
		code = problem(p, out, NNI_CONFIG, text.data,
		    "correct trialCodeDirectory in the configuration");
	}
	buf_release(&text);
	return code;
}

/* A program's name for PATH, or a path from the code directory. */
static bool
is_program(const char *name, const struct place *p)
{
	struct buf path = BUF_INIT, found = BUF_INIT;
	bool is;

	if (strpbrk(name, "/\\") == NULL)
		buf_set(&path, name);
	else
		path_absolute(name, p->member->code_dir, &path, NULL);
	is = proc_find(path.data, p->member->code_dir, &found) == 0;
	buf_release(&path);
	buf_release(&found);
	return is;
}

static bool
is_there(const char *name, const struct place *p)
{
	struct buf path = BUF_INIT;
	struct file_info info;
	bool is;

	path_absolute(name, p->member->code_dir, &path, NULL);
	is = file_info(path.data, true, &info) == 0 && info.type != FILE_ABSENT;
	buf_release(&path);
	return is;
}

/* The code and the tools of a far end are not there yet. */
static bool
will_be_sent(const struct place *p, const char *name)
{
	if (p->tools != NULL && strcmp(name, "nni-trial") == 0)
		return true;
	return p->far && strpbrk(name, "/\\") != NULL &&
	       !path_is_absolute(name);
}

static int
check_program(const struct place *p, const char *program, struct buf *out)
{
	bool by_path = strpbrk(program, "/\\") != NULL;
	bool there = by_path && is_there(program, p);
	struct buf text = BUF_INIT, hint = BUF_INIT;
	int code;

	if (will_be_sent(p, program) || is_program(program, p))
		return NNI_OK;
	buf_setf(&text, "the program '%s' of trialCommand is not %s", program,
	    there ? "executable" : "found");
	if (by_path)
		buf_setf(&hint,
		    "%s, or correct trialCommand; it is run in '%s'",
		    there ? "chmod +x" : "build it", p->member->code_dir);
	else
		buf_adds(&hint,
		    p->far ? "install it there, set pythonPath or preCommand, "
			     "or correct trialCommand"
			   : "correct trialCommand, or PATH");
	code = problem(p, out, NNI_CONFIG, text.data, hint.data);
	buf_release(&text);
	buf_release(&hint);
	return code;
}

static int
check_script(const struct place *p, struct buf *out)
{
	bool in_path = false;
	const char *script = command_script(p->argv, &in_path);
	struct buf text = BUF_INIT;
	int code = NNI_OK;

	if (script != NULL && !is_there(script, p) &&
	    !(in_path && is_program(script, p))) {
		buf_setf(&text, "trialCommand runs '%s', which is not in '%s'",
		    script, p->member->code_dir);
		code = problem(p, out, NNI_CONFIG, text.data,
		    "correct trialCommand or trialCodeDirectory");
	}
	buf_release(&text);
	return code;
}

static int
check_command(const struct place *p, struct buf *out)
{
	char *needed;
	int code = NNI_OK;

	if (p->argv != NULL) {
		code = check_program(p, p->argv[0], out);
		return code != NNI_OK || p->far ? code : check_script(p, out);
	}
	needed = p->member->trial_command != NULL
		     ? command_needs(p->member->trial_command)
		     : NULL;
	if (needed != NULL)
		code = check_program(p, needed, out);
	free(needed);
	return code;
}

static void
print_gpus(struct buf *out, const struct gpus *g)
{
	const struct gpu_process *p;
	size_t i;

	json_key(out, "gpus");
	buf_addc(out, '[');
	for (i = 0; i < g->count; i++) {
		buf_adds(out, i ? ",{" : "{");
		json_member_int(out, "index", g->at[i].index);
		json_member_str(out, "uuid", g->at[i].uuid);
		p = gpu_process_on(&g->at[i]);
		if (p != NULL) {
			json_member_int(out, "pid", p->pid);
			json_member_str(out, "process", p->name);
		}
		buf_addc(out, '}');
	}
	buf_addc(out, ']');
}

static int
check_gpus(const struct place *p, struct buf *problems, struct buf *line,
    int64_t *room)
{
	struct gpus g = {NULL, 0};
	struct buf why = BUF_INIT, owner = BUF_INIT;
	int code = NNI_OK;

	if (p->member->gpu_number <= 0)
		return NNI_OK;
	if (proc_find(gpus_command[0], NULL, &owner) == -1) {
		buf_setf(&why,
		    "trialGpuNumber is %" PRId64 ", but there is no nvidia-smi",
		    p->member->gpu_number);
		code = problem(p, problems, NNI_CONFIG, why.data,
		    "install the NVIDIA driver, correct PATH, or leave "
		    "trialGpuNumber out");
		*room = 0;
	} else if (gpus_ask(&g, &why) == -1) {
		code = problem(p, problems, NNI_TEMPORARY, why.data,
		    "trialGpuNumber needs nvidia-smi of the NVIDIA driver");
		*room = 0;
	} else if (gpus_check(&g, p->member, &why) == -1) {
		code = problem(p, problems, NNI_CONFIG, why.data,
		    "lower trialGpuNumber, or correct gpuIndices");
		*room = 0;
	} else {
		gpu_owner(&owner, p->dir);
		*room = gpu_room(&g, p->member, owner.data, &why);
		if (*room == 0)
			json_member_str(line, "reason", why.data);
	}
	print_gpus(line, &g);
	gpus_release(&g);
	buf_release(&why);
	buf_release(&owner);
	return code;
}

/* ---- the directory of a far end ---- */

#define SET_REMOTE_DIR                                                         \
	"set remoteDir of this machine to a directory where that can be"

/* Not on Windows, where the mode of a file says nothing. */
static int
check_running(const struct place *p, struct buf *out)
{
	static const char script[] = "#!/bin/sh\nexit 0\n";
	struct buf path = BUF_INIT, said = BUF_INIT, err = BUF_INIT;
	const char *argv[] = {NULL, NULL};
	struct proc_spec spec = {.argv = (char **)argv,
	    .dir = p->dir,
	    .in = {PROC_NULL, OS_NO_FILE},
	    .err = {PROC_NULL, OS_NO_FILE}};
	struct proc_end end;
	int code = NNI_OK;

	expdir_path(&path, p->dir, "probe-");
	buf_addf(&path, "%" PRId64, proc_self_pid());
	argv[0] = path.data;
	if (file_replace(
		path.data, script, strlen(script), 0700, false, &err) == -1)
		code = problem(p, out, NNI_CONFIG, err.data, SET_REMOTE_DIR);
	else if (*path_list_separator() == ':' &&
		 proc_run(&spec, &said, 0, &end, &err) == -1)
		code = problem(p, out, NNI_CONFIG, err.data, SET_REMOTE_DIR);
	file_remove(path.data, NULL);
	buf_release(&path);
	buf_release(&said);
	buf_release(&err);
	return code;
}

static int
check_disk(const struct place *p, struct buf *line, struct buf *out)
{
	struct buf text = BUF_INIT;
	int64_t bytes = 0;
	int code = NNI_OK;

	if (disk_free(p->dir, &bytes, NULL) == 0) {
		json_member_int(line, "disk_free", bytes);
		if (bytes < LEAST_FREE)
			buf_setf(&text,
			    "%" PRId64 " bytes are left on the disk of '%s'",
			    bytes, p->dir);
	}
	if (text.len > 0)
		code = problem(p, out, NNI_TEMPORARY, text.data,
		    "make room there, or set remoteDir of this machine to a "
		    "directory with more");
	else
		code = check_running(p, out);
	buf_release(&text);
	return code;
}

static int
check_share(const struct place *p, struct buf *out)
{
	struct buf err = BUF_INIT, hint = BUF_INIT;
	int code = NNI_OK;

	if (share_check(p, &err, &hint) == -1)
		code = problem(p, out, NNI_CONFIG, err.data, hint.data);
	buf_release(&err);
	buf_release(&hint);
	return code;
}

int
verb_check(const struct verb *v)
{
	struct buf err = BUF_INIT, line = BUF_INIT, problems = BUF_INIT;
	int64_t room = INT64_MAX, max;
	struct place p;
	int code, codes[4];

	code = place_open(&p, v->dir, v->member, &err);
	if (code != NNI_OK) {
		problem(&p, &problems, code, err.data, NULL);
	} else {
		record_begin(&line, "place");
		json_member_str(&line, "place", p.name);
		json_member_str(&line, "host", sys_host());
		json_member_int(&line, "cpus", sys_cpus());
		if (p.far)
			json_member_time(&line, "time", clock_wall_ms());
		codes[0] = p.far ? check_disk(&p, &line, &problems)
				 : check_code_dir(&p, &problems);
		codes[1] =
		    codes[0] == NNI_OK ? check_command(&p, &problems) : 0;
		codes[2] = check_gpus(&p, &problems, &line, &room);
		codes[3] = check_share(&p, &problems);
		max = p.config.trial_concurrency;
		json_member_int(&line, "n", room < max ? room : max);
		record_end(&line);
		code = codes[0]	  ? codes[0]
		       : codes[1] ? codes[1]
		       : codes[2] ? codes[2]
				  : codes[3];
	}
	buf_add(&line, problems.data, problems.len);
	print(&line);
	place_close(&p);
	far_leave_no_trace(v->far);
	buf_release(&err);
	buf_release(&line);
	buf_release(&problems);
	return code;
}

/* ---- keep ---- */

int
verb_keep(const char *attempt_dir)
{
	struct buf text = BUF_INIT, err = BUF_INIT;
	struct order o;
	char bytes[4096];
	int64_t n;

	int code;

	(void)attempt_dir; /* for people who look at the list of processes */
	while ((n = file_read(sys_stdin(), bytes, sizeof(bytes))) > 0)
		buf_add(&text, bytes, (size_t)n);
	buf_rtrim(&text);
	if (order_read(&o, text.data, text.len, &err) == -1) {
		code = say_error(NNI_USAGE, "%s", err.data);
	} else {
		o.place->events = events_open(o.place->dir, NULL);
		code = keeper_main(&o, sys_stdout());
	}
	order_release(&o);
	buf_release(&text);
	buf_release(&err);
	return code;
}
