# What the platforms on Kubernetes share: names and labels, the pod of a trial,
# its code, one watch for all jobs and one for all pods, and what became of a
# trial.  A platform adds what its jobs look like:
#
#	include "k8s";
#	def step_submit($state; $event): k8s_submit($state; $event; kind; job_body);
#	def step_watch($state; $event): k8s_watch($state; $event; kind; job_state);
#	def step_collect($state; $event): k8s_collect($state; $event; kind);
#	def step_fetch($state; $event): k8s_fetch($state; $event; kind);
#	def step_check($state; $event): k8s_check($state; $event; kind);
#	def step_clean($state; $event): k8s_clean($state; $event; kind);
#
# or all of them as one step(), which jq needs longer to compile:
#
#	def step($state; $event): k8s_step($state; $event; kind; job_body; job_state);
#
# kind		SETUP | {api: "/apis/batch/v1", plural: "jobs", container: "trial",
#			 single: true}
#	The path of the API, the jobs' name in it, the container of a pod in which
#	the trial's command runs, and whether a job has one pod only, so that the
#	job is lost with it.  More keys:
#	rights: [{verb, group, resource}]   needed beside those on jobs and pods
#	leaves: ["secrets"]	of /api/v1, with our labels, for `clean`
#	vanishing: true		pods go when they end: so their logs are followed, and
#				the last metrics are in what the pods leave behind,
#				which k8s_collect learns by a fifth one, job_state
#	main: "worker-0"	of several pods, the one whose log is the trial's stdout
#	facts				see below
# job_body	SETUP + {trial: T} | the object to create
#	T is {key: "k3xq9-1", name: "nni-E-k3xq9-1", trial, attempt, sequence,
#	parameters: TEXT, namespace, labels: {...}, archives: {code: [NAME...],
#	tools: [NAME...]}}, or in place of ConfigMaps what storage_pod takes.  pod_template(ROLE) makes a pod's template of it, see there;
#	job_metadata the object's `metadata`.
# job_state	a job object | {phase, reason, infra, early, exit_code}
#	phase is "waiting", "running", "succeeded", "failed", or "stopped": ended
#	by somebody, or by the cluster.  The rest may be left out.  early: true if
#	it ended since its time was up; exit_code: if no pod tells it; tail, of
#	`vanishing` ones: [{source, message}], termination messages of its pods.
#
# A platform that has to look at the cluster first (which version is served?)
# keeps back the event `open`, asks, and then passes it on with a key `facts`:
# k8s_step($state; $event + {facts: F}; ...).  Wherever `kind` and `job_body` are
# asked from then on, `.facts` of their input is F.  Identifiers of such
# requests begin with "x-"; the platform's state is an object whose key `own` is
# never touched here.  With {facts: {refused: WHY, hint: WHAT}} no job is made.
# A platform whose jobs' names have no dashes passes SETUP + {plain: true}.
#
# Nothing here reads parameters as anything but text.
include "storage";

# ---- names and labels ----

# Values of labels: [A-Za-z0-9._-], at most 63, letters or digits at both ends.
def label_value: [match("[A-Za-z0-9._-]+"; "g").string] | join("_") | .[0:63]
	| sub("^[._-]+"; "") | sub("[._-]+$"; "");

def experiment_labels: {app: "nni", "nni-exp": .experiment, "nni-member": (.member.member | label_value)};

# Selects what is this experiment's and member's.
def selector: experiment_labels | del(.app) | to_entries | map(.key + "=" + .value) | join(",");

# The label that says who needs code that several experiments share.
def owner_label: "used-by.nni/" + .experiment + "." + (.member.member | label_value | .[0:30] | sub("[._-]+$"; ""));

def trial_labels($key): experiment_labels + {"nni-trial": ($key | split("-")[0]), "nni-attempt": $key};

# `plain` in SETUP: without dashes.
def job_name($key): if .plain then "nni" + .experiment + ($key | split("-") | join("x"))
	else "nni-" + .experiment + "-" + $key end;

def jobs_path($ns; kind): kind | .api + "/namespaces/" + $ns + "/" + .plural;
def pods_path($ns): "/api/v1/namespaces/" + $ns + "/pods";
def configmaps_path($ns): "/api/v1/namespaces/" + $ns + "/configmaps";

# ---- what a server says ----

def one_line($max): tostring | gsub("[\\s]+"; " ") | if length > $max then .[0:$max] + "..." else . end;

# A refusal, in the server's own words.
def refusal: (if .body | type == "object" then .body.message else .body end // .message // "" | one_line(500)) as $m
	| if $m == "" then "HTTP status \(.status)" else $m end;

def over_quota: .status == 403 and (refusal | test("exceeded quota"));

# What to do about a refusal.
def remedy: if .status == 403 then "ask the cluster's administrator for this right, or use another namespace: or serviceaccount"
	elif .status == 404 then "see whether the namespace exists and the kind of job is installed in the cluster"
	elif .status == 422 or .status == 400 then "see what the configuration sets of the job"
	else null end;

# ---- the pod of a trial ----

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

# ---- the whole of a member: the state of the key "" ----

def server: {main: {kind: "kubeconfig", kubeconfig: (.member.kubeconfig), context: (.member.context), namespace: (.member.namespace)}};

# What `open` tells.
def opened($event): {ns: ($event.namespace // .member.namespace // "default"), facts: $event.facts};

# -- submit: code goes to the cluster once, in ConfigMaps; then jobs can be made --

# A ConfigMap holds 1 MiB; etcd, as a whole, little more than some GiB.
def part_bytes: 716800;
def archive_max: 8388608;

# Prepared archives as a list of parts: {what, n, at, name}.
def archive_parts: . as $all | [("code", "tools") as $what | $all[$what] // empty | . as $a
	| range(0; $a.bytes; part_bytes)
	| {what: $what, n: (. / part_bytes), at: ., name: ("nni-" + $what + "-" + $a.digest[0:12] + "-\(. / part_bytes)")}];

def configmap_request($part; $ns): {id: "create:\($part.what):\($part.n)", method: "POST", path: configmaps_path($ns),
	headers: {"Content-Type": "application/json"},
	parts: [({apiVersion: "v1", kind: "ConfigMap", metadata: {name: $part.name, labels: {app: "nni", (owner_label): ""}}, immutable: true}
			| tojson | .[:-1]) + ",\"binaryData\":{\"part\":\"",
		{file: ($part.what + ".tgz"), at: $part.at, length: part_bytes, encoding: "base64"}, "\"}}"]};

def owner_request($part; $ns): {id: "own:\($part.what):\($part.n)", method: "PATCH", path: (configmaps_path($ns) + "/" + $part.name),
	headers: {"Content-Type": "application/merge-patch+json"}, body: {metadata: {labels: {(owner_label): ""}}}};

def ready_event($s): . as $setup | {type: "ready", ns: $s.ns, facts: $s.facts,
	archives: ($s.prepared // {} | with_entries(.key as $what | .value as $a | ($setup | way_of($what)) as $way
		| .value = if $way == "configmaps" then {($what): $a} | [archive_parts[].name] elif $way == "url" then {url: true}
			else {sub: ($setup | archive_folder($what; $a))} end))};

# Trials cannot be started: `again` if it may pass.
def faulty($s; $fault): {state: ($s + {fault: $fault}), send: [{to: "*", event: ($fault + {type: "fault"})}]}
	+ if $fault.again then {wait_ms: 15000} else {} end;

def archive_too_large: first(to_entries[] | select(.value.bytes > archive_max)
	| {reason: "the code is \(.value.bytes / 1048576 * 10 | floor / 10) MiB when packed, and without a storage: the cluster takes 8 MiB",
	   hint: "leave files out by .nniignore (nni-pack --list shows them), or give a storage:"}) // null;

# The archives that ConfigMaps take.
def in_configmaps($prepared): . as $setup | $prepared // {} | with_entries(select(.key as $what | $setup | way_of($what) == "configmaps"));

def storage_work($s): storage_phases($s.ns; $s.prepared; experiment_labels);

# What the platform does next, once it knows its namespace and has the archives.
def submit_advance($s): . as $setup
	| if $s.ready or $s.posted or $s.fault or $s.ns == null or $s.prepared.code == null or $s.prepared.tools == null
		or (account_is_used and $s.storage_open != true) then {state: $s}
	else in_configmaps($s.prepared) as $some | ($some | archive_too_large) as $large | ($some | archive_parts) as $parts | storage_work($s) as $phases
		| if $large then faulty($s; $large)
		elif $parts == [] and $phases == [] then ($s + {ready: true}) as $n | {state: $n, send: [{to: "*", event: ($setup | ready_event($n))}]}
		else {state: ($s + {posted: true, left: ($parts | length), up: (if $phases == [] then null else {at: 0, left: ($phases[0] | length)} end)}),
			requests: ([$parts[] as $p | $setup | configmap_request($p; $s.ns)] + if $phases == [] then [] else phase_requests($phases; 0) end)}
		end
	end;

def submit_looked($s): if $s.left > 0 or $s.up != null or $s.fault then {state: $s}
	else ($s + {ready: true}) as $n | {state: $n, send: [{to: "*", event: ready_event($n)}]} end;

def submit_part_done($s): submit_looked($s + {left: ($s.left - 1)});

# A reply about what lies in a storage.
def submit_stored($s; $event): . as $setup
	| if $s.up == null or $s.fault then {state: $s} else storage_next(storage_work($s); $s.up; $event) as $next
		| if $next.failed then faulty($s; $next.failed)
		elif $next.done then $setup | submit_looked($s + {up: null})
		else {state: ($s + {up: $next.up}), requests: $next.requests} end
	end;

def submit_platform($s; $event): . as $setup | $event
	| if .type == "start" then {state: $s, servers: ($setup | server + storage_servers),
		requests: ["code", "tools" | {id: ("prepare:" + .), as: "prepare", what: (. + ".tgz")}]}
	elif .type == "open" and .server == "storage" then $setup | submit_advance($s + {storage_open: true})
	elif .type == "open" and .facts.refused? then
		faulty($s; {reason: .facts.refused, hint: .facts.hint, infra: true})
	elif .type == "open" then $setup | submit_advance($s + opened($event))
	elif .type == "want" then {state: $s,
		send: (if $s.ready then [{to: .key, event: ($setup | ready_event($s))}] elif $s.fault then [{to: .key, event: ($s.fault + {type: "fault"})}] else [] end)}
	elif .type == "timer" then $setup | submit_advance($s | del(.fault, .posted, .up))
	elif .type == "reply" then (.id | split(":")) as $id
		| (first($s.prepared // {} | archive_parts[] | select(.what == $id[1] and "\(.n)" == $id[2])) // null) as $part
		| if $id[0] == "prepare" then
			if .status == 200 then . as $r | $setup | submit_advance($s | .prepared[$id[1]] = ($r | {what: $id[1], bytes, digest}))
			else faulty($s; {reason: ("cannot pack the code: " + (.message // "no reason was given"))}) end
		elif $id[0] == "create" and .status == 409 then $setup | {state: $s, requests: [owner_request($part; $s.ns)]}
		elif $id[0] == "own" and .status == 404 then $setup | {state: $s, requests: [configmap_request($part; $s.ns)]}
		elif $id[0] != "create" and $id[0] != "own" then . as $r | $setup | submit_stored($s; $r)
		elif .status >= 200 and .status < 300 then $setup | submit_part_done($s)
		elif $s.fault then {state: $s}
		else faulty($s; {reason: ("the code cannot be given to the cluster: " + refusal), again: over_quota,
			hint: "ConfigMaps are made for it: create and patch are needed"}) end
	else {state: $s} end;

# -- watch and collect: one list, then one watch, of jobs and of pods --

def stream_path($s; $name; kind): if $name == "pods" then pods_path($s.ns) else . + {facts: $s.facts} | jobs_path($s.ns; kind) end;

def list_request($s; $name; $continue; kind): {id: "list:\($name):\($s[$name].gen)", as: "items", path: stream_path($s; $name; kind),
	query: {labelSelector: selector, limit: "100", continue: $continue}, to: ["metadata", "labels", "nni-attempt"]};

def watch_request($s; $name; kind): {id: "watch:\($name):\($s[$name].gen)", as: "lines", path: stream_path($s; $name; kind),
	query: {labelSelector: selector, watch: "1", resourceVersion: $s[$name].rv, allowWatchBookmarks: "true", timeoutSeconds: "540"},
	to: ["object", "metadata", "labels", "nni-attempt"], note: ["object", "metadata", "resourceVersion"]};

# A new generation: what is not in its list is gone.
def relist($s; $name; kind): ($s | .[$name] = {gen: (($s[$name].gen // 0) + 1), fails: ($s[$name].fails // 0)}) as $n
	| {state: $n, requests: [list_request($n; $name; null; kind)]};

# It did not work: again, later and later, at most every 30 s.
def stream_rest($s; $name; $how): ($s | .[$name].rest = $how | .[$name].fails += 1)
	| {state: ., wait_ms: ([250 * pow(2; [.[$name].fails, 7] | min), 30000] | min)};

def stream_error($s; $name): {type: "error", message: "cannot list \($name): \(refusal)", where: $s.ns, hint: (remedy)} | with_entries(select(.value != null));

def both_listed($s; $names): all($names[]; $s[.].rv != null);

# A list has come to its end: watch from there on, and tell who was not in it.
def stream_listed($s; $name; $names; kind): . as $setup | ($s | .[$name].fails = 0) as $n
	| {state: $n, requests: [watch_request($n; $name; kind)],
	   send: (if $n[$name].gen > 1 then [{to: "*", event: {type: "listed", stream: $name, gen: $n[$name].gen}}]
		elif $setup.once and both_listed($n; $names) then [{to: "*", event: {type: "listed"}}] else [] end)};

def stream_reply($s; $event; $names; kind): . as $setup | ($event.id | split(":")) as $id | $id[1] as $name | $event
	| if $id[2] != "\($s[$name].gen)" then {state: $s}
	elif .status == 410 or ($id[0] == "watch" and $s[$name].expired) then $setup | relist($s | del(.[$name].expired); $name; kind)
	elif $id[0] == "list" and .status == 200 then .body.metadata as $m
		| if ($m.continue // "") != "" then $setup | {state: $s, requests: [list_request($s; $name; $m.continue; kind)]}
		else $setup | stream_listed($s | .[$name].rv = $m.resourceVersion; $name; $names; kind) end
	elif $id[0] == "list" and .status >= 400 then stream_rest($s; $name; "list") + {records: [stream_error($s; $name)]}
		+ if $s[$name].rv == null and .status == 403 then {exit: 6} else {} end
	elif $id[0] == "list" then stream_rest($s; $name; "list")
	else ($s | .[$name].rv = ($event.noted // .[$name].rv)) as $n
		# a watch ends by itself now and then: that is no failure
		| if .status == 200 then $setup | {state: ($n | .[$name].fails = 0), requests: [watch_request($n; $name; kind)]}
		else stream_rest($n; $name; "watch") end
	end;

def stream_timer($s; $names; kind): . as $setup | reduce ($names[] | select($s[.].rest)) as $name ({state: $s, requests: []};
	. as $o | ($s[$name].rest) as $how | ($o.state | del(.[$name].rest)) as $n
	| $setup | if $how == "list" then relist($n; $name; kind) else {state: $n, requests: [watch_request($n; $name; kind)]} end
	| .requests = $o.requests + .requests);

def stream_platform($s; $event; $names; kind): . as $setup | $event
	| if .type == "start" then {state: $s, servers: ($setup | server)}
	elif .type == "open" then reduce $names[] as $name ({state: ($s + ($setup | opened($event))), requests: []};
		. as $o | $setup | relist($o.state; $name; kind) | .requests = $o.requests + .requests)
		| if $s.wanted then .state as $n | .send = [{to: "*", event: ($setup | ready_event($n))}] else . end
	elif .type == "piece" then
		# a watch that cannot go on says so; anything else that comes here is a bookmark
		if .body.type? == "ERROR" then (.id | split(":")[1]) as $name | {state: ($s | .[$name].expired = true)} else {state: $s} end
	elif .type == "reply" then $setup | stream_reply($s; $event; $names; kind)
	elif .type == "timer" then $setup | stream_timer($s; $names; kind)
	elif .type == "want" and $s.ns == null then {state: ($s + {wanted: true})}
	elif .type == "want" then {state: $s, send: ([{to: .key, event: ready_event($s)}]
		+ if $setup.once and both_listed($s; $names) then [{to: .key, event: {type: "listed"}}] else [] end)}
	else {state: $s} end;

# ---- what is known of pods and jobs ----

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

# An attempt's state takes in what a piece of a list or a watch tells.
def learn_piece($event; kind; job_state): . as $s | ($event.id | split(":")) as $id | ($id[2] | tonumber) as $gen
	| ($event.body | if .object? and .type? then . else {type: "ADDED", object: .} end) as $change
	| $change.object as $o | (kind | .container) as $container
	| .key = (.key // $o.metadata.labels["nni-attempt"])
	| if $id[1] == "pods" then
		.pods[$o.metadata.name] = ((.pods[$o.metadata.name].log // null) as $log | ($o | pod_digest($container; $gen))
			+ (if $log then {log: $log} else {} end) + (if $change.type == "DELETED" then {gone: true} else {} end))
	else .j = (($o | job_digest($gen; job_state)) + if $change.type == "DELETED" then {gone: true} else {} end) end;

# All of a stream was listed again: who is of an earlier generation has gone.
def drop_older($event): if $event.stream == "pods" then .pods |= with_entries(if .value.g < $event.gen then .value.gone = true else . end)
	elif $event.stream == "jobs" and .j != null and .j.gone != true and .j.g < $event.gen then .suspect = true
	else . end;

# Pods that were asked for by themselves: all there are of an attempt.
def learn_pods($items; kind): (kind | .container) as $container | ([$items[].metadata.name]) as $names
	| reduce $items[] as $o (.; .pods[$o.metadata.name] = (.pods[$o.metadata.name] as $old | ($o | pod_digest($container; $old.g // 1))
		+ if $old.log then {log: $old.log} else {} end))
	| .pods = (.pods // {} | with_entries(.key as $k | if $names | index([$k]) == null then .value.gone = true else . end));

# ---- submit: an attempt ----

def trial_of($line; $key; $ready): {key: $key, name: job_name($key), trial: $line.trial, attempt: $line.attempt, sequence: $line.sequence,
	parameters: ($line.parameter_file // ""), namespace: $ready.ns, labels: trial_labels($key), archives: $ready.archives};

def create_job($s; $ready; kind; job_body): . + {facts: $ready.facts, trial: trial_of($s.line; $s.key; $ready)}
	| . as $in | jobs_path($ready.ns; kind) as $path
	| {state: ($s + {path: $path}), requests: [{id: "create", method: "POST", path: $path, body: ($in | job_body)}]};

# The parameters of a job there is, as it was made of them.
def parameters_of: reduce (.. | objects | select((.name? | type) == "string" and (.name | startswith("NNI_PARAMETERS")) and (.value | type) == "string")) as $e
	({}; .[$e.name] = $e.value);

def is_ours($setup; $s): .metadata.labels["nni-exp"] == $setup.experiment and .metadata.labels["nni-attempt"] == $s.key
	and parameters_of == ($s.line.parameter_file // "" | parameter_env | map({(.name): .value}) | add);

def handle($path): {job: {path: ($path + "/" + .metadata.name), uid: .metadata.uid}};

def placed($s; $record): {state: {key: $s.key}, records: [$record]};

def submit_attempt($s; $event; kind; job_body): . as $setup | $event
	| if .type == "line" and .record.type == "trial" then "\(.record.trial)-\(.record.attempt)" as $key
		| {state: {key: $key, line: (.record | {trial, attempt, sequence, parameter_file})}, send: [{to: "", event: {type: "want", key: $key}}]}
	elif $s.line == null then {state: $s}
	elif .type == "ready" and $s.path == null then $setup | create_job($s; $event; kind; job_body)
	elif .type == "fault" and $s.path == null then
		if .again then {state: null, records: [{no_room: .reason}]}
		else placed($s; {status: "FAILED", reason: (.reason + if .hint then "; " + .hint else "" end)}
			+ if .infra then {infra: true} else {} end) end
	elif .type == "timer" then {state: ($s | del(.path)), send: [{to: "", event: {type: "want", key: $s.key}}]}
	elif .type == "reply" and .status >= 200 and .status < 300 then
		if .id == "create" or (.body | is_ours($setup; $s)) then placed($s; .body | handle($s.path))
		else placed($s; {status: "FAILED", reason: "there is a job \(.body.metadata.name) already, which is not this trial's"}) end
	elif .type == "reply" and .id == "create" and .status == 409 and .body.reason? == "AlreadyExists" then
		$setup | {state: $s, requests: [{id: "look", path: ($s.path + "/" + job_name($s.key))}]}
	elif .type == "reply" and (.status == 409 or (.id == "look" and .status == 404)) then {state: $s, wait_ms: 1000}
	elif .type == "reply" and over_quota then {state: null, records: [{no_room: refusal}]}
	elif .type == "reply" then placed($s; {status: "FAILED", reason: (refusal + if remedy then "; " + remedy else "" end), infra: (.status == 0 or .status >= 500)})
	else {state: $s} end;

# ---- watch: an attempt ----

def present: [.pods // {} | .[] | select(.gone != true)];
def nothing_left: (.j.gone // false) and (present == []);

# The pod by whose end the job's is explained: the first that failed, not one
# that was stopped since another had, else one that ended.
def telling: [.pods // {} | .[] | select(.code != null or .infra != null or .late)]
	| first((.[] | select(.infra)), (.[] | select(.code != 0 and .own)), (.[] | select(.code != 0)), .[]) // null;

def duration: if . % 3600 == 0 then "\(. / 3600) h" elif . % 60 == 0 then "\(. / 60) min" else "\(.) s" end;

def too_long($setup): {status: "EARLY_STOPPED", reason: ("maxTrialDuration" + ($setup.config.maxTrialDuration | if . then " (" + duration + ")" else "" end) + " is over")};

def pod_failure($setup): {status: "FAILED"} + (if .sig then {signal: .sig} elif .code then {exit_code: .code} else {} end)
	+ if .infra then {reason: .infra, infra: true}
	elif .late then {reason: "its activeDeadlineSeconds are over"}
	elif .oom then {reason: ("out of memory" + ($setup.member.memorySize | if . then ": its limit is memorySize: \(.) MiB" else "" end)), exit_code: (.code // 137)}
	elif .msg then {reason: "exit code \(.code): \(.msg)"} else {reason: "exit code \(.code)"} end;

def over($setup): (.late and $setup.config.maxTrialDuration != null) or ((.msg // "") | startswith(time_is_over));

# By whom it was ended: what the intent says.
def ended_by($s): {user: {status: "USER_CANCELED"}, early: {status: "EARLY_STOPPED"}, system: {status: "SYS_CANCELED"}}[$s.intent // ""]
	// if $s.stopped then {status: "SYS_CANCELED", reason: $s.stopped.reason} + ($s.stopped | if .infra then {infra} else {} end)
	elif $s.absent then {status: "SYS_CANCELED", infra: true, reason: "its job is not there any more"}
	else {status: "SYS_CANCELED", reason: "its job was deleted, and not by us"} end;

# The end of an attempt, or null while there is none.
def verdict($setup; $single): . as $s | (.j // {}) as $j | telling as $t
	| if $j.phase == "succeeded" then {status: "SUCCEEDED", exit_code: 0}
	elif $s.doom then if nothing_left then {status: "FAILED"} + $s.doom else null end
	elif $j.phase == "stopped" then $s | ended_by($s + {stopped: $j})
	elif ($j.phase == "failed" or $j.gone) and (($t != null and ($t | over($setup))) or ($j.early and $setup.config.maxTrialDuration != null)) then $setup | too_long($setup)
	elif $j.phase == "failed" and $t != null and ($t.own or $t.infra) then $t | pod_failure($setup)
	elif $j.phase == "failed" and ($j.del or $j.gone) != true and ($s.asked == "answered" or $j.infra) then
		{status: "FAILED", reason: ($j.reason // "the job failed")} + (if $j.infra or ($t == null and $single) then {infra: true} else {} end)
		+ (($t.code // $j.exit_code) as $code | if $code then {exit_code: $code} else {} end)
	elif nothing_left | not then null
	elif $single and $t.own and $t.code == 0 then {status: "SUCCEEDED", exit_code: 0}
	elif $single and $t.own then $t | pod_failure($setup)
	else ended_by($s) end;

# What an attempt is that has not ended.
def living: . as $s | present as $pods
	| if any($pods[]; .ph == "unknown") then {status: "UNKNOWN", reason: (first($pods[] | .infra // empty) // "its node does not answer")}
	elif $s.j.phase == "running" or any($pods[]; .ph == "running" or .ph == "ended") then {status: "RUNNING"}
	elif $s.j == null then {status: "WAITING", reason: "it was not started yet"}
	else {status: "WAITING", reason: (first($pods[] | .wait // empty) // $s.why // $s.j.reason // "it has no pod yet")} end;

def delete_request($s): {id: "delete", method: "DELETE", path: $s.job.path,
	body: ({apiVersion: "v1", kind: "DeleteOptions", propagationPolicy: "Foreground"}
		+ ($s.job.uid // $s.j.uid | if . then {preconditions: {uid: .}} else {} end))};

# A job that was asked for by itself: `.body` of a reply.
def learn_job($reply; job_state): . as $s | $reply.body as $o
	| if $reply.status == 404 or ($reply.status == 200 and ($s.job.uid // $o.metadata.uid) != $o.metadata.uid) then
		(if .j == null and .placed then .absent = true else . end)
		| if .placed or .cancel then .j = ((.j // {}) + {gone: true}) else . end
	elif $reply.status == 200 then .j = ($o | job_digest($s.j.g // 1; job_state))
		| if .suspect == "pod" and .j.del != true and .j.phase == "waiting" or .suspect == "pod" and .j.phase == "running" and .j.del != true
		  then .doom = {reason: "its pod was deleted", infra: true} else . end
	else .later = true end
	| del(.suspect);

def hint_of_delete: if .status == 403 then "the right to delete jobs is needed" else null end;

# What an attempt's state takes in; `due` is what its timer was for.
def learn_watch($event; kind; job_state): . as $s | $event | (kind | .single) as $single
	| if .type == "line" and .record.type == "trial" then .record as $r
		| $s + {key: "\($r.trial)-\($r.attempt)", line: true, intent: ($r.intent // $s.intent)}
		+ if $r.job == null then {} else {placed: true} + if ($r.job | type) == "object" then {job: $r.job} else {} end end
	elif .type == "line" and .record.type == "cancel" then $s + {cancel: true,
		intent: (if .record.early then "early" elif .record.system then "system" else "user" end)}
	elif .type == "piece" then . as $e | $s | learn_piece($e; kind; job_state)
		| if $single and $e.body.type? == "DELETED" and ($e.id | startswith("watch:pods:")) and .cancel != true and .doom == null
			and (.j.phase == "waiting" or .j.phase == "running") and .j.del != true and all(.pods[]; .gone and .own != true)
		  then .suspect = "pod" else . end
	elif .type == "listed" then . as $e | $s | if $e.stream then drop_older($e) else .listed = true end
	elif .type == "ready" then $s | .job = (.job // {path: ($event.path + "/" + $event.name)})
	elif .type == "timer" then $s | .due = .t | del(.t)
	elif .type == "reply" then . as $r | $s | del(.open[$r.id])
		| if $r.id == "look" then learn_job($r; job_state)
		elif $r.id == "pods" then (if $r.status == 200 then learn_pods($r.body.items; kind) else . end) | .asked = "answered"
		elif $r.id == "delete" then
			if $r.status < 300 and $r.status >= 200 then .deleting = true
			elif $r.status == 404 then .j = ((.j // {}) + {gone: true})
			elif $r.status == 409 then .suspect = "list"
			else .later = true | .trouble = ($r | refusal) end
		elif $r.id == "events" then if $r.status == 200 then .why = (($r.body.items | last | .message // null) // .why) else .blind = true end
		else . end
	else $s end;

def ask($id; $request): if .state.open[$id] then . else .requests += [$request + {id: $id}] | .state.open[$id] = true end;
def timer($what; $ms): if .state.t == $what then . else .state.t = $what | .wait_ms = $ms end;
def grace_ms: (.member.startGrace // 180) * 1000;
def namespace_of: split("/namespaces/")[1] | split("/")[0];

# A job that is wanted gone: by a cancel, or since it will not come to anything.
def act_delete($s): if ($s.cancel or $s.doom) and $s.deleting != true and $s.later != true and $s.job != null then
		if $s.j == null then ask("look"; {path: $s.job.path})
		elif $s.j.gone or $s.j.phase == "succeeded" or $s.j.phase == "stopped" or $s.j.phase == "failed" and $s.doom == null then .
		else ask("delete"; delete_request($s)) end
	else . end;

# What has to be asked to know more.
def act_ask($s; $setup): if $s.job == null then .
	else if $s.suspect or $s.due == "unseen" or ($setup.once and $s.listed and $s.placed and $s.j == null) then ask("look"; {path: $s.job.path}) else . end
	| if $s.j.phase == "failed" and $s.j.del != true and $s.asked == null then
		ask("pods"; {path: ($s.job.path | namespace_of | pods_path(.)), query: {labelSelector: "nni-exp=\($setup.experiment),nni-attempt=\($s.key)"}})
		| .state.asked = "asked"
	elif $s.due == "podless" then ask("events"; {path: "/api/v1/namespaces/\($s.job.path | namespace_of)/events", calm: true,
		query: {fieldSelector: "involvedObject.name=\($s.job.path | split("/") | last),type=Warning", limit: "50"}})
	else . end end;

# When to look at it again by itself.
def act_timer($s; $setup): [$s | present[] | .stuck // empty] as $stuck
	| if $s.placed and $s.j == null and $setup.once != true then timer("unseen"; 5000)
	elif $stuck != [] and $s.doom == null then timer("stuck"; if $stuck | index(["InvalidImageName"]) then 0 else $setup | grace_ms end)
	elif $s.later then timer("later"; 30000)
	elif $s.j.phase == "waiting" and ($s | present == []) and $s.blind != true then timer("podless"; 10000)
	elif .state.t != null then .wait_ms = null | .state |= del(.t)
	else . end;

# All of it for an attempt whose line has come.
def act($single; $setup): .state as $s | $s.j as $j | ($s | verdict($setup; $single)) as $over
	| if $over then .state = {key: $s.key, ended: true} | .records = [$over] | .wait_ms = null
	# nothing is said while the end is being looked into
	else .records = (if $setup.once and $s.placed and ($s.listed and $s.j != null | not) or ($s.placed and $j == null) or $j.phase == "failed" or $j.phase == "succeeded"
			then [] else [$s | living] end)
		+ (if $s.trouble then [{error: $s.trouble, where: $s.job.path, hint: "the right to delete jobs is needed"}] else [] end)
		| .state |= del(.due, .trouble)
		| act_delete($s) | act_ask($s; $setup) | act_timer($s; $setup)
	end;

def watch_attempt($state; $event; kind; job_state): . as $setup | ($state // {}) as $old | (kind | .single // false) as $single
	| if $old.ended then {state: $old}
	else kind as $kind | (if $event.type == "ready" then $event + {path: ($setup + {facts: $event.facts} | jobs_path($event.ns; kind)), name: ($setup | job_name($old.key))}
		else $event end) as $event
		| ($old | learn_watch($event; $kind; job_state))
		# its time to start is over
		| (if .due == "stuck" and .doom == null then ([present[] | select(.stuck)] | first) as $p | if $p then .doom = {reason: $p.wait} else . end
		   elif .due == "later" then del(.later) else . end)
		| {state: ., requests: []}
		| if .state.line then act($single; $setup) else . end
		| if $event.type == "line" and $event.record.type == "trial" and (.state.job == null or $setup.once) and .state.ended != true
		  then .send = [{to: "", event: {type: "want", key: .state.key}}] else . end
	end;

# ---- collect: an attempt ----

# Of an attempt's pods: worker-0.
def pod_source($name; $setup): .key as $key | $name | ltrimstr($setup | job_name($key) + "-");

# The file of a pod's log.
def log_name($source; $kind): if $source == null or $source == $kind.main then "stdout" else "stdout." + $source end;

# A pod's log is `log`: "poll", "final" or "follow" while it is read so, then "done"; or why it is missing.
def log_request($setup; $name; $how; $kind): (if $kind.single then null else pod_source($name; $setup) end) as $source
	| {id: ("log:" + $name), as: "log", stamps: true, source: $source,
	path: ((.ns | pods_path(.)) + "/" + $name + "/log"),
	query: {container: $kind.container, timestamps: "true", follow: (if $how == "follow" then "true" else null end)}}
	+ if $kind.single then {} else {once: true} end
	+ if $kind.vanishing then {keep: true, name: log_name($source; $kind)} else {} end
	+ if $how == "poll" then {calm: true} elif $how == "final" then {tries: 8, last: true} else {tries: 1, timeout_ms: 600000, last: true} end
	| with_entries(select(.value != null));

# How many logs are followed at once, at most: each has a connection.
def follow_max: 50;

def logs_open: [.pods // {} | .[] | select(.log == "poll" or .log == "final" or .log == "follow")] != [];

def pod_readable: .ph == "running" or .ph == "ended" or (.ph == "unknown");

# Which way to read a pod's log now, or null.
def log_wanted($s; $follow): if .log != null or (pod_readable | not) then null
	elif .gone then null
	elif .ph == "ended" or $s.over != null then "final"
	# it is being deleted: its log goes with it, so stay with it
	elif .del then "follow"
	elif $follow then "follow"
	elif $s.due then "poll" else null end;

def learn_log($r): ($r.id | ltrimstr("log:")) as $name | .pods[$name].log as $how
	| .pods[$name] |= if $r.status == 200 and $how != "poll" then .log = "done"
		elif $r.status == 200 or $how == "follow" or ($r.status == 400 and $how == "poll") then del(.log)
		elif $r.status == 404 then (del(.log) | .gone = true | .lost = "pod \($name) was deleted before its log was read to the end")
		elif $how == "poll" then del(.log)
		else .log = "done" | .lost = "the log of pod \($name) cannot be read: \($r | refusal)" end;

def learn_collect($event; kind; job_state): . as $s | $event
	| if .type == "line" and .record.type == "trial" then $s + {key: "\(.record.trial)-\(.record.attempt)", line: true, due: true}
		+ if .record.job | type == "object" then {ns: (.record.job.path | namespace_of), placed: true} else {} end
		+ if (.record.job | type) == "object" and kind.vanishing then {job: .record.job.path} else {} end
	elif .type == "line" and .record.type == "status" then $s + {over: (.record | {status, exit_code, signal})}
	elif .type == "piece" then . as $e | $s | learn_piece($e; kind; job_state) | .ns = (.ns // ($e.body | .object? // . | .metadata.namespace))
	elif .type == "listed" then . as $e | $s | if $e.stream then drop_older($e) else . end
	elif .type == "timer" then $s + {due: true, t: null}
		# a stream that ended while its pod runs was cut
		| if .pods and kind.vanishing then .pods |= map_values(if .log == "done" and .ph == "running" and .gone != true then del(.log) else . end) else . end
	elif .type == "reply" then . as $r | $s | del(.open[$r.id])
		| if $r.id == "pods" then .asked = "answered" | if $r.status == 200 then learn_pods($r.body.items; kind) else .lost = ($r | refusal) end
		elif $r.id == "tail" then .tail = [if $r.status == 200 then $r.body | job_state | .tail[]? else empty end
			| {source, all: (.message | startswith("nni: all metrics")), lines: [.message | split("\n")[] | select(contains("NNISDK_ME"))]}]
		elif $r.id | startswith("log:") then learn_log($r) else . end
	else $s end;

# Why not all of the metrics are known, or null.
def missing($setup; $kind): . as $s
	| [.tail[]? | select(.all) | .source] as $told
	| [.pods // {} | to_entries[] | .value + {name: .key, source: (.key as $name | $s | pod_source($name; $setup))}] as $pods
	| [$pods[] | select(.source as $x | $told | index([$x]) | not)] as $untold
	# others were stopped when it had ended
	| if $kind.main != null and any($pods[]; .source == $kind.main and .log == "done") then null else
	first(($untold[] | .lost // empty), ($untold[] | select(.gone and .log != "done" and pod_readable)
		| "pod \(.name) was deleted before its log was read to the end"), .lost // empty,
		(.tail[]? | select(.all | not) | .source as $x | select(any($pods[]; .source == $x and .log == "done") | not)
		| "pod \($x) was deleted with its log; its last metrics are known"))
	// if $pods == [] and $told == [] and ($s.over.status == "SUCCEEDED" or $s.over.exit_code != null or $s.over.signal != null)
	then "its pods are gone, and their logs with them" else null end end;

def act_collect($kind; $setup): .state as $s
	| ($kind.vanishing == true and ($setup.config.trialConcurrency // 1) <= follow_max) as $follow
	| if $s.placed != true and $s.over then .records = [{done: true}] | .state = {key: $s.key, ended: true}
	else (reduce ($s.pods // {} | to_entries[] | . as $p | (.value | log_wanted($s; $follow)) as $how | select($how) | {name: .key, how: $how}) as $w (.;
		.requests += [$s | log_request($setup; $w.name; $w.how; $kind)] | .state.pods[$w.name].log = $w.how))
	| if $s.over == null then
		(.state |= del(.due)) | if any($s.pods // {} | .[]; .ph == "running" and .gone != true) and .state.t == null then .state.t = true | .wait_ms = 2000 else . end
	elif .state | logs_open then .
	# the end waits: are these all of its pods, and are they at their ends?
	elif $s.asked == null and ([$s.pods // {} | .[]] | . == [] or any(.[]; .ph != "ended" and .gone != true)) then
		ask("pods"; {path: ($s.ns | pods_path(.)), query: {labelSelector: "nni-exp=\($setup.experiment),nni-attempt=\($s.key)"}}) | .state.asked = "asked"
	elif $s.open.pods or $s.open.tail then .
	elif $kind.vanishing and $s.tail == null then ask("tail"; {path: $s.job, tries: 8})
	else .records = [$s.tail[]? | .source as $source | .lines[] | {metric_line: ., source: $source}]
		+ [{done: true} + ($s | missing($setup; $kind) | if . then {metrics_incomplete: .} else {} end)] | .state = {key: $s.key, ended: true} | .wait_ms = null end
	end;

def collect_attempt($state; $event; kind; job_state): . as $setup | ($state // {}) as $old | kind as $kind
	| if $old.ended then {state: $old}
	else {state: ($old | learn_collect($event; $kind; job_state)), requests: []}
		| if .state.line then act_collect($kind; $setup) else . end
	end;

# ---- fetch: logs of trials that still have their pods ----

def fetch_attempt($state; $event; kind): . as $setup | ($state // {}) as $s | kind as $kind | $event
	| if .type == "line" then "\(.record.trial)-\(.record.attempt)" as $key
		| if .record.job | type == "object" then {state: ({key: $key, ns: (.record.job.path | namespace_of)} + if .record.what == "all" then
			{error: "what trials write besides goes with their pods: let it be written to a storage (NNI_OUTPUT_DIR)"} else {} end), requests: [{id: "pods", tries: 8,
			path: (.record.job.path | namespace_of | pods_path(.)), query: {labelSelector: "nni-exp=\($setup.experiment),nni-attempt=\($key)"}}]}
		else {state: null, records: [{fetched: true, files: 0, bytes: 0}]} end
	elif .type == "reply" and .id == "pods" then
		if .status != 200 then {state: null, records: [{fetched: true, files: 0, bytes: 0, error: refusal}]}
		else [.body.items[] | select(any(.status.containerStatuses[]?; .state.running or .state.terminated)) | .metadata.name] as $names
			| if $names == [] then {state: null, records: [{fetched: true, files: 0, bytes: 0}
				+ if .body.items == [] and $kind.vanishing != true then {error: "its pods are gone, and their logs with them"} else {} end]}
			else {state: ($s + {left: ($names | length), files: 0, bytes: 0}), requests: [$names | to_entries[] | {id: .value, as: "file", tries: 8,
				name: (if $kind.single or ($names | length) == 1 then "stdout" else .value as $name | $s | log_name(pod_source($name; $setup); $kind) end),
				path: (($s.ns | pods_path(.)) + "/" + .value + "/log"), query: {container: $kind.container}}]} end
		end
	elif .type == "reply" then ($s + {left: ($s.left - 1)} + if .status == 200 then {files: ($s.files + if (.bytes // 0) > 0 then 1 else 0 end), bytes: ($s.bytes + (.bytes // 0))}
			else {error: refusal} end)
		| if .left > 0 then {state: .} else {state: null, records: [{fetched: true, files, bytes} + if .error then {error} else {} end]} end
	else {state: $s} end;

# ---- check: could trials be started? ----

# What is asked for in a review of rights: this verb on that.
def rights(kind): kind as $k | ($k.api | split("/") | .[2]) as $group
	| [("create", "get", "list", "watch", "delete") | {verb: ., group: $group, resource: $k.plural}]
	+ [("list", "watch") | {verb: ., group: "", resource: "pods"}] + [{verb: "get", group: "", resource: "pods", subresource: "log"}]
	+ [("create", "patch", "list", "delete") | {verb: ., group: "", resource: "configmaps"}]
	+ ($k.rights // [] | map(select(.resource != "secrets"))) + (storage_rights + ($k.rights // [] | map(select(.resource == "secrets"))) | unique);

def right_name: .resource + (if .subresource then "/" + .subresource else "" end) | ascii_downcase;

# How a right is given: a line that can be typed.
def grant($ns; $missing): "an administrator gives them by: kubectl -n \($ns) create role nni "
	+ ([$missing | group_by(.verb)[] | .[0].verb] | map("--verb=" + .) | join(" ")) + " "
	+ ($missing | map("--resource=" + .resource + (if .group != "" then "." + .group else "" end) + (if .subresource then "/" + .subresource else "" end)) | unique | join(" "))
	+ ", and a rolebinding";

def secret_names: [.member.imagePullSecrets[]? | .name];

def check_requests($ns; kind): [{id: "namespace", path: ("/api/v1/namespaces/" + $ns)},
		{id: "quota", path: "/api/v1/namespaces/\($ns)/resourcequotas"}, {id: "nodes", path: "/api/v1/nodes"}]
	+ [rights(kind) | to_entries[] | {id: "right:\(.key)", method: "POST", path: "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
		body: {apiVersion: "authorization.k8s.io/v1", kind: "SelfSubjectAccessReview", spec: {resourceAttributes: (.value + {namespace: $ns})}}}]
	+ [secret_names[] | {id: ("secret:" + .), path: "/api/v1/namespaces/\($ns)/secrets/\(.)"}]
	+ [.member.serviceAccountName // empty | {id: "account", path: "/api/v1/namespaces/\($ns)/serviceaccounts/\(.)"}]
	+ storage_questions($ns)
	| map(. + {tries: 2});

def problem($message; $hint): {type: "error", message: $message, hint: $hint} | with_entries(select(.value != null));

# 2, 500m, 1k: as a number.
def quantity: tostring | capture("^(?<n>[0-9.]+)(?<u>[A-Za-z]*)$") // {n: "0", u: ""}
	| (.n | tonumber) * ({m: 0.001, "": 1, k: 1000, M: 1000000, G: 1000000000, Ki: 1024, Mi: 1048576, Gi: 1073741824, Ti: 1099511627776}[.u] // 1);

# Quotas that are used up.
def quota_problems: .body.items[]? | .metadata.name as $name | .status | .hard as $hard | .used as $used
	| ($hard // {} | keys[]) as $k | select($used[$k] != null and ($used[$k] | quantity) >= ($hard[$k] | quantity))
	| select($k | test("pods|jobs|configmaps|cpu|memory|gpu"))
	| problem("quota \($name) is used up: \($k) \($used[$k]) of \($hard[$k])"; "trials wait until something of it is given back; ask for more, or use another namespace:");

# What a cluster's nodes have of the resource that trials ask for.
def node_problems($setup): ($setup.member.gpuResource // "nvidia.com/gpu") as $gpu
	| if ($setup.member.trialGpuNumber // 0) == 0 or .status != 200 then empty
	elif any(.body.items[]?; (.status.allocatable[$gpu] // "0" | quantity) >= $setup.member.trialGpuNumber) then empty
	else problem("no node has \($setup.member.trialGpuNumber) of \($gpu)"; "see `kubectl describe nodes`; gpuResource: names another resource, trialGpuNumber: another number") end;

def check_reply($setup; $s; kind): .id as $id
	| if .status == 0 then problem("no answer: \(.message // "")"; null)
	elif $id == "namespace" then if .status == 404 then problem("there is no namespace \($s.ns)"; "kubectl create namespace \($s.ns), or set namespace:") else empty end
	elif $id == "quota" then if .status == 200 then quota_problems else empty end
	elif $id == "nodes" then node_problems($setup)
	elif $id == "account" then if .status == 404 then problem("there is no service account \($setup.member.serviceAccountName) in \($s.ns)"; "create it, or set serviceAccountName:") else empty end
	elif $id | startswith("secret:") then if .status == 404 then problem("there is no secret \($id[7:]) in \($s.ns), which imagePullSecrets: names";
		"kubectl -n \($s.ns) create secret docker-registry \($id[7:]) --docker-server=... --docker-username=...") else empty end
	elif $id == "storage" or $id == "claim" then . as $r | $setup | storage_fault($r; $s.ns) | problem(.message; .hint)
	else empty end;

# Rights are told together, at the end.
def check_platform($s; $event; kind): . as $setup | $event
	| if .type == "start" then {state: $s, servers: ($setup | server + storage_servers)}
	elif .type == "open" and .server == "storage" then {state: $s}
	elif .type == "open" then {state: ($s + ($setup | opened($event)) + {url: .url}), requests: [{id: "version", path: "/version", tries: 2}]}
	elif .type == "reply" and .id == "version" and .status != 200 then {state: $s, exit: (if .status == 401 or .status == 403 then 6 else 5 end),
		records: [problem("the server does not answer: \(.message // refusal)"; if .status == 401 then "see the user of the kubeconfig" else null end) + {where: $s.url}]}
	elif .type == "reply" and .id == "version" then ($setup + {facts: $s.facts} | check_requests($s.ns; kind)) as $requests
		| {state: ($s + {version: .body.gitVersion?, left: ($requests | length), missing: [], bad: ($s.bad // false)}), requests: $requests}
	elif .type == "reply" and ($s.left // 0) > 0 then
		[check_reply($setup; $s; kind)] as $problems
		| (if (.id | startswith("right:")) and .status < 300 and .status > 0 and .body.status.allowed != true
			then [($setup + {facts: $s.facts} | rights(kind))[.id[6:] | tonumber]] else [] end) as $missing
		| ($s + {left: ($s.left - 1), missing: ($s.missing + $missing), bad: ($s.bad or $problems != [])}) as $n
		| if $n.left > 0 then {state: $n, records: $problems}
		elif $n.missing != [] then {state: $n, exit: 6, records: ($problems + [problem("rights are missing in namespace \($n.ns): "
			+ ([$n.missing | group_by(right_name)[] | (map(.verb) | join(", ")) + " " + (.[0] | right_name)] | join("; ")); grant($n.ns; $n.missing))])}
		elif $n.bad then {state: $n, records: $problems, exit: 1}
		else {state: $n, exit: 0, records: [{type: "place", place: $setup.member.member, server: $n.url, version: $n.version, namespace: $n.ns,
			code: ($setup | code_words)} | with_entries(select(.value != null))]} end
	else {state: $s} end;

# ---- clean: what has our labels, and only that ----

# Kinds of things, one after the other, each in lists of at most 50 until there are none.
def clean_kinds($s; kind): [{path: (. + {facts: $s.facts} | jobs_path($s.ns; kind)), selector: "ours"}, {path: pods_path($s.ns), selector: "ours"},
	((kind | .leaves // []) + (if has_storage_secret then ["secrets"] else [] end) | unique[] | {path: "/api/v1/namespaces/\($s.ns)/\(.)", selector: "ours"}), {path: configmaps_path($s.ns), selector: "owner"}];
def clean_last($s; kind): $s.at + 1 >= (clean_kinds($s; kind) | length);

def clean_list($s; kind): . as $setup | clean_kinds($s; kind)[$s.at] as $k
	| {state: $s, requests: [{id: "list", path: $k.path, tries: 8, query: {limit: "50",
		labelSelector: (if $k.selector == "ours" then $setup | selector else $setup | owner_label end)}}]};

# What is done about one of them: code that others use too is only not ours any more.
def clean_item($k; $owner): . as $o | ($k.path + "/" + .metadata.name) as $path | {uid: .metadata.uid, resourceVersion: .metadata.resourceVersion} as $as_seen
	| if $k.selector == "owner" and any(.metadata.labels | keys[]; startswith("used-by.nni/") and . != $owner) then
		{method: "PATCH", path: $path, headers: {"Content-Type": "application/merge-patch+json"}, body: {metadata: {resourceVersion: .metadata.resourceVersion, labels: {($owner): null}}}}
	else {method: "DELETE", path: $path, body: {apiVersion: "v1", kind: "DeleteOptions", propagationPolicy: "Background",
		preconditions: (if $k.selector == "owner" then $as_seen else {uid: .metadata.uid} end)}} end
	| . + {id: ("item:" + $o.metadata.name), tries: 8};

def clean_failed($s; $message; $code): {state: $s, exit: $code, records: [problem($message; if $code == 6 then "the rights to list and to delete are needed" else "try again" end)]};

def clean_reply($s; $event; kind): . as $setup | clean_kinds($s; kind)[$s.at] as $k | $event
	| if .id == "list" and .status == 200 then [.body.items[] | select(.metadata.deletionTimestamp == null)] as $todo
		| if .body.items == [] then
			if $setup | clean_last($s; kind) then {state: $s, exit: 0} else $setup | clean_list($s + {at: ($s.at + 1), waits: 0}; kind) end
		elif $todo == [] and $s.waits > 600 then clean_failed($s; "\(.body.items | length) things at \($k.path) do not go away"; 5)
		elif $todo == [] then {state: ($s + {waits: ($s.waits + 1)}), wait_ms: 500}
		else {state: ($s + {left: ($todo | length)}), requests: [$todo[] | clean_item($k; $setup | owner_label)]} end
	# its kind does not exist here: nothing of it was left
	elif .id == "list" and .status == 404 then if $setup | clean_last($s; kind) then {state: $s, exit: 0} else $setup | clean_list($s + {at: ($s.at + 1), waits: 0}; kind) end
	elif .id == "list" or (.status >= 400 and .status != 404 and .status != 409) or .status == 0 then
		clean_failed($s; "cannot remove what is left at \($k.path): \(refusal)"; if .status == 403 or .status == 401 then 6 else 5 end)
	elif $s.left > 1 then {state: ($s + {left: ($s.left - 1)})}
	# all were asked for: look again, until there are none
	else {state: ($s + {left: 0}), wait_ms: 100} end;

def clean_platform($s; $event; kind): . as $setup | $event
	| if .type == "start" then {state: $s, servers: ($setup | server)}
	elif .type == "open" then $setup | clean_list($s + opened($event) + {at: 0, waits: 0}; kind)
	elif .type == "reply" then $setup | clean_reply($s; $event; kind)
	elif .type == "timer" then $setup | clean_list($s; kind)
	else {state: $s} end;

# ---- the verbs ----

# Each by itself, so that jq need not look at what the others need.
def of_platform($state; $event): ($state | type) == "object" and $state.platform == true or $event.type == "start";
def platform_state($state): ($state // {}) + {platform: true};

def k8s_submit($state; $event; kind; job_body): if of_platform($state; $event) then submit_platform(platform_state($state); $event)
	else submit_attempt($state; $event; kind; job_body) end;
def k8s_watch($state; $event; kind; job_state): if of_platform($state; $event) then stream_platform(platform_state($state); $event; ["jobs", "pods"]; kind)
	else watch_attempt($state; $event; kind; job_state) end;
def k8s_collect($state; $event; kind; job_state): if of_platform($state; $event) then stream_platform(platform_state($state); $event; ["pods"]; kind)
	else collect_attempt($state; $event; kind; job_state) end;
def k8s_collect($state; $event; kind): k8s_collect($state; $event; kind; {});
def k8s_fetch($state; $event; kind): if of_platform($state; $event) then {state: platform_state($state)} + if $event.type == "start" then {servers: server} else {} end
	else fetch_attempt($state; $event; kind) end;
def k8s_check($state; $event; kind): check_platform(platform_state($state); $event; kind);
def k8s_clean($state; $event; kind): clean_platform(platform_state($state); $event; kind);

def k8s_step($state; $event; kind; job_body; job_state):
	if .verb == "submit" then k8s_submit($state; $event; kind; job_body)
	elif .verb == "watch" then k8s_watch($state; $event; kind; job_state)
	elif .verb == "collect" then k8s_collect($state; $event; kind)
	elif .verb == "fetch" then k8s_fetch($state; $event; kind)
	elif .verb == "check" then k8s_check($state; $event; kind)
	else k8s_clean($state; $event; kind) end;
