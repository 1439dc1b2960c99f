#ifndef NNI_CONFIG_H
#define NNI_CONFIG_H

#include <stdbool.h>
#include <stdint.h>
#include "buf.h"
#include "json.h"

/*
 * The canonical configuration of an experiment: what nni-config prints and
 * DIR/config.json holds (nni-config(5)).  Keys are NNI v3.0's, in camelCase;
 * durations are numbers of seconds, sizes of MB (2^20 bytes), paths are
 * absolute; `trainingService` is always a list of members, each with its own
 * name under "member" and with the shortcut fields (trialCommand,
 * trialCodeDirectory, trialGpuNumber...) filled in from the top level.  What
 * was not set is absent, but for the defaults of a platform's keys.
 */
struct config_member {
	char *name;	/* unique; "local", "remote-2" */
	char *platform; /* "local", "remote", "kubeflow", ... */
	char *trial_command;
	char *code_dir;	    /* trialCodeDirectory, absolute */
	int64_t gpu_number; /* trialGpuNumber; -1: not set */
	int64_t max_trials_per_gpu;
	bool use_active_gpu;
	int64_t *gpu_indices; /* NULL: all */
	size_t gpu_index_count;
	double weight;		 /* 1 */
	int64_t max_concurrency; /* 0: no bound */
	struct json section; /* the member's whole object, for its backend */
};

struct config {
	struct buf text; /* the file; every json slice points into it */
	struct json all;
	char *experiment_name; /* NULL if not set, as every char * here */
	char *working_dir;     /* experimentWorkingDirectory, absolute */
	int64_t trial_concurrency;
	int64_t max_trial_number;	    /* 0: unlimited */
	int64_t max_experiment_duration_ms; /* 0: unlimited */
	int64_t max_trial_duration_ms;	    /* 0: unlimited */
	int64_t max_trial_retry;	    /* of infra failures; default 1 */
	int64_t kill_grace_ms;		    /* TERM to KILL; default 5000 */
	int64_t lease_ms;		    /* 0: none */
	uint64_t seed;
	bool has_seed;
	bool multi_phase;	  /* trials ask for further parameters */
	struct json search_space; /* object, as the user wrote its values */
	struct json tuner; /* {"name","classArgs"...}; JSON_NONE if not set */
	struct json assessor;
	struct config_member *members;
	size_t member_count;
};

/*
 * Reads canonical JSON. 0, or the exit code with "FILE: what is wrong" in err:
 * NNI_CONFIG, or NNI_TEMPORARY if the machine could not read it just now.
 */
int config_load(struct config *c, const char *file, struct buf *err);
int config_parse(
    struct config *c, const char *text, size_t len, struct buf *err);
void config_release(struct config *c);
/* NULL if there is none of that name. */
struct config_member *config_member(struct config *c, const char *name);
/*
 * The configuration of the experiment in `dir` and its member of that name; it
 * belongs to c.  0, or the exit code with err: as config_load(), and NNI_CONFIG
 * if there is no such member; nothing is to be released then.
 */
int config_open(struct config *c, const char *dir, const char *name,
    struct config_member **member, struct buf *err);

#endif
