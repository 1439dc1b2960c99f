#!/bin/sh
# nni-submit: backends that die, talk nonsense or never come; readers that go.
. "$(dirname "$0")/lib.sh"
. "$TOP/t/data/fake.sh"

# dies while it starts the third trial
for die in DIE_ONCE=submit:3 DIE=submit:3; do
	experiment dies
	specs 8 | env "FAKE_$die" nni-submit --dir dies >out 2>err
	is "$? $(grep -c '"job"' out)" '0 8' "$die: what was in flight is sent again"
	is "$(doubles)" '' "$die: and adopted"
done

# dies at every trial that it is given, before it answers
experiment poison
specs 1 | FAKE_DIE=submit:1 nni-submit --dir poison >out 2>err
is $? 1 'a trial that kills every backend'
is "$(brief out | tail -1)" 'status:t0001-1:FAILED' 'is given up'
is "$(jq -r 'select(.status=="FAILED").infra' out)" true 'and the machine is to blame'
like "$(jq -r 'select(.status=="FAILED").reason' out)" 'fake: nni-platform-fake submit was killed by SIGKILL' 'with the reason'
is "$(jq -r 'select(.status=="WAITING").reason' out | tail -1)" 'fake: nni-platform-fake submit was killed by SIGKILL' 'which was said while it waited'

# nonsense
experiment garbage
specs 3 | FAKE_GARBAGE=1 nni-submit --dir garbage >out 2>err
is "$? $(grep -c '"job"' out)" '0 3' 'nonsense between the answers'
is "$(jq -r 'select(.type=="error") | .where' out | sort -u)" 'nni-platform-fake submit, member fake' 'is told as errors'
is "$(grep -c zzzzz out)" 0 'what it says of trials that it has not is not passed on'

if [ -n "${NNI_LONG-}" ]; then
	experiment never
	specs 1 | FAKE_EXIT=capabilities:9 nni-submit --dir never >out 2>err
	is $? 5 'a backend that never comes up'
	like "$(cat err)" '*exit code 9: fake: it was told to end*' 'is told in its own words'
	nni-submit --resume never </dev/null >out 2>err
	is "$? $(grep -c '"job"' out)" '0 1' 'and nothing is lost'
fi

# readers
experiment gone
specs 1000 | nni-submit --dir gone 2>err | head -1 >out
is "$(wc -l <out | tr -d ' ') $(cat err)" '1 ' 'a reader that goes is no fault'
experiment idle
mkfifo pipe
nni-submit --dir idle <pipe 2>err | { read -r l; echo "$l" >first; } &
exec 3>pipe
echo '{"type":"hello"}' >&3
# the reader went after its line; nni-submit has nothing to write and no end of input
wait $!
is "$(cat first)" '{"type":"hello"}' 'the reader has had its line'
free() { (echo '{"type":"next"}' | nni-submit --dir idle >out 2>&1); }
wait_for free
ok $? 'an idle one ends when its reader goes'
exec 3>&-
experiment slow
specs 2000 5000 | nni-submit --dir slow 2>err | perl -e 'select undef, undef, undef, 0.5; while (sysread STDIN, $b, 65536) { $n += $b =~ tr/\n//; select undef, undef, undef, 0.005 } print $n' >count
is "$(cat count)" 4000 'a slow reader gets everything'
done_testing
