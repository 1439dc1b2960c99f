/*
 * V1: what each platform adds to the top level, and where it goes in that
 * platform's trainingService object (v2.10:nni/tools/nnictl/config_schema.py,
 * joined with v1.9's).
 */
#include <stddef.h>

#include "platforms.h"

#define GPU_NUM                                                                \
	KEY("gpuNum", INT, .to = "trialGpuNumber", .min = 0, .max = 99999)
#define TRIAL(keys_) KEY("trial", OBJECT, .flags = NEEDED | MERGE, .sub = keys_)
#define TRIAL_EXAMPLE                                                          \
	"trial:\n"                                                             \
	"  command: python3 trial.py\n"                                        \
	"  codeDir: .\n"
#define NAS_MODE                                                               \
	KEY("nasMode", ENUM, .flags = REFUSED,                                 \
	    .words = "classic_mode enas_mode oneshot_mode darts_mode",         \
	    .why = "architecture search is not available")
#define MEMBER_KEYS                                                            \
	KEY("weight", NUMBER, .flags = OURS),                                  \
	    KEY("maxConcurrency", INT, .flags = OURS, .min = 1)

/* ---- local and remote ---- */

static const struct key trial_keys[] = {
    KEY("command", STRING, .flags = NEEDED, .to = "trialCommand"),
    KEY("codeDir", DIR_IN, .flags = NEEDED, .to = "trialCodeDirectory"),
    GPU_NUM,
    NAS_MODE,
    END_OF_KEYS,
};

static const struct key local_config_keys[] = {
    KEY("gpuIndices", GPUS),
    KEY("maxTrialNumPerGpu", INT, .to = "maxTrialNumberPerGpu", .min = 1),
    KEY("useActiveGpu", BOOL),
    MEMBER_KEYS,
    END_OF_KEYS,
};

const struct key v1_local_keys[] = {
    KEY("trial", OBJECT, .flags = NEEDED | MERGE, .sub = trial_keys,
	.missing = "add what a trial runs, such as:", .example = TRIAL_EXAMPLE),
    KEY("localConfig", OBJECT, .flags = MERGE, .sub = local_config_keys),
    END_OF_KEYS,
};

static const struct key machine_keys[] = {
    KEY("ip", STRING, .flags = NEEDED, .to = "host"),
    KEY("port", INT, .min = 1, .max = 65535),
    KEY("username", STRING, .flags = NEEDED, .to = "user"),
    KEY("passwd", STRING, .flags = SECRET, .to = "password"),
    KEY("sshKeyPath", FILE_IN, .to = "sshKeyFile"),
    KEY("passphrase", STRING, .flags = SECRET, .to = "sshPassphrase"),
    KEY("gpuIndices", GPUS),
    KEY("maxTrialNumPerGpu", INT, .to = "maxTrialNumberPerGpu", .min = 1),
    KEY("useActiveGpu", BOOL),
    KEY("preCommand", STRING),
    KEY("pythonPath", STRING),
    KEY("hostKeyChecking", ENUM, .flags = OURS, .words = "strict accept-new"),
    KEY("agentPath", STRING, .flags = OURS),
    KEY("remoteDir", STRING, .flags = OURS),
    END_OF_KEYS,
};

static const struct key remote_config_keys[] = {
    KEY("reuse", BOOL, .flags = NO_EFFECT,
	.why = "each trial has its own keeper, which starts as fast"),
    MEMBER_KEYS,
    END_OF_KEYS,
};

const struct key v1_remote_keys[] = {
    KEY("trial", OBJECT, .flags = NEEDED | MERGE, .sub = trial_keys,
	.missing = "add what a trial runs, such as:", .example = TRIAL_EXAMPLE),
    KEY("machineList", OBJECTS, .flags = NEEDED, .sub = machine_keys,
	.missing = "add the machines, such as:",
	.example = "machineList:\n"
		   "  - ip: 10.0.0.1\n"
		   "    username: bob\n"),
    KEY("remoteConfig", OBJECT, .flags = MERGE, .sub = remote_config_keys),
    END_OF_KEYS,
};

/* ---- OpenPAI ---- */

static const struct key pai_trial_keys[] = {
    KEY("command", STRING, .to = "trialCommand"),
    KEY("codeDir", DIR_IN, .flags = NEEDED, .to = "trialCodeDirectory"),
    GPU_NUM,
    KEY("cpuNum", INT, .to = "trialCpuNumber", .min = 1, .max = 99999),
    KEY("memoryMB", INT, .to = "trialMemorySize", .min = 100),
    KEY("image", STRING, .to = "dockerImage"),
    KEY("virtualCluster", STRING),
    KEY("nniManagerNFSMountPath", DIR_IN, .flags = NEEDED,
	.to = "localStorageMountPoint"),
    KEY("containerNFSMountPath", STRING, .flags = NEEDED,
	.to = "containerStorageMountPoint"),
    KEY("paiStorageConfigName", STRING, .to = "storageConfigName"),
    KEY("paiStoragePlugin", STRING, .to = "storagePlugin"), /* 1.3 to 1.6 */
    KEY("paiConfigPath", FILE_MAP, .to = "openpaiConfig"),
    NAS_MODE,
    END_OF_KEYS,
};

static const struct key pai_config_keys[] = {
    KEY("userName", STRING, .flags = NEEDED, .to = "username"),
    KEY("host", HOST, .flags = NEEDED, .words = "http://"),
    KEY("passWord", STRING, .flags = SECRET, .to = "password"),
    KEY("token", STRING, .flags = SECRET),
    KEY("reuse", BOOL, .to = "reuseMode"),
    KEY("gpuNum", INT, .flags = FALLBACK, .to = "trialGpuNumber", .min = 0,
	.max = 99999),
    KEY("cpuNum", INT, .flags = FALLBACK, .to = "trialCpuNumber", .min = 1,
	.max = 99999),
    KEY("memoryMB", INT, .flags = FALLBACK, .to = "trialMemorySize",
	.min = 100),
    KEY("maxTrialNumPerGpu", INT, .to = "maxTrialNumberPerGpu", .min = 1),
    KEY("useActiveGpu", BOOL),
    MEMBER_KEYS,
    END_OF_KEYS,
};

const struct key v1_pai_keys[] = {
    TRIAL(pai_trial_keys),
    KEY("paiConfig", OBJECT, .flags = NEEDED | MERGE, .sub = pai_config_keys),
    END_OF_KEYS,
};

static const struct key port_keys[] = {
    KEY("label", STRING, .flags = NEEDED),
    KEY("beginAt", INT, .flags = NEEDED, .min = 0),
    KEY("portNumber", INT, .flags = NEEDED, .min = 1),
    END_OF_KEYS,
};

static const struct key pai_yarn_trial_keys[] = {
    KEY("command", STRING, .flags = NEEDED, .to = "trialCommand"),
    KEY("codeDir", DIR_IN, .flags = NEEDED, .to = "trialCodeDirectory"),
    KEY("gpuNum", INT, .flags = NEEDED, .to = "trialGpuNumber", .min = 0,
	.max = 99999),
    KEY("cpuNum", INT, .flags = NEEDED, .to = "trialCpuNumber", .min = 1,
	.max = 99999),
    KEY("memoryMB", INT, .flags = NEEDED, .to = "trialMemorySize", .min = 100),
    KEY("shmMB", INT, .to = "sharedMemorySize", .min = 1),
    KEY("image", STRING, .flags = NEEDED, .to = "dockerImage"),
    KEY("authFile", FILE_IN),
    KEY("virtualCluster", STRING),
    KEY("portList", OBJECTS, .sub = port_keys),
    KEY("dataDir", STRING),
    KEY("outputDir", STRING),
    NAS_MODE,
    END_OF_KEYS,
};

static const struct key pai_yarn_config_keys[] = {
    KEY("userName", STRING, .flags = NEEDED, .to = "username"),
    KEY("host", HOST, .flags = NEEDED, .words = "http://"),
    KEY("passWord", STRING, .flags = SECRET, .to = "password"),
    KEY("token", STRING, .flags = SECRET),
    MEMBER_KEYS,
    END_OF_KEYS,
};

const struct key v1_pai_yarn_keys[] = {
    TRIAL(pai_yarn_trial_keys),
    KEY("paiYarnConfig", OBJECT, .flags = NEEDED | MERGE,
	.sub = pai_yarn_config_keys),
    END_OF_KEYS,
};

/* Until NNI 1.2 this was `pai`. */
const struct key v1_old_pai_keys[] = {
    TRIAL(pai_yarn_trial_keys),
    KEY("paiConfig", OBJECT, .flags = NEEDED | MERGE,
	.sub = pai_yarn_config_keys),
    END_OF_KEYS,
};

/* ---- Kubernetes ---- */

static const struct key nfs_keys[] = {
    KEY("server", STRING, .flags = NEEDED),
    KEY("path", STRING, .flags = NEEDED),
    KEY("localMountPoint", DIR_IN, .flags = OURS),
    END_OF_KEYS,
};

static const struct key key_vault_keys[] = {
    KEY("vaultName", STRING, .flags = NEEDED, .to = "keyVaultName"),
    KEY("name", STRING, .flags = NEEDED, .to = "keyVaultKey"),
    END_OF_KEYS,
};

static const struct key azure_storage_keys[] = {
    KEY("accountName", STRING, .flags = NEEDED, .to = "azureAccount"),
    KEY("azureShare", STRING, .flags = NEEDED),
    END_OF_KEYS,
};

static const struct key pvc_keys[] = {
    KEY("path", STRING, .flags = NEEDED),
    END_OF_KEYS,
};

#define STORAGE(words_)                                                        \
	KEY("storage", ENUM, .to = "storage.storageType", .words = words_),    \
	    KEY("nfs", OBJECT, .to = "storage", .sub = nfs_keys),              \
	    KEY("keyVault", OBJECT, .to = "storage", .sub = key_vault_keys),   \
	    KEY("azureStorage", OBJECT, .to = "storage",                       \
		.sub = azure_storage_keys),                                    \
	    KEY("uploadRetryCount", INT, .flags = NO_EFFECT, .min = 1,         \
		.max = 99999,                                                  \
		.why = "uploads are tried again until they succeed"),          \
	    KEY("reuse", BOOL, .to = "reuseMode"), KEY("namespace", STRING),   \
	    KEY("kubeconfig", FILE_IN, .flags = OURS),                         \
	    KEY("context", STRING, .flags = OURS),                             \
	    KEY("codeUrl", STRING, .flags = SECRET | OURS)

static const struct key role_keys[] = {
    KEY("replicas", INT, .flags = NEEDED, .min = 1),
    KEY("command", STRING, .flags = NEEDED),
    KEY("gpuNum", INT, .flags = NEEDED, .to = "gpuNumber", .min = 0,
	.max = 99999),
    KEY("cpuNum", INT, .flags = NEEDED, .to = "cpuNumber", .min = 1,
	.max = 99999),
    KEY("memoryMB", INT, .flags = NEEDED, .to = "memorySize", .min = 100),
    KEY("image", STRING, .flags = NEEDED, .to = "dockerImage"),
    KEY("privateRegistryAuthPath", FILE_TEXT, .to = "privateRegistryAuth"),
    END_OF_KEYS,
};

static const struct key kubeflow_trial_keys[] = {
    KEY("codeDir", DIR_IN, .flags = NEEDED, .to = "trialCodeDirectory"),
    KEY("ps", OBJECT, .sub = role_keys),
    KEY("master", OBJECT, .sub = role_keys),
    KEY("worker", OBJECT, .sub = role_keys),
    NAS_MODE,
    END_OF_KEYS,
};

static const struct key kubeflow_config_keys[] = {
    KEY("operator", ENUM, .flags = NEEDED,
	.words = "tf-operator pytorch-operator"),
    KEY("apiVersion", ENUM, .flags = NEEDED,
	.words = "v1alpha2 v1beta1 v1beta2 v1"),
    STORAGE("nfs azureStorage"),
    MEMBER_KEYS,
    END_OF_KEYS,
};

const struct key v1_kubeflow_keys[] = {
    TRIAL(kubeflow_trial_keys),
    KEY("kubeflowConfig", OBJECT, .flags = NEEDED | MERGE,
	.sub = kubeflow_config_keys),
    END_OF_KEYS,
};

static const struct key policy_keys[] = {
    KEY("minFailedTaskCount", INT, .flags = NEEDED, .min = -1),
    KEY("minSucceededTaskCount", INT, .flags = NEEDED,
	.to = "minSucceedTaskCount", .min = -1),
    END_OF_KEYS,
};

static const struct key task_role_keys[] = {
    KEY("name", STRING, .flags = NEEDED),
    KEY("taskNum", INT, .flags = NEEDED, .to = "taskNumber", .min = 1),
    KEY("frameworkAttemptCompletionPolicy", OBJECT, .flags = NEEDED,
	.sub = policy_keys),
    KEY("command", STRING, .flags = NEEDED),
    KEY("gpuNum", INT, .flags = NEEDED, .to = "gpuNumber", .min = 0,
	.max = 99999),
    KEY("cpuNum", INT, .flags = NEEDED, .to = "cpuNumber", .min = 1,
	.max = 99999),
    KEY("memoryMB", INT, .flags = NEEDED, .to = "memorySize", .min = 100),
    KEY("image", STRING, .flags = NEEDED, .to = "dockerImage"),
    KEY("privateRegistryAuthPath", FILE_TEXT, .to = "privateRegistryAuth"),
    END_OF_KEYS,
};

static const struct key frameworkcontroller_trial_keys[] = {
    KEY("codeDir", DIR_IN, .flags = NEEDED, .to = "trialCodeDirectory"),
    KEY("taskRoles", OBJECTS, .sub = task_role_keys),
    END_OF_KEYS,
};

static const struct key frameworkcontroller_config_keys[] = {
    STORAGE("nfs azureStorage pvc"),
    KEY("pvc", OBJECT, .to = "storage", .sub = pvc_keys),
    KEY("serviceAccountName", STRING),
    KEY("configPath", FILE_MAP, .to = "template"),
    MEMBER_KEYS,
    END_OF_KEYS,
};

const struct key v1_frameworkcontroller_keys[] = {
    TRIAL(frameworkcontroller_trial_keys),
    KEY("frameworkcontrollerConfig", OBJECT, .flags = NEEDED | MERGE,
	.sub = frameworkcontroller_config_keys),
    END_OF_KEYS,
};

static const struct key adl_trial_keys[] = {
    KEY("command", STRING, .flags = NEEDED, .to = "trialCommand"),
    /* in the image */
    KEY("codeDir", STRING, .flags = NEEDED, .to = "trialCodeDirectory"),
    KEY("gpuNum", INT, .flags = NEEDED, .to = "trialGpuNumber", .min = 0,
	.max = 99999),
    KEY("image", STRING, .flags = NEEDED, .to = "dockerImage"),
    KEY("namespace", STRING),
    KEY("imagePullSecrets", OBJECTS, .sub = secret_name_keys),
    KEY("nfs", OBJECT, .sub = adl_nfs_keys),
    KEY("adaptive", BOOL),
    KEY("checkpoint", OBJECT, .sub = adl_checkpoint_keys),
    KEY("cpuNum", INT, .to = "cpuNumber", .min = 1, .max = 99999),
    KEY("memorySize", STRING),
    END_OF_KEYS,
};

const struct key v1_adl_keys[] = {
    TRIAL(adl_trial_keys),
    END_OF_KEYS,
};

/* ---- others ---- */

static const struct key dlts_trial_keys[] = {
    KEY("command", STRING, .flags = NEEDED, .to = "trialCommand"),
    KEY("codeDir", DIR_IN, .flags = NEEDED, .to = "trialCodeDirectory"),
    KEY("gpuNum", INT, .flags = NEEDED, .to = "trialGpuNumber", .min = 0,
	.max = 99999),
    KEY("image", STRING, .flags = NEEDED, .to = "dockerImage"),
    END_OF_KEYS,
};

static const struct key dlts_config_keys[] = {
    KEY("dashboard", HOST, .flags = NEEDED, .words = "https://"),
    KEY("cluster", STRING),
    KEY("team", STRING),
    KEY("email", STRING),
    KEY("password", STRING, .flags = SECRET),
    KEY("passwordFile", FILE_IN, .flags = OURS),
    KEY("passwordCommand", STRING, .flags = OURS),
    KEY("gpuType", STRING, .flags = OURS),
    KEY("codeUrl", STRING, .flags = SECRET | OURS),
    KEY("pollInterval", FINE_DURATION, .flags = OURS),
    KEY("logDelay", FINE_DURATION, .flags = OURS),
    MEMBER_KEYS,
    END_OF_KEYS,
};

const struct key v1_dlts_keys[] = {
    TRIAL(dlts_trial_keys),
    KEY("dltsConfig", OBJECT, .flags = NEEDED | MERGE, .sub = dlts_config_keys),
    END_OF_KEYS,
};

static const struct key aml_trial_keys[] = {
    KEY("command", STRING, .flags = NEEDED, .to = "trialCommand"),
    KEY("codeDir", DIR_IN, .flags = NEEDED, .to = "trialCodeDirectory"),
    GPU_NUM,
    KEY("image", STRING, .flags = NEEDED, .to = "dockerImage"),
    KEY("computeTarget", STRING, .flags = FALLBACK), /* 1.7 */
    NAS_MODE,
    END_OF_KEYS,
};

static const struct key aml_config_keys[] = {
    KEY("subscriptionId", STRING, .flags = NEEDED),
    KEY("resourceGroup", STRING, .flags = NEEDED),
    KEY("workspaceName", STRING, .flags = NEEDED),
    KEY("computeTarget", STRING),
    KEY("maxTrialNumPerGpu", INT, .to = "maxTrialNumberPerGpu", .min = 1),
    KEY("useActiveGpu", BOOL),
    KEY("sharedMemorySize", STRING, .flags = OURS), /* as Docker: 2g */
    KEY("tenantId", STRING, .flags = OURS),
    KEY("clientId", STRING, .flags = OURS),
    KEY("clientSecret", STRING, .flags = SECRET | OURS),
    KEY("clientSecretFile", FILE_IN, .flags = OURS),
    KEY("clientSecretCommand", STRING, .flags = OURS),
    KEY("managedIdentity", STRING, .flags = OURS),
    KEY("token", STRING, .flags = SECRET | OURS),
    KEY("tokenFile", FILE_IN, .flags = OURS),
    KEY("tokenCommand", STRING, .flags = OURS),
    KEY("endpoint", HOST, .flags = OURS, .words = "https://"),
    KEY("pollInterval", FINE_DURATION, .flags = OURS),
    MEMBER_KEYS,
    END_OF_KEYS,
};

const struct key v1_aml_keys[] = {
    TRIAL(aml_trial_keys),
    KEY("amlConfig", OBJECT, .flags = NEEDED | MERGE, .sub = aml_config_keys),
    END_OF_KEYS,
};
