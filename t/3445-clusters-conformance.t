#!/bin/sh
# Kubeflow and FrameworkController keep the contract of platforms, on a stand-in
# server that plays their operators' parts.
. "$(dirname "$0")/lib.sh"
. "$TOP/t/k8s.sh"
export NNI_PLATFORM_PATH="$TOP/platforms:$NNI_BIN"
k8s_start

configuration() { # SERVICE
	cat <<Y
searchSpace: {x: {_type: uniform, _value: [0, 1]}}
trialCommand: "true"
trialConcurrency: 4
tuner: {name: Random}
killGrace: 1
trainingService: $1
Y
}
role='command: "true", cpuNumber: 1, memorySize: 100mb, dockerImage: debian'
configuration "{platform: kubeflow, operator: tf-operator, apiVersion: v1, reuseMode: false, worker: {replicas: 1, $role}}" >kubeflow.yml
configuration "{platform: frameworkcontroller, serviceAccountName: null, reuseMode: false, taskRoles: [{name: worker, taskNumber: 1, $role,
  frameworkAttemptCompletionPolicy: {minFailedTaskCount: 1, minSucceedTaskCount: 1}}]}" >frameworkcontroller.yml
plays() { nni-conformance --timeout=120s -o one,ends,attempts,adopt,cancel-now "$1" "$1.yml" >"$1.said" 2>&1; }
plays kubeflow &
other=$!
plays frameworkcontroller
code=$?
wait $other
is $? 0 'kubeflow' || sed 's/^/# /' kubeflow.said
is $code 0 'frameworkcontroller' || sed 's/^/# /' frameworkcontroller.said
for p in kubeflow frameworkcontroller; do
	[ "$(grep -c '^ok' $p.said)" -ge 15 ]
	ok $? "$p was asked for what it promises"
done
done_testing
