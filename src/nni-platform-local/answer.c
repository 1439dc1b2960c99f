/*
 * submit: what is said of each trial.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include "expdir.h"
#include "submit.h"
#include "os/sys.h"

void
submitted_forget_line(struct submitted *t)
{
	free(t->line);
	t->line = NULL;
	buf_release(&t->answer);
	stream_close(t->stream);
	t->stream = NULL;
}

void
answer_started(struct submitted *t)
{
	struct submitter *s = t->s;
	struct buf dir = BUF_INIT, job = BUF_INIT;

	expdir_trial(&dir, s->place.dir, t->a.trial, t->a.number);
	json_add_str(&job, dir.data);
	record_set(&s->line, (struct json){t->line, strlen(t->line)}, "job",
	    (struct json){job.data, job.len});
	buf_addc(&s->line, '\n');
	/* Who reads it gives us the next; while enough are held that can wait,
	   and many take one flush of placed.jsonl. */
	filter_put_calm(&s->filter, s->line.data, s->line.len);
	if (s->held <= submitter_most_held(s) / 2)
		filter_hurry(&s->filter);
	buf_clear(&s->line);
	buf_release(&dir);
	buf_release(&job);
}

void
answer_no_room(struct submitted *t, const char *reason)
{
	struct submitter *s = t->s;

	record_begin_trial(&s->line, "no_room", t->a.trial, t->a.number);
	json_member_str(&s->line, "place", s->place.name);
	json_member_str(&s->line, "reason", reason);
	record_end(&s->line);
	submitter_put(s);
	submitted_set_live(t, false);
	submitted_forget_line(t);
}

void
answer_failed(struct submitted *t, const char *reason, bool infra)
{
	struct submitter *s = t->s;

	record_begin_trial(&s->line, "status", t->a.trial, t->a.number);
	json_member_str(&s->line, "status", "FAILED");
	json_member_str(&s->line, "reason", reason);
	if (infra)
		json_member_bool(&s->line, "infra", true);
	json_member_time(&s->line, "time", clock_wall_ms());
	record_end(&s->line);
	submitter_put(s);
	submitted_set_live(t, false);
	submitted_forget_line(t);
}

/* The keeper died without a word: if it had claimed the attempt, watch will
   say what became of it. */
static void
say_speechless(struct submitted *t)
{
	if (submitted_is_there(t))
		answer_started(t);
	else
		answer_failed(
		    t, "its keeper died before it could start it", true);
}

/*
 * The disk is full, or cannot be written to: that is no fault of this trial,
 * and would be the same for the next one.  The reason names its directory: it
 * stays as it is, and no news, while the system's own word is the same.
 */
static void
say_no_disk(struct submitted *t, const char *reason)
{
	struct submitter *s = t->s;
	const char *was = strrchr(s->no_disk.data, ':');
	const char *is = strrchr(reason, ':');

	if (was == NULL || is == NULL || strcmp(was, is) != 0)
		buf_set(&s->no_disk, reason);
	buf_set(&s->short_of, s->no_disk.data);
	answer_no_room(t, s->no_disk.data);
}

void
answer_keeper(struct submitted *t, char *line)
{
	char *reason;

	reason = line + strcspn(line, " ");
	if (*reason != '\0')
		*reason++ = '\0';
	if (strcmp(line, "started") == 0) {
		answer_started(t);
	} else if (strcmp(line, "adopted") == 0) {
		answer_started(t);
		submitted_count_if_live(t);
	} else if (strcmp(line, "no_room") == 0) {
		answer_no_room(t, reason);
	} else if (strcmp(line, "not_now") == 0) {
		say_no_disk(t, reason);
	} else if (strcmp(line, "stale") == 0) {
		supply_code_changed(&t->s->supply);
		answer_no_room(t, reason);
	} else if (strcmp(line, "failed") == 0) {
		answer_failed(t, reason, true);
	} else if (strcmp(line, "refused") == 0) {
		answer_failed(t, reason, false);
	} else {
		say_speechless(t);
	}
}
