/* Why a connection ended, and what to do. */
#include "ending.h"

#include <string.h>

#include "json.h"
#include "record.h"
#include "say.h"
#include "ssh.h"

/* Appends "; it said: " and the last line that is not blank. */
static void
add_last_line(const struct ending *e, struct buf *why)
{
	const char *const texts[] = {e->said, e->heard};
	struct buf text = BUF_INIT;
	const char *line;
	size_t i;

	for (i = 0; i < 2 && !text.len; i++) {
		buf_set(&text, texts[i]);
		buf_rtrim(&text);
	}
	if (text.len) {
		line = strrchr(text.data, '\n');
		buf_addf(why, "; it said: %s", line ? line + 1 : text.data);
	}
	buf_release(&text);
}

/* An error record's words. */
static bool
explain_record(const struct ending *e, struct buf *why, struct buf *hint)
{
	struct record r;
	struct buf text = BUF_INIT;

	if (!e->error ||
	    record_parse(&r, e->error, strlen(e->error), NULL) == -1)
		return false;
	json_string(record_get(&r, "message"), &text);
	json_string(record_get(&r, "hint"), hint);
	buf_setf(why, "%s: %s", e->m->place, text.len ? text.data : "error");
	buf_release(&text);
	return true;
}

static void
explain_start(const struct ending *e, struct buf *why, struct buf *hint)
{
	if (e->m->agent_path) {
		buf_setf(why,
		    "%s: agentPath '%s' is not a program that can be a far "
		    "end (exit code %d)",
		    e->m->place, e->m->agent_path, e->code);
		buf_setf(hint, "put the nni-platform-local of this version, "
			       "made for that machine, there");
	} else {
		buf_setf(why,
		    "%s: nni-platform-local ended there with exit code %d "
		    "before it listened",
		    e->m->place, e->code);
	}
	add_last_line(e, why);
}

static void
explain_shell(const struct ending *e, struct buf *why, struct buf *hint)
{
	buf_setf(why,
	    "%s: the login shell there ended with exit code %d and ran no "
	    "command",
	    e->m->place, e->code);
	buf_setf(hint, "it has to be one in which \"sh -c 'echo hello'\" says "
		       "hello, also where it is not interactive");
	add_last_line(e, why);
}

int
ending_explain(const struct ending *e, struct buf *why, struct buf *hint)
{
	if (e->when == ENDED_AT_ONCE) {
		buf_set(why, e->told);
		buf_setf(hint, "install the OpenSSH client, or set NNI_SSH to "
			       "where it is");
		return NNI_TEMPORARY;
	}
	if (e->when == ENDED_UP && explain_record(e, why, hint))
		return e->code > 0 ? e->code : NNI_TEMPORARY;
	if (e->code == 255)
		return ssh_explain(why, hint, e->m, e->said, e->code);
	if (e->code == -1) {
		buf_setf(why, "%s: the connection is lost: %s", e->m->place,
		    e->told);
		return NNI_TEMPORARY;
	}
	switch (e->when) {
	case ENDED_STARTING:
		explain_start(e, why, hint);
		break;
	case ENDED_IN_SHELL:
		explain_shell(e, why, hint);
		break;
	case ENDED_SENDING:
		buf_setf(why, "%s: sending the program ended with exit code %d",
		    e->m->place, e->code);
		add_last_line(e, why);
		break;
	default:
		buf_setf(why,
		    "%s: nni-platform-local %s ended there with exit code %d",
		    e->m->place, e->verb, e->code);
		add_last_line(e, why);
		return e->code ? e->code : NNI_TEMPORARY;
	}
	return NNI_TEMPORARY;
}
