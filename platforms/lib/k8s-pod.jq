# The pod of a trial: the script around the trial's command, its environment, what
# it asks of the cluster, and a user's own template.  A role is what stands in the
# configuration for one kind of a job's pods.
include "k8s-cluster";
include "storage";

# Kubernetes replaces $(NAME) and $$ in commands and environments; this keeps a text as it is.
def literal: split("$") | join("$$");

# Linux takes no string of more than 128 KiB into an environment: pieces, of at most 4 bytes a character.
def pieces($max): . as $s | [range(0; [length, 1] | max; $max) | $s[. : . + $max]];

def parameter_env: literal as $all | [$all | pieces(30000) | to_entries[]
	| {name: ("NNI_PARAMETERS" + if .key == 0 then "" else "_\(.key)" end), value}];

# In the container, before the trial's command and around it.  All that differs
# between trials is in the environment.  Exit code 125: it could not be started.
# With NNI_TAIL the last metrics that fit, and after a failure the last line,
# are left as the termination message: all that remains of a pod which is
# deleted when it ends.  The programs that read along outlive a TERM.
def trial_script: "
say() { said=\"nni: $*\"; echo \"$said\" >&2; { echo \"$said\" >/dev/termination-log; } 2>/dev/null; }
die() { say \"$*\"; exit 125; }
mkdir -p \"$NNI_SYS_DIR/.nni\" \"$NNI_OUTPUT_DIR\" \"$NNI_CODE_DIR\" || die \"cannot create $NNI_SYS_DIR and $NNI_CODE_DIR\"
{ printf %s \"$NNI_PARAMETERS\"; n=1; while eval \"[ \\\"\\${NNI_PARAMETERS_$n+set}\\\" ]\"; do
	eval \"printf %s \\\"\\$NNI_PARAMETERS_$n\\\"; unset NNI_PARAMETERS_$n\"; n=$((n + 1)); done; } >\"$NNI_SYS_DIR/parameter.cfg\" || die \"cannot write $NNI_SYS_DIR/parameter.cfg\"
for what in code tools; do
	[ -d /nni/$what.d ] || continue
	to=$NNI_CODE_DIR; [ $what = code ] || { to=/nni/run/tools; mkdir -p $to; }
	cat /nni/$what.d/*.part | tar -xzf - -C \"$to\" || die \"cannot unpack /nni/$what.d: the image needs tar and gzip\"
done
PATH=$PATH:/nni/run/tools/bin/linux-$(uname -m) PYTHONPATH=${PYTHONPATH:+$PYTHONPATH:}/nni/run/tools/python
export PATH PYTHONPATH
cd \"$NNI_CODE_DIR\" || die \"cannot enter $NNI_CODE_DIR\"
command=$NNI_COMMAND shell=sh limit=$NNI_MAX_SECONDS grace=$NNI_KILL_GRACE keep=$NNI_TAIL stopped= said= k=$NNI_SYS_DIR/.nni
unset NNI_PARAMETERS NNI_COMMAND NNI_MAX_SECONDS NNI_KILL_GRACE NNI_TAIL
command -v bash >/dev/null 2>&1 && shell=bash
stop() {
	stopped=1
	if [ $$ = 1 ]; then kill -TERM -1; else kill -TERM $child; fi 2>/dev/null
	{ sleep \"${grace:-5}\"; if [ $$ = 1 ]; then kill -KILL -1; else kill -KILL $child; fi; } >/dev/null 2>&1 &
}
if [ \"$keep\" ] && mkfifo \"$k/out\" \"$k/a\" \"$k/b\"; then
	(trap '' TERM INT; LC_ALL=C sed -n '/NNISDK_ME/p' <\"$k/a\" >\"$k/reported\") & sed=$!
	(trap '' TERM INT; tail -n 1 <\"$k/b\" >\"$k/last\") & tail=$!
	(trap '' TERM INT; exec tee \"$k/a\" \"$k/b\" <\"$k/out\") & tee=$!
	\"$shell\" -c \"$command\" >\"$k/out\" 2>&1 &
else
	keep=
	\"$shell\" -c \"$command\" &
fi
child=$!
trap stop TERM INT
trap 'say maxTrialDuration is over; stop' USR1
[ -z \"$limit\" ] || { sleep \"$limit\"; kill -USR1 $$; } >/dev/null 2>&1 &
wait $child; code=$?
while kill -0 $child 2>/dev/null; do wait $child; code=$?; done
[ -z \"$stopped\" ] || code=143
if [ \"$keep\" ]; then
	{ sleep 2; kill -KILL $tee; } >/dev/null 2>&1 &
	wait $tee; wait $tail
	{ if wait $sed && [ $(wc -c <\"$k/reported\") -le 3500 ]; then echo nni: all metrics; cat \"$k/reported\"
	else echo nni: last metrics; tail -c 3500 \"$k/reported\" | sed 1d; fi
	[ $code = 0 ] || { echo; echo \"${said:-$(tail -c 300 \"$k/last\" | tr -d '\\000')}\"; }; } >/dev/termination-log 2>/dev/null
fi
exit $code
";

# What the script says of itself at the end of a container.
def time_is_over: "nni: maxTrialDuration is over";

def quantity_of_memory: if type == "number" then "\(.)Mi" else . end;

# ROLE: {command, image, cpuNumber, memorySize (MiB), gpuNumber}; what it lacks is the member's.
def resources($role): .member as $m
	| {cpu: ($role.cpuNumber // $m.cpuNumber | if . == null then null else tostring end),
	   memory: ($role.memorySize // $m.memorySize | if . == null then null else quantity_of_memory end),
	   ($m.gpuResource // "nvidia.com/gpu"): (($role.gpuNumber // $m.trialGpuNumber // 0) | if . == 0 then null else tostring end)}
	| with_entries(select(.value != null))
	| if . == {} then {} else {requests: ., limits: .} end;

def trial_env($role): .trial as $t | .member as $m | "/nni/run/\(.experiment)/\($t.key)" as $dir
	| [{name: "NNI_PLATFORM", value: $m.platform}, {name: "NNI_EXP_ID", value: .experiment},
	   {name: "NNI_TRIAL_JOB_ID", value: $t.trial}, {name: "NNI_TRIAL_SEQ_ID", value: ($t.sequence | tostring)},
	   {name: "NNI_SYS_DIR", value: $dir}, {name: "NNI_OUTPUT_DIR", value: $dir}, {name: "NNI_CODE_DIR", value: "/nni/run/code"},
	   {name: "MULTI_PHASE", value: (.config.multiPhase // false | tostring)}, {name: "REUSE_MODE", value: "false"},
	   {name: "NNI_COMMAND", value: ($role.command // $m.trialCommand | literal)},
	   {name: "NNI_MAX_SECONDS", value: (.config.maxTrialDuration // "" | tostring)},
	   {name: "NNI_KILL_GRACE", value: (.config.killGrace // 5 | tostring)}]
	# as NNI has it: a trial that asked for no GPU sees none, whatever the image does
	+ (if ($role.gpuNumber // $m.trialGpuNumber) == 0 then [{name: "CUDA_VISIBLE_DEVICES", value: ""}] else [] end)
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
