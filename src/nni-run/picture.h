#ifndef NNI_RUN_PICTURE_H
#define NNI_RUN_PICTURE_H

#include "progress.h"

/* What a terminal shows of an experiment that runs. */
struct screen {
	int width, height; /* columns and rows of the terminal */
	bool color;
};

/*
 * Appends rows, each ended by LF.  None is as wide as the terminal (one that is
 * leaves the cursor where terminals differ), and together they leave two rows
 * free, if it has three.  Returns their number.
 */
int picture_add(struct buf *out, const struct screen *screen,
    const struct progress *p, int64_t ran_ms, int64_t now);

#endif
