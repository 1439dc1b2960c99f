/*
 * The contract of platforms/README, played against a real backend: what
 * nni-submit, nni-watch and nni-collect rely on.  Which parts there are, and
 * what they share.
 */
#include "play.h"

#include <stdlib.h>
#include <string.h>

#include "opt.h"
#include "say.h"

int64_t play_many_trials = 1000;

const struct part play_parts[] = {
    {"capabilities", "what it says of itself", part_capabilities},
    {"check", "a look that changes nothing", part_check},
    {"empty", "verbs without any input", part_empty},
    {"usage", "unknown verbs and members", part_usage},
    {"one", "one trial from its start to its end, with its metrics", part_one},
    {"ends", "trials that fail, or report nothing", part_ends},
    {"attempts", "a trial's second attempt", part_attempts},
    {"nonsense", "lines that mean nothing", part_nonsense},
    {"again", "watch and collect are killed and told all again", part_again},
    {"once", "watch --once", part_once},
    {"adopt", "a trial that is submitted twice", part_adopt},
    {"kills", "submit is killed and repeated", part_kills},
    {"lookup", "a job that is not there, and none at all", part_lookup},
    {"cancel", "cancels of trials that run", part_cancel},
    {"cancel-now", "a cancel before the trial could start", part_cancel_now},
    {"cancel-late", "a cancel after the end", part_cancel_late},
    {"gone", "a cancelled trial that does not want to end", part_gone},
    {"update", "a trial that asks for further parameters", part_update},
    {"fetch", "files that lie elsewhere", part_fetch},
    {"clean", "cleaning up, with another experiment beside", part_clean},
    {"no-room", "more trials than there is credit for", part_no_room},
    {"many", "many trials", part_many},
    {NULL, NULL, NULL},
};

void
play_list(void)
{
	struct buf all = BUF_INIT;
	size_t i;

	for (i = 0; play_parts[i].name; i++)
		buf_addf(&all, "%3d  %-14s %s\n", (int)i + 1,
		    play_parts[i].name, play_parts[i].help);
	say_data(all.data, all.len);
	buf_release(&all);
}

static int
find_part(const char *word, struct buf *err)
{
	const char *names[PLAY_MOST];
	const char *near;
	char *end;
	long n = strtol(word, &end, 10);
	int i;

	for (i = 0; play_parts[i].name; i++) {
		names[i] = play_parts[i].name;
		if (!strcmp(word, names[i]) || (!*end && n == i + 1))
			return i;
	}
	names[i] = NULL;
	near = opt_nearest(word, names);
	return buf_err(err, "there is no part '%s'%s%s%s; see --list", word,
	    near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
}

int
play_choose(const char *list, bool *chosen, struct buf *err)
{
	struct buf word = BUF_INIT;
	int i = 0;

	while (*list && i >= 0) {
		size_t len = strcspn(list, ",");

		buf_clear(&word);
		buf_add(&word, list, len);
		i = find_part(word.data, err);
		if (i >= 0)
			chosen[i] = true;
		list += len + (list[len] == ',');
	}
	buf_release(&word);
	return i < 0 ? -1 : 0;
}

/* ---- what the parts share ---- */

bool
play_begin(struct ring *r, struct stage *s)
{
	struct buf err = BUF_INIT;

	if (stage_open(s, &err) == 0) {
		buf_release(&err);
		return ring_open(r, s) == 0;
	}
	told(s, false, PROMISES, "an experiment begins");
	note(s, "%s", err.data);
	buf_release(&err);
	return false;
}

bool
play_trials(struct ring *r, struct stage *s, struct actor *actors, size_t count,
    bool (*until)(struct ring *r))
{
	if (!play_begin(r, s))
		return false;
	ring_submit(r, actors, count);
	if (until)
		until(r);
	return true;
}

bool
play_ended_as(struct ring *r, const char *id, enum trial_status wanted,
    enum promise p, const char *name)
{
	const struct heard *end = verb_end_of(&r->collect, id);
	bool good = told(r->stage, end && end->r.status == wanted, p, "%s: %s",
	    name, status_name(wanted));

	note_verb(&r->watch, id);
	note_verb(&r->collect, id);
	return good;
}

bool
play_in_order(const struct verb *v, const char *id)
{
	size_t i, ends = 0;

	for (i = 0; i < v->count; i++) {
		const struct heard *h = &v->heard[i];

		if (strcmp(h->r.trial, id))
			continue;
		if (h->r.type == RECORD_METRIC && ends)
			return false;
		if (h->r.type == RECORD_STATUS && status_is_end(h->r.status))
			ends++;
	}
	return ends == 1;
}

bool
play_alone(struct stage *s, struct verb *v, const char *verb, const char *line,
    const char *more)
{
	if (verb_start(s, v, verb, NULL) == -1)
		return false;
	if (line)
		verb_send(v, line);
	if (more)
		verb_send(v, more);
	return verb_finish(v);
}

/* ---- the play ---- */

static void
run_part(struct stage *s, const struct part *p)
{
	struct buf title = BUF_INIT;

	s->gave_up = s->excused = false;
	s->rubbish_of = NULL;
	buf_addf(&title, "# %s: %s\n", p->name, p->help);
	stage_say(s, &title);
	buf_release(&title);
	if (!s->lost)
		p->run(s);
	if (!s->rubbish_of)
		return;
	told(s, false, NOTHING_BUT_RECORDS,
	    "nothing but records on standard output");
	note(s, "`%s` said: %s", s->rubbish_of, s->rubbish);
}

/* What all the rest needs. */
static bool
is_needed(const struct part *p)
{
	return p->run == part_capabilities || p->run == part_one;
}

void
play(struct stage *s, const bool *chosen)
{
	struct buf plan = BUF_INIT;
	const struct part *p;
	bool dead = false;

	for (p = play_parts; p->name && !dead && !s->lost; p++) {
		if (chosen && !chosen[p - play_parts])
			continue;
		run_part(s, p);
		dead = s->gave_up && is_needed(p);
	}
	if (dead)
		buf_adds(&plan,
		    "Bail out!  Nothing else can be tested before this "
		    "works\n");
	else
		buf_addf(&plan, "1..%d\n", s->tests);
	stage_say(s, &plan);
	buf_release(&plan);
}
