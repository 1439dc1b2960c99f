/*
 * What a trial finds when it starts: its directory and its environment.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include "prepare.h"
#include "expdir.h"
#include "mem.h"
#include "share.h"
#include "trees.h"
#include "workcopy.h"
#include "parameters.h"
#include "os/sys.h"

int
prepare_dirs(const char *attempt_dir, struct buf *err)
{
	struct buf path = BUF_INIT;
	int r;

	buf_setf(&path, "%s/.nni", attempt_dir);
	r = expdir_make_trial(attempt_dir, err);
	if (r == 0 && dir_make(path.data, 0700, NULL) == -1 &&
	    os_errno() != OS_EXISTS)
		r = dir_make(path.data, 0700, err);
	buf_release(&path);
	return r;
}

/* ---- files ---- */

static os_file
open_new(const char *attempt_dir, const char *name, struct buf *err)
{
	struct buf path = BUF_INIT;
	os_file f;

	buf_setf(&path, "%s/%s", attempt_dir, name);
	f = file_open(path.data,
	    FILE_WRITE | FILE_APPEND | FILE_CREATE | FILE_TRUNC, 0600, err);
	buf_release(&path);
	return f;
}

static int
write_new(const char *attempt_dir, const char *name, const struct buf *text,
    struct buf *err)
{
	os_file f = open_new(attempt_dir, name, err);
	int r = 0;

	if (f == OS_NO_FILE)
		return -1;
	if (text->len > 0 && file_write(f, text->data, text->len) == -1)
		r = buf_err(err, "cannot write '%s/%s': %s", attempt_dir, name,
		    os_strerror());
	file_close(f);
	return r;
}

static int
make_files(struct prepared *p, const struct record *trial,
    const char *attempt_dir, struct buf *err)
{
	struct buf text = BUF_INIT;
	int r;

	/* In place: nobody reads it before the trial is started. */
	parameters_text(&text, trial, 0);
	r = write_new(attempt_dir, "parameter.cfg", &text, err);
	buf_clear(&text);
	if (r == 0)
		r = write_new(attempt_dir, ".nni/metrics", &text, err);
	if (r == 0 &&
	    ((p->out = open_new(attempt_dir, "stdout", err)) == OS_NO_FILE ||
		(p->err = open_new(attempt_dir, "stderr", err)) == OS_NO_FILE))
		r = -1;
	buf_release(&text);
	return r;
}

/* ---- environment ---- */

static void
add(struct prepared *p, size_t *n, const char *name, const char *value)
{
	struct buf b = BUF_INIT;

	buf_adds(&b, name);
	if (value != NULL)
		buf_addf(&b, "=%s", value);
	p->env[(*n)++] = buf_detach(&b);
}

static void
add_int(struct prepared *p, size_t *n, const char *name, int64_t value)
{
	struct buf b = BUF_INIT;

	buf_addf(&b, "%" PRId64, value);
	add(p, n, name, b.data);
	buf_release(&b);
}

static void
add_gpus(struct prepared *p, size_t *n, const struct config_member *m,
    const char *devices)
{
	if (m->gpu_number == 0)
		add(p, n, "CUDA_VISIBLE_DEVICES", "-1");
	if (m->gpu_number <= 0)
		return;
	add(p, n, "CUDA_VISIBLE_DEVICES", devices);
	/* CUDA's own default counts the fastest first, nvidia-smi does not. */
	if (env_get("CUDA_DEVICE_ORDER") == NULL)
		add(p, n, "CUDA_DEVICE_ORDER", "PCI_BUS_ID");
}

static void
make_environment(struct prepared *p, const struct place *place,
    const struct record *trial, const char *attempt_dir, const char *devices)
{
	size_t n = 0;

	p->env = xcalloc(20, sizeof(*p->env));
	add(p, &n, "NNI_PLATFORM", "local");
	add(p, &n, "NNI_EXP_ID", expdir_id(place->dir));
	add(p, &n, "NNI_TRIAL_JOB_ID", trial->trial);
	add_int(p, &n, "NNI_TRIAL_SEQ_ID", trial->sequence);
	add_int(p, &n, "NNI_ATTEMPT", trial->attempt);
	add(p, &n, "NNI_SYS_DIR", attempt_dir);
	add(p, &n, "NNI_OUTPUT_DIR", p->output_dir.data);
	add(p, &n, "NNI_CODE_DIR", p->code_dir.data);
	add(p, &n, "PWD", p->code_dir.data);
	add(p, &n, "MULTI_PHASE", place->config.multi_phase ? "true" : "false");
	add(p, &n, "REUSE_MODE", NULL);
	add(p, &n, "NNI_TRIAL_COMMAND_CHANNEL", NULL);
	add(p, &n, "SDK_PROCESS", NULL);
	add_gpus(p, &n, place->member, devices);
	if (place->python_path != NULL)
		p->env[n++] = xstrdup(place->python_path);
	if (place->path != NULL)
		p->env[n++] = xstrdup(place->path);
}

static int
make_code(struct prepared *p, const struct place *place, struct buf *err)
{
	struct buf tree = BUF_INIT;
	bool any = place->code != NULL;
	int r = any ? tree_dir(&tree, place->store, place->code) : 0;

	if (r == 0)
		switch (workcopy_make(
		    p->code_dir.data, any ? tree.data : NULL, err)) {
		case WORKCOPY_OK:
			break;
		case WORKCOPY_FAILED:
			r = PREPARE_FAILED;
			break;
		case WORKCOPY_STALE:
			r = PREPARE_STALE;
			break;
		}
	buf_release(&tree);
	return r;
}

int
prepare(struct prepared *p, const struct place *place,
    const struct record *trial, const char *attempt_dir, const char *devices,
    struct buf *err)
{
	int r;

	if (make_files(p, trial, attempt_dir, err) == -1 ||
	    share_output(&p->output_dir, place, attempt_dir, err) == -1)
		return PREPARE_FAILED;
	place_code_dir(&p->code_dir, place, attempt_dir);
	if (place->far) {
		r = make_code(p, place, err);
		if (r != 0)
			return r;
	}
	make_environment(p, place, trial, attempt_dir, devices);
	return 0;
}

void
prepared_prune(const struct prepared *p, const struct place *place)
{
	struct buf tree = BUF_INIT;

	if (place->far && place->code != NULL &&
	    tree_dir(&tree, place->store, place->code) == 0)
		workcopy_prune(p->code_dir.data, tree.data);
	buf_release(&tree);
}

void
prepared_release(struct prepared *p)
{
	size_t i;

	if (p->out != OS_NO_FILE)
		file_close(p->out);
	if (p->err != OS_NO_FILE)
		file_close(p->err);
	for (i = 0; p->env != NULL && p->env[i] != NULL; i++)
		free(p->env[i]);
	free(p->env);
	buf_release(&p->code_dir);
	buf_release(&p->output_dir);
	*p = (struct prepared)PREPARED_INIT;
}
