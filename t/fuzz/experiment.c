/*
 * Any bytes as a user's configuration: whatever nni-config takes, every other
 * program can read, and nni-config itself again, to the same result.
 */
#include <stdint.h>
#include <stdlib.h>

#include "config.h"
#include "nni-config/experiment.h"
#include "nni-config/print.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* 0 with canonical JSON in out, or -1. */
static int
convert(const char *text, size_t len, bool no_tuner, struct buf *out)
{
	struct problems problems = PROBLEMS_INIT;
	struct reading r = {.problems = &problems,
	    .base = "/tmp",
	    .no_tuner = no_tuner,
	    .path = BUF_INIT,
	    .hints = BUF_INIT};
	struct node *file, *top = node_new();
	struct buf told = BUF_INIT;
	char *space = NULL;
	int ret = -1;

	problems_file(&problems, "f");
	if (node_parse(text, len, NODE_JSON_OR_YAML, &file, &problems) < 0 &&
	    !problems.errors)
		abort();
	if (file) {
		experiment_read(&r, file, "f", top, &space);
		node_free(file);
		if (!problems.errors) {
			node_json(top, out);
			ret = 0;
		}
		print_origins(top, "f", space, &told);
		print_pretty(top, &told);
		print_redact(top);
	}
	problems_text(&problems, true, &told);
	problems_release(&problems);
	free(space);
	node_free(top);
	buf_release(&told);
	buf_release(&r.path);
	buf_release(&r.hints);
	return ret;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf out = BUF_INIT, again = BUF_INIT, err = BUF_INIT;
	bool no_tuner = size & 1;
	struct config c;

	if (convert((const char *)data, size, no_tuner, &out) == 0) {
		if (config_parse(&c, out.data, out.len, &err) < 0)
			abort();
		config_release(&c);
		if (convert(out.data, out.len, no_tuner, &again) < 0 ||
		    again.len != out.len ||
		    memcmp(again.data, out.data, out.len) != 0)
			abort();
	}
	buf_release(&out);
	buf_release(&again);
	buf_release(&err);
	return 0;
}
