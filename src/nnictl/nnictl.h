#ifndef NNICTL_H
#define NNICTL_H

#include <stdbool.h>
#include <stdint.h>
#include "buf.h"
#include "experiment.h"

/*
 * nnictl: what users of NNI type, mapped onto the other programs and the files
 * of an experiment.  There is no manager to ask: what is to be known is read
 * from the journal, what is to be done goes through control.jsonl, nni-run and
 * nni-cancel.
 */

/* The options of all commands, with NNI's names (v3.0:nni/tools/nnictl). */
struct ctl_options {
	const char *config, *experiment_dir, *filename, *trial, *type, *value;
	const char *port, *url_prefix, *format;
	bool foreground, debug, all, intermediate, path, yes, force;
	int64_t head, tail; /* 0: not given */
	int64_t time_ms;
};
extern struct ctl_options o;

/* A command gets its operands, and returns an exit code. */
typedef int ctl_fn(int argc, char **argv);
ctl_fn ctl_create, ctl_resume, ctl_stop, ctl_kill, ctl_delete;
ctl_fn ctl_clean;
ctl_fn ctl_list, ctl_status, ctl_show, ctl_config, ctl_top;
ctl_fn ctl_trials, ctl_export;
ctl_fn ctl_log_stdout, ctl_log_stderr, ctl_log_trial, ctl_tensorboard;
ctl_fn ctl_concurrency, ctl_duration, ctl_trialnum, ctl_searchspace;

/* ---- which.c: which experiment is meant ---- */

/*
 * The directories of all experiments, or of those that run; malloced strings,
 * free with which_free().
 */
void which_all(bool running_only, char ***dirs, size_t *count);
void which_free(char **dirs, size_t count);
/*
 * The one that the operands name (an id, the beginning of one, or a path), or
 * the only one that is running.  NNI_OK, or an exit code with the fault said.
 */
int which_one(int argc, char **argv, struct buf *dir);
/*
 * The same for a command that only reads: where none is running, the one that
 * was last at work, which is said.
 */
int which_to_read(int argc, char **argv, struct buf *dir);
/* That, read with all texts kept. Release with experiment_release(). */
int which_read(int argc, char **argv, struct experiment *e);

/*
 * The trial that the user means: an id, or the beginning of one.  NULL with the
 * fault said.
 */
struct trial *which_trial(struct experiment *e, const char *what);

/* ---- state.c: what an experiment is doing ---- */

/*
 * Reads one: its configuration, and its journal or what its platforms say of
 * it; `keep` all texts of its trials.  Release both in either case.  0 or -1.
 */
int state_read(struct experiment *e, struct config *c, const char *dir,
    bool keep, struct buf *err);
/* In NNI's words: "RUNNING", "DONE"... */
const char *state_name(const struct experiment *e);
/* For people: "running", "between ticks"... */
const char *state_word(const struct experiment *e);
/*
 * Reads several, without texts, and gives them in order; `fault` is NULL, or
 * why it cannot be read.
 */
typedef void state_fn(void *arg, size_t index, const struct experiment *e,
    const struct config *c, const char *fault);
void state_each(char *const *dirs, size_t count, state_fn *fn, void *arg);
/*
 * Is somebody at work on it, or does it run without: between ticks, or trials
 * of a typed pipeline?
 */
bool state_is_running(const char *dir);
/*
 * Keeps those that run (or that do not) in front, and frees the other strings.
 * How many are left.
 */
size_t state_filter(char **dirs, size_t count, bool running);

/* ---- stop.c: asking ---- */

/*
 * Asks once for all of them.  NNI_OK; NNI_NOTHING if the answer is no.  Where
 * nobody can be asked, `must` refuses it: NNI_USAGE, with the fault said.
 */
int ask_before(const char *verb, char **dirs, size_t count, bool must);

/* ---- start.c: other programs ---- */

/* Runs a tool in the foreground with our streams; its exit code. */
int run_tool(const char *tool, const char *const *args, bool quiet);
/*
 * nni-run --resume DIR without us and our terminal; returns when it is at work
 * (NNI_OK), or its exit code if it has ended before, its messages being shown.
 * A message of our own is in err.
 */
int start_detached(const char *dir, struct buf *err);

#endif
