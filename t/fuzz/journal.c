/*
 * Any bytes as a journal: what nni-run would have made of the lines live is
 * what it knows after reading them again, and nothing is judged to be new
 * twice.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "experiment.h"
#include "lines.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct both {
	struct experiment live, read;
};

static void
check(bool good)
{
	if (!good)
		abort();
}

static void
take(void *arg, char *line, size_t len)
{
	struct both *b = arg;
	enum trials_news news;
	struct record r;

	if (line == NULL || record_parse(&r, line, len, NULL) != 0)
		return;
	news = trials_judge(&b->live.trials, &r);
	if (r.type == RECORD_METRIC && news == NEWS_REPEAT)
		return;
	check(experiment_apply(&b->live, &r, NULL) ==
	      experiment_apply(&b->read, &r, NULL));
	if (news == NEWS_FRESH && b->live.id != NULL &&
	    (r.type == RECORD_METRIC || r.type == RECORD_STATUS))
		check(trials_judge(&b->live.trials, &r) != NEWS_FRESH);
}

/* Each result of a trial has its value, and the one shown is one of them. */
static void
look_at_results(const struct trial *tr)
{
	struct json parameters, value;
	bool shown = false;
	size_t at = 0;

	while (trial_next_result(tr, &at, &parameters, &value)) {
		check(value.at != NULL);
		shown |= tr->text->value != NULL &&
			 strncmp(tr->text->value, value.at, value.len + 1) == 0;
	}
	check(shown == (tr->text->value != NULL));
	parameters = trial_parameters(tr);
	check(parameters.at == NULL || parameters.len > 0);
	trial_parameter_id(tr);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct both b;
	struct lines lines;
	size_t live = 0, all = 0;

	experiment_init(&b.live, "/x/abc");
	experiment_init(&b.read, "/x/abc");
	b.read.trials.keep = true;
	lines_init(&lines);
	lines_feed(&lines, (const char *)data, size, take, &b);
	lines_end(&lines, take, &b);
	for (size_t i = 0; i < b.read.trials.count; i++)
		look_at_results(&b.read.trials.list[i]);
	for (size_t i = 0; i < b.live.trials.count; i++)
		live += !(b.live.trials.list[i].flags & TRIAL_ENDED);
	for (size_t i = 0; i <= STATUS_EARLY_STOPPED; i++)
		all += b.live.trials.by_status[i];
	check(live == b.live.trials.live && all == b.live.trials.count);
	check(b.live.ran_ms == b.read.ran_ms &&
	      b.live.trials.live == b.read.trials.live &&
	      b.live.trials.best == b.read.trials.best);
	lines_release(&lines);
	experiment_release(&b.live);
	experiment_release(&b.read);
	return 0;
}
