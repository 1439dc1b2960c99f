# Plays a conversation with a platform's step(), as nni-platform-rest does, and
# compares what it answers.  Behind `include "NAME";` and a function played()
# that is step() or step_VERB(); input: a fixture,
#	{"about": TEXT, "verb": VERB, "once": BOOL, "experiment": ID,
#	 "config": {...}, "member": {...},
#	 "steps": [{"about": TEXT, "key": KEY, "event": {...}, "expect": {...}}]}
# output: TAP, one test a step.  `expect` has of the answer what matters: an
# object's keys that it does not name may be anything, null is a key that is
# not there, lists are as long.  What step() sends to other keys is brought
# there at once, and what comes of it stands behind the step's own: requests
# and records have a "key" here, which says whose they are.

def matches($want):
	if ($want | type) == "object" then type == "object" and (. as $got | all($want | keys_unsorted[]; . as $k | $got[$k] | matches($want[$k])))
	elif ($want | type) == "array" then type == "array" and length == ($want | length) and (. as $got | all(range($want | length); . as $i | $got[$i] | matches($want[$i])))
	else . == $want end;

def known_keys: ["state", "requests", "records", "wait_ms", "send", "servers", "stop", "exit"];

# {states, all}: one event, and all that it causes.
def play($setup; $key; $event): . as $in
	| [$setup | try played($in.states[$key]; $event) catch {fault: .}] as $outs | $outs[0] as $out
	| if ($outs | length) != 1 then .all.fault = "step() gave \($outs | length) answers"
	elif $out.fault? then .all.fault = $out.fault
	elif ($out | type) != "object" or ($out | keys - known_keys != []) or ($out | has("state") | not) then .all.fault = "step() gave \($out | tojson | .[0:300])"
	else .states[$key] = $out.state
		| .all.requests += [$out.requests[]? | {key: $key} + .]
		| .all.records += [$out.records[]? | {key: $key} + .]
		| .all += ($out | with_entries(select(.key | . == "exit" or . == "servers")))
		| if $out | has("wait_ms") then .all.wait_ms[$key] = $out.wait_ms else . end
		| if $out.stop then .all.stop = $out.stop else . end
		| reduce $out.send[]? as $s (.; . as $now
			| reduce (if $s.to == "*" then $now.states | to_entries[] | select(.key != "" and .value != null) | .key else $s.to end) as $to
				(.; play($setup; $to; $s.event)))
	end;

. as $f
| {config: ($f.config + {trainingService: [$f.member]}), member: $f.member, verb: $f.verb, once: ($f.once // false),
	experiment: ($f.experiment // "e1"), dir: "/experiments/e1"} as $setup
| reduce ($f.steps | to_entries[]) as $step ({states: {}, tap: []};
	.all = {requests: [], records: []}
	| play($setup; $step.value.key; $step.value.event)
	| .all as $all
	| ($all.fault == null and ($all | matches($step.value.expect // {}))) as $good
	| .tap += [(if $good then "ok" else "not ok" end) + " - \($f.about): \($step.value.about // $step.value.event.type)"]
		+ if $good then [] else ["# wanted: \($step.value.expect | tojson)", "# got:    \($all | tojson)"] end)
| .tap[]
