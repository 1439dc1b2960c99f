#!/bin/sh
# The programs chained by hand, and by the commands that NNI users know.
. "$(dirname "$0")/lib.sh"

mkdir code
x86_64-w64-mingw32-gcc -O1 -o code/motor.exe "$TOP/examples/c/trial.c" -lm || exit 1
cat >space.json <<'END'
{"kp":{"_type":"uniform","_value":[0.01,100]},"ki":{"_type":"uniform","_value":[0,9]},
 "kd":{"_type":"uniform","_value":[0,1]}}
END
cat >e.yml <<END
searchSpaceFile: space.json
trialCommand: ./motor
trialCodeDirectory: code
experimentWorkingDirectory: exps
trialConcurrency: 2
maxTrialNumber: 3
tuner: {name: Random}
trainingService: {platform: local}
END

win nni-tune -s space.json -n 4 -q | win nni-submit -c e.yml 2>err |
	win nni-watch | win nni-collect >records
is $? 0 'a typed pipeline ends well'
is "$(grep -c '"status":"SUCCEEDED"' records)" 4 'with an end for each proposal'
is "$(grep -c '"kind":"final"' records)" 4 'and its result'
awk '/"kind":"final"/ { m[$0]; split($0, a, "\""); seen[a[8]] }
	/"SUCCEEDED"/ { split($0, a, "\""); if (!(a[8] in seen)) bad++ }
	END { exit bad > 0 }' records
ok $? 'no metric comes after the end of its trial'
dir=$(sed -n 's/.*experiment [a-z0-9]* in Z:\([^;]*\);.*/\1/p' err)
win nni-submit --resume "$dir" </dev/null 2>err | win nni-watch | win nni-collect >again
is "$(grep -c '"status":"SUCCEEDED"' again)" 4 'resumed, it tells all again'
is "$(cat "$dir"/trials/*/.nni/state | grep -c '"state":"start"')" 4 'and starts nothing twice'

win nnictl create --config e.yml >out 2>err
is $? 0 'nnictl create comes back'
id=$(sed -n 's/^The experiment id is //p' out)
wait_for grep -q '"event":"end"' "exps/$id/events.jsonl"
ok $? 'and the experiment goes on to its end without it'
is "$(win nnictl trial ls "$id" 2>err | grep -c SUCCEEDED)" 3 'nnictl trial ls shows its trials' ||
	diag "$(cat err)"

# The contract of backends, with trials that need no sh.
cat >local.yml <<'Y'
searchSpace: {x: {_type: uniform, _value: [0, 1]}}
trialCommand: nothing
trialConcurrency: 4
tuner: {name: Random}
trainingService: {platform: local}
Y
win nni-conformance -o capabilities,one,ends,adopt,cancel,once,no-room local local.yml >conformance 2>err
is $? 0 'nni-platform-local keeps the contract' || diag "$(grep -A4 '^not ok' conformance)"
done_testing
