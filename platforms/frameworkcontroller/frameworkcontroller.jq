# FrameworkController: each trial is a Framework, whose controller makes pods
# of its task roles.  What it shares with the other platforms on Kubernetes is
# in ../lib/k8s.jq; here is what a Framework looks like, and how its end is
# read.  The controller deletes each pod as soon as it has ended, so the last
# metrics come by the pods' termination messages, which the Framework keeps.
include "k8s";
include "custom";
include "k8s-pod";
include "k8s-seen";

# A container's command as one for a shell.
def framework_words: (.command // []) + (.args // [])
	| if length == 1 then .[0] else @sh end;

# The task roles, [{name, number, policy, spec, base}]: of the configuration,
# or of the Framework that its configPath named, whose pods are the base.
def framework_roles: .member.trialCommand as $command |
	if .member.template then .member.template.spec.taskRoles | map({
		name, number: (.taskNumber // 1),
		policy: .frameworkAttemptCompletionPolicy,
		base: (.task.pod // {}),
		command: (.task.pod.spec.containers[0] | framework_words)})
	else .member.taskRoles | map({
		name, number: (.taskNumber // 1),
		policy: .frameworkAttemptCompletionPolicy,
		command: (.command // $command), spec: .})
	end;

# The pod whose output is the trial's stdout.
def framework_main: framework_roles[0].name + "-0";

# When no role has a policy that is met, a Framework has succeeded once all its
# tasks have ended, however they did.  So one failure is enough to fail if the
# configuration says nothing.
def framework_policy: {
	minFailedTaskCount: (.minFailedTaskCount // 1),
	minSucceededTaskCount: (.minSucceededTaskCount // .minSucceedTaskCount // -1)};

# The barrier holds tasks back until all of them have addresses, and tells them.
# Its pods need a service account that may read Frameworks.
def framework_barrier: .member.template == null
	and ((framework_roles | length) > 1 or .member.serviceAccountName != null);

def framework_barrier_mount: {name: "frameworkbarrier-volume",
	mountPath: "/mnt/frameworkbarrier"};

# To the script around the command: the pod is deleted when it ends.
def framework_tell: [{name: "NNI_TAIL", value: "1"}];

# Behind the barrier a command finds FB_ROLE_IPS and FB_ROLE_ADDRESSES, made
# of the ports that it is told.
def framework_role($role; $at): {role: $role.name, container: "framework",
	command: $role.command, base: $role.base, env: framework_tell}
	+ if $role.spec then {image: $role.spec.dockerImage,
		cpuNumber: $role.spec.cpuNumber, memorySize: $role.spec.memorySize,
		gpuNumber: $role.spec.gpuNumber,
		registry: $role.spec.privateRegistryAuth,
		ports: [{containerPort: (4000 + $at)}]} else {} end
	+ if framework_barrier then {
		command: ". /mnt/frameworkbarrier/injector.sh && \($role.command)",
		env: (framework_tell + [framework_roles | to_entries[]
			| {name: "FB_\(.value.name | ascii_upcase)_PORT",
				value: "\(4000 + .key)"}]),
		init: [{name: "frameworkbarrier",
			image: "frameworkcontroller/frameworkbarrier",
			volumeMounts: [framework_barrier_mount]}],
		volumes: [{name: "frameworkbarrier-volume", emptyDir: {}}],
		mounts: [framework_barrier_mount]} else {} end;

def framework_retry: {fancyRetryPolicy: false, maxRetryCount: 0};

def framework_body: . as $in | (.member.template // {}) as $base
	| {apiVersion: "frameworkcontroller.microsoft.com/v1", kind: "Framework",
		metadata: job_metadata,
		spec: (($base.spec // {}) + {executionType: "Start",
			retryPolicy: framework_retry,
			taskRoles: [framework_roles | to_entries[] | .key as $at | .value as $role
				| {name: $role.name, taskNumber: $role.number,
					frameworkAttemptCompletionPolicy: ($role.policy | framework_policy),
					task: {retryPolicy: framework_retry,
						pod: ($in | role_template(framework_role($role; $at)))}}]})};

# Codes that tell of the cluster or of a stop, not of the trial.
def framework_stopped: [-100, -101, -110, -111, -120, -210, -220, -230, -300, -310];

# What the pods left behind.
def framework_tail: [.status.attemptStatus.taskRoleStatuses[]? | .name as $role
	| .taskStatuses[]? | "\($role)-\(.index)" as $source
	| .attemptStatus.completionStatus.pod.containers[]?
	| select(.message != null) | {source: $source, message}];

# The last words of a container that failed.
def framework_words_of($code): first(.status.attemptStatus.taskRoleStatuses[]?.taskStatuses[]?
		.attemptStatus.completionStatus.pod.containers[]?
		| select(.code == $code and .message != null) | last_words) // "";

def framework_state: . as $object | (.status.state // "AttemptCreationPending") as $state
	| (.status.attemptStatus.completionStatus // {}) as $done
	| ($done.code // 0) as $code
	| ([$done.phrase, $done.trigger.message, $done.diagnostics]
		| map(select(. != null and . != "")) | join(": ")) as $why
	| if $state == "Completed" and $done.type.name == "Succeeded" then
		{phase: "succeeded"}
	elif $state == "Completed" and (framework_stopped | index($code)) then
		{phase: "stopped", infra: true, reason: "\($why) (code \($code))"}
	elif $state == "Completed" then ($object | framework_words_of($code)) as $words
		| {phase: "failed", reason: (if $words == "" then "\($why) (code \($code))"
			else "exit code \($code): \($words)" end)}
		+ if $code > 0 and $code < 256 then {exit_code: $code} else {} end
	elif $state | test("^Attempt(Creation|Preparing)") then {phase: "waiting"}
	else {phase: "running"} end
	| if $state == "Completed" then . + {tail: ($object | framework_tail)} else . end;

def framework_custom: {group: "frameworkcontroller.microsoft.com",
	plural: "frameworks", asked: "v1",
	help: ("install FrameworkController, "
		+ "or use platform: kubernetes, which needs none")};

# Whose pods wait at a barrier: it looks at the Framework until all tasks have
# addresses.  A template may have one of its own.
def framework_waiting: if .member.template == null then
		if framework_barrier then [.member.serviceAccountName // "default"] else [] end
	else [framework_roles[].base.spec
		| select(any(.initContainers[]?.image? | strings;
			startswith("frameworkcontroller/frameworkbarrier")))
		| .serviceAccountName // "default"] | unique end;

def framework_asks: [framework_waiting[] | {account: ., verb: "get",
	group: "frameworkcontroller.microsoft.com", resource: "frameworks",
	why: "tasks wait for each other in its name, and would wait in vain"}];

def framework_job: {
	api: "/apis/frameworkcontroller.microsoft.com/\(.facts.version // "v1")",
	plural: "frameworks", container: "framework",
	main: framework_main, vanishing: true, asks: framework_asks,
	leaves: (if registries == [] then [] else ["secrets"] end),
	rights: (if registries == [] then []
		else [{verb: "create", group: "", resource: "secrets"}] end)};

def step_submit($state; $event): . + {plain: true} | custom_step($state; $event; framework_custom;
	k8s_submit(.pass.state; .pass.event; framework_job; framework_body));
def step_watch($state; $event): . + {plain: true} | custom_step($state; $event; framework_custom;
	k8s_watch(.pass.state; .pass.event; framework_job; framework_state));
def step_collect($state; $event): . + {plain: true} | custom_step($state; $event; framework_custom;
	k8s_collect(.pass.state; .pass.event; framework_job; framework_state));
def step_fetch($state; $event): . + {plain: true} | custom_step($state; $event; framework_custom;
	k8s_fetch(.pass.state; .pass.event; framework_job));
def step_check($state; $event): . + {plain: true} | custom_step($state; $event; framework_custom;
	k8s_check(.pass.state; .pass.event; framework_job));
def step_clean($state; $event): . + {plain: true} | custom_step($state; $event; framework_custom;
	k8s_clean(.pass.state; .pass.event; framework_job));
