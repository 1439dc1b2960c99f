/* Files of a trial that its platform keeps elsewhere. */
#include "play.h"

#include <stdlib.h>
#include <string.h>

#include "expdir.h"
#include "os/file.h"

/* The trial's record with what is wanted of it. */
static void
make_line(struct buf *line, struct ring *r, const char *id, const char *what)
{
	const char *job = ring_trial(r, id);

	buf_clear(line);
	if (!job)
		return;
	buf_adds(line, job);
	buf_rtrim(line);
	buf_cut(line, line->len - 1);
	json_member_str(line, "what", what);
	buf_addc(line, '}');
}

static const struct heard *
answer_of(const struct verb *v)
{
	const struct heard *found = NULL;
	size_t i;

	for (i = 0; i < v->count; i++) {
		if (!record_is(v->heard[i].r.type_text, "fetched"))
			continue;
		if (found)
			return NULL;
		found = &v->heard[i];
	}
	return found;
}

/* Does the file of the attempt's directory here have this text? */
static bool
file_has(
    const struct stage *s, const char *id, const char *name, const char *wanted)
{
	struct buf path = BUF_INIT, text = BUF_INIT;
	bool has;

	expdir_trial(&path, s->dir.data, id, 1);
	path_add(&path, name);
	has = file_read_ordinary(path.data, &text, NULL) == 0 &&
	      strstr(text.data, wanted) != NULL;
	buf_release(&path);
	buf_release(&text);
	return has;
}

/* False: there is more than came, as the answer says. */
static bool
fetch(struct ring *r, const char *id, const char *what, int64_t *bytes)
{
	struct stage *s = r->stage;
	struct verb v = {0};
	struct buf line = BUF_INIT;
	const struct heard *h;
	bool ended, all;

	make_line(&line, r, id, what);
	ended = play_alone(s, &v, "fetch", line.data, NULL);
	h = answer_of(&v);
	*bytes = -1;
	all = !h || !record_get(&h->r, "error").at;
	told(s,
	    ended && h && !strcmp(h->r.trial, id) && h->r.attempt == 1 &&
		(all || !strcmp(what, "all")) &&
		json_int(record_get(&h->r, "bytes"), bytes) == 0,
	    FETCH_ANSWERS, "fetch answers \"what\":\"%s\" once", what);
	note_verb(&v, id);
	verb_release(&v);
	buf_release(&line);
	return all;
}

static void
look_at_files(struct ring *r, const char *id)
{
	struct stage *s = r->stage;
	int64_t bytes;

	fetch(r, id, "logs", &bytes);
	told(s, file_has(s, id, "stdout", "said by the trial"), FETCH_WHAT,
	    "what it printed is in stdout");
	if (fetch(r, id, "all", &bytes))
		told(s, file_has(s, id, "out/made", "made by the trial"),
		    FETCH_WHAT, "and the file that it made is here");
	else
		passed_over(s, "and the file that it made is here",
		    "the platform says that it cannot bring it");
	fetch(r, id, "all", &bytes);
	told(s, bytes == 0, FETCH_AGAIN, "a second time nothing comes");
	note(s, "bytes: %d", (int)bytes);
}

void
part_fetch(struct stage *s)
{
	struct actor a = {.parameters = "{\"do\":\"files\"}"};
	struct ring r;

	if (!s->fetch) {
		passed_over(s, "files come here", "verbs do not list fetch");
		return;
	}
	if (!play_trials(&r, s, &a, 1, ring_ends))
		return;
	look_at_files(&r, a.id);
	ring_close(&r);
}
