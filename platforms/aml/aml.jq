# Trials as command jobs of Azure Machine Learning.  Jobs, code and environments
# are resources of Azure's resource manager; what a run printed, and why it
# failed, is known to the workspace's own service (its "run history").
# https://learn.microsoft.com/en-us/rest/api/azureml/jobs (2023-04-01)
include "polled";
include "trial";

# ---- names ----

# All trials of an experiment are one experiment there, too, and its jobs have a
# tag by which they are listed: the server looks at names of tags only.
def aml_experiment: experiment_prefix[0:-1];
def aml_tag: experiment_prefix[0:-1];

# An environment is no more than an image; what is made of the same image has
# the same name, and different images have different ones.
def hex: . as $n | "0123456789abcdef" as $d | ($n / 16 | floor) as $h | $d[$h:$h + 1] + $d[$n - 16 * $h:$n - 16 * $h + 1];
def environment_name: "nni-" + (.member.dockerImage | explode | map(if . >= 48 and . <= 57 or . >= 97 and . <= 122 or . == 45
	or . >= 65 and . <= 90 then [.] | implode else "_" + hex end) | join(""));
def environment_path: "/environments/\(environment_name)/versions/1";

# Code is named after its content, and stays: another experiment finds it.
def code_name($prepared): "nni-\($prepared.code.digest[0:24])-\($prepared.tools.digest[0:12])";

# ---- who is talked to ----

def aml_endpoint: .member.endpoint // "https://management.azure.com" | sub("/+$"; "");

# A token is for one service; each cloud has its own names of them.
def aml_data_resource: {"https://management.azure.com": "https://ml.azure.com",
	"https://management.chinacloudapi.cn": "https://ml.azure.cn",
	"https://management.usgovcloudapi.net": "https://ml.azure.us"}[aml_endpoint] // aml_endpoint;

def aml_access($url; $resource): .member as $m
	| (if $m.token or $m.tokenFile or $m.tokenCommand then {kind: "bearer", url: $url, token: $m.token, tokenFile: $m.tokenFile, tokenCommand: $m.tokenCommand}
	else {kind: "azure", url: $url, resource: $resource, tenantId: $m.tenantId, clientId: $m.clientId, clientSecret: $m.clientSecret,
		clientSecretFile: $m.clientSecretFile, clientSecretCommand: $m.clientSecretCommand, managedIdentity: (if $m.managedIdentity == "true" then true else $m.managedIdentity end),
		clientSecretEnv: (if $m.clientId == null or $m.clientSecret or $m.clientSecretFile or $m.clientSecretCommand then null else "NNI_AML_CLIENT_SECRET" end)} end)
	| with_entries(select(.value != null));

def aml_workspace: .member | "/subscriptions/\(.subscriptionId | @uri)/resourceGroups/\(.resourceGroup | @uri)"
	+ "/providers/Microsoft.MachineLearningServices/workspaces/\(.workspaceName | @uri)";

# A request to the resource manager; $path is below the workspace.
def arm($method; $path): {method: $method, path: (aml_workspace + $path), query: {"api-version": "2023-04-01"}};

def job_path($name): "/jobs/\($name)";

# One to the workspace's own service.
def data_path($kind; $path): "/\($kind)" + aml_workspace + $path;
def run_details($name): {server: "history", path: data_path("history/v1.0"; "/experiments/\(aml_experiment | @uri)/runs/\($name)/details")};

# ---- before anything else ----

def aml_fault($what): {reason: "\($what): \(refusal)", infra: true}
	+ if .status == 401 or .status == 403 then {code: 6,
		hint: "the identity needs the role AzureML Data Scientist in the workspace"}
	elif .status == 0 then {again: true} else {} end;

def workspace_fault: if .status == 404 then {reason: "there is no such workspace: \(refusal)", infra: true,
		hint: "see subscriptionId, resourceGroup and workspaceName: az ml workspace list"}
	else aml_fault("cannot look at the workspace") end;

# https://HOST/discovery; everything but the host is ours to say
def data_url: .body.properties.discoveryUrl? // "" | (capture("^(?<url>https?://[^/?#]+)").url? // null);

def plan_data: . as $in
	| if .reply == null then {facts: {}, requests: [arm("GET"; "") | .id = "workspace" | .tries = 5]}
	elif .reply.type == "open" then {facts, ready: true}
	elif .reply.status != 200 then {facts, fault: (.reply | workspace_fault)}
	else (.reply | data_url) as $url | (.facts + {location: .reply.body.location}) as $facts
		| if $url == null then {facts: $facts, fault: {reason: "the workspace does not tell where its runs are known (discoveryUrl)", infra: true}}
		else {facts: $facts, servers: {history: ($in | aml_access($url; aml_data_resource))}} end end;

# Who gets the code: the storage that a link tells of, which may be written to
# for a while.
def code_storage($uri): $uri | capture("^(?<endpoint>https?://(?<account>[a-z0-9-]+)[^/?]*)/(?<container>[^/?]+)(?<path>[^?]*)[?](?<sas>.+)$") // null
	| if . then {path: ("/" + .container + .path | sub("/+$"; "")), spec: {kind: "azure-blob", account, container, endpoint, sas}} else null end;

def upload($to; $file): {id: ("blob:" + $file), server: "storage", method: "PUT", path: ($to + "/" + $file),
	headers: {"x-ms-blob-type": "BlockBlob", "Content-Type": "application/octet-stream"}, as: "none", tries: 8};

# The environment, then the code; each is looked for first.
def plan_code: . as $in | .prepared as $p | "/codes/\(code_name($p))/versions/1" as $path
	| .reply as $r | (.reply.id // "") as $id
	| if $r == null then {facts: {}, requests: [arm("GET"; environment_path) | .id = "environment"]}
	elif $id == "environment" and $r.status == 404 then {facts, requests: [arm("PUT"; environment_path) | .id = "environment:make"
		| .body = {properties: {image: $in.member.dockerImage, osType: "Linux"}}]}
	elif $id == "environment" and $r.status == 200 or $id == "environment:make" and ($r.status | . == 200 or . == 201 or . == 409) then
		{facts: (.facts + {environment: environment_path}), requests: [arm("GET"; $path) | .id = "code"]}
	elif $id | startswith("environment") then {facts, fault: ($r | aml_fault("cannot make an environment of the image \($in.member.dockerImage)"))}
	elif $id == "code" and $r.status == 200 or $id == "code:make" and ($r.status | . == 200 or . == 201 or . == 409) then
		{facts: (.facts | {environment, code: $path}), ready: true}
	elif $id == "code" and $r.status == 404 then {facts, requests: [arm("POST"; $path + "/startPendingUpload") | .id = "code:begin"
		| .body = {pendingUploadType: "TemporaryBlobReference"}]}
	elif $id == "code:begin" and $r.status == 200 then $r.body.blobReferenceForConsumption as $b | ($b.credential.sasUri? // "" | code_storage(.)) as $to
		| if $to == null or $b.blobUri == null then {facts, fault: {reason: "the workspace gives no place for code", infra: true}}
		else {facts: (.facts + {uri: $b.blobUri, to: $to.path, left: 2}), servers: {storage: $to.spec}} end
	elif $r.type == "open" then {facts, requests: [
			upload(.facts.to; "code.d/0.part") + {parts: [{file: "code.tgz", at: 0, length: $p.code.bytes}]},
			upload(.facts.to; "tools.d/0.part") + {parts: [{file: "tools.tgz", at: 0, length: $p.tools.bytes}]}]}
	elif ($id | startswith("blob:")) and $r.status == 201 then (.facts.left -= 1) | if .facts.left > 0 then {facts}
		else {facts, requests: [arm("PUT"; $path) | .id = "code:make" | .body = {properties: {codeUri: $in.facts.uri, isAnonymous: false, description: "code of NNI trials"}}]} end
	else {facts, fault: ($r | aml_fault("cannot bring the code to the workspace"))} end;

# ---- a job ----

# What differs from machine to machine is found where it runs: it begins in a
# folder of its own, which has the code, or a copy of it.
def aml_program($t): trial_variables($t; {}; "") as $v | ($v | del(.NNI_SYS_DIR, .NNI_OUTPUT_DIR, .NNI_CODE_DIR)) as $plain
	| "NNI_ROOT=$PWD NNI_SYS_DIR=$PWD/run/\($t.key) NNI_CODE_DIR=$PWD/run/code NNI_OUTPUT_DIR=$PWD/outputs\n"
	+ "export NNI_ROOT NNI_SYS_DIR NNI_CODE_DIR NNI_OUTPUT_DIR\n"
	+ ($plain | to_entries | map("export \(.key)=\(.value | @sh)\n") | add)
	+ "NNI_PARAMETERS=\($t.parameters | @sh)\n" + trial_script;

# ${{...}} in a command is the service's to replace: there is none in base64.
def aml_command($t): trial_line(aml_program($t); "nni-trial.sh");

def job_body($t): . as $in | aml_workspace as $w
	| {properties: ({jobType: "Command", displayName: $t.key, experimentName: aml_experiment,
		tags: {(aml_tag): $t.key},
		computeId: "\($w)/computes/\($in.member.computeTarget | @uri)",
		environmentId: ($w + $in.facts.environment), codeId: ($w + $in.facts.code),
		command: aml_command($t),
		resources: ({instanceCount: 1} + if $in.member.sharedMemorySize then {shmSize: $in.member.sharedMemorySize} else {} end)}
		# the trial's own clock is exact; this is the net below it
		+ if $in.config.maxTrialDuration then {limits: {jobLimitsType: "Command", timeout: "PT\($in.config.maxTrialDuration + 600 | ceil)S"}} else {} end)};

# A job of this name, if its trial has the same parameters.
def same_job: .trial as $t | aml_command($t) as $command | .reply.body.properties.command as $has
	| if $has == null or $has == $command then {job: {name: .trial.name}}
	else {refused: "there is a job \(.trial.name) with another command; nothing was started", infra: false} end;

def aml_made: .reply.status as $status
	| if $status == 200 or $status == 201 then same_job
	elif $status == 409 then {exists: true}
	else (.reply | {refused: "Azure ML refuses: \(refusal)"}) + if $status == 401 or $status == 403 then {infra: true,
		hint: "the identity needs the role AzureML Data Scientist in the workspace"}
		elif $status == 404 then {infra: true, hint: "see `nni-run --check`"} else {} end end;

def aml_ours: if .reply.status == 200 then same_job else {refused: "cannot look at job \(.trial.name): \(.reply | refusal)", infra: true} end;

# ---- its state ----

# https://learn.microsoft.com/en-us/rest/api/azureml/jobs/get#jobstatus
def aml_phase: {
	NotStarted: {phase: "waiting", reason: "not started"}, Queued: {phase: "waiting", reason: "in the queue of the compute target"},
	Provisioning: {phase: "waiting", reason: "a node is being made"}, Preparing: {phase: "waiting", reason: "its environment is being prepared"},
	Starting: {phase: "waiting", reason: "starting"}, Paused: {phase: "waiting", reason: "the job is paused"},
	Scheduled: {phase: "waiting", reason: "scheduled"},
	Running: {phase: "running"}, Finalizing: {phase: "running"}, NotResponding: {phase: "running", reason: "its node does not respond"},
	CancelRequested: {phase: "ending"},
	Completed: {phase: "succeeded", enough: true}, Failed: {phase: "failed"},
	Canceled: {phase: "stopped", reason: "its job was cancelled, and not by us: a node taken away, a limit, or somebody"}}[. // ""]
	// {phase: null, reason: "the state \(.) is not known"};

def aml_seen: .body.properties.status | aml_phase;

def seconds: if type == "string" then (sub("[.][0-9]+"; "") | sub("[+]00:00$"; "Z") | try fromdateiso8601 catch null) else null end;

# Why it failed stands in the run's history alone.
def exit_code_of: capture("exit(ed with)?[ _](status )?codes?:?[ \\n\\t-]*(?<n>[0-9]+)"; "i") // null | if . then .n | tonumber else null end;
def error_of: . // {} | .error // . | {code: (.code // null), message: (.message // "")};
def aml_late($limit): ((.endTimeUtc | seconds) // now) - ((.startTimeUtc | seconds) // now) >= $limit;
def aml_detail: .config.maxTrialDuration as $limit | .reply
	| if .status != 200 then null
	elif .body.properties.status? then .body.properties.status | aml_phase
	else .body | (.status | aml_phase) as $p | (.error | error_of) as $e
		| $p + (if $p.phase != "failed" then {} else ($e.message | exit_code_of) as $code
			| {reason: ([if $code != null then "exit code \($code)" else empty end, ($e.message | one_line(500) | select(. != ""))] | join(": ")
				| if . == "" then "the job failed, and its run does not tell why" else . end)}
			+ (if $code != null then {exit_code: $code} else {} end)
			+ if ($e.code // "") | test("^(System|Service)") then {infra: true} else {} end end)
		+ if $limit != null and ($p.phase == "failed" or $p.phase == "stopped") and aml_late($limit) then {late: true} else {} end end;

# A run is gone when its job is; how it ended is in its history.
def aml_look: if .verb == "watch" and (.trial.phase // "" | ends) then run_details(.trial.name) else arm("GET"; job_path(.trial.name)) end;

# ---- what it printed ----

# One file, stdout and stderr; and the name that it had with the service's former
# runtime.  It is at its place in the store of artifacts as soon as it is begun.
def log_names: ["user_logs/std_log.txt", "azureml-logs/70_driver_log.txt"];

def log_request($name; $n): {id: "log", server: "history", path: data_path("artifact/v2.0"; "/artifacts/ExperimentRun/dcid.\($name)/content"),
	query: {path: log_names[$n]}, headers: {Accept: "*/*"}, name: "stdout"};

# As own: n, which of these; and how many were asked for in vain.
def aml_reading($how): . as $in | .reply as $r | .last as $last | ({n: 0, vain: 0} + (.own // {})) as $own
	| def ask($n): log_request($in.trial.name; $n) as $q | {own: ($own | .n = $n), requests: [$q
			+ if $how == "log" then {as: "log", range: true, keep: true, source: "log", last: $last, calm: ($last | not)} else {as: "file"} end]};
	def ends($gone): {own: {n: $own.n}, read: true, gone: $gone};
	if $r == null then $in | ask($own.n)
	elif $r.id == "log" and ($r.status == 200 or $r.status == 206 or $r.status == 416) then $in | ends(null)
	elif $r.id == "log" and $r.status == 404 then
		if $last != true then {own: {n: (1 - $own.n)}, read: true}
		elif $own.vain == 0 then $in | ask(1 - $own.n) | .own.vain = 1
		else {own: $own, requests: [$in | run_details($in.trial.name) | .id = "details"]} end
	elif $r.id == "details" and $r.status == 404 then ends("its run is not there any more")
	elif $r.id == "details" and $r.status == 200 then ends(if $r.body.startTimeUtc != null and $r.body.status != "Canceled" then "it has no log" else null end)
	else ends("its log cannot be read: \($r | refusal)") end;

# ---- check and clean ----

def compute_words: .body.properties.properties // {} | if .scaleSettings.maxNodeCount then "\(.currentNodeCount // 0) of at most \(.scaleSettings.maxNodeCount) nodes of \(.vmSize // "a size unknown")"
	else null end;

def aml_check: . as $in
	| if .reply == null then {requests: [arm("GET"; "/computes/\(.member.computeTarget | @uri)") | .id = "compute" | .tries = 3]}
	elif .reply.status == 404 then {exit: 1, records: [problem("there is no compute target \($in.member.computeTarget) in the workspace \($in.member.workspaceName)";
		"computeTarget names one of: az ml compute list")]}
	elif .reply.status != 200 then {exit: (if .reply.status == 401 or .reply.status == 403 then 6 else 5 end),
		records: [problem("cannot look at the compute target \($in.member.computeTarget): \(.reply | refusal)"; null)]}
	elif .reply.body.properties.provisioningState | . != null and . != "Succeeded" then {exit: 1,
		records: [problem("the compute target \($in.member.computeTarget) is \($in.reply.body.properties.provisioningState)"; "az ml compute show")]}
	elif .reply.body.properties.properties.scaleSettings.maxNodeCount == 0 then {exit: 1,
		records: [problem("the compute target \($in.member.computeTarget) may have no nodes"; "az ml compute update --max-instances")]}
	else {exit: 0, records: [{type: "place", place: $in.member.member, server: ($in | aml_endpoint), n: .reply.body.properties.properties.scaleSettings.maxNodeCount,
		reason: (.reply | compute_words), code: "it is brought to the workspace's storage once, as code asset of its digest"}
		| with_entries(select(.value != null))]} end;

# What runs is cancelled, and all that has ended is deleted, until the list is empty.
def aml_jobs: aml_tag as $tag | arm("GET"; "/jobs") | .query += {jobType: "Command", listViewType: "ActiveOnly", tag: $tag}
	| . + {as: "items", at: ["value"], next: ["nextLink"]};

def aml_clean: . as $in | .reply as $r | (.own // {round: 0, jobs: []}) as $own
	| def again: $in | aml_jobs | .id = "jobs";
	if $r == null or $r.type == "timer" then {own: ($own | .jobs = []), requests: [again]}
	elif $r.type == "piece" then {own: ($own | .jobs += [$r.body | {name, over: (.properties.status | aml_phase.phase // "" | ends), ending: (.properties.status == "CancelRequested")}])}
	elif $r.id == "jobs" and $r.status != 200 then {own: $own, exit: 5, records: [problem("cannot list the jobs: \($r | refusal)"; null)]}
	elif $r.id == "jobs" then
		if $own.jobs == [] then {own: $own, exit: 0}
		elif $own.round >= 60 then {own: $own, exit: 5, records: [problem("\($own.jobs | length) jobs are not gone yet"; "once more, later")]}
		else ($own.jobs | map(select(.ending | not))) as $do
			| {own: ($own | .round += 1 | .left = ($do | length)), requests: [$do[]
				| . as $j | $in | if $j.over then arm("DELETE"; job_path($j.name)) else arm("POST"; job_path($j.name) + "/cancel") end | .id = "job"]}
			| if $do == [] then .wait_ms = ($in.member.pollInterval // 5) * 1000 else . end end
	else ($own | .left -= 1 | if ($r.status | . >= 200 and . < 300 or . == 404 or . == 409) then . else .bad = ($r | refusal) end) as $n
		| if $n.left > 0 then {own: $n}
		elif $n.bad then {own: $n, exit: 5, records: [problem("cannot remove a job: \($n.bad)"; null)]}
		else {own: $n, wait_ms: ([($in.member.pollInterval // 5), 5] | min * 1000)} end end;

# ---- what the others ask for ----

def api:
	if .ask == "servers" then {main: aml_access(aml_endpoint; if .member.endpoint then aml_endpoint else "https://management.azure.com" end)}
	elif .ask == "plan" then if .verb == "submit" then plan_code else plan_data end
	elif .ask == "create" then .trial as $t | arm("PUT"; job_path($t.name)) + {body: job_body($t)}
	elif .ask == "made" then aml_made
	elif .ask == "look" then aml_look
	elif .ask == "ours" then aml_ours
	elif .ask == "list" then aml_jobs + {to: ["properties", "tags", aml_tag]}
	elif .ask == "interval" then .member.pollInterval // 10
	elif .ask == "delay" then 120
	elif .ask == "seen" then aml_seen
	elif .ask == "detail" then aml_detail
	elif .ask == "stop" then arm("POST"; job_path(.trial.name) + "/cancel")
	elif .ask == "log" then aml_reading("log")
	elif .ask == "file" then aml_reading("file")
	elif .ask == "check" then aml_check
	elif .ask == "clean" then aml_clean
	else null end;

def step_submit($state; $event): polled_submit($state; $event; api);
def step_watch($state; $event): polled_watch($state; $event; api);
def step_collect($state; $event): polled_collect($state; $event; api);
def step_fetch($state; $event): polled_fetch($state; $event; api);
def step_check($state; $event): polled_check($state; $event; api);
def step_clean($state; $event): polled_clean($state; $event; api);
