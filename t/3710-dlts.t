#!/bin/sh
# Trials as jobs of DLTS, with a stand-in server that refuses what the real one
# does, and has its oddities.
. "$(dirname "$0")/lib.sh"
command -v python3 >/dev/null && command -v jq >/dev/null &&
	command -v curl >/dev/null || skip_all 'no python3, jq or curl'

# server NAME [OPTION...]: serves, and leaves its port in NAME/port
server() {
	"$TOP/t/dlts-server" "$@" >"$1.out" 2>&1 </dev/null &
	stop_at_end "kill $! 2>/dev/null; wait $! 2>/dev/null"
	wait_for test -s "$1/port"
}
dashboard() { echo "http://127.0.0.1:$(cat "$1/port")/"; }
play() { curl -sS --noproxy '*' -f -o played "$(dashboard "$1")play" -d "$2"; }
# call SERVER PATH [CURL-OPTION...]: the status, and the body in ./body
call() {
	call_url="$(dashboard "$1")api$2"
	shift 2
	curl -sS --noproxy '*' -o body -w '%{http_code}' "$@" "$call_url"
}
who='email=me@example.com&password=sesame'

server dlts --page 2
job='{"team": "platform", "jobId": "j1", "jobName": "j1", "gpuType": "P40", "image": "debian", "cmd": "echo a; echo b; echo c; exec sleep 600"}'
is "$(call dlts '/clusters/.default/jobs' -d "$job")" 403 'nobody without email and password'
is "$(call dlts "/clusters/.default/jobs?$who" -d '{"team": "platform"}')" 400 'a job that is none'
is "$(call dlts "/clusters/.default/jobs?$who" -d "$job") $(jq -r .jobId body)" '200 j1' 'a job'
is "$(call dlts "/clusters/.default/jobs?$who" -d "$job") $(jq -r .error body)" '200 Cannot schedule job. Cannot add job into database.' 'an id that is taken is refused with 200'
log() { [ "$(call dlts "/clusters/c1/jobs/j1/log?$who$1")" = "$2" ]; }
wait_for log '&cursor=0.000000002' 200
log '' 200 && log "&cursor=$(jq -r .cursor body)" 200
is "$(jq -r '.log[]' body)" c 'pages of a log'
log "&cursor=$(jq -r .cursor body)" 404
ok $? 'the last of which is 404'
is "$(call dlts "/clusters/c1/jobs/j1/status?$who" -X PUT -d '{"status": "dead"}')" 400 'a status that nobody may set'
is "$(call dlts "/clusters/c1/jobs/j1/status?$who" -X PUT -d '{"status": "killing"}') $(jq -r '.result | .[0:7]' body)" '200 Success' 'a kill'
killed() { call dlts "/clusters/c1/jobs/j1/status?$who" >/dev/null && [ "$(jq -r .status body)" = killed ]; }
wait_for killed
is "$(call dlts "/clusters/c1/jobs/j1/status?$who" -X PUT -d '{"status": "killing"}') $(jq -r '.result | .[0:6]' body)" '200 Cannot' 'of what has ended is refused with 200'
is "$(grep -c . dlts/faults) $(cat dlts.out)" '2 ' 'what is against the contract is kept'
grep -q sesame dlts/requests.jsonl
is $? 1 'and the password is not'

# ---- whole experiments ----
export NNI_PLATFORM_PATH="$TOP/platforms:$NNI_BIN" NNI_DLTS_PASSWORD=sesame
unset DLWS_VC_NAME DLWS_USER_EMAIL DLTS_JOB_TOKEN
mkdir code
echo '{"x": {"_type": "uniform", "_value": [0, 1]}}' >space.json
cat >code/trial.sh <<'T'
report() { printf "NNISDK_MEb'{\"parameter_id\": 0, \"trial_job_id\": \"%s\", \"type\": \"%s\", \"sequence\": %s, \"value\": \"%s\"}'\n" "$NNI_TRIAL_JOB_ID" "$@"; }
grep -q '"x"' "$NNI_SYS_DIR/parameter.cfg" || exit 4
for n in 0 1 2 3 4 5 6; do report PERIODICAL $n $n; done
report FINAL 0 1.5
[ "$NNI_TRIAL_SEQ_ID" != 1 ] || exit 3
T
configuration() { # SERVER COMMAND
	cat <<Y
trialConcurrency: 3
maxTrialNum: 3
searchSpacePath: space.json
trainingServicePlatform: dlts
tuner: {builtinTunerName: Random}
killGrace: 1
trial: {command: "$2", codeDir: code, gpuNum: 1, image: debian}
dltsConfig: {dashboard: "$(dashboard "$1")", team: platform, email: me@example.com, pollInterval: 0.1, logDelay: 0.2}
Y
}
server es --page 3
server blob --log blob
for s in es blob; do
	configuration $s 'sh trial.sh' >$s.yml
	nni-run $s.yml >$s.jsonl 2>$s.err
	is $? 1 "$s: an experiment, one trial of which fails" || diag "$(tail -5 $s.err)"
	is "$(jq -rs '[.[] | select(.type == "metric" and .kind == "intermediate") | .value | tonumber] | length' $s.jsonl)" 21 "$s: all metrics came, each once"
	is "$(jq -rs '[.[] | select(.type == "metric" and .kind == "final") | .value] | length' $s.jsonl)" 3 "$s: results, too"
	is "$(jq -r 'select(.type == "status" and (.status == "SUCCEEDED" or .status == "FAILED")) | .status' $s.jsonl | sort | uniq -c | tr -s ' \n' ' ')" ' 1 FAILED 2 SUCCEEDED ' "$s: and what became of the trials"
	is "$(cat $s/faults $s.out 2>/dev/null)" '' "$s: nothing was against the contract"
done
nni-run --check es.yml >check.out 2>&1
is $? 0 'check' || diag "$(cat check.out)"
NNI_DLTS_PASSWORD=wrong nni-run --check es.yml >check.out 2>&1
is $? 6 'check: who is not let in hears of it' || diag "$(cat check.out)"
done_testing
