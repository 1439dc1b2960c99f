#!/bin/sh
# reuseMode with jobs of operators: a TFJob and a Framework stay for many trials,
# and are replaced when they are lost.
. "$(dirname "$0")/lib.sh"
. "$TOP/t/k8s.sh"
mkdir -p nfs/export code
k8s_start --nfs-root "$PWD/nfs"
k8s_make /api/v1/namespaces/default/serviceaccounts '{"apiVersion":"v1","kind":"ServiceAccount","metadata":{"name":"frameworkbarrier"}}'
k8s_fault grant account=frameworkbarrier verb=get resource=frameworks >/dev/null
: >hold
cat >code/t.sh <<'T'
lr=$(nni-trial get lr) || exit 9
nni-trial report 0.5
[ "$NNI_TRIAL_SEQ_ID" = 0 ] || while [ -e "$1/hold" ]; do sleep 0.1; done
nni-trial report --final "$lr"
T
echo '{"lr":{"_type":"choice","_value":[0.10,0.20]}}' >space.json
start() { # NAME SERVICE
	cat >"$1.yml" <<Y
trialConcurrency: 1
maxTrialNumber: 2
searchSpaceFile: space.json
trialCodeDirectory: code
trialCommand: sh t.sh $PWD
tuner: {name: GridSearch}
trainingService:
  reuseMode: true
  storage: {storageType: nfs, server: 127.0.0.1, path: /export, localMountPoint: $PWD/nfs/export}
$2
Y
	nni-run --id "$1" "$1.yml" >"$1.out" 2>"$1.err" &
	eval "$1=$!"
	stop_at_end "kill $! 2>/dev/null"
}
role='gpuNumber: 0, cpuNumber: 1, memorySize: 128MB, dockerImage: debian'
start tf "  platform: kubeflow
  operator: tf-operator
  worker: {replicas: 1, $role}"
start fc "  platform: frameworkcontroller
  serviceAccountName: frameworkbarrier
  taskRoles: [{name: worker, taskNumber: 1, $role, frameworkAttemptCompletionPolicy: {minFailedTaskCount: 1, minSucceedTaskCount: 1}}]"

sed 's/^  worker: .*/&\n  ps: {replicas: 1, gpuNumber: 0, cpuNumber: 1, memorySize: 128MB, dockerImage: debian}/' tf.yml >two.yml
exits 0 'a trial of several pods' nni-run --check two.yml
like "$(cat err)" '*warning: kubeflow: one job a trial is used, and not reuseMode, since a trial has several pods*' 'has its own job, and that is told'

# The second trial of each runs: its environment goes.
second() { [ "$(jq -r 'select(.type == "status" and .status == "RUNNING") | .trial' "$1.out" | sort -u | grep -vxc "$(first "$1")")" = 1 ]; }
first() { jq -r 'select(.type == "trial") | .trial' "$1.out" | head -n 1; }
lost() { grep -q 'was lost' "$1.out"; }
for name in tf fc; do
	wait_for second $name
	k8s_fault evict labelSelector=nni-exp=$name >/dev/null
	wait_for lost $name || diag "$(cat $name.err)"
done
rm hold
for name in tf fc; do
	eval "wait \$$name"
	is $? 0 "$name: two trials" || diag "$(cat $name.err)"
	is "$(grep '"final"' $name.out | grep -o '"value":[0-9.]*' | sort | tr '\n' ' ')" '"value":0.10 "value":0.20 ' "$name: each has its metric"
	is "$(jq -r 'select(.type == "trial") | .job.environment' $name.out | tr '\n' ' ')" 'envir-1000001 envir-1000001 envir-1000002 ' \
		"$name: by one job, and one more when that was lost"
	like "$(jq -r 'select(.type == "status" and .status == "FAILED") | "\(.infra) \(.reason)"' $name.out)" 'true its environment * was lost: *' "$name: which is told"
	nni-run --clean=$name >/dev/null 2>&1
	is "$? $(ls nfs/export/nni/$name/environments 2>&1 | grep -c envir-)" '0 0' "$name: nothing stays"
done
is "$(k8s_fault counts | jq -c '[.tfjobs, .frameworks, .configmaps]')" '[0,0,0]' 'nor in the cluster'
done_testing
