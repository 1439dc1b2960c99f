#ifndef NNI_LOCAL_KEEPER_H
#define NNI_LOCAL_KEEPER_H

#include "gpu.h"
#include "place.h"
#include "record.h"
#include "os/keeper.h"

/* What a keeper is told. */
struct order {
	struct place *place;
	const struct record *trial;
	const struct gpus *gpus; /* as seen just now; NULL: none are needed */
};

/*
 * A keeper's whole life (keeper_fn; arg is a struct order).  It answers one
 * line as soon as it can:
 *
 *	started
 *	adopted			it was before, with these parameters
 *	no_room REASON		nothing was done
 *	not_now REASON		nothing was done: its files cannot be made
 *	stale REASON		nothing was done: the code is not what it was
 *	failed REASON		nothing was started, it is not the trial's fault
 *	refused REASON		nothing was started, and never will be
 */
int keeper_main(void *order, os_file answer);

/*
 * The order as text for a keeper that is not forked, and back: `keep ATTEMPT`
 * (Windows).  What order_read() fills is freed by order_release(), also after
 * it failed; its records point into `text`.
 */
void order_write(struct buf *out, const struct order *o);
int order_read(struct order *o, char *text, size_t len, struct buf *err);
void order_release(struct order *o);

#endif
