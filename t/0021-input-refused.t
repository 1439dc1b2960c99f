#!/bin/sh
# Lines that cannot be accepted: said with their number, on stderr and as error
# records; the other lines are served, then the exit code is 2.
. "$(dirname "$0")/lib.sh"
. "$TOP/t/data/fake.sh"

# refuses 'LINES' 'REASONS' COMMAND... reads ./in
refuses() {
	lines=$1 reasons=$2
	shift 2
	exits_with=$("$@" <in >out 2>err; echo $?)
	is "$exits_with $(sed -n "s/^$1: error: stdin:\([0-9]*\): .*/\1/p" err | oneline)" "2 $lines" \
		"$1 refuses line $lines, and ends with 2" || diag "$(cat err)"
	like "$(cat err)" "$reasons" 'and says why'
}
# The same lines, and no others, in error records.
recorded() {
	is "$(jq -r 'select(.type == "error").where' out | oneline)" "$1" 'as records too'
}
long() { perl -e 'print "{\"x\":\"", "y" x (1 << 20), "\"}\n"'; }

export FAKE_AUTO=SUCCEEDED
experiment abc
{ echo '{"x":1}'; echo 'no json'; echo '[1]'; long; echo '{"type":"spec"}'; spec good1; } >in
refuses '2 3 4 5' '*not JSON*not a JSON object*longer than 1 MiB*needs "parameters", an object*' \
	nni-submit --dir abc
recorded 'stdin:2 stdin:3 stdin:4 stdin:5'
is "$(grep -c '"job"' out)" 2 'the good ones are placed'

{ jq -c 'select(.type == "trial")' out; echo '{"type":"trial","trial":"nodir"}'
	echo 'no json'; cancel zzzzz; } >in
refuses '3 4 5' '*needs "dir" and "platform"*not JSON*no such trial*' nni-watch
recorded 'stdin:3 stdin:4 stdin:5'
is "$(grep -c '"SUCCEEDED"' out)" 2 'the good ones are watched to their end'

{ grep -E '"trial":"(good1|nodir)"' out | grep -v '"error"'; echo 'no json'; } >in
refuses "$(grep -n -e nodir -e 'no json' in | cut -d: -f1 | oneline)" '*needs "dir"*not JSON*' nni-collect
is "$(grep -c '"error"' out)" 2 'as records too'
is "$(grep -c '"SUCCEEDED"' out)" 1 'the good ones are collected'
nni-collect --format csv <in >out 2>err
is "$? $(grep -c error out)" '2 0' 'a table is not disturbed by error records'

experiment other
specs 1 | FAKE_PLACES=a=0 nni-submit --once --dir other >/dev/null 2>&1
experiment queue
specs 2 | FAKE_PLACES=a=0 nni-submit --once --dir queue >/dev/null 2>&1
of='{"type":"trial","trial":"%s","dir":"%s"}\n'
{ status t0001 WAITING; echo 'no json'; echo '{"trial":"t0001"}'; printf "$of" t0001 "$E"
	printf "$of" t0001 "$NNI_EXPERIMENTS/other"; status t0002 WAITING; } >in
refuses '1 2 3 5' '*names no experiment; say --dir*not JSON*no "type"*another experiment*' nni-cancel
recorded 'stdin:1 stdin:2 stdin:3 stdin:5'
is "$(brief out | grep -v error | sort | oneline)" 'status:t0001-1:USER_CANCELED status:t0002-1:USER_CANCELED' \
	'the good ones are cancelled'

echo '{"x":{"_type":"uniform","_value":[0,1]}}' >space.json
{ echo 'no json'; echo '{"type":"ask","n":0}'; echo '{"type":"ask","n":2}'; long; } >in
refuses '1 2 4' '*not JSON*"n" must be from 1*longer*' nni-tune -s space.json
is "$(grep -c '"spec"' out)" 2 'the good ones are answered'
{ echo 'no json'; echo '{"type":"metric","kind":"intermediate","trial":"aaaaa","sequence":0,"value":9}'
	echo '{"type":"status","trial":"aaaaa","status":"SUCCEEDED"}'; echo '[]'
	echo '{"type":"metric","kind":"intermediate","trial":"bbbbb","sequence":0,"value":1}'; } >in
refuses '1 4' '*not JSON*' nni-assess -t Medianstop -a '{"start_step":0}'
is "$(jq -r .trial out)" bbbbb 'the good ones are judged'
done_testing
