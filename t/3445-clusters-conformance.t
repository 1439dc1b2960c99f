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
# What differs between the platforms on Kubernetes is what jobs and pods look
# like: these parts see it.  All others play the same lines of jq as those of
# t/3440-kubernetes, and are left to NNI_LONG: `kills` alone takes 18 s.
set -- one,ends,attempts,adopt cancel,cancel-now,gone,fetch
[ -z "${NNI_LONG-}" ] || set -- "$@" many \
	capabilities,check,empty,usage,nonsense,again,once,kills,lookup,cancel-late,update,clean,no-room
plays() { nni-conformance --timeout=120s -n 20 -o "$2" "$1" "$1.yml" >"$1.$2" 2>&1; echo "exit $?" >>"$1.$2"; }
all=
for parts; do
	for p in kubeflow frameworkcontroller; do
		# a Framework's pods go when they end: who is late finds no log to fetch
		mine=$parts
		[ $p = kubeflow ] || mine=${parts%,fetch}
		plays $p "$mine" &
		all="$all $!"
	done
done
# shellcheck disable=SC2086
wait $all
for said in kubeflow.* frameworkcontroller.*; do
	case $said in *.yml) continue ;; esac
	[ "$(grep -cx 'exit 0' "$said") $(grep -c '^# [a-z-]*: ' "$said")" = "1 $(echo "$said" | tr , '\n' | grep -c .)" ]
	ok $? "the contract: $said" || diag "$(grep -A4 '^not ok' "$said"; tail -n 3 "$said")"
done
done_testing
