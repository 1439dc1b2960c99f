/* Any bytes as records: a report has as many rows as it has trials. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "nni-collect/report.h"
#include "record.h"
#include "table.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct report *report = report_new(size % 2 ? ',' : '\t');
	struct buf out = BUF_INIT;
	const char *p = (const char *)data, *lf;
	struct record r, merged;
	size_t n;

	report_take(report, p, size);
	report_print(report, &out);
	if (!out.len || out.data[out.len - 1] != '\n')
		abort();
	for (n = size; n; p = lf + 1) {
		lf = memchr(p, '\n', n);
		if (!lf)
			break;
		buf_clear(&out);
		if (record_parse(&r, p, (size_t)(lf - p), NULL) == 0) {
			table_row(&out, &r);
			buf_clear(&out);
			record_merge(&out, r.line, r.line);
			if (record_parse(&merged, out.data, out.len, NULL) ==
			    -1)
				abort();
		}
		n -= (size_t)(lf + 1 - p);
	}
	report_free(report);
	buf_release(&out);
	return 0;
}
