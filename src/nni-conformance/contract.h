#ifndef NNI_CONTRACT_H
#define NNI_CONTRACT_H

/*
 * The sentences of platforms/README that the play asks for; whoever breaks one
 * is shown it.  A test looks for each of them there.
 */
enum promise {
	CAPABILITIES_OBJECT,
	CAPABILITIES_PROTOCOL,
	CAPABILITIES_VERBS,
	CAPABILITIES_NEEDS_CODE,
	CAPABILITIES_BOOLEANS,
	CHECK_CHANGES_NOTHING,
	END_OF_INPUT,
	EXIT_CODES,
	FLUSHED,
	NOTHING_BUT_RECORDS,
	NONSENSE,
	SUBMIT_ANSWERS,
	KEEP_KEYS,
	ADOPT,
	ADOPT_EQUAL,
	ATTEMPTS,
	CREDIT,
	NO_ROOM,
	WATCH_CHANGES,
	WATCH_ENDS,
	WATCH_STAYS,
	WATCH_REASON,
	WATCH_LOOKUP,
	WATCH_UNSENT,
	WATCH_ONCE,
	CANCEL_GONE,
	CANCEL_INTENT,
	CANCEL_LATE,
	BYTE_FOR_BYTE,
	METRIC_NAN,
	METRIC_AT,
	METRICS_FIRST,
	METRICS_LIVE,
	NO_FINAL_METRIC,
	CLEAN_ONLY,
	UPDATE_FILE,
	UPDATE_STAYS,
	UPDATE_REQUEST,
	PROMISES
};

/* One line, without a full stop at its end. */
const char *contract_text(enum promise p);
/* All of them, on standard output. */
void contract_list(void);

#endif
