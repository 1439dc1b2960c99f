/*
 * The keys of V2 and V3 configurations that do not belong to a platform; they
 * are the canonical form's as well.
 */
#include <stddef.h>

#include "schema.h"

static const struct key algorithm_keys[] = {
    KEY("name", STRING),
    KEY("className", STRING),
    KEY("codeDirectory", DIR_IN),
    KEY("classArgs", MAP),
    KEY("includeIntermediateResults", BOOL, .flags = NOT_YET,
	.why = "early-stopped trials' last results are not given to the tuner"),
    END_OF_KEYS,
};

const struct key shared_storage_keys[] = {
    KEY("storageType", ENUM, .flags = NEEDED, .words = "NFS AzureBlob"),
    KEY("localMountPoint", DIR_OUT, .flags = NEEDED),
    KEY("remoteMountPoint", STRING, .flags = NEEDED),
    KEY("localMounted", ENUM, .flags = NEEDED,
	.words = "usermount nnimount nomount"),
    KEY("nfsServer", STRING),
    KEY("exportedDirectory", STRING),
    KEY("storageAccountName", STRING),
    KEY("storageAccountKey", STRING, .flags = SECRET),
    KEY("resourceGroupName", STRING),
    KEY("containerName", STRING),
    END_OF_KEYS,
};

const struct key top_keys[] = {
    KEY("authorName", STRING),
    KEY("experimentName", STRING),
    KEY("description", STRING),
    KEY("experimentType", ENUM, .words = "hpo"),
    KEY("searchSpaceFile", FILE_IN),
    KEY("searchSpace", MAP,
	.missing = "add what is searched, or name a file with it as "
		   "'searchSpaceFile', such as:",
	.example = "searchSpace:\n"
		   "  lr: {_type: loguniform, _value: [0.0001, 0.1]}\n"
		   "  layers: {_type: choice, _value: [2, 3, 4]}\n"),
    KEY("trialCommand", STRING,
	.missing = "add the command that runs one trial, such as:",
	.example = "trialCommand: python3 trial.py\n"),
    KEY("trialCodeDirectory", DIR_IN),
    KEY("trialConcurrency", INT, .flags = NEEDED, .min = 1,
	.missing = "add how many trials may run at once, such as:",
	.example = "trialConcurrency: 1\n"),
    KEY("trialGpuNumber", INT, .min = 0),
    KEY("maxExperimentDuration", DURATION),
    KEY("maxTrialNumber", INT, .min = 1),
    KEY("maxTrialDuration", DURATION),
    KEY("maxTrialRetry", INT, .flags = OURS, .min = 0, .max = 1000),
    KEY("killGrace", FINE_DURATION, .flags = OURS),
    KEY("lease", FINE_DURATION, .flags = OURS),
    KEY("seed", INT, .flags = OURS, .min = 0, .max = 9007199254740991),
    KEY("experimentWorkingDirectory", DIR_OUT),
    KEY("debug", BOOL),
    KEY("logLevel", ENUM, .words = "fatal error warning info debug trace"),
    KEY("multiPhase", BOOL),
    KEY("nniManagerIp", STRING, .flags = NO_EFFECT,
	.why = "nothing dials back to this machine"),
    KEY("useAnnotation", BOOL, .flags = REFUSED,
	.why = "annotated trial code is not available yet in this version; "
	       "write a search space"),
    KEY("tunerGpuIndices", GPUS),
    KEY("tuner", OBJECT, .sub = algorithm_keys,
	.missing = "add what proposes the parameters, such as:",
	.example = "tuner:\n"
		   "  name: TPE\n"
		   "  classArgs:\n"
		   "    optimize_mode: maximize  # or minimize\n"),
    KEY("assessor", OBJECT, .sub = algorithm_keys),
    KEY("advisor", OBJECT, .sub = algorithm_keys),
    KEY("trainingService", SERVICE, .flags = NEEDED,
	.missing = "add where the trials run; for this machine:",
	.example = "trainingService:\n"
		   "  platform: local\n"),
    KEY("sharedStorage", OBJECT, .sub = shared_storage_keys),
    KEY("deprecated", MAP, .flags = NO_EFFECT,
	.why = "NNI itself put it there to keep keys of V1"),
    END_OF_KEYS,
};

const struct key service_keys[] = {
    KEY("member", STRING, .flags = OURS),
    KEY("platform", STRING, .flags = NEEDED,
	.missing = "add where the trials run, such as 'platform: local'"),
    KEY("trialCommand", STRING),
    KEY("trialCodeDirectory", DIR_IN),
    KEY("trialGpuNumber", INT, .min = 0),
    KEY("nniManagerIp", STRING, .flags = NO_EFFECT,
	.why = "nothing dials back to this machine"),
    KEY("debug", BOOL, .flags = NO_EFFECT,
	.why = "it counts on the top level only"),
    KEY("weight", NUMBER, .flags = OURS),
    KEY("maxConcurrency", INT, .flags = OURS, .min = 1),
    END_OF_KEYS,
};
