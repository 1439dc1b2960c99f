# Reuse: a job stays for many trials, an environment.  In its pod runs
# nni-platform-local(8), which takes orders from a file of a folder that this
# machine and the pod both see, and says there what becomes of them.
#
# An environment is an attempt to k8s.jq, "envir-1000001" the first: its job is
# made and watched as a trial's.  The trials that it runs have no job of their
# own; theirs is {environment: "envir-1000001", path, uid}.
#
#	LOCAL/nni/E/environments/MEMBER/agents/		the program for the pods
#	LOCAL/nni/E/environments/MEMBER/envir-1000001/E/	an environment's folder
include "k8s";
include "storage";

def first_environment: 1000001;
def is_environment($key): $key | startswith("envir-");

# Why reuseMode cannot be had, or null.
def reuse_problem: if storage.localMountPoint == null then "storage has no localMountPoint, a folder that this machine and the pods both see"
	elif storage_mounts | not then "pods cannot mount the storage"
	elif ([.member.taskRoles[]? | .taskNumber // 1] | add // 1) > 1
		or ([.member.worker, .member.ps, .member.master, .member.chief, .member.evaluator, .member.launcher | objects | .replicas // 1] | add // 1) > 1
		then "a trial has several pods"
	else null end;
def reuses: .member.reuseMode == true and reuse_problem == null;

def environments_below: "/nni/\(.experiment)/environments/\(.member.member | label_value)";
def environments_here: (storage.localMountPoint | sub("/+$"; "")) + environments_below;
def environment_file($key; $name): environments_here + "/\($key)/\(.experiment)/\($name)";

# What the pod runs in place of a trial.
def environment_command: . as $setup | "/tmp/mount" + environments_below
	| "\(.)/\($setup.trial.key)/\($setup.experiment)" as $dir
	| "cat \"$NNI_SYS_DIR/parameter.cfg\" >\($dir + "/config.json" | @sh)\n"
	+ "agent=\(. + "/agents/linux" | @sh)\n[ ! -x \"$agent-$(uname -m)\" ] || agent=$agent-$(uname -m)\n"
	+ "exec \"$agent\" environment --dir \($dir | @sh) --member \($setup.member.member | @sh)";

def trial_command: .member as $m | first($m.trialCommand, ($m.taskRoles[]? | .command), ($m | .worker?, .master?, .chief?, .launcher? | .command?) | select(. != null)) // "";

def environment_config: {trialConcurrency: 1, maxTrialDuration: .config.maxTrialDuration, killGrace: .config.killGrace, multiPhase: .config.multiPhase,
	trainingService: [{member: .member.member, platform: "local", trialCommand: trial_command, trialCodeDirectory: "/nni/run/code"}]}
	| with_entries(select(.value != null));

# SETUP for the body of an environment's job.  The configuration comes as the
# parameters of a trial would.
def as_environment: environment_command as $command
	| .member.trialCommand = $command | .config.maxTrialDuration = null
	| (.member.taskRoles[]? | .command) = $command
	| reduce ("worker", "ps", "master", "chief", "evaluator", "launcher") as $r (.; if .member[$r] | type == "object" then .member[$r].command = $command else . end);

def most_environments: [.config.trialConcurrency // 1, .member.maxConcurrency // empty] | min;

# ---- submit: which environment is free ----

def slot_round($s; kind): . as $setup | {state: ($s | .round = {left: 1, e: {}}), requests: [{id: "slot-list", path: jobs_path($s.ns; kind),
	query: {labelSelector: (selector + ",nni-trial=envir"), limit: "500"}}]};

# All is known: who waits gets one, a new one, or none.
def slot_decide($s): . as $setup | most_environments as $most
	| reduce $s.waiting[] as $key ({state: ($s | .waiting = [] | del(.round)), send: []};
		.state as $n | ($n.taken // {}) as $taken
		| (first($s.round.e | to_entries[] | select($taken[.key] == null and .value.o == .value.n and (.value.s == "free" or .value.s == null))) // null) as $free
		| if $free then .state.taken[$free.key] = $key | .send += [{to: $key, event: {type: "slot", env: $free.key, uid: $free.value.uid}}]
		elif ($s.round.e + $taken | length) < $most then
			"envir-\($n.next)" as $new | .state.next += 1 | .state.taken[$new] = $key | .send += [{to: $key, event: {type: "slot", env: $new, new: true}}]
		else .send += [{to: $key, event: {type: "full", most: $most}}] end);

def slot_answered($s): if $s.round.left > 1 then {state: ($s | .round.left -= 1)} else slot_decide($s) end;

def slot_listed($s; $event; job_state): . as $setup | $event
	| if .status != 200 then {state: ($s | .waiting = [] | del(.round)), send: [$s.waiting[] | {to: ., event: {type: "fault", reason: ("environments cannot be listed: " + ($event | refusal)), infra: true}}]}
	else ([.body.items[] | .metadata.labels["nni-attempt"] | split("-")[1] | tonumber] | max // 0) as $last
		| [.body.items[] | select(.metadata.deletionTimestamp == null and (job_state | .phase == "waiting" or .phase == "running"))
			| {key: .metadata.labels["nni-attempt"], value: {uid: .metadata.uid, o: 0, n: 0}}] as $live
		| ($s | .next = ([.next // first_environment, $last + 1] | max) | .round = {left: (2 * ($live | length)), e: ($live | from_entries)}) as $n
		| if $live == [] then $setup | slot_decide($n)
		else {state: $n, requests: [$live[].key as $key | {id: "slot-said:\($key)", as: "records", file: ($setup | environment_file($key; "said.jsonl"))},
			{id: "slot-count:\($key)", as: "append", file: ($setup | environment_file($key; "orders.jsonl"))}]} end
	end;

def environments_platform($s; $event; kind; job_state): . as $setup | $event
	| if .type == "slot" then ($s | .waiting += [$event.key]) as $n | if $n.round then {state: $n} else $setup | slot_round($n; kind) end
	elif .type == "given" then {state: ($s | del(.taken[$event.env]))}
	elif .type == "piece" and (.id | startswith("slot-said:")) then (.id | ltrimstr("slot-said:")) as $key
		| .body as $b
		| {state: ($s | if $b.type == "environment" then .said[$key] = {s: $b.state, o: $b.orders} else . end)}
	elif .type == "reply" and .id == "slot-list" then . as $r | $setup | slot_listed($s; $r; job_state)
	elif .type == "reply" and (.id | startswith("slot-said:")) then (.id | ltrimstr("slot-said:")) as $key
		| $setup | slot_answered($s | .round.e[$key] += (.said[$key] // {}))
	elif .type == "reply" and (.id | startswith("slot-count:")) then (.id | ltrimstr("slot-count:")) as $key | (.orders // 0) as $n
		| $setup | slot_answered($s | .round.e[$key].n = $n)
	# experiments that are over need no environments
	elif .type == "end" and $setup.once != true then . as $e | $setup | submit_platform($s; $e)
		| .requests = (.requests // []) + [{id: "slot-leave", as: "leave", file: ($setup | environments_here), rest: "\($setup.experiment)/orders.jsonl"}]
	elif .type == "reply" and .id == "slot-leave" then {state: $s}
	else . as $e | $setup | submit_platform($s; $e) end;

# ---- submit: a trial ----

def given($s): [{to: "", event: {type: "given", env: $s.env}}];
def environment_job($s): {environment: $s.env, path: ($s.path + "/" + job_name($s.env)), uid: $s.uid} | with_entries(select(.value != null));
def order($s): {state: $s, requests: [{id: "order", as: "append", record: true, file: environment_file($s.env; "orders.jsonl")}]};

def create_environment($s; kind; job_body): . as $setup
	| (. + {facts: $s.ready.facts, trial: {key: $s.env, name: job_name($s.env), trial: "envir", attempt: ($s.env | split("-")[1] | tonumber), sequence: 0,
		parameters: (environment_config | tojson), namespace: $s.ready.ns, labels: trial_labels($s.env), archives: $s.ready.archives}} | as_environment | job_body) as $body
	| {state: $s, requests: [{id: "create", method: "POST", path: $s.path, body: $body}]};

def environments_submit($s; $event; kind; job_body): . as $setup | $event
	| if .type == "line" and .record.type == "trial" then "\(.record.trial)-\(.record.attempt)" as $key
		| {state: {key: $key, line: true}, send: [{to: "", event: {type: "want", key: $key}}]}
	elif $s.line == null then {state: $s}
	elif .type == "ready" and $s.ready == null then ($s + {ready: {ns, facts, archives}}) as $n
		| {state: ($n + {path: ($setup + {facts: $event.facts} | jobs_path($event.ns; kind))}),
		   requests: [{id: "find", as: "find", file: ($setup | environments_here), rest: "\($setup.experiment)/orders.jsonl"}]}
	elif .type == "fault" then
		if .again then {state: null, records: [{no_room: .reason}]}
		else placed($s; {status: "FAILED", reason: (.reason + if .hint then "; " + .hint else "" end)} + if .infra then {infra: true} else {} end) end
	elif .type == "full" then {state: null, records: [{no_room: "\(.most) environments are busy"}]}
	elif .type == "slot" then ($s + {env, uid}) as $n
		| if .new then {state: $n, requests: [{id: "agents", as: "copy", file: ($setup | environments_here + "/agents")}]} else $setup | order($n) end
	elif .type != "reply" then {state: $s}
	elif .id == "find" and .status == 200 then ($s + {env: .folder}) as $n | placed($s; {job: ($setup | environment_job($n))})
	elif .id == "find" and .status == 404 then {state: $s, send: [{to: "", event: {type: "slot", key: $s.key}}]}
	elif .id == "agents" and .status == 200 then {state: $s, requests: [{id: "owner", as: "put", file: ($setup | environment_file($s.env; "owner")), text: $setup.experiment}]}
	elif .id == "owner" and .status == 201 then $setup | create_environment($s; kind; job_body)
	# somebody was here before: the next number
	elif (.id == "owner" or .id == "create") and .status == 409 then {state: ($s | del(.env)), send: (given($s) + [{to: "", event: {type: "slot", key: $s.key}}])}
	elif .id == "create" and .status >= 200 and .status < 300 then .body.metadata.uid as $uid | $setup | order($s + {uid: $uid})
	elif .id == "create" and over_quota then {state: null, records: [{no_room: refusal}], send: given($s)}
	elif .id == "order" and .status == 200 then placed($s; {job: ($setup | environment_job($s))}) + {send: given($s)}
	else placed($s; {status: "FAILED", reason: (refusal + if remedy then "; " + remedy else "" end), infra: (.status == 0 or .status >= 500)})
		+ if $s.env then {send: given($s)} else {} end end;

# ---- watch: an environment ----

# What k8s.jq says of its job is told to its trials.
def environment_told($s; $out): ($s | .w = $out.state) as $n
	| ([$out.records[]? | select(.status)] | last // $s.st) as $st
	| {state: ($n + {st: $st}), requests: ($out.requests // []),
	   records: [$out.records[]? | select(.error)],
	   send: (($out.send // []) + if $st == $s.st then [] else [$s.keys[]? | {to: ., event: {type: "env", st: $st}}] end)}
	+ if $out | has("wait_ms") then {wait_ms: $out.wait_ms} else {} end;

def environment_watched($s; $event; kind; job_state): . as $setup | $event
	| if .type == "member" then ($s | .keys = (.keys // []) + [$event.key]) as $n
		| (.env | split("-")[1] | tonumber) as $number
		| (if $s.began then {state: $n, send: []} else . as $e | $setup
			| environment_told($n + {began: true}; watch_attempt($n.w; {type: "line", record: {type: "trial", trial: "envir", attempt: $number, job: ($e.job | {path, uid} | with_entries(select(.value != null)))}}; kind; job_state))
			| .requests += [{id: "follow", as: "records", follow: true, file: ($setup | environment_file($e.env; "said.jsonl"))}] end)
		| .send += (if .state.st then .state.st as $st | [{to: $event.key, event: {type: "env", st: $st}}] else [] end)
	elif .type == "gone" then {state: ($s | .keys = (.keys // []) - [$event.key])}
	elif .type == "piece" and .id == "follow" then {state: $s}
	else . as $e | $setup | environment_told($s; watch_attempt($s.w; $e; kind; job_state)) end;

# ---- watch: a trial in one ----

def is_end: . as $x | ["SUCCEEDED", "FAILED", "USER_CANCELED", "SYS_CANCELED", "EARLY_STOPPED"] | index([$x]) != null;

def over_here($s; $record): {state: {key: $s.key, ended: true}, records: [$record], wait_ms: null,
	send: (if $s.env then [{to: $s.env, event: {type: "gone", key: $s.key}}] else [] end)};

def environment_lost($s): "its environment \($s.job.path | split("/") | last) was lost"
	+ ($s.est | if .reason then ": " + .reason elif .exit_code then ": it ended with exit code \(.exit_code)" else "" end);

# No word of its end will come.
def lost($s): ({user: "USER_CANCELED", early: "EARLY_STOPPED", system: "SYS_CANCELED"}[$s.intent // ""]) as $meant
	| if $meant then over_here($s; {status: $meant}) else over_here($s; {status: "FAILED", infra: true, reason: environment_lost($s)}) end;

def trial_in_environment($s; $setup): if $s.est.status // "" | is_end then
		if $s.asked then {state: $s} else {state: ($s + {asked: true}), requests: [{id: "last", as: "records", file: ($setup | environment_file($s.env; "said.jsonl"))}]} end
	elif $s.read != true then {state: $s}
	else {state: $s, records: [
		if $s.est.status == "UNKNOWN" then $s.est | {status, reason}
		elif $s.st then $s.st
		elif $s.est.status == "RUNNING" then {status: "WAITING", reason: "its environment takes it soon"}
		else {status: "WAITING", reason: ("its environment waits" + ($s.est.reason | if . then ": " + . else "" end))} end]} end;

def environments_trial($state; $event): . as $setup | ($state // {}) as $s | $event
	| if $s.ended then {state: $s}
	elif .type == "line" and .record.type == "trial" then .record as $r | "\($r.trial)-\($r.attempt)" as $key
		| ($s + {key: $key, line: true, intent: ($r.intent // $s.intent)}) as $n
		| if $r.job then {state: ($n + {env: $r.job.environment, job: $r.job}),
			send: [{to: $r.job.environment, event: {type: "member", env: $r.job.environment, key: $key, job: $r.job}}],
			requests: ([{id: "read", as: "records", file: ($setup | environment_file($r.job.environment; "said.jsonl"))}])}
		else {state: $n, records: [{status: "WAITING", reason: "it was not started yet"}]} end
	elif .type == "line" and .record.type == "cancel" then .record as $r
		| ($s + {intent: (if $r.early then "early" elif $r.system then "system" else "user" end)}) as $n
		| if $s.env == null then {state: $n, requests: [{id: "find", as: "find", file: ($setup | environments_here), rest: "\($setup.experiment)/orders.jsonl"}]}
		else {state: $n, requests: [{id: "cancel", as: "append", file: ($setup | environment_file($s.env; "orders.jsonl")),
				text: ({type: "cancel", trial: $r.trial, attempt: $r.attempt, early: ($r.early // false), system: ($r.system // false)} | tojson)}],
			# a pod that has not begun reads no orders
			send: (if $s.st == null and $s.est.status == "WAITING" then [{to: $s.env, event: {type: "line", record: {type: "cancel", system: true}}}] else [] end)}
		end
	elif .type == "piece" and .body.type == "status" then .body as $b
		| ($b | {status, reason, exit_code, signal, infra} | with_entries(select(.value != null))) as $record
		| if $b.status | is_end then over_here($s; $record) else trial_in_environment($s + {st: $record}; $setup) end
	elif .type == "piece" and .body.type == "error" then {state: $s, records: [.body | {error: .message, where, hint} | with_entries(select(.value != null))]}
	elif .type == "env" then trial_in_environment($s + {est: .st}; $setup)
	elif .type == "reply" and .id == "read" then trial_in_environment($s + {read: true}; $setup)
	elif .type == "reply" and .id == "last" then lost($s)
	elif .type == "reply" and .id == "find" and .status == 404 then lost($s)
	elif .type == "reply" and .id == "cancel" and .status != 200 then {state: $s, records: [{error: "the cancel cannot be written: \(refusal)"}]}
	else {state: $s} end;

# ---- collect ----

def environments_collect($state; $event): . as $setup | ($state // {}) as $s | $event
	| if $s.ended then {state: $s}
	elif .type == "member" then {state: {follows: true}} + if $s.follows then {} else
		{requests: [{id: "follow", as: "records", follow: true, file: (.env as $env | $setup | environment_file($env; "said.jsonl"))}]} end
	elif .type == "line" and .record.type == "trial" then .record as $r | "\($r.trial)-\($r.attempt)" as $key
		| {state: ($s + {key: $key, env: $r.job.environment?})}
		+ if $r.job.environment? then {send: [{to: $r.job.environment, event: {type: "member", env: $r.job.environment}}]} else {} end
	elif .type == "line" and .record.type == "status" then
		if $s.env == null then {state: {key: $s.key, ended: true}, records: [{done: true}]}
		else {state: $s, requests: [{id: "last", as: "records", file: ($setup | environment_file($s.env; "said.jsonl"))}]} end
	elif .type == "piece" and .body.type == "status" then {state: ($s + if .body.status | is_end then {over: true} else {begun: true} end)}
	elif .type == "reply" and .id == "last" then {state: {key: $s.key, ended: true}, records: [{done: true}
		+ if $s.begun and $s.over != true then {metrics_incomplete: "its environment was lost, and with it perhaps what it reported last"} else {} end]}
	else {state: $s} end;

# ---- check and clean ----

def reuse_warning: if .member.reuseMode == true and reuse_problem != null then
	"one job a trial is used, and not reuseMode, since \(reuse_problem)" else null end;

def environments_clean($s; $event; kind): . as $setup
	| if $event.type == "reply" and $event.id == "share" then {state: $s, exit: (if $event.status == 200 then 0 else 5 end),
		records: (if $event.status == 200 then [] else [problem("what is left in localMountPoint cannot be removed: \($event.message // "")"; null)] end)}
	else clean_platform($s; $event; kind) | if .exit == 0 then del(.exit) | .requests = [{id: "share", as: "remove", file: ($setup | environments_here)}] else . end end;

# ---- the verbs: k8s.jq's, where jobs are for many trials ----

def env_submit($state; $event; kind; job_body; job_state): if reuses | not then k8s_submit($state; $event; kind; job_body)
	elif of_platform($state; $event) then environments_platform(platform_state($state); $event; kind; job_state)
	else environments_submit($state // {}; $event; kind; job_body) end;

def env_of($state; $event): ($state.w? != null) or ($state.began? == true) or $event.type == "member"
	or ($event.type == "piece" and ([$event.body | (.object?, .) | objects | .metadata?.labels?["nni-trial"]? // empty] | index(["envir"])) != null);

def env_watch($state; $event; kind; job_state): if reuses | not then k8s_watch($state; $event; kind; job_state)
	elif of_platform($state; $event) then stream_platform(platform_state($state); $event; ["jobs", "pods"]; kind)
	elif env_of($state; $event) then environment_watched($state // {}; $event; kind; job_state)
	else environments_trial($state; $event) end;

def env_collect($state; $event; kind; job_state): if reuses | not then k8s_collect($state; $event; kind; job_state)
	elif of_platform($state; $event) then {state: platform_state($state)}
	else environments_collect($state; $event) end;
def env_collect($state; $event; kind): env_collect($state; $event; kind; {});

def env_fetch($state; $event; kind): if reuses | not then k8s_fetch($state; $event; kind)
	elif of_platform($state; $event) then {state: platform_state($state)}
	elif $event.type == "line" then $event.record as $r | if $r.job | type != "object" or .environment == null then fetched({})
		else {state: {}, requests: [bring(environment_file($r.job.environment; "trials/" + ($r | attempt_dir)); $r)
			+ if $r.what == "all" then {} else {only: ["stdout", "stderr", "trial.log"]} end]} end
	elif $event.type == "reply" and $event.id == "bring" then fetched(came({}; $event) + if $event.status == 200 or $event.status == 404 then {} else {error: $event.message} end)
	else {state: $state} end;

def env_check($state; $event; kind): reuse_warning as $why | k8s_check($state; $event; kind)
	| if $why == null then . else .records = [.records[]? | if .type == "place" then .warning = ([$why, .warning // empty] | join("; ")) else . end] end;

def env_clean($state; $event; kind): if .member.reuseMode == true and storage.localMountPoint != null then environments_clean(platform_state($state); $event; kind)
	else k8s_clean($state; $event; kind) end;
