#!/bin/sh
# Infra failures are tried again, what died is started anew, and both end.
. "$(dirname "$0")/lib.sh"
. "$TOP/t/fake/lib.sh"

config max=2 conc=2 then=infra '"maxTrialRetry":1'
exits 0 'an infra failure is retried' nni-run --id again c.json
is "$(count again '"status":"FAILED".*"retry":true')" 2 'the first attempt ends'
is "$(count again '"type":"spec".*"attempt":2')" 2 'the second begins'
is "$(count again '"status":"SUCCEEDED"')" 2 'and is the trial'\''s end'
is "$(grep -c FAILED "$(dir again)/told")" 0 'the tuner never hears of the failure'
is "$(count again '"type":"spec".*"sequence":[01],')" 4 'the sequence number stays'

config max=1 then=infra '"maxTrialRetry":1'
exits 1 '--retry 0' nni-run --id never --retry 0 c.json
is "$(count never '"type":"spec"')" 1 'tries once'

config max=20 conc=5 then=always-infra '"maxTrialRetry":0'
exits 5 'ten in a row end it' nni-run --id row c.json
like "$(cat err)" '*10 attempts in a row*no machine*go on with: nni-run --resume *' 'with the reason and how to go on'
is "$(count row '"reason":"failed"')" 1 'the journal says that it failed'
sed -i 's/always-infra/succeed/' "$(dir row)/config.json"
exits 1 'it can be resumed' nni-run --resume row
is "$(count row '"status":"\(SUCCEEDED\|FAILED\)"')" 20 'and the others run'

config max=4 conc=2 then=die
exits 0 'a pipeline that dies' nni-run --id dies c.json
is "$(count dies '"status":"SUCCEEDED"')" 4 'is started anew'
like "$(cat err)" '*nni-submit ended with code 1; the pipeline is started anew*' 'and it is said'
nothing_twice dies 'nothing is started twice'
is "$(count dies '"type":"trial"')" 4 'nothing is journaled twice'

config max=2 conc=1 then=kill
exits 0 'killed by a signal' nni-run --id killed c.json
like "$(cat err)" '*nni-submit was killed by signal KILL*' 'is named'

config max=1 then=babble
exits 5 'one that only says why a trial waits' timeout 300 nni-run --id waits c.json
is "$(grep -c '"type":"spec"' "$(dir waits)/fed")" 4 'is started anew three times'
sed -i 's/babble/succeed/' "$(dir waits)/config.json" "$(dir waits)/events.jsonl"
exits 0 'and can be resumed' nni-run --resume waits

clock=$(cd "$TOP" && cd "${NNI_O:-build}" && pwd)/t/clock.so
if [ -e "$clock" ]; then
	config max=1 then=rare
	exits 0 'deaths that are hours apart are not in a row' env LD_PRELOAD="$clock" CLOCK_FILE="$PWD/clock" \
		ASAN_OPTIONS="verify_asan_link_order=0:${ASAN_OPTIONS-}" timeout 300 nni-run --id rare c.json
	is "$(cat "$(dir rare)/rare")" xxxxxx 'however many'
else
	skip 'no clock.so (make helpers)' 'deaths that are hours apart are not in a row'
	skip 'no clock.so (make helpers)' 'however many'
fi

printf '#!/bin/sh\nread -r x\nexit 1\n' >bin/nni-watch
config max=2
exits 5 'one that always dies' nni-run --id hopeless c.json
like "$(cat err)" '*again and again; see *log*' 'is given up'
printf '#!/bin/sh\necho "nni-watch: error: no such thing" >&2; exit 3\n' >bin/nni-watch
exits 3 'a wrong configuration is not tried again' nni-run --id permanent c.json
like "$(cat err)" '*nni-watch: error: no such thing*' 'its message is shown'
like "$(cat "$(dir permanent)/log/nni-watch.log")" '*no such thing*' 'and in its log'
printf '#!/bin/sh\nexec cat\n' >bin/nni-watch

config max=30 '"tuner_dies":true'
exits 0 'a tuner that dies' nni-run --id tuner c.json
is "$(count tuner '"status":"SUCCEEDED"')" 30 'is started anew'
is "$(journal tuner | grep '"type":"spec"' | grep -o '"x":[0-9]*' | sort -u | wc -l)" 30 'and proposes nothing twice'
config max=2 '"tuner_dies":"always"'
exits 5 'a tuner that always dies' timeout 300 nni-run --id silent c.json
is "$(grep -c 'nni-tune ended with code 1' err)" 4 'is given up, too'
done_testing
