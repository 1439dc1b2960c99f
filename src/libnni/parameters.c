/*
 * A trial's files of parameters: the one that it is started with, and those
 * that it asks for (multiPhase).
 */
#include <inttypes.h>
#include <string.h>
#include "parameters.h"
#include "json.h"
#include "os/file.h"

/* The separators are Python's, as NNI wrote them. */
void
parameters_text(struct buf *out, const struct record *r, int64_t index)
{
	struct json source = record_get(r, "parameter_source");

	buf_adds(out, "{\"parameter_id\": ");
	if (r->parameter_id >= 0)
		json_add_int(out, r->parameter_id);
	else
		buf_adds(out, "null");
	buf_adds(out, ", \"parameter_source\": ");
	if (json_type(source) == JSON_STRING)
		json_add(out, source);
	else
		buf_adds(out, "\"algorithm\"");
	buf_adds(out, ", \"parameters\": ");
	if (json_type(r->parameters) != JSON_ABSENT)
		json_add(out, r->parameters);
	else
		buf_adds(out, "{}");
	buf_addf(out, ", \"parameter_index\": %" PRId64 "}", index);
}

int
parameters_update(
    const char *attempt_dir, const struct record *r, struct buf *err)
{
	struct buf path = BUF_INIT, text = BUF_INIT, there = BUF_INIT;
	int64_t index;
	int result = 0;

	if (json_int(record_get(r, "parameter_index"), &index) == -1 ||
	    index < 1 || json_type(r->parameters) == JSON_ABSENT)
		return buf_err(err,
		    "an update needs parameter_index (from 1) and parameters");
	buf_addf(&path, "%s/parameter_%" PRId64 ".cfg", attempt_dir, index);
	parameters_text(&text, r, index);
	if (file_read_ordinary(path.data, &there, NULL) == -1 || there.len == 0)
		result = file_replace(
		    path.data, text.data, text.len, 0600, false, err);
	else if (strcmp(there.data, text.data) != 0)
		result = buf_err(err,
		    "an update has other parameters than the trial has got "
		    "before for parameter_index %" PRId64,
		    index);
	buf_release(&path);
	buf_release(&text);
	buf_release(&there);
	return result;
}
