/* From records to the calls of a tuner, and from its proposals to records. */
#include "search.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

#include "mem.h"
#include "metric.h"

enum state {
	PROPOSAL_LIVE,	/* no end known */
	PROPOSAL_ENDED, /* without a result */
	PROPOSAL_DONE	/* the tuner has its result */
};

struct proposal {
	uint64_t id;
	double final; /* of the present attempt; NaN: none */
	int attempt;
	bool has_final;
	bool bound; /* a trial has it */
	bool over;  /* a phase of a trial that has asked for the next one */
	unsigned char state;
	uint64_t before; /* index + 1: the trial's phase before this; 0: none */
};

int
search_open(struct search *s, const struct tuner_class *class,
    struct space *space, struct json args, uint64_t seed, struct buf *err)
{
	struct tuner_setup setup = {space, args, seed};

	*s = (struct search){.space = space};
	s->tuner = class->open(&setup, err);
	if (s->tuner)
		return 0;
	search_close(s);
	return -1;
}

static void
free_space(struct space *space)
{
	space_release(space);
	free(space);
}

void
search_close(struct search *s)
{
	if (s->tuner)
		s->tuner->class->close(s->tuner);
	free_space(s->space);
	free(s->proposals);
	map_release(&s->by_id);
	map_release(&s->by_trial);
}

/* ---- proposals ---- */

static struct proposal *
find(struct search *s, const struct map *m, uint64_t key)
{
	uint64_t *index = map_get(m, key);

	return index ? &s->proposals[*index - 1] : NULL;
}

static struct proposal *
add(struct search *s, uint64_t id)
{
	if (s->count == s->cap) {
		s->cap = s->cap ? s->cap * 2 : 64;
		s->proposals =
		    xreallocarray(s->proposals, s->cap, sizeof(*s->proposals));
	}
	s->proposals[s->count] =
	    (struct proposal){.id = id, .final = NAN, .attempt = 1};
	*map_put(&s->by_id, id + 1, NULL) = s->count + 1;
	if (id >= s->next)
		s->next = id + 1;
	return &s->proposals[s->count++];
}

/* The five bytes of a trial's id; never 0. */
static uint64_t
trial_key(const char *trial)
{
	uint64_t key = 0;
	int i;

	for (i = 0; i < TRIAL_ID_LEN; i++)
		key = key << 8 | (unsigned char)trial[i];
	return key;
}

/* The proposal that `index`, counted from 1, is of; NULL for 0. */
static struct proposal *
at_index(struct search *s, uint64_t index)
{
	return index ? &s->proposals[index - 1] : NULL;
}

/* Is it the trial's newest proposal, or one before that? */
static bool
is_of(struct search *s, uint64_t newest, const struct proposal *p)
{
	struct proposal *q;

	for (q = at_index(s, newest); q && q != p;)
		q = at_index(s, q->before);
	return q;
}

/*
 * A trial has one proposal, or where it is multi-phase one for each phase: the
 * newest is found by its id, those before it from there.
 */
static void
bind(struct search *s, struct proposal *p, const char *trial)
{
	uint64_t *newest;

	if (!*trial)
		return;
	newest = map_put(&s->by_trial, trial_key(trial), NULL);
	if (is_of(s, *newest, p))
		return;
	if (!p->bound)
		p->before = *newest;
	p->bound = true;
	*newest = (uint64_t)(p - s->proposals) + 1;
}

/* The proposal that a record is about: by its number, or by its trial. */
static struct proposal *
subject(struct search *s, const struct record *r)
{
	struct proposal *p;

	if (r->parameter_id < 0)
		return *r->trial ? find(s, &s->by_trial, trial_key(r->trial))
				 : NULL;
	p = find(s, &s->by_id, (uint64_t)r->parameter_id + 1);
	if (p)
		bind(s, p, r->trial);
	return p;
}

static void
set_running(struct search *s, struct proposal *p, bool running)
{
	p->state = running ? PROPOSAL_LIVE : PROPOSAL_ENDED;
	if (s->tuner->class->set_running)
		s->tuner->class->set_running(s->tuner, p->id, running);
}

static void
give_result(struct search *s, struct proposal *p, double value)
{
	p->state = PROPOSAL_DONE;
	if (s->tuner->class->result)
		s->tuner->class->result(s->tuner, p->id, value);
}

/*
 * A record of this attempt has come: what the attempts before have said is
 * void.  False if it is about one of those, or if all is over.
 */
static bool
at_attempt(struct search *s, struct proposal *p, int attempt)
{
	if (attempt < p->attempt || p->state == PROPOSAL_DONE)
		return false;
	if (attempt == p->attempt)
		return p->state == PROPOSAL_LIVE;
	p->attempt = attempt;
	p->has_final = p->over = false;
	p->final = NAN;
	if (p->state == PROPOSAL_ENDED)
		set_running(s, p, true);
	return true;
}

/* ---- records ---- */

/*
 * One without a number is somebody's own: no proposal of this tuner.  An update
 * is the spec of a further phase.
 */
static int
read_spec(struct search *s, const struct record *r, struct buf *err)
{
	struct buf why = BUF_INIT;
	struct proposal *p = subject(s, r);
	uint64_t id = (uint64_t)r->parameter_id;

	if (r->parameter_id < 0)
		return 0;
	if (p) {
		at_attempt(s, p, r->attempt);
		return 0;
	}
	p = add(s, id);
	p->attempt = r->attempt;
	bind(s, p, r->trial);
	if (s->tuner->class->adopt(s->tuner, id, r->parameters,
		record_get(r, "unrounded"), &why) == 0)
		return 0;
	p->state = PROPOSAL_DONE;
	buf_err(err, "proposal %" PRIu64 " teaches the tuner nothing: %s", id,
	    why.data);
	buf_release(&why);
	return -1;
}

/* It goes on with the next one. */
static void
end_phase(struct search *s, struct proposal *p, int attempt)
{
	if (!at_attempt(s, p, attempt))
		return;
	p->over = true;
	if (isnan(p->final))
		set_running(s, p, false);
	else
		give_result(s, p, p->final);
}

/* A final metric of this attempt counts if it is the first.  One of a phase
   may come when the trial is at the next. */
static bool
takes_final(struct search *s, struct proposal *p, int attempt)
{
	bool live = at_attempt(s, p, attempt);

	return !p->has_final && (live || (p->over && p->attempt == attempt &&
					     p->state == PROPOSAL_ENDED));
}

static int
read_metric(struct search *s, const struct record *r, struct buf *err)
{
	bool request = record_is(r->kind, "request");
	struct proposal *p;
	double value;

	if ((!request && !record_is(r->kind, "final")) ||
	    json_bool(record_get(r, "late"), false))
		return 0;
	p = subject(s, r);
	if (!p && r->parameter_id >= 0)
		return buf_err(
		    err, "there is no proposal %" PRId64, r->parameter_id);
	if (p && request)
		end_phase(s, p, r->attempt);
	if (!p || request || !takes_final(s, p, r->attempt))
		return 0;
	p->has_final = true;
	if (metric_scalar(r->value, &value) == -1)
		return buf_err(err,
		    "the final metric of proposal %" PRIu64 " is neither a "
		    "number nor an object with a number as \"default\"",
		    p->id);
	p->final = value;
	if ((*r->trial && !p->over) || p->state == PROPOSAL_DONE)
		return 0;
	if (isnan(value))
		set_running(s, p, false);
	else
		give_result(s, p, value);
	return 0;
}

static void
end_attempt(struct search *s, struct proposal *p, const struct record *r)
{
	/* nni-run's mark: it will try once more, so this is no end */
	if (json_bool(record_get(r, "retry"), false))
		p->final = NAN;
	else if ((r->status == STATUS_SUCCEEDED ||
		     r->status == STATUS_EARLY_STOPPED) &&
		 !isnan(p->final))
		give_result(s, p, p->final);
	else
		set_running(s, p, false);
}

static int
read_status(struct search *s, const struct record *r)
{
	struct proposal *p = subject(s, r);

	if (!p || json_bool(record_get(r, "late"), false))
		return 0;
	/* All phases of the trial, the newest first. */
	if (*r->trial)
		p = find(s, &s->by_trial, trial_key(r->trial));
	for (; p; p = at_index(s, p->before))
		if (at_attempt(s, p, r->attempt) && status_is_end(r->status))
			end_attempt(s, p, r);
	return 0;
}

/* A message is one line. */
static void
add_in_one_line(struct buf *err, const char *lines)
{
	size_t len;

	for (; *lines; lines += len + (lines[len] == '\n')) {
		len = strcspn(lines, "\n");
		buf_add(err, lines, len);
		buf_adds(err, lines[len] ? "; " : "");
	}
}

static int
change_space(struct search *s, struct json value, struct buf *err)
{
	struct problems problems = PROBLEMS_INIT;
	struct space *space = xcalloc(1, sizeof(*space));
	struct buf why = BUF_INIT;
	int result;

	*space = (struct space)SPACE_INIT;
	problems_file(&problems, "searchSpace");
	result = space_parse(space, value.at, value.len, 0, &problems);
	if (result == -1)
		problems_text(&problems, 0, &why);
	else
		result =
		    s->tuner->class->update(s->tuner, s->next, space, &why);
	if (result == -1) {
		buf_rtrim(&why);
		buf_setf(err, "the new search space is not taken: ");
		add_in_one_line(err, why.data);
		free_space(space);
	} else {
		free_space(s->space);
		s->space = space;
	}
	problems_release(&problems);
	buf_release(&why);
	return result;
}

/* What nni-run journals of a request of control.jsonl, or the request. */
static int
read_control(struct search *s, const struct record *r, struct buf *err)
{
	struct json request = r->line, value;

	if (record_is(r->type_text, "control"))
		request = record_get(r, "request");
	value = json_get(request, "value");
	if (!record_is(json_get(request, "type"), "set") ||
	    !record_is(json_get(request, "key"), "searchSpace") || !value.at)
		return 0;
	return change_space(s, value, err);
}

int
search_record(struct search *s, const struct record *r, struct buf *err)
{
	switch (r->type) {
	case RECORD_SPEC:
	case RECORD_UPDATE:
		return read_spec(s, r, err);
	case RECORD_METRIC:
		return read_metric(s, r, err);
	case RECORD_STATUS:
		return read_status(s, r);
	case RECORD_OTHER:
		return read_control(s, r, err);
	default:
		return 0;
	}
}

bool
search_propose(struct search *s, struct buf *out)
{
	struct buf parameters = BUF_INIT, unrounded = BUF_INIT;
	uint64_t id = s->next;
	bool found;

	found = s->tuner->class->propose(s->tuner, id, &parameters, &unrounded);
	if (found) {
		add(s, id);
		record_begin(out, "spec");
		json_member_int(out, "parameter_id", (int64_t)id);
		json_member_raw(out, "parameters",
		    (struct json){parameters.data, parameters.len});
		if (unrounded.len)
			json_member_raw(out, "unrounded",
			    (struct json){unrounded.data, unrounded.len});
		record_end(out);
	}
	buf_release(&parameters);
	buf_release(&unrounded);
	return found;
}
