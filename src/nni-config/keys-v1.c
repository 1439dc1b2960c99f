/*
 * The keys of V1 configurations (NNI 0.5 to 2.10) that every platform has, and
 * where each goes in the canonical form.  Nothing is lost that NNI's own
 * converter loses (v3.0:nni/experiment/config/convert.py).
 */
#include <stddef.h>

#include "schema.h"

static const char own_logs[] = "all output of a trial is kept with the trial";
static const char no_check[] = "no manager and worker have to match";
static const char ask_many[] =
    "the tuner is asked for all that is free at once";

#define ALGORITHM_KEYS(builtin)                                                \
	KEY(builtin, STRING, .to = "name"),                                    \
	    KEY("codeDir", DIR_IN, .to = "codeDirectory"),                     \
	    KEY("classFileName", STRING), KEY("className", STRING),            \
	    KEY("classArgs", MAP),                                             \
	    KEY("includeIntermediateResults", BOOL, .flags = NOT_YET,          \
		.why = "early-stopped trials' last results are not given to "  \
		       "the tuner"),                                           \
	    KEY("gpuIndices", GPUS),                                           \
	    KEY("gpuNum", INT, .flags = NO_EFFECT, .min = 0,                   \
		.why = "NNI dropped it in 1.1 for gpuIndices"),                \
	    END_OF_KEYS

static const struct key tuner_keys[] = {ALGORITHM_KEYS("builtinTunerName")};
static const struct key assessor_keys[] = {
    ALGORITHM_KEYS("builtinAssessorName")};
static const struct key advisor_keys[] = {ALGORITHM_KEYS("builtinAdvisorName")};

const struct key v1_keys[] = {
    KEY("authorName", STRING),
    KEY("experimentName", STRING),
    KEY("description", STRING),
    KEY("trialConcurrency", INT, .flags = NEEDED, .min = 1, .max = 999999,
	.missing = "add how many trials may run at once, such as:",
	.example = "trialConcurrency: 1\n"),
    KEY("maxExecDuration", DURATION, .to = "maxExperimentDuration"),
    KEY("maxTrialNum", INT, .to = "maxTrialNumber", .min = 1, .max = 99999),
    KEY("maxTrialDuration", DURATION),
    KEY("maxTrialRetry", INT, .flags = OURS, .min = 0, .max = 1000),
    KEY("killGrace", FINE_DURATION, .flags = OURS),
    KEY("lease", FINE_DURATION, .flags = OURS),
    KEY("seed", INT, .flags = OURS, .min = 0, .max = 9007199254740991),
    KEY("trainingServicePlatform", STRING, .flags = NEEDED, .to = "",
	.missing =
	    "the other keys are V1's (NNI 1), in which it says where the "
	    "trials run; for this machine add:",
	.example = "trainingServicePlatform: local\n"),
    KEY("searchSpacePath", FILE_IN, .to = "searchSpaceFile",
	.missing = "add the file with the search space, such as:",
	.example = "searchSpacePath: search_space.json\n"),
    KEY("useAnnotation", BOOL, .flags = REFUSED,
	.why = "annotated trial code is not available yet in this version; "
	       "write a search space"),
    KEY("multiPhase", BOOL),
    KEY("multiThread", BOOL, .flags = NO_EFFECT, .why = ask_many),
    KEY("nniManagerIp", STRING, .flags = NO_EFFECT,
	.why = "nothing dials back to this machine"),
    KEY("logDir", DIR_OUT, .to = "experimentWorkingDirectory"),
    KEY("logLevel", ENUM, .words = "trace debug info warning error fatal"),
    KEY("logCollection", ENUM, .flags = NO_EFFECT, .words = "http none",
	.why = own_logs),
    KEY("debug", BOOL),
    KEY("versionCheck", BOOL, .flags = NO_EFFECT, .why = no_check),
    KEY("tuner", OBJECT, .sub = tuner_keys,
	.missing = "add what proposes the parameters, such as:",
	.example = "tuner:\n"
		   "  builtinTunerName: TPE\n"
		   "  classArgs:\n"
		   "    optimize_mode: maximize  # or minimize\n"),
    KEY("assessor", OBJECT, .sub = assessor_keys),
    KEY("advisor", OBJECT, .sub = advisor_keys),
    KEY("sharedStorage", OBJECT, .sub = shared_storage_keys),
    END_OF_KEYS,
};
