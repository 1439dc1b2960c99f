/*
 * The platforms and the keys of their trainingService objects, which are the
 * canonical form's.  Names and types are V3's (v3.0:nni/experiment/config/
 * training_services/); what only V1 could say has a name of the same style
 * here.
 */
#include <stddef.h>
#include <string.h>

#include "platforms.h"
#include "rules.h"
#include "schema.h"

#define NNI_IMAGE "\"msranni/nni:latest\""

/* Where a keeper per trial does what NNI's long-lived runners were for. */
#define NO_REUSE                                                               \
	KEY("reuseMode", BOOL, .flags = NO_EFFECT,                             \
	    .why = "each trial has its own keeper, which starts as fast")

/* ---- local and remote ---- */

static const struct key local_keys[] = {
    KEY("useActiveGpu", BOOL),
    KEY("maxTrialNumberPerGpu", INT, .min = 1),
    KEY("gpuIndices", GPUS),
    NO_REUSE,
    END_OF_KEYS,
};

static const struct key machine_keys[] = {
    KEY("host", STRING, .flags = NEEDED),
    KEY("port", INT, .min = 1, .max = 65535),
    KEY("user", STRING, .flags = NEEDED),
    KEY("password", STRING, .flags = SECRET),
    KEY("sshKeyFile", FILE_IN),
    KEY("sshPassphrase", STRING, .flags = SECRET),
    KEY("useActiveGpu", BOOL),
    KEY("maxTrialNumberPerGpu", INT, .min = 1),
    KEY("gpuIndices", GPUS),
    KEY("pythonPath", STRING),
    KEY("preCommand", STRING),
    /* v2.0 */
    KEY("trialPrepareCommand", STRING, .to = "preCommand"),
    KEY("hostKeyChecking", ENUM, .flags = OURS, .words = "strict accept-new"),
    KEY("agentPath", STRING, .flags = OURS),
    KEY("remoteDir", STRING, .flags = OURS),
    END_OF_KEYS,
};

static const struct key remote_keys[] = {
    KEY("machineList", OBJECTS, .flags = NEEDED, .sub = machine_keys,
	.missing = "add the machines, such as:",
	.example = "machineList:\n"
		   "  - host: 10.0.0.1\n"
		   "    user: bob\n"),
    NO_REUSE,
    END_OF_KEYS,
};

/* ---- OpenPAI ---- */

static const struct key openpai_keys[] = {
    KEY("host", HOST, .flags = NEEDED, .words = "https://"),
    KEY("username", STRING, .flags = NEEDED),
    KEY("token", STRING, .flags = SECRET),
    KEY("password", STRING, .flags = SECRET), /* V1 */
    KEY("trialCpuNumber", INT, .min = 1),
    KEY("trialMemorySize", SIZE),
    KEY("storageConfigName", STRING),
    KEY("storagePlugin", STRING), /* V1 */
    KEY("virtualCluster", STRING),
    KEY("localStorageMountPoint", DIR_IN, .flags = NEEDED),
    KEY("containerStorageMountPoint", STRING, .flags = NEEDED),
    KEY("dockerImage", STRING, .def = NNI_IMAGE),
    KEY("maxTrialNumberPerGpu", INT, .min = 1), /* V1 */
    KEY("useActiveGpu", BOOL),			/* V1 */
    KEY("reuseMode", BOOL),
    KEY("openpaiConfig", MAP),
    KEY("openpaiConfigFile", FILE_MAP),
    KEY("tokenFile", FILE_IN, .flags = OURS),
    KEY("tokenCommand", STRING, .flags = OURS),
    KEY("pollInterval", FINE_DURATION, .flags = OURS),
    KEY("visibilityDelay", FINE_DURATION, .flags = OURS),
    END_OF_KEYS,
};

static const struct key port_keys[] = {
    KEY("label", STRING, .flags = NEEDED),
    KEY("beginAt", INT, .flags = NEEDED, .min = 0),
    KEY("portNumber", INT, .flags = NEEDED, .min = 1),
    END_OF_KEYS,
};

static const struct key pai_yarn_keys[] = {
    KEY("host", HOST, .flags = NEEDED, .words = "http://"),
    KEY("username", STRING, .flags = NEEDED),
    KEY("token", STRING, .flags = SECRET),
    KEY("password", STRING, .flags = SECRET),
    KEY("trialCpuNumber", INT, .flags = NEEDED, .min = 1),
    KEY("trialMemorySize", SIZE, .flags = NEEDED),
    KEY("sharedMemorySize", SIZE),
    KEY("dockerImage", STRING, .flags = NEEDED),
    KEY("authFile", FILE_IN),
    KEY("virtualCluster", STRING),
    KEY("portList", OBJECTS, .sub = port_keys),
    KEY("dataDir", STRING),
    KEY("outputDir", STRING),
    END_OF_KEYS,
};

/* ---- Kubernetes ---- */

const struct key secret_name_keys[] = {
    KEY("name", STRING, .flags = NEEDED),
    END_OF_KEYS,
};

static const struct key storage_keys[] = {
    KEY("storageType", ENUM, .words = "nfs azureStorage pvc azureBlob"),
    KEY("storage", STRING, .flags = NO_EFFECT, .why = "storageType tells it"),
    KEY("server", STRING),
    KEY("path", STRING),
    KEY("azureAccount", STRING),
    KEY("azureShare", STRING),
    KEY("keyVaultName", STRING),
    KEY("keyVaultKey", STRING),
    KEY("localMountPoint", DIR_IN, .flags = OURS),
    KEY("claimName", STRING, .flags = OURS),
    KEY("azureContainer", STRING, .flags = OURS),
    KEY("azureAccountKey", STRING, .flags = SECRET | OURS),
    KEY("azureSasToken", STRING, .flags = SECRET | OURS),
    KEY("azureEndpoint", STRING, .flags = OURS),
    END_OF_KEYS,
};

#define UPLOAD_RETRY_COUNT                                                     \
	KEY("uploadRetryCount", INT, .flags = NO_EFFECT, .min = 1,             \
	    .max = 99999, .why = "uploads are tried again until they succeed")

/* What all of them have, the cluster and the pods. */
#define CLUSTER_KEYS                                                           \
	KEY("kubeconfig", FILE_IN, .flags = OURS),                             \
	    KEY("context", STRING, .flags = OURS),                             \
	    KEY("gpuResource", STRING, .flags = OURS,                          \
		.def = "\"nvidia.com/gpu\""),                                  \
	    KEY("nodeSelector", MAP, .flags = OURS),                           \
	    KEY("tolerations", LIST, .flags = OURS),                           \
	    KEY("imagePullSecrets", OBJECTS, .flags = OURS,                    \
		.sub = secret_name_keys),                                      \
	    KEY("imagePullPolicy", ENUM, .flags = OURS,                        \
		.words = "Always IfNotPresent Never"),                         \
	    KEY("labels", MAP, .flags = OURS),                                 \
	    KEY("annotations", MAP, .flags = OURS),                            \
	    KEY("volumes", LIST, .flags = OURS),                               \
	    KEY("volumeMounts", LIST, .flags = OURS),                          \
	    KEY("startGrace", DURATION, .flags = OURS),                        \
	    KEY("ttl", DURATION, .flags = OURS),                               \
	    KEY("codeUrl", STRING, .flags = SECRET | OURS),                    \
	    KEY("reuseMode", BOOL)

/* A registry's login, as a file or, canonical, as the text in it. */
#define REGISTRY_AUTH                                                          \
	KEY("privateRegistryAuthPath", FILE_TEXT,                              \
	    .to = "privateRegistryAuth"),                                      \
	    KEY("privateRegistryAuth", STRING, .flags = SECRET | OURS)

static const struct key role_keys[] = {
    KEY("replicas", INT, .flags = NEEDED, .min = 1),
    KEY("command", STRING),
    KEY("gpuNumber", INT, .min = 0, .def = "0"),
    KEY("cpuNumber", INT, .flags = NEEDED, .min = 1),
    KEY("memorySize", SIZE, .flags = NEEDED),
    KEY("codeDirectory", DIR_IN),
    KEY("dockerImage", STRING, .def = NNI_IMAGE),
    REGISTRY_AUTH,
    END_OF_KEYS,
};

static const struct key kubeflow_keys[] = {
    KEY("operator", ENUM, .flags = NEEDED,
	.words = "tf-operator pytorch-operator mpi-operator"),
    KEY("apiVersion", ENUM,
	.words = "v1alpha1 v1alpha2 v1beta1 v1beta2 v1 v2beta1"),
    KEY("storage", OBJECT, .sub = storage_keys),
    KEY("worker", OBJECT, .sub = role_keys),
    KEY("ps", OBJECT, .sub = role_keys),
    KEY("master", OBJECT, .sub = role_keys),
    KEY("chief", OBJECT, .flags = OURS, .sub = role_keys),
    KEY("evaluator", OBJECT, .flags = OURS, .sub = role_keys),
    KEY("launcher", OBJECT, .flags = OURS, .sub = role_keys),
    KEY("namespace", STRING, .def = "\"default\""),
    UPLOAD_RETRY_COUNT, /* V1 */
    KEY("serviceAccountName", STRING, .flags = OURS),
    CLUSTER_KEYS,
    END_OF_KEYS,
};

static const struct key policy_keys[] = {
    KEY("minFailedTaskCount", INT, .flags = NEEDED, .min = -1),
    KEY("minSucceedTaskCount", INT, .flags = NEEDED, .min = -1),
    END_OF_KEYS,
};

static const struct key task_role_keys[] = {
    KEY("name", STRING, .flags = NEEDED),
    KEY("taskNumber", INT, .flags = NEEDED, .min = 1),
    KEY("command", STRING),
    KEY("gpuNumber", INT, .min = 0, .def = "0"),
    KEY("cpuNumber", INT, .flags = NEEDED, .min = 1),
    KEY("memorySize", SIZE, .flags = NEEDED),
    KEY("dockerImage", STRING, .def = NNI_IMAGE),
    REGISTRY_AUTH, /* V1 */
    KEY("frameworkAttemptCompletionPolicy", OBJECT, .flags = NEEDED,
	.sub = policy_keys),
    END_OF_KEYS,
};

static const struct key frameworkcontroller_keys[] = {
    KEY("storage", OBJECT, .sub = storage_keys),
    KEY("serviceAccountName", STRING),
    KEY("taskRoles", OBJECTS, .sub = task_role_keys),
    KEY("namespace", STRING, .def = "\"default\""),
    KEY("configPath", FILE_MAP, .to = "template"), /* V1 */
    KEY("template", FILE_MAP, .flags = OURS),
    UPLOAD_RETRY_COUNT, /* V1 */
    CLUSTER_KEYS,
    END_OF_KEYS,
};

static const struct key kubernetes_keys[] = {
    KEY("image", STRING, .flags = NEEDED),
    KEY("dockerImage", STRING, .to = "image"),
    KEY("namespace", STRING),
    KEY("cpuNumber", NUMBER),
    KEY("memorySize", SIZE),
    KEY("serviceAccountName", STRING),
    KEY("storage", OBJECT, .sub = storage_keys),
    KEY("template", FILE_MAP),
    CLUSTER_KEYS,
    END_OF_KEYS,
};

const struct key adl_nfs_keys[] = {
    KEY("server", STRING, .flags = NEEDED),
    KEY("path", STRING, .flags = NEEDED),
    KEY("containerMountPath", STRING, .flags = NEEDED),
    END_OF_KEYS,
};
const struct key adl_checkpoint_keys[] = {
    KEY("storageClass", STRING, .flags = NEEDED),
    KEY("storageSize", STRING, .flags = NEEDED),
    END_OF_KEYS,
};

static const struct key adl_keys[] = {
    KEY("trialCodeDirectory", STRING),
    KEY("dockerImage", STRING, .flags = NEEDED),
    KEY("namespace", STRING, .def = "\"default\""),
    KEY("imagePullSecrets", OBJECTS, .sub = secret_name_keys),
    KEY("nfs", OBJECT, .sub = adl_nfs_keys),
    KEY("adaptive", BOOL),
    KEY("checkpoint", OBJECT, .sub = adl_checkpoint_keys),
    KEY("cpuNumber", INT, .min = 1),
    KEY("memorySize", STRING), /* as Kubernetes writes it: 4Gi */
    END_OF_KEYS,
};

/* ---- others ---- */

static const struct key dlts_keys[] = {
    KEY("dashboard", HOST, .flags = NEEDED, .words = "https://"),
    KEY("cluster", STRING),
    KEY("team", STRING),
    KEY("email", STRING),
    KEY("password", STRING, .flags = SECRET),
    KEY("passwordFile", FILE_IN, .flags = OURS),
    KEY("passwordCommand", STRING, .flags = OURS),
    KEY("dockerImage", STRING, .flags = NEEDED),
    KEY("gpuType", STRING, .flags = OURS),
    KEY("codeUrl", STRING, .flags = SECRET | OURS),
    KEY("pollInterval", FINE_DURATION, .flags = OURS),
    KEY("logDelay", FINE_DURATION, .flags = OURS),
    END_OF_KEYS,
};

static const struct key aml_keys[] = {
    KEY("subscriptionId", STRING, .flags = NEEDED),
    KEY("resourceGroup", STRING, .flags = NEEDED),
    KEY("workspaceName", STRING, .flags = NEEDED),
    KEY("computeTarget", STRING),
    KEY("dockerImage", STRING, .def = NNI_IMAGE),
    KEY("maxTrialNumberPerGpu", INT, .min = 1),
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
    END_OF_KEYS,
};

static const struct key dlc_keys[] = {
    KEY("type", STRING, .def = "\"Worker\""),
    KEY("jobType", ENUM, .words = "TFJob PyTorchJob", .def = "\"TFJob\""),
    KEY("image", STRING, .flags = NEEDED),
    KEY("podCount", INT, .flags = NEEDED, .min = 1),
    KEY("ecsSpec", STRING, .flags = NEEDED),
    KEY("region", STRING, .flags = NEEDED),
    KEY("workspaceId", STRING, .flags = NEEDED),
    KEY("nasDataSourceId", STRING, .flags = NEEDED),
    KEY("ossDataSourceId", STRING),
    KEY("accessKeyId", STRING, .flags = NEEDED),
    KEY("accessKeySecret", STRING, .flags = NEEDED | SECRET),
    KEY("localStorageMountPoint", STRING, .flags = NEEDED),
    KEY("containerStorageMountPoint", STRING, .flags = NEEDED),
    END_OF_KEYS,
};

static const struct key slurm_keys[] = {
    KEY("partition", STRING),
    KEY("account", STRING),
    KEY("qos", STRING),
    KEY("time", TIME_LIMIT),
    KEY("gres", STRING),
    KEY("constraint", STRING),
    KEY("nodes", INT, .min = 1),
    KEY("cpuNumber", INT, .min = 1),
    KEY("memorySize", SIZE),
    KEY("options", STRINGS),
    KEY("sharedDirectory", DIR_OUT),
    KEY("modules", STRINGS),
    KEY("preCommand", STRING),
    END_OF_KEYS,
};

const struct platform platforms[] = {
    {.name = "local",
	.v1 = "local",
	.v2 = true,
	.keys = local_keys,
	.v1_keys = v1_local_keys,
	.in_hybrid = true,
	.rules = rules_local},
    {.name = "remote",
	.v1 = "remote",
	.v2 = true,
	.keys = remote_keys,
	.v1_keys = v1_remote_keys,
	.in_hybrid = true,
	.rules = rules_remote},
    {.name = "openpai",
	.v1 = "pai",
	.v2 = true,
	.keys = openpai_keys,
	.v1_keys = v1_pai_keys,
	.in_hybrid = true,
	.own_command = true,
	.rules = rules_openpai},
    {.name = "paiYarn",
	.v1 = "paiYarn",
	.keys = pai_yarn_keys,
	.v1_keys = v1_pai_yarn_keys,
	.rules = rules_pai_yarn},
    {.name = "kubeflow",
	.v1 = "kubeflow",
	.v2 = true,
	.keys = kubeflow_keys,
	.v1_keys = v1_kubeflow_keys,
	.own_command = true,
	.rules = rules_kubeflow},
    {.name = "frameworkcontroller",
	.v1 = "frameworkcontroller",
	.v2 = true,
	.keys = frameworkcontroller_keys,
	.v1_keys = v1_frameworkcontroller_keys,
	.own_command = true,
	.rules = rules_frameworkcontroller},
    {.name = "dlts",
	.v1 = "dlts",
	.keys = dlts_keys,
	.v1_keys = v1_dlts_keys,
	.rules = rules_dlts},
    {.name = "aml",
	.v1 = "aml",
	.v2 = true,
	.keys = aml_keys,
	.v1_keys = v1_aml_keys,
	.in_hybrid = true,
	.rules = rules_aml},
    {.name = "adl",
	.v1 = "adl",
	.v2 = true,
	.keys = adl_keys,
	.v1_keys = v1_adl_keys,
	.code_in_image = true},
    {.name = "dlc", .v2 = true, .keys = dlc_keys},
    {.name = "kubernetes", .keys = kubernetes_keys, .rules = rules_kubernetes},
    {.name = "slurm", .keys = slurm_keys, .rules = rules_slurm},
    {.name = NULL},
};

const struct platform platform_old_pai = {.name = "paiYarn",
    .v1 = "pai",
    .keys = pai_yarn_keys,
    .v1_keys = v1_old_pai_keys,
    .rules = rules_pai_yarn};

const struct platform *
platform_named(const char *name)
{
	const struct platform *p;

	for (p = platforms; p->name; p++)
		if (strcmp(p->name, name) == 0)
			return p;
	return NULL;
}

const struct platform *
platform_named_v1(const char *name)
{
	const struct platform *p;

	for (p = platforms; p->name; p++)
		if (p->v1 && strcmp(p->v1, name) == 0)
			return p;
	return NULL;
}

static bool
has_secret(const struct key *keys, const char *name)
{
	for (; keys && keys->name; keys++)
		if ((keys->flags & SECRET && strcmp(keys->name, name) == 0) ||
		    has_secret(keys->sub, name))
			return true;
	return false;
}

bool
key_is_secret(const char *name)
{
	const struct platform *p;

	if (has_secret(top_keys, name))
		return true;
	for (p = platforms; p->name; p++)
		if (has_secret(p->keys, name))
			return true;
	return false;
}
