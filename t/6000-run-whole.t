#!/bin/sh
# nni-run from the first ask to the summary, with stand-ins for the others.
. "$(dirname "$0")/lib.sh"
. "$TOP/t/fake/lib.sh"

config conc=2 max=5
exits 0 'an experiment runs' nni-run --id whole c.json
is "$(count whole '"type":"spec"')" 5 'five trials'
is "$(count whole '"status":"SUCCEEDED"')" 5 'that succeed'
is "$(journal whole | head -1 | grep -c '"type":"experiment","schema":"nni.journal/1","id":"whole"')" 1 'the journal begins with the experiment'
is "$(journal whole | tail -1 | grep -c '"event":"end","reason":"done"')" 1 'and ends with the end of the session'
is "$(count whole '"type":"metric".*"parameter_id":')" 5 'metrics name their parameters'
is "$(cmp "$(dir whole)/events.jsonl" out && echo same)" same 'stdout in a pipe has the journal'
is "$(grep -o '"parameters":{"x":[0-9.]*}' out | head -1)" '"parameters":{"x":0.0}' 'parameters are as the tuner wrote them'
like "$(cat err)" '*experiment whole is done: 5 trials, 5 succeeded*best: 4.0, trial * {"x":4.0}*all of it is in *' 'the summary tells the best and where it lies'
is "$(grep -c '"type":"metric"' "$(dir whole)/told")" 5 'the tuner is told of the metrics'
is "$(grep -c '"SUCCEEDED".*"parameter_id":' "$(dir whole)/told")" 5 'and of the ends'
is "$(grep -c '"WAITING"\|"RUNNING"' "$(dir whole)/told")" 0 'and of no other status'
# At any time no more than two were alive; on a busy machine one may end before
# the other begins.
[ "$(jq -n 'reduce inputs as $r ([0,0];
	if $r.type=="spec" then [.[0]+1, ([.[1],.[0]+1]|max)]
	elif $r.status=="SUCCEEDED" then [.[0]-1,.[1]] else . end) | .[1]' out)" -le 2 ]
ok $? 'trialConcurrency is kept'
is "$(jq -r 'select(.type=="spec")|.trial' out | sort -u | wc -l)" 5 'ids are unique'
is "$(jq -r 'select(.type=="spec")|.sequence' out | tr '\n' ' ')" '0 1 2 3 4 ' 'sequence numbers'

exits 2 'an id that is taken' nni-run --id whole c.json
like "$(cat err)" "*'whole' is there already*nni-run --resume whole" 'says so, and what to do'
exits 0 'resuming what is done' nni-run --resume whole
is "$(count whole '"type":"spec"')" 5 'starts nothing'
exits 3 'a wrong configuration' nni-run bad.json
like "$(cat err)" 'bad.json:1:1:*' 'is nni-config'\''s to tell'

config conc=2 tunes=3
exits 0 'the tuner may end it' nni-run --id tuned c.json
is "$(count tuned '"type":"spec"')" 3 'with no_more'
like "$(cat err)" '*done: 3 trials, 3 succeeded; the tuner has no more proposals*' 'which is said'

config conc=3 max=3 then=fail
exits 1 'a failed trial' nni-run --id failed c.json
like "$(cat err)" '*trial * (0) FAILED: exit code 3; see *trials/*' 'says why and where to look'
like "$(cat err)" '*3 failed; maxTrialNumber of 3 is reached*' 'counts it'
config conc=1 max=12 then=fail
exits 1 'many that fail' nni-run --id vain c.json
is "$(grep -c 'trial .* FAILED: exit code 3; see .*trials/.....: ValueError: x is [012].0' err)" 3 'the first are told, with their last words'
is "$(grep -c 'others like it are counted' err)" 1 'that is said'
last=$(journal vain | jq -r 'select(.type=="spec" and .sequence==9)|.trial')
is "$(grep 'have failed' err)" "nni-run: warning: the first 10 trials have failed, with: exit code 3; to see why: $(dir vain)/trials/$last/stderr" 'when none succeeds: once, where to look'
is "$(grep -c 'nni-run: 12 trials failed: exit code 3' err)" 1 'the others are counted'
is "$(grep -c 'FAILED: exit code 3' "$(dir vain)/log/nni-run.log")" 12 'the log has them all'
config conc=1 max=5 then=fail
nni-run -v --id vainv c.json 2>err >out
is "$(grep -c ' FAILED: exit code 3; see' err)" 5 '-v: they are told'
like "$(cat err)" '*all 5 trials have failed, with: exit code 3; to see why: *' 'fewer than ten'

config max=1 then=refused
exits 1 'one that never ran' nni-run --id refused c.json
is "$(sed -n 's/trial [a-z0-9]*/trial T/; s/^nni-run: warning: //p' err)" 'local: trial T: no such image (see it)
trial T (0) FAILED: refused' 'has no directory to look at, and an error says whose it is'

config max=5 then=slow
exits 0 'trials that take too long' nni-run --id slow c.json
is "$(grep -c 'EARLY_STOPPED: maxTrialDuration of 1 s reached' err)" 3 'are told'
like "$(cat err)" '*5 trials were stopped early: maxTrialDuration of 1 s reached*5 stopped early*' 'and counted'

config max=2 then=no-final
exits 0 'no final metric' nni-run --id nofinal c.json
is "$(count nofinal '"no_final_metric":true')" 2 'is marked'
like "$(cat err)" '*2 succeeded without a final metric*' 'and said'
config max=2 then=gone
exits 0 'metrics that are gone' nni-run --id gone c.json
is "$(grep -c 'warning: the metrics of trial .* are not complete: the file is gone' err) $(grep -c 'without a final' err)" '2 0' 'are no fault of the trial, and said with the reason'
config max=1 then=nan
exits 0 'NaN' nni-run --id nan c.json
like "$(cat err)" '*no finite number*' 'is said'
is "$(grep -c best: err)" 0 'and is not the best'

config max=2 then=report-hold '"assessor":{"name":"Medianstop"}'
exits 0 'an assessor' nni-run --id assessed c.json
is "$(count assessed '"status":"EARLY_STOPPED"')" 2 'stops trials early'
is "$(count assessed '"type":"cancel".*"early":true')" 2 'by journaled cancels'

config max=1
sed -i 's/"name":"Random"/&,"classArgs":{"optimize_mode":"minimize"}/; s/"maxTrialNumber":1/"maxTrialNumber":3/' c.json
exits 0 'minimize' nni-run --id smallest c.json
like "$(cat err)" '*best: 0.0,*' 'means that less is better'

config max=2
nni-run --id terminal --format none c.json >out 2>err
is "$(cat out)" '' '--format none prints no records'
is "$(nni-run --id headed c.json 2>err | head -1 | grep -c '"type":"experiment"')" 1 'a reader that goes early'
is "$(grep -c error err)" 0 'is no error'

# --resume of something else
exits 4 'no such experiment' nni-run --resume nosuch
like "$(cat err)" "*no experiment 'nosuch'*" 'is said'
exits 2 'no configuration' nni-run
exits 2 'two modes' nni-run --check --dry-run c.json
exits 2 'a tick without --id' nni-run --tick c.json
exits 2 'a bad id' nni-run --id Bad-Id c.json
done_testing
