#!/bin/sh
# The n-th write, fsync, rename, mkdir... of a program fails, once or from then
# on, for some n (NNI_LONG: all): a full disk, a broken one.  Later there is room
# again.  Every journaled trial ends exactly once, none is started twice.
. "$(dirname "$0")/lib.sh"
. "$TOP/t/data/chain.sh"

# What the keepers of nni-platform-local see never mends: they wait for room, so
# there it fails once.
for program in nni-run nni-submit nni-platform-local; do
	total=$(calls $program)
	once=
	[ $program = nni-platform-local ] && once='FAILIO_ONCE=1'
	for kind in "ENOSPC FAILIO_SHORT=1 $once" 'EIO FAILIO_ONCE=1'; do
		bad=0
		i=1
		while [ $i -le "$total" ]; do
			# shellcheck disable=SC2086
			one $program FAILIO_N=$i FAILIO_ERRNO=$kind || bad=$((bad + 1))
			i=$((i + $(step "$total")))
		done
		is $bad 0 "$program: $kind at one of its $total calls"
	done
done

# said clearly, and not with somebody else's words
rm -f n
preload nni-run FAILIO_MATCH=events.jsonl FAILIO_N=3 nni-run --id f --format none c.yml >out 2>err
is $? 5 'a full disk is exit code 5'
like "$(cat err)" '*cannot *events.jsonl*No space left on device*nni-run --resume *' 'and how to go on is said'
done_testing
