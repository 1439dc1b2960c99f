# A trial as a job of DLTS, the Deep Learning Training Service (DLWorkspace), by
# the API of its dashboard, which NNI called, too.  What is odd about it: what it
# refuses comes with status 200 and {"error"}, an empty page of a log with 404.
include "polled";
include "trial";

# ---- names and paths ----

# Ours, so that a job that is submitted again is refused; 50 characters at most.
def dlts_prefix: experiment_prefix as $p | if ($p | length) <= 38 then $p else "nni-\(.experiment)-" end;
def dlts_id($key): dlts_prefix + $key;

def cluster: .member.cluster // ".default";
def cluster_path: "/clusters/\(cluster | @uri)";
def team_path: "/teams/\(.member.team // "" | @uri)" + cluster_path;
def job_path($id): cluster_path + "/jobs/\($id | @uri)";

# In whatever content type it came.
def dlts_body: .body | if type == "string" then (fromjson? // .) else . end;
def dlts_error: dlts_body | if type == "object" then .error // empty else empty end | if type == "object" then .message // tojson else tostring end | one_line(500);
def dlts_words: dlts_error // refusal;

def let_in_hint: "email and password are those that the dashboard shows (password is not that of the login), or NNI_DLTS_PASSWORD has the latter";

# ---- who is talked to ----

def dlts_servers: .member as $m | {main: {kind: "query", url: ($m.dashboard | sub("/+$"; "") + "/api"),
	secrets: ({email: $m.email} + if $m.password then {password: $m.password}
		elif $m.passwordFile then {passwordFile: $m.passwordFile}
		elif $m.passwordCommand then {passwordCommand: $m.passwordCommand}
		elif env.NNI_DLTS_PASSWORD then {passwordEnv: "NNI_DLTS_PASSWORD"}
		else {passwordEnv: "DLTS_JOB_TOKEN"} end)}};

# ---- before anything else: the team, the kind of GPU, the code ----

# Of metadata, whose keys are kinds of GPUs and a few other things.
def as_object: if type == "string" then (fromjson? // {}) else . end | objects // {};
def gpu_kinds: [as_object | to_entries[] | select(.value | type == "object") | select(.key | test("quota|user|admin|share"; "i") | not) | .key];

# How much of code can stand in a command: Linux takes 128 KiB for one word of one.
def embedded_max: 102400;
def in_base64: (. + 2) / 3 | floor * 4;
def embedded_bytes($prepared): if .member.codeUrl then 0 else $prepared.code.bytes | in_base64 end;
def code_words: if .member.codeUrl then "fetched by each job from codeUrl" else "in the command of each job" end;

def code_fault($prepared): embedded_bytes($prepared) as $n | if $n <= embedded_max then null else
	{reason: "the code is \($n / 1024 | floor) KiB when packed and written as text, and the command of a job takes \(embedded_max / 1024) KiB",
	 hint: "leave files out by .nniignore (nni-pack --list shows them), or set codeUrl to where jobs can fetch an archive (.tgz) of it", code: 3} end;

def dlts_plan: . as $in | .facts as $f | .reply as $r
	| if $r == null or $r.type == "timer" then {facts: $f, requests: [{id: "team", path: team_path} + if .verb == "check" then {tries: 2} else {} end]}
	elif $r.id != "team" then {facts: $f}
	elif $r.status == 401 or $r.status == 403 then {facts: $f, fault: {reason: "DLTS does not let \(.member.email) in: \($r | dlts_words)", hint: let_in_hint, infra: true, code: 6}}
	elif $r.status == 404 or ($r.status == 200 and ($r | dlts_body | objects | .vcName // .quota // .metadata) == null) then
		{facts: $f, fault: {reason: "there is no team \(.member.team) on the cluster \(cluster) of DLTS\([$r | dlts_error | ": " + .] | add // "")", hint: "see team and cluster", infra: true, code: 3}}
	elif $r.status != 200 then {facts: $f, fault: {reason: "DLTS does not tell of the team \(.member.team): \($r | dlts_words)", again: true, code: 5}}
	else ($r | dlts_body) as $team
		| {vcName: ($team.vcName // .member.team), gpus: ($team.metadata | gpu_kinds), quota: ($team.quota | as_object), prepared: .prepared} as $n
		| (.member.gpuType // $n.gpus[0] // "") as $gpu
		| (if .prepared then code_fault(.prepared) else null end) as $fault
		| if $fault then {facts: $n, fault: $fault} else {facts: ($n + {gpuType: $gpu}), ready: true} end
	end;

# ---- a job ----

# Its first words tell whose it is, whatever else is in it.
def mark($t): ": nni \(.experiment) \($t.key) \($t.parameters | @base64); ";

# The trial's own variables, where the job has its folder.
def dlts_program($t): "NNI_PARAMETERS=\($t.parameters | @sh)\n"
	+ (trial_variables($t; {}; "") | to_entries | map("export \(.key)=\(if .key == "NNI_SYS_DIR" or .key == "NNI_OUTPUT_DIR" or .key == "NNI_CODE_DIR"
		then "$NNI_ROOT" + (.value | @sh) else .value | @sh end)\n") | add)
	+ trial_script;

def get_code: "(curl -q -fsSL --retry 8 -o F URL || wget -q -O F URL || python3 -c 'import sys, urllib.request as u; u.urlretrieve(sys.argv[2], sys.argv[1])' F URL) || { echo 'nni: cannot fetch the code: the image needs curl, wget or python3' >&2; exit 125; }; "
	| gsub("F "; "\"$NNI_ROOT/code.d/0.part\" ");

# The command in pieces: what is in quotes is base64, so that nobody on its way
# finds anything to replace.
def dlts_cmd($t; $prepared): . as $setup
	| [mark($t) + "NNI_ROOT=${TMPDIR:-/tmp}/\(dlts_id($t.key)); export NNI_ROOT; mkdir -p \"$NNI_ROOT/code.d\" || exit 125; "]
	+ (if .member.codeUrl then [.member.codeUrl as $u | get_code | split("URL") | join($u | @sh)]
	else ["printf %s ", {file: "code.tgz", at: 0, length: $prepared.code.bytes, encoding: "base64"}, " | base64 -d >\"$NNI_ROOT/code.d/0.part\"; "] end)
	+ ["printf %s \($setup | dlts_program($t) | @base64) | base64 -d >\"$NNI_ROOT/start.sh\" && exec sh \"$NNI_ROOT/start.sh\""];

def dlts_job($t; $f): . as $setup
	| {team: .member.team, vcName: $f.vcName, jobId: dlts_id($t.key), jobName: dlts_id($t.key), jobType: "training", jobtrainingtype: "RegularJob",
	   userName: .member.email, gpuType: $f.gpuType, resourcegpu: (.member.trialGpuNumber // 0), image: .member.dockerImage,
	   ssh: false, ipython: false, tensorboard: false, workPath: "", enableworkpath: true, dataPath: "", enabledatapath: false, jobPath: "",
	   enablejobpath: true, mountpoints: [], env: [], hostNetwork: false, useGPUTopology: false, isPrivileged: false, hostIPC: false,
	   preemptionAllowed: "False", interactivePorts: []} as $body
	| {method: "POST", path: (cluster_path + "/jobs"), headers: {"Content-Type": "application/json"},
	   parts: ([($body | tojson | .[:-1]) + ",\"cmd\":\""] + [dlts_cmd($t; $f.prepared)[] | if type == "string" then tojson | .[1:-1] else . end] + ["\"}"])};

# ---- what a job is to us ----

# The second time that something began, or ended, in seconds; null if it is not told.
def detail_time($name): (.jobStatusDetail | if type == "array" then .[0] else . end | objects | .[$name] | strings | .[0:19] | (. + "Z" | try fromdateiso8601 catch null)) // null;
def took_too_long($setup): ($setup.config.maxTrialDuration // null) as $max | detail_time("startedAt") as $a | detail_time("finishedAt") as $b
	| $max != null and $a != null and $b != null and $b - $a >= $max;

def dlts_why: first((.errorMsg, .message, (.jobStatusDetail | if type == "array" then .[0] else . end | objects | .message)) | strings | select(. != "") | one_line(500)) // null;

def dlts_seen($setup): (dlts_why) as $why
	| {enough: true, job: (if .jobId then {id: .jobId} else null end)}
	+ if .jobStatus == "unapproved" then {phase: "waiting", reason: "it waits for somebody to approve it"}
	elif .jobStatus == "queued" or .jobStatus == "scheduling" then {phase: "waiting", reason: ($why // "in the queue")}
	elif .jobStatus == "paused" or .jobStatus == "pausing" then {phase: "waiting", reason: "it is \(.jobStatus) on DLTS, where it can be resumed"}
	elif .jobStatus == "running" then {phase: "running"}
	elif .jobStatus == "killing" then {phase: "ending"}
	elif .jobStatus == "finished" then {phase: "succeeded"}
	elif .jobStatus == "failed" then {phase: "failed", reason: ($why // "the job failed; DLTS does not tell its exit code"), late: took_too_long($setup)}
	elif .jobStatus == "error" then {phase: "failed", infra: true, reason: ($why // "DLTS could not run it")}
	elif .jobStatus == "killed" then {phase: "stopped", reason: "its job was killed on DLTS, and not by us"}
	else {phase: null, reason: "DLTS says \(.jobStatus | tojson)"} end
	| with_entries(select(.value != null and .value != false));

# ---- logs ----

# Pages by a cursor, where the server has a store of logs; else a text, or its tail, again and again.
def log_page($in): {id: "log", as: "log", path: ($in | job_path($in.trial.job.id) + "/log"), text: ["log"], note: ["cursor"]}
	+ (if $in.own.cursor then {query: {cursor: $in.own.cursor}} else {overlap: true} end) + if $in.last then {last: true} else {} end;

# Who indexes them may be late: an end waits so long for it.
def log_delay: .member.logDelay // 10;

def dlts_log: . as $in | (.own // {}) as $own | .reply as $r
	| if $r == null or $r.type == "timer" then {own: $own, requests: [log_page($in)]}
	elif $r.status == 200 and ($r.noted // "") != "" and $r.noted != $own.cursor then
		($own + {cursor: $r.noted} | del(.waited)) as $n | {own: $n, requests: [log_page($in + {own: $n})]}
	elif .last and $own.cursor and $own.waited != true then {own: ($own + {waited: true}), wait_ms: (log_delay * 1000)}
	elif $r.status == 200 or $r.status == 404 then {own: $own, read: true}
	else {own: $own, read: true, gone: "its log cannot be read: \($r | dlts_words)"} end;

# ---- check and clean ----

def dlts_check: .facts as $f | .member as $m | ($m.trialGpuNumber // 0) as $n
	| {own: {}, exit: 0, records: ([{type: "place", place: $m.member, server: $m.dashboard, team: $m.team, cluster: cluster, gpuType: $f.gpuType, quota: $f.quota, code: code_words}
			| with_entries(select(.value != null))]
		+ (if $n > 0 and ($f.gpus | length) > 0 and ($f.gpus | index([$f.gpuType])) == null then
			[problem("the team \($m.team) has no GPUs of the type \($f.gpuType)"; "gpuType is one of \($f.gpus | join(", "))")] else [] end)
		+ (if $n > 0 and ($f.quota[$f.gpuType] | type) == "number" and $f.quota[$f.gpuType] < $n then
			[problem("the team \($m.team) has a quota of \($f.quota[$f.gpuType]) \($f.gpuType), and a trial takes \($n)"; "no trial can start; let trials take fewer, or ask for more")] else [] end))}
	| if any(.records[]; .type == "error") then .exit = 5 else . end;

def team_jobs($limit): {path: ("/v2" + cluster_path + "/teams/\(.member.team | @uri)/jobs"), query: {limit: $limit}};
def dlts_ended: .jobStatus as $s | ["finished", "failed", "error", "killed", "killing"] | index([$s]) != null;

# Nothing can be deleted; what runs is killed, twenty at a time as the cluster has it.
def dlts_clean: . as $in | dlts_prefix as $p | (.own // {ids: []}) as $own | .reply as $r
	| def kill($ids): {own: {ids: $ids[20:], killing: true}, requests: [{id: "kill", method: "POST", path: ($in | cluster_path + "/jobs/status"),
			body: {status: ($ids[0:20] | map({key: ., value: "killing"}) | from_entries)}}]};
	if $r == null then {own: {}, requests: [team_jobs(1) + {id: "jobs"}]}
	elif $r.id == "jobs" and $r.status != 200 then {own: $own, exit: 5, records: [problem("cannot list the jobs of the team: \($r | dlts_words)"; null)]}
	elif $r.id == "kill" and $r.status != 200 then {own: $own, exit: 5, records: [problem("cannot kill the jobs that are left: \($r | dlts_words)"; null)]}
	elif $r.id == "jobs" then [$r | dlts_body | arrays | .[] | objects | select(.jobId // "" | tostring | startswith($p)) | select(dlts_ended | not) | .jobId] as $ids
		| if $ids == [] then {own: $own, exit: 0} else kill($ids) end
	elif $own.ids != [] then kill($own.ids)
	else {own: $own, exit: 0} end;

# ---- what polled asks ----

def api: . as $in
	| if .ask == "servers" then dlts_servers
	elif .ask == "packs" then if .member.codeUrl then [] else ["code"] end
	elif .ask == "plan" then dlts_plan
	elif .ask == "create" then dlts_job(.trial; .facts)
	elif .ask == "made" then .reply as $r | ([$r | dlts_body | objects] | .[0]) as $b
		| if $r.status == 200 and ($b.jobId // "") != "" then {job: {id: $b.jobId, cluster: cluster}}
		# refused, or there already: the words are the same
		elif $r.status == 200 then {exists: true, own: ($r | dlts_words)}
		else {refused: "DLTS does not take the job: \($r | dlts_words)", hint: (if $r.status == 403 then let_in_hint else null end), infra: true} end
	elif .ask == "look" and .verb == "submit" then {path: ("/v2" + job_path(dlts_id(.trial.key)))}
	elif .ask == "look" then {path: (job_path(dlts_id(.trial.key)) + "/status")}
	elif .ask == "ours" then .reply as $r | ([$r | dlts_body | objects] | .[0]) as $b
		| if $r.status != 200 or $b.jobId != dlts_id(.trial.key) then {refused: "DLTS does not take the job: \(.own // ($r | dlts_words))", infra: true}
		elif $b.jobParams | as_object | .cmd // "" | startswith($in | mark($in.trial)) then {job: {id: $b.jobId, cluster: cluster}}
		else {refused: "there is a job \($b.jobId) on DLTS, with other parameters"} end
	# those that live, and the newest that have ended; each has all of its command with it
	elif .ask == "list" then team_jobs([[(.config.trialConcurrency // 1) * 2, 20] | max, 500] | min) + {as: "items", at: [], to: ["jobId"], prefix: dlts_prefix}
	elif .ask == "interval" then .member.pollInterval // 5
	elif .ask == "delay" then 10
	elif .ask == "seen" then .body | dlts_seen($in) | if .job then .job.cluster = ($in | cluster) else . end
	elif .ask == "detail" then .reply | if .status == 200 then dlts_body | if type == "object" and (.status | type) == "string" then {jobStatus: .status, message} | dlts_seen($in) else null end else null end
	elif .ask == "stop" then {method: "PUT", path: (job_path(dlts_id(.trial.key)) + "/status"), body: {status: "killing"}}
	# 200 even if it cannot
	elif .ask == "stopped" then .reply | dlts_body | (if type == "object" then .result // .error // "" else . end) | tostring | if startswith("Cannot") then {trouble: one_line(300)} else null end
	elif .ask == "log" then dlts_log
	elif .ask == "file" then {own: {}, read: true}
	elif .ask == "check" then dlts_check
	elif .ask == "clean" then dlts_clean
	else null end;

def step_submit($state; $event): polled_submit($state; $event; api);
def step_watch($state; $event): polled_watch($state; $event; api);
def step_collect($state; $event): polled_collect($state; $event; api);
def step_fetch($state; $event): polled_fetch($state; $event; api);
def step_check($state; $event): polled_check($state; $event; api);
def step_clean($state; $event): polled_clean($state; $event; api);
def step($state; $event): if .verb == "submit" then step_submit($state; $event) else step_watch($state; $event) end;
