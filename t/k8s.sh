# A stand-in Kubernetes API server for shell tests (t/k8s-server).
#
#	. "$TOP/t/k8s.sh"
#	k8s_start [OPTION...]		serves until the test ends; sets KUBECONFIG and
#					k8s_dir, k8s_url, k8s_token, k8s_pid
#	k8s_stop			stops it, with all pods
#	k8s_fault WHAT [KEY=VALUE...]	what is to happen (below); a value that is
#					JSON is taken as it is, others are strings
#	k8s_get PATH...			the body of a GET
#	k8s_make PATH JSON		a POST, which has to be well
#	k8s_requests FILTER		requests so far for which the jq filter is true
#
# What can happen (t/k8s/faults.py):
#
#	answer status=429 retry_after=1 count=3 path=REGEX method=POST
#					the next requests are refused (seconds=N: for a
#					while; skip=N: after N others; plain=1: no JSON)
#	drop, hang, half count=N ...	no answer, never one, half of one
#	slow rate=1000 path=REGEX	bytes a second
#	cut path=REGEX [torn=1]		open watches are cut (in the middle of a line)
#	expire [open=1]			410 for old versions (and for open watches)
#	bookmark			all watches get one
#	skew seconds=-300		the server's clock
#	tokens tokens='["a"]' after=N	what is accepted (for N requests)
#	forbid verb=create resource=jobs
#	grant account=NAME verb=get resource=frameworks
#					to a service account; the user has all rights
#	freeze, thaw			the controllers
#	capacity cpu=4 nvidia.com/gpu=1
#	synthetic lines='["a"]' every_ms=10 start_ms=0 run_ms=100 exit=0 message=M
#					pods from now on are no processes; without run_ms
#					until `end`; off=1: processes again
#	end exit=0, evict, oom, kill signal=15, say line=L times=N, lose
#					pods; name=POD or labelSelector=A=B
#	delete plural=jobs name=N policy=Background
#					somebody else deletes
#	status plural=jobs name=N status='{...}'
#	counts				how many objects, watches, processes
#	clear				no faults any more
#
# frameworkcontroller/frameworkbarrier is played (get frameworks is needed).
# An image with "nope" in its name cannot be pulled, a nodeSelector with "never"
# fits no node.

k8s_start() {
	command -v python3 >/dev/null && command -v jq >/dev/null &&
		command -v curl >/dev/null || skip_all 'no python3, jq or curl'
	k8s_dir=$trash/k8s
	[ ! -d "$k8s_dir" ] || k8s_dir=$(mktemp -d "$trash/k8s.XXXXXX")
	mkdir -p "$k8s_dir"
	"$TOP/t/k8s-server" --dir "$k8s_dir" "$@" >"$k8s_dir/out" 2>&1 </dev/null &
	k8s_pid=$!
	stop_at_end "kill $k8s_pid 2>/dev/null; wait $k8s_pid 2>/dev/null"
	wait_for eval "[ -s '$k8s_dir/ready' ] || ! kill -0 $k8s_pid"
	if [ ! -s "$k8s_dir/ready" ]; then
		diag "the stand-in server does not start: $(cat "$k8s_dir/out")"
		exit 1
	fi
	k8s_url=$(jq -r .url "$k8s_dir/ready")
	k8s_token=$(jq -r .token "$k8s_dir/ready")
	k8s_control=$(jq -r .control "$k8s_dir/ready")
	KUBECONFIG=$k8s_dir/kubeconfig
	export KUBECONFIG
}

k8s_stop() {
	kill "$k8s_pid" 2>/dev/null
	wait "$k8s_pid" 2>/dev/null
	[ ! -s "$k8s_dir/out" ] || diag "the stand-in server said: $(cat "$k8s_dir/out")"
}

# The options of curl that reach the server: no proxy, our name, the token.
k8s_curl() {
	set -- -sS --noproxy '*' -A nni-test/1 "$@"
	[ ! -e "$k8s_dir/tls/ca.crt" ] || set -- --cacert "$k8s_dir/tls/ca.crt" "$@"
	printf 'header = "Authorization: Bearer %s"\n' "$k8s_token" | curl -K - "$@"
}

k8s_get() { k8s_curl "$k8s_url$1"; }

k8s_make() {
	printf '%s' "$2" >"$k8s_dir/object"
	k8s_curl -f -o "$k8s_dir/made" -H 'Content-Type: application/json' --data-binary "@$k8s_dir/object" "$k8s_url$1"
}

k8s_fault() {
	k8s_what=$1
	shift
	k8s_curl -f -X POST "$k8s_control/$k8s_what" -d "$(
		for k8s_arg; do
			printf '%s\n' "$k8s_arg"
		done | jq -Rnc '[inputs | capture("^(?<key>[^=]*)=(?<value>.*)$") |
			.value = (.value as $v | try ($v | fromjson) catch $v)] |
			from_entries')"
}

k8s_requests() { jq -c "select($1)" "$k8s_dir/requests.jsonl"; }
