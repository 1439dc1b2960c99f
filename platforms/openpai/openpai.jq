# A trial as a job of OpenPAI, job protocol version 2, by its rest-server (1.0 and later).
# https://github.com/microsoft/pai/blob/master/src/rest-server/docs/swagger.yaml
# https://github.com/microsoft/openpai-protocol/blob/master/schemas/v2/schema.yaml
#
# Code and tools go to the storage that is mounted here (localStorageMountPoint) and in
# the containers (containerStorageMountPoint), below nni/EXPERIMENT:
#	code-DIGESTS/code.d/0.part, tools.d/0.part	what every job unpacks for itself
#	trials/TRIAL-ATTEMPT				NNI_SYS_DIR, NNI_OUTPUT_DIR
include "trial";
include "polled";

def slashes: gsub("/+$"; "");
def here: (.member.localStorageMountPoint | slashes) + "/nni/" + .experiment;
def there: (.member.containerStorageMountPoint | slashes) + "/nni/" + .experiment;
def archives($p): "code-\($p.code.digest[0:12]).\($p.tools.digest[0:12])";

def api_path: "/rest-server/api/v2" + .;
def segment: @uri;
def job_path($name): "/jobs/\(.member.username | segment)~\($name | segment)" | api_path;

# ---- the facts: the storage is mounted here, and has the code ----

def mount_hint: "mount the storage \(.member.storageConfigName // "" ) of OpenPAI there, or set localStorageMountPoint";

def plan: . as $in | .reply as $r
	| if $r == null then {facts: {}, requests: [{id: "mount", as: "is", file: (.member.localStorageMountPoint + "/.")}]}
	elif $r.type != "reply" then {facts: .facts, requests: []}
	elif $r.status != 200 then {facts: .facts, fault: {reason: "\(if $r.id == "mount" then "the storage" else "the code cannot be stored" end): \($r.message // "no reason was given")",
		hint: mount_hint, infra: true, code: 5}}
	elif .verb != "submit" then {facts: .facts, ready: true}
	elif $r.id == "mount" then archives(.prepared) as $a | {facts: {archives: $a}, requests: [{id: "put:code", as: "unpack", what: "code.tgz", into: "\(here)/\($a)/code.d"}]}
	elif $r.id == "put:code" then {facts: .facts, requests: [{id: "put:tools", as: "unpack", what: "tools.tgz", into: "\(here)/\(.facts.archives)/tools.d"}]}
	else {facts: .facts, ready: true} end;

# ---- a job ----

# Parameters are compared by this, since jobs are given back as YAML.
def checksum: explode | [reduce .[] as $c (7; (. * 31 + $c) % 2147483647), reduce .[] as $c (11; (. * 131 + $c) % 2147483629)] | "\(.[0])-\(.[1])";
def described($t): "trial \($t.key) of the NNI experiment \(.experiment), parameters \($t.parameters | checksum)";

# What a container does.  Code and tools are unpacked on its own disk.
def program($t; $command): . as $in | "\(there)/\(.facts.archives)" as $root | "\(there)/trials/\($t.key)" as $dir
	| "nni_local=$(mktemp -d) || exit 125
NNI_CODE_DIR=$nni_local/code NNI_TOOLS_DIR=$nni_local/tools
export NNI_CODE_DIR NNI_TOOLS_DIR
cd /
if [ ! -d \($root + "/code.d" | @sh) ]; then
	echo \("nni: the code is not at \($root): is the storage mounted at containerStorageMountPoint?" | @sh) >&2
	exit 125
fi
" + trial_program($t; {command: $command}; $root; {NNI_SYS_DIR: $dir, NNI_OUTPUT_DIR: $dir, NNI_CODE_DIR: null});

# Commands are expanded where they have <% in them: these have not.
def commands($t; $command): ["nni_file=$(mktemp) || exit 125", trial_line(program($t; $command); "\"$nni_file\"")];

def role($t; $own): . as $in | .member as $m
	| ({instances: 1, completion: {minFailedInstances: 1, minSucceededInstances: -1}, taskRetryCount: 0, dockerImage: "docker_image_0"} + $own)
	| .resourcePerInstance = ({gpu: $m.trialGpuNumber, cpu: $m.trialCpuNumber, memoryMB: $m.trialMemorySize} | with_entries(select(.value != null))) + ($own.resourcePerInstance // {})
	| .resourcePerInstance.gpu //= 0
	| (($own.commands // []) | join("\n")) as $theirs
	| .commands = ($in | commands($t; if $theirs != "" then $theirs else $m.trialCommand end));

# Ours, or the user's own with ours in it: NNI runs what stands in the template's roles.
def job($t): . as $in | .member as $m | ($m.openpaiConfig // {}) as $own
	| ($own.taskRoles // {taskrole: {}}) as $roles
	| ({protocolVersion: 2, name: $t.name, type: "job", description: described($t), jobRetryCount: 0} + $own
		+ {protocolVersion: 2, name: $t.name, type: "job", description: described($t)})
	| .taskRoles = ($roles | with_entries(.value |= (. as $role | $in | role($t; $role))))
	| if any(.taskRoles[]; .dockerImage == "docker_image_0") and all($own.prerequisites[]?; .name != "docker_image_0")
		then .prerequisites = ($own.prerequisites // []) + [{type: "dockerimage", uri: $m.dockerImage, name: "docker_image_0"}] else . end
	| if $m.virtualCluster then .defaults.virtualCluster = $m.virtualCluster elif .defaults.virtualCluster then . else .defaults.virtualCluster = "default" end
	| .extras.submitFrom //= "submit-job-v2"
	| if $m.storageConfigName == null then . else
		.extras.storages = ([.extras.storages[]? | select(.name != $m.storageConfigName)]
			+ [first(.extras.storages[]? | select(.name == $m.storageConfigName)) // {name: $m.storageConfigName}]) end;

def create: job(.trial) as $job | {method: "POST", path: ("/jobs" | api_path), headers: {"Content-Type": "text/yaml"}, body: $job};

# The server's own words, and what to do.
def hint_of: if .status == 401 then "the token has expired or was revoked: set another one"
	elif (.body.code? // "") == "NoVirtualClusterError" then "set virtualCluster" elif (.body.code? // "") == "NoStorageError" then "set storageConfigName" else null end;
def made: .trial as $t | .member.username as $user | .reply
	| if .status >= 200 and .status < 300 then {job: {user: $user, name: $t.name}}
	elif .status == 409 then {exists: true}
	else {refused: refusal, hint: hint_of, infra: (.status == 401 or .status == 403 or .status == 0)} end;

# A job of that name: what was submitted has the description of this trial in it.
def ours: . as $in | .trial as $t | described($t) as $want | .reply
	| if .status != 200 then {refused: refusal, infra: true}
	elif (.body | if type == "string" then . else tojson end) | contains($want) then {job: {user: $in.member.username, name: $t.name}}
	else {refused: "there is a job \($t.name) already, with other parameters or not of this trial", hint: "names of jobs are taken for ever: take another experiment id"} end;

def look: if .verb == "submit" then {path: (job_path(.trial.name) + "/config"), headers: {Accept: "*/*"}}
	else {path: job_path(.trial.job.name? // .trial.name)} end;

# ---- what became of it ----

def list: {path: ("/jobs" | api_path), query: {username: .member.username, keyword: experiment_prefix, limit: 50000},
	as: "items", at: [], to: ["name"], prefix: experiment_prefix};

# The script stops the trial then, with 143.
def is_late($max): $max != null and .appExitCode == 143 and .completedTime != null and .launchedTime != null and .completedTime - .launchedTime >= $max * 1000;

def retried: if (.retries // 0) > 0 then "OpenPAI starts it again (\(.retries))" else null end;

# https://github.com/microsoft/pai/blob/v1.8.0/src/rest-server/src/models/v2/job/k8s.js, convertFrameworkState
def state_of($max): (if .completedTime != null then is_late($max) else false end) as $late
	| ({SUCCEEDED: "succeeded", FAILED: "failed", STOPPED: "stopped", STOPPING: "ending", RUNNING: "running", WAITING: "waiting"}[.state // ""]) as $phase
	| {phase: $phase, exit_code: (if $phase == "succeeded" or $phase == "failed" then .appExitCode else null end),
	   reason: (if $phase == "failed" then (if (.appExitCode // 0) > 0 then "exit code \(.appExitCode)" else null end)
		elif $phase == "waiting" then retried // "in the queue"
		elif $phase == null then "OpenPAI says \(.state // "nothing")" else null end),
	   late: $late, enough: ($phase != "failed")} | with_entries(select(.value != null and .value != false));

def seen: .member.username as $user | .config.maxTrialDuration as $max | .body | state_of($max) + {job: {user: $user, name: .name}};

# Exit codes of the launcher and the runtime are below zero: it was not the trial.
def explained: (.appExitSpec // {}) as $spec
	| ([(.appExitTriggerMessage // empty), ($spec.reason // $spec.phrase // empty), (.appExitMessages.launcher? // empty), (.appExitDiagnostics // empty)] | first(.[] | strings | select(. != "")) // null) as $why
	| (($spec.type // "") | test("^(PLATFORM|RESOURCE)")) as $infra
	| {reason: (if (.appExitCode // 0) > 0 and ($infra | not) then "exit code \(.appExitCode)" else ($why // "exit code \(.appExitCode)" | one_line(500)) end),
	   infra: (if $infra then true else null end)} | with_entries(select(.value != null));
def detail: .config.maxTrialDuration as $max | .reply | if .status != 200 or (.body | type) != "object" then null
	else .body.jobStatus | state_of($max) + (if .state == "FAILED" then explained else {} end) + {enough: true} end;

def stop: {method: "PUT", path: (job_path(.trial.job.name? // .trial.name) + "/executionType"), body: {value: "STOP"}};

# ---- logs: where they are is asked each time, since links live for two minutes ----

# Of each task the latest run: [{role, index, attempt, task}].
def tasks: (.jobStatus.attemptId // 0) as $attempt | [.taskRoles // {} | to_entries[] | .key as $role | .value.taskStatuses[]?
	| select(.attemptId != null and .containerId != null) | {role: $role, index: .taskIndex, attempt: $attempt, task: .attemptId}];

def task_id: "\(.role):\(.index):\(.attempt):\(.task)";
def locations($path): {id: ("at:" + task_id), calm: true,
	path: "\($path)/attempts/\(.attempt)/taskRoles/\(.role)/taskIndex/\(.index)/attempts/\(.task)/logs"};

# A link on the server itself, or one that carries its own token.
def link($uri): if $uri | startswith("/") then {path: $uri} else {absolute: true, url: $uri} end;

def log_request($id; $uri; $what): if $what == "file" then {as: "file"} else {as: "log", once: true} end
	+ link($uri) + {id: $id, headers: {Accept: "*/*"}};

# The first task's files have their own names.
def file_name($task; $stream): if $task == 0 then $stream else "\($stream).\($task)" end;

# own: {tasks, left, why, tries}
def read_tasks($path): if .tasks == [] then {own: ., read: true} else {own: (. + {left: (.tasks | length)}), requests: [.tasks[] | locations($path)]} end;
def one_less($own): ($own | .left -= 1) as $n | {own: $n, requests: []} + if $n.left > 0 then {} else {read: true, gone: $n.why} end;

def conversation($what; $streams): . as $in | (.trial.job.name? // .trial.name) as $name | job_path($name) as $path | (.own // {}) as $own | .reply as $r
	| if $r == null then {own: {}, requests: [{id: "job", path: $path, calm: true}]}
	elif $r.id == "job" then
		if $r.status != 200 then {own: {}, read: true, gone: "its job cannot be asked for its logs: \($r | refusal)"}
		else {tasks: ($r.body | tasks)} | read_tasks($path) end
	elif $r.id | startswith("at:") then $r.id[3:] as $id
		| if $r.status != 200 then one_less($own | .why = "its logs are gone: \($r | refusal)")
		else ([$own.tasks[] | task_id] | index([$id])) as $task
			| [$r.body.locations[]? | select(.name as $n | $streams | index([$n]) != null)] as $at
			| if $at == [] then one_less($own | .why = "OpenPAI has no log of it")
			else {own: ($own | .left += ($at | length) - 1), requests: [$at[]
				| log_request("log:\($id):\(.name)"; .uri; $what)
				+ if $what == "file" then {name: file_name($task; .name)} else {source: ($id | gsub(":"; "-")), last: ($in.last == true)} end]} end end
	else $r.id[4:] as $id
		| if $r.status == 200 or $r.status == 206 or $r.status == 416 then one_less($own)
		# the link has expired
		elif ($r.status == 403 or $r.status == 404 or $r.status == 401) and ($own.tries // 0) < 3 then
			([$own.tasks[] | select(task_id as $t | $id | startswith($t + ":"))][0]) as $task
			| {own: ($own | .tries = (.tries // 0) + 1), requests: [$task | locations($path)]}
		else one_less($own | .why = "a log cannot be read: \($r | refusal)") end end;

def outputs($key): "\(here)/trials/\($key)";
def file: . as $in | .reply as $r | (.own // {}) as $own
	| if $r == null and .what == "all" then {own: {bring: true}, requests: [{id: "bring", as: "bring", file: (outputs(.trial.key) + if .folder then "/\(.folder)" else "" end),
		folder: .folder, but: ["stdout", "stderr", "parameter.cfg"]} | with_entries(select(.value != null)) | if .folder then del(.but) else . end]}
	elif $own.bring and $r.id == "bring" then
		(if $r.status == 200 or $r.status == 404 then null else $r.message // "what it wrote cannot be brought" end) as $why
		| if .folder or $why then {own: $own, read: true, gone: $why, all: true}
		else (.own = null | .reply = null | conversation("file"; ["stdout", "stderr"])) end
	else conversation("file"; ["stdout", "stderr"]) end
	| if .read then .all = true else . end;

# ---- check and clean ----

def fault($message; $hint): {type: "error", message: $message, hint: $hint} | with_entries(select(.value != null));
def place: {type: "place", place: .member.member, server: .member.host, version: .own.version,
	code: "copied to \(.member.localStorageMountPoint) (localStorageMountPoint), which jobs find at \(.member.containerStorageMountPoint)",
	n: .own.n, warning: (if .own.warnings == [] then null else .own.warnings | join("; ") end)} | with_entries(select(.value != null));
def check_next: .own.left as $left | .member as $m
	| if $left == [] then {own: .own, records: (.own.faults + if .own.fatal then [] else [place] end), exit: (.own.exit // if .own.faults == [] then 0 else 5 end)}
	else {own: (.own | .left |= .[1:]), requests: [$left[0]]} end;
def questions: .member as $m | [{id: "info", path: ("/info" | api_path)}, {id: "jobs", path: ("/jobs" | api_path), query: {username: $m.username, limit: 1}},
	($m.virtualCluster | strings | {id: "vc", path: ("/virtual-clusters/\(segment)" | api_path)}),
	($m.storageConfigName | strings | {id: "storage", path: ("/storages/\(segment)" | api_path)})] | map(.tries = 3);
def check: .member as $m | .reply as $r | (if $r == null then {faults: [], warnings: [], left: questions} else .own end) as $own
	| .own = ($own + if $m.reuseMode then {warnings: ["each trial has a job of its own: reuseMode is not used"]} else {} end)
	| if $r == null then check_next
	elif $r.status == 0 or $r.status >= 500 then .own.left = [] | .own.fatal = true | .own.exit = 5 | .own.faults += [fault("no answer from OpenPAI: \($r | .message // refusal)"; "is \($m.host) right, and can it be reached from here?")] | check_next
	elif $r.status == 401 then .own.left = [] | .own.fatal = true | .own.exit = 6 | .own.faults += [fault("OpenPAI does not let us in: \($r | refusal)"; "set another token: an application token does not expire")] | check_next
	elif $r.id == "info" and $r.status == 200 then
		.own.version = ($r.body.version? // null) | (if ($r.body.launcherType? // "") == "yarn" then .own.left = [] | .own.fatal = true | .own.exit = 3
			| .own.faults += [fault("this OpenPAI runs on YARN (\($r.body.version? // "?")), which is not known here"; "OpenPAI 1.0 or later is needed")] else . end) | check_next
	elif $r.id == "jobs" and $r.status != 200 then .own.faults += [fault("the jobs cannot be listed: \($r | refusal)"; "is username right?")] | .own.exit = (if $r.status == 403 then 6 else 5 end) | check_next
	elif $r.id == "vc" and $r.status == 200 then (if ($r.body.resourcesTotal.gpu? // null) != null and ($m.trialGpuNumber // 0) > 0
			then .own.n = (($r.body.resourcesTotal.gpu - ($r.body.resourcesUsed.gpu // 0)) / $m.trialGpuNumber | floor | [., 0] | max) else . end) | check_next
	elif $r.id == "vc" then .own.faults += [fault("the virtual cluster \($m.virtualCluster): \($r | refusal)"; "set virtualCluster to one that \($m.username) may use")] | check_next
	elif $r.id == "storage" and $r.status != 200 then .own.faults += [fault("the storage \($m.storageConfigName): \($r | refusal)"; "set storageConfigName to one that \($m.username) may use")] | check_next
	else check_next end;

# Jobs that are at work are stopped (nothing deletes one); what trials wrote stays.
def clean: . as $in | .reply as $r | (.own // {}) as $own
	| if $r == null then {own: {names: []}, requests: [list + {id: "list"} | del(.to, .prefix)]}
	elif $r.type == "piece" then {own: ($own | .names += [$r.body | select(.state == "WAITING" or .state == "RUNNING" or .state == "UNKNOWN") | .name
		| strings | select(startswith($in | experiment_prefix))])}
	elif $r.id == "list" and $r.status == 200 then
		$own.names as $names | {own: {left: ($names | length)}, requests: ([$names[] as $n | {id: ("stop:" + $n), method: "PUT", path: ($in | job_path($n) + "/executionType"), body: {value: "STOP"}}]
			+ if $names == [] then [{id: "share", as: "remove", file: here, begins: ["code-"]}] else [] end)}
	elif $r.id == "list" then {own: $own, records: [fault("the jobs cannot be listed: \($r | refusal)"; null)], exit: (if $r.status == 401 or $r.status == 403 then 6 else 5 end)}
	elif $r.id == "share" then {own: $own, exit: (if $r.status == 200 or $r.status == 404 then 0 else 5 end),
		records: (if $r.status == 200 or $r.status == 404 then [] else [fault("what is left of the code in localStorageMountPoint cannot be removed: \($r.message // "")"; null)] end)}
	elif $own.left > 1 then {own: ($own | .left -= 1)}
	else {own: {left: 0}, requests: [{id: "share", as: "remove", file: here, begins: ["code-"]}]} end;

def servers: .member as $m | {main: ({kind: "bearer", url: $m.host, token: $m.token, tokenFile: $m.tokenFile, tokenCommand: $m.tokenCommand} | with_entries(select(.value != null)))};

def api: if .ask == "servers" then servers
	elif .ask == "plan" then plan
	elif .ask == "create" then create
	elif .ask == "made" then made
	elif .ask == "look" then look
	elif .ask == "ours" then ours
	elif .ask == "list" then list
	elif .ask == "interval" then .member.pollInterval // 10
	elif .ask == "delay" then .member.visibilityDelay // 120
	elif .ask == "seen" then seen
	elif .ask == "detail" then detail
	elif .ask == "stop" then stop
	elif .ask == "log" then conversation("log"; ["stdout"])
	elif .ask == "file" then file
	elif .ask == "check" then check
	else clean end;

def step_submit($state; $event): polled_submit($state; $event; api);
def step_watch($state; $event): polled_watch($state; $event; api);
def step_collect($state; $event): polled_collect($state; $event; api);
def step_fetch($state; $event): polled_fetch($state; $event; api);
def step_check($state; $event): polled_check($state; $event; api);
def step_clean($state; $event): polled_clean($state; $event; api);
