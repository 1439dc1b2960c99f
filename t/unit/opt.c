/* What a misspelt word was meant for. */
#include "opt.h"

#include "os/sys.h"
#include "tap.h"

/* Words with blanks between; `wanted` is "" for none. */
static void
nearest(const char *words, const char *word, const char *wanted)
{
	char store[512];
	const char *list[32], *got;
	size_t n = 0;
	char *at;

	snprintf(store, sizeof(store), "%s", words);
	for (at = store; at; n++) {
		list[n] = at;
		at = strchr(at, ' ');
		if (at)
			*at++ = '\0';
	}
	list[n] = NULL;
	got = opt_nearest(word, list);
	is_str(got ? got : "", wanted, word);
}

int
nni_main(int argc, char **argv)
{
	static const char keys[] =
	    "trialCommand trialCodeDirectory trialConcurrency maxTrialNumber "
	    "maxTrialDuration maxExperimentDuration experimentName debug seed "
	    "logLevel tuner";

	(void)argc;
	(void)argv;
	/* slips */
	nearest(keys, "trialConcurency", "trialConcurrency");
	nearest(keys, "debgu", "debug");
	nearest(keys, "tunner", "tuner");
	nearest(keys, "logLevle", "logLevel");
	nearest(keys, "log-level", "logLevel");
	nearest(keys, "TRIAL_COMMAND", "trialCommand");
	nearest(keys, "maxTrailNumber", "maxTrialNumber");
	/* shortened, or only some of the words */
	nearest(keys, "maxExpDuration", "maxExperimentDuration");
	nearest(keys, "maxTrialNum", "maxTrialNumber");
	nearest(keys, "max_trial_num", "maxTrialNumber");
	nearest(keys, "concurrency", "trialConcurrency");
	nearest(keys, "command", "trialCommand");
	nearest(keys, "experimentNameText", "experimentName");
	nearest(keys, "expName", "experimentName");
	/* of several, or far away: none */
	nearest(keys, "trial", "");
	nearest(keys, "max", "");
	nearest(keys, "maxTrial", "");
	nearest(keys, "username", "");
	nearest(keys, "pruner", "");
	nearest(keys, "image", "");
	nearest(keys, "x", "");
	nearest(keys, "", "");
	nearest("a b ip id", "ic", "");
	nearest("local remote openpai aml", "ssh", "");
	nearest("local remote openpai aml", "Local", "local");
	return done_testing();
}
