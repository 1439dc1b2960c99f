#!/bin/sh
# Experiments on a cluster, from the configuration to the last metric, against a
# stand-in server that refuses what a real one refuses and fails as it is told to.
. "$(dirname "$0")/lib.sh"
. "$TOP/t/k8s.sh"
k8s_start

mkdir code
cat >code/trial.sh <<'E2'
x=$(nni-trial get x)
nni-trial report 0.50
nni-trial report 1e-3
[ ! -e "$0.wait" ] || while :; do sleep 1 & wait; done
nni-trial report --final "$x"
E2
mkdir waiting
sed 's/^\[ .*|| while/while/' code/trial.sh >waiting/trial.sh

# config NAME TRIALS CODE SERVICE		NAME.yml
config() {
	cat >"$1.yml" <<-E2
	searchSpace: {x: {_type: choice, _value: [1, 2.50, 3, 4]}}
	trialCommand: sh trial.sh
	trialCodeDirectory: $3
	trialConcurrency: 4
	maxTrialNumber: $2
	tuner: {name: GridSearch}
	trainingService: $4
	E2
}
# start NAME [OPTION...]	runs it in the background, with NAME as its id
start() {
	start_name=$1
	shift
	nni-run --id "$start_name" "$@" "$start_name.yml" >"$start_name.out" 2>"$start_name.err" </dev/null &
	eval "pid_$start_name=$!"
	stop_at_end "kill -KILL $! 2>/dev/null"
}
# ends CODE NAME WHAT
ends() {
	eval "wait \$pid_$2"
	ends_code=$?
	is "$ends_code" "$1" "$3" || diag "$(cat "$2.err")"
}

# Where a cluster is away, trials that it was never told of run elsewhere.
cat >gone.kubeconfig <<'E2'
apiVersion: v1
kind: Config
current-context: c
clusters: [{name: c, cluster: {server: "http://127.0.0.1:1"}}]
contexts: [{name: c, context: {cluster: c, user: u}}]
users: [{name: u, user: {token: t}}]
E2
config away 4 code "[{platform: kubernetes, image: debian, kubeconfig: gone.kubeconfig}, {platform: local}]"
start away
# said NAME JQ		the records of an experiment
said() { jq -c "$2" "$1.out"; }
worker='dockerImage: debian, cpuNumber: 1, memorySize: 1GB'

config plain 4 code '{platform: kubernetes, image: debian}'
config tf 1 code "{platform: kubeflow, operator: tf-operator, apiVersion: v1,
    worker: {replicas: 2, command: sh trial.sh, $worker}}"
config fc 1 code "{platform: frameworkcontroller, taskRoles: [{name: worker, taskNumber: 1,
    command: sh trial.sh, $worker,
    frameworkAttemptCompletionPolicy: {minFailedTaskCount: 1, minSucceedTaskCount: 1}}]}"

# All is well.
start plain
ends 0 plain 'trials as Jobs of Kubernetes'
is "$(sed -n 's/.*"kind":"\([a-z]*\)".*"value":\([^,}]*\).*/\1=\2/p' plain.out | sort | uniq -c | tr -s ' \n' ' ')" \
	' 1 final=1 1 final=2.50 1 final=3 1 final=4 4 intermediate=0.50 4 intermediate=1e-3 ' \
	'every metric, byte for byte'
is "$(k8s_requests '.status >= 400')" '' 'nothing that is asked is refused'
is "$(k8s_requests '.agent | startswith("nni-tools/") | not')" '' 'by our own name'
is "$(k8s_requests '.query.watch and (.path | endswith("/jobs"))' | sed 1d)$(
	k8s_requests '.method == "GET" and (.path | contains("/jobs/"))')" '' \
	'one watch tells of all Jobs, none is asked for by itself'
exits 0 'what it made is removed' nni-run --clean "$NNI_EXPERIMENTS/plain"
is "$(k8s_fault counts | jq -c '[.jobs, .configmaps, .processes]')" '[0,0,0]' 'and is gone'

for name in tf fc; do start $name; done
ends 0 tf 'a trial as a TFJob'
ends 0 fc 'a trial as a Framework, whose pods go when they end'
for name in tf fc; do
	is "$(said $name 'select(.type == "metric" and .kind == "final") | .value' | sort -u)" 1 \
		"$name: the final metric"
done
is "$(said tf 'select(.type == "metric")' | wc -l)" 3 'what both workers report is told once'

# What is told before a run: code that no way can carry, and what a quota has left.
mkdir large
head -c 9000000 /dev/urandom >large/data
config large 1 large '{platform: kubernetes, image: debian}'
exits 5 '--check of code that is too large' nni-run --check large.yml
like "$(cat err)" '*the code is 8.5 MiB when packed, and without a storage: the cluster takes 8 MiB; leave files out by .nniignore*' 'says so'
rm -r large
quota() { # NAME HARD USED
	jq -nc --arg name "$1" --argjson hard "$2" '{apiVersion: "v1", kind: "ResourceQuota", metadata: {$name}, spec: {$hard}}' |
		curl -sS -H "Authorization: Bearer $k8s_token" -H 'Content-Type: application/json' -d @- "$k8s_url/api/v1/namespaces/default/resourcequotas" >got
	k8s_fault status plural=resourcequotas name="$1" status='{"hard":'"$2"',"used":'"$3"'}' >got
}
quota some '{"requests.cpu":"10","count/pods":"100"}' '{"requests.cpu":"4500m","count/pods":"1"}'
exits 0 '--check where a quota leaves less than trialConcurrency' nni-run --check tf.yml
like "$(cat err)" '*, room for 2 trials now: quota some has 5.5 of requests.cpu left, and a trial takes 2; *' 'says how many can run, of the pods of all roles'
quota few '{"limits.memory":"4Gi","cpu":"1","count/tfjobs.kubeflow.org":"3"}' '{"limits.memory":"3Gi","cpu":"0","count/tfjobs.kubeflow.org":"3"}'
exits 5 '--check where one is too small' nni-run --check tf.yml
is "$(sed -n 's/^nni-run: error: kubeflow: \(quota [^;]*\);.*/\1/p' err)" 'quota few is used up: count/tfjobs.kubeflow.org 3 of 3
quota few has 1 of cpu, and a trial takes 2
quota few has 1024Mi of limits.memory left, and a trial takes 2048Mi' 'says which'
for name in some few; do curl -sS -X DELETE -H "Authorization: Bearer $k8s_token" "$k8s_url/api/v1/namespaces/default/resourcequotas/$name" >got; done

# The server has a bad time; nothing is lost and nothing said twice.
config bad 4 waiting '{platform: kubernetes, image: debian}'
k8s_fault answer status=429 retry_after=1 count=2 method=POST path=/jobs >got
k8s_fault answer status=500 count=2 skip=3 method=POST >got
k8s_fault drop count=3 skip=20 >got
start bad
running() { [ "$(said bad 'select(.status == "RUNNING") | .trial' | sort -u | wc -l)" = 4 ]; }
wait_for running
k8s_fault cut torn=1 >got
k8s_fault expire open=1 >got
wait_for eval '[ "$(said bad "select(.type == \"metric\")" | wc -l)" = 8 ]'
names=$(k8s_get '/api/v1/namespaces/default/pods?labelSelector=nni-exp%3Dbad' | jq -r '.items[].metadata.name')
set -- $names
k8s_fault oom name=$1 >got
k8s_fault delete plural=jobs name="${2%-*}" >got
reason() { said bad "select(.status == \"$1\") | .reason" | sort -u; }
wait_for eval '[ "$(reason SYS_CANCELED)" ]'
wait_for eval '[ "$(reason FAILED)" ]'
is "$(reason FAILED)" '"out of memory"' 'a trial out of memory, seen by a new watch'
is "$(reason SYS_CANCELED)" '"its job was deleted, and not by us"' 'a Job that somebody deletes'
k8s_fault evict name=$3 >got
wait_for eval 'said bad "select(.attempt == 2 and .status == \"RUNNING\")" | grep -q .'
like "$(said bad 'select(.status == "FAILED" and .infra) | .reason')" '"Evicted: *' \
	'a trial that is evicted starts again'
exits 0 'the others are stopped' nnictl stop bad
ends 1 bad 'the experiment ends'
is "$(said bad 'select(.type == "metric") | [.trial, .attempt, .kind, .sequence]' | sort | uniq -d)" '' \
	'no metric twice'
is "$(said bad 'select(.type == "metric" and .attempt == 1)' | wc -l)" 8 'none is lost'
ends 0 away 'a hybrid experiment with a cluster that is away'
is "$(said away 'select(.type == "trial") | .platform' | sort | uniq -c | tr -s ' ')" ' 4 "local"' 'runs on the others'
wait_for eval '[ "$(k8s_fault counts | jq .processes)" = 0 ]'
pass 'nothing runs'
k8s_stop
is "$(cat "$k8s_dir/out")" '' 'the server has nothing to complain of'
done_testing
