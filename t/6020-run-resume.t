#!/bin/sh
# kill -9, resume: every trial ends once; control.jsonl; interrupts; the lock.
. "$(dirname "$0")/lib.sh"
. "$TOP/t/fake/lib.sh"

start() { # ID: nni-run in the background, until N trials run
	# a shell's background jobs ignore SIGINT
	perl -e '$SIG{INT} = "DEFAULT"; exec @ARGV' nni-run --id "$1" ${3:-} c.json >out.$1 2>err.$1 </dev/null &
	run=$!
	wait_for has "$1" '"status":"RUNNING"' "$2"
}
ask() { printf '%s\n' "$2" >>"$(dir "$1")/control.jsonl"; }

config max=4 conc=2 then=hold
start a 2
exits 8 'a second nni-run' nni-run --resume a
like "$(cat err)" "*is being run by process $run*" 'names the first'
kill -9 $run
wait $run 2>/dev/null
printf '{"type":"status","tri' >>"$(dir a)/events.jsonl"
ask a '{"type":"stop"}'
exits 0 'after kill -9 and a torn line' nni-run --resume a
is "$(count a '"status":"USER_CANCELED"')" 2 'those that ran are found and stopped'
is "$(count a '"type":"spec"')" 2 'no other is started after a stop'
is "$(count a '"type":"trial"')" 2 'nothing is journaled twice'
is "$(count a '"tri$')" 0 'the torn line is gone'
nothing_twice a 'nothing is started twice'
sed -i 's/"then":"hold"/"then":"succeed"/' "$(dir a)/config.json"
exits 0 'a stopped one can be resumed' nni-run --resume a
is "$(count a '"status":"SUCCEEDED"')" 2 'and goes on to its limit'
is "$(jq -r 'select(.type=="spec")|.sequence' "$(dir a)/events.jsonl" | tr '\n' ' ')" '0 1 2 3 ' 'sequence numbers go on'

# requests
config max=3 conc=1 then=hold
start b 1
t=$(jq -r 'select(.type=="spec")|.trial' "$(dir b)/events.jsonl")
ask b '{"type":"set","key":"trialConcurrency","value":3}'
wait_for has b '"status":"RUNNING"' 3
ok $? 'set trialConcurrency'
ask b "{\"type\":\"cancel\",\"trial\":\"$t\"}"
wait_for has b '"status":"USER_CANCELED"'
ok $? 'cancel one'
ask b 'nonsense'
ask b '{"type":"set","key":"seed","value":3}'
ask b '{"type":"cancel","trial":"zzzzz"}'
wait_for has b '"refused"' 2
ok $? 'what cannot be obeyed is refused'
like "$(cat err.b)" '*no record*cannot be changed*no such trial*' 'and said'
ask b '{"type":"stop"}'
wait $run
is $? 0 'stop ends it'
like "$(cat err.b)" '*is stopped: 3 trials, 3 canceled; a stop was asked for*' 'as the summary says'
is "$(count b '"status":"USER_CANCELED"')" 3 'with all its trials'
is "$(jq -s 'map(select(.type=="control")|.offset)|last' "$(dir b)/events.jsonl")" "$(wc -c <"$(dir b)/control.jsonl" | tr -d ' ')" 'each request is journaled with its offset'
exits 0 'resume' nni-run --resume b
is "$(count b '"type":"control"')" 6 'none is obeyed again'

config max=2 conc=1 then=hold
start s 1
ask s '{"type":"set","key":"searchSpace","value":{"then":"succeed"}}'
wait_for has s '"type":"control"'
t=$(jq -r 'select(.type=="spec")|.trial' "$(dir s)/events.jsonl")
ask s "{\"type\":\"cancel\",\"trial\":\"$t\"}"
wait $run
is $? 0 'a new search space'
is "$(count s '"parameters":{"x":1.0,"then":"succeed"}')" 1 'is what the tuner uses from then on'

# interrupts
config max=2 conc=2 then=hold
start i 2
kill -INT $run
wait $run
is $? 130 'an interrupt ends it by the signal'
like "$(cat err.i)" '*SIGINT: 2 trials run on; go on with: nni-run --resume *' 'and tells how to go on'
is "$(count i '"reason":"detached"')" 1 'it is journaled'
is "$(count i '"type":"cancel"')" 0 'trials are left alone'
start j 2 '--on-interrupt stop'
kill -TERM $run
wait $run 2>/dev/null
is $? 143 '--on-interrupt stop'
is "$(count j '"status":"USER_CANCELED"')" 2 'stops them first'
like "$(cat err.j)" '*stopping 2 trials; interrupt once more to leave them running*is stopped: 2 trials, 2 canceled; SIGTERM stopped it*' 'and says so'

# typed as it is printed, from anywhere
mkdir "a b's" elsewhere
config max=2 conc=2 then=hold "\"experimentWorkingDirectory\":\"$trash/a b's\""
perl -e '$SIG{INT} = "DEFAULT"; setpgrp 0, 0; exec @ARGV' \
	sh -c 'nni-run --id sp c.json 2>err.sp | cat >out.sp' </dev/null &
run=$!
wait_for grep -q '"status":"RUNNING"' "a b's/sp/events.jsonl"
perl -e 'kill INT => -$ARGV[0]' $run
wait $run
wait_for grep -q 'SIGINT: [12] trial.*; go on with: ' err.sp
ok $? 'Ctrl-C for a pipeline: its reader has gone too'
cd elsewhere || exit
command=$(sed -n 's/.*go on with: //p' ../err.sp)
perl -e '$SIG{INT} = "DEFAULT"; exec @ARGV' sh -c "exec $command" >../out 2>../err </dev/null &
run=$!
cd .. || exit
wait_for grep -q 'goes on in' err
resumed() { [ "$(grep -c '"event":"start"' "a b's/sp/events.jsonl")" -ge 2 ]; }
wait_for resumed
kill -TERM $run
wait $run 2>/dev/null
is "$?" 143 'the command that is printed goes on, whatever is in its path'
is "$(sed -n 's/.*go on with: //p' err)" "$command" 'and is printed again'

config max=2 conc=2 then=hold
start h 2
kill -HUP $run
wait $run 2>/dev/null
is $? 129 'a hangup'
is "$(count h '"type":"cancel"')" 0 'leaves the trials alone too'
config max=2 conc=2 then=stubborn
start g 2 '--on-interrupt stop'
kill -INT $run
wait_for has g '"type":"cancel"' 2
kill -INT $run
wait $run 2>/dev/null
is $? 130 'a second interrupt is obeyed at once'
like "$(cat err.g)" '*2 trials run on*--resume*' 'and says that trials run on'

# limits
config conc=1 then=hold '"maxExperimentDuration":3600'
start d 1
ask d '{"type":"set","key":"maxExperimentDuration","value":0.001}'
wait_for grep -q 'maxExperimentDuration is over' err.d
ok $? 'maxExperimentDuration'
t=$(jq -r 'select(.type=="spec")|.trial' "$(dir d)/events.jsonl")
ask d "{\"type\":\"cancel\",\"trial\":\"$t\"}"
wait $run
is $? 7 'is exit code 7'
like "$(cat err.d)" '*; maxExperimentDuration of * is over*' 'and told in the end'
is "$(count d '"type":"spec"')" 1 'starts no other trial'
exits 7 'the time counts over resumes' nni-run --resume d
is "$(count d '"type":"spec"')" 1 'so nothing is started'
# what was handed on before a slot was free is not started any more
config conc=3 then=no-start-hold
nni-run --id w c.json >out.w 2>err.w </dev/null &
run=$!
wait_for has w '"type":"trial"' 3
ask w '{"type":"set","key":"trialConcurrency","value":1}'
ask w '{"type":"set","key":"maxExperimentDuration","value":0.001}'
wait_for has w '"status":"USER_CANCELED"' 2
is "$(jq -r 'select(.type=="cancel")|.trial,.waiting' "$(dir w)/fed" | tr '\n' ' ')" \
	"$(jq -r 'select(.type=="spec")|.trial' "$(dir w)/events.jsonl" | tail -n 2 | tac | sed 's/$/ true/' | tr '\n' ' ')" \
	'the newest that wait are cancelled, if they have not been started'
is "$(count w '"type":"cancel"')" 0 'which is not journaled'
ask w '{"type":"stop"}'
wait $run
# which time counts: one session of 10 s, a killed one of 20 s, and years between
config conc=1 max=9 then=hold '"maxExperimentDuration":90'
nni-run --prepare --id z c.json >out
{
	echo '{"type":"experiment","schema":"nni.journal/1","id":"z","time":1000}'
	echo '{"type":"session","event":"start","mode":"run","time":1000}'
	echo '{"type":"session","event":"end","reason":"detached","ran":10,"time":1010}'
	echo '{"type":"session","event":"start","mode":"run","time":500000}'
	echo '{"type":"ask","n":1,"time":500020}'
} >"$(dir z)/events.jsonl"
nni-run --resume z 2>err.z >out.z </dev/null &
run=$!
wait_for has z '"status":"RUNNING"'
ok $? 'time between sessions does not count'
kill -TERM $run
wait $run 2>/dev/null
sed -i 's/"ran":10,/"ran":70.5,/' "$(dir z)/events.jsonl"
t=$(jq -r 'select(.type=="spec")|.trial' "$(dir z)/events.jsonl")
ask z "{\"type\":\"cancel\",\"trial\":\"$t\"}"
exits 7 'that of sessions does, of killed ones up to their last record' nni-run --resume z
like "$(cat err)" '*is done: 1 trial, 1 canceled; maxExperimentDuration of 1:30 is over*' 'and is told'

# a lost place
config max=1 conc=1 then=unknown '"maxTrialRetry":0'
start u 1
wait_for has u '"status":"UNKNOWN"'
ok $? 'a trial out of reach is UNKNOWN'
t=$(jq -r 'select(.type=="spec")|.trial' "$(dir u)/events.jsonl")
ask u "{\"type\":\"cancel\",\"trial\":\"$t\",\"lost\":true}"
wait $run
is $? 1 'given up'
is "$(count u '"status":"SYS_CANCELED".*"lost":true')" 1 'it is SYS_CANCELED'
exits 1 'resumed' nni-run --resume u
is "$(count u '"status":"SYS_CANCELED"')" 1 'that is not said again'
is "$(grep -c '"type":"cancel".*"lost":true' "$(dir u)/fed")" 2 'but it is cancelled again'
touch "$(dir u)/reachable"
nni-run --resume u >out 2>err
is "$(count u '"status":"USER_CANCELED".*"late":true')" 1 'until its place confirms; that is late'
nni-run --resume u >out 2>err
is "$(grep -c '"type":"cancel".*"lost":true' "$(dir u)/fed")" 3 'from then on it is not'

# given up, and tried again elsewhere
config max=1 conc=1 then=unknown '"maxTrialRetry":1'
start v 1
wait_for has v '"status":"UNKNOWN"'
t=$(jq -r 'select(.type=="spec")|.trial' "$(dir v)/events.jsonl")
sed -i 's/"unknown"/"succeed"/' "$(dir v)/config.json"
ask v "{\"type\":\"cancel\",\"trial\":\"$t\",\"attempt\":1,\"lost\":true}"
wait_for has v '"type":"spec".*"attempt":2'
ok $? 'one that was given up is tried again'
ask v '{"type":"stop"}'
wait $run
is "$(count v '"type":"spec"')" 2 'once'

# the journal itself
config max=1
nni-run --id n c.json >out 2>err
sed -i 's,nni.journal/1,nni.journal/9,' "$(dir n)/events.jsonl"
exits 5 'a newer journal' nni-run --resume n
like "$(cat err)" '*nni.journal/9*newer*' 'is refused'
sed -i 's,nni.journal/9,nni.journal/1,; 3s/^{/(/' "$(dir n)/events.jsonl"
exits 5 'a damaged journal' nni-run --resume n
like "$(cat err)" '*events.jsonl:3:*' 'names the line'

# a full disk
failio=$(cd "$TOP" && cd "${NNI_O:-build}" && pwd)/t/failio.so
if [ -e "$failio" ]; then
	nni-run --prepare --id full c.json >out
	exits 5 'a full disk' env LD_PRELOAD="$failio" FAILIO_PROGRAM=nni-run \
		FAILIO_MATCH=/events.jsonl FAILIO_N=2 \
		ASAN_OPTIONS="verify_asan_link_order=0:${ASAN_OPTIONS-}" nni-run --resume full
	like "$(cat err)" '*No space left on device*' 'is said'
	[ ! -s "$(dir full)/seen" ]
	ok $? 'nothing is started that is not journaled'
	rm -f "$(dir full)/events.jsonl"
	mkfifo "$(dir full)/events.jsonl"
	exits 5 'a FIFO in place of the journal' nni-run --resume full
	like "$(cat err)" '*events.jsonl*Not a regular file*' 'is not waited for'
fi
done_testing
