#ifndef NNI_CONFIG_FOLD_H
#define NNI_CONFIG_FOLD_H

#include <stdbool.h>

/* ASCII letter case aside: names of algorithms. */
bool fold_case_equal(const char *a, const char *b);
/* Letter case and '_' aside: keys of V2 and V3 (trial_command). */
bool fold_key_equal(const char *a, const char *b);

#endif
