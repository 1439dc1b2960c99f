#!/bin/sh
# nni-submit: cancels and updates, at every moment.
. "$(dirname "$0")/lib.sh"
. "$TOP/t/data/fake.sh"

experiment abc
mkfifo pipe
FAKE_PLACES='a=1' FAKE_HOLD="submit:$PWD/go" nni-submit --dir abc <pipe >out 2>err &
exec 3>pipe
specs 5 >&3
wait_for grep -q '"trial":"t0005"' out
cancel t0003 >&3
cancel t0004 '"early":true' >&3
cancel t0005 '"system":true' >&3
wait_for grep -q SYS_CANCELED out
is "$(jq -r 'select(.status and .status != "WAITING") | .trial + " " + .status' out | oneline)" \
	't0003 USER_CANCELED t0004 EARLY_STOPPED t0005 SYS_CANCELED' 'in the queue: ends at once, as asked'
: >go
wait_for grep -q '"job"' out
is "$(jq -r 'select(.type=="trial").trial' out)" t0001 'the first is started'
rm go
echo SUCCEEDED >"$E/fake/end/t0001-1"
cancel t0001 >&3
wait_for grep -q '"type":"cancel"' out
is "$(jq -r 'select(.type=="cancel").trial' out)" t0001 'of one that is started: passed on'
: >go
wait_for grep -q 't0002.*"job"' out
exec 3>&-
wait
is "$(brief out | tail -1)" 'trial:t0002-1' 'the second has its turn'

# while it is being started
experiment held
rm -f go
FAKE_HOLD="submit:$PWD/go" nni-submit --dir held <pipe >out 2>err &
exec 3>pipe
specs 1 >&3
wait_for test -s "$E/fake/submits"
cancel t0001 >&3
echo '{"type":"update","trial":"t0001","parameter_index":1,"parameters":{"x":2.0}}' >&3
echo '{"type":"mark"}' >&3
wait_for grep -q mark out
is "$(grep -cE 'cancel|update' out)" 0 'while it is being started: held'
: >go
exec 3>&-
wait
is "$(brief out | cut -d: -f1 | oneline)" 'status mark trial cancel update' 'and passed on behind its trial'

# ... and the place has no room after all
experiment refused
rm -f go
FAKE_HOLD="submit:$PWD/go" FAKE_NO_ROOM=1 nni-submit --dir refused <pipe >out 2>err &
exec 3>pipe
specs 1 >&3
wait_for test -s "$E/fake/submits"
cancel t0001 '"early":true' >&3
echo '{"type":"mark"}' >&3
wait_for grep -q mark out
: >go
exec 3>&-
wait
is "$(brief out | oneline)" 'status:t0001-1:WAITING mark:- status:t0001-1:EARLY_STOPPED' 'a refused one ends'
is "$(cat "$E/fake/starts" 2>/dev/null)" '' 'and is never started'
nni-submit --resume refused </dev/null >out 2>err
is "$(brief out)" 'status:t0001-1:EARLY_STOPPED' 'also after a resume'

# If they have not been started: one is started, one waits.
experiment early
FAKE_PLACES='a=1' nni-submit --dir early <pipe >out 2>err &
exec 3>pipe
specs 2 >&3
wait_for grep -q '"job"' out
for t in t0001 t0002; do cancel $t '"waiting":true'; done >&3
exec 3>&-
wait
is "$(brief out | grep -v WAITING | oneline)" 'trial:t0001-1 status:t0002-1:USER_CANCELED' 'a cancel of what waits spares what does not'

# of a trial that is not known here it is nni-watch's
cancel zzzzz | nni-submit --dir refused >out
is "$(brief out)" 'cancel:zzzzz-' 'a cancel of another trial is passed on'
done_testing
