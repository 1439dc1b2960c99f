/* Entries by (trial, attempt): one open hash over the trial's id alone, so that
   all attempts of a trial lie on one probe path. */
#include "attempts.h"

#include <stdlib.h>
#include <string.h>

#include "hash.h"
#include "mem.h"

static size_t
first_slot(const struct attempts *t, const char *trial)
{
	return (size_t)hash_bytes(trial, strlen(trial)) & (t->slot_count - 1);
}

static void
insert(struct attempts *t, uint32_t index)
{
	size_t i = first_slot(t, t->all[index]->trial);

	while (t->slots[i])
		i = (i + 1) & (t->slot_count - 1);
	t->slots[i] = index + 1;
}

/* Keeps at most half of the slots in use. */
static void
grow(struct attempts *t)
{
	uint32_t i;

	if (t->count == t->cap) {
		t->cap = t->cap ? t->cap * 2 : 32;
		t->all = xreallocarray(t->all, t->cap, sizeof(*t->all));
	}
	if (t->count * 2 < t->slot_count)
		return;
	t->slot_count = t->slot_count ? t->slot_count * 2 : 64;
	free(t->slots);
	t->slots = xcalloc(t->slot_count, sizeof(*t->slots));
	for (i = 0; i < t->count; i++)
		insert(t, i);
}

void *
attempts_find(const struct attempts *t, const char *trial, int number)
{
	struct attempt *a;
	size_t i;

	if (!t->count)
		return NULL;
	for (i = first_slot(t, trial); t->slots[i];
	     i = (i + 1) & (t->slot_count - 1)) {
		a = t->all[t->slots[i] - 1];
		if (a->number == number && !strcmp(a->trial, trial))
			return a;
	}
	return NULL;
}

void *
attempts_latest(const struct attempts *t, const char *trial)
{
	struct attempt *a, *latest = NULL;
	size_t i;

	if (!t->count)
		return NULL;
	for (i = first_slot(t, trial); t->slots[i];
	     i = (i + 1) & (t->slot_count - 1)) {
		a = t->all[t->slots[i] - 1];
		if (!strcmp(a->trial, trial) &&
		    (!latest || a->number > latest->number))
			latest = a;
	}
	return latest;
}

void *
attempts_add(struct attempts *t, const char *trial, int number, size_t size)
{
	struct attempt *a = xcalloc(1, size);

	memcpy(a->trial, trial, strlen(trial) + 1);
	a->number = number;
	grow(t);
	t->all[t->count] = a;
	insert(t, (uint32_t)t->count++);
	return a;
}

void
attempts_release(struct attempts *t)
{
	size_t i;

	for (i = 0; i < t->count; i++)
		free(t->all[i]);
	free(t->all);
	free(t->slots);
	*t = (struct attempts)ATTEMPTS_INIT;
}

void *
attempts_of(const struct attempts *t, const struct record *r)
{
	if (record_get(r, "attempt").at)
		return attempts_find(t, r->trial, r->attempt);
	return attempts_latest(t, r->trial);
}
