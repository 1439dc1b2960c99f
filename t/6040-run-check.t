#!/bin/sh
# --check, --print-config, --dry-run, --prepare, --clean: nothing is run.
. "$(dirname "$0")/lib.sh"
. "$TOP/t/fake/lib.sh"
mkdir tmp
TMPDIR=$trash/tmp
export TMPDIR
nothing_made() { is "$(find "$NNI_EXPERIMENTS" tmp -mindepth 1 2>/dev/null)" '' 'and nothing is left of it'; }

config max=3 conc=2
exits 0 '--check' nni-run --check c.json
like "$(cat out)" '*"type":"capacity"*' 'prints the capacity'
FAKE_CHECK='{"type":"error","message":"no such directory","where":"/x","hint":"make it"}'
export FAKE_CHECK
exits 3 '--check with a problem' nni-run --check c.json
is "$(cat err)" 'nni-run: error: local: /x: no such directory; make it' 'says where, what, and the remedy'
# what can never run is not even made
for mode in '' --prepare --dry-run '--tick --id never'; do
	# shellcheck disable=SC2086
	exits 3 "a problem that stays, ${mode:-a run}" nni-run $mode c.json
	is "$(cat err)" 'nni-run: error: local: /x: no such directory; make it' 'is told with its remedy'
	is "$(cat out)" '' 'and nothing else is'
done
nothing_made
FAKE_CODE=6
export FAKE_CODE
exits 6 'a place that lets nobody in' nni-run c.json
nothing_made
FAKE_CODE=5
exits 5 '--check with a problem that may pass' nni-run --check c.json
nothing_made
exits 0 'which a run only warns of' nni-run --id warned c.json
like "$(cat err)" 'nni-run: warning: local: /x: no such directory; make it*is done*' 'and goes on'
rm -r "$NNI_EXPERIMENTS"
unset FAKE_CHECK
FAKE_CODE=2
exits 0 'a platform that knows no check' nni-run --id old c.json
rm -r "$NNI_EXPERIMENTS"
unset FAKE_CODE

# ---- several machines ----
place() { printf '{"type":"place","place":"%s","host":"h"%s}\n' "$1" "${2-}"; }
trouble() { printf '{"type":"error","message":"%s","where":"%s"%s,"hint":"%s"}\n' "$1" "$2" "${3-}" "${4-}"; }
down=$(trouble 'nobody listens there' carol@192.0.2.3 ',"place":"carol@192.0.2.3"' 'is its ssh server running?')
late=$(trouble 'it has no python3' bob@192.0.2.5 '' 'install it')
FAKE_CHECK="$(place bob@192.0.2.2 ',"cpus":8,"n":4,"disk_free":120400000000,"gpus":[{"index":0},{"index":1,"pid":8}],"clock":0.21')
$(place bob@192.0.2.4 ',"cpus":1,"n":0,"reason":"gpu 0 busy","clock":-61.2')
$(place bob@192.0.2.5 ',"cpus":1')
$late
$down"
export FAKE_CHECK
FAKE_CODE=6 exits 6 '--check with several places' nni-run --check c.json
is "$(cat err)" 'nni-run: bob@192.0.2.2: ok, 8 CPUs, 2 GPUs (1 in use), 120 GB free, clock +0.2 s
nni-run: bob@192.0.2.4: ok, 1 CPU, clock -61.2 s, no room now: gpu 0 busy
nni-run: warning: local: bob@192.0.2.4: its clock is 61 s behind this machine'"'"'s: times of its results are off; set it by NTP
nni-run: error: local: bob@192.0.2.5: it has no python3; install it
nni-run: error: local: carol@192.0.2.3: nobody listens there; is its ssh server running?' 'has a line for each, with its remedy'
is "$(jq -r 'select(.type == "place").place' out | tr '\n' ' ')" 'bob@192.0.2.2 bob@192.0.2.4 bob@192.0.2.5 ' 'and the records for programs'
was=$FAKE_CHECK
FAKE_CHECK="$(place cluster ',"server":"https://192.0.2.9:6443","version":"v1.34.1","namespace":"lab","code":"ConfigMaps: no storage is configured"')"
for mode in --check --dry-run; do
	exits 0 "$mode on a cluster" nni-run $mode c.json
	is "$(head -1 err)" 'nni-run: cluster: ok, https://192.0.2.9:6443, version v1.34.1, namespace lab; code: ConfigMaps: no storage is configured' \
		'tells where trials would go, and how their code comes there'
done
FAKE_CHECK="$FAKE_CHECK
{\"type\":\"error\",\"message\":\"it has no such API\",\"hint\":\"install it\"}"
exits 3 'a cluster that lacks something' nni-run --check c.json
is "$(cat err)" 'nni-run: error: local: it has no such API; install it' 'is not said to be ok'
FAKE_CHECK=$was
FAKE_CODE=6 exits 0 'an experiment that some places can run' nni-run --id some c.json
is "$(head -3 err)" 'nni-run: warning: local: bob@192.0.2.5: it has no python3; install it
nni-run: warning: local: carol@192.0.2.3: nobody listens there; is its ssh server running?
nni-run: warning: it begins with the 2 places that can run trials' 'begins, and the others are named'
rm -r "$NNI_EXPERIMENTS"
FAKE_CHECK="$(place bob@192.0.2.5)
$late
$down"
FAKE_CODE=6 exits 6 'one that no place can run' nni-run --id none c.json
is "$(cat err)" 'nni-run: error: local: bob@192.0.2.5: it has no python3; install it
nni-run: error: local: carol@192.0.2.3: nobody listens there; is its ssh server running?' 'does not'
nothing_made
FAKE_CHECK="$(place bob@192.0.2.4)
$(trouble 'no such directory' /x)"
FAKE_CODE=3 exits 3 'nor does one with a fault that all places share' nni-run --id none c.json
nothing_made
sed 's/}\]}$/},{"platform":"local","member":"two","trialCommand":"true","trialCodeDirectory":"."}]}/' c.json >d.json
FAKE_CHECK_two="$(place bob@192.0.2.6)" FAKE_CODE_two=0 FAKE_CODE=3 exits 0 'one of two members is enough' nni-run --id two d.json
is "$(head -2 err)" 'nni-run: warning: local: /x: no such directory
nni-run: warning: it begins with the 1 place that can run trials' 'the other one is named' ||
	diag "$(cat out)"
rm -r "$NNI_EXPERIMENTS"
unset FAKE_CHECK

mv bin/nni-tune .
for mode in '' --check --dry-run; do
	# shellcheck disable=SC2086
	exits 5 "a program that is missing, ${mode:-a run}" env PATH="$trash/bin:/usr/bin:/bin" nni-run $mode c.json
	like "$(cat err)" "*cannot find the program 'nni-tune'*" 'is named'
done
nothing_made
mv nni-tune bin
exits 5 'a place where nothing can be made' env NNI_EXPERIMENTS="$trash/c.json" nni-run c.json
like "$(cat err)" "nni-run: error: cannot *'$trash/c.json*; experimentWorkingDirectory*" 'is told, with a remedy'
FAKE_CHECK_HANGS=$trash/hangs nni-run c.json >out 2>err </dev/null &
run=$!
wait_for grep -q 'still being asked whether it can run: local' err
ok $? 'a check that takes long is named'
wait_for test -e hangs
kill -TERM $run
wait $run 2>/dev/null
is $? 143 'an interrupt ends it'
nothing_made
exits 3 '--check of a wrong file' nni-run --check bad.json
sed 's/"platform":"local"/"platform":"nosuch"/' c.json >d.json
exits 3 'a platform that is not there' nni-run --check d.json
like "$(cat err)" "*no platform 'nosuch'*" 'is named'

exits 0 '--print-config' nni-run --print-config c.json
is "$(cat out)" "$(cat c.json)" 'is what nni-config says'
is "$(nni-run --print-config - <c.json)" "$(cat c.json)" '- is the standard input'
exits 0 '--dry-run' nni-run --dry-run c.json
is "$(grep -c '"dry_run":true' out)" 2 'proposes what would be started at once'
like "$(cat err)" "*would make an experiment in $NNI_EXPERIMENTS, and run 3 trials, 2 at once*" 'tells the plan'
[ ! -e "$NNI_EXPERIMENTS" ]
ok $? 'and leaves nothing behind'
nothing_made

exits 0 '--prepare' nni-run --prepare --id p c.json
is "$(cat out)" "$(dir p)" 'prints the directory'
exits 0 'which can be resumed' nni-run --resume "$(cat out)"
is "$(count p '"status":"SUCCEEDED"')" 3 'and runs'

exits 0 '--clean' nni-run --clean p
[ -e "$(dir p)/cleaned" ]
ok $? 'asks the backends'
sed 's/}\]}$/},{"platform":"local","member":"two","trialCommand":"true","trialCodeDirectory":"."}]}/' c.json >d.json
nni-run --id two d.json >out 2>err
FAKE_CLEAN_local=5 exits 5 '--clean where one member cannot be reached' nni-run --clean two
is "$(cat err)" 'nni-run: error: local: bob@192.0.2.2: no route to host
nni-run: error: not all that experiment two left on its platforms is removed; again, later: nni-run --clean two' 'names it'
[ -e "$(dir two)/cleaned" ]
ok $? 'the other one is cleaned'
if [ -e bin/nnictl ]; then
	FAKE_CLEAN=5 exits 5 'what cannot be cleaned' nnictl experiment delete two --yes
	like "$(cat err)" '*nnictl: error: experiment two is not deleted: *' 'is not deleted'
	[ -e "$(dir two)/events.jsonl" ]
	ok $? 'nothing of it is'
	FAKE_CLEAN=5 exits 0 'delete --force' nnictl experiment delete two --yes --force
	[ ! -e "$(dir two)" ]
	ok $? 'deletes it'
fi
config then=hold
nni-run --tick --id h c.json
exits 5 '--clean while trials run' nni-run --clean h
like "$(cat err)" '*1 trial of experiment h has not ended; stop it first: nnictl stop h' 'is refused'

# a parent of its own is remembered
config max=1 "\"experimentWorkingDirectory\":\"$trash/elsewhere\""
exits 0 'experimentWorkingDirectory' nni-run --id e c.json
exits 0 'is found again by its id' nni-run --resume e
exits 0 'or a beginning of one' nni-run --clean e
is "$(cat "$NNI_EXPERIMENTS/.experiments")" "$trash/elsewhere" 'by the hint file'
done_testing
