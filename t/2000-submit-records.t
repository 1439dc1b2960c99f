#!/bin/sh
# nni-submit: what goes in, what comes out, what is kept.
. "$(dirname "$0")/lib.sh"
. "$TOP/t/data/fake.sh"

experiment abc
cat >in <<'END'
{"lr":2.0,"big":12345678901234567890123,"s":"a\u00e9\/b"}
{"type":"spec","parameter_id":7,"parameters":{"lr":0.10},"note":[1, 2]}
{"type":"spec","trial":"mine1","attempt":1,"sequence":9,"parameter_id":3,"parameters":{}}
{"type":"mystery","trial":"not an id?"}
END
sed -i '$d' in
echo '{"type":"mystery","what":  1.0}' >>in
nni-submit --dir abc <in >out 2>err
is $? 0 'ends when all is placed'
is "$(cat err)" '' 'and says nothing but data'
is "$(brief out | cut -d: -f1,3 | sort | oneline)" \
	'mystery status:WAITING status:WAITING status:WAITING trial trial trial' \
	'WAITING and a trial record for each spec'
is "$(jq -r 'select(.status).reason' out | sort -u)" 'fake: is being made ready' \
	'WAITING has its reason'
is "$(grep -c '"what":  1.0}' out)" 1 'other records pass unchanged'
is "$(grep -c '"parameters":{"lr":2.0,"big":12345678901234567890123,"s":"a\\u00e9\\/b"}' out)" 1 \
	'parameters are what they were, whatever the backend makes of them'
is "$(jq -r 'select(.type=="trial") | [.sequence, .parameter_id, .note, .job != null, .place, .platform, .dir] | tostring' out | sort | oneline)" \
	"[0,0,null,true,\"fake\",\"fake\",\"$E\"] [1,7,[1,2],true,\"fake\",\"fake\",\"$E\"] [9,3,null,true,\"fake\",\"fake\",\"$E\"]" \
	'ids, numbers and places are given; unknown keys stay'
is "$(jq -r .type "$E/placed.jsonl" | oneline)" \
	'spec spec spec trial trial trial trial trial trial' \
	'placed.jsonl: specs, places, jobs'
is "$(jq -r 'select(.type=="trial").trial' out | grep -cE '^[a-z][a-z0-9]{4}$')" 3 'ids are ids'

nni-submit --dir abc <in >out 2>err
is "$(jq -r 'select(.type=="trial").sequence' out | sort -n | oneline)" '9 10 11' \
	'numbering goes on; an attempt that was started is only told again'
is "$(doubles)" '' 'and started once'
spec mine1 1 '{"x":2}' | nni-submit --dir abc >out 2>err
like "$(cat out)" '*"type":"error"*other parameters*"trial":"mine1"*' 'an id is used once'
spec mine1 2 | nni-submit --dir abc >out 2>err
is "$(jq -r 'select(.type=="trial") | [.attempt, .sequence] | tostring' out)" '[2,9]' \
	'a second attempt has its trial'"'"'s number'

# bad lines
{
	echo 'garbage'
	perl -e 'print "{\"x\":\"", "y" x (1 << 20), "\"}\n"'
	echo '[1,2]'
	echo '{"type":"spec","trial":"UPPER","parameters":{}}'
	echo '{"type":"spec"}'
	echo
	printf '{"x":1}\r\n'
	printf '{"x":2}'
} | nni-submit --dir abc >out 2>err
is $? 2 'bad lines are no end'
is "$(jq -r 'select(.type=="error").where' out | oneline)" \
	'stdin:1 stdin:2 stdin:3 stdin:4 stdin:5' 'each is named'
is "$(jq -r 'select(.type=="trial").parameters.x' out | oneline)" '1 2' \
	'CRLF, and a last line without an end, are lines'
jq . "$E/placed.jsonl" >jq.out
is "$(jq -r .parameters.x "$E/placed.jsonl" | grep -c 1048576)" 0 'nothing else was accepted'

# places
both_run() { [ -e "$E/log/here-submit.log" ] && [ -e "$E/log/there-submit.log" ]; }
experiment two here there
{ wait_for both_run; printf '{}\n{}\n{}\n{}\n'; } | nni-submit --dir two >out
is "$(jq -r 'select(.type=="trial").platform' out | sort | uniq -c | awk '{print $1 $2}' | oneline)" \
	'2here 2there' 'two members share the trials'
experiment three here there
{ wait_for both_run; printf '{}\n{}\n{}\n{}\n{}\n{}\n'; } | nni-submit --dir three -w there=2 >out
is "$(jq -r 'select(.type=="trial").platform' out | sort | uniq -c | awk '{print $1 $2}' | oneline)" \
	'2here 4there' 'by their weights'

# exit codes
exits 2 'no experiment named' nni-submit
exits 2 'two experiments named' nni-submit --dir abc --resume abc
exits 2 'a weight that is none' nni-submit --dir abc -w a=b
exits 4 'no such experiment' nni-submit --dir nosuch
like "$(cat err)" "nni-submit: error: no experiment 'nosuch'*" 'which is said'
experiment bad
sed -i 's/"platform":"fake"/"platform":"nosuch"/' "$E/config.json"
exits 3 'no such platform' nni-submit --dir bad
like "$(cat err)" "*no platform 'nosuch'*nni-platform-nosuch*" 'which is said'
spec wrong | FAKE_EXIT=capabilities:3 nni-submit --dir abc >out 2>err
is $? 3 'a backend that finds its configuration wrong'
like "$(cat err)" "*member 'fake'*it was told to end*" 'in its own words'

# one at a time
mkfifo pipe
nni-submit --dir abc <pipe >first 2>&1 &
exec 3>pipe
echo '{"type":"hello"}' >&3
wait_for grep -q hello first
exits 8 'a second one on the same experiment' nni-submit --dir abc
like "$(cat err)" '*another nni-submit (process *' 'is told whose it is'
exec 3>&-
wait $!
is $? 0 'the first goes on'
like "$(echo '{"lr":1}' | nni-submit --dir abc --format table)" \
	'TRIAL *trial *{"lr":1}' 'a table for people'
done_testing
