#!/bin/sh
# One experiment with very many trials on a cluster: a stream each, all metrics,
# and programs that stay small.
. "$(dirname "$0")/lib.sh"
. "$TOP/t/k8s.sh"
export NNI_PLATFORM_PATH="$TOP/platforms:$NNI_BIN"
trials=${NNI_LONG:+10000}
trials=${trials:-300}
k8s_start

E=$PWD/e/large
mkdir -p "$E/platforms" "$E/trials" "$E/log" code
nni-pack -o "$E/code.zip" code >/dev/null 2>&1
cat >c.yml <<Y
searchSpace: {x: {_type: uniform, _value: [0, 1]}}
trialCommand: "true"
trialConcurrency: $trials
tuner: {name: Random}
trainingService: {platform: kubernetes, image: debian}
Y
nni-config c.yml >"$E/config.json"
awk -v n="$trials" -v dir="$E" 'BEGIN { for (i = 0; i < n; i++)
	printf "{\"type\":\"trial\",\"trial\":\"t%04d\",\"attempt\":1,\"sequence\":%d,\"dir\":\"%s\",\"platform\":\"kubernetes\",\"place\":\"kubernetes\",\"parameter_id\":%d,\"parameters\":{\"x\": 0.5},\"time\":1}\n", i, i, dir, i }' >lines
verb() { exec nni-platform-rest "$1" --dir "$E" --member kubernetes 2>>"$1.err"; }

# The most that each program had in memory, in KB, into NAME.peak.
weigh() { # NAME PID
	while kill -0 "$2" 2>/dev/null; do
		for p in "$2" $(cat /proc/"$2"/task/*/children 2>/dev/null); do
			awk '/^Name/ { n = $2 } /^VmHWM/ { print n, $2 }' "/proc/$p/status" 2>/dev/null
		done
		perl -e 'select undef, undef, undef, 0.3'
	done | sort -k1,1 -k2,2nr | sort -u -k1,1 >"$1.peak"
}
small() { # NAME
	! sanitized || { skip 'sanitizers need memory' "$1 stays small"; return; }
	[ -s "$1.peak" ] || { skip 'no /proc' "$1 stays small"; return; }
	awk '$2 >= 20480 { bad = 1 } END { exit bad }' "$1.peak"
	ok $? "$1: each program has less than 20 MB" || diag "$(cat "$1.peak")"
}

k8s_fault synthetic run_ms=200 lines='["NNISDK_MEb'\''{\"parameter_id\": 0, \"trial_job_id\": \"t\", \"type\": \"PERIODICAL\", \"sequence\": 0, \"value\": \"0.50\"}'\''", "NNISDK_MEb'\''{\"parameter_id\": 0, \"trial_job_id\": \"t\", \"type\": \"FINAL\", \"sequence\": 0, \"value\": \"2.50\"}'\''"]' >/dev/null
verb submit <lines >placed &
weigh submit $!
wait $!
is "$(grep -c '"job":' placed)" "$trials" 'all are submitted'
mkfifo pipe
verb watch <placed >pipe &
watch=$!
{ cat placed pipe; } | verb collect >out &
collect=$!
weigh watch $watch &
weigher=$!
weigh collect $collect
wait $weigher
wait $collect
is $? 0 'all are collected'
is "$(grep -c '"status":"SUCCEEDED"' out)" "$trials" 'each has its end'
is "$(grep -c '"kind":"intermediate"' out) $(grep -c '"kind":"final"' out)" "$trials $trials" 'and all its metrics'
is "$(grep '"value":' out | grep -vc '0\.50,\|2\.50,')" 0 'byte for byte'
is "$(grep -c 'metrics_incomplete\|no_final_metric' out)" 0 'nothing is missing'
streams=$(k8s_requests '(.query.watch // "") == "1"' | jq -s 'map(.path) | unique | length')
ok "$([ "$streams" -le 2 ]; echo $?)" "a stream for jobs and one for pods, at most ($streams)"
for v in submit watch collect; do small $v; done
is "$(cat submit.err watch.err collect.err)" '' 'and nobody complains'
done_testing
