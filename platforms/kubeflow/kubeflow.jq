# Kubeflow: each trial is one TFJob, PyTorchJob or MPIJob, which an operator in
# the cluster makes pods of.  What it shares with the other platforms on
# Kubernetes is in ../lib/k8s.jq; here is what the three kinds look like, and
# how it is found out which version of them the cluster serves.
include "k8s";
include "custom";
include "k8s-pod";
include "k8s-seen";

# The kind of each operator.  Containers and roles have the names that the
# operators look for.
def kubeflow_kinds: {
	"tf-operator": {kind: "TFJob", plural: "tfjobs",
		specs: "tfReplicaSpecs", container: "tensorflow",
		roles: {chief: "Chief", master: "Master", worker: "Worker",
			ps: "PS", evaluator: "Evaluator"}},
	"pytorch-operator": {kind: "PyTorchJob", plural: "pytorchjobs",
		specs: "pytorchReplicaSpecs", container: "pytorch",
		roles: {master: "Master", worker: "Worker"}},
	"mpi-operator": {kind: "MPIJob", plural: "mpijobs",
		specs: "mpiReplicaSpecs", container: "mpi",
		roles: {launcher: "Launcher", worker: "Worker"}}};
def kubeflow_kind: kubeflow_kinds[.member.operator];

# The roles of the configuration, [{role, key, spec}].
def kubeflow_roles: .member as $m | kubeflow_kind.roles | to_entries
	| map(select($m[.key] != null)
		| {role: .key, key: .value, spec: $m[.key]});

def kubeflow_pods: kubeflow_roles | map(.spec.replicas // 1) | add;

# The pod that decides how the trial ends: its output is the trial's stdout.
# The one launcher has no number; where it is a Job's, it has a suffix.
def kubeflow_main: [kubeflow_roles[].role] as $have
	| first(("chief-0", "master-0", "launcher", "worker-0")
		| select(. as $pod | $have | index([$pod | split("-")[0]])));

# A worker of an MPIJob waits for the launcher: by `kubectl exec` with version 1,
# by ssh with version 2.
def kubeflow_command($role): $role.spec.command
	// if .member.operator != "mpi-operator" or $role.role != "worker" then .member.trialCommand
	elif .facts.version // "v1" | startswith("v2") then "/usr/sbin/sshd -De"
	else "sleep 365d" end;

# Operators before 1.0 read these in `spec`, later ones in `spec.runPolicy`;
# each drops or passes over the other.  What still runs at the end of a trial
# of several pods is stopped, for a parameter server never ends by itself;
# what has ended keeps its log.
def kubeflow_policy: {
	cleanPodPolicy: (if kubeflow_pods > 1 then "Running" else "None" end),
	ttlSecondsAfterFinished: ttl, backoffLimit: 0};

def kubeflow_replica($role): {
	replicas: ($role.spec.replicas // 1), restartPolicy: "Never",
	template: role_template({role: $role.role,
		container: kubeflow_kind.container,
		command: kubeflow_command($role),
		image: $role.spec.dockerImage,
		cpuNumber: $role.spec.cpuNumber,
		memorySize: $role.spec.memorySize,
		gpuNumber: $role.spec.gpuNumber,
		registry: $role.spec.privateRegistryAuth})};

def kubeflow_body: kubeflow_kind as $k | . as $in | kubeflow_policy as $policy
	| {apiVersion: "kubeflow.org/\(.facts.version // "v1")", kind: $k.kind,
		metadata: job_metadata,
		spec: ({runPolicy: $policy} + $policy
			+ {($k.specs): (kubeflow_roles | map(. as $role
				| {($role.key): ($in | kubeflow_replica($role))}) | add)})};

# What a job says of itself.  A condition that holds no more stays, with the
# status "False".
def kubeflow_state: [.status.conditions[]? | select(.status == "True")]
	| map({key: .type, value: .}) | from_entries
	| if .Failed then {phase: "failed",
		reason: (.Failed | .message // .reason // "the job failed"),
		early: (.Failed.message // "" | test("longer than specified deadline"))}
	elif .Succeeded then {phase: "succeeded"}
	elif .Suspended then {phase: "waiting",
		reason: (.Suspended.message // "the job is suspended")}
	elif .Running or .Restarting then {phase: "running"}
	else {phase: "waiting"} end;


def kubeflow_custom: kubeflow_kind as $k
	| {group: "kubeflow.org", plural: $k.plural,
		asked: (.member.apiVersion // "v1"),
		help: ("install Kubeflow's training operator, which knows \($k.kind), "
			+ "or use platform: kubernetes, which needs none")};

def kubeflow_job: kubeflow_kind as $k | {
	api: "/apis/kubeflow.org/\(.facts.version // .member.apiVersion // "v1")",
	plural: $k.plural, container: $k.container,
	single: (kubeflow_pods == 1), main: kubeflow_main,
	leaves: (if registries == [] then [] else ["secrets"] end),
	rights: (if registries == [] then []
		else [{verb: "create", group: "", resource: "secrets"}] end)};

def step_submit($state; $event): custom_step($state; $event; kubeflow_custom;
	k8s_submit(.pass.state; .pass.event; kubeflow_job; kubeflow_body));
def step_watch($state; $event): custom_step($state; $event; kubeflow_custom;
	k8s_watch(.pass.state; .pass.event; kubeflow_job; kubeflow_state));
def step_collect($state; $event): custom_step($state; $event; kubeflow_custom;
	k8s_collect(.pass.state; .pass.event; kubeflow_job));
def step_fetch($state; $event): custom_step($state; $event; kubeflow_custom;
	k8s_fetch(.pass.state; .pass.event; kubeflow_job));
def step_check($state; $event): custom_step($state; $event; kubeflow_custom;
	k8s_check(.pass.state; .pass.event; kubeflow_job));
def step_clean($state; $event): custom_step($state; $event; kubeflow_custom;
	k8s_clean(.pass.state; .pass.event; kubeflow_job));
