/*
 * The verbs that do not stream: what this platform is, whether it can do what
 * the experiment asks, and clearing away after it.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include "command.h"
#include "expdir.h"
#include "gpulock.h"
#include "keeper.h"
#include "say.h"
#include "state.h"
#include "verb.h"
#include "os/lock.h"
#include "os/process.h"
#include "os/sys.h"

static void
print(struct buf *line)
{
	say_data(line->data, line->len);
	buf_clear(line);
}

int
verb_capabilities(const struct verb *v)
{
	struct buf line = BUF_INIT;

	(void)v;
	record_begin(&line, "capabilities");
	json_member_int(&line, "protocol", 1);
	json_key(&line, "verbs");
	buf_adds(&line,
	    "[\"capabilities\",\"check\",\"submit\",\"watch\",\"collect\","
	    "\"clean\"]");
	json_member_str(&line, "needs_code", "none");
	json_member_bool(&line, "update", true);
	json_member_bool(&line, "adopt", true);
	json_member_bool(&line, "credit", true);
	json_member_bool(&line, "keeps_concurrency", true);
	record_end(&line);
	print(&line);
	buf_release(&line);
	return NNI_OK;
}

/* ---- check ---- */

/* Adds a problem; returns `code`. */
static int
problem(struct buf *out, int code, const char *message, const char *hint)
{
	record_error(out, message, PLACE_NAME, hint, NULL);
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
		code = problem(out, NNI_CONFIG, text.data,
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

static int
check_program(const struct place *p, const char *program, struct buf *out)
{
	bool by_path = strpbrk(program, "/\\") != NULL;
	bool there = by_path && is_there(program, p);
	struct buf text = BUF_INIT, hint = BUF_INIT;
	int code;

	if (is_program(program, p))
		return NNI_OK;
	buf_setf(&text, "the program '%s' of trialCommand is not %s", program,
	    there ? "executable" : "found");
	if (by_path)
		buf_setf(&hint,
		    "%s, or correct trialCommand; it is run in '%s'",
		    there ? "chmod +x" : "build it", p->member->code_dir);
	else
		buf_adds(&hint, "correct trialCommand, or PATH");
	code = problem(out, NNI_CONFIG, text.data, hint.data);
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
		code = problem(out, NNI_CONFIG, text.data,
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
		return code != NNI_OK ? code : check_script(p, out);
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
		code = problem(problems, NNI_CONFIG, why.data,
		    "install the NVIDIA driver, correct PATH, or leave "
		    "trialGpuNumber out");
		*room = 0;
	} else if (gpus_ask(&g, &why) == -1) {
		code = problem(problems, NNI_TEMPORARY, why.data,
		    "trialGpuNumber needs nvidia-smi of the NVIDIA driver");
		*room = 0;
	} else if (gpus_check(&g, p->member, &why) == -1) {
		code = problem(problems, NNI_CONFIG, why.data,
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

int
verb_check(const struct verb *v)
{
	struct buf err = BUF_INIT, line = BUF_INIT, problems = BUF_INIT;
	int64_t room = INT64_MAX, max;
	struct place p;
	int code, codes[3];

	code = place_open(&p, v->dir, v->member, &err);
	if (code != NNI_OK) {
		problem(&problems, code, err.data, NULL);
	} else {
		record_begin(&line, "place");
		json_member_str(&line, "place", PLACE_NAME);
		json_member_str(&line, "host", sys_host());
		json_member_int(&line, "cpus", sys_cpus());
		codes[0] = check_code_dir(&p, &problems);
		codes[1] =
		    codes[0] == NNI_OK ? check_command(&p, &problems) : 0;
		codes[2] = check_gpus(&p, &problems, &line, &room);
		max = p.config.trial_concurrency;
		json_member_int(&line, "n", room < max ? room : max);
		record_end(&line);
		code = codes[0] ? codes[0] : codes[1] ? codes[1] : codes[2];
	}
	buf_add(&line, problems.data, problems.len);
	print(&line);
	place_close(&p);
	buf_release(&err);
	buf_release(&line);
	buf_release(&problems);
	return code;
}

/* ---- clean ---- */

/*
 * Here the experiment's directory is all there is of it.  What others have
 * in their code directory, and the machine's lock files of GPUs, stays.
 */
int
verb_clean(const struct verb *v)
{
	struct buf trials = BUF_INIT, path = BUF_INIT;
	char **names = NULL;
	size_t count = 0, i;
	int code = NNI_OK;

	expdir_path(&trials, v->dir, "trials");
	if (dir_list(trials.data, &names, NULL, &count, NULL) == -1)
		count = 0;
	for (i = 0; i < count; i++) {
		buf_setf(&path, "%s/%s/.nni/lock", trials.data, names[i]);
		if (lock_held(path.data, NULL) == 1)
			code = say_error(NNI_LOCKED,
			    "trial '%s' still runs: cancel it first", names[i]);
	}
	dir_list_free(names, NULL, count);
	buf_release(&trials);
	buf_release(&path);
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
