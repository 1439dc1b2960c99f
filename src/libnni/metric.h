#ifndef NNI_METRIC_H
#define NNI_METRIC_H

#include "json.h"

/*
 * A metric as NNI's tuners and assessors see it: a number, true or false (1 or
 * 0), or the "default" of an object; NaN and infinities too.  0; -1: it is none
 * of these.  v3.0:nni/utils.py, extract_scalar_reward
 */
int metric_scalar(struct json value, double *to);

#endif
