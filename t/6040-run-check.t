#!/bin/sh
# --check, --print-config, --dry-run, --prepare, --clean: nothing is run.
. "$(dirname "$0")/lib.sh"
. "$TOP/t/fake/lib.sh"

config max=3 conc=2
exits 0 '--check' nni-run --check c.json
like "$(cat out)" '*"type":"capacity"*' 'prints the capacity'
FAKE_CHECK='{"type":"error","message":"no such directory","where":"/x","hint":"make it"}'
export FAKE_CHECK
exits 3 '--check with a problem' nni-run --check c.json
is "$(cat err)" 'nni-run: error: local: /x: no such directory; make it' 'says where, what, and the remedy'
unset FAKE_CHECK
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
is "$(find "${TMPDIR:-/tmp}" -maxdepth 1 -name 'nni-run-*' -newer c.json)" '' 'nowhere'

exits 0 '--prepare' nni-run --prepare --id p c.json
is "$(cat out)" "$(dir p)" 'prints the directory'
exits 0 'which can be resumed' nni-run --resume "$(cat out)"
is "$(count p '"status":"SUCCEEDED"')" 3 'and runs'

exits 0 '--clean' nni-run --clean p
[ -e "$(dir p)/cleaned" ]
ok $? 'asks the backends'
config then=hold
nni-run --tick --id h c.json
exits 5 '--clean while trials run' nni-run --clean h
like "$(cat err)" '*1 trials of experiment h have not ended*' 'is refused'

# a parent of its own is remembered
config max=1 "\"experimentWorkingDirectory\":\"$trash/elsewhere\""
exits 0 'experimentWorkingDirectory' nni-run --id e c.json
exits 0 'is found again by its id' nni-run --resume e
exits 0 'or a beginning of one' nni-run --clean e
is "$(cat "$NNI_EXPERIMENTS/.experiments")" "$trash/elsewhere" 'by the hint file'
done_testing
