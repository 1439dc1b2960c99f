#!/bin/sh
# Trials as Jobs of Kubernetes: the contract, and what became of them, with a
# stand-in server that fails as it is told to.
. "$(dirname "$0")/lib.sh"
. "$TOP/t/k8s.sh"
export NNI_PLATFORM_PATH="$TOP/platforms:$NNI_BIN"
k8s_start

cat >c.yml <<'Y'
searchSpace: {x: {_type: uniform, _value: [0, 1]}}
trialCommand: "true"
trialConcurrency: 4
tuner: {name: Random}
killGrace: 1
trainingService: {platform: kubernetes, image: debian}
Y
nni-conformance --timeout=60s -n 4 -o capabilities,one,ends,attempts,once,adopt,cancel-now,clean \
	kubernetes c.yml >conformance 2>&1 &
conformance=$!
k8s_start # another one, which fails

# ---- what became of trials ----
mkdir -p e/exp1/platforms e/exp1/trials e/exp1/log code
nni-pack -o e/exp1/code.zip code >/dev/null 2>&1
nni-config c.yml | jq -c '.trainingService[0].startGrace = 0.1' >e/exp1/config.json
line() { printf '{"type":"trial","trial":"%s","attempt":1,"sequence":0,"dir":"%s","platform":"kubernetes","place":"kubernetes","parameter_id":0,"parameters":{"x": 2.50},"time":1}\n' "$1" "$PWD/e/exp1"; }
verb() { nni-platform-rest "$1" --dir "$PWD/e/exp1" --member kubernetes 2>>"$1.err"; }
status() { jq -rc --arg t "$1" 'select(.type == "status" and .trial == $t) | [.status, .exit_code, .infra, .reason] | map(tostring) | join(" ")' watched; }
ends() { [ "$(grep -Ec '"status":"(SUCCEEDED|FAILED|USER_CANCELED|EARLY_STOPPED|SYS_CANCELED)"' watched)" -ge "$1" ]; }
running() { [ "$(jq -r 'select(.status == "RUNNING") | .trial' watched | sort -u | wc -l)" -ge "$1" ]; }

k8s_fault synthetic lines='["epoch 1"]' >/dev/null
for t in finee faile oomed evict dropt stopt gonee; do line $t; done >lines
verb submit <lines >placed
is "$(jq -r .job.path placed | sort | head -1)" /apis/batch/v1/namespaces/default/jobs/nni-exp1-dropt-1 'a trial is a job of its name'
verb submit <lines >again
is "$(sort again)" "$(sort placed)" 'and found by it when it is submitted once more'

mkfifo in
verb watch <in >watched &
watch=$!
exec 3>in
cat placed >&3
wait_for running 7
k8s_fault end exit=0 labelSelector=nni-trial=finee >/dev/null
k8s_fault end exit=3 labelSelector=nni-trial=faile >/dev/null
k8s_fault oom labelSelector=nni-trial=oomed >/dev/null
k8s_fault evict labelSelector=nni-trial=evict >/dev/null
k8s_fault delete plural=jobs name=nni-exp1-dropt-1 policy=Background >/dev/null
mkdir -p e/exp1/trials/stopt
echo early >e/exp1/trials/stopt/intent
echo '{"type":"cancel","trial":"stopt","attempt":1,"early":true}' >&3
wait_for ends 6
is "$(status finee | tail -1)" 'SUCCEEDED 0 null null' 'exit code 0'
is "$(status faile | tail -1)" 'FAILED 3 null exit code 3' 'exit code 3'
is "$(status oomed | tail -1)" 'FAILED 137 null out of memory' 'memory'
like "$(status evict | tail -1)" 'FAILED * true Evicted: *' 'eviction is not the fault of the trial'
is "$(status dropt | tail -1)" 'SYS_CANCELED null null its job was deleted, and not by us' 'somebody deletes the job'
is "$(status stopt | tail -1)" 'EARLY_STOPPED null null null' 'an assessor stops it'
is "$(k8s_get "/apis/batch/v1/namespaces/default/jobs/nni-exp1-stopt-1" | jq -r .reason)" NotFound 'and then nothing of it is left'

# Somebody deletes a job alone, or a pod alone.
for t in orpha orphb orphc poddy; do line $t; done | verb submit >placed
cat placed >&3
wait_for running 11
for t in orpha orphb orphc; do
	k8s_fault delete plural=jobs name=nni-exp1-$t-1 policy=Orphan >/dev/null
done
k8s_fault end exit=0 labelSelector=nni-trial=orpha >/dev/null
k8s_fault end exit=4 labelSelector=nni-trial=orphb >/dev/null
mkdir -p e/exp1/trials/orphc
echo user >e/exp1/trials/orphc/intent
echo '{"type":"cancel","trial":"orphc","attempt":1}' >&3
pod=$(k8s_get '/api/v1/namespaces/default/pods?labelSelector=nni-trial=poddy' | jq -r '.items[].metadata.name')
k8s_fault delete plural=pods name="$pod" >/dev/null
wait_for ends 10
is "$(status orpha | tail -1)" 'SUCCEEDED 0 null null' 'a pod whose job was deleted alone is followed to its end'
is "$(status orphb | tail -1)" 'FAILED 4 null exit code 4' 'whatever that is'
is "$(status orphc | tail -1)" 'USER_CANCELED null null null' 'or is cancelled'
is "$(k8s_get '/api/v1/namespaces/default/pods?labelSelector=nni-trial=orphc' | jq '.items | length')" 0 'and then it is gone, too'
like "$(status poddy | tail -1)" 'FAILED * true its pod was deleted, and not by us' 'a pod that somebody deletes is not the fault of the trial'

# Nobody tells that the job was deleted: the watch was cut, and its version is too old.
k8s_fault freeze >/dev/null
k8s_fault answer status=500 path=watch=1 count=2 >/dev/null
k8s_fault delete plural=jobs name=nni-exp1-gonee-1 policy=Background >/dev/null
k8s_fault expire open=1 >/dev/null
k8s_fault thaw >/dev/null
exec 3>&-
wait $watch
is $? 0 'watch ends with the last trial'
is "$(status gonee | tail -1)" 'SYS_CANCELED null null its job was deleted, and not by us' 'a list that is made again tells who is gone'
is "$(cat watch.err submit.err)" '' 'and nobody complains'

# A login that expires: nothing fails for that.
mkfifo in2
verb submit <in2 >placed &
submit=$!
exec 3>in2
line loga1 >&3
wait_for grep -q loga1 placed
login=$k8s_token
k8s_fault tokens tokens='["other"]' >/dev/null
k8s_token=other
line logb1 >&3
refusals() { [ "$(k8s_requests '.status == 401' | wc -l)" -ge 3 ]; }
wait_for refusals
k8s_fault tokens tokens="[\"$login\"]" >/dev/null
k8s_token=$login
exec 3>&-
wait $submit
is "$(jq -r '[.trial, .status, .job.path != null] | join(" ")' placed | tr '\n' ';')" 'loga1  true;logb1  true;' 'a login that has expired is waited for'
# Nobody was ever let in: the next trial would not be, either.
sed 's/token: .*/token: wrong/' "$KUBECONFIG" >wrong
is "$(line logc1 | KUBECONFIG=$PWD/wrong verb submit | jq -r '[.status, .infra] | join(" ")')" 'FAILED true' 'a wrong one is not, nor is it the fault of the trial'

# A trial that runs on while nni-collect --once reads: it has no end.
is_running() { [ "$(k8s_get "/api/v1/namespaces/default/pods?labelSelector=nni-trial=$1" | jq -r '.items[].status.phase')" = Running ]; }
jq -nc --arg m "NNISDK_MEb'$(jq -nc '{parameter_id: 0, trial_job_id: "runon", type: "PERIODICAL", sequence: 0, value: "0.5"}')'" '[$m]' >metric
k8s_fault synthetic lines="$(cat metric)" >/dev/null
line runon | verb submit >placed
wait_for is_running runon
timeout 120 nni-platform-rest collect --dir "$PWD/e/exp1" --member kubernetes <placed >got 2>err
is "$? $(jq -c '[.type, .value]' got)" '0 ["metric",0.5]' 'what a trial that runs on has printed is read once'

# An image that is not there, and the server's refusals.
jq -c '.trainingService[0].image = "nope/nope"' e/exp1/config.json >c && mv c e/exp1/config.json
k8s_fault synthetic off=1 >/dev/null
line image | verb submit | verb watch >watched
status image | grep -q '^WAITING .*ImagePull.*nope/nope'
ok $? 'why an image cannot be pulled is told while it is waited for' || diag "$(cat watched)"
like "$(status image | tail -1)" 'FAILED null null *ImagePull*' 'an image that cannot be pulled'
k8s_fault forbid verb=create resource=jobs >/dev/null
like "$(line refus | verb submit | jq -r '[.status, .infra, .reason] | join(" ")')" 'FAILED true *forbidden*this right*' 'what the server refuses is told in its words'
verb check >checked
is $? 6 'check: a right is missing'
like "$(jq -r .message checked)" '*create jobs*' 'which one'
like "$(jq -r .hint checked)" '*kubectl*create role*--resource=jobs.batch*' 'and how it is given'

wait $conformance
is "$(grep -E '^(not ok|# ended)' conformance | grep -v TODO)" '' 'the contract is kept' || diag "$(grep -A8 '^not ok' conformance)"
done_testing
