#!/bin/sh
# Few open files, short files, clocks that jump; NNI_LONG: 10,000 trials.
. "$(dirname "$0")/lib.sh"
. "$TOP/t/chain/lib.sh"

# ---- few open files: more trials at once than there are files ----
config max=60 conc=60 command='nni-trial report --final 1' 'maxTrialRetry: 0'
(ulimit -n 40 && nni-run --id few c.yml) >out 2>err </dev/null
is "$? $(count few '"status":"SUCCEEDED"')" '0 60' 'sixty trials at once, forty open files'
(ulimit -n 8 && exec nni-run --id none c.yml) >out 2>err </dev/null
is "$?" 5 'too few to begin with: nothing is invalid' || diag "$(cat err)"

# ---- a limit of how long a file may be ----
config max=60 conc=2 command='nni-trial report --final 1'
(ulimit -f 8 && exec nni-run --id short c.yml) >/dev/null 2>err </dev/null
is "$?" 5 'a journal that may not grow' || diag "$(cat err)"
like "$(cat err)" '*cannot write*File too large*' 'it is said'
exits 0 'and goes on without the limit' nni-run --resume short
is "$(count short '"status":"SUCCEEDED"')" 60 'to the last trial'

# ---- the time of day jumps ----
clock=$(cd "$TOP" && cd "${NNI_O:-build}" && pwd)/t/clock.so
if [ -e "$clock" ]; then
	cat >code/hold.sh <<'END'
nni-trial report 1
until [ -e "$NNI_SYS_DIR/go" ]; do sleep 0.02; done
nni-trial report --final 2
END
	config max=2 conc=1 command='sh hold.sh' 'maxTrialDuration: 1h' 'maxExperimentDuration: 1h'
	export CLOCK_FILE="$PWD/clock"
	env LD_PRELOAD="$clock" ASAN_OPTIONS="verify_asan_link_order=0:${ASAN_OPTIONS-}" \
		nni-run --id jump c.yml >out 2>err </dev/null &
	run=$!
	wait_for has jump '"type":"metric"'
	echo 100000000 >clock
	touch "$(ls -d "$(dir jump)"/trials/?????)/go"
	wait_for has jump '"type":"metric"' 3
	echo -200000000 >clock
	for d in "$(dir jump)"/trials/?????; do touch "$d/go"; done
	wait $run
	is "$? $(count jump '"status":"SUCCEEDED"')" '0 2' 'years ahead, years back: no limit is over'
	is "$(jq -r 'select(.kind) | .kind' "$(dir jump)/events.jsonl" | tr '\n' ' ')" \
		'intermediate final intermediate final ' 'every metric comes once'
	[ "$(jq 'select(.reason == "done") | .ran' "$(dir jump)/events.jsonl" | cut -d. -f1)" -lt 3600 ]
	ok $? 'and how long it ran is not counted by it'
else
	for n in 1 2 3; do skip 'no clock.so (make helpers)' 'clocks that jump'; done
fi

[ -n "${NNI_LONG-}" ] || { done_testing; exit; }

# ---- many ----
NNI_BIN=$NNI_BIN "$TOP/bench/rest" 10000 1 >rest 2>err
is "$(perl -ne 'print if /([\d.]+) MB/ && $1 >= 10' rest)" '' 'no program needs 10 MB for 10,000 trials'
[ "$(grep -c MB rest)" -ge 8 ]
ok $? 'all of them were seen'
# used COMMAND...: processor time in ms, of it and what it waited for
used() { perl -e 'system(@ARGV) == 0 or print "failed "; my @t = times; printf "%d\n", 1000 * ($t[2] + $t[3])' "$@" 2>err; }
for n in 1000 10000; do
	config max=$n conc=16 command=/bin/true
	eval "t$n=$(used nni-run --id n$n --format none c.yml)"
	is "$(count n$n '"status":"SUCCEEDED"')" $n "$n trials"
done
diag "processor time: $t1000 ms for 1000, $t10000 ms for 10000"
[ "$t10000" -lt $((20 * t1000)) ]
ok $? 'ten times as many take about ten times as long'
t=$(used nni-run --resume n10000 --format none)
[ "$t" -lt 2000 ]
ok $? "10,000 are read again ($t ms)"
done_testing
