# What is known of an attempt's pods and its job, made short: a platform's streams
# hold thousands of them.
include "k8s-cluster";

# A pod waits for what will hardly come by itself.
def hopeless: . as $r | ["ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull", "ImageInspectError", "RegistryUnavailable",
	"CreateContainerConfigError", "CreateContainerError", "RunContainerError", "CrashLoopBackOff"] | index($r) != null;

# A pod's end that was not the trial's doing.
def disrupted: .status as $s
	| if $s.reason == null then
		first($s.conditions[]? | select(.type == "DisruptionTarget" and .status == "True") | (.reason // "") + ": " + (.message // "")) // null
	elif ($s.reason | . as $r | ["Evicted", "Preempting", "Preempted", "NodeLost", "Shutdown", "NodeShutdown", "Terminated", "NodeAffinity",
		"UnexpectedAdmissionError", "OutOfcpu", "OutOfmemory", "OutOfpods", "OutOfnvidia.com/gpu"] | index($r)) != null
	then $s.reason + ": " + ($s.message // "") else null end | if . == null then null else one_line(300) end;

def seconds: try fromdateiso8601 catch null;

# Did the container end before somebody asked for the pod's deletion?  A trial
# that was told to stop ends with 143 (trial_script) or is killed (137).
def ended_by_itself($pod): ($pod.metadata.deletionTimestamp // null) as $at
	| if $at == null or .exitCode == 0 then true
	else (($at | seconds) - ($pod.metadata.deletionGracePeriodSeconds // 0)) as $asked | (.finishedAt | seconds) as $t
		| $t != null and ($t < $asked or ($t == $asked and .exitCode != 143 and .exitCode != 137)) end;

def waiting_reason($status): .status as $s
	| first($s.initContainerStatuses[]?, $status | select(. != null) | .state.waiting
		| select(.reason != null and .reason != "ContainerCreating" and .reason != "PodInitializing") | .reason + if .message then ": " + .message else "" end)
	// first($s.conditions[]? | select(.type == "PodScheduled" and .status == "False") | (.reason // "Unschedulable") + ": " + (.message // ""))
	// first($s.initContainerStatuses[]? | select(.state.running) | "its init container \(.name) runs")
	// if .spec.nodeName then "its container is being made on node \(.spec.nodeName)" else "its pod waits for a node" end
	| one_line(300);

# Of the end of a container: its last line that is no metric.
def last_words: (.message // "") | split("\n") | map(select(test("\\S") and (test("NNISDK_ME|^nni: (all|last) metrics$") | not)))
	| last // "" | one_line(200);

# A pod in short: ph is waiting, running, ended, or unknown (its node does not answer).
def pod_digest($container; $gen): . as $pod | .status as $s
	| (first($s.containerStatuses[]? | select(.name == $container)) // null) as $c
	| (first($c.state.terminated // empty, ($s.initContainerStatuses[]? | .state.terminated | select(. != null and .exitCode != 0))) // null) as $t
	| disrupted as $infra
	| {g: $gen,
	   ph: (if $t != null or $s.phase == "Succeeded" or $s.phase == "Failed" then "ended" elif $s.reason == "NodeLost" or $s.phase == "Unknown" then "unknown"
		elif $c.state.running then "running" else "waiting" end)}
	+ (if $t then {code: $t.exitCode, own: ($t | ended_by_itself($pod))}
		+ (if ($t.signal // 0) > 0 then {sig: $t.signal} else {} end)
		+ (if $t.reason == "OOMKilled" then {oom: true} else {} end)
		+ (if $t.reason == "ContainerStatusUnknown" or $t.reason == "ContainerCannotRun" then {infra: ($t.reason + ": " + ($t.message // "") | one_line(300))} else {} end)
		+ ($t | last_words | if . == "" or $t.exitCode == 0 then {} else {msg: .} end)
		else {} end)
	+ (if $infra then {infra: $infra} else {} end)
	+ (if $s.reason == "DeadlineExceeded" then {late: true} else {} end)
	+ (if $pod.metadata.deletionTimestamp then {del: true} else {} end)
	| if .ph != "waiting" then . else . as $d | (first($s.initContainerStatuses[]?, $c | select(. != null) | .state.waiting.reason // empty | select(hopeless)) // null) as $stuck
		| $d + {wait: ($pod | waiting_reason($c))} + if $stuck then {stuck: $stuck} else {} end end;

# The object of a job in short.
def job_digest($gen; job_state): (job_state | del(.tail)) + {g: $gen, uid: .metadata.uid}
	+ (if .metadata.deletionTimestamp then {del: true} else {} end) | with_entries(select(.value != null));

# Has no container of it run, whatever end it is said to have?  One whose image
# never came is ended by the pod's deletion, too.
def never_ran($container): [.status.containerStatuses[]? | select(.name == $container and
	((.restartCount // 0) > 0 or .lastState.terminated != null or .state.terminated.startedAt != null))] == [];

# An attempt's state takes in what a piece of a list or a watch tells.
def learn_piece($event; kind; job_state): . as $s | ($event.id | split(":")) as $id | ($id[2] | tonumber) as $gen
	| ($event.body | if .object? and .type? then . else {type: "ADDED", object: .} end) as $change
	| $change.object as $o | (kind | .container) as $container
	| .key = (.key // $o.metadata.labels["nni-attempt"])
	| if $id[1] == "pods" then
		.pods[$o.metadata.name] = ((.pods[$o.metadata.name] // {}) as $old | $old.log as $log | ($o | pod_digest($container; $gen))
			| (if .ph == "ended" and ($old.idle or ($old.stuck and ($o | never_ran($container)))) then .idle = true else . end)
			+ (if $log then {log: $log} else {} end) + (if $change.type == "DELETED" then {gone: true} else {} end))
	else .j = (($o | job_digest($gen; job_state)) + if $change.type == "DELETED" then {gone: true} else {} end) end;

# All of a stream was listed again: who is of an earlier generation has gone.
def drop_older($event): if $event.stream == "pods" then if .pods == null then . else .pods |= with_entries(if .value.g < $event.gen then .value.gone = true else . end) end
	elif $event.stream == "jobs" and .j != null and .j.gone != true and .j.g < $event.gen then .suspect = true
	else . end;

# Pods that were asked for by themselves: all there are of an attempt.
def learn_pods($items; kind): (kind | .container) as $container | ([$items[].metadata.name]) as $names
	| reduce $items[] as $o (.; .pods[$o.metadata.name] = (.pods[$o.metadata.name] as $old | ($o | pod_digest($container; $old.g // 1))
		+ if $old.log then {log: $old.log} else {} end))
	| .pods = (.pods // {} | with_entries(.key as $k | if $names | index([$k]) == null then .value.gone = true else . end));
