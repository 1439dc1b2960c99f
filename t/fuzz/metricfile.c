/*
 * Any bytes as a metric file: all of them are dealt with, what comes out is
 * JSON, and how the file grew makes no difference to what is whole.
 */
#include <stdint.h>
#include <stdlib.h>

#include "metricfile.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct metric m = METRIC_INIT;
static struct buf err = BUF_INIT;

static void
check_value(void)
{
	struct json v;

	if (m.value.len > 0 && json_check(m.value.data, m.value.len,
				   JSON_STRICT, &v, NULL, NULL) == -1)
		abort();
}

static void
read_file(const char *bytes, size_t len, bool whole)
{
	size_t at = 0, used;
	enum metric_step step;

	while ((step = metricfile_next(&m, bytes + at, len - at, whole, &used,
		    &err)) != METRIC_MORE) {
		if (used == 0 || used > len - at)
			abort();
		if (step == METRIC_FOUND)
			check_value();
		at += used;
	}
	if (used != 0 || (whole && at != len))
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* An exact copy, so that reading behind it is noticed. */
	char *bytes = malloc(size ? size : 1);
	size_t rest = 0, at = 0, i;

	for (i = 0; i < size; i++)
		bytes[i] = (char)data[i];
	read_file(bytes, size, true);
	read_file(bytes, size, false);
	while (at < size &&
	       metric_in_line(&m, bytes + at, size - at, &rest, &err) == 1) {
		check_value();
		if (rest == 0 || rest > size - at)
			abort();
		at += rest;
	}
	free(bytes);
	return 0;
}
