#ifndef NNI_INTENT_H
#define NNI_INTENT_H

#include "buf.h"
#include "record.h"

/*
 * The file `intent` in an attempt's directory: why somebody wants it to end.
 * One word, "user", "early" or "system", and LF.  It is written before the kill
 * is asked for and decides which status the end is given.  The first one
 * stays: a trial that the assessor stopped was not stopped by the user who
 * came second.
 */
enum intent { INTENT_NONE, INTENT_USER, INTENT_EARLY, INTENT_SYSTEM };

/*
 * Writes it, making the attempt's directory if need be, unless there is one.
 * Not flushed: a cancel is in the journal and comes again after a crash.
 */
int intent_write(const char *attempt_dir, enum intent why, struct buf *err);
/* INTENT_NONE if there is none. */
enum intent intent_read(const char *attempt_dir);
/* USER_CANCELED, EARLY_STOPPED, SYS_CANCELED; STATUS_NONE of INTENT_NONE. */
enum trial_status intent_status(enum intent why);

#endif
