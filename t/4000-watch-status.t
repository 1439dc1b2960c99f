#!/bin/sh
# nni-watch: every change once, every end once, until all have ended.
. "$(dirname "$0")/lib.sh"
. "$TOP/t/data/fake.sh"

experiment abc
mkfifo pipe
nni-watch <pipe >out 2>err &
pid=$!
exec 3>pipe
trial aaaaa >&3
trial bbbbb >&3
trial aaaaa >&3
echo '{"type":"mystery","x":  1.0}' >&3
echo 'garbage' >&3
status qqqqq WAITING >&3
wait_for grep -q 'bbbbb.*RUNNING' out
echo SUCCEEDED >"$E/fake/end/aaaaa-1"
wait_for grep -q SUCCEEDED out
exec 3>&-
kill -0 $pid
ok $? 'it stays until all have ended'
echo FAILED >"$E/fake/end/bbbbb-1"
wait $pid
is $? 2 'the line that is no record is its exit code'
is "$(cut -d: -f1-4 err)" 'nni-watch: error: stdin:5' 'and told; silent otherwise'
is "$(brief out | sort | oneline)" \
	'error:- mystery:- status:aaaaa-1:RUNNING status:aaaaa-1:SUCCEEDED status:bbbbb-1:FAILED status:bbbbb-1:RUNNING status:qqqqq-1:WAITING trial:aaaaa-1 trial:aaaaa-1 trial:bbbbb-1' \
	'each change once, everything else passed on'
is "$(grep -c 'x":  1.0' out)" 1 'unchanged'
is "$(jq -r 'select(.status=="FAILED") | "\(.reason) \(.exit_code) \(.time != null)"' out)" 'it failed 1 true' 'an end as the backend has it'

# a retried trial is judged by its last attempt
export FAKE_AUTO=
experiment retry
{ trial aaaaa 1; trial aaaaa 2; } >in
mkdir -p "$E/fake/end"
echo FAILED >"$E/fake/end/aaaaa-1"
echo SUCCEEDED >"$E/fake/end/aaaaa-2"
nni-watch <in >out
is $? 0 'the last attempt counts'

# the backend dies
for die in DIE_ONCE=watch:2 DIE=watch:4; do
	experiment dies
	{ trial aaaaa; trial bbbbb; trial ccccc; } >in
	env "FAKE_$die" FAKE_AUTO=SUCCEEDED nni-watch <in >out 2>err
	is "$? $(brief out | grep -c SUCCEEDED) $(brief out | grep status | sort | uniq -d)" '0 3 ' \
		"$die: it is started again, and nothing told twice"
done

# nonsense
experiment garbage
trial aaaaa | FAKE_GARBAGE=1 FAKE_AUTO=SUCCEEDED nni-watch >out 2>err
is "$? $(brief out | oneline)" '0 trial:aaaaa-1 error:- status:aaaaa-1:RUNNING status:aaaaa-1:SUCCEEDED' \
	'nonsense is an error, strangers are passed over'

# --once, and operands
experiment once
printf '{}\n{}\n' | nni-submit --dir once >in
grep '"job"' in | nni-watch --once >out
is "$? $(brief out | sed 's/:.*-/:/' | oneline)" '0 trial:1 trial:1 status:1:RUNNING status:1:RUNNING' \
	'--once tells what is true now'
nni-watch --once once >out
is "$? $(brief out | sed 's/:.*-/:/' | oneline)" '0 trial:1 trial:1 status:1:RUNNING status:1:RUNNING' \
	'also of an experiment by its name'
exits 4 'of one that is not there' nni-watch --once nosuch
trial aaaaa | FAKE_MUTE=watch nni-watch --once >out
is "$? $(brief out)" '0 trial:aaaaa-1' '--once of a backend that says nothing ends'

# who cannot be asked
experiment gone
trial aaaaa >in
rm "$E/config.json"
nni-watch <in >out 2>err
is $? 5 'an experiment that is gone'
is "$(brief out | oneline)" 'trial:aaaaa-1 status:aaaaa-1:UNKNOWN' 'its trials are UNKNOWN'
like "$(jq -r .reason out)" "*config.json*" 'and it is said why'
like "$(cat err)" '*1 trial cannot be followed; it is not lost*' 'also to people'
if [ -n "${NNI_LONG-}" ]; then
	experiment never
	trial aaaaa | FAKE_EXIT=watch:9 nni-watch >out 2>err
	is "$? $(brief out | oneline)" '5 trial:aaaaa-1 status:aaaaa-1:UNKNOWN' 'a backend that never comes up'
fi

# readers
experiment reader
{ for i in 1 2 3 4 5 6 7 8 9; do trial aaaa$i; done; } | FAKE_AUTO=SUCCEEDED nni-watch 2>err | head -1 >out
is "$(brief out) $(cat err)" 'trial:aaaa1-1 ' 'a reader that goes is no fault'
{ nni-watch <pipe 2>err; echo $? >code; } | { read -r l; echo "$l" >first; } &
exec 3>pipe
trial aaaaa >&3
wait_for test -s code
is "$(cat code) $(brief first)" '0 trial:aaaaa-1' 'an idle one ends when its reader goes'
exec 3>&-
done_testing
