#!/bin/sh
# The stand-in Kubernetes server: it refuses what a real one refuses, runs pods,
# tells of them, and fails as it is asked to.
. "$(dirname "$0")/lib.sh"
. "$TOP/t/k8s.sh"
k8s_start

jobs=/apis/batch/v1/namespaces/default/jobs
configmaps=/api/v1/namespaces/default/configmaps
pods=/api/v1/namespaces/default/pods

# job NAME COMMAND [JQ]		a Job as JSON
job() {
	jq -nc --arg name "$1" --arg command "$2" '{apiVersion: "batch/v1", kind: "Job",
	metadata: {name: $name, labels: {t: $name}}, spec: {backoffLimit: 0, template: {
	metadata: {labels: {t: $name}}, spec: {restartPolicy: "Never",
	terminationGracePeriodSeconds: 60, containers: [{name: "c", image: "debian",
	command: ["sh", "-c", $command]}]}}}} | '"${3:-.}"
}
# post PATH BODY [CURL OPTION...]	the answer is left in ./body; prints its code
post() {
	printf '%s' "$2" >request
	post_path=$1
	shift 2
	k8s_curl -o body -w '%{http_code}' -H 'Content-Type: application/json' \
		--data-binary @request "$@" "$k8s_url$post_path"
}
# refused CODE PATTERN NAME PATH BODY [CURL OPTION...]
refused() {
	refused_code=$1 refused_text=$2 refused_name=$3
	shift 3
	like "$(post "$@") $(jq -r '"\(.kind) \(.code) \(.message)"' body)" \
		"$refused_code Status $refused_code $refused_text" "$refused_name"
}
# said NAME JQ			waits until the Job is so
said() { k8s_get "$jobs/$1" | jq -e "$2"; }
pod_of() { k8s_get "$pods?labelSelector=t%3D$1" | jq -r '.items[0].metadata.name'; }

# What a job goes through.
k8s_curl -N -o events "$k8s_url$jobs?watch=1&labelSelector=t%3Done" 2>/dev/null &
watcher=$!
stop_at_end "kill $watcher 2>/dev/null"
mounted=$(job one 'echo "got $(cat /etc/nni-test/part)"; echo "$WHERE"; echo the end >/dev/termination-log; exit 3' \
	'.spec.template.spec |= (.volumes = [{name: "v", projected: {sources: [{configMap: {name: "parts"}}]}}] |
	.containers[0] |= (.volumeMounts = [{name: "v", mountPath: "/etc/nni-test"}] |
	.env = [{name: "WHERE", value: "/etc/nni-test-2 $(PLACE)"}]))')
is "$(post "$jobs" "$mounted")" 201 'a Job is created'
refused 409 'jobs.batch "one" already exists' 'only once' "$jobs" "$mounted"
pod=$(wait_for eval 'pod=$(pod_of one); [ "$pod" != null ]'; pod_of one)
refused 400 'container "c" in pod "*" is waiting to start: ContainerCreating' \
	'no log while the container is not there' "$pods/$pod/log" '' -X GET
is "$(post "$configmaps" '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"parts"},"immutable":true,"binaryData":{"part":"aGVsbG8="}}')" \
	201 'the ConfigMap that its volume waits for'
wait_for said one '.status.failed == 1'
is "$(k8s_get "$jobs/one" | jq -rc '.status.conditions[] | select(.type == "Failed") | [.status, .reason]')" \
	'["True","BackoffLimitExceeded"]' 'it fails as its container does'
is "$(k8s_get "$pods/$pod" | jq -rc '.status | [.phase, (.containerStatuses[0].state.terminated | .exitCode, .reason, .message)]')" \
	'["Failed",3,"Error","the end\n"]' 'the pod tells how it ended'
is "$(k8s_get "$pods/$pod/log")" 'got hello
/etc/nni-test-2 $(PLACE)' 'volumes are where they are mounted'
like "$(k8s_get "$pods/$pod/log?timestamps=true&tailLines=1")" \
	'20??-??-??T??:??:??*Z /etc/nni-test-2*' 'log lines with stamps'
is "$(k8s_get "$pods/$pod/log?limitBytes=5")" 'got h' 'limitBytes cuts anywhere'
stamp=$(k8s_get "$pods/$pod/log?timestamps=true" | sed -n '1s/\..*/Z/p')
is "$(k8s_get "$pods/$pod/log?sinceTime=${stamp%Z}.999999999Z" | wc -l)" 2 \
	'sinceTime is cut to the second'
refused 404 'pods "nosuch" not found' 'no such pod' "$pods/nosuch/log" '' -X GET
refused 409 '*UID in the precondition*' 'another Job of that name is not deleted' \
	"$jobs/one" '{"preconditions":{"uid":"x"}}' -X DELETE
is "$(post "$jobs/one" '{"propagationPolicy":"Foreground"}' -X DELETE)" 200 'deleted'
wait_for eval '[ "$(k8s_get "$jobs/one" | jq .code)" = 404 ]'
wait_for grep -q DELETED events
is "$(jq -rc .type events | uniq | tr '\n' ' ')" 'ADDED MODIFIED DELETED ' 'a watch tells it all'
is "$(jq -s 'map(select(.object.metadata.labels.t != "one")) | length' events)" 0 \
	'of what was selected'
kill "$watcher" 2>/dev/null

# TERM, and the grace period
post "$jobs" "$(job two 'trap "echo bye; exit 0" TERM; echo up; while :; do sleep 1 & wait; done')" >code
wait_for eval 'k8s_get "$pods/$(pod_of two)/log" | grep -q up'
k8s_curl -N "$k8s_url$pods/$(pod_of two)/log?follow=true" >followed &
follower=$!
wait_for grep -q up followed
post "$jobs/two" '{"propagationPolicy":"Background"}' -X DELETE >code
wait "$follower"
is "$(cat followed)" 'up
bye' 'a pod gets TERM and may say farewell'
wait_for eval '[ "$(k8s_fault counts | jq -c "[.pods, .processes]")" = "[0,0]" ]'
pass 'nothing is left'

# What is refused
refused 400 '*unknown field "spec.template.spec.containers\[0].imag"*' 'unknown fields' \
	"$jobs" "$(job x : '.spec.template.spec.containers[0].imag = "x"')"
refused 400 '*spec.backoffLimit*' 'wrong types' "$jobs" "$(job x : '.spec.backoffLimit = "1"')"
refused 400 '*quantities must match*' 'bad quantities' "$jobs" \
	"$(job x : '.spec.template.spec.containers[0].resources.limits.memory = "8GB"')"
refused 400 '*json parse error*' 'what is not JSON' "$jobs" '{'
refused 415 '*unknown format*' 'another Content-Type' "$jobs" "$(job x :)" -H 'Content-Type: text/yaml'
refused 415 '*unknown format*' 'a patch that says no patch type' "$jobs/x" '{}' -X PATCH
refused 422 '*a lowercase RFC 1123 subdomain*' 'a bad name' "$jobs" "$(job X_y :)"
refused 422 '*must be no more than 63 characters*' 'a long name' "$jobs" \
	"$(job "$(printf '%064d' 0)" : '.metadata.labels = {}')"
refused 422 '*a valid label must be*' 'a bad label' "$jobs" "$(job x : '.metadata.labels.a = "-"')"
refused 422 '*restartPolicy: Required value*' 'no restart policy' "$jobs" \
	"$(job x : 'del(.spec.template.spec.restartPolicy)')"
refused 422 '*volumeMounts\[0].name: Not found: "v"' 'no such volume' "$jobs" \
	"$(job x : '.spec.template.spec.containers[0].volumeMounts = [{name: "v", mountPath: "/v"}]')"
refused 404 'namespaces "nosuch" not found' 'no such namespace' \
	/apis/batch/v1/namespaces/nosuch/jobs "$(job x :)"
refused 405 '*does not allow this method*' 'a method that is not there' "$jobs" '{}' -X PUT
refused 400 'unable to parse requirement*' 'a bad selector' "$jobs?labelSelector=a%20b" '' -X GET
refused 400 '*not in the contract*' 'a query parameter that is none' "$jobs?labelselector=a" '' -X GET
k8s_token=wrong refused 401 Unauthorized 'a wrong token' "$jobs" '' -X GET
k8s_token=limited-$k8s_token refused 403 'jobs.batch is forbidden: User "limited" cannot list resource*' \
	'no rights' "$jobs" '' -X GET
head -c 1100000 /dev/zero | tr '\0' x >big
printf '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"c"},"data":{"a":"%s"}}' "$(cat big)" >big.json
is "$(k8s_curl -H 'Content-Type: application/json' --data-binary @big.json "$k8s_url$configmaps" | jq -r .message)" \
	'ConfigMap "c" is invalid: []: Too long: must have at most 1048576 bytes' 'a ConfigMap over 1 MiB'
printf '{"a":"%s"}' "$(cat big big big)" >big.json
is "$(k8s_curl -H 'Content-Type: application/json' --data-binary @big.json "$k8s_url$configmaps" | jq -r .code)" \
	413 'a body over 3 MiB'
refused 422 '*Forbidden: field is immutable*' 'to change what is immutable' "$configmaps/parts" \
	'{"binaryData":{"part":"aGk="}}' -X PATCH -H 'Content-Type: application/merge-patch+json'

# Lists in pieces; versions that are too old
for i in 1 2 3; do
	post "$configmaps" '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"n'$i'"}}' >code
done
first=$(k8s_get "$configmaps?limit=3")
is "$(printf '%s' "$first" | jq -c '[.items[].metadata.name], .metadata.remainingItemCount')" \
	'["n1","n2","n3"]
1' 'a list in pieces'
more=$(printf '%s' "$first" | jq -r '.metadata.continue')
is "$(k8s_get "$configmaps?limit=3&continue=$more" | jq -c '[.items[].metadata.name]')" '["parts"]' \
	'and its rest'
k8s_fault expire >out
refused 410 '*too old*' 'a list that took too long' "$configmaps?continue=$more" '' -X GET
is "$(k8s_get "$configmaps?watch=1&resourceVersion=1000" | jq -c '[.type, .object.code]')" \
	'["ERROR",410]' 'a watch from a version that is forgotten'
is "$(k8s_get "$configmaps?watch=1&allowWatchBookmarks=true&timeoutSeconds=1&resourceVersion=$(
	k8s_get "$configmaps" | jq -r .metadata.resourceVersion)" | jq -r .type)" BOOKMARK \
	'a watch ends in time, with a bookmark'

# Faults
k8s_fault answer status=429 retry_after=7 count=1 method=POST path=/jobs >out
is "$(post "$jobs" "$(job x :)" -D headers) $(tr -d '\r' <headers | grep -i '^retry-after')" \
	'429 Retry-After: 7' 'too many requests, on demand'
is "$(post "$jobs" "$(job x : '.spec.template.spec.containers[0].image = "nope"')")" 201 'once'
wait_for eval 'k8s_get "$pods/$(pod_of x)" | grep -q ImagePullBackOff'
pass 'an image that cannot be pulled'
k8s_fault drop count=1 >out
k8s_get "$jobs" >out 2>&1
is $? 52 'a connection that is dropped'
is "$(k8s_requests '.status == 429' | jq -c '[.method, .path, .agent]')" \
	'["POST","'$jobs'","nni-test/1"]' 'requests are written down'

# curl's own name makes the answers pretty
is "$(k8s_get "$jobs" | wc -l) $(k8s_curl -A curl/7 "$k8s_url$jobs" | sed -n 2p)" \
	'1   "kind": "JobList",' 'answers for people'
# What the real server says, where there is one (with Pods' and Jobs' own words)
lab=${NNI_LAB:-$HOME/.cache/nni-lab}/kubernetes/pki
real=https://127.0.0.1:16443
lab_curl() { curl -sS -m 20 --noproxy '*' -A nni-test/1 --cacert "$lab/ca.crt" --cert "$lab/admin.crt" --key "$lab/admin.key" "$@"; }
answer() { jq -rc '[.kind, .code, .reason, .message, .details.causes]' | sed 's/"resourceVersion":"[0-9]*"//'; }
# Each line: method, path, JSON that makes the body.  The namespace is "nni-test".
asked() {
	cat <<-'E2'
	POST jobs job("A_b")
	POST jobs job("a") | .metadata.labels = {"x y": "z", b: "-"}
	POST jobs job("a") | del(.spec.template.spec.restartPolicy)
	POST jobs job("a") | .spec.template.spec.containers = []
	POST jobs job("a") | .spec.template.spec.containers[0] |= (del(.image) | .env = [{name: "a b", value: "1"}])
	POST jobs job("a") | .spec.template.spec.containers[0].volumeMounts = [{name: "v", mountPath: "/x"}]
	POST jobs job("a") | .spec.template.spec.containers[0].name = "c_C"
	POST jobs job("a") | .spec.template.spec.containers[0].resources = {limits: {cpu: "1"}, requests: {cpu: "2"}}
	POST jobs job("a") | .metadata.namespace = "other"
	POST jobs job("a") | del(.metadata.name)
	POST jobs {kind: "Pod", apiVersion: "v1"}
	PUT jobs job("a")
	GET jobs/nosuch null
	DELETE jobs/nosuch null
	DELETE jobs/nosuch {propagationPolicy: "Background"}
	GET jobs?labelSelector=a%20b null
	GET jobs?fieldSelector=x%3D1 null
	GET jobs?limit=x null
	DELETE jobs/nosuch {propagationPolicy: "Zork"}
	GET nosuch null
	POST core:configmaps map({data: {"a b": "c"}})
	POST core:configmaps map({data: {a: "b"}, binaryData: {a: "aGk="}})
	POST core:configmaps map({kind: "ConfigMap", metadata: {name: "."}})
	POST core:secrets map({kind: "Secret", type: "kubernetes.io/dockerconfigjson"})
	GET core:pods?fieldSelector=x%3D1 null
	GET core:pods/nosuch/log null
	GET core:pods/nosuch null
	E2
}
if lab_curl "$real/version" >out 2>&1; then
	space='{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"nni-test"}}'
	post /api/v1/namespaces "$space" >code
	lab_curl -o out -H 'Content-Type: application/json' -d "$space" "$real/api/v1/namespaces"
	asked | while read -r method path filter; do
		jq -nc 'def job($n): {apiVersion: "batch/v1", kind: "Job", metadata: {name: $n}, spec: {template: {spec: {
			restartPolicy: "Never", containers: [{name: "c", image: "debian"}]}}}};
			def map($o): {apiVersion: "v1", kind: "ConfigMap", metadata: {name: "c"}} + $o; '"$filter | values" >request
		case $path in
		core:*) at=/api/v1/namespaces/nni-test/${path#core:} ;;
		*) at=/apis/batch/v1/namespaces/nni-test/$path ;;
		esac
		set -- -X "$method" -H 'Content-Type: application/json' --data-binary @request
		lab_curl "$@" "$real$at" | answer >theirs
		k8s_curl "$@" "$k8s_url$at" | answer >ours
		cmp -s theirs ours || { echo "$method $path $filter"; cat theirs ours; }
	done >differences
	is "$(cat differences)" '' 'the real server says the same'
else
	skip 'no real server here' 'the real server says the same'
fi

k8s_stop
is "$(cat "$k8s_dir/out")" '' 'the server has nothing to complain of'
done_testing
