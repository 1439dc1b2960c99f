/* What platforms/README asks of a backend, sentence by sentence. */
#include "contract.h"

#include "buf.h"
#include "say.h"

static const char *const texts[PROMISES] = {
    [CAPABILITIES_OBJECT] =
	"`capabilities` prints one object on one line and ends with 0",
    [CAPABILITIES_PROTOCOL] = "\"protocol\" is the number 1",
    [CAPABILITIES_VERBS] = "\"verbs\" is the list of the verbs there are, "
			   "`submit`, `watch` and `collect` among them",
    [CAPABILITIES_NEEDS_CODE] = "\"needs_code\" is \"none\", \"archive\" or "
				"\"shared\"",
    [CAPABILITIES_BOOLEANS] =
	"\"adopt\", \"credit\" and \"update\" are true or false",
    [CHECK_CHANGES_NOTHING] = "`check` changes nothing",
    [END_OF_INPUT] = "At the end of its input a verb does what is left to do "
		     "and ends with 0",
    [EXIT_CODES] = "An unknown verb is 2, an unknown member is 3",
    [FLUSHED] = "A line is answered when it comes, and what is said is flushed "
		"at once",
    [NOTHING_BUT_RECORDS] =
	"Nothing but records goes to standard output; a record is one line of "
	"JSON",
    [NONSENSE] = "Lines and keys that mean nothing to you are passed over",
    [SUBMIT_ANSWERS] = "Each trial record gets one answer: the same with "
		       "\"job\", a status FAILED, or `no_room`",
    [KEEP_KEYS] = "The answer keeps the keys that you do not know",
    [ADOPT] = "A trial that is there already is not started again: the answer "
	      "is its job",
    [ADOPT_EQUAL] = "One with other parameters is somebody else's: the answer "
		    "is a status FAILED with a reason",
    [ATTEMPTS] = "Each attempt is a trial of its own: it is started, ends and "
		 "has metrics by itself",
    [CREDIT] = "`submit` tells how many more trials each place could start "
	       "now: {\"type\":\"credit\",\"place\":P,\"n\":3}",
    [NO_ROOM] = "`no_room` names trial, attempt, place and reason; the trial "
		"was not started and will not be",
    [WATCH_CHANGES] = "Each change of status is said once",
    [WATCH_ENDS] = "Each trial has one end, and nothing follows it",
    [WATCH_STAYS] = "At the end of its input `watch` stays until all its "
		    "trials have ended",
    [WATCH_REASON] = "FAILED has a \"reason\" always, \"exit_code\" or "
		     "\"signal\" where there is one, and \"infra\":true if "
		     "the machine failed and not the trial",
    [WATCH_LOOKUP] = "A job that cannot be found is WAITING while it may still "
		     "appear, then SYS_CANCELED with \"infra\":true and a "
		     "reason",
    [WATCH_UNSENT] =
	"A record without a \"job\" is that of a trial which may be "
	"about to be started: WAITING, and ended only by a cancel",
    [WATCH_ONCE] = "With --once `watch` says what is true now and ends",
    [CANCEL_GONE] = "A cancelled trial has ended when nothing of it is left",
    [CANCEL_INTENT] = "The word in `intent` decides: user is USER_CANCELED, "
		      "early EARLY_STOPPED, system SYS_CANCELED",
    [CANCEL_LATE] = "A trial that ended before the kill reached it keeps its "
		    "own end",
    [BYTE_FOR_BYTE] = "Parameters and metric values are passed on byte for "
		      "byte: 2.50 stays 2.50",
    [METRIC_NAN] = "JSON has no NaN and no infinity: they are the strings "
		   "\"NaN\", \"Infinity\" and \"-Infinity\"",
    [METRIC_AT] = "\"at\" says where a metric was found, and is the same "
		  "whenever it is found again",
    [METRICS_FIRST] = "When an end comes in, all metrics of that trial go out "
		      "first, in their order, and then the end, once",
    [METRICS_LIVE] = "Metrics go out while the trial runs, if that can be: "
		     "assessors wait for them",
    [NO_FINAL_METRIC] = "SUCCEEDED without a final metric gets "
			"\"no_final_metric\":true",
    [FETCH_ANSWERS] = "Each record gets one answer, when the files are there",
    [FETCH_WHAT] = "\"what\" is \"logs\", which are stdout, stderr and "
		   "trial.log, or \"all\", everything the trial wrote",
    [FETCH_AGAIN] = "What is here already and has not changed there does not "
		    "come again, so one that asks twice gets 0 bytes",
    [CLEAN_ONLY] = "`clean` removes what the experiment left on the platform, "
		   "and only that",
    [UPDATE_FILE] = "An update becomes the file parameter_INDEX.cfg of the "
		    "trial, written like parameter.cfg, complete when it "
		    "appears",
    [UPDATE_STAYS] = "It may come again: what the trial may have read stays as "
		     "it is",
    [UPDATE_REQUEST] =
	"REQUEST_PARAMETER becomes a metric of \"kind\":\"request\" with "
	"\"parameter_index\" and without a value; metrics behind it have "
	"\"parameter_id\" as their JSON has it",
};

const char *
contract_text(enum promise p)
{
	return texts[p];
}

void
contract_list(void)
{
	struct buf all = BUF_INIT;
	int i;

	for (i = 0; i < PROMISES; i++)
		buf_addf(&all, "%s.\n", texts[i]);
	say_data(all.data, all.len);
	buf_release(&all);
}
