#!/bin/sh
# collect: every metric once, in order, byte for byte, and then the end.
. "$(dirname "$0")/lib.sh"
. "$TOP/t/local.sh"

e=$PWD/e
experiment "$e" 'sh report.sh'
: >code/report.sh
# rec JSON: one record as an SDK writes it
rec() { printf 'ME%06d%s\n' $((${#1} + 1)) "$1"; }
per() { rec "{\"parameter_id\": 3, \"trial_job_id\": \"x\", \"type\": \"PERIODICAL\", \"sequence\": $1, \"value\": $2}"; }
fin() { rec "{\"parameter_id\": 3, \"trial_job_id\": \"x\", \"type\": \"FINAL\", \"sequence\": 0, \"value\": $1}"; }
end_of() { printf '{"type":"status","trial":"%s","attempt":1,"status":"%s","exit_code":0,"time":2}\n' "$1" "${2-SUCCEEDED}"; }
mkfile() { mkdir -p "$e/trials/$1/.nni"; echo '{"state":"claim"}' >"$e/trials/$1/.nni/state"; cat >"$e/trials/$1/.nni/metrics"; }
collect() { timeout 300 "$L" collect --dir e; }
drain() { { jobs_of "$e" "$1"; end_of "$1" "${2-SUCCEEDED}"; } | collect; }
values() { sed -n 's/.*"value":\(.*\),"time":.*/\1/p'; }

# ---- values ----
{ per 0 0.10; per 1 '"0.10"'; per 2 '"{\"default\": 1e-05, \"s\": \"it'"'"'s\"}"'
	per 3 NaN; per 4 '"-Infinity"'; per 5 '"[NaN, \"NaN\"]"'; per 6 '"words"'
	fin '"123456789012345678901234567890"'; } | mkfile value
drain value >out
is "$(values <out)" '0.10
0.10
{"default": 1e-05, "s": "it'"'"'s"}
"NaN"
"-Infinity"
["NaN", "NaN"]
"words"
123456789012345678901234567890' 'values, byte for byte'
is "$(jq -r 'select(.kind).kind' out | uniq | tr '\n' ' ')" 'intermediate final ' 'kinds'
is "$(jq -c 'select(.kind).sequence' out | tr '\n' ' ')" '0 1 2 3 4 5 6 0 ' 'sequence numbers'
is "$(tail -n 1 out)" "$(end_of value)" 'then the end, unchanged'
is "$(jq -r 'select(.kind).at | [.source,.position,.digest] | @csv' out | sort -u | wc -l | tr -d ' ')" 8 \
	'each has an `at` of its own'
drain value >again
is "$(grep -v '"time":x' again | jq -c .at)" "$(jq -c .at out)" 'the same one when it is read again'

per 0 1 | mkfile nofin
is "$(drain nofin | tail -n 1 | jq -c .no_final_metric)" true 'no final metric is said'
is "$(drain nofin FAILED | tail -n 1)" "$(end_of nofin FAILED)" 'of a trial that succeeded only'
rec '{"trial_job_id": "x", "type": "REQUEST_PARAMETER", "sequence": 0, "parameter_index": 1}' | mkfile reque
is "$(drain reque | head -n 1 | jq -c '[.kind,.parameter_index,.value]')" '["request",1,null]' 'a request'
{ fin 1; rec '{"trial_job_id": "x", "type": "REQUEST_PARAMETER", "sequence": 0, "parameter_index": 1}'
	fin 2 | sed 's/"parameter_id": 3/"parameter_id": 8/'; } | mkfile phase
is "$(drain phase | jq -c 'select(.kind) | [.kind,.parameter_id]' | tr '\n' ' ')" \
	'["final",null] ["request",null] ["final",8] ' 'behind a request metrics say whose they are'

# ---- damage ----
{ per 0 1; echo 'print into it'; per 1 2; printf 'ME000099{"torn'; per 2 3
	printf 'ME2000000'; head -c 2000000 /dev/zero | tr '\0' x; per 3 4
	printf 'ME000030not JSON at all, not at all\n.'; fin 5; printf 'ME000100{"cut'; } | mkfile garba
drain garba >out
is "$(values <out | tr '\n' ' ')" '1 2 3 4 5 ' 'all metrics between garbage'
[ "$(grep -c '"type":"error"' out)" -ge 5 ]
ok $? 'each piece of garbage is told'
like "$(grep '"error"' out | head -n 1)" '*"14 bytes at *no metric*"trial":"garba"*' 'with its place'
is "$(tail -n 1 out | field status)" SUCCEEDED 'and the end comes'
{ printf 'ME%06d' 999999; printf '{"type": "FINAL", "sequence": 0, "value": "'
	head -c 999953 /dev/zero | tr '\0' x; printf '"}\n'; } | mkfile longs
is "$(drain longs | head -n 1 | jq -r '.value | length')" 999953 'the longest metric there can be'

# ---- files that are not there ----
mkdir -p e/trials/gone0/.nni
echo '{"state":"claim"}' >e/trials/gone0/.nni/state
like "$(drain gone0 | field metrics_incomplete)" "cannot open '*metrics': No such file or directory" \
	'metrics that are gone for good are said'
is "$(drain nevr0 USER_CANCELED)" "$(end_of nevr0 USER_CANCELED)" 'a trial that was never started had none'
mkfifo in
# One that cannot be read now: a link to itself, whoever asks.
fin 4 | mkfile eloop
mv e/trials/eloop/.nni/metrics kept
ln -s metrics e/trials/eloop/.nni/metrics
collect <in >seen &
c=$!
exec 3>in
{ jobs_of "$e" eloop; end_of eloop; } >&3
wait_for grep -q '"error"' seen
perl -e 'select undef, undef, undef, 0.5' # it is tried again meanwhile
is "$(grep -c . seen)" 1 'metrics that cannot be read hold the end back; said once'
like "$(field message <seen)" "cannot open '*/eloop/.nni/metrics': *" 'with the reason'
perl -e 'rename "kept", "e/trials/eloop/.nni/metrics" or die'
wait_for grep -q '"status"' seen
is "$(tail -n 2 seen | jq -rc '[.type, .value, .status, .metrics_incomplete]' | tr -d '\n')" \
	'["metric",4,null,null]["status",null,"SUCCEEDED",null]' 'it comes with them when they can'
exec 3>&-
wait $c
ln -sf metrics e/trials/eloop/.nni/metrics
{ jobs_of "$e" eloop; end_of eloop; } | NNI_BACKEND_TIMEOUT=0.4s collect >seen
is "$? $(grep -c status seen)" '5 0' 'but not for ever when no more comes in'


# ---- what is no file ----
# Who opened these would wait for ever, or read for ever.
for t in pipe0 zero0; do mkdir -p e/trials/$t/.nni; echo '{"state":"claim"}' >e/trials/$t/.nni/state; done
mkfifo e/trials/pipe0/.nni/metrics
ln -s /dev/zero e/trials/zero0/.nni/metrics
{ jobs_of "$e" pipe0 zero0; end_of pipe0; end_of zero0; } | collect >seen
is "$(field metrics_incomplete <seen | grep -c 'metrics.: Not a regular file')" 2 'a FIFO or a device in its place is no metric file'
is "$(grep -c error seen)" 2 'told once'
{ for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15; do echo junk; per 0 $i; done; fin 7; } | mkfile junks
drain junks >seen
is "$(grep -c error seen) $(values <seen | tail -n 1)" '10 7' 'of much garbage ten pieces are told'

# ---- live ----
: | mkfile live0
collect <in >seen &
c=$!
exec 3>in
jobs_of "$e" live0 >&3
m=e/trials/live0/.nni/metrics
per 0 1 >>$m
wait_for grep -q '"value":1' seen
ok $? 'a metric of a live trial comes'
fin 9 | head -c 50 >>$m
per 1 2 >whole
fin 9 | tail -c +51 >>$m
wait_for grep -q '"value":9' seen
ok $? 'one that is written in two pieces'
is "$(grep -c error seen)" 0 'without complaint'
# An SDK before v2.3 starts once more and empties the file.
per 0 5 >$m
wait_for grep -q '"value":5' seen
ok $? 'the file is emptied and written anew: read from the start'
{ per 0 6; per 1 7; per 2 8; fin 4; fin 3; } >$m
wait_for grep -q '"value":3' seen
ok $? 'also if it is longer than before'
is "$(values <seen | tr '\n' ' ')" '1 9 5 6 7 8 4 3 ' 'nothing is lost of it'
fin 10 >>$m
end_of live0 >&3
wait_for grep -q '"status"' seen
is "$(tail -n 2 seen | values)" 10 'a metric just before the end comes before the end'
exec 3>&-
wait $c
is $? 0 'the end of input ends it'

# ---- much, and a slow reader ----
perl -e 'for (0..99999) { my $p = qq({"parameter_id": 3, "trial_job_id": "x", "type": "PERIODICAL", "sequence": $_, "value": "$_"}\n); printf "ME%06d%s", length $p, $p }' | mkfile manyx
drain manyx | perl -ne 'select undef, undef, undef, 0.001 if $. % 500 == 0; $n++ if /"sequence":(\d+)/ && $1 == $. - 1; END { print $n }' >n
is "$(cat n)" 100000 'a hundred thousand metrics, in order, to a slow reader'
if [ -r /proc/self/status ]; then
	mkfifo slow
	{ jobs_of "$e" manyx; end_of manyx; } | "$L" collect --dir e >slow &
	p=$!
	exec 4<slow
	perl -e 'select undef, undef, undef, 0.5'
	rss=$(awk '/VmRSS/{print $2}' /proc/$p/status)
	exec 4<&-
	wait $p
	if sanitized; then
		skip 'sanitizers need memory' 'it does not buffer what is not read'
	else
		[ "${rss:-0}" -lt 10000 ]
		ok $? "it does not buffer what is not read ($rss kB)"
	fi
else
	skip 'no /proc' 'it does not buffer what is not read'
fi

# ---- real trials ----
cat >code/report.sh <<'S'
i=0
while [ $i -lt 20 ]; do nni-trial report $i & i=$((i + 1)); done
wait
nni-trial report 0.5 --final
S
submit "$e" realx >/dev/null
{ jobs_of "$e" realx; ends "$e" realx; } | collect >out
is "$(jq -r 'select(.kind == "intermediate").sequence' out | sort -n | tr '\n' ' ')" \
	'0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 ' 'twenty processes report at once'
is "$(tail -n 2 out | jq -rc '[.value,.status]' | tr '\n' ' ')" '[0.5,null] [null,"SUCCEEDED"] ' 'final, then the end'
done_testing
