/* asking.c: how far ahead the tuner is asked. */
#include <stdint.h>
#include <stdlib.h>

#include "asking.h"
#include "os/sys.h"
#include "tap.h"

int
nni_main(int argc, char **argv)
{
	struct asking a;
	struct asked whom;
	int64_t now = 1000000;
	char *spec;

	(void)argc;
	(void)argv;
	asking_init(&a);
	is_int(asking_wanted(&a, 4, 4, INT64_MAX), 4, "the free slots");
	is_int(asking_wanted(&a, 4, 4, 2), 2, "no more than may come");
	is_int(asking_wanted(&a, -1, 4, INT64_MAX), 0, "none if none is free");
	asking_asked(&a, 4, now);
	is_int(asking_wanted(&a, 4, 4, INT64_MAX), 0, "not twice");
	for (int i = 0; i < 4; i++)
		asking_answered(&a, now + 2000, &whom);
	asking_put(&a, "{1}");
	asking_put(&a, "{2}");
	is_int(asking_wanted(&a, 4, 4, INT64_MAX), 2, "spares count");
	spec = asking_take(&a);
	is_str(spec, "{1}", "the oldest first");
	free(spec);

	/* a trial a second, an answer in 2 ms: nothing ahead */
	for (int i = 1; i < 20; i++)
		asking_trial_ended(&a, now + i * 1000000);
	is_int(asking_wanted(&a, 1, 4, INT64_MAX), 0,
	    "slow trials: the spare fills the slot");
	is_int(asking_wanted(&a, 2, 4, INT64_MAX), 1, "and no more is wanted");
	is_int(asking_early(&a, 4), 0, "none is handed on early");

	/* a trial each 0.5 ms: four end during an answer */
	now += 20000000;
	for (int i = 1; i < 100; i++)
		asking_trial_ended(&a, now + i * 500);
	ok(asking_wanted(&a, 1, 16, INT64_MAX) >= 4,
	    "fast trials: as many ahead as end during an answer");
	ok(asking_wanted(&a, 0, 2, INT64_MAX) <= 2,
	    "but never more than run at once");

	is_int(asking_wanted(&a, 1, 0, INT64_MAX), 0, "or none ahead at all");
	is_int(asking_early(&a, 2), 32, "and some are handed on early");
	is_int(asking_early(&a, 1), 2, "fewer where one runs at a time");
	ok(asking_early(&a, 16) >= 8, "as many as end while one goes round");

	asking_no_more(&a, true);
	is_int(asking_wanted(&a, 4, 4, INT64_MAX), 0, "no more for now");
	asking_trial_ended(&a, now + 60000);
	ok(asking_wanted(&a, 4, 4, INT64_MAX) > 0, "until the next end");
	asking_no_more(&a, false);
	asking_trial_ended(&a, now + 70000);
	is_int(asking_wanted(&a, 4, 4, INT64_MAX), 0, "no more at all");
	asking_reset(&a);
	is_int(asking_wanted(&a, 4, 4, 4), 4, "a new tuner is asked anew");

	/* answers come in the order of the asks */
	asking_asked(&a, 2, now);
	asking_asked_for(&a, "aaaaa", 1, now);
	asking_asked(&a, 1, now);
	is_int(asking_wanted(&a, 4, 0, 4), 1, "one for a phase is nobody's");
	ok(asking_has(&a, "aaaaa", 1) && !asking_has(&a, "aaaaa", 2),
	    "whose phases were asked for");
	asking_drop(&a);
	for (int i = 0; i < 2; i++)
		asking_answered(&a, now, &whom);
	is_str(whom.trial, "", "two for new trials");
	asking_answered(&a, now, &whom);
	is_str(whom.trial, "aaaaa", "then one for a phase");
	asking_answered(&a, now, &whom);
	is_int(a.outstanding, 0, "what nobody waits for is not waited for");
	ok(!asking_answered(&a, now, &whom), "all are answered");
	asking_release(&a);
	return done_testing();
}
