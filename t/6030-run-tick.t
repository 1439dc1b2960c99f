#!/bin/sh
# nni-run --tick, for cron: one pass each time.
. "$(dirname "$0")/lib.sh"
. "$TOP/t/fake/lib.sh"

tick() { exits "$1" "$2" nni-run --tick --id t c.json; }

config max=3 conc=2 then=hold
tick 0 'the first tick creates and places'
is "$(count t '"status":"RUNNING"')" 2 'as many as there are slots'
is "$(cat out err)" '' 'silently'
tick 0 'the second'
is "$(count t '"type":"spec"')" 2 'places no more while they run'
is "$(count t '"status":"RUNNING"')" 2 'and journals nothing again'
touch "$(dir t)/let-go"
tick 0 'the third'
is "$(count t '"status":"SUCCEEDED"')" 3 'finds them ended, and places the last'
mv c.json gone.json
exits 4 'after the end there is nothing to do, and the file is not read' nni-run --tick --id t c.json
mv gone.json c.json
tick 4 'nor later'
is "$(cat out err)" '' 'silently'
nothing_twice t 'nothing is started twice'
is "$(count t '"reason":"done"')" 1 'the end is journaled'

config max=1 then=fail
exits 0 'a tick in which a trial fails' nni-run --tick --id f c.json
like "$(cat err)" '*FAILED: exit code 3*' 'says so'

config max=1 then=infra '"maxTrialRetry":1'
exits 0 'infra' nni-run --tick --id i c.json
exits 0 'is tried again' nni-run --tick --id i c.json
is "$(count i '"status":"SUCCEEDED"')" 1 'by the next tick'

config max=2 conc=1 then=hold
nni-run --tick --id o c.json
perl -e 'use Fcntl; open F, "+<", $ARGV[0] or die; my $l = pack("s s l! l! i", F_WRLCK, 0, 0, 0, 0); fcntl(F, F_SETLK, $l) or die; system "touch locked"; sleep 1000' "$(dir o)/lock" &
holder=$!
stop_at_end "kill $holder 2>/dev/null"
wait_for test -e locked
exits 8 'a tick while another is at work' nni-run --tick --id o c.json
is "$(cat out err)" '' 'is silent, since cron would mail it'
exits 8 'with -v' nni-run -v --tick --id o c.json
like "$(cat err)" 'nni-run: experiment o is being run by process *' 'it says why'
kill $holder
wait $holder 2>/dev/null
echo '{"type":"stop"}' >>"$(dir o)/control.jsonl"
exits 0 'a stop' nni-run --tick --id o c.json
is "$(count o '"status":"USER_CANCELED"')" 1 'is obeyed by the next tick'
exits 4 'after which there is nothing to do' nni-run --tick --id o c.json
is "$(count o '"type":"spec"')" 1 'no other trial is started'

# what cron or a user would not want to hear; the log has it
cp bin/nni-config real-config
cat >bin/nni-config <<'S'
#!/bin/sh
case " $* " in *' -q '*) ;; *) echo 'c.json:1:1: note: no effect' >&2 ;; esac
exec ./real-config "$@"
S
cp bin/nni-collect real-collect
cat >bin/nni-collect <<'S'
#!/bin/sh
echo 'nni-collect: warning: well' >&2
exec cat
S
config max=1 then=no-final
for how in '--tick --id w1' '-q --id w2'; do
	exits 0 "$how with notes and warnings" nni-run $how c.json
	is "$(cat out err | grep -v '^{')" '' 'is silent'
	grep -q ': well' "$(dir "${how##* }")/log/nni-collect.log"
	ok $? 'and keeps them'
done
exits 0 'with -v' nni-run -v --tick --id w3 c.json
is "$(grep -c 'well\|no effect' err)" 2 'they are told'
mv real-collect bin/nni-collect
mv real-config bin/nni-config

# time between ticks counts; one was made 100 s ago
for limit in 50 100000; do
	config conc=1 then=hold "\"maxExperimentDuration\":$limit"
	nni-run --prepare --id d$limit c.json >out
	{
		echo "{\"type\":\"experiment\",\"schema\":\"nni.journal/1\",\"id\":\"d$limit\",\"time\":1}"
		echo "{\"type\":\"session\",\"event\":\"start\",\"mode\":\"tick\",\"time\":1}"
		echo "{\"type\":\"session\",\"event\":\"end\",\"reason\":\"pass\",\"ran\":1,\"time\":$(($(date +%s) - 100))}"
	} >"$(dir d$limit)/events.jsonl"
	nni-run --tick --id d$limit c.json >out 2>err
done
is "$(count d100000 '"type":"spec"')" 1 'time between ticks counts'
is "$(count d50 '"type":"spec"') $(count d50 '"reason":"done"')" '0 1' 'once maxExperimentDuration is over nothing is started'
exits 4 'and it is done' nni-run --tick --id d50 c.json

config max=2 conc=2 then=report-hold '"assessor":{"name":"Medianstop"}'
exits 0 'with an assessor' nni-run --tick --id a c.json
exits 0 'whose cancels' nni-run --tick --id a c.json
is "$(count a '"type":"cancel"')" 2 'are journaled'
nni-run --tick --id a c.json
is "$(count a '"status":"EARLY_STOPPED"')" 2 'and obeyed'
done_testing
