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
