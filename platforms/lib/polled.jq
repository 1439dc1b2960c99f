# What the platforms share that tell of their jobs only when they are asked: all
# jobs of an experiment in one list, at an interval; logs that are read on; the
# job's own answer where the list does not say enough.  A platform adds what its
# requests look like, as one filter `api`, which is asked by name:
#
#	include "polled";
#	def api: if .ask == "servers" then ... elif .ask == "list" then ... end;
#	def step_submit($state; $event): polled_submit($state; $event; api);
#	def step_watch($state; $event): polled_watch($state; $event; api);
#	def step_collect($state; $event): polled_collect($state; $event; api);
#	def step_fetch($state; $event): polled_fetch($state; $event; api);
#	def step_check($state; $event): polled_check($state; $event; api);
#	def step_clean($state; $event): polled_clean($state; $event; api);
#
# Its input is SETUP with `ask` and what else is said here; R is a request (its id
# is set here, unless a conversation makes it), F the facts that `plan` found.
#
# servers	{NAME: SPEC}
# packs		which archives a job needs, verb submit: ["code", "tools"] if null
# plan		a conversation before anything else: {facts, reply, prepared}, where
#		`reply` is null at first, and `prepared` (verb submit only) is {code:
#		{what, bytes, digest}, tools: ...}, of packs; answers {facts, requests}, and when
#		all is known {facts, ready: true}, or {facts, fault: {reason, hint,
#		again, code}}: again, if it may pass; code: check's exit code
# create	{facts, trial: T} | R that makes a job.  T is {key, trial, attempt, sequence,
#		name, parameters: TEXT}
# made		{facts, trial, reply} | {job: J}, {exists: true, own}: see whose it is, {refused,
#		hint, infra}, {no_room: WHY} or {again: MS}
# look		{facts, trial: {key, name, job, parameters}} | R for one job; verb watch: `phase`
#		of trial is what the list told
# ours		{facts, trial, own, reply} | {job: J} or {refused}, of `look`, verb submit
# list		{facts} | R for all jobs of the experiment: as "items" with `to`; `changes` is set here
# interval	seconds between lists
# delay		seconds in which a job that was made may not be in the list yet
# seen		{facts, body} | what an item tells: {phase, reason, exit_code, infra, job, late, enough},
#		late: maxTrialDuration was over; enough: there is nothing more to ask for;
#		phase is "waiting", "running", "ending" (asked to stop), "succeeded",
#		"failed" or "stopped" (by somebody), or null where nobody knows
# detail	{facts, trial, reply} | the same, of a reply of `look`, or null: nothing more
# stop		{facts, trial} | R
# stopped	{facts, trial, reply} | {trouble: WHY} if it did not work though the status is well
# log		a conversation that reads on in all logs of a trial: {facts, trial, own, last,
#		reply}, `reply` null at first, `own` what it keeps between; answers {own, requests},
#		or {own, wait_ms} (the reply is then a timer), and when it is at their ends {own, read: true, gone: WHY}
# file		the same for `fetch`: requests are as "file"; it gets `what` and `folder` of the
#		record, too, and says `all` where nothing of a trial is elsewhere
# check		a conversation after `plan`: {facts, own, reply}; answers {own, requests,
#		records}, and at last {records, exit}
# clean		the same

# ---- names ----

def experiment_prefix: "nni-" + .experiment + "-" + (.member.member | [match("[A-Za-z0-9]+"; "g").string] | join("") | .[0:16] | ascii_downcase) + "-";
def job_name($key): experiment_prefix + $key;

def one_line($max): tostring | gsub("[\\s]+"; " ") | if length > $max then .[0:$max] + "..." else . end;

# A refusal in the server's own words, wherever it has them.
def refusal: (if .body | type == "object" then .body | (.message? // (.error? | if type == "object" then .message else . end)) else .body end
		// .message // "" | one_line(500)) as $m
	| if $m == "" then "HTTP status \(.status)" else $m end;

# An error with what to do about it.
def problem($message; $hint): {type: "error", message: $message, hint: $hint} | with_entries(select(.value != null));

# ---- the whole of a member: the state of the key "" ----

# The facts go to all who wait for them.
def polled_plan($s; $reply; api): . as $setup
	| (. + {ask: "plan", facts: ($s.facts // {}), reply: $reply, prepared: $s.prepared} | api) as $p
	| ($s + {facts: $p.facts}) as $n
	| if $p.ready then ($n + {ready: true}) as $n | {state: $n, send: [{to: "*", event: {type: "ready", facts: $n.facts}}]}
	elif $p.fault then {state: ($n + {fault: $p.fault}), send: [{to: "*", event: ($p.fault + {type: "fault"})}]} + if $p.fault.again then {wait_ms: 15000} else {} end
	else {state: ($n + {left: (($n.left // 0) + ($p.requests // [] | length))}), requests: ($p.requests // [])} end
	| if $p.servers then .servers = $p.servers else . end;

# All servers are open, and what has to be packed is.
def polled_may_plan($s): ($s.open // []) as $open | all($s.servers[]; . as $n | $open | index([$n]) != null)
	and (.verb != "submit" or all($s.packs[]; $s.prepared[.] != null));

# The names of those archives.
def polled_packs(api): (. + {ask: "packs"} | api | arrays) // ["code", "tools"];

# The part that all verbs share; null for an event that is none of it.
def polled_opening($s; $event; api): . as $setup | $event
	| if .type == "start" then ($setup + {ask: "servers"} | api) as $servers
		| ($setup | if .verb == "submit" then polled_packs(api) else [] end) as $packs
		| {state: ($s + {servers: ($servers | keys), packs: $packs}), servers: $servers}
		+ if $packs != [] then {requests: [$packs[] | {id: ("prepare:" + .), as: "prepare", what: (. + ".tgz")}]} else {} end
	elif .type == "reply" and (.id | startswith("prepare:")) then .id[8:] as $what
		| if .status != 200 then {reason: ("cannot pack the \($what): " + (.message // "no reason was given"))} as $fault
			| {state: ($s + {fault: $fault}), send: [{to: "*", event: ($fault + {type: "fault"})}]}
		else ($s | .prepared[$what] = ($event | {what: $what, bytes, digest})) as $n
			| $setup | if polled_may_plan($n) and $n.planned != true then polled_plan($n + {planned: true}; null; api) else {state: $n} end end
	elif .type == "open" and $s.planned != true then ($s | .open += [$event.server]) as $n
		| $setup | if polled_may_plan($n) then polled_plan($n + {planned: true}; null; api) else {state: $n} end
	elif .type == "open" and $s.ready != true then $setup | polled_plan($s; $event; api)
	elif .type == "reply" and $s.ready != true and $s.fault == null then $setup | polled_plan($s + {left: ($s.left - 1)}; $event; api)
	elif .type == "timer" and $s.fault.again then $setup | polled_plan($s | del(.fault, .facts); null; api)
	elif .type == "want" then {state: $s, send: (if $s.ready then [{to: .key, event: {type: "ready", facts: $s.facts}}]
		elif $s.fault then [{to: .key, event: ($s.fault + {type: "fault"})}] else [] end)}
	else null end;

def polled_platform($s; $event; api): polled_opening($s; $event; api) // {state: $s};

# Each by itself, so that jq need not look at what the others need.
def of_platform($state; $event): ($state | type) == "object" and $state.platform == true or $event.type == "start";
def platform_state($state): ($state // {}) + {platform: true};

# ---- submit: an attempt ----

def settled($s; $record): {state: {key: $s.key}, records: [$record]};

def failed($s; $why): settled($s; {status: "FAILED", reason: ($why.refused + if $why.hint then "; " + $why.hint else "" end)}
	+ if $why.infra then {infra: true} else {} end);

def submit_attempt($s; $event; api): . as $setup | $event
	| if .type == "line" and .record.type == "trial" then "\(.record.trial)-\(.record.attempt)" as $key
		| {state: {key: $key, trial: (.record | {key: $key, name: ($setup | job_name($key)), trial, attempt, sequence, parameters: (.parameter_file // "")})},
		   send: [{to: "", event: {type: "want", key: $key}}]}
	elif $s.trial == null then {state: $s}
	elif .type == "ready" and $s.facts == null then {state: ($s + {facts: .facts}),
		requests: [$setup + {ask: "create", facts: .facts, trial: $s.trial} | api | .id = "create"]}
	elif .type == "fault" and $s.facts == null then
		if .again then {state: null, records: [{no_room: .reason}]} else failed($s; {refused: .reason, hint, infra}) end
	elif .type == "timer" then {state: $s, requests: [$setup + {ask: "create", facts: $s.facts, trial: $s.trial} | api | .id = "create"]}
	elif .type == "reply" then
		($setup + {ask: (if .id == "create" then "made" else "ours" end), facts: $s.facts, trial: $s.trial, own: $s.own, reply: $event} | api) as $m
		| if $m.job then settled($s; {job: $m.job})
		elif $m.exists then {state: ($s + {own: $m.own}), requests: [$setup + {ask: "look", facts: $s.facts, trial: $s.trial} | api | .id = "look"]}
		elif $m.no_room then {state: null, records: [{no_room: $m.no_room}]}
		elif $m.again then {state: $s, wait_ms: $m.again}
		else failed($s; $m) end
	else {state: $s} end;

def polled_submit($state; $event; api): if of_platform($state; $event) then polled_platform(platform_state($state); $event; api)
	else submit_attempt($state; $event; api) end;

# ---- watch: the list, again and again ----

def list_request($s; api): . + {ask: "list", facts: $s.facts} | api | .id = "list" | .changes = true;

# It did not work: later and later, at most every minute.
def polled_pause($s; api): . as $setup | (($setup + {ask: "interval", facts: $s.facts} | api) * 1000) as $ms
	| [$ms * pow(2; [$s.fails // 0, 6] | min), ([60000, $ms] | max)] | min;

def polled_watch_platform($s; $event; api): . as $setup
	| if $s.ready != true then polled_platform($s; $event; api) as $o | $o
		| if .state.ready then .requests = [$setup | list_request($o.state; api)] else . end
	elif $event.type == "reply" and $event.id == "list" and $event.status == 200 then
		($s | del(.fails) | .listed = true) as $n | {state: $n, wait_ms: polled_pause($n; api)}
	elif $event.type == "reply" and $event.id == "list" then ($s | .fails = (.fails // 0) + 1) as $n
		| {state: $n, wait_ms: polled_pause($n; api), records: [problem("cannot list the jobs: \($event | refusal)"; null)]}
		+ if $s.listed != true and ($event.status == 401 or $event.status == 403) then {exit: 6} else {} end
	elif $event.type == "timer" then {state: $s, requests: [list_request($s; api)]}
	else polled_platform($s; $event; api) end;

# ---- watch: an attempt ----

def too_long($setup): {status: "EARLY_STOPPED", reason: "maxTrialDuration is over"};

# By whom it was ended: what the intent says.
def ended_by($s): {user: {status: "USER_CANCELED"}, early: {status: "EARLY_STOPPED"}, system: {status: "SYS_CANCELED"}}[$s.intent // ""]
	// {status: "SYS_CANCELED", reason: ($s.j.reason // "its job was stopped, and not by us")} + if $s.j.infra then {infra: true} else {} end;

# The end of an attempt, or null while there is none.
def verdict: (.j // {}) as $j
	| if $j.phase == "succeeded" then {status: "SUCCEEDED", exit_code: ($j.exit_code // 0)}
	elif $j.late then too_long(null)
	elif $j.phase == "failed" then {status: "FAILED", reason: ($j.reason // "the job failed")}
		+ if $j.exit_code != null then {exit_code: $j.exit_code} else {} end + if $j.infra then {infra: true} else {} end
	elif $j.phase == "stopped" then ended_by(.)
	elif .gone then if .cancel then ended_by(.) else {status: "SYS_CANCELED", infra: true,
		reason: (if .had then "its job is not there any more" else "its job was never seen" end)} end
	else null end;

def living: .j as $j
	| if $j == null then {status: "WAITING", reason: (if .job then "its job is not in the list yet" else "it was not started yet" end)}
	elif $j.phase == "waiting" then {status: "WAITING", reason: ($j.reason // "in the queue")}
	elif $j.phase == null then {status: "UNKNOWN", reason: ($j.reason // "nobody knows its state")}
	else {status: "RUNNING"} end;

def ends: . == "succeeded" or . == "failed" or . == "stopped";

def learn_watch($s; $event; api): . as $setup | $event
	| if .type == "line" and .record.type == "trial" then .record as $r | "\($r.trial)-\($r.attempt)" as $key
		| $s + {key: $key, line: true, intent: ($r.intent // $s.intent)} + if $r.job == null then {} else {job: $r.job} end
		| if .facts == null then .want = true else . end
	elif .type == "line" and .record.type == "cancel" then $s + {cancel: true,
		intent: (if .record.early then "early" elif .record.system then "system" else "user" end)}
	elif .type == "ready" then $s + {facts: .facts}
	elif .type == "piece" then ($setup + {ask: "seen", facts: $s.facts, body: .body} | api) as $j
		| $s + {j: $j, had: true} | del(.gone, .missed, .looked) | if $j.job and .job == null then .job = $j.job else . end
	elif .type == "absent" then $s | .missed = (.missed // 0) + 1 | .age = $event.age
	elif .type == "timer" then $s | .due = true
	elif .type == "reply" and .id == "look" then $s | del(.asked, .missed)
		| if $event.status == 404 and (.j.phase // "" | ends) then .looked = true
		elif $event.status == 404 then .gone = true | .j = null
		else ($setup + {ask: "detail", facts: $s.facts, trial: {key: $s.key, name: ($setup | job_name($s.key)), job: $s.job}, reply: $event} | api) as $j
			| .looked = true | if $j then .j = ((.j // {}) + $j) | .had = true else . end end
	elif .type == "reply" and .id == "stop" then $s | del(.asked)
		| if $event.status >= 200 and $event.status < 300 then
			([$setup + {ask: "stopped", facts: $s.facts, trial: {key: $s.key, name: ($setup | job_name($s.key)), job: $s.job}, reply: $event} | api | objects | .trouble] | .[0]) as $no
			| if $no then .trouble = $no | .later = true else .stopped = true end
		# not there yet, or not any more: the list tells
		elif $event.status == 404 then .later = true
		else .trouble = ($event | refusal) | .later = true end
	else $s end;

def polled_ask($what; api): .state as $s | . as $o | $o.setup + {ask: $what, facts: $s.facts,
		trial: {key: $s.key, name: ($o.setup | job_name($s.key)), job: $s.job, phase: $s.j.phase}} | api | .id = $what
	| . as $r | $o | .requests += [$r] | .state.asked = $what;

def watch_attempt($state; $event; api): . as $setup
	| (if $state.ended then {state: $state} else
	{setup: $setup, state: learn_watch($state // {}; $event; api), requests: [], records: []}
	| .state as $s
	| ($setup + {ask: "delay", facts: $s.facts} | api) as $delay
	| if $s.line != true or $s.facts == null then .
	# what the list does not say of an end is asked once
	elif ($s.j.phase // "" | ends) and $s.looked != true and $s.j.enough != true and $s.asked == null then polled_ask("look"; api)
	elif $s.asked == "look" then .
	elif $s | verdict then .state = {key: $s.key, ended: true} | .records = [$s | verdict] | .wait_ms = null
	# not in the list: when it may be there by now it is asked for by name
	elif ($s.missed // 0) > 0 and $s.asked == null and $s.gone != true and (($s.had and $s.missed > 1) or (($s.job != null or $s.cancel) and ($s.age // 0) >= $delay)) then polled_ask("look"; api)
	# with --once the first word is the last: it waits for the list
	else .records = (if $setup.once and $s.j == null and ($s.missed // 0) == 0 then [] else [$s | living] end) + (if $s.trouble then [{error: ("cannot stop it: " + $s.trouble), where: $s.key}] else [] end)
		| .state |= del(.trouble)
		| if $s.cancel and $s.stopped != true and $s.asked == null and ($s.later != true or $s.due) and ($s.job != null or $s.j != null) then polled_ask("stop"; api) | .state |= del(.later, .due)
		elif $s.later and $s.due != true then .wait_ms = 30000 else . end
	end
	| .send = (if .state.want then [{to: "", event: {type: "want", key: .state.key}}] else [] end)
	| .state |= del(.want)
	| del(.setup) end);

def polled_watch($state; $event; api): if of_platform($state; $event) then polled_watch_platform(platform_state($state); $event; api)
	else watch_attempt($state; $event; api) end;

# ---- collect and fetch: conversations about the logs of an attempt ----

# One step of the conversation `what`.
def log_step($s; $what; $last; $reply; api): . as $setup | ($setup + {ask: $what, facts: $s.facts, own: $s.own, last: $last, reply: $reply, what: $s.what, folder: $s.folder,
		trial: {key: $s.key, name: ($setup | job_name($s.key)), job: $s.job}} | api);

def collect_attempt($state; $event; api): . as $setup | ($state // {}) as $old
	| if $old.ended then {state: $old} else
	($event | if .type == "line" and .record.type == "trial" then $old + {key: "\(.record.trial)-\(.record.attempt)", line: true, job: .record.job, want: true}
		elif .type == "line" and .record.type == "status" then $old + {over: true}
		elif .type == "ready" then $old + {facts: .facts}
		elif .type == "timer" then $old + {due: true}
		else $old end) as $s
	| {state: $s}
	| if $s.line and $s.facts != null then
		if $s.over and $s.job == null then .records = [{done: true}] | .state = {key: $s.key, ended: true}
		elif $event.type == "reply" or ($s.waits and $s.due) or ($s.reading == null and ($s.over or $s.due or $s.began != true)) then
			(if $s.reading then $s.last else $s.over // false end) as $last
			| ($setup | log_step($s; "log"; $last; if $s.reading then $event else null end; api)) as $r
			| ($s + {own: $r.own, last: $last, reading: true, began: true} | del(.due, .waits)) as $n
			| if $r.read | not then {state: $n, requests: ($r.requests // [])} 
				| if $r.wait_ms then .state.waits = true | .wait_ms = $r.wait_ms else . end
			elif $last then {state: {key: $s.key, ended: true}, records: [{done: true} + if $r.gone then {metrics_incomplete: $r.gone} else {} end]}
			# the end came meanwhile: once more, to the end
			elif $s.over then {state: ($n | del(.reading))} | .again = true
			else {state: ($n | del(.reading)), wait_ms: ($setup + {ask: "interval", facts: $s.facts} | api * 1000)} end
		else . end
	else . end
	| (if .again then {state: (.state + {reading: true, last: true})} as $o
		| ($setup | log_step($o.state; "log"; true; null; api)) as $r | {state: ($o.state + {own: $r.own}), requests: ($r.requests // [])}
		| if $r.read then {state: {key: $s.key, ended: true}, records: [{done: true} + if $r.gone then {metrics_incomplete: $r.gone} else {} end]} else . end
	   else . end)
	| if .state.want then .send = [{to: "", event: {type: "want", key: .state.key}}] | .state |= del(.want) else . end
	end;

def polled_collect($state; $event; api): if of_platform($state; $event) then polled_platform(platform_state($state); $event; api)
	else collect_attempt($state; $event; api) end;

def fetch_attempt($state; $event; api): . as $setup | ($state // {}) as $old
	| ($event | if .type == "line" then $old + {key: "\(.record.trial)-\(.record.attempt)", line: true, job: .record.job, what: .record.what, folder: .record.folder, want: true, files: 0, bytes: 0}
		elif .type == "ready" then $old + {facts: .facts}
		elif .type == "reply" and .status == 200 and .bytes != null then $old + {files: ($old.files + if .bytes > 0 then 1 else 0 end), bytes: ($old.bytes + .bytes)}
		else $old end) as $s
	| if $s.line and $s.job == null then {state: null, records: [{fetched: true, files: 0, bytes: 0}]}
	elif $s.line and $s.facts != null and ($s.began != true or $event.type == "reply") then
		log_step($s; "file"; true; if $event.type == "reply" then $event else null end; api) as $r
		| if $r.read then {state: null, records: [{fetched: true, files: $s.files, bytes: $s.bytes}
			+ (if $r.gone then {error: $r.gone} elif $s.what == "all" and $r.all != true then {error: "what trials write besides is on the platform's storage"} else {} end)]}
		else {state: ($s + {own: $r.own, began: true}), requests: ($r.requests // [])} end
	else {state: $s} end
	| if .state.want? then .send = [{to: "", event: {type: "want", key: .state.key}}] | .state |= del(.want) else . end;

def polled_fetch($state; $event; api): if of_platform($state; $event) then polled_platform(platform_state($state); $event; api)
	else fetch_attempt($state; $event; api) end;

# ---- check and clean ----

def polled_talk($s; $what; $reply; api): . as $setup | ($setup + {ask: $what, facts: $s.facts, own: $s.own, reply: $reply} | api) as $r
	| {state: ($s + {own: $r.own}), requests: ($r.requests // []), records: ($r.records // [])}
	+ (if $r.exit != null then {exit: $r.exit} else {} end) + if $r.wait_ms then {wait_ms: $r.wait_ms} else {} end;

def polled_asking($s; $event; $what; api): . as $setup
	| if $s.ready then if $event.type == "reply" or $event.type == "timer" or $event.type == "piece" then polled_talk($s; $what; $event; api) else {state: $s} end
	else polled_platform($s; $event; api) | del(.send)
		| .state as $n
		| if $n.fault then .records = [problem($n.fault.reason; $n.fault.hint)] | .exit = ($n.fault.code // 5) | del(.wait_ms)
		elif $n.ready then .servers as $more | ($setup | polled_talk($n; $what; null; api)) + if $more then {servers: $more} else {} end else . end
	end;

def polled_check($state; $event; api): polled_asking(platform_state($state); $event; "check"; api);
def polled_clean($state; $event; api): polled_asking(platform_state($state); $event; "clean"; api);
