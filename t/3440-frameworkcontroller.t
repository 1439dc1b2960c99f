#!/bin/sh
# Trials as Frameworks, whole, with configurations as NNI has them.  Their pods
# are deleted as soon as they end.
. "$(dirname "$0")/lib.sh"
. "$TOP/t/k8s.sh"
mkdir -p nfs/export code
k8s_start --kubeflow none --nfs-root "$PWD/nfs"
api=/apis/frameworkcontroller.microsoft.com/v1/namespaces/default/frameworks

cat >code/t.sh <<'T'
case $1 in
ps) exec sleep 300 ;;
bad) echo 'no such thing' >&2; exit 3 ;;
esac
for i in 1 2 3 4 5; do nni-trial report 0.$i; done
nni-trial report --final "$(nni-trial get lr)"
echo bye
T
echo '{"lr":{"_type":"choice","_value":[0.10]}}' >space.json
cat >fc.yml <<'Y'
authorName: me
experimentName: fc
trialConcurrency: 1
maxTrialNum: 1
searchSpacePath: space.json
useAnnotation: false
tuner: {builtinTunerName: Random}
trainingServicePlatform: frameworkcontroller
trial:
  codeDir: code
  taskRoles:
    - name: worker
      taskNum: 1
      command: sh t.sh worker
      gpuNum: 0
      cpuNum: 1
      memoryMB: 128
      image: debian
      frameworkAttemptCompletionPolicy: {minFailedTaskCount: 1, minSucceededTaskCount: 1}
frameworkcontrollerConfig:
  storage: nfs
  nfs: {server: 127.0.0.1, path: /export}
Y
nni-run --id fc fc.yml >out 2>err
is $? 0 'a Framework, as V1 has it' || diag "$(cat err; tail -n 3 "$NNI_EXPERIMENTS"/fc/log/*)"
is "$(jq -c 'select(.type == "metric") | .value' out | numbers | tr '\n' ' ')" '0.1 0.2 0.3 0.4 0.5 0.1 ' \
	'all metrics came, in order, though the pod has gone at once'
is "$(jq -c 'select(.type == "status" and .status == "SUCCEEDED") | [.metrics_incomplete, .no_final_metric]' out)" '[null,null]' 'and nothing is missing'
job=$(jq -r 'select(.type == "trial") | .job.path' out)
like "$job" "$api/nnifc?????x1" 'its name has no dashes'
jq -c 'select(.type == "trial" or .type == "status" and .status == "SUCCEEDED")' out >ended
nni-collect <ended 2>err | jq -c 'select(.type == "metric") | [.value, .at]' >again
is "$(cat again)" "$(jq -c 'select(.type == "metric") | [.value, .at]' out)" 'another process finds the same ones, by what the pod has left' || diag "$(cat err)"

sed 's/t.sh worker/t.sh bad/' fc.yml >bad.yml
nni-run --id bad bad.yml >out 2>err
is $? 1 'one that fails is not restarted for ever' || diag "$(cat err; tail -n 3 "$NNI_EXPERIMENTS"/bad/log/*)"
is "$(jq -c 'select(.type == "status" and .status == "FAILED") | [.exit_code, .infra]' out)" '[3,null]' 'its exit code is told'
like "$(jq -r 'select(.type == "status" and .status == "FAILED") | .reason' out)" '*no such thing*' 'and its last words'
nni-run --clean=fc >/dev/null 2>&1 && nni-run --clean=bad >/dev/null 2>err
is "$? $(k8s_get "$api" | jq '.items | length')" '0 0' 'nothing of them stays' || diag "$(cat err)"

# ---- what is not installed is named ----
cat >kf.yml <<'Y'
experimentName: kf
searchSpaceFile: space.json
trialCodeDirectory: code
trialConcurrency: 1
tuner: {name: Random}
trialCommand: sh t.sh worker
trainingService:
  platform: kubeflow
  operator: pytorch-operator
  apiVersion: v1
  reuseMode: false
  storage: {storageType: nfs, server: 127.0.0.1, path: /export}
  master: {replicas: 1, command: sh t.sh worker, dockerImage: debian, gpuNumber: 0, cpuNumber: 1, memorySize: 128MB}
Y
nni-run --check kf.yml >out 2>err </dev/null
ok "$([ $? != 0 ]; echo $?)" 'an operator that is not there is found by --check'
like "$(cat out err)" "*no API kubeflow.org*install Kubeflow's training operator*" 'with what to do'
k8s_stop
done_testing
