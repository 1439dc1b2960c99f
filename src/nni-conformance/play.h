#ifndef NNI_PLAY_H
#define NNI_PLAY_H

#include "ring.h"
#include "stage.h"

/* A part of the play: some promises, kept in experiments of their own. */
struct part {
	const char *name;
	const char *help; /* what it is about, one line */
	void (*run)(struct stage *s);
};
/* In the order in which they are played; the last one has no name. */
extern const struct part play_parts[];

/* How many trials the part "many" starts. */
extern int64_t play_many_trials;

/*
 * Which parts `list` names: names or numbers (from 1), commas between them.
 * Sets chosen[i] of each.  0 or -1.
 */
int play_choose(const char *list, bool *chosen, struct buf *err);
void play_list(void);

/* A part has no number beyond this. */
#define PLAY_MOST 32

/*
 * Plays the contract of a backend (platforms/README), one TAP line a promise;
 * the chosen parts only, or all if `chosen` is NULL.
 */
void play(struct stage *s, const bool *chosen);

/* The parts, by what they are about. */
void part_capabilities(struct stage *s);
void part_check(struct stage *s);
void part_empty(struct stage *s);
void part_usage(struct stage *s);
void part_nonsense(struct stage *s);
void part_clean(struct stage *s);
void part_fetch(struct stage *s);
void part_one(struct stage *s);
void part_ends(struct stage *s);
void part_attempts(struct stage *s);
void part_again(struct stage *s);
void part_once(struct stage *s);
void part_no_room(struct stage *s);
void part_many(struct stage *s);
void part_adopt(struct stage *s);
void part_kills(struct stage *s);
void part_lookup(struct stage *s);
void part_cancel(struct stage *s);
void part_cancel_now(struct stage *s);
void part_cancel_late(struct stage *s);
void part_gone(struct stage *s);
void part_update(struct stage *s);

/* ---- what the parts share ---- */

/* A new experiment and its three verbs; false: told. */
bool play_begin(struct ring *r, struct stage *s);
/* The same; then submits these, and waits by `until`: ring_ends(), ring_runs()
   or NULL. */
bool play_trials(struct ring *r, struct stage *s, struct actor *actors,
    size_t count, bool (*until)(struct ring *r));
/* Tells whether the trial's end has this status. */
bool play_ended_as(struct ring *r, const char *id, enum trial_status wanted,
    enum promise p, const char *name);
/* All metrics of the trial stand before its end, and the end stands once. */
bool play_in_order(const struct verb *v, const char *id);
/*
 * Starts a verb, sends it these lines (NULL: none), ends its input, and waits;
 * true: it ended with 0.
 */
bool play_alone(struct stage *s, struct verb *v, const char *verb,
    const char *line, const char *more);

/* ---- the trial ---- */

/*
 * The shell script that a trial runs where this program is not; what it is to
 * do stands in its parameter "do".  It reports as NNI's SDK does: to the
 * metrics file on the platform "local", else on standard output.
 */
extern const char play_trial_script[];
/* The same by this program. Returns the exit code. */
int play_trial(void);

#endif
