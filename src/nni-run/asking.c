/* How far ahead of the free slots the tuner is asked. */
#include "asking.h"

#include <stdlib.h>
#include <string.h>

#include "mem.h"

/* Idle slots are tolerated while they cost less than this part of them. */
#define IDLE_TOLERATED 0.05
/* From a trial's end through all programs to the start of the next. */
#define TURN_US 8000
/* Where several run at once, what is on its way may be as many as this. */
#define MANY_EARLY 16

void
asking_init(struct asking *a)
{
	memset(a, 0, sizeof(*a));
}

void
asking_drop(struct asking *a)
{
	for (size_t i = 0; i < a->ask_count; i++)
		a->asks[i].dropped = true;
	for (size_t i = 0; i < a->spare_count; i++)
		free(a->spare[i]);
	a->spare_count = 0;
	a->outstanding = 0;
	a->exhausted = a->until_result = false;
}

void
asking_reset(struct asking *a)
{
	asking_drop(a);
	a->ask_count = 0;
}

void
asking_release(struct asking *a)
{
	asking_reset(a);
	free(a->spare);
	free(a->asks);
	asking_init(a);
}

static double
average(double old, double sample)
{
	return old > 0 ? old + (sample - old) / 8 : sample;
}

/* Trials that end in that time, `most` of them; 0 if slots hardly stand idle
   for so long. */
static int64_t
ends_in(const struct asking *a, double us, int64_t concurrency, int64_t most)
{
	double n;

	if (a->interval_us <= 0 || us <= 0)
		return 0;
	n = us / a->interval_us;
	if (n < IDLE_TOLERATED * (double)concurrency)
		return 0;
	return n < (double)most ? (int64_t)n + 1 : most;
}

int64_t
asking_early(const struct asking *a, int64_t concurrency)
{
	int64_t most = concurrency;

	if (most > 1 && most < MANY_EARLY)
		most = MANY_EARLY;
	/* Twice as many, since they are made up for by halves. */
	return 2 * ends_in(a, TURN_US, concurrency, most);
}

size_t
asking_wanted(const struct asking *a, int64_t free_slots, int64_t concurrency,
    int64_t left)
{
	int64_t have = (int64_t)(a->outstanding + a->spare_count);
	/* As many ahead as end while the tuner makes one answer. */
	int64_t want =
	    free_slots + ends_in(a, a->answer_us, concurrency, concurrency);

	if (a->exhausted || a->until_result)
		return 0;
	if (want > left)
		want = left;
	return want > have ? (size_t)(want - have) : 0;
}

static struct asked *
add_ask(struct asking *a, size_t n, int64_t now_us)
{
	struct asked *ask;

	if (a->ask_count == a->ask_cap) {
		a->ask_cap = a->ask_cap ? a->ask_cap * 2 : 8;
		a->asks = xreallocarray(a->asks, a->ask_cap, sizeof(*a->asks));
	}
	ask = &a->asks[a->ask_count++];
	*ask = (struct asked){.n = n, .at_us = now_us};
	return ask;
}

void
asking_asked(struct asking *a, size_t n, int64_t now_us)
{
	add_ask(a, n, now_us);
	a->outstanding += n;
	/* The first end is measured from here. */
	if (a->ended_us == 0)
		a->ended_us = now_us;
}

void
asking_asked_for(
    struct asking *a, const char *trial, int64_t index, int64_t now_us)
{
	struct asked *ask = add_ask(a, 1, now_us);

	memcpy(ask->trial, trial, sizeof(ask->trial));
	ask->index = index;
}

bool
asking_has(const struct asking *a, const char *trial, int64_t index)
{
	for (size_t i = 0; i < a->ask_count; i++)
		if (a->asks[i].index == index &&
		    strcmp(a->asks[i].trial, trial) == 0)
			return true;
	return false;
}

bool
asking_answered(struct asking *a, int64_t now_us, struct asked *whom)
{
	if (a->ask_count == 0)
		return false;
	*whom = a->asks[0];
	a->outstanding -= !whom->dropped && !whom->trial[0];
	if (--a->asks[0].n > 0)
		return true;
	a->answer_us =
	    average(a->answer_us, (double)(now_us - a->asks[0].at_us));
	memmove(a->asks, a->asks + 1, --a->ask_count * sizeof(*a->asks));
	return true;
}

void
asking_no_more(struct asking *a, bool until_result)
{
	if (until_result)
		a->until_result = true;
	else
		a->exhausted = true;
}

void
asking_trial_ended(struct asking *a, int64_t now_us)
{
	a->until_result = false;
	a->interval_us =
	    average(a->interval_us, (double)(now_us - a->ended_us));
	a->ended_us = now_us;
}

void
asking_put(struct asking *a, const char *spec)
{
	if (a->spare_count == a->spare_cap) {
		a->spare_cap = a->spare_cap ? a->spare_cap * 2 : 16;
		a->spare =
		    xreallocarray(a->spare, a->spare_cap, sizeof(*a->spare));
	}
	a->spare[a->spare_count++] = xstrdup(spec);
}

char *
asking_take(struct asking *a)
{
	char *spec;

	if (a->spare_count == 0)
		return NULL;
	spec = a->spare[0];
	memmove(a->spare, a->spare + 1, --a->spare_count * sizeof(*a->spare));
	return spec;
}
