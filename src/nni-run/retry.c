/*
 * Attempts that failed for reasons outside of the trial are made again: after
 * a second, then two, four..., each up to half longer by chance, so that what
 * failed together does not come back together.
 */
#include "run.h"

#include <stdlib.h>
#include <string.h>

#include "mem.h"
#include "os/sys.h"

#define FIRST_DELAY_MS 1000
#define LONGEST_DELAY_MS 60000

static int64_t
delay_ms(int attempt)
{
	int64_t ms = FIRST_DELAY_MS;
	uint16_t chance = 0;

	while (--attempt > 0 && ms < LONGEST_DELAY_MS)
		ms *= 2;
	random_bytes(&chance, sizeof(chance));
	return ms + ms / 2 * chance / UINT16_MAX;
}

static void
unlink_retry(struct retry *re)
{
	struct retry **at = &re->run->retry_list;

	while (*at != re)
		at = &(*at)->next;
	*at = re->next;
	timer_stop(&re->timer);
	free(re);
}

static void
due(void *arg)
{
	struct retry *re = arg;
	struct run *run = re->run;
	struct trial *tr = trials_find(&run->exp.trials, re->trial);

	unlink_retry(re);
	if (run->phase == RUN_GOING && tr->flags & TRIAL_RETRY)
		run_next_attempt(run, tr);
}

void
run_retry_later(struct run *run, const struct trial *tr)
{
	struct retry *re;

	if (run->tick) /* the next tick makes them */
		return;
	re = xcalloc(1, sizeof(*re));
	re->run = run;
	memcpy(re->trial, tr->id, sizeof(re->trial));
	re->next = run->retry_list;
	run->retry_list = re;
	timer_set(run->loop, &re->timer, delay_ms(tr->attempt), due, re);
}

void
run_retry_all(struct run *run, bool at_once)
{
	struct trials *t = &run->exp.trials;

	for (size_t i = 0; i < t->count; i++) {
		if (!(t->list[i].flags & TRIAL_RETRY))
			continue;
		if (at_once)
			run_next_attempt(run, &t->list[i]);
		else
			run_retry_later(run, &t->list[i]);
	}
}

void
run_retry_clear(struct run *run)
{
	while (run->retry_list != NULL)
		unlink_retry(run->retry_list);
}
