#!/bin/sh
# Trials as jobs of OpenPAI, with a stand-in server that checks requests against
# the published protocol and runs the jobs' commands.
. "$(dirname "$0")/lib.sh"
for p in python3 jq curl bash; do
	command -v $p >/dev/null || skip_all "no $p"
done
export NNI_PLATFORM_PATH="$TOP/platforms:$NNI_BIN"
mkdir srv share code
"$TOP/t/pai-server" "$PWD/srv" all=1000000 list=1000000 submit=1000000 >srv/out 2>&1 </dev/null &
pai=$!
stop_at_end "kill $pai 2>/dev/null; wait $pai 2>/dev/null"
wait_for eval "[ -s srv/ready ] || ! kill -0 $pai"
url=$(jq -r .url srv/ready) token=$(jq -r .token srv/ready)
control() { curl -qsS --noproxy '*' -f -o control -d "$2" "$url/control/$1"; }
requests() { jq -c "select($1)" srv/requests.jsonl; }
token_file=$PWD/token
printf '%s\n' "$token" >token
configuration() { # COMMAND KEYS
	cat <<Y
searchSpace: {x: {_type: uniform, _value: [0, 1]}}
trialCommand: '$1'
trialCodeDirectory: code
trialConcurrency: 2
maxTrialNumber: 3
tuner: {name: Random}
killGrace: 1
trainingService: {platform: openpai, host: "$url", username: me, dockerImage: debian, trialGpuNumber: 0,
  trialCpuNumber: 1, trialMemorySize: 100mb, storageConfigName: confignfs-data, virtualCluster: default,
  localStorageMountPoint: $PWD/share, containerStorageMountPoint: $PWD/share, pollInterval: 0.2, $2}
Y
}

# ---- the contract of platforms ----
configuration true "tokenFile: $token_file" >c.yml
conforms() { nni-conformance --timeout=120s -n 4 -o "$1" openpai c.yml >"conformance-$1" 2>&1 & }
conforms one,ends,attempts
first=$!
conforms adopt,cancel,fetch
second=$!
if [ -n "${NNI_LONG-}" ]; then
	conforms capabilities,check,empty,usage,nonsense,again,once,kills,cancel-late,update,clean,many
	wait $!
	is $? 0 'the contract is kept, in all parts' || diag "$(grep -A8 '^not ok' conformance-cap*)"
fi

# ---- a whole experiment ----
echo 'what a trial reads' >code/data
# shellcheck disable=SC2016
configuration 'cat data && nni-trial report 0.25 && nni-trial report 0.5 --final && echo "a <% b %>" >"$NNI_OUTPUT_DIR/model"' \
	"tokenFile: $token_file" >run.yml
nni-run run.yml >run.jsonl 2>run.err </dev/null
is $? 0 'nni-run with openpai' || diag "$(cat run.err)"
is "$(jq -rs 'map(select(.type == "metric") | .kind) | group_by(.) | map("\(length) \(.[0])") | join(" ")' run.jsonl)" '3 final 3 intermediate' 'its metrics come out of logs'
experiment=$(ls "$NNI_EXPERIMENTS" | head -1)
is "$(cat share/nni/"$experiment"/trials/*/model | sort -u)" 'a <% b %>' 'what a trial writes lies on the storage; its command is not expanded'
body=$(requests '.method == "POST"' | jq -rs --arg e "$experiment" 'map(.body | fromjson | select(.name | contains($e)))[0]')
is "$(printf %s "$body" | jq -c '[.protocolVersion, .type, .jobRetryCount, .defaults, .extras.storages, .taskRoles.taskrole.resourcePerInstance]')" \
	'[2,"job",0,{"virtualCluster":"default"},[{"name":"confignfs-data"}],{"gpu":0,"cpu":1,"memoryMB":100}]' 'what a job asks for'
is "$(requests "(.path | test(\"jobs\$\")) and .method == \"GET\" and (.query | contains(\"keyword=nni-$experiment-openpai-\"))" | jq -r .status | sort -u)" 200 'one list has all jobs of an experiment'
printf '%s' "$(cat srv/requests.jsonl run.err run.jsonl; cat "$NNI_EXPERIMENTS"/*/log/*.log)" | grep -q "$token"
is $? 1 'the token is nowhere'

# ---- check ----
nni-run --check run.yml >checked 2>&1
is $? 0 'nni-run --check' || diag "$(cat checked)"
printf 'wrong\n' >wrong
configuration true "tokenFile: $PWD/wrong" >wrong.yml
nni-run --check wrong.yml >checked 2>&1
is $? 6 'a wrong token is no login'
grep -q 'does not let us in: Your token is invalid.' checked
ok $? 'which is said in the words of the server' || diag "$(cat checked)"
sed 's/storageConfigName: [^,]*/storageConfigName: nope/' run.yml >wrong.yml
nni-run --check wrong.yml >checked 2>&1
grep -q 'storage nope: .*is not found' checked
ok $? 'a storage that is not there' || diag "$(cat checked)"

# ---- a job of the user's own ----
cat >job.yml <<'Y'
protocolVersion: 2
name: mine
type: job
contributor: me
prerequisites: [{protocolVersion: 2, name: own, type: dockerimage, uri: "own/image:1"}]
taskRoles:
  train:
    instances: 1
    dockerImage: own
    resourcePerInstance: {gpu: 1, cpu: 2, memoryMB: 512}
    extraContainerOptions: {shmMB: 128}
    commands: ["nni-trial report 1", "nni-trial report 0.75 --final"]
defaults: {virtualCluster: default}
Y
configuration unused "tokenFile: $token_file, openpaiConfigFile: job.yml" | sed '/^trialCommand/d; s/^maxTrialNumber.*/maxTrialNumber: 1/; s/dockerImage: debian, trialGpuNumber: 0,//; s/trialCpuNumber: 1, trialMemorySize: 100mb, //' >own.yml
nni-run own.yml >own.jsonl 2>own.err </dev/null
is $? 0 'a job of the user'"'"'s own' || diag "$(cat own.err)"
is "$(jq -r 'select(.kind == "final") | .value' own.jsonl | numbers)" 0.75 'runs its own commands'
is "$(requests '.body | contains("own/image:1")' | jq -rc '.body | fromjson | [.contributor, (.taskRoles | keys[]), .taskRoles.train.extraContainerOptions.shmMB, .taskRoles.train.resourcePerInstance.gpu, (.name | startswith("nni-"))]')" \
	'["me","train",128,1,true]' 'and has what it has, but for its name'

# ---- killed, and resumed ----
# shellcheck disable=SC2016
configuration 'touch "$NNI_OUTPUT_DIR/started"; until [ -e '"$PWD"'/go ]; do sleep 0.1; done; nni-trial report 1 --final' "tokenFile: $token_file" >kill.yml
sed -i.was 's/^maxTrialNumber.*/maxTrialNumber: 2/' kill.yml
nni-run --id killed kill.yml >kill.jsonl 2>kill.err </dev/null &
run=$!
wait_for eval '[ "$(ls -d share/nni/killed/trials/*/started 2>/dev/null | wc -l)" = 2 ]'
kill -9 $run
wait $run 2>/dev/null
: >go
wait_for nni-run --resume killed
is "$(jq -rs 'map(select(.type == "status" and .status == "SUCCEEDED")) | length' "$NNI_EXPERIMENTS/killed/events.jsonl")" 2 'killed and resumed, each trial ends once'
is "$(requests '.method == "POST" and .status == 202 and (.body | contains("nni-killed-"))' | wc -l | tr -d ' ')" 2 'and was started once'

for part in $first $second; do
	wait "$part"
	is $? 0 'the contract is kept' || diag "$(grep -A8 '^not ok' conformance-*; tail -n 3 conformance-*)"
done
is "$(requests '.status == 400 or .status == 405' | head -3)" '' 'the server understood all it was asked'
is "$(cat srv/out)" '' 'and did not fail'
done_testing
