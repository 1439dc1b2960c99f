#ifndef NNI_CONFIG_FORM_H
#define NNI_CONFIG_FORM_H

#include <stdbool.h>
#include "node.h"
#include "reading.h"

/*
 * Is a user's file V1?  What names trainingServicePlatform is, as NNI 2.6 and
 * later have it.  Where a file lacks it, or could be read only in part, the
 * keys that only one of the forms has decide.
 */
bool form_is_v1(const struct node *file);

/*
 * The platform that is meant where none is named: the one that has most of the
 * keys of a V1 file (`v1`) or of a trainingService object; NULL if no platform
 * has any of them.
 */
const struct platform *form_platform(const struct node *map, bool v1);

#endif
