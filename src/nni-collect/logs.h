#ifndef NNI_LOGS_H
#define NNI_LOGS_H

#include <stdbool.h>
#include <stdint.h>
#include "attempts.h"
#include "buf.h"

/*
 * What trials have printed, as far as it lies in the experiment's directory, as
 * `log` records.
 */
struct logs {
	bool records; /* --logs: they are wanted */
};

/* How far each stream of a trial was told. */
enum { LOG_STDOUT, LOG_STDERR, LOG_STREAMS };
struct log_state {
	int64_t offset[LOG_STREAMS];
};

#define LOGS_FOLLOW_MS 200

/* Appends records of what the logs have grown by. */
void logs_grown(const struct logs *l, struct log_state *state, const char *dir,
    const struct attempt *key, struct buf *out);
/* The trial has ended: the rest of its logs. */
void logs_end(const struct logs *l, struct log_state *state, const char *dir,
    const struct attempt *key, struct buf *out);
/* Tells the user where the log of a failed trial is. */
void logs_failed(const char *dir, const char *trial);

#endif
