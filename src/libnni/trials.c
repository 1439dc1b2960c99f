/*
 * The trials of an experiment: a growing array in the order of their specs and
 * an open hash table of ids over it.  All knowledge comes in by
 * trials_apply(), live or replayed.
 */
#include "trials.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "mem.h"
#include "metric.h"
#include "table.h"

void
trials_init(struct trials *t)
{
	memset(t, 0, sizeof(*t));
	t->best = -1;
}

static void
text_free(struct trial *tr)
{
	struct trial_text *text = tr->text;

	if (text == NULL)
		return;
	free(text->spec);
	free(text->record);
	free(text->value);
	free(text->first);
	phases_release(&text->phases);
	free(text->reason);
	free(text->how);
	buf_release(&text->results);
	hash_set_release(&text->seen);
	free(text);
	tr->text = NULL;
}

void
trials_release(struct trials *t)
{
	for (size_t i = 0; i < t->count; i++)
		text_free(&t->list[i]);
	free(t->list);
	free(t->slots);
	free(t->lost);
	free(t->best_parameters);
	free(t->best_value);
	trials_init(t);
}

static uint32_t
digest(struct json v)
{
	uint64_t h = hash_bytes(v.at, v.len);

	return (uint32_t)(h ^ h >> 32);
}

/* ---- the table ---- */

static size_t
slot_of(const struct trials *t, const char *id)
{
	uint64_t h = hash_bytes(id, TRIAL_ID_LEN);
	size_t i = (size_t)(h ^ h >> 29) & (t->slot_count - 1);

	while (t->slots[i] != 0 && strcmp(t->list[t->slots[i] - 1].id, id) != 0)
		i = (i + 1) & (t->slot_count - 1);
	return i;
}

struct trial *
trials_find(struct trials *t, const char *id)
{
	uint32_t index;

	if (t->slot_count == 0 || id[0] == '\0')
		return NULL;
	index = t->slots[slot_of(t, id)];
	return index != 0 ? &t->list[index - 1] : NULL;
}

static void
grow_slots(struct trials *t)
{
	size_t count = t->slot_count ? t->slot_count * 2 : 64;

	free(t->slots);
	t->slots = xcalloc(count, sizeof(*t->slots));
	t->slot_count = count;
	for (size_t i = 0; i < t->count; i++)
		t->slots[slot_of(t, t->list[i].id)] = (uint32_t)i + 1;
}

static struct trial *
add(struct trials *t, const char *id)
{
	struct trial *tr;

	if (t->count == t->cap) {
		t->cap = t->cap ? t->cap + t->cap / 2 : 64;
		t->list = xreallocarray(t->list, t->cap, sizeof(*t->list));
	}
	if ((t->count + 1) * 2 > t->slot_count)
		grow_slots(t);
	tr = &t->list[t->count];
	memset(tr, 0, sizeof(*tr));
	memcpy(tr->id, id, sizeof(tr->id));
	t->slots[slot_of(t, id)] = (uint32_t)++t->count;
	t->live++;
	return tr;
}

/* ---- what was seen ---- */

/*
 * Metrics are known by (trial, attempt, at): design section 4.  A backend that
 * gives no "at" has its metrics told apart by what they say.
 */
static uint64_t
metric_key(const struct record *r)
{
	uint64_t h = (uint64_t)r->attempt << 48;

	if (r->at.at != NULL)
		return h ^ hash_bytes(r->at.at, r->at.len);
	h ^= hash_bytes(r->kind.at, r->kind.len);
	h = h * 31 ^ hash_bytes(r->value.at, r->value.len);
	return h * 31 ^ hash_bytes(r->time.at, r->time.len);
}

static bool
seen(const struct trial *tr, const struct record *r)
{
	return hash_set_has(&tr->text->seen, metric_key(r));
}

static uint32_t
place_digest(const struct record *r)
{
	uint32_t h = digest(r->place) * 31 + digest(r->job) * 17 + 1;

	return h != 0 ? h : 1;
}

static uint32_t
reason_digest(const struct record *r)
{
	return r->reason.at != NULL ? digest(r->reason) : 0;
}

/* ---- values ---- */

int64_t
record_time_ms(const struct record *r)
{
	int64_t ms;

	return json_seconds_ms(r->time, &ms) == 0 ? ms : 0;
}

/* ---- phases ---- */

/* The phase that people are told of; NULL: phase 0. */
static const struct phase *
shown_phase(const struct trial *tr)
{
	const struct phases *p = &tr->text->phases;
	const struct phase *one;

	if (tr->flags & TRIAL_FINAL)
		return phases_find(p, tr->text->phase);
	one = phases_now(p, tr->attempt);
	return one != NULL && one->parameters.at != NULL ? one : NULL;
}

struct json
trial_parameters(const struct trial *tr)
{
	const struct phase *p = shown_phase(tr);

	return p != NULL ? p->parameters : tr->text->parameters;
}

int64_t
trial_parameter_id(const struct trial *tr)
{
	const struct phase *p = shown_phase(tr);

	return p != NULL ? p->parameter_id : tr->parameter_id;
}

bool
trial_next_result(const struct trial *tr, size_t *at, struct json *parameters,
    struct json *value)
{
	const struct trial_text *text = tr->text;
	const char *found = NULL;

	for (; found == NULL && *at <= text->phases.count; ++*at) {
		if (*at > 0) {
			found = text->phases.all[*at - 1].value;
			*parameters = text->phases.all[*at - 1].parameters;
		} else {
			found = text->phase > 0 ? text->first : text->value;
			*parameters = text->parameters;
		}
	}
	if (found != NULL)
		*value = (struct json){found, strlen(found)};
	return found != NULL;
}

/* ---- judging ---- */

static long
lost_find(const struct trials *t, const struct trial *tr, int attempt)
{
	for (size_t i = 0; tr->lost != 0 && i < t->lost_count; i++)
		if (t->lost[i].attempt == attempt &&
		    &t->list[t->lost[i].trial] == tr)
			return (long)i;
	return -1;
}

static enum trials_news
judge_status(const struct trial *tr, const struct record *r)
{
	if (r->status == STATUS_NONE)
		return NEWS_REPEAT;
	if (tr->flags & TRIAL_REFED && r->status == STATUS_WAITING &&
	    tr->status != STATUS_WAITING)
		return NEWS_REPEAT; /* queued again only to be found again */
	if (r->status == tr->status && reason_digest(r) == tr->reason_digest)
		return NEWS_REPEAT;
	return NEWS_FRESH;
}

static bool
is_lost(const struct record *r)
{
	return json_bool(record_get(r, "lost"), false);
}

/* The place has said itself that an attempt that was given up has ended. */
static bool
confirms(const struct record *r)
{
	return status_is_end(r->status) && !is_lost(r);
}

/* What the place of a given-up attempt still says. */
static enum trials_news
judge_late(const struct trial *tr, const struct record *r)
{
	if (r->type == RECORD_STATUS && confirms(r))
		return NEWS_LATE;
	if (r->type == RECORD_METRIC && !seen(tr, r))
		return NEWS_LATE;
	return NEWS_REPEAT;
}

enum trials_news
trials_judge(struct trials *t, const struct record *r)
{
	struct trial *tr = trials_find(t, r->trial);

	if (tr == NULL || r->attempt > tr->attempt)
		return NEWS_STRANGE;
	if (lost_find(t, tr, r->attempt) >= 0)
		return judge_late(tr, r);
	if (r->attempt < tr->attempt || tr->flags & (TRIAL_ENDED | TRIAL_RETRY))
		return NEWS_REPEAT;
	switch (r->type) {
	case RECORD_TRIAL:
		return place_digest(r) == tr->place_digest ? NEWS_REPEAT
							   : NEWS_FRESH;
	case RECORD_STATUS:
		return judge_status(tr, r);
	case RECORD_METRIC:
		return seen(tr, r) ? NEWS_REPEAT : NEWS_FRESH;
	case RECORD_SPEC:
	case RECORD_CANCEL:
	case RECORD_UPDATE:
		return NEWS_REPEAT; /* our own, passed through */
	default:
		return NEWS_FRESH;
	}
}

/* ---- taking in ---- */

static void
replace(char **to, struct json v)
{
	free(*to);
	*to = v.at != NULL ? xstrndup(v.at, v.len) : NULL;
}

static void
set_status(struct trials *t, struct trial *tr, enum trial_status status)
{
	if (tr->status != STATUS_NONE)
		t->by_status[tr->status]--;
	tr->status = (uint8_t)status;
	t->by_status[status]++;
}

static void
apply_spec(struct trials *t, const struct record *r)
{
	struct trial *tr = trials_find(t, r->trial);
	struct trial_text *text;

	if (tr == NULL)
		tr = add(t, r->trial);
	else if (tr->flags & TRIAL_ENDED || r->attempt <= tr->attempt)
		return;
	if (tr->text == NULL) {
		tr->text = xcalloc(1, sizeof(*tr->text));
		buf_init(&tr->text->results, BUF_MAX_DEFAULT);
	}
	text = tr->text;
	buf_clear(&text->results);
	replace(&text->spec, r->line);
	replace(&text->value, JSON_NONE);
	replace(&text->first, JSON_NONE);
	text->phase = 0;
	phases_restart(&text->phases);
	text->parameters = JSON_NONE;
	if (r->parameters.at != NULL) {
		text->parameters.at =
		    text->spec + (r->parameters.at - r->line.at);
		text->parameters.len = r->parameters.len;
	}
	tr->attempt = (int16_t)r->attempt;
	if (r->attempt == 1) {
		tr->sequence = r->sequence;
		tr->parameter_id = r->parameter_id;
		if (r->sequence >= t->next_sequence)
			t->next_sequence = r->sequence + 1;
	}
	tr->flags &= TRIAL_CANCELED | TRIAL_EARLY;
	tr->metrics = 0;
	tr->start_ms = tr->end_ms = 0;
	tr->reason_digest = tr->place_digest = 0;
	set_status(t, tr, STATUS_WAITING);
}

static bool
better(const struct trials *t, double a, double b)
{
	return t->minimize ? a < b : a > b;
}

static void
consider_best(struct trials *t, struct trial *tr)
{
	if (tr->status != STATUS_SUCCEEDED || !(tr->flags & TRIAL_NUMBER))
		return;
	if (t->best >= 0 && !better(t, tr->final, t->list[t->best].final))
		return;
	t->best = tr - t->list;
	replace(&t->best_parameters, trial_parameters(tr));
	replace(&t->best_value,
	    (struct json){tr->text->value, strlen(tr->text->value)});
}

static void
lost_add(struct trials *t, struct trial *tr, int attempt)
{
	t->lost = xreallocarray(t->lost, t->lost_count + 1, sizeof(*t->lost));
	t->lost[t->lost_count].trial = (uint32_t)(tr - t->list);
	t->lost[t->lost_count++].attempt = attempt;
	tr->lost++;
}

/* What only a living trial, or one with lost attempts, needs. */
static void
forget_text(struct trials *t, struct trial *tr)
{
	if (tr->flags & TRIAL_ENDED && tr->lost == 0 && !t->keep)
		text_free(tr);
}

static void
apply_late(struct trials *t, struct trial *tr, const struct record *r)
{
	long i = lost_find(t, tr, r->attempt);

	if (r->type == RECORD_METRIC)
		hash_set_add(&tr->text->seen, metric_key(r));
	if (r->type != RECORD_STATUS || !confirms(r))
		return;
	t->lost[i] = t->lost[--t->lost_count];
	tr->lost--;
	forget_text(t, tr);
}

static void
count_failure(struct trials *t, const struct trial *tr, const struct record *r)
{
	if (r->infra && !(tr->flags & TRIAL_STARTED))
		t->failed_in_a_row++;
}

static void
apply_end(struct trials *t, struct trial *tr, const struct record *r)
{
	tr->end_ms = record_time_ms(r);
	count_failure(t, tr, r);
	if (is_lost(r))
		lost_add(t, tr, r->attempt);
	if (json_bool(record_get(r, "retry"), false)) {
		tr->flags |= TRIAL_RETRY;
		set_status(t, tr, STATUS_WAITING);
		return;
	}
	tr->flags |= TRIAL_ENDED;
	t->live--;
	consider_best(t, tr);
	forget_text(t, tr);
}

static void
keep_reason(struct trial_text *text, const struct record *r)
{
	struct buf how = BUF_INIT;

	free(text->reason);
	free(text->how);
	text->reason = json_strdup(r->reason);
	table_how(&how, r);
	text->how = buf_detach(&how);
}

static void
apply_status(struct trials *t, struct trial *tr, const struct record *r)
{
	if (r->status == STATUS_NONE)
		return;
	if (tr->status != r->status)
		tr->since_ms = record_time_ms(r);
	set_status(t, tr, r->status);
	tr->reason_digest = reason_digest(r);
	if (t->keep)
		keep_reason(tr->text, r);
	if (r->status != STATUS_WAITING)
		tr->flags &= (uint16_t)~TRIAL_REFED;
	if (r->status == STATUS_RUNNING) {
		tr->flags |= TRIAL_STARTED;
		t->failed_in_a_row = 0;
		if (tr->start_ms == 0)
			tr->start_ms = record_time_ms(r);
	}
	if (status_is_end(r->status))
		apply_end(t, tr, r);
}

static void
add_intermediate(
    const struct trials *t, struct trial *tr, const struct record *r)
{
	struct buf *results = &tr->text->results;

	tr->metrics++;
	if (!t->keep)
		return;
	buf_adds(results, results->len > 0 ? ", " : "");
	json_add(results, r->value);
}

/*
 * NNI: the first one of a phase counts, and for the trial that of its last
 * phase (nni-records(5)).
 */
static bool
counts(struct trial *tr, const struct record *r)
{
	struct trial_text *text = tr->text;
	struct phase *p = phases_of(&text->phases, r->parameter_id);

	if (p == NULL)
		return !(tr->flags & TRIAL_FINAL);
	if (p->value != NULL)
		return false;
	replace(&p->value, r->value);
	if (p->index < text->phase)
		return false;
	if (text->phase == 0 && text->first == NULL) {
		text->first = text->value;
		text->value = NULL;
	}
	text->phase = p->index;
	return true;
}

static void
apply_final(struct trial *tr, const struct record *r)
{
	if (!counts(tr, r))
		return;
	tr->flags |= TRIAL_FINAL;
	tr->flags &= (uint16_t)~TRIAL_NUMBER;
	replace(&tr->text->value, r->value);
	if (metric_scalar(r->value, &tr->final) == 0 && isfinite(tr->final))
		tr->flags |= TRIAL_NUMBER;
}

static void
apply_metric(struct trials *t, struct trial *tr, const struct record *r)
{
	hash_set_add(&tr->text->seen, metric_key(r));
	if (record_is(r->kind, "intermediate"))
		add_intermediate(t, tr, r);
	else if (record_is(r->kind, "final"))
		apply_final(tr, r);
	else
		phases_take(&tr->text->phases, r);
}

/* The first reason stays. One that gives it up does not end the trial. */
static void
apply_cancel(struct trial *tr, const struct record *r)
{
	if (is_lost(r)) {
		tr->flags |= TRIAL_LOST;
		return;
	}
	if (!(tr->flags & TRIAL_CANCELED) && json_bool(r->early, false))
		tr->flags |= TRIAL_EARLY;
	tr->flags |= TRIAL_CANCELED;
}

static void
apply_to(struct trials *t, struct trial *tr, const struct record *r)
{
	if (lost_find(t, tr, r->attempt) >= 0) {
		if (json_bool(record_get(r, "late"), false))
			apply_late(t, tr, r);
		return;
	}
	if (r->type == RECORD_CANCEL) {
		apply_cancel(tr, r);
		return;
	}
	if (r->attempt != tr->attempt ||
	    tr->flags & (TRIAL_ENDED | TRIAL_RETRY))
		return;
	switch (r->type) {
	case RECORD_TRIAL:
		tr->place_digest = place_digest(r);
		if (t->keep)
			replace(&tr->text->record, r->line);
		break;
	case RECORD_STATUS:
		apply_status(t, tr, r);
		break;
	case RECORD_METRIC:
		apply_metric(t, tr, r);
		break;
	case RECORD_UPDATE:
		phases_take(&tr->text->phases, r);
		break;
	default:
		break;
	}
}

void
trials_apply(struct trials *t, const struct record *r)
{
	struct trial *tr;

	if (r->type == RECORD_SPEC) {
		if (r->trial[0] != '\0')
			apply_spec(t, r);
		return;
	}
	tr = trials_find(t, r->trial);
	if (tr != NULL && r->attempt <= tr->attempt)
		apply_to(t, tr, r);
}
