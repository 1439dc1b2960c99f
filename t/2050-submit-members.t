#!/bin/sh
# nni-submit: several members, each with several places: which place a trial
# goes to, bounds, members that are down.
. "$(dirname "$0")/lib.sh"
. "$TOP/t/data/fake.sh"

export FAKE_LIVE=1
trials() { grep -c '"type":"trial"' "${1-out}"; }
has() { [ "$(trials)" -ge "$1" ]; }
places() { jq -r 'select(.type=="trial").place' "${1-out}" | sort | oneline; }
reason() { jq -r 'select(.status=="WAITING").reason' "${1-out}" | tail -1; }
# bound MEMBER KEY VALUE: in the configuration of $E
bound() {
	jq -c --arg m "$1" --argjson v "$3" "(.trainingService[]|select(.member==\$m)).$2=\$v" "$E/config.json" >c.json &&
		cp c.json "$E/config.json"
}
top() { jq -c ".trialConcurrency=$1" "$E/config.json" >c.json && cp c.json "$E/config.json"; }
end() { echo SUCCEEDED >"$E/fake/end/$1-1"; }
on() { jq -r "select(.place==\"$1\").trial" out | head -1; }
# serve [OPTION...]: nni-submit, its input being file 3
serve() {
	rm -f pipe
	mkfifo pipe
	nni-submit --dir "$E" "$@" <pipe >out 2>err &
	pid=$!
	exec 3>pipe
}
hush() { exec 3>&-; wait $pid; }

# ---- maxConcurrency ----
experiment most far near
bound far maxConcurrency 3
top 100
export FAKE_PLACES_far='a=2 b=2 c=2' FAKE_PLACES_near='n=1'
serve
specs 6 >&3
wait_for grep -q 'maxConcurrency of 3 reached; near: n: n is full' out
is "$(places)" 'a b c n' 'no more than maxConcurrency on all places of a member, as far apart as can be'
is "$(reason)" 'far: maxConcurrency of 3 reached; near: n: n is full' 'what waits says so, by member and place'
end "$(on b)"
wait_for has 5
is "$(places)" 'a b b c n' 'one more when one has ended'
kill -9 $pid
hush 2>/dev/null
nni-submit --resume "$E" </dev/null >again 2>err &
pid=$!
wait_for grep -q 'maxConcurrency of 3' again
is "$(places again)" 'a b b c n' 'after a crash those count that live'
kill $pid
wait $pid 2>/dev/null
is "$(doubles)" '' 'and nothing is started twice'

# A platform without credit: nni-run tells the ends.
experiment queue far
bound far maxConcurrency 2
: >"$E/events.jsonl"
(unset FAKE_PLACES_far
	serve
	specs 4 >&3
	wait_for grep -q 'far: maxConcurrency of 2 reached' out
	is "$(trials)" 2 'also of a platform that has a queue of its own'
	echo '{"type":"ended","trial":"t0002","attempt":1}' >&3
	wait_for has 3
	echo '{"type":"ended","trial":"t0002","attempt":1}' >&3
	kill -9 $pid
	hush 2>/dev/null
	serve
	for i in 1 3; do spec "t000$i" 1 "{\"x\":$i.50}"; done >&3
	spec t0004 1 '{"x":4.50}' >&3
	wait_for grep -q 'far: maxConcurrency of 2 reached' out
	is "$(trials) $(grep -c ended out)" '2 0' 'after a resume, too; each end counts once, and is not passed on'
	echo '{"type":"ended","trial":"t0001","attempt":1}' >&3
	wait_for has 3
	hush
	is "$?" 0 'all are started in the end'
	echo "$tests $failures" >counted)
read -r tests failures <counted

# ---- turns ----
experiment turns far near
export FAKE_PLACES_far='a=1 b=1' FAKE_PLACES_near='n=1'
: >"$E/events.jsonl"
# over ID: it ends; waits until its place has told that it has room again
over() {
	end "$1"
	echo "{\"type\":\"ended\",\"trial\":\"$1\",\"attempt\":1}" >&3
	p=$(jq -r "select(.trial==\"$1\" and .place).place" out)
	wait_for again "$p" $(($(grep -c " $p\$" "$E/fake/starts") + 1))
}
again() { [ "$(grep -c "^$1 1\$" "$E/fake/told")" -ge "$2" ]; }
serve --weight n=2
# all are there when each has one
for i in 1 2 3 4; do spec "x000$i"; done >&3
wait_for grep -q 'x0004.*far: a: a is full; far: b: b is full; near: n: n is full' out
cancel x0004 >&3
wait_for grep -q USER_CANCELED out
for i in 1 2 3; do over "x000$i"; done
for i in 1 2 3 4 5 6 7 8; do
	spec "t000$i" >&3
	wait_for has $((i + 3))
	over "t000$i"
done
hush
is "$(grep '"trial":"t' out >after; places after)" 'a a b b n n n n' 'equals take turns, by their weight, also one trial after the other'

# ---- trialConcurrency without nni-run ----
experiment typed far near
top 2
export FAKE_PLACES_far='a=2 b=2' FAKE_PLACES_near='n=2'
serve
specs 3 >&3
wait_for grep -q 'trialConcurrency of 2 reached' out
is "$(trials)" 2 'a typed pipeline keeps trialConcurrency over all places'
end t0001
end t0002
hush
is "$? $(trials)" '0 3' 'and goes on when there is room again'

# ---- members that are down ----
experiment down far near
top 100
export FAKE_PLACES_far='a=1 b=9' FAKE_DOWN_far=b FAKE_PLACES_near='n=1'
serve
specs 3 >&3
wait_for grep -q 'far: b: Connection refused; near: n: n is full' out
is "$(places) | $(reason)" 'a n | far: a: a is full; far: b: Connection refused; near: n: n is full' \
	'a machine that is down only takes none'
end t0001
end t0002
hush
is "$? $(trials)" '0 3' 'the others go on'
experiment broken far near
export FAKE_EXIT_far=capabilities:3
serve
specs 1 >&3
wait_for has 1
wait_for grep -q "member 'far': .*exit code 3.*; the others go on" err
ok $? 'a member that cannot be used at all is named'
hush
is "$? $(places)" '0 n' 'and the others go on'
unset FAKE_EXIT_far
experiment allbroken far near
specs 1 | FAKE_EXIT=capabilities:3 nni-submit --dir allbroken >out 2>err
is "$?" 3 'where there is no other, that is the end'

# One that refuses does not stop the others.
experiment refuses far near
top 100
export FAKE_PLACES_far='a=4' FAKE_PLACES_near='n=4' FAKE_DOWN_far=
specs 5 >some
FAKE_HOLD_near=submit:$PWD/go FAKE_NO_ROOM_far=1000 nni-submit --dir refuses <some >out 2>err &
pid=$!
wait_for grep -q 'far: a: somebody was quicker' out
ok $? 'a place that refuses again and again is left alone for a while'
: >go
wait_for has 4
is "$(places)" 'n n n n' 'trials that it gives back go to others'
kill $pid
wait $pid 2>/dev/null

# ---- one archive ----
experiment code far near
mkdir other
jq -c --arg d "$PWD/other" '.trainingService[1].trialCodeDirectory=$d' "$E/config.json" >c.json && cp c.json "$E/config.json"
# refused: until all members have told what they need the input is open
refused() {
	serve
	specs 1 >&3
	wait $pid
	is "$?" 3 "$1"
	exec 3>&-
}
export FAKE_CAPS='"needs_code":"archive"'
refused 'two directories of code where one is sent'
like "$(cat err)" '*must have one trialCodeDirectory*' 'are refused'
: >"$E/code.zip"
echo '{"digest":"sha256:abcd"}' >"$E/code.json"
refused 'also where it is packed already'
done_testing
