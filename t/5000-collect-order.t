#!/bin/sh
# nni-collect: all metrics, each once, before the end of their trial.
. "$(dirname "$0")/lib.sh"
. "$TOP/t/data/fake.sh"

metrics='metric:aaaaa-1:intermediate0 metric:aaaaa-1:intermediate1 metric:aaaaa-1:final2'
experiment abc
{ trial aaaaa; status aaaaa RUNNING; status aaaaa SUCCEEDED; status aaaaa SUCCEEDED; status zzzzz FAILED; } | nni-collect >out 2>err
is "$? $(cat err)" '1 ' 'a failed trial is its exit code'
is "$(brief out | grep aaaaa | grep -v RUNNING | oneline)" "trial:aaaaa-1 $metrics status:aaaaa-1:SUCCEEDED" \
	'metrics to the last, then the end, once'
is "$(brief out | grep -c 'zzzzz-1:FAILED')" 1 'the end of what never started is passed on'
is "$(grep '"SUCCEEDED"' out)" "$(status aaaaa SUCCEEDED)" 'an end is passed on unchanged'

# the backend dies: nothing is lost or doubled
for die in DIE_ONCE=collect:1 DIE_ONCE=collect:2 DIE_ONCE=collect:3 DIE_ONCE=collect:4; do
	experiment dies
	{ trial aaaaa; trial bbbbb; status aaaaa SUCCEEDED; status bbbbb SUCCEEDED; } |
		env "FAKE_$die" nni-collect >out 2>err
	is "$? $(brief out | grep aaaaa | oneline)" "0 trial:aaaaa-1 $metrics status:aaaaa-1:SUCCEEDED" "$die"
	is "$(brief out | sort | uniq -d)" '' "$die: nothing twice"
done

# ends that are missing
experiment missing
{ trial aaaaa; trial bbbbb; status aaaaa SUCCEEDED; } | nni-collect >out 2>err
is "$? $(brief out | grep -c SUCCEEDED)" '5 1' 'an end is missing'
like "$(cat err)" '*1 trial has no end: bbbbb; it is not lost*' 'whose is said'
is "$(brief out | grep bbbbb | oneline)" 'trial:bbbbb-1 metric:bbbbb-1:intermediate0' 'what there is was collected'
{ trial aaaaa; trial bbbbb; status aaaaa SUCCEEDED; } | nni-collect --once >out 2>err
is "$? $(cat err)" '0 ' 'with --once that is no fault'

# no final metric; metrics gone
experiment nofinal
{ trial aaaaa; status aaaaa SUCCEEDED; } | FAKE_NO_FINAL=1 nni-collect >out 2>err
is "$(jq -r 'select(.status).no_final_metric' out)" true 'success without a final metric'
like "$(cat err)" '*trial aaaaa succeeded without a final metric' 'is said'
for t in a b c d e f g h i j k l; do trial aaaa$t; status aaaa$t SUCCEEDED; done |
	FAKE_NO_FINAL=1 nni-collect >out 2>err
is "$(grep -c 'trial aaaa. succ' err) $(tail -n 1 err)" '10 nni-collect: warning: 12 trials succeeded without a final metric' 'the first ten are named, the others counted'
{ trial aaaaa; trial bbbbb
	echo '{"type":"status","trial":"aaaaa","attempt":1,"status":"SYS_CANCELED","lost":true,"infra":true}'
	status bbbbb SUCCEEDED; } | FAKE_HOLD="collect:$PWD/go" nni-collect >out 2>err &
wait_for grep -q SYS_CANCELED out
is "$(jq -r 'select(.lost).metrics_incomplete' out)" 'the trial was given up' 'one that was given up waits for nothing'
is "$(brief out | grep -c bbbbb-1:SUCC)" 0 'another does'
: >go
wait
is "$(brief out | tail -2 | oneline)" 'metric:bbbbb-1:final2 status:bbbbb-1:SUCCEEDED' 'until its place can be reached'

# what a backend adds to an end is kept
experiment adds
cat >nni-platform-adds <<'END'
#!/bin/sh
while read -r l; do
	case $l in *SUCCEEDED*) echo '{"type":"status","trial":"aaaaa","attempt":1,"status":"SUCCEEDED","time":9,"metrics_incomplete":"the log was rotated"}' ;; esac
done
END
chmod +x nni-platform-adds
sed -i 's/"platform":"fake"/"platform":"adds"/' "$E/config.json"
{ trial aaaaa; status aaaaa SUCCEEDED; } | NNI_PLATFORM_PATH=$PWD nni-collect >out 2>err
is "$(jq -r 'select(.status) | "\(.metrics_incomplete) \(.time)"' out | numbers)" 'the log was rotated 2' 'what a backend adds to an end is kept'
is "$(cat err)" 'nni-collect: warning: trial aaaaa: its metrics are not complete: the log was rotated' 'that metrics are gone is said'

# nonsense, and a backend that leaves without giving an end
experiment garbage
{ trial aaaaa; status aaaaa SUCCEEDED; } | FAKE_GARBAGE=1 nni-collect >out 2>err
is "$? $(brief out | grep -v error | oneline)" "0 trial:aaaaa-1 $metrics status:aaaaa-1:SUCCEEDED" 'nonsense'
if [ -n "${NNI_LONG-}" ]; then
	experiment never
	{ trial aaaaa; status aaaaa SUCCEEDED; } | FAKE_MUTE=collect nni-collect >out 2>err
	is "$? $(brief out)" '5 trial:aaaaa-1' 'a backend that never gives the end'
fi

# readers
experiment reader
{ trial aaaaa; status aaaaa SUCCEEDED; } | nni-collect 2>err | head -1 >out
is "$(brief out) $(cat err)" 'trial:aaaaa-1 ' 'a reader that goes is no fault'
mkfifo pipe
{ nni-collect <pipe 2>err; echo $? >code; } | { read -r l; echo "$l" >first; } &
exec 3>pipe
trial aaaaa >&3
wait_for test -s code
is "$(cat code)" 0 'an idle one ends when its reader goes'
exec 3>&-

# killed, and given everything again
experiment killed
{ for t in aaaaa bbbbb ccccc ddddd; do trial $t; status $t RUNNING; status $t SUCCEEDED; done; } >in
nni-collect <in >whole
bad=0
if [ -e "$failio" ]; then
	for n in 1 2 3 4 5 6 7 8; do
		env LD_PRELOAD="$failio" ASAN_OPTIONS="verify_asan_link_order=0:${ASAN_OPTIONS-}" \
			FAILIO_PROGRAM=nni-collect FAILIO_KILL=1 FAILIO_N=$n nni-collect <in >out1 2>/dev/null
		nni-collect <in >out2
		[ "$(sort out2)" = "$(sort whole)" ] || bad=1
	done
fi
is $bad 0 'killed, and given everything again: the same'
done_testing
