/* Follows each trial's intermediate results, and has them assessed. */
#include "judge.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "mem.h"
#include "metric.h"

/* A result that came before an earlier one. */
struct waiting {
	int64_t sequence;
	double value;
};

struct judged {
	int attempt; /* the last one heard of; what the others said is void */
	bool ended;
	bool canceled; /* also by somebody else: once is enough */
	struct course course;
	struct waiting *waiting;
	size_t waiting_count;
};

void
judge_init(struct judge *j, struct assessor *a)
{
	*j = (struct judge){.assessor = a};
}

static void
forget_course(struct judged *t)
{
	course_release(&t->course);
	free(t->waiting);
	t->waiting = NULL;
	t->waiting_count = 0;
}

void
judge_release(struct judge *j)
{
	size_t i;

	for (i = 0; i < j->count; i++)
		forget_course(&j->trials[i]);
	free(j->trials);
	map_release(&j->by_trial);
	j->assessor->class->close(j->assessor);
}

/* The trial that a record names; new ones are added. NULL if it names none. */
static struct judged *
trial_of(struct judge *j, const struct record *r)
{
	uint64_t key = 0, *index;
	bool made;

	if (!*r->trial)
		return NULL;
	memcpy(&key, r->trial, TRIAL_ID_LEN);
	index = map_put(&j->by_trial, key, &made);
	if (made) {
		if (j->count == j->cap) {
			j->cap = j->cap ? j->cap * 2 : 64;
			j->trials = xreallocarray(
			    j->trials, j->cap, sizeof(*j->trials));
		}
		j->trials[j->count++] = (struct judged){.attempt = r->attempt};
		*index = j->count;
	}
	return &j->trials[*index - 1];
}

/* The same, at the record's attempt; NULL if that is over or an older one. */
static struct judged *
subject(struct judge *j, const struct record *r)
{
	struct judged *t = trial_of(j, r);

	if (!t || r->attempt < t->attempt)
		return NULL;
	if (r->attempt > t->attempt) {
		forget_course(t);
		*t = (struct judged){.attempt = r->attempt};
	}
	return t->ended ? NULL : t;
}

/* Takes over what has become next in sequence. */
static bool
take_waiting(struct judged *t)
{
	size_t i;

	for (i = 0; i < t->waiting_count; i++)
		if (t->waiting[i].sequence <= (int64_t)t->course.count)
			break;
	if (i == t->waiting_count)
		return false;
	if (t->waiting[i].sequence == (int64_t)t->course.count)
		course_add(&t->course, t->waiting[i].value);
	t->waiting[i] = t->waiting[--t->waiting_count];
	return true;
}

/*
 * Results are judged in sequence, as far as there is no gap
 * (v3.0:nni/runtime/msg_dispatcher.py).  True if the course has grown.
 */
static bool
add_result(struct judged *t, int64_t sequence, double value)
{
	int64_t next = (int64_t)t->course.count;

	if (sequence >= 0 && sequence < next)
		return false;
	if (sequence > next) {
		t->waiting = xreallocarray(
		    t->waiting, t->waiting_count + 1, sizeof(*t->waiting));
		t->waiting[t->waiting_count++] =
		    (struct waiting){sequence, value};
		return false;
	}
	course_add(&t->course, value);
	while (take_waiting(t))
		continue;
	return true;
}

static int
read_metric(
    struct judge *j, const struct record *r, struct buf *out, struct buf *err)
{
	const struct assessor_class *class = j->assessor->class;
	struct judged *t;
	double value;
	int result = 0;

	if (!record_is(r->kind, "intermediate") ||
	    json_bool(record_get(r, "late"), false))
		return 0;
	t = subject(j, r);
	if (!t)
		return 0;
	if (metric_scalar(r->value, &value) == -1) {
		value = NAN;
		result = buf_err(err,
		    "an intermediate metric of trial %s is neither a number "
		    "nor an object with a number as \"default\"",
		    r->trial);
	}
	if (!add_result(t, r->sequence, value) || !out || t->canceled ||
	    class->is_good(j->assessor, &t->course))
		return result;
	t->canceled = true;
	record_begin_trial(out, "cancel", r->trial, r->attempt);
	json_member_bool(out, "early", true);
	record_end(out);
	return result;
}

static void
read_status(struct judge *j, const struct record *r)
{
	struct judged *t;

	if (json_bool(record_get(r, "late"), false))
		return;
	t = subject(j, r);
	if (!t || !status_is_end(r->status))
		return;
	if (r->status == STATUS_SUCCEEDED && t->course.count)
		j->assessor->class->succeeded(j->assessor, &t->course);
	t->ended = true;
	forget_course(t);
}

/* A cancel that does not say which attempt means the latest. */
static void
read_cancel(struct judge *j, const struct record *r)
{
	struct judged *t =
	    record_get(r, "attempt").at ? subject(j, r) : trial_of(j, r);

	if (t)
		t->canceled = true;
}

int
judge_record(
    struct judge *j, const struct record *r, struct buf *out, struct buf *err)
{
	if (r->type == RECORD_METRIC)
		return read_metric(j, r, out, err);
	if (r->type == RECORD_STATUS)
		read_status(j, r);
	else if (r->type == RECORD_CANCEL)
		read_cancel(j, r);
	return 0;
}
