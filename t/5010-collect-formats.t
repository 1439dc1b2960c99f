#!/bin/sh
# nni-collect: tables, logs, output files, and an experiment's journal.
. "$(dirname "$0")/lib.sh"
. "$TOP/t/data/fake.sh"

t() { printf '{"type":"trial","trial":"%s","attempt":%s,"sequence":%s,"dir":"%s","platform":"fake","place":"p","parameters":%s,"job":"j"}\n' "$1" "$2" "$3" "$E" "$4"; }
final() { printf '{"type":"metric","trial":"%s","attempt":%s,"kind":"final","sequence":0,"value":%s}\n' "$1" "$2" "$3"; }
experiment abc
{
	t aaaaa 1 0 '{"lr":0.10,"net":{"n":3,"act":"re,\"lu\""},"status":"mine"}'
	final aaaaa 1 0.50
	final aaaaa 1 0.75
	status aaaaa SUCCEEDED
	t bbbbb 1 1 '{"lr":1e-3}'
	final bbbbb 1 99
	status bbbbb FAILED
	t bbbbb 2 1 '{"lr":1e-3,"two\ngr\u00f6\u00dfe":"a\tb\nc"}'
	final bbbbb 2 '{"default":2.0,"loss":1}'
	printf '{"type":"metric","trial":"bbbbb","attempt":2,"kind":"final","sequence":0,"value":7,"late":true}\n'
	status bbbbb SUCCEEDED 2
	printf '{"type":"ask","n":1}\n'
	printf '{"type":"spec","trial":"%s","attempt":1,"sequence":%s,"parameters":{"lr":%s}}\n' ccccc 2 5 ddddd 3 6
	status ccccc FAILED
} >"$E/events.jsonl"
nni-collect --format csv abc >out
is $? 0 'an experiment by its journal'
cat >want <<'END'
trial,sequence,attempt,status,metric,lr,net.n,net.act,parameters.status,"two
größe",metric.loss
aaaaa,0,1,SUCCEEDED,0.50,0.10,3,"re,""lu""",mine,,
bbbbb,1,2,SUCCEEDED,2.0,1e-3,,,,"a	b
c",1
ccccc,2,1,FAILED,,5,,,,,
ddddd,3,1,WAITING,,6,,,,,
END
is "$(cat out)" "$(cat want)" 'csv'
nni-collect --format tsv "$E" >out
is "$(sed -n 1p out | cut -f 10)" 'two\ngröße' 'names of columns, in tsv'
is "$(grep ^bbbbb out | cut -f 5-10)" "$(printf '2.0\t1e-3\t\t\t\ta\\tb\\nc')" 'tsv'
nni-collect --format jsonl abc >out
is "$(jq -r .type out | sort | uniq -c | awk '{print $1 $2}' | oneline)" '4metric 4status 3trial' 'records'
like "$(nni-collect --format table abc | sed -n 5p)" 'aaaaa *SUCCEEDED' 'a table'
n=$(nni-collect --format jsonl abc | wc -l)
mv "$E/events.jsonl" whole
{ head -n 2 whole; echo garbage; tail -n +3 whole; } >"$E/events.jsonl"
exits 5 'a damaged journal' nni-collect --format jsonl abc
like "$(cat err)" "nni-collect: error: $E/events.jsonl:3: *passed over" 'is told with the line'
is "$(wc -l <out)" "$n" 'and all else is given'
mv whole "$E/events.jsonl"
{
	echo '{"type":"status","trial":"aaaaa","attempt":1,"status":"FAILED","reason":"exit code 3","exit_code":3}'
	echo '{"type":"status","trial":"bbbbb","attempt":1,"status":"FAILED","reason":"killed by signal KILL, not by us","signal":"KILL"}'
	echo '{"type":"status","trial":"ccccc","attempt":1,"status":"FAILED","reason":"exit code 30, said who else","exit_code":3}'
} | nni-collect --format table | sed '1d; s/.*FAILED *//' >out
is "$(cat out)" 'exit code 3
killed by signal KILL, not by us
exit code 30, said who else, exit code 3' 'how it ended is said once'
exits 4 'no such experiment' nni-collect nosuch
experiment fresh
exits 4 'one in which nothing was run' nni-collect fresh
like "$(cat err)" '*nothing has been run in *' 'says so'

# through the pipe
{ trial aaaaa; status aaaaa SUCCEEDED; } | nni-collect --format csv >out
is "$(oneline <out)" 'trial,sequence,attempt,status,metric,x aaaaa,0,1,SUCCEEDED,0.2,1' 'csv of a pipe'

# logs and files
d=$E/trials/aaaaa
mkdir -p "$d/.nni" "$d/model/deep"
printf 'one\ntwo\nthree' >"$d/stdout"
printf 'bad \377 byte\n' >"$d/stderr"
echo weights >"$d/model/deep/w"
ln -s deep/w "$d/model/link"
: >"$d/.nni/state"
{ trial aaaaa; status aaaaa FAILED; } | nni-collect --logs --output copies >out 2>err
is $? 1 'a failed trial'
is "$(jq -r 'select(.type=="log") | .stream + ":" + .text' out | oneline)" \
	"$(printf 'stdout:one two three stderr:bad \357\277\275 byte ')" 'logs, before the end'
is "$(brief out | tail -1)" 'status:aaaaa-1:FAILED' 'which comes last'
like "$(cat err)" "nni-collect: trial aaaaa failed; what it said is in $d/stderr" 'where its messages are'
is "$(cd copies/aaaaa && find . | sort | oneline) $(readlink copies/aaaaa/model/link)" \
	'. ./model ./model/deep ./model/deep/w ./model/link ./stderr ./stdout deep/w' 'its files are copied'
mkdir -p taken/aaaaa/model/link/full
{ trial aaaaa; status aaaaa SUCCEEDED; } | nni-collect --output taken >out 2>err
like "$(jq -r 'select(.type=="error").message' out)" "*'taken/aaaaa/model/link'*" 'a link that cannot be copied is told'
perl -e 'print "x" x 99, "\n" for 1..30000' >"$d/stdout"
{ trial aaaaa; status aaaaa SUCCEEDED; } | nni-collect -l >out
is "$(jq -r 'select(.stream=="stdout").text' out | grep -c x) $(jq -r 'select(.skipped).skipped' out)" \
	'10486 1951424' 'of a long log the end, and how much is left out'

# --follow
experiment follow
mkdir -p "$E/trials/aaaaa"
mkfifo pipe
nni-collect -lf <pipe >out &
exec 3>pipe
trial aaaaa >&3
printf 'one\ntw' >"$E/trials/aaaaa/stdout"
wait_for grep -q '"text":"one\\n"' out
ok $? 'what a running trial prints'
printf 'o\n' >>"$E/trials/aaaaa/stdout"
wait_for grep -q '"text":"two\\n"' out
ok $? 'by whole lines'
status aaaaa SUCCEEDED >&3
exec 3>&-
wait $!
is "$? $(grep -c '"log"' out)" '0 2' 'each once'
exits 2 '--follow alone' nni-collect -f
done_testing
