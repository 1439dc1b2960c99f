#!/bin/sh
# nni-submit: credit, places, and why a trial waits.
. "$(dirname "$0")/lib.sh"
. "$TOP/t/data/fake.sh"

trials() { grep -c '"type":"trial"' "$1"; }
has() { [ "$(trials out)" -ge "$1" ]; }

# 3 fit; the others follow as those end
experiment abc
mkfifo pipe
FAKE_PLACES='a=2 b=1' nni-submit --dir abc <pipe >out 2>err &
pid=$!
exec 3>pipe
specs 5 >&3
wait_for has 3
wait_for grep -q 'a is full; b: b is full' out
ok $? 'what waits says why'
is "$(trials out)" 3 'as many as there is room for'
is "$(jq -r 'select(.type=="trial").place' out | sort | oneline)" 'a a b' 'where there is room'
t=$(jq -r 'select(.place=="b").trial' out)
echo SUCCEEDED >"$E/fake/end/$t-1"
wait_for has 4
is "$(jq -r 'select(.type=="trial").place' out | tail -1)" b 'one more where one has ended'
cancel t0005 >&3
wait_for grep -q USER_CANCELED out
exec 3>&-
wait $pid
is $? 0 'ends when nothing waits'
is "$(jq -r 'select(.trial=="t0005" and .reason).reason' out | sort -u | wc -l)" 3 \
	'the last said why it waited, again when that changed'

# no room after all: it comes in front again, at its place or another
experiment noroom
specs 4 | FAKE_PLACES='a=4' FAKE_NO_ROOM=1 nni-submit --dir noroom >out 2>err
is "$? $(trials out)" '0 4' 'a place that refuses is asked again'
is "$(head -2 "$E/fake/submits" | oneline) $(grep -c t0001-1 "$E/fake/submits")" \
	't0001-1 a t0002-1 a 2' 'the one refused was asked first and again'
is "$(doubles)" '' 'nothing is started twice'
experiment queueless
specs 2 | FAKE_NO_ROOM=1 nni-submit --dir queueless >out 2>err
is "$? $(trials out)" '0 2' 'also one that never speaks of credit'

# trialConcurrency, where no credit tells who lives: its own watch is asked
experiment counted
jq -c .trialConcurrency=2 "$E/config.json" >c.json && cp c.json "$E/config.json"
over() { echo SUCCEEDED >"$E/fake/end/$1-1"; }
specs 2 | nni-submit --dir counted >out 2>err
is "$? $(trials out) $([ -e "$E/log/fake-watch.log" ] || echo unasked)" '0 2 unasked' 'as many as may live are started'
over t0001
specs 4 | nni-submit --once --dir counted >out 2>err
is "$? $(jq -r 'select(.type=="trial" and .trial>"t0002").trial' out | oneline)" '0 t0003' \
	'what an earlier process has started counts, until it has ended'
is "$(jq -r 'select(.trial=="t0004").reason' out | tail -1)" 'trialConcurrency of 2 reached' 'and that is why the rest waits'
FAKE_DIE_ONCE=watch:3 nni-submit --resume counted <pipe >out 2>err &
pid=$!
exec 3>pipe
specs 6 >&3
wait_for grep -q '"t0006".*trialConcurrency of 2 reached' out
over t0002
wait_for has 4
echo '{"type":"set","key":"trialConcurrency","value":3}' >>"$E/control.jsonl"
wait_for has 5
ok $? 'one more for each end, or as many as were allowed meanwhile'
wait_for grep -q '"t0006".*trialConcurrency of 3 reached' out
for i in 3 4 5; do over "t000$i"; done
wait_for has 6
is "$? $(ls -d "$E/fake/died")" "0 $E/fake/died" 'also when the one that is asked was killed meanwhile'
exec 3>&-
wait $pid
is "$? $(doubles)" '0 ' 'it ends when nothing waits'

# --once
experiment once
specs 3 | FAKE_PLACES='a=2' nni-submit --once --dir once >out 2>err
is "$? $(trials out)" '0 2' '--once places what has room'
is "$(jq -r 'select(.trial=="t0003").reason' out | tail -1)" 'a: a is full' 'and says why the rest waits'
echo SUCCEEDED >"$E/fake/end/t0001-1"
FAKE_PLACES='a=2' nni-submit --once --resume once >out 2>err </dev/null
is "$? $(trials out)" '0 3' 'the next pass goes on'
is "$(doubles)" '' 'without starting anything twice'

# failures of a submit
experiment fail
specs 2 | FAKE_FAIL=1 nni-submit --dir fail >out 2>err
is $? 1 'what cannot be started'
is "$(jq -r 'select(.status=="FAILED") | "\(.trial) \(.infra) \(.reason)"' out | oneline)" \
	't0001 true the platform said no t0002 true the platform said no' 'ends FAILED, as the backend has it'
nni-submit --resume fail </dev/null >again 2>err
is "$? $(grep -c '"status":"FAILED"' again) $(trials again)" '1 2 0' 'for good'

# code
experiment code
cat >nni-pack <<'END'
#!/bin/sh
echo "$@" >>packed; : >"$2"
echo '{"type":"pack","digest":"sha256:abcd","files":1,"bytes":2}'
END
chmod +x nni-pack
mkdir bin && cp "$NNI_BIN/nni-submit" bin/ && mv nni-pack bin/
export FAKE_CAPS='"needs_code":"archive"'
specs 1 | bin/nni-submit --dir code >out 2>err
is "$? $(jq -r 'select(.type=="trial").code' out)" '0 sha256:abcd' 'the code is packed for a platform that needs it'
spec other | bin/nni-submit --dir code >out 2>err
is "$(jq -r 'select(.type=="trial").code' out) $(wc -l <packed | tr -d ' ')" 'sha256:abcd 1' 'once'
done_testing
