/* Any bytes as a canonical configuration. */
#include <stdint.h>
#include <stdlib.h>

#include "config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct config c;
	struct buf err = BUF_INIT;

	if (config_parse(&c, (const char *)data, size, &err) == 0) {
		if (!c.member_count || !c.trial_concurrency ||
		    config_member(&c, c.members[0].name) != &c.members[0])
			abort();
		config_release(&c);
	} else if (!err.len) {
		abort();
	}
	buf_release(&err);
	return 0;
}
