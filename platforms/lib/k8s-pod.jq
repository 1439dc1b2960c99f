# The pod of a trial: the script around the trial's command, its environment, what
# it asks of the cluster, and a user's own template.  A role is what stands in the
# configuration for one kind of a job's pods.
include "k8s-cluster";
include "storage";
include "trial";

# Kubernetes replaces $(NAME) and $$ in commands and environments; this keeps a text as it is.
def literal: split("$") | join("$$");

# Linux takes no string of more than 128 KiB into an environment: pieces, of at most 4 bytes a character.
def pieces($max): . as $s | [range(0; [length, 1] | max; $max) | $s[. : . + $max]];

def parameter_env: literal as $all | [$all | pieces(30000) | to_entries[]
	| {name: ("NNI_PARAMETERS" + if .key == 0 then "" else "_\(.key)" end), value}];

def quantity_of_memory: if type == "number" then "\(.)Mi" else . end;

# ROLE: {command, image, cpuNumber, memorySize (MiB), gpuNumber}; what it lacks is the member's.
def resources($role): .member as $m
	| {cpu: ($role.cpuNumber // $m.cpuNumber | if . == null then null else tostring end),
	   memory: ($role.memorySize // $m.memorySize | if . == null then null else quantity_of_memory end),
	   ($m.gpuResource // "nvidia.com/gpu"): (($role.gpuNumber // $m.trialGpuNumber // 0) | if . == 0 then null else tostring end)}
	| with_entries(select(.value != null))
	| if . == {} then {} else {requests: ., limits: .} end;

def trial_env($role): .trial as $t
	| [trial_variables($t; $role; "/nni") | .NNI_COMMAND |= literal | to_entries[] | {name: .key, value}]
	+ ($t.parameters | parameter_env);

# Archives cut into ConfigMaps, put together again in one folder.
def archive_volume($what; $names): {name: ("nni-" + $what), projected: {sources: [$names | to_entries[]
	| {configMap: {name: .value, items: [{key: "part", path: ((1000 + .key | tostring | .[1:]) + ".part")}]}}]}};

# What the user wants on jobs and pods.
def annotated: if .member.annotations then {annotations: .member.annotations} else {} end;

# What the server keeps of an ended job goes after so long, in seconds.
def ttl: .member.ttl // 2592000;

# The template of the pods of one role.  `.trial` is T (above).
def pod_template($role): . as $setup | .trial as $t | .member as $m
	| [$t.archives | to_entries[] | select(.value | type == "array" and . != [])] as $archives
	| {metadata: ({labels: (($m.labels // {}) + $t.labels)} + annotated),
	   spec: ({restartPolicy: "Never", enableServiceLinks: false,
		# a net: the script keeps it exactly; here the time of pulling the image counts too
		activeDeadlineSeconds: (.config.maxTrialDuration | if . then . + 3600 | ceil else null end),
		terminationGracePeriodSeconds: (.config.killGrace // 5 | ceil | [., 1] | max),
		nodeSelector: $m.nodeSelector, tolerations: $m.tolerations, serviceAccountName: $m.serviceAccountName,
		imagePullSecrets: $m.imagePullSecrets,
		volumes: ([{name: "nni-run", emptyDir: {}}] + [$archives[] | archive_volume(.key; .value)] + ($m.volumes // [])),
		containers: [{name: $role.container, image: ($role.image // $m.image // $m.dockerImage), imagePullPolicy: $m.imagePullPolicy,
			command: ["sh", "-c", (trial_script | literal)], env: trial_env($role), resources: resources($role),
			terminationMessagePolicy: "FallbackToLogsOnError",
			volumeMounts: ([{name: "nni-run", mountPath: "/nni/run"}]
				+ [$archives[] | {name: ("nni-" + .key), mountPath: ("/nni/" + .key + ".d"), readOnly: true}]
				+ ($m.volumeMounts // []))}
			| with_entries(select(.value != null))]}
		| with_entries(select(.value != null)))}
	| storage_pod($setup; $t.archives; if $t.attempt > 1 then $t.key else $t.trial end);

def job_metadata: {name: .trial.name, namespace: .trial.namespace, labels: ((.member.labels // {}) + .trial.labels)} + annotated;

# Ours into what a user wrote: objects are merged, ours wins; lists of named things by name.
def merged($ours): . as $user
	| if ($user | type) == "object" and ($ours | type) == "object" then
		reduce ($ours | keys_unsorted[]) as $k ($user; .[$k] |= merged($ours[$k]))
	elif ($user | type) == "array" and ($ours | type) == "array" and all($user[], $ours[]; type == "object" and has("name")) then
		[$user[] | . as $u | first(($ours[] | select(.name == $u.name)), null) as $o | if $o == null then $u else ($u | merged($o)) end]
		+ [$ours[] | . as $o | select(all($user[]; .name != $o.name))]
	elif ($user | type) == "array" and ($ours | type) == "array" and all($user[], $ours[]; type == "object") then $user + $ours
	else $ours end;

# A user's job: its container `container`, or the first one, becomes the trial's.
def job_merged($template; $container): . as $ours
	| if $template == null then $ours else
		($template
		 | if (.spec.template.spec.containers | type) == "array" and (.spec.template.spec.containers | length) > 0
		     and all(.spec.template.spec.containers[]; .name != $container)
		   then .spec.template.spec.containers[0].name = $container else . end
		 | .spec.template.spec.containers |= ((. // []) | map(if .name == $container then del(.args) else . end))
		 | del(.metadata.name, .metadata.namespace, .metadata.generateName, .status))
		| merged($ours)
	end;
