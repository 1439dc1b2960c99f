#!/bin/sh
# The local platform and whole experiments: keepers, jobs, cancel, kill, resume.
. "$(dirname "$0")/lib.sh"

mkdir code
x86_64-w64-mingw32-gcc -O1 -o code/busy.exe "$TOP/t/windows/busy.c" || exit 1
x86_64-w64-mingw32-gcc -O1 -o code/motor.exe "$TOP/examples/c/trial.c" -lm || exit 1
stop_at_end 'kill_ours .exe'

# Linux pids of this test's own Windows programs whose command line has PATTERN:
# they know its directory from the environment.
ours() { # PATTERN
	pgrep -i -f "$1" | while read -r p; do
		{ tr '\0' '\n' <"/proc/$p/environ"; } 2>/dev/null |
			grep -qx "PWD=$trash" && echo "$p"
	done
}
kill_ours() {
	for p in $(ours "$1"); do
		kill -9 "$p" 2>/dev/null
	done
}
experiment() { # COMMAND CONCURRENCY TRIALS
	cat <<END
searchSpace:
  kp: {_type: loguniform, _value: [0.01, 100]}
  ki: {_type: loguniform, _value: [0.001, 100]}
  kd: {_type: loguniform, _value: [0.0001, 1]}
trialCommand: $1
trialCodeDirectory: code
experimentWorkingDirectory: exps
trialConcurrency: $2
maxTrialNumber: $3
tuner: {name: TPE, classArgs: {optimize_mode: minimize}}
trainingService: {platform: local}
END
}
count() { grep -c "$1" exps/"$2"/events.jsonl 2>/dev/null; }
any() { [ -n "$(ours "$1")" ]; }
has() { [ "$(count "$1" "$2")" -ge "${3:-1}" ]; }

experiment ./motor 2 6 >motor.yml
win nni-run --id motor motor.yml >out 2>err
is $? 0 'an experiment with a C trial'
is "$(count '"status":"SUCCEEDED"' motor)" 6 'all its trials succeed'
is "$(count '"kind":"final"' motor)" 6 'each has its result'
like "$(cat err)" '*best: *' 'and the best is said'

# A shell's line: cmd.exe, a name with blanks, characters that it acts on.
cp "$NNI_BIN/nni-trial.exe" 'code/my trial.exe'
experiment "'(echo a^&b) & \"my trial\" report 0.5 --final'" 1 1 >cmd.yml
win nni-run --id cmd cmd.yml >out 2>err
is $? 0 'an experiment through cmd.exe'
like "$(cat exps/cmd/trials/*/stdout)" '*a&b*' 'which reads the line as it is'
is "$(count '"value":0.5' cmd)" 1 'nni-trial reports'

experiment ./no-such-program 1 1 >none.yml
win nni-run --id none none.yml >out 2>err
is $? 3 'a program that is not there is found before anything runs'
[ ! -e exps/none ]
ok $? 'and nothing is made'

# Cancelling a tree: the job object.
experiment './busy tree' 1 1 >tree.yml
win nni-run --id tree tree.yml >out 2>err &
wait_for has '"status":"RUNNING"' tree
ok $? 'a tree of processes runs'
wait_for any 'busy.exe treexx'
ok $? 'three deep'
win nni-cancel --dir exps/tree --all >cancelled 2>err.cancel ||
	diag "$(cat err.cancel)"
wait
is "$(count '"status":"USER_CANCELED"' tree)" 1 'it is cancelled'
is "$(ours 'busy.exe tree')" '' 'and nothing of it is left'

# The power goes: all but the trial and its keeper are killed, then resumed.
experiment './busy 4000' 1 1 >long.yml
win nni-run --id long long.yml >out 2>err &
wait_for has '"status":"RUNNING"' long
kill_ours 'nni-(run|tune|submit|watch|collect)\.exe|local\.exe (submit|watch|collect)'
wait
has '"SUCCEEDED"' long
ok $((! $?)) 'nni-run was killed before the trial ended'
win nni-run --resume exps/long >out 2>err
is $? 0 'resumed, it finds the trial'
is "$(grep -c '"state":"start"' exps/long/trials/*/.nni/state)" 1 'which was started once'
is "$(count '"status":"SUCCEEDED"' long)" 1 'and its end is told once'

# A keeper that dies takes its trial along; somebody tells.
experiment './busy tree' 1 1 >orphan.yml
win nni-run --retry 0 --id orphan orphan.yml >out 2>err &
wait_for has '"status":"RUNNING"' orphan
any 'busy.exe tree'
ok $? 'another tree runs'
kill_ours 'local\.exe keep'
wait
like "$(grep '"FAILED"' exps/orphan/events.jsonl)" '*"infra":true*' 'a dead keeper is a fault of the machine'
is "$(ours 'busy.exe tree')" '' 'and its trial is dead too'

experiment './busy 300' 2 2 >tick.yml
ticks=0
while [ $ticks -lt 20 ]; do
	win nni-run --tick --id tick tick.yml >out 2>err
	code=$?
	[ $code = 0 ] || break
	ticks=$((ticks + 1))
done
is "$code" 4 'ticks bring an experiment to its end'
is "$(count '"status":"SUCCEEDED"' tick)" 2 'with all trials'
done_testing
