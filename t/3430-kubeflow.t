#!/bin/sh
# Trials as TFJob and PyTorchJob, whole, with configurations as NNI has them.
. "$(dirname "$0")/lib.sh"
. "$TOP/t/k8s.sh"
mkdir -p nfs/export code
k8s_start --nfs-root "$PWD/nfs"
api=/apis/kubeflow.org/v1/namespaces/default

cat >code/t.sh <<'T'
case $1 in
ps) exec sleep 300 ;;
bad) echo 'no such thing' >&2; exit 3 ;;
esac
echo "I am $1 of $NNI_EXP_ID on $HOSTNAME"
lr=$(nni-trial get lr) || exit 9
nni-trial report 0.5
nni-trial report --final "$lr"
echo "$1" >>"$NNI_OUTPUT_DIR/model"
T
echo '{"auths":{"r.example":{"auth":"dTpzM2NyZXQ="}}}' >docker.json
echo '{"lr":{"_type":"choice","_value":[0.10]}}' >space.json
cat >tf.yml <<'Y'
authorName: me
experimentName: tf
trialConcurrency: 1
maxTrialNum: 1
searchSpacePath: space.json
useAnnotation: false
tuner: {builtinTunerName: Random}
trainingServicePlatform: kubeflow
trial:
  codeDir: code
  worker: {replicas: 2, command: sh t.sh worker, gpuNum: 0, cpuNum: 1, memoryMB: 128, image: debian, privateRegistryAuthPath: ./docker.json}
  ps: {replicas: 1, command: sh t.sh ps, gpuNum: 0, cpuNum: 1, memoryMB: 128, image: debian}
kubeflowConfig:
  operator: tf-operator
  apiVersion: v1beta2
  storage: nfs
  nfs: {server: 127.0.0.1, path: /export}
Y
nni-run --id tf tf.yml >out 2>err
is $? 0 'a TFJob of two workers and a parameter server, as V1 has it' || diag "$(cat err; tail -n 3 "$NNI_EXPERIMENTS"/tf/log/*)"
is "$(jq -c 'select(.type == "metric") | [.kind, .sequence, .value]' out | numbers | tr '\n' ' ')" \
	'["intermediate",0,0.5] ["final",0,0.1] ' 'what both workers report is said once'
job=$(jq -r 'select(.type == "trial") | .job.path' out)
like "$job" "$api/tfjobs/nni-tf-*-1" 'in the version that is served'
like "$(cat "$NNI_EXPERIMENTS/tf/log/kubeflow-submit.log")" '*serves tfjobs of kubeflow.org/v1 and not of v1beta2*' 'which is told'
is "$(k8s_get "$job" | jq -rc '[.spec.runPolicy.cleanPodPolicy, .spec.tfReplicaSpecs.Worker.restartPolicy, (.metadata.labels | .["nni-exp"])]')" \
	'["Running","Never","tf"]' 'the job is what the operator needs'
gone() { [ "$(k8s_get "/api/v1/namespaces/default/pods" | jq '[.items[] | select(.status.phase == "Running")] | length')" = 0 ]; }
wait_for gone
ok $? 'nothing runs on when the trial has ended'
is "$(sort -u nfs/export/nni/tf/trials/*/model)" worker 'its output is on the share'
is "$(k8s_get /api/v1/namespaces/default/secrets | jq -r '.items[] | [.metadata.name, .type, (.data[".dockerconfigjson"] | @base64d | fromjson | .auths | keys[0])] | @tsv' | tr '\t' ' ')" \
	'nni-tf-kubeflow-registry-0 kubernetes.io/dockerconfigjson r.example' 'there is one Secret for the registry'
is "$(cat out err "$NNI_EXPERIMENTS"/tf/log/* | grep -c dTpzM2NyZXQ)" 0 'and its password is told nowhere'
nni-run --clean=tf >/dev/null 2>err
is $? 0 'what is left can be removed' || diag "$(cat err)"
is "$(for what in "$api/tfjobs" /api/v1/namespaces/default/secrets /api/v1/namespaces/default/pods /api/v1/namespaces/default/configmaps; do
	k8s_get "$what" | jq '[.items[] | select(.metadata.labels.app == "nni")] | length'; done | tr '\n' ' ')" '0 0 0 0 ' 'and nothing stays'

cat >pt.yml <<'Y'
experimentName: pt
searchSpaceFile: space.json
trialCommand: sh t.sh bad
trialCodeDirectory: code
trialConcurrency: 1
maxTrialNumber: 1
tuner: {name: Random}
trainingService:
  platform: kubeflow
  operator: pytorch-operator
  apiVersion: v1
  reuseMode: false
  storage: {storageType: nfs, server: 127.0.0.1, path: /export}
  master: {replicas: 1, command: sh t.sh bad, codeDirectory: code, dockerImage: debian, gpuNumber: 0, cpuNumber: 1, memorySize: 128MB}
  worker: {replicas: 1, command: sh t.sh ps, codeDirectory: code, dockerImage: debian, gpuNumber: 0, cpuNumber: 1, memorySize: 128MB}
Y
# Beside, what NNI has not: a chief and an evaluator, and MPI.
role='replicas: 1, dockerImage: debian, gpuNumber: 0, cpuNumber: 1, memorySize: 128MB'
start() { # NAME SERVICE
	cat >"$1.yml" <<Y
searchSpaceFile: space.json
trialCommand: sh t.sh $1
trialCodeDirectory: code
trialConcurrency: 1
maxTrialNumber: 1
tuner: {name: Random}
trainingService: {platform: kubeflow, reuseMode: false, $2}
Y
	nni-run --id "$1" "$1.yml" >"$1.out" 2>"$1.err" &
	eval "$1=$!"
}
start chief "operator: tf-operator, apiVersion: v1, chief: {$role}, worker: {$role, command: sh t.sh ps}, evaluator: {$role, command: sh t.sh ps}"
start mpi "operator: mpi-operator, apiVersion: v1, launcher: {$role}, worker: {$role}"

nni-run --id pt pt.yml >out 2>err
is $? 1 'a PyTorchJob whose master fails, as V3 has it' || diag "$(cat err; tail -n 3 "$NNI_EXPERIMENTS"/pt/log/*)"
is "$(jq -rc 'select(.type == "status" and .status == "FAILED") | [.exit_code, .reason, .infra]' out)" \
	'[3,"exit code 3: no such thing",null]' 'it has failed, with its exit code and last words'

for name in chief mpi; do
	eval "wait \$$name"
	is "$? $(jq -r 'select(.type == "metric") | .value' $name.out | numbers | tr '\n' ' ')" '0 0.5 0.1 ' "$name: its end is the trial's" || diag "$(cat $name.err)"
	jq -c 'select(.type == "trial" or .type == "status" and .status == "SUCCEEDED")' $name.out | nni-collect --logs >$name.logs 2>&1
	like "$(cat "$NNI_EXPERIMENTS/$name"/trials/*/stdout)" "*I am $name of $name *" "$name: its output is the trial's" || diag "$(cat $name.logs)"
done

# ---- a cluster of another time ----
k8s_stop
k8s_start --kubeflow v1alpha2 --nfs-root "$PWD/nfs"
sed 's/v1beta2/v1alpha2/' tf.yml >old.yml
sed 's/^  worker: {replicas: 2/  master: {replicas: 1/; s/^  ps:/  worker:/; s/tf-operator/pytorch-operator/' old.yml >oldpt.yml
nni-run --id oldpt oldpt.yml >oldpt.out 2>oldpt.err &
oldpt=$!
nni-run --id old old.yml >old.out 2>old.err
is $? 0 'operators of old are spoken to in their version' || diag "$(cat old.err; tail -n 3 "$NNI_EXPERIMENTS"/old/log/*)"
wait $oldpt
is $? 0 'that of PyTorch, too' || diag "$(cat oldpt.err; tail -n 3 "$NNI_EXPERIMENTS"/oldpt/log/*)"
like "$(jq -r 'select(.type == "trial") | .job.path' old.out oldpt.out | tr '\n' ' ')" '/apis/kubeflow.org/v1alpha2/*/tfjobs/* */v1alpha2/*/pytorchjobs/*' 'as the configuration says'
k8s_stop
done_testing
