#ifndef NNI_LOCAL_GPU_H
#define NNI_LOCAL_GPU_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "buf.h"
#include "config.h"

/* The GPUs of this machine as one look with nvidia-smi showed them. */
struct gpu_process {
	int64_t pid;
	char name[64];
};
struct gpu {
	int64_t index; /* as nvidia-smi counts: by PCI bus */
	char uuid[64]; /* of [A-Za-z0-9-] */
	struct gpu_process *processes;
	size_t process_count;
};
struct gpus {
	struct gpu *at;
	size_t count;
};

/*
 * Reads what `nvidia-smi -q -x` prints, as NNI did: it alone shows processes of
 * all kinds, those that draw on a screen too.  0; -1 if it is none.
 */
int gpus_parse(struct gpus *g, const char *xml, struct buf *err);
void gpus_release(struct gpus *g);
/*
 * Asks nvidia-smi, waiting for it (20 s at most).  For programs that can wait
 * for children.
 */
int gpus_ask(struct gpus *g, struct buf *err);
extern char *const gpus_command[]; /* its argv, for who does not wait */
#define GPUS_TIMEOUT_MS 20000
#define GPUS_MAX_BYTES ((size_t)8 << 20)

/*
 * One that was seen on it and is not gone since; NULL: none.  What nvidia-smi
 * lists need not be visible to us.
 */
const struct gpu_process *gpu_process_on(const struct gpu *g);
/* gpuIndices: may the member use it? */
bool gpu_is_ours(const struct config_member *m, const struct gpu *g);

/*
 * What is wrong with the member's wishes for good: more GPUs than there are, an
 * index that does not exist.  0, or -1 with a sentence in err.
 */
int gpus_check(
    const struct gpus *g, const struct config_member *m, struct buf *err);

#endif
