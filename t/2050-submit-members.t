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
wait_for grep -q 'maxConcurrency of 3' out
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
serve --weight n=2
for i in 1 2 3 4 5 6 7 8; do
	spec "t000$i" >&3
	wait_for has $i
	end "t000$i"
	echo "{\"type\":\"ended\",\"trial\":\"t000$i\",\"attempt\":1}" >&3
	p=$(jq -r "select(.trial==\"t000$i\" and .place).place" out)
	# the place has told its new level when it would be chosen again
	wait_for grep -q "$p" "$E/fake/starts"
done
hush
is "$(places)" 'a a b b n n n n' 'equals take turns, by their weight, also one trial after the other'

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
wait_for grep -q 'WAITING.*refused' out
is "$(places) | $(reason)" 'a n | far: a: a is full; far: b: Connection refused; near: n: n is full' \
	'a machine that is down only takes none'
end t0001
end t0002
hush
is "$? $(trials)" '0 3' 'the others go on'
experiment broken far near
FAKE_EXIT_far=capabilities:3 nni-submit --dir broken >out 2>err <<-X
	$(specs 1)
X
is "$? $(places)" '0 n' 'a member that cannot be used at all'
like "$(cat err)" "*member 'far': *exit code 3*; the others go on*" 'is named'
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
specs 1 | FAKE_CAPS='"needs_code":"archive"' nni-submit --dir code >out 2>err
is "$?" 3 'two directories of code where one is sent'
like "$(cat err)" '*must have one trialCodeDirectory*' 'are refused'
: >"$E/code.zip"
echo '{"digest":"sha256:abcd"}' >"$E/code.json"
specs 1 | FAKE_CAPS='"needs_code":"archive"' nni-submit --dir code >out 2>err
is "$?" 3 'also where it is packed already'
done_testing
