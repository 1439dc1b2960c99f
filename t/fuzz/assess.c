/*
 * Records to nni-assess: whatever they are, an attempt is cancelled at most
 * once.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "hash.h"
#include "nni-assess/judge.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
judge_line(struct judge *j, const char *line, size_t len, struct hash_set *seen)
{
	struct buf out = BUF_INIT, err = BUF_INIT;
	struct record r;

	if (record_parse(&r, line, len, NULL) == 0) {
		judge_record(j, &r, &out, &err);
		if (out.len &&
		    !hash_set_add(seen, hash_bytes(out.data, out.len)))
			abort();
	}
	buf_release(&out);
	buf_release(&err);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data, *end = text + size, *lf;
	struct hash_set seen = HASH_SET_INIT;
	struct judge j;

	judge_init(&j, medianstop.open(JSON_NONE, NULL));
	for (; text < end; text = lf + 1) {
		lf = memchr(text, '\n', (size_t)(end - text));
		if (!lf)
			lf = end;
		judge_line(&j, text, (size_t)(lf - text), &seen);
	}
	judge_release(&j);
	hash_set_release(&seen);
	return 0;
}
