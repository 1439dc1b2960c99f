#!/bin/sh
# Experiments of typed pipelines, which have no journal: read by nni-collect,
# refused by nni-run, served by nnictl; and one whose nni-run was killed.
# The local platform, nothing stands in.
. "$(dirname "$0")/lib.sh"
for p in nnictl nni-run nni-submit nni-watch nni-collect nni-cancel nni-config \
	nni-platform-local nni-trial; do
	[ -x "$NNI_BIN/$p" ] || skip_all "no $p"
done

mkdir code
cat >code/trial.sh <<'END'
x=$(nni-trial get x)
nni-trial report "0.$x"
[ "$x" = 1 ] || exec sleep 300
nni-trial report --final "$x.50"
END
cat >c.yml <<'END'
experimentName: typed
trialCommand: sh trial.sh
trialCodeDirectory: code
trialConcurrency: 2
searchSpace: {x: {_type: choice, _value: [1]}}
tuner: {name: Random}
maxTrialNumber: 9
trainingService: {platform: local}
END

# The first succeeds, two are at work, the fourth waits; then nni-submit dies.
printf '{"x":%s}\n' 1 2 3 4 >specs
nni-submit -q -c c.yml <specs >placed 2>err &
submit=$!
jobs_of() { [ "$(grep -c '"job"' "$NNI_EXPERIMENTS"/*/placed.jsonl)" -ge "$1" ]; }
wait_for jobs_of 3
ok $? 'three are placed'
d=$(echo "$NNI_EXPERIMENTS"/*)
id=${d##*/}
stop_at_end 'nni-cancel -q -d "$id" --all >/dev/null 2>&1'
statuses() { nni-collect "$id" | jq -r 'select(.type=="status").status' | sort | tr '\n' ' '; }
settled() { [ "$(statuses)" = 'RUNNING RUNNING SUCCEEDED WAITING ' ]; }
wait_for settled
is "$(statuses)" 'RUNNING RUNNING SUCCEEDED WAITING ' 'nni-collect reads it while nni-submit is at work'
exits 8 'nni-run --clean refuses then' nni-run --clean "$id"
kill -9 $submit
wait $submit 2>/dev/null

# nni-collect
nni-collect --format csv "$id" | cut -d, -f2- | sort >out
is "$(cat out)" "$(cat <<'END'
0,1,SUCCEEDED,1.50,1
1,1,RUNNING,,2
2,1,RUNNING,,3
3,1,WAITING,,4
sequence,attempt,status,metric,x
END
)" 'nni-collect DIR, as csv'
nni-collect --format jsonl "$id" >out
is "$(sed -n 's/.*"metric".*"value":\([^,]*\).*/\1/p' out | sort | tr '\n' ' ')" '0.1 0.2 0.3 1.50 ' 'as records, with the metrics there are'
is "$(nni-collect --format table "$id" | awk '$2 ~ /^(RUNNING|WAITING|SUCCEEDED)$/ {print $2}' | sort | tr '\n' ' ')" \
	'RUNNING RUNNING SUCCEEDED WAITING ' 'as a table'
mv "$d" "$NNI_EXPERIMENTS/moved"
is "$(nni-collect --format tsv moved | grep -c RUNNING)" 2 'where it has been moved to, too'
mv "$NNI_EXPERIMENTS/moved" "$d"

# nni-run
ls -R "$d" >before
exits 2 'nni-run --resume refuses' nni-run --resume "$id"
like "$(cat err)" "*nni-submit --resume $d </dev/null | nni-watch | nni-collect*" 'and says what to use'
exits 2 'nni-run --tick refuses' nni-run --tick --id "$id" c.yml
like "$(cat err)" '*nni-submit --resume *' 'and says what to use'
ls -R "$d" >after
is "$(cat after)" "$(cat before)" 'nothing is created'
exits 5 'nni-run --clean refuses while trials live' nni-run --clean "$id"
like "$(cat err)" '*3 trials *stop them first: nnictl stop *' 'and says what to do'

# nnictl
like "$(nnictl experiment list)" "*$id *typed*" 'nnictl experiment list: it runs'
is "$(nnictl experiment status | jq -c '[.status,.trials]')" '["RUNNING",{"WAITING":1,"RUNNING":2,"SUCCEEDED":1}]' \
	'experiment status, without an id'
nnictl experiment show >out
is "$(jq -r '"\(.status) \(.best.value) \(.params.experimentName)"' out | numbers)" 'RUNNING 1.5 typed' 'experiment show'
ok "$(($(jq .startTime out) < 1700000000000))" 'has the time at which it began'
is "$(nnictl trial ls | jq -r '.[] | "\(.sequenceId) \(.status)"' | tr '\n' ' ')" \
	'0 SUCCEEDED 1 RUNNING 2 RUNNING 3 WAITING ' 'trial ls'
is "$(nnictl trial ls | jq -r '.[3].message')" 'it has no place yet' 'says why a trial waits'
like "$(nnictl top)" "*$id *" 'top'
exits 0 'experiment export' nnictl experiment export -f out.csv -t csv -i
is "$(tr -d '\r' <out.csv | cut -d, -f1,2,4)" 'x,reward,intermediate
1,1.50,[0.1]' 'has what has ended'
is "$(nnictl log trial | wc -l | tr -d ' ')" 4 'log trial'
ls -R "$d" >before
exits 2 'resume refuses' nnictl resume "$id"
like "$(cat err)" "*nni-submit --resume $d </dev/null | nni-watch | nni-collect*" 'and says what to use'
exits 2 'update refuses' nnictl update concurrency -v 3
like "$(cat err)" '*nni-submit --resume *' 'and says what to use'
exits 8 'delete refuses while it runs' nnictl experiment delete "$id" --yes
ls -R "$d" >after
is "$(cat after)" "$(cat before)" 'nothing is created'
exits 0 'trial kill' nnictl trial kill -T "$(nnictl trial ls | jq -r '.[1].trialJobId')"
is "$(statuses)" 'RUNNING SUCCEEDED USER_CANCELED WAITING ' 'kills it'

# Its directory may have been moved.
mv "$d" "$NNI_EXPERIMENTS/moved"
is "$(nnictl experiment status moved | jq -r .status)" RUNNING 'a directory that was moved'
mv "$NNI_EXPERIMENTS/moved" "$d"
exits 0 'stop' nnictl stop
is "$(statuses)" 'SUCCEEDED USER_CANCELED USER_CANCELED USER_CANCELED ' 'all has ended'
is "$(nnictl experiment list 2>err)" '' 'it is not listed any more'
like "$(cat err)" 'nnictl: no experiment is running; --all shows all' 'which is said'
like "$(nnictl experiment list --all)" "*$id *" 'but by --all'
is "$(nnictl experiment status "$id" | jq -r .status)" STOPPED 'it is STOPPED'
exits 0 'nni-run --clean, now that nothing lives' nni-run --clean "$id"
exits 0 'stop what has ended' nnictl stop "$id"
like "$(cat err)" '*is not running*' 'says so'
exits 0 'delete' nnictl experiment delete "$id" --yes
[ ! -e "$d" ]
ok $? 'deletes it'

# A live pipeline, whose maker would go on giving specs for ever.
mkfifo endless
(printf '{"x":%s}\n' 2 3 4 && exec sleep 300) >endless &
maker=$!
stop_at_end "kill $maker 2>/dev/null"
(nni-submit -q -c c.yml <endless; echo $? >code.submit) |
	nni-watch -q | nni-collect -q >all &
pipeline=$!
wait_for jobs_of 2
d=$(echo "$NNI_EXPERIMENTS"/*)
id=${d##*/}
exits 0 'stop a live pipeline' nnictl stop "$id"
like "$(cat err)" '*is stopped*' 'says so'
wait $pipeline
is $? 0 'it ends by itself'
is "$(cat code.submit)" 0 'nni-submit has done what it was asked to'
is "$(jq -r 'select(.type=="status" and (.status|test("ED$"))).status' all | sort | uniq -c | tr -s ' ' | tr '\n' ' ')" \
	' 3 USER_CANCELED ' 'and has given the end of each trial'
is "$(nnictl experiment status "$id" | jq -c '[.status,.trials]')" '["STOPPED",{"USER_CANCELED":3}]' 'it is STOPPED'
like "$(nnictl experiment list --all)" "*$id*stopped*" 'so says the list'
exits 0 'and once more' nnictl stop "$id"
like "$(cat err)" '*is not running*' 'there is nothing to stop'

# It may be gone on with; the stop was of what was there then.
echo '{"x":1}' | nni-submit -q --resume "$id" | nni-watch -q | nni-collect -q >all
is "$(jq -r 'select(.status=="SUCCEEDED").status' all)" SUCCEEDED 'new specs are taken after it'
is "$(nnictl experiment status "$id" | jq -r .status)" DONE 'then it is done'

# ---- one with a journal, whose nni-run was killed ----
cat >code/hold.sh <<'END'
nni-trial report 0.1
until [ -e "$GO" ]; do sleep 0.1; done
nni-trial report --final 7.0
END
sed 's/_value: \[1\]/_value: [1, 2]/; s/trial\.sh/hold.sh/; s/maxTrialNumber.*/maxTrialNumber: 2/' c.yml >d.yml
GO=$PWD/go
export GO
nni-run --id left d.yml >out 2>err &
run=$!
stop_at_end 'nni-cancel -q -d left --all >/dev/null 2>&1'
journal=$NNI_EXPERIMENTS/left/events.jsonl
reported() { [ "$(grep -c '"intermediate"' "$journal")" = 2 ]; }
wait_for reported
kill -9 "$run"
wait "$run" 2>/dev/null
interrupted() { nnictl experiment list --all | grep -q '^left *interrupted'; }
wait_for interrupted
ok $? 'nni-run was killed'
first=$(jq -r 'select(.type=="spec").trial' "$journal" | head -n 1)
exits 5 'nni-run --clean refuses' nni-run --clean left
like "$(cat err)" '*2 trials of experiment left have not ended*' 'since its trials run'
exits 0 'trial kill' nnictl trial kill left -T "$first"
listed() { nnictl trial ls left | jq -r '.[].status' | sort | tr '\n' ' '; }
is "$(listed)" 'RUNNING USER_CANCELED ' 'the listing agrees'
touch "$GO"
have_ended() { [ "$(listed)" = 'SUCCEEDED USER_CANCELED ' ]; }
wait_for have_ended
is "$(listed) $(grep -c SUCCEEDED "$journal")" 'SUCCEEDED USER_CANCELED  0' 'platforms tell what the journal does not'
is "$(nnictl experiment export left -f - | jq -c '.[].value' | numbers)" 7 'with results'
is "$(nnictl experiment status left | jq -c .trials)" '{"SUCCEEDED":1,"USER_CANCELED":1}' 'experiment status'
nni-collect --format jsonl left >out
is "$(jq -c 'select(.kind)|.value' out | numbers | sort | tr '\n' ' ') $(jq -r 'select(.type=="status").status' out | grep -c '_\|SUCC')" \
	'0.1 0.1 7  2' 'nni-collect: each metric once, and the ends'
is "$(nni-collect --format csv left | cut -d, -f4,5 | sort | tr '\n' ' ')" 'SUCCEEDED,7.0 USER_CANCELED, status,metric ' 'nni-collect, as csv'
exits 0 'delete: nothing of it runs' nnictl experiment delete left --yes
done_testing
