# What the platforms on Kubernetes share: code that goes there once, one watch for
# all jobs and one for all pods, and what became of a trial.  Beside it are
# k8s-cluster (names, and what the server says), k8s-pod (a trial's pod), k8s-seen
# (what is known of pods and jobs), k8s-check and k8s-clean.  A platform adds what
# its jobs look like:
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
#	asks: [{account, verb, group, resource, why}]   what its pods ask of the
#				server in the name of a service account, and why
#	leaves: ["secrets"]	of /api/v1, with our labels, for `clean`
#	vanishing: true		pods go when they end: so their logs are followed, and
#				the last metrics are in what the pods leave behind,
#				which k8s_collect learns by a fifth one, job_state
#	main: "worker-0"	of several pods, the one whose log is the trial's stdout;
#				of several so, as "launcher-x7k2p" if it is "launcher", each
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
include "k8s-cluster";
include "storage";
include "k8s-pod";
include "k8s-seen";
include "k8s-check";
include "k8s-clean";

# ---- the whole of a member: the state of the key "" ----

# -- submit: code goes to the cluster once, in ConfigMaps; then jobs can be made --

# A ConfigMap holds 1 MiB; etcd, as a whole, little more than some GiB.
def part_bytes: 716800;

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
			hint: (if .status == 403 then "ConfigMaps are made for it: create and patch are needed" else remedy end), infra: no_fault}) end
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
		else stream_rest($n; $name; "watch") + if [403, 404] | index([$event.status]) then {records: [$event | stream_error($s; $name)]} else {} end end
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
	elif .type == "reply" and over_quota then {state: null, records: [{no_room: no_room_words}]}
	elif .type == "reply" then placed($s; {status: "FAILED", reason: (refusal + if remedy then "; " + remedy else "" end), infra: no_fault})
	else {state: $s} end;

# ---- watch: an attempt ----

def present: [.pods // {} | .[] | select(.gone != true)];
def nothing_left: (.j.gone // false) and (present == []);
# Somebody deleted the job alone (--cascade=orphan), and its pods have ended.
def orphans_ended: (.j.gone // false) and (present | . != [] and all(.[]; .ph == "ended" and .del != true));

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

# Of a job that gave up after its only pod: was the pod taken away?
def pod_taken($t): (.j.reason // "" | startswith("BackoffLimitExceeded")) and if $t then $t.own == false else present == [] end;

# The end of an attempt, or null while there is none.
def verdict($setup; $single): . as $s | (.j // {}) as $j | telling as $t
	| if $j.phase == "succeeded" then {status: "SUCCEEDED", exit_code: 0}
	elif $s.doom then if nothing_left then {status: "FAILED"} + $s.doom else null end
	elif $j.phase == "stopped" then $s | ended_by($s + {stopped: $j})
	elif ($j.phase == "failed" or $j.gone) and (($t != null and ($t | over($setup))) or ($j.early and $setup.config.maxTrialDuration != null)) then $setup | too_long($setup)
	elif $j.phase == "failed" and $t != null and ($t.own or $t.infra) then $t | pod_failure($setup)
	elif $j.phase == "failed" and ($j.del or $j.gone) != true and ($s.asked == "answered" or $j.infra) then
		($single and pod_taken($t)) as $taken
		| {status: "FAILED", reason: (if $taken then "its pod was deleted, and not by us" else $j.reason // "the job failed" end)}
		+ (if $j.infra or $taken or ($t == null and $single) then {infra: true} else {} end)
		+ (($t.code // $j.exit_code) as $code | if $code then {exit_code: $code} else {} end)
	elif nothing_left or orphans_ended | not then null
	elif $single and $t.own and $t.code == 0 then {status: "SUCCEEDED", exit_code: 0}
	elif $single and $t.own then $t | pod_failure($setup)
	else ended_by($s) end;

# What an attempt is that has not ended.
def living: . as $s | present as $pods
	| if any($pods[]; .ph == "unknown") then {status: "UNKNOWN", reason: (first($pods[] | .infra // empty) // "its node does not answer")}
	elif $s.j.phase == "running" or any($pods[]; .ph == "running" or (.ph == "ended" and .idle != true)) then {status: "RUNNING"}
		# of several pods one will hardly start
		+ (first(($s.doom | values | {reason}), ($s.pods // {} | to_entries[] | select(.value.stuck and .value.gone != true)
			| {reason: "pod \(.key): \(.value.wait)"})) // {})
	elif $s.j == null then {status: "WAITING", reason: "it was not started yet"}
	else {status: "WAITING", reason: ($s.doom.reason // first($pods[] | .wait // empty) // $s.why // $s.j.reason // "it has no pod yet")} end;

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
			and (.j.phase == "waiting" or .j.phase == "running") and .j.del != true and .pods[$e.body.object.metadata.name].own != true
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
		elif ($r.id | startswith("pod:")) and ($r.status < 200 or $r.status >= 300) and $r.status != 404 then .later = true | .trouble = ($r | refusal)
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

# The pods of a job that somebody deleted alone stay, and have to be deleted by themselves.
def act_orphans($s): if ($s.cancel or $s.doom) and $s.j.gone and $s.job != null and $s.later != true then
		reduce ($s.pods // {} | to_entries[] | select(.value.gone != true and .value.del != true and .value.ph != "ended") | .key) as $name (.;
			ask("pod:" + $name; {method: "DELETE", path: (($s.job.path | namespace_of | pods_path(.)) + "/" + $name)}))
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
		| act_delete($s) | act_orphans($s) | act_ask($s; $setup) | act_timer($s; $setup)
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

def is_main($source; $kind): $kind.main != null and ($source == $kind.main or ($source | startswith($kind.main + "-")));

# The file of a pod's log.
def log_name($source; $kind): if $source == null or is_main($source; $kind) then "stdout" else "stdout." + $source end;

# A pod's log is `log`: "poll", "final" or "follow" while it is read so, then "done"; or why it is missing.
def log_request($setup; $name; $how; $kind): (if $kind.single then null else pod_source($name; $setup) end) as $source
	| {id: ("log:" + $name), as: "log", stamps: true, source: $source,
	path: ((.ns | pods_path(.)) + "/" + $name + "/log"),
	query: {container: $kind.container, timestamps: "true", follow: (if $how == "follow" then "true" else null end)}}
	+ if $kind.single then {} else {once: true} end
	+ if $kind.vanishing then {keep: true, name: log_name($source; $kind)} else {} end
	+ if $how == "poll" then {calm: true} elif $how == "final" then {tries: 8, last: true} else {follow: true, tries: 1, timeout_ms: 600000, last: true} end
	| with_entries(select(.value != null));

# How many logs are followed at once, at most: each has a connection.
def follow_max: 50;

def logs_open: [.pods // {} | .[] | select(.log == "poll" or .log == "final" or .log == "follow")] != [];

def pod_readable: .ph == "running" or (.ph == "ended" and .idle != true) or .ph == "unknown";

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
	| if any($pods[]; is_main(.source; $kind) and .log == "done") then null else
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

# ---- fetch: logs of trials that still have their pods, and what trials wrote to a storage ----

def attempt_dir: if .attempt > 1 then "\(.trial)-\(.attempt)" else .trial end;

def fetched($s): {state: null, records: [{fetched: true, files: ($s.files // 0), bytes: ($s.bytes // 0)} + if $s.error then {error: $s.error} else {} end]};
# One reply more of files that came.
def came($s; $reply): $s + {files: (($s.files // 0) + ($reply.files // if ($reply.bytes // 0) > 0 then 1 else 0 end)), bytes: (($s.bytes // 0) + ($reply.bytes // 0))};

def fetch_pods($s): {state: $s, requests: [{id: "pods", tries: 8,
	path: ($s.ns | pods_path(.)), query: {labelSelector: "nni-exp=\(.experiment),nni-attempt=\($s.key)"}}]};

def bring($path; $record): {id: "bring", as: "bring", file: ($path + if $record.folder then "/\($record.folder)" else "" end), folder: $record.folder}
	| with_entries(select(.value != null));

def fetch_attempt($state; $event; kind): . as $setup | ($state // {}) as $s | kind as $kind | $event
	| if .type == "line" then .record as $r | ($r | attempt_dir) as $dir
		| if $r.job | type != "object" then fetched({})
		else {key: "\($r.trial)-\($r.attempt)", ns: ($r.job.path | namespace_of)} as $n | $setup
			| if $r.what != "all" then fetch_pods($n)
			elif outputs_here($dir) == null then fetch_pods($n + {error: outputs_far($dir)})
			# what pods print is not theirs
			else {state: ($n + {folder: ($r.folder != null)}), requests: [bring(outputs_here($dir); $r) + {but: ["stdout", "stderr", "trial.log", "parameter.cfg"]}]} end
		end
	elif .type == "reply" and .id == "bring" then . as $reply
		| (came($s; $reply) + if .status == 200 or .status == 404 then {} else {error: .message} end) as $n
		| if $s.folder then fetched($n) else $setup | fetch_pods($n) end
	elif .type == "reply" and .id == "pods" then
		if .status != 200 then fetched($s + {error: refusal})
		else [.body.items[] | select(any(.status.containerStatuses[]?; .state.running or .state.terminated)) | .metadata.name] as $names
			| if $names == [] then fetched($s + if .body.items == [] and $kind.vanishing != true then {error: "its pods are gone, and their logs with them"} else {} end)
			else {state: ($s + {left: ($names | length)}), requests: [$names | to_entries[] | {id: .value, as: "file", tries: 8,
				name: (if $kind.single or ($names | length) == 1 then "stdout" else .value as $name | $s | log_name(pod_source($name; $setup); $kind) end),
				path: (($s.ns | pods_path(.)) + "/" + .value + "/log"), query: {container: $kind.container}}]} end
		end
	elif .type == "reply" then (if .status == 200 then came($s; .) else $s + {error: refusal} end) as $n
		| if $n.left > 1 then {state: ($n | .left -= 1)} else fetched($n) end
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
