#!/bin/sh
# DLTS: the stand-in server refuses what the real one does, and has its oddities.
. "$(dirname "$0")/lib.sh"
command -v python3 >/dev/null && command -v jq >/dev/null &&
	command -v curl >/dev/null || skip_all 'no python3, jq or curl'

# server NAME [OPTION...]: serves, and leaves its port in NAME/port
server() {
	"$TOP/t/dlts-server" "$@" >"$1.out" 2>&1 </dev/null &
	stop_at_end "kill $! 2>/dev/null; wait $! 2>/dev/null"
	wait_for test -s "$1/port"
}
dashboard() { echo "http://127.0.0.1:$(cat "$1/port")/"; }
play() { curl -sS --noproxy '*' -f -o played "$(dashboard "$1")play" -d "$2"; }
# call SERVER PATH [CURL-OPTION...]: the status, and the body in ./body
call() {
	call_url="$(dashboard "$1")api$2"
	shift 2
	curl -sS --noproxy '*' -o body -w '%{http_code}' "$@" "$call_url"
}
who='email=me@example.com&password=sesame'

server dlts --page 2
job='{"team": "platform", "jobId": "j1", "jobName": "j1", "gpuType": "P40", "image": "debian", "cmd": "echo a; echo b; echo c; exec sleep 600"}'
is "$(call dlts '/clusters/.default/jobs' -d "$job")" 403 'nobody without email and password'
is "$(call dlts "/clusters/.default/jobs?$who" -d '{"team": "platform"}')" 400 'a job that is none'
is "$(call dlts "/clusters/.default/jobs?$who" -d "$job") $(jq -r .jobId body)" '200 j1' 'a job'
is "$(call dlts "/clusters/.default/jobs?$who" -d "$job") $(jq -r .error body)" '200 Cannot schedule job. Cannot add job into database.' 'an id that is taken is refused with 200'
log() { [ "$(call dlts "/clusters/c1/jobs/j1/log?$who$1")" = "$2" ]; }
wait_for log '&cursor=0.000000002' 200
log '' 200 && log "&cursor=$(jq -r .cursor body)" 200
is "$(jq -r '.log[]' body)" c 'pages of a log'
log "&cursor=$(jq -r .cursor body)" 404
ok $? 'the last of which is 404'
is "$(call dlts "/clusters/c1/jobs/j1/status?$who" -X PUT -d '{"status": "dead"}')" 400 'a status that nobody may set'
is "$(call dlts "/clusters/c1/jobs/j1/status?$who" -X PUT -d '{"status": "killing"}') $(jq -r '.result | .[0:7]' body)" '200 Success' 'a kill'
killed() { call dlts "/clusters/c1/jobs/j1/status?$who" >/dev/null && [ "$(jq -r .status body)" = killed ]; }
wait_for killed
is "$(call dlts "/clusters/c1/jobs/j1/status?$who" -X PUT -d '{"status": "killing"}') $(jq -r '.result | .[0:6]' body)" '200 Cannot' 'of what has ended is refused with 200'
is "$(grep -c . dlts/faults) $(cat dlts.out)" '2 ' 'what is against the contract is kept'
grep -q sesame dlts/requests.jsonl
is $? 1 'and the password is not'
done_testing
