#!/bin/sh
# t/run and t/one: what state a test finds, and what becomes of one that hangs.
. "$(dirname "$0")/lib.sh"
plan 12
test_file() { { echo '#!/bin/sh'; cat; } >"$1"; chmod +x "$1"; }

test_file state.t <<-'EOT'
	echo 1..4
	(kill -HUP "$(exec sh -c 'echo $PPID')"; sleep 60) && echo not ok || echo ok - HUP
	read line && echo not ok || echo ok - stdin
	[ "$TMPDIR" != "$OUTER" ] && : >"$TMPDIR/there" && echo ok - TMPDIR
	[ -z "${MAKEFLAGS-}" ] && echo ok - make
EOT
OUTER=$TMPDIR MAKEFLAGS=k
export OUTER MAKEFLAGS
(trap '' HUP; yes | "$TOP/t/run" state.t) >out 2>err
is "$?" 0 'signals, input, TMPDIR and environment are as they should be' || diag "$(cat out err)"
is "$(tail -n 1 out)" '4 passed, 0 failed' 'the last line has the sums'
is "$(find "$TMPDIR" -name there)" '' 'TMPDIR is removed'

# One that neither ends nor obeys, with a child in a session of its own and one
# that nobody can know but that holds its output.
test_file hangs.t <<-'EOT'
	trap '' TERM
	echo 1..1
	setsid sh -c 'trap "" TERM; while :; do sleep 0.1; done' & echo $! >"$OUTER/hidden"
	setsid env -i sleep 100 & echo $! >"$OUTER/lost"
	kill -ALRM "$PPID"
	while :; do sleep 0.1; done
EOT
test_file right.t <<-'EOT'
	echo 1..1; echo ok
EOT
stop_at_end 'kill -KILL "$(cat "$OUTER/lost")"'
unset NNI_DEADLINE NNI_LONG
NNI_SUMS=$PWD/sums "$TOP/t/run" hangs.t right.t >out 2>err
is "$?" 1 'a test that hangs fails'
is "$(tail -n 1 out)" '1 passed, 1 failed' 'and is counted'
is "$(cat sums)" '1 1 0' 'also in the sums'
like "$(cat err)" '*hangs.t: has not ended after 600 s; killed*' 'by its name'
like "$(cat out)" '*hangs.t*' 'which stands in the output'
is "$(grep -c 'Once more' out)" 0 'and is not tried again'
gone() { ! kill -0 "$(cat "$OUTER/hidden")"; }
if [ -e /proc/self/environ ]; then
	wait_for gone
	ok $? 'what it started is gone, also out of its session'
else
	skip 'no /proc' 'what it started is gone, also out of its session'
fi

test_file once.t <<-'EOT'
	echo 1..1
	[ -e "$OUTER/once" ] && echo ok || echo not ok
	: >"$OUTER/once"
EOT
"$TOP/t/run" once.t >out 2>err
is "$?" 0 'what fails is tried once more'
like "$(cat out)" '*Passed only when alone: once.t*1 passed, 0 failed' 'which is said'
