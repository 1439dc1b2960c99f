# Trials as jobs of Roost, a service that was made up: see platforms/README.

def key($r): "\($r.trial)-\($r.attempt)";
def path($key): "/jobs/\(.experiment)-\($key)";
def poll: (.member.poll // 2) * 1000;

def script: "mkdir .nni; printf %s \"$NNI_PARAMETERS\" >parameter.cfg
	export NNI_SYS_DIR=\"$PWD\" NNI_OUTPUT_DIR=\"$PWD\"
	cd \"$NNI_CODE_DIR\" && exec sh -c \"$COMMAND\"";
def job($r): {tag: key($r), command: ["sh", "-c", script], env: {
	COMMAND: .member.trialCommand, NNI_CODE_DIR: .member.trialCodeDirectory,
	NNI_PLATFORM: .member.platform, NNI_EXP_ID: .experiment, MULTI_PHASE: "false",
	NNI_TRIAL_JOB_ID: $r.trial, NNI_TRIAL_SEQ_ID: "\($r.sequence)",
	NNI_PARAMETERS: $r.parameter_file}};

def submit($s; $e):
	if $e.type == "line" and $e.record.type == "trial" then
		{state: {parameters: $e.record.parameter_file}, requests: [
			{id: "put", method: "PUT", path: path(key($e.record)), body: job($e.record)}]}
	elif $e.type == "reply" then {state: null, records: [
		if $e.status == 201 then {job: $e.body.name}
		elif $e.status != 409 then {status: "FAILED", reason: "Roost says \($e.status): \($e.body.message? // $e.message)"}
		elif $e.body.env.NNI_PARAMETERS == $s.parameters then {job: $e.body.name}
		else {status: "FAILED", reason: "\($e.body.name) is there, with other parameters"} end]}
	else {state: $s} end;

def stopped: {user: "USER_CANCELED", early: "EARLY_STOPPED", system: "SYS_CANCELED"};
def status($s):
	if .state == "queued" then {status: "WAITING", reason: "in Roost's queue"}
	elif .state == "running" then {status: "RUNNING"}
	elif .state == "stopped" then {status: stopped[$s.intent // "system"], reason: "its job was stopped"}
	elif .exit_code == 0 then {status: "SUCCEEDED"}
	else {status: "FAILED", exit_code, reason: "exit code \(.exit_code)"} end;

def look: {id: "look", path: .path};
def stop: {id: "stop", method: "POST", path: (.path + "/stop")};
def bar: {id: "bar", method: "PUT", path: .path, body: {stopped: true}};
def asks(request): {state: ., requests: [request]};

def watch($s; $e):
	if $e.type == "line" and $e.record.type == "trial" then
		{path: path(key($e.record)), job: $e.record.job, intent: $e.record.intent} | asks(look)
	elif $s == null then {state: null}
	elif $e.type == "line" and $e.record.type == "cancel" then
		$s | .intent = ($e.record | if .early then "early" elif .system then "system" else "user" end) | asks(stop)
	elif $e.type == "line" then {state: $s}
	elif $e.type == "timer" then $s | asks(look)
	elif $e.id == "stop" and $e.status == 404 and $s.job == null then $s | asks(bar)
	elif $e.id == "bar" and $e.status == 409 then $s | asks(stop)
	elif $e.status == 404 and $s.job then
		{state: $s, records: [{status: "SYS_CANCELED", infra: true, reason: "its job is gone"}]}
	elif $e.status == 404 then
		{state: $s, wait_ms: poll, records: [{status: "WAITING", reason: "it was not started yet"}]}
	elif $e.body.state? then {state: $s, wait_ms: (10 * poll), records: [$e.body | status($s)]}
	else {state: $s, wait_ms: poll} end;

def log: {id: "log", as: "log", path: (.path + "/log")};
def collect($s; $e):
	if $e.type == "line" and $e.record.type == "trial" then
		{path: path(key($e.record)), job: $e.record.job, reading: true} | asks(log)
	elif $e.type == "line" then
		$s | .over = true | if .reading then {state: .} else .last = true | asks(log) end
	elif $e.type == "timer" then $s | .reading = true | asks(log | .calm = true)
	elif $s.last then {state: $s, records: [{done: true}
		+ if $e.status == 404 and $s.job then {metrics_incomplete: "its log is gone"} else {} end]}
	elif $s.over then $s | .last = true | asks(log)
	else {state: ($s | .reading = false), wait_ms: poll} end;

def jobs: {id: "jobs", path: "/jobs", query: {prefix: (.experiment + "-")}, as: "items"};
def wrong($e): {type: "error", where: .member.url, hint: "does Roost run there?",
	message: "no answer to what version it is: \($e.message // $e.status)"};
def place($e): {type: "place", place: .member.member, server: .member.url, version: $e.body.version,
	code: "it is read where it lies, since Roost sees the same files"};

def platform($s; $e):
	if $e.type == "start" then
		{state: {platform: true, names: []}, servers: {main: {kind: "none", url: .member.url}}}
	elif $e.type == "open" and .verb == "check" then
		{state: $s, requests: [{id: "version", path: "/version", tries: 2}]}
	elif $e.id == "version" and $e.status == 200 then {state: $s, records: [place($e)], exit: 0}
	elif $e.id == "version" then {state: $s, records: [wrong($e)], exit: 5}
	elif .verb == "watch" and ($e.type == "open" or $e.type == "timer") then
		{state: $s, requests: [jobs | .to = ["tag"]]}
	elif .verb == "watch" and $e.type == "reply" then {state: $s, wait_ms: poll}
	elif .verb == "clean" and $e.type == "open" then {state: $s, requests: [jobs]}
	elif $e.type == "piece" then {state: ($s | .names += [$e.body.name])}
	elif $e.type == "reply" then $s | .names -= [$e.id] | {state: .,
		requests: (if $e.id == "jobs" then [.names[] | {id: ., method: "DELETE", path: ("/jobs/" + .)}] else [] end)}
		+ if .names == [] then {exit: 0} else {} end
	else {state: $s} end;

def step($state; $event):
	if $event.type == "start" or $state.platform then platform($state; $event)
	elif .verb == "submit" then submit($state; $event)
	elif .verb == "watch" then watch($state; $event)
	else collect($state; $event) end;
