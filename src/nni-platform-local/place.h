#ifndef NNI_LOCAL_PLACE_H
#define NNI_LOCAL_PLACE_H

#include "config.h"
#include "record.h"
#include "os/file.h"

/* The one place of this platform has this name, in records and credits. */
#define PLACE_NAME "local"
/*
 * At the far end of an ssh this file of the directory says which place it is,
 * and by what digests the trees of files are known that its trials need:
 * {"place":"bob@gpu7","code":"sha256:...","tools":"sha256:..."}.
 */
#define PLACE_FILE "place.json"

/*
 * What all trials of a member have in common: read once by submit, and there
 * in each keeper, which is a fork of it.
 */
struct place {
	char *dir;  /* the experiment's, absolute */
	char *name; /* PLACE_NAME, or what the far end of an ssh is called */
	bool far;   /* that is what it is: each trial has its own code */
	/* Of a far end: where trees of files are kept, the digests of those
	   that its trials need; NULL if they need none. */
	char *store, *code, *tools;
	char *share; /* where sharedStorage is mounted; NULL: nowhere */
	struct config config;
	struct config_member *member; /* of config */
	char *
	    *argv; /* the trial's command where it needs no shell, else NULL */
	char *program;	   /* the file of argv[0] if it was found in PATH */
	char *python_path; /* "PYTHONPATH=..." with our stand-in behind; or NULL
			    */
	char *path; /* "PATH=..." with nni-trial on it; NULL: it is already */
	os_file events;
	/* trialConcurrency, as place_read_control() has last seen it set. */
	int64_t concurrency;
	int64_t control_offset;
};

/*
 * What PLACE_FILE in the directory says: name, far, store, code, tools.  Freed
 * by place_close().
 */
void place_read(struct place *p, const char *dir);
/* All of it.  0, or the exit code that says why not: NNI_CONFIG, NNI_TEMPORARY.
 */
int place_open(
    struct place *p, const char *dir, const char *member, struct buf *err);
/* Where trees are kept beside the far end's directory `dir`: no experiment can
   have that name. */
void place_store(struct buf *out, const char *dir);
/*
 * Where the attempt's command is run: trialCodeDirectory, or the attempt's own
 * working copy.
 */
void place_code_dir(
    struct buf *out, const struct place *p, const char *attempt_dir);
/* {"type":"set","key":"trialConcurrency","value":N}; other records are none. */
void place_hear(struct place *p, const struct record *r);
/* Reads on in control.jsonl. */
void place_read_control(struct place *p);
void place_close(struct place *p);

#endif
