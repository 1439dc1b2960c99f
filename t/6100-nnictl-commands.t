#!/bin/sh
# nnictl: the commands that NNI's tutorials use, with stand-ins behind nni-run.
. "$(dirname "$0")/lib.sh"
[ -x "$NNI_BIN/nnictl" ] || skip_all 'nnictl is not built'
. "$TOP/t/fake/lib.sh"

is "$(nnictl -v)" "$(nnictl --version)" '-v is the version'
like "$(nnictl -h)" '*-v, --version*' 'and -h says so'
is "$(nnictl --complete --ver | grep -c version)" 1 'one option, one completion'
exits 4 'with nothing running' nnictl stop
like "$(cat err)" '*no experiment is running*' 'says so'
exits 0 'list' nnictl experiment list

config conc=2 max=4 then=hold '"experimentName":"tutorial"'
exits 0 'create --config' nnictl create --config c.json --port 8081
id=$(sed -n 's/The experiment id is //p' out)
like "$id" '[a-z]*' 'prints the id'
like "$(cat err)" '*no port here*' 'and says that a port is not needed'
stop_at_end 'nnictl stop --all >/dev/null 2>&1'
wait_for has "$id" '"status":"RUNNING"' 2
ok $? 'it runs, detached'
nnictl experiment list >out
like "$(sed -n 1p out)" 'ID *STATE *TRIALS *RUNNING *NAME' 'experiment list has headings'
like "$(sed -n 2p out)" "$id *running *0/4 *2 *20*tutorial" 'and says how it gets on'
is "$(nnictl experiment status | jq -r .status)" RUNNING 'experiment status without an id'
is "$(nnictl experiment show | jq -r '.params.trialConcurrency')" 2 'experiment show'
is "$(nnictl config show | jq -r '.trialConcurrency')" 2 'config show'
like "$(nnictl top)" "ID *
$id *running*" 'top, in a pipe, once'
is "$(nnictl trial ls | jq -r '.[].status' | sort -u)" RUNNING 'trial ls'
is "$(nnictl trial ls "$(echo "$id" | cut -c1-3)" | jq length)" 2 'a beginning of the id will do'
exits 8 'resume what is running' nnictl resume "$id"
exits 8 'delete what is running' nnictl experiment delete "$id" --yes

nnictl update concurrency -v 3
wait_for has "$id" '"status":"RUNNING"' 3
ok $? 'update concurrency'
nnictl update trialnum --value 3
wait_for has "$id" '"key":"maxTrialNumber","value":3'
ok $? 'update trialnum'
nnictl update duration -v 2h
wait_for has "$id" '"key":"maxExperimentDuration","value":7200.000'
ok $? 'update duration'
printf '{"y":{"_type":"choice","_value":[1]}}' >space.json
nnictl update searchspace -f space.json
wait_for has "$id" '"key":"searchSpace"'
is "$(nnictl config show | jq -c '[.trialConcurrency,.maxTrialNumber,.maxExperimentDuration,.searchSpace.y._value]')" \
	'[3,3,7200,[1]]' 'config show: what is in force'
is "$(nnictl experiment show | jq -c '.params|[.trialConcurrency,.maxTrialNumber]')" '[3,3]' 'experiment show too'
exits 2 'a bad number' nnictl update concurrency -v none
exits 2 'a bad duration' nnictl update duration -v soon

nnictl create --config c.json >out 2>err
other=$(sed -n 's/The experiment id is //p' out)
exits 2 'two are running' nnictl trial ls
like "$(cat err)" '*2 experiments are running, name one: * (tutorial), * (tutorial)' 'so one has to be named'
exits 4 'no such experiment' nnictl stop "nosuch*"
like "$(cat err)" "*no experiment that begins with 'nosuch' is running*" 'others are'
exits 2 'looks without a pause' nnictl top -t 0
like "$(nnictl trial ls "$(echo "$id" | sed 's/.$/_/')" 2>&1)" "*did you mean '$id'?" 'a misspelt id'
is "$(cd "$(dir "$id")" && nnictl trial ls . | jq length)" 3 'an experiment by its path'
exits 0 'stop by a pattern' nnictl stop "$other*"
exits 0 'stop' nnictl stop
is "$(nnictl experiment status "$id" | jq -r .status)" STOPPED 'stopped'
for command in status show; do
	exits 0 "experiment $command when none is running" nnictl experiment $command
	is "$(jq -r .id out) $(cat err)" "$id nnictl: no experiment is running; the last one was $id (tutorial)" \
		'is of the last one, and says which'
done
is "$(nnictl trial ls 2>err | jq length)" 3 'so is trial ls'
exits 0 'and log stdout' nnictl log stdout
exits 4 'trial kill needs one that is named' nnictl trial kill -T a
is "$(count "$id" '"status":"USER_CANCELED"')" 3 'with all its trials'
exits 0 'experiment list' nnictl experiment list
is "$(cat out)" '' 'shows what runs'
is "$(nnictl experiment list --all | sed 1d | wc -l | tr -d ' ')" 2 'with --all all'
exits 0 'stop what is not running' nnictl stop "$id"

sed -i 's/"then":"hold"/"then":"report-hold"/' "$(dir "$id")/config.json"
nnictl update trialnum "$id" -v 5 2>err
like "$(cat err)" '*not running*' 'an update of what is not running waits'
exits 0 'resume' nnictl resume "$id"
wait_for has "$id" '"kind":"intermediate"' 2
ok $? 'goes on, with the new limit'
nnictl stop 2>err

# a configuration that can be read only once
config max=1
nnictl create -f -c - <c.json 2>err
like "$? $(cat err)" '0 *1 trial, 1 succeeded*' 'create -f -c - runs what comes on standard input'
nnictl experiment delete --yes "$(sed -n 's/.*experiment \([a-z0-9]*\) is in.*/\1/p' err)" 2>err
mkfifo pipe
cat c.json >pipe &
exits 0 'a pipe' nnictl create -c pipe
once=$(sed -n 's/The experiment id is //p' out)
wait_for has "$once" '"reason":"done"'
ok $? 'runs, too'
refused() {
	nnictl resume "$once" >out 2>err # 8 until it is gone
	[ $? -eq 4 ]
}
wait_for refused
ok $? 'resume of what is used up is refused'
like "$(cat out err)" "*maxTrialNumber of 1 is reached; *: nnictl update trialnum $once --value N*" 'says what helps'
nnictl update trialnum "$once" -v 2 2>/dev/null
exits 0 'after which it goes on' nnictl resume -f "$once"
is "$(count "$once" '"type":"spec"')" 2 'with one more'
nnictl experiment delete --yes "$once" 2>err

# between two ticks no process lives
config max=9 conc=2 then=hold
nni-run --tick --id ticks c.json
is "$(nnictl experiment status | jq -r .status)" RUNNING 'between two ticks it runs, and is found without an id'
like "$(nnictl experiment list)" '*ticks *between ticks*' 'and is listed'
exits 8 'it cannot be deleted' nnictl experiment delete ticks --yes
exits 0 'stop between two ticks' nnictl stop
is "$(count ticks '"status":"USER_CANCELED"')" 2 'journals the ends of all trials'
is "$(nnictl experiment status ticks | jq -r .status)" STOPPED 'and that it was stopped'
exits 4 'the next tick has nothing to do' nni-run --tick --id ticks c.json
is "$(count ticks '"type":"spec"')" 2 'and starts nothing'
nnictl experiment delete ticks --yes 2>err

# results
config max=3
nni-run --id res c.json >out 2>err
exits 0 'export as JSON' nnictl experiment export res -f res.json
is "$(jq -c '.[1]|{parameter,value}' res.json | numbers)" '{"parameter":{"x":1},"value":1}' 'has parameters and values'
like "$(cat res.json)" '*"parameter":{"x":1.0},"value":1.0*' 'byte for byte'
exits 0 'export as CSV' nnictl experiment export res -f res.csv -t csv -i
is "$(tr -d '\r' <res.csv | sed -n '1p;3p' | cut -d, -f1,2,4)" 'x,reward,intermediate
1.0,1.0,[]' 'has columns'
sed 's/"x":/"gr\\u00f6\\u00dfe, \\"x\\"":/' "$(dir res)/events.jsonl" >escaped
cp "$(dir res)/events.jsonl" plain
cp escaped "$(dir res)/events.jsonl"
is "$(nnictl experiment export res -f - -t csv | head -n 1 | tr -d '\r')" \
	'"größe, ""x""",reward,trialJobId' 'a column has the name that the parameter has'
like "$(nnictl trial ls res --format table)" '*{"größe, \\"x\\"":1.0}*' \
	'people read letters'
like "$(nnictl trial ls res)" '*"gr\\u00f6\\u00dfe, *' 'programs what was written'
cp plain "$(dir res)/events.jsonl"
is "$(nnictl trial ls res --head 1 | jq -c '.[].hyperParameters' | numbers)" '{"x":2}' 'trial ls --head: the best'
is "$(nnictl trial ls res --tail 1 | jq -c '.[].hyperParameters' | numbers)" '{"x":0}' 'trial ls --tail: the worst'
nnictl trial ls res --format table >out
like "$(sed -n 1p out)" 'TRIAL *NO *STATUS *RESULT *PARAMETERS *' 'trial ls as a table has headings'
like "$(sed -n 4p out)" '* 2 *succeeded *2.0 *{"x":2.0}*' 'and plain words'
printf '{"experimentName":"漢字漢字漢字漢字"}' >name.json
jq -s '.[0] * .[1]' "$(dir res)/config.json" name.json >new.json && cp new.json "$(dir res)/config.json"
like "$(COLUMNS=30 nnictl experiment list --all)" '*漢字漢字漢字漢字' 'in a pipe nothing is cut'
if script -qec true /dev/null >/dev/null 2>&1 </dev/null; then
	COLUMNS=76 script -qec 'nnictl experiment list --all' /dev/null </dev/null >out
	is "$(grep -c '漢字.*…' out) $(grep -c 漢字漢字漢字漢字 out)" '1 0' 'on a terminal it is cut'
else
	skip 'no script(1) that runs commands' 'the width of a terminal'
fi
like "$(nnictl log stdout res)" '*experiment res is done*' 'log stdout'
is "$(nnictl log stdout res --tail 1 | wc -l | tr -d ' ')" 1 'log stdout --tail'
like "$(nnictl log stdout res --head 1)" '*experiment res is in*' 'log stdout --head'
is "$(nnictl log stdout res --path)" "$(dir res)/log/nni-run.log" 'log stdout --path'
echo hello >"$(dir res)/log/nni-tune.log"
like "$(nnictl log stderr res)" '*nni-tune.log*hello*' 'log stderr'
t=$(nnictl trial ls res --head 1 | jq -r '.[].trialJobId')
mkdir -p "$(dir res)/trials/$t"
echo mine >"$(dir res)/trials/$t/stdout"
like "$(nnictl log trial res -T "$t")" '*stdout*mine*' 'log trial -T'
like "$(nnictl log trial res -T "$(echo "$t" | cut -c1-4)")" '*mine*' 'a beginning of its id will do'
like "$(nnictl log trial res -T "$(echo "$t" | cut -c1-4)_" 2>&1)" "*did you mean '$t'?" 'a misspelt one'
like "$(nnictl log trial res -T "$(nnictl trial ls res --tail 1 | jq -r '.[].trialJobId')" 2>&1)" \
	'*has printed nothing' 'log trial of one that was silent'
printf '1\n2\n3' >"$(dir res)/trials/$t/stdout"
is "$(nnictl log trial res -T "$t" --tail 2 | sed 1d | tr '\n' ' ')" '2 3 ' 'log trial --tail'
is "$(nnictl log trial res -T "$t" --head 2 | sed 1d | tr '\n' ' ')" '1 2 ' 'log trial --head'
is "$(nnictl log trial res -T "$t" --path)" "$(dir res)/trials/$t" 'log trial --path'
is "$(nnictl log trial res | wc -l | tr -d ' ')" 3 'log trial'

exits 2 'delete asks, or wants --yes' nnictl experiment delete res
exits 0 'delete --yes' nnictl experiment delete res --yes
[ ! -e "$(dir res)" ]
ok $? 'deletes'

# damaged ones
mkdir "$(dir hollow)" "$(dir bad)" "$(dir worse)"
exits 4 'a directory without a configuration' nnictl experiment status hollow
like "$(cat err)" '*has no config.json*' 'is told from one that is not there'
echo '{' >"$(dir bad)/config.json"
cp "$(dir "$id")/config.json" "$(dir worse)"
echo garbage >"$(dir worse)/events.jsonl"
nnictl experiment list --all >out 2>err
is "$(grep -c unreadable out) $(grep -c 'config.json\|events.jsonl:1:' err)" '2 2' 'what cannot be read is listed, and why'
is "$(grep -c tutorial out)" 2 'beside the others'
is "$(grep -c 1970 out)" 0 'nothing is of 1970'
rm -rf "$(dir hollow)" "$(dir bad)" "$(dir worse)"

# all of them
exits 2 'delete --all without anybody to ask' nnictl experiment delete --all
is "$(nnictl experiment list --all 2>/dev/null | sed 1d | wc -l | tr -d ' ')" 2 'deletes nothing'
if script -qec true /dev/null >/dev/null 2>&1 </dev/null; then
	echo n | script -qec 'nnictl experiment delete --all' /dev/null >out
	is "$(grep -c '\[y/N\]' out) $(grep -c 'nothing is done' out)" '1 1' 'on a terminal it asks once'
fi
exits 0 'delete --all --yes' nnictl experiment delete --all --yes
exits 4 'then there is nothing' nnictl experiment delete --all --yes
exits 0 'list of nothing' nnictl experiment list --all
is "$(cat out)" '' 'prints nothing'

exits 0 'create --foreground' nnictl create --config c.json --foreground
config conc=1 max=1 then=hold
nnictl create -c c.json -f 2>told &
pid=$!
wait_for sh -c 'nnictl trial ls | grep -q RUNNING'
kill -TERM "$pid"
wait "$pid"
is $? 143 'one that is told to terminate, it alone, does'
like "$(nnictl experiment list --all | tail -n 1)" '* stopped *' 'and has stopped the experiment'
exits 3 'a wrong configuration' nnictl create --config bad.json
exits 2 'create without --config' nnictl create

for gone in view webui 'tensorboard start' 'algo list' \
	'trainingservice list' ss_gen hello 'experiment import' 'experiment save' \
	'experiment load' 'trial codegen' jupyter-extension 'package list' \
	'webui url' 'algo register'; do
	# shellcheck disable=SC2086
	exits 2 "$gone is not here" nnictl $gone
	like "$(cat err)" "nnictl: error: ${gone%% *}* is not available here: *" 'and says so'
done
exits 2 'a command without its group' nnictl list
like "$(cat err)" '*nnictl experiment list' 'names it with its group'
done_testing
