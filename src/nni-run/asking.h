#ifndef NNI_RUN_ASKING_H
#define NNI_RUN_ASKING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "record.h"

/*
 * How many proposals to ask the tuner for, and those that came too early.
 *
 * A proposal should know every result there is, so as a rule one is asked for
 * only when a slot is free.  Only where trials end so fast that slots would
 * stand idle while the tuner thinks are some asked for ahead: as many as
 * trials end during one answer.
 */
struct asked {
	size_t n; /* answers still to come to it */
	int64_t at_us;
	bool dropped; /* nobody waits for them any more */
	/* For a further phase of this trial; "": for new trials. */
	char trial[TRIAL_ID_LEN + 1];
	int64_t index; /* that phase */
};

struct asking {
	size_t outstanding; /* asked for new trials and not answered */
	struct asked *asks; /* the unanswered ones, oldest first */
	size_t ask_count, ask_cap;
	char **spare; /* specs without a slot, oldest first */
	size_t spare_count, spare_cap;
	bool exhausted;	   /* no_more */
	bool until_result; /* no_more for now: ask again after the next end */
	int64_t ended_us;  /* when the last trial ended, or the first ask */
	double answer_us, interval_us; /* moving averages; 0: unknown */
};

void asking_init(struct asking *a);
void asking_release(struct asking *a);
/* The tuner is new: what it was asked is void, and so are the spares. */
void asking_reset(struct asking *a);

/* New trials are not wanted any more, though the tuner may still answer. */
void asking_drop(struct asking *a);

/*
 * How many to ask for now, with `free_slots` to fill and at most `left` more
 * trials to come (INT64_MAX: unlimited).  `concurrency` 0: none are asked for
 * ahead of these.
 */
size_t asking_wanted(const struct asking *a, int64_t free_slots,
    int64_t concurrency, int64_t left);
/*
 * How many specs to hand on before there is a slot for them, where whoever gets
 * them waits with the start until there is: none, unless trials end so fast
 * that slots stand idle while the news of an end comes here and a spec goes
 * back.
 */
int64_t asking_early(const struct asking *a, int64_t concurrency);
void asking_asked(struct asking *a, size_t n, int64_t now_us);
/* The same, one for a phase of a trial. */
void asking_asked_for(
    struct asking *a, const char *trial, int64_t index, int64_t now_us);
bool asking_has(const struct asking *a, const char *trial, int64_t index);
/* *whom gets what was answered; false: nothing had been asked. */
bool asking_answered(struct asking *a, int64_t now_us, struct asked *whom);
/* `until_result`: more may come after the next end. */
void asking_no_more(struct asking *a, bool until_result);
void asking_trial_ended(struct asking *a, int64_t now_us);

void asking_put(struct asking *a, const char *spec);
/* The oldest spare; NULL if there is none. The caller frees it. */
char *asking_take(struct asking *a);

#endif
