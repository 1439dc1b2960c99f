/* The command line of a platform's program. */
#include "verb.h"

#include <string.h>

#include "json.h"
#include "os/file.h"
#include "record.h"
#include "say.h"

#define PROTOCOL 1

const struct verb_entry *
verb_find(const struct opt_tool *tool, const struct verb_entry *verbs,
    const char *name)
{
	const struct verb_entry *e;
	struct buf all = BUF_INIT;

	for (e = verbs; e->name; e++) {
		if (strcmp(e->name, name) == 0)
			break;
		buf_addf(&all, "%s%s", all.len ? ", " : "", e->name);
	}
	if (!e->name)
		opt_usage(
		    tool, "'%s' is not one of the verbs: %s", name, all.data);
	buf_release(&all);
	return e->name ? e : NULL;
}

int
verb_run(const struct opt_tool *tool, const struct verb_entry *e,
    const struct verb *typed)
{
	struct buf dir = BUF_INIT, err = BUF_INIT;
	struct verb v = *typed;
	int code;

	if (e->flags & VERB_ALONE) {
		code = e->run(&v);
	} else if (v.dir == NULL) {
		code = opt_usage(tool, "%s needs --dir", e->name);
	} else if (path_absolute(v.dir, NULL, &dir, &err) == -1) {
		code = say_error(NNI_USAGE, "%s", err.data);
	} else {
		v.dir = dir.data;
		code = e->run(&v);
	}
	buf_release(&dir);
	buf_release(&err);
	return code;
}

void
verb_complete(const struct verb_entry *verbs, const char *what, struct buf *out)
{
	const struct verb_entry *e;

	for (e = verbs; strcmp(what, "VERB") == 0 && e->name; e++)
		buf_addf(out, "%s\t\n", e->name);
}

int
verb_say_capabilities(const struct verb_entry *verbs, const char *needs_code)
{
	struct buf line = BUF_INIT;
	const struct verb_entry *e;
	const char *comma = "";

	record_begin(&line, "capabilities");
	json_member_int(&line, "protocol", PROTOCOL);
	json_key(&line, "verbs");
	buf_addc(&line, '[');
	for (e = verbs; e->name; e++) {
		if (e->flags & VERB_UNSAID)
			continue;
		buf_addf(&line, "%s\"%s\"", comma, e->name);
		comma = ",";
	}
	buf_addc(&line, ']');
	json_member_str(&line, "needs_code", needs_code);
	json_member_bool(&line, "update", true);
	json_member_bool(&line, "adopt", true);
	json_member_bool(&line, "credit", true);
	json_member_bool(&line, "keeps_concurrency", true);
	record_end(&line);
	say_data(line.data, line.len);
	buf_release(&line);
	return NNI_OK;
}
