#!/bin/sh
# Windows machines of a machineList, used from here: the program and the code are
# sent, trials run, are cancelled, and outlive the connection.
. "$(dirname "$0")/lib.sh"
WIN_BIN=$NNI_BIN
NNI_BIN=$TOP/bin
PATH=$NNI_BIN:$PATH
NNI_EXPERIMENTS=$trash/experiments
export NNI_EXPERIMENTS
[ -x "$NNI_BIN/nni-submit" ] || skip_all 'not built for this system'
. "$TOP/t/sshd.sh"
. "$TOP/t/winsh.sh"
WIN=${WIN_BIN%/bin}
winsh_needed
printf 'Microsoft Windows [Version 10.0.19045.2965]\n\n' >greeting
WINSH_GREETING=$PWD/greeting winsh_start cmd
WINSH_SHELL=powershell winsh_start power
WINSH_SHELL=bash winsh_start bash
for m in cmd power bash; do
	printf ',"preCommand":"echo %s>ready.txt"' "$m" >>"$sshd/$m/machine"
done
mkdir code experiments
x86_64-w64-mingw32-gcc -O1 -o code/busy.exe "$TOP/t/windows/busy.c" || exit 1
cp "$WIN_BIN/nni-trial.exe" 'code/my trial.exe'
echo 'A = "ä"' >code/ünï.py

ring() { # EXPERIMENT.yml OUTPUT: all of it, one trial
	jq -nc '{x: 0.1}' | nni-submit -c "$1" 2>"$2.err" | nni-watch 2>>"$2.err" |
		nni-collect >"$2" 2>>"$2.err"
}
for m in cmd power bash; do
	sshd_experiment $m.yml "'\"my trial\" report 0.5 --final'" $m
	ring $m.yml $m.out &
	rings="${rings-} $!"
done
# shellcheck disable=SC2086
wait $rings
for m in cmd power bash; do
	is "$(jq -r 'select(.type == "metric").value, .status // empty' $m.out | tail -2 | tr '\n' ' ')" \
		'0.5 SUCCEEDED ' "$m: a trial runs on it, its result comes" ||
		diag "$(cat $m.out $m.out.err)" "$(tail experiments/*/log/*)"
	like "$(cat "$(sshd_home $m)"/.local/share/nni/*/*/trials/*/code/ready.txt)" "$m*" \
		'preCommand came first, in a copy of the code'
done
is "$(cat "$(sshd_home cmd)"/.local/share/nni/*/*-trees/*/files/ünï.py)" 'A = "ä"' 'names of files are what they were'

# A trial that fails: what it said comes back.  And all of it goes.
SSHD_TRIALS=1 sshd_experiment fail.yml "'echo made>made.txt& echo oops 1>&2& exit 3'" power
nni-run --id fails fail.yml >out 2>err
is $? 1 'nni-run, with a trial that fails'
like "$(cat experiments/fails/trials/*/stderr)" 'oops*' 'what it said comes back'
jq -c 'select(.type == "trial" or .type == "status")' experiments/fails/events.jsonl |
	nni-collect --output got >out 2>err
like "$(cat got/*/code/made.txt)" 'made*' 'and what it made'
nnictl experiment delete fails --yes >out 2>err
is "$? $(find "$(sshd_home power)/.local" -path '*/fails*')" '0 ' 'deleted, it is gone there too' || diag "$(cat err)"

# Linux knows the processes of this test, and Wine's command lines.
runs() { # ARGUMENT
	pgrep -f "busy.exe\"? $1" | while read -r p; do
		grep -qsz "^NNI_TEST_SSHD=$trash\$" "/proc/$p/environ" && echo "$p"
	done
}
some() { [ -n "$(runs "$1")" ]; }
sshd_experiment tree.yml 'busy tree' cmd
jq -nc '{x: 0.1}' | nni-submit -c tree.yml 2>err | nni-watch 2>>err >watched &
ring=$!
wait_for some treexx
ok $? 'a tree of processes runs there' || diag "$(cat err)"
wait_for grep -q RUNNING watched
sshd_kill cmd
some treexx
ok $? 'the connection breaks off: it runs on'
wait_for grep -q UNKNOWN watched
jq -c 'select(.job)' watched | head -1 >job
nni-cancel <job >cancelled 2>err.cancel
is "$(jq -r .status cancelled | tail -1)" USER_CANCELED 'another connection cancels it' || diag "$(cat err.cancel cancelled)"
is "$(runs tree)" '' 'all of it'
wait "$ring"
is "$(jq -r 'select(.status).status' watched | tail -1)" USER_CANCELED 'who watched it connects again, and learns of it'
done_testing
