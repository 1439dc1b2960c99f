#ifndef NNI_LOCAL_PREPARE_H
#define NNI_LOCAL_PREPARE_H

#include "place.h"
#include "record.h"

/*
 * An attempt's directory and environment before its start, as NNI has them
 * (nni-platform-local(8); nni-core 13).
 */
struct prepared {
	os_file out, err;    /* its standard output and error */
	char **env;	     /* changes, as struct proc_spec has them */
	struct buf code_dir; /* where it runs */
	struct buf output_dir;
};
#define PREPARED_INIT                                                          \
	{                                                                      \
		OS_NO_FILE, OS_NO_FILE, NULL, BUF_INIT, BUF_INIT               \
	}

/* The directories ATTEMPT and ATTEMPT/.nni; existing ones are fine. */
int prepare_dirs(const char *attempt_dir, struct buf *err);

enum {
	PREPARE_FAILED = -1,
	PREPARE_STALE = -2 /* the code is not what it was, or not there */
};
/*
 * parameter.cfg, an empty .nni/metrics, stdout and stderr; what an earlier try
 * that never started left is written anew.  `devices`: for
 * CUDA_VISIBLE_DEVICES if the member asks for GPUs.
 */
int prepare(struct prepared *p, const struct place *place,
    const struct record *trial, const char *attempt_dir, const char *devices,
    struct buf *err);
/* When the trial is over: of its own code only what it made or changed stays.
 */
void prepared_prune(const struct prepared *p, const struct place *place);
void prepared_release(struct prepared *p);

#endif
