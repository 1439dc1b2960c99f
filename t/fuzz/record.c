/* Any bytes as a line: what is taken must survive being written again. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct record r, again;
	struct buf out = BUF_INIT, text = BUF_INIT;
	struct json_iter it;
	struct json key, value;
	double d;
	int64_t n;

	if (record_parse(&r, (const char *)data, size, NULL) == 0) {
		record_set(&out, r.line, "zz", (struct json){"1", 1});
		if (record_parse(&again, out.data, out.len, NULL) == -1)
			abort();
		json_iter_init(&it, r.line);
		while (json_next(&it, &key, &value)) {
			buf_clear(&text);
			json_string(value, &text);
			json_double(value, &d);
			json_int(value, &n);
			buf_clear(&text);
			json_add_python(&text, value);
			if (json_check(text.data, text.len, JSON_NAN, &value,
				NULL, NULL) == -1)
				abort();
			buf_clear(&out);
			json_add_python(&out, value);
			if (out.len != text.len ||
			    memcmp(out.data, text.data, out.len) != 0)
				abort();
		}
	}
	buf_release(&out);
	buf_release(&text);
	return 0;
}
