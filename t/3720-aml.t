#!/bin/sh
# Trials as jobs of Azure Machine Learning: the contract, whole experiments, and
# what became of them, with a stand-in that checks what it is asked.
. "$(dirname "$0")/lib.sh"
for p in curl jq python3 bash; do
	command -v $p >/dev/null || skip_all "no $p"
done
export NNI_PLATFORM_PATH="$TOP/platforms:$NNI_BIN"
no_proxy=127.0.0.1
export no_proxy

# aml_start DIR		a server; sets url
aml_start() {
	mkdir -p "$1"
	"$TOP/t/aml-server" "$1" 2>"$1/err" </dev/null &
	stop_at_end "kill $! 2>/dev/null; wait $! 2>/dev/null"
	wait_for test -s "$1/port"
	url=http://127.0.0.1:$(cat "$1/port")
	tell '{"what":"token","token":"s3cret-token"}' >/dev/null
}
tell() { curl -sS "$url/control" -d "$1"; }
asked() { grep -cE "$1" "$2/requests"; }
echo s3cret-token >token
chmod 600 token

configuration() { # URL COMMAND TRIALS
	cat <<Y
searchSpace: {x: {_type: uniform, _value: [0.5, 1]}}
trialCommand: "$2"
trialCodeDirectory: code
trialConcurrency: 2
maxTrialNumber: $3
tuner: {name: Random}
killGrace: 1
trainingService: {platform: aml, subscriptionId: sub, resourceGroup: rg, workspaceName: ws, computeTarget: cpu,
  dockerImage: debian, endpoint: "$1", pollInterval: 0.1s, tokenFile: token}
Y
}
mkdir code
cat >code/t.sh <<'S'
for i in 1 2 3; do nni-trial report 0.$i; done
echo "\${{inputs.x}} \"quoted\" 'words'"
nni-trial report --final "$(nni-trial get x)"
S

# ---- the contract, beside what follows ----
aml_start contract
configuration "$url" true 4 >contract.yml
nni-conformance --timeout=60s -n 4 -o capabilities,one,once,adopt,cancel-now,fetch,clean \
	aml contract.yml >conformance 2>&1 &
conformance=$!

aml_start srv
configuration "$url" 'sh t.sh' 3 >c.yml
# ---- check ----
exits 0 'a place that is good' nni-run --check c.yml
sed 's/computeTarget: cpu/computeTarget: gpu/' c.yml >bad.yml
exits 5 'a compute target that is not there' nni-run --check bad.yml
like "$(cat err)" '*there is no compute target gpu in the workspace ws*az ml compute list*' 'what to do'
echo old >old
sed 's/tokenFile: token/tokenFile: old/' c.yml >bad.yml
exits 6 'a token that is over' nni-run --check bad.yml

# ---- whole ----
tell '{"what":"page","n":1}' >/dev/null
tell '{"what":"answer","method":"PUT","path":"/jobs/","status":429,"retry_after":0,"count":1}' >/dev/null
exits 0 'an experiment' nni-run --id one c.yml
is "$(jq -r 'select(.type == "metric") | .kind' out | sort | uniq -c | tr -s ' \n' ' ')" ' 3 final 9 intermediate ' 'has all metrics'
is "$(jq -c 'select(.type == "status" and .status == "SUCCEEDED") | [.exit_code, .metrics_incomplete, .no_final_metric]' out | sort -u)" '[0,null,null]' 'and ends'
like "$(cat "$NNI_EXPERIMENTS"/one/trials/*/stdout)" '*${{inputs.x}} "quoted" '"'words'*" 'what was printed is here'
is "$(tell '{"what":"jobs"}' | jq -c '[.[]] | unique')" '[1]' 'no job was started twice'
is "$(asked 'PUT /blobs/' srv)" 2 'code and tools are brought there'
# another login: a service principal, whose tokens are over meanwhile
sed 's/tokenFile: token/tenantId: t, clientId: c/' c.yml >sp.yml
AZURE_AUTHORITY_HOST=$url/login NNI_AML_CLIENT_SECRET=wr0ng
export AZURE_AUTHORITY_HOST NNI_AML_CLIENT_SECRET
exits 5 'a secret that is wrong' nni-run --check sp.yml
like "$(cat err)" '*Invalid client secret provided*see whether tenantId*' 'is told in the words of the login'
NNI_AML_CLIENT_SECRET=client-secret
exits 0 'a second experiment, by a service principal' nni-run --id two sp.yml
is "$(asked 'PUT /blobs/' srv) $(asked 'PUT .*/environments/' srv)" '2 1' 'brings nothing'
is "$(grep -rlF -e s3cret-token -e client-secret "$NNI_EXPERIMENTS"; grep -rl 'sig=' "$NNI_EXPERIMENTS")" '' 'no token and no signature is kept'
exits 0 'what it left is removed' nni-run --clean=two
is "$(asked 'DELETE .*/jobs/nni-two-' srv)" 3 'its jobs'
unset NNI_AML_CLIENT_SECRET
tell '{"what":"page","n":1000}' >/dev/null

# ---- killed, and resumed ----
tell '{"what":"hold"}' >/dev/null
nni-run --id res c.yml >out 2>err </dev/null &
run=$!
placed() { [ "$(jq -r 'select(.type == "trial" and .job) | .trial' "$NNI_EXPERIMENTS/res/events.jsonl" | sort -u | wc -l)" -ge 2 ]; }
wait_for placed
kill -9 $run
wait $run 2>/dev/null
tell '{"what":"hold","off":1}' >/dev/null
resumed() { nni-run --resume res >out 2>err </dev/null; code=$?; [ $code != 8 ]; }
wait_for resumed
is "$code" 0 'an experiment that was killed goes on' || diag "$(cat err)"
is "$(jq -r 'select(.type == "metric" and .kind == "final") | .trial' "$NNI_EXPERIMENTS/res/events.jsonl" | sort -u | wc -l | tr -d ' ')" 3 'to its end'
is "$(tell '{"what":"jobs"}' | jq -c '[.[]] | unique')" '[1]' 'and no job was started twice'

# ---- what became of trials ----
mkdir -p e/exp1/platforms e/exp1/trials e/exp1/log
nni-pack -o e/exp1/code.zip code >/dev/null 2>&1
nni-config c.yml 2>/dev/null | jq -c '.maxTrialDuration = 3000' >e/exp1/config.json
line() { printf '{"type":"trial","trial":"%s","attempt":1,"sequence":0,"dir":"%s","platform":"aml","place":"aml","parameter_id":0,"parameters":{"x": 2.50},"time":%s}\n' "$1" "$PWD/e/exp1" "$(date +%s)"; }
verb() { nni-platform-rest "$1" --dir "$PWD/e/exp1" --member aml 2>>"$1.err"; }
status() { jq -rc --arg t "$1" 'select(.type == "status" and .trial == $t) | [.status, .exit_code, .infra, .reason] | map(tostring) | join(" ")' watched; }
ends() { [ "$(grep -Ec '"status":"(SUCCEEDED|FAILED|USER_CANCELED|EARLY_STOPPED|SYS_CANCELED)"' watched)" -ge "$1" ]; }
seen() { jq -r 'select(.type == "status") | .trial' watched | sort -u | grep -qx "$1"; }
state() { tell "$(jq -nc --arg id "nni-exp1-aml-$1-1" --arg s "$2" --argjson e "${3-null}" '{what: "state", id: $id, status: $s, error: $e}')" >/dev/null; }

tell '{"what":"hold"}' >/dev/null
for t in finee faile oomed evict dropt stopt gonee latee; do line $t; done >lines
verb submit <lines >placed
is "$(jq -r .job.name placed | sort | head -1)" nni-exp1-aml-dropt-1 'a trial is a job of its name'
verb submit <lines >again
is "$(sort again)" "$(sort placed)" 'and found by it when it is submitted once more'
tell '{"what":"conflict"}' >/dev/null
verb submit <lines >again
is "$(sort again)" "$(sort placed)" 'also by a service that says that it is there'
sed 's/2.50/2.51/' lines | head -1 | verb submit >again
like "$(jq -r '[.status, .infra, .reason] | join(" ")' again)" 'FAILED * there is a job nni-exp1-aml-finee-1 with another command*' 'one with other parameters is not ours'

mkfifo in
verb watch <in >watched &
watch=$!
exec 3>in
cat placed >&3
wait_for seen latee
state finee Completed
state faile Failed '{"error":{"code":"UserError","message":"Execution failed. User process sh exited with status code 3."}}'
state oomed Failed
state evict Failed '{"error":{"code":"SystemError","message":"the node went away"}}'
state dropt Canceled
tell '{"what":"seconds","id":"nni-exp1-aml-latee-1","n":3600}' >/dev/null
state latee Canceled
tell '{"what":"lose","id":"nni-exp1-aml-gonee-1"}' >/dev/null
mkdir -p e/exp1/trials/stopt
echo early >e/exp1/trials/stopt/intent
echo '{"type":"cancel","trial":"stopt","attempt":1,"early":true}' >&3
# a token that is over, and one that is good again
tell '{"what":"expire"}' >/dev/null
refused() { [ "$(asked 'ExpiredAuthenticationToken' srv)" -ge 2 ]; }
wait_for refused
tell '{"what":"token","token":"s3cret-token"}' >/dev/null
exec 3>&-
wait $watch
is $? 0 'watch ends with the last trial'
is "$(status finee | tail -1)" 'SUCCEEDED 0 null null' 'Completed'
like "$(status faile | tail -1)" 'FAILED 3 null exit code 3: Execution failed.*' 'Failed: its run tells why'
like "$(status oomed | tail -1)" 'FAILED null null the job failed*' 'or does not'
is "$(status evict | tail -1)" 'FAILED null true the node went away' 'a failure of the service is not that of the trial'
like "$(status dropt | tail -1)" 'SYS_CANCELED null null its job was cancelled, and not by us*' 'somebody cancels it'
is "$(status latee | tail -1)" 'EARLY_STOPPED null null maxTrialDuration is over' 'a limit of time'
is "$(status stopt | tail -1)" 'EARLY_STOPPED null null null' 'an assessor stops it'
is "$(status gonee | tail -1)" 'SYS_CANCELED null true its job is not there any more' 'somebody deletes it'

wait $conformance
is "$(grep -E '^(not ok|# ended)' conformance | grep -v TODO)" '' 'the contract is kept' || diag "$(grep -A8 '^not ok' conformance)"
done_testing
