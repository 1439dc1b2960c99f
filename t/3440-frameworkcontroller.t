#!/bin/sh
# Trials as Frameworks, whole, with configurations as NNI has them.  Their pods
# are deleted as soon as they end.
. "$(dirname "$0")/lib.sh"
. "$TOP/t/k8s.sh"
mkdir -p nfs/export code
k8s_start --kubeflow none --nfs-root "$PWD/nfs"
api=/apis/frameworkcontroller.microsoft.com/v1/namespaces/default/frameworks

printf 'echo "$1" >>%s/said\n' "$PWD" >code/t.sh
cat >>code/t.sh <<'T'
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
  serviceAccountName: frameworkbarrier
  nfs: {server: 127.0.0.1, path: /export}
Y
# ---- the barrier: tasks look at their Framework as a service account ----
exits 5 'the service account of the barrier' nni-run --check fc.yml
like "$(cat err)" '*there is no service account frameworkbarrier in default; kubectl *' 'has to be there'
k8s_make /api/v1/namespaces/default/serviceaccounts '{"apiVersion":"v1","kind":"ServiceAccount","metadata":{"name":"frameworkbarrier"}}'
exits 5 'and have a right' nni-run --check fc.yml
like "$(cat err)" '*may not get frameworks: *kubectl *create role *--resource=frameworks.frameworkcontroller.microsoft.com; kubectl *rolebinding *' 'which is told'
k8s_fault forbid verb=create resource=localsubjectaccessreviews >/dev/null
exits 0 'who cannot ask for it' nni-run --check fc.yml
like "$(cat err)" '*cannot be asked whether the service account frameworkbarrier in default may get frameworks (*--as=system:serviceaccount:*' 'is told that'
k8s_fault clear >/dev/null
k8s_fault grant account=frameworkbarrier verb=get resource=frameworks >/dev/null

# Beside what follows: two roles, of which one never ends; and a Framework as
# NNI's examples have it, with a barrier of its own.
cat >two.yml <<'Y'
searchSpaceFile: space.json
trialCodeDirectory: code
trialConcurrency: 1
maxTrialNumber: 1
tuner: {name: Random}
trainingService:
  platform: frameworkcontroller
  serviceAccountName: frameworkbarrier
  reuseMode: false
  taskRoles:
  - {name: ps, taskNumber: 1, cpuNumber: 1, memorySize: 128MB, dockerImage: debian, gpuNumber: 0, command: sh t.sh ps,
     frameworkAttemptCompletionPolicy: {minFailedTaskCount: 1, minSucceedTaskCount: -1}}
  - {name: worker, taskNumber: 2, cpuNumber: 1, memorySize: 128MB, dockerImage: debian, gpuNumber: 0, command: sh t.sh $FB_PS_ADDRESSES/$FB_WORKER_IPS,
     frameworkAttemptCompletionPolicy: {minFailedTaskCount: 1, minSucceedTaskCount: 2}}
Y
cat >framework.yml <<'Y'
apiVersion: frameworkcontroller.microsoft.com/v1
kind: Framework
metadata: {name: pytorchcpu, namespace: default}
spec:
  executionType: Start
  retryPolicy: {fancyRetryPolicy: true, maxRetryCount: 2}
  taskRoles:
  - name: worker
    taskNumber: 1
    frameworkAttemptCompletionPolicy: {minFailedTaskCount: 1, minSucceededTaskCount: 3}
    task:
      retryPolicy: {fancyRetryPolicy: false, maxRetryCount: 0}
      podGracefulDeletionTimeoutSec: 1800
      pod:
        spec:
          restartPolicy: Never
          hostNetwork: false
          initContainers:
          - name: frameworkbarrier
            image: frameworkcontroller/frameworkbarrier
            volumeMounts: [{name: frameworkbarrier-volume, mountPath: /mnt/frameworkbarrier}]
          containers:
          - name: mnist
            image: msranni/nni:latest
            command: [sh, t.sh, "$(NNI_PLATFORM)"]
            ports: [{containerPort: 5001}]
            volumeMounts:
            - {name: frameworkbarrier-volume, mountPath: /mnt/frameworkbarrier}
            - {name: data-volume, mountPath: /tmp/mount}
          serviceAccountName: frameworkbarrier
          volumes:
          - {name: frameworkbarrier-volume, emptyDir: {}}
          - {name: data-volume, persistentVolumeClaim: {claimName: nni-storage}}
Y
k8s_make /api/v1/namespaces/default/persistentvolumeclaims '{"apiVersion":"v1","kind":"PersistentVolumeClaim","metadata":{"name":"nni-storage"},
	"spec":{"accessModes":["ReadWriteMany"],"resources":{"requests":{"storage":"1Gi"}}}}'
sed '/taskRoles/,$d' fc.yml >own.yml
cat >>own.yml <<Y
frameworkcontrollerConfig: {configPath: framework.yml, storage: pvc, pvc: {path: $PWD/nfs}, namespace: default}
Y
for name in two own; do
	nni-run --id $name $name.yml >$name.out 2>$name.err &
	eval "$name=$!"
done

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

wait "$two"
is $? 0 'two roles that wait for each other' || diag "$(cat two.err)"
is "$(jq -rs 'map(select(.type == "metric")) | length' two.out)" 6 'and one of which never ends by itself'
is "$(k8s_get "$api" | jq -r '.items[] | select(.metadata.labels["nni-exp"] == "two") | [.status.attemptStatus.completionStatus | .type.name, .diagnostics] | join(": ")')" \
	'Succeeded: SucceededTaskCount 2 has reached minSucceededTaskCount 2 in TaskRole worker' 'have succeeded by their policy'
like "$(cat said)" '*127.0.0.1:4000/127.0.0.1,127.0.0.1*' 'and know the addresses of all'
wait "$own"
is $? 0 'a Framework of one'"'"'s own' || diag "$(cat own.err)"
is "$(k8s_get "$api" | jq -r '.items[] | select(.metadata.labels["nni-exp"] == "own") | .spec.taskRoles[0].task.pod.spec
	| .containers[0].ports[0].containerPort, .volumes[1].name, .serviceAccountName' | tr '\n' ' ')" \
	'5001 data-volume frameworkbarrier ' 'is used as it is'

# A log that is followed is had at once, and nni-collect --once reads it only to
# where it is now.
jq -nc --arg m "NNISDK_MEb'$(jq -nc '{parameter_id: 0, trial_job_id: "runon", type: "PERIODICAL", sequence: 0, value: "0.5"}')'" '[$m]' >metric
k8s_fault synthetic lines="$(cat metric)" >/dev/null
grep '"type":"trial"' ended | jq -c '.trial = "runon" | del(.job)' |
	nni-platform-rest submit --dir "$NNI_EXPERIMENTS/fc" --member frameworkcontroller >placed
is_running() { [ "$(k8s_get '/api/v1/namespaces/default/pods?labelSelector=nni-trial=runon' | jq -r '.items[].status.phase')" = Running ]; }
wait_for is_running
timeout 120 nni-platform-rest collect --dir "$NNI_EXPERIMENTS/fc" --member frameworkcontroller <placed >got 2>err
is "$? $(jq -c '[.type, .value]' got)" '0 ["metric",0.5]' 'what a trial that runs on has printed is read once' || diag "$(cat err placed)"

for name in fc bad two own; do nni-run --clean=$name; done >/dev/null 2>err
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
