/*
 * Any bytes as YAML or JSON: what is taken must come out as JSON, and that
 * must be read again as the same value.
 */
#include <stdint.h>
#include <stdlib.h>

#include "node.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct problems problems = PROBLEMS_INIT;
	struct buf out = BUF_INIT, again = BUF_INIT, text = BUF_INIT;
	struct node *root, *same;
	struct json v;

	problems_file(&problems, "f");
	if (size && node_parse((const char *)data + 1, size - 1,
			data[0] & 1 ? NODE_YAML : NODE_JSON_OR_YAML, &root,
			&problems) == 0) {
		node_json(root, &out);
		if (json_check(
			out.data, out.len, JSON_STRICT, &v, NULL, NULL) == -1)
			abort();
		if (node_parse(out.data, out.len, NODE_JSON_OR_YAML, &same,
			&problems) == 0) {
			node_json(same, &again);
			if (again.len != out.len ||
			    memcmp(again.data, out.data, out.len) != 0)
				abort();
			node_free(same);
		}
		node_describe(root, &text);
		node_free(root);
	} else if (size && !problems.errors) {
		abort();
	} else if (size && root) {
		node_json(root, &out);
		node_free(root);
	}
	problems_text(&problems, true, &text);
	problems_release(&problems);
	buf_release(&out);
	buf_release(&again);
	buf_release(&text);
	return 0;
}
