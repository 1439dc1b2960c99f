#!/bin/sh
# nni-submit is killed before its n-th write, for many n, and a full disk: what
# was accepted is there, and nothing is started twice.
. "$(dirname "$0")/lib.sh"
. "$TOP/t/data/fake.sh"
[ -e "$failio" ] || skip_all 'no failio.so (make helpers)'

count=6
specs $count >in
preload() { env LD_PRELOAD="$failio" ASAN_OPTIONS="verify_asan_link_order=0:${ASAN_OPTIONS-}" FAILIO_PROGRAM=nni-submit "$@"; }

experiment count
rm -f n
export FAKE_PLACES='a=4 b=4'
preload FAILIO_COUNT="$PWD/n" nni-submit --dir count <in >out
total=$(cat n)
bad=0
for short in 0 1; do
	n=1
	while [ "$n" -le "$total" ]; do
		experiment kill
		preload FAILIO_N="$n" FAILIO_KILL=1 FAILIO_SHORT=$short \
			nni-submit --dir kill <in >out1 2>err1
		# as nni-run does: all that has not ended is given again
		nni-submit --dir kill <in >out2 2>err2 || { bad=$((bad + 1)); diag "n=$n: $(cat err2)"; }
		got=$(jq -r 'select(.type=="trial" and .job).trial' out2 | sort -u | wc -l)
		[ "$got" = $count ] && [ -z "$(doubles)" ] &&
			[ "$(sort -u "$E/fake/starts" | wc -l)" = $count ] ||
			{ bad=$((bad + 1)); diag "n=$n short=$short: $got jobs; doubles: $(doubles)"; }
		# what was said before the death was on disk
		jq -r 'select(.trial).trial' out1 2>/dev/null | sort -u >said
		jq -r 'select(.trial).trial' "$E/placed.jsonl" | sort -u >kept
		[ -z "$(comm -23 said kept)" ] || { bad=$((bad + 1)); diag "n=$n: said, not kept"; }
		n=$((n + 1 + short))
	done
done
is $bad 0 "killed before each of $total calls"

# by time, typed: --resume alone brings all back
bad=0
for ms in 0 2 5 8 10 12 15 18 20 25 30 40; do
	experiment timed
	mkfifo pipe 2>/dev/null
	nni-submit --dir timed <pipe >out1 2>err1 &
	pid=$!
	exec 3>pipe
	cat in >&3
	perl -e "select undef, undef, undef, $ms / 1000"
	kill -9 $pid
	exec 3>&-
	wait $pid 2>/dev/null
	nni-submit --resume timed </dev/null >out2 2>err2 || { bad=$((bad + 1)); diag "$(cat err2)"; }
	accepted=$(jq -r 'select(.type=="spec").trial' "$E/placed.jsonl" | sort -u | wc -l)
	got=$(jq -r 'select(.type=="trial" and .job).trial' out2 | sort | wc -l)
	[ "$got" = "$accepted" ] && [ -z "$(doubles)" ] ||
		{ bad=$((bad + 1)); diag "$ms ms: $got of $accepted; doubles: $(doubles)"; }
done
is $bad 0 'killed at some time, resumed by --resume'

# each write fails once: it is tried again.  A flush is not: what it could not write
# may be dropped, and the next one would succeed for nothing.
bad=0
flushes=0
n=1
while [ "$n" -le "$total" ]; do
	experiment once
	preload FAILIO_N="$n" FAILIO_ONCE=1 FAILIO_SHORT=1 FAILIO_MATCH=placed.jsonl \
		FAILIO_LOG="$PWD/log" \
		nni-submit --dir once <in >out 2>err
	code=$?
	call=$(sed -n "s/^$n [0-9]* nni-submit \([a-z]*\) .*/\1/p" log)
	rm -f log
	case $call in
	fdatasync | fsync | open) # so is not making the file
		flushes=$((flushes + 1))
		[ $code = 5 ] && grep -q 'cannot .*placed.jsonl.*No space left' err ||
			{ bad=$((bad + 1)); diag "n=$n: $call: $code $(cat err)"; }
		nni-submit --dir once <in >out 2>err
		code=$? ;;
	esac
	if [ $code != 0 ]; then
		bad=$((bad + 1))
		diag "n=$n: $call: $code $(cat err)"
	elif [ "$(jq -r 'select(.type=="trial").trial' out | sort -u | wc -l)" != $count ] || [ -n "$(doubles)" ]; then
		bad=$((bad + 1))
		diag "n=$n: lost some"
	fi
	n=$((n + 1))
done
is $bad 0 'a write or a flush that fails once'
[ $flushes -gt 1 ]
ok $? 'both were there'

# the disk stays full: nothing is said that is not kept, and it does not hang
experiment full
preload FAILIO_N=2 FAILIO_MATCH=placed.jsonl nni-submit --dir full <in >out 2>err
is $? 5 'a disk that stays full'
like "$(cat err)" '*placed.jsonl*No space left*' 'is named'
jq -r 'select(.trial).trial' out | sort -u >said
jq -r 'select(.trial).trial' "$E/placed.jsonl" | sort -u >kept
is "$(comm -23 said kept)" '' 'what was said is kept'
nni-submit --dir full <in >out 2>err
is "$? $(grep -c '"job"' out) $(doubles)" "0 $count " 'with room again it goes on'

# a torn last line
experiment torn
nni-submit --dir torn <in >out
cp "$E/placed.jsonl" whole
size=$(wc -c <whole)
bad=0
for cut in 1 2 50 150 300 $((size / 2)) $((size - 1)); do
	head -c $((size - cut)) whole >"$E/placed.jsonl"
	nni-submit --dir torn <in >out 2>err
	[ "$? $(grep -c '"job"' out)$(doubles)" = "0 $count" ] || { bad=$((bad + 1)); diag "cut $cut: $(cat err)"; }
done
is $bad 0 'a torn last line is as if it had not been written'
done_testing
