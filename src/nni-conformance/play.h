#ifndef NNI_PLAY_H
#define NNI_PLAY_H

#include "stage.h"

/*
 * Plays the contract of a backend (platforms/README), one TAP line a promise.
 * `trials`: how many the last part starts.  Returns the number of failures.
 */
int play(struct stage *s, int64_t trials);

/*
 * The shell script that every trial runs; what it is to do stands in its
 * parameter "do".  It reports as NNI's SDK does: to the metrics file on the
 * platform "local", else on standard output.
 */
extern const char play_trial_script[];

#endif
