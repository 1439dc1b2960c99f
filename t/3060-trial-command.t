#!/bin/sh
# nni-trial: parameters and metrics for a trial in any language.
. "$(dirname "$0")/lib.sh"

# ---- standalone ----
exits 0 'without an experiment: id' nni-trial id
is "$(cat out)" STANDALONE 'is STANDALONE'
is "$(nni-trial experiment) $(nni-trial sequence)" 'STANDALONE 0' 'experiment and sequence too'
exits 0 'parameters' nni-trial get
is "$(cat out)" '{}' 'are none'
like "$(cat err)" 'nni-trial: warning: no NNI experiment runs this*' 'and it says why'
is "$(nni-trial get lr --default 0.1 2>/dev/null)" 0.1 'a default'
exits 4 'none' nni-trial get lr
is "$(nni-trial report 0.5)" 'Intermediate result: 0.5' 'a metric is printed'
is "$(nni-trial report --final 0.5)" 'Final result: 0.5' 'a final one too'

# ---- in an experiment ----
export NNI_PLATFORM=local NNI_SYS_DIR="$PWD/s" NNI_TRIAL_JOB_ID=abcde NNI_EXP_ID=exp1 NNI_TRIAL_SEQ_ID=4
mkdir s
exits 5 'no parameter.cfg' nni-trial get
like "$(cat err)" "*parameter.cfg*No such file*" 'says which file'
printf '{"parameter_id": 3, "parameter_source": "algorithm", "parameters": {"lr": 0.10, "opt": "a b\\n\\u00e4", "a.b": 1, "a": {"b": 2, "c.d": [1, 2]}, "big": 123456789012345678901, "net": {"_name": "x", "units": 64}, "layers": [64, [1, 2]], "gr\\u00f6\\u00dfe": null}, "parameter_index": 0}' >s/parameter.cfg
is "$(nni-trial id) $(nni-trial experiment) $(nni-trial sequence)" 'abcde exp1 4' 'ids'
is "$(nni-trial get lr)" 0.10 'a number, byte for byte'
is "$(nni-trial get big)" 123456789012345678901 'a long one'
is "$(nni-trial get opt)" "a b
ä" 'a string without quotes'
is "$(nni-trial get opt --json)" '"a b\n\u00e4"' 'or as JSON'
is "$(nni-trial get net.units)" 64 'one in another'
is "$(nni-trial get a.b)" 1 'a name with a dot'
is "$(nni-trial get a.c.d)" '[1, 2]' 'behind a dot'
is "$(nni-trial get | jq -c .lr | numbers)" 0.1 'all of them'
is "$(nni-trial get net._name) $(nni-trial get net)" 'x {"_name": "x", "units": 64}' 'a nested choice'
is "$(nni-trial get layers.0) $(nni-trial get layers.1.1) $(nni-trial get layers)" '64 2 [64, [1, 2]]' 'items of a list'
is "$(nni-trial get größe)" null 'a name with other letters'
exits 4 'a name that there is not' nni-trial get lrr
is "$(cat err)" "nni-trial: error: there is no parameter 'lrr' (did you mean 'lr'?); there are: lr, opt, a.b, a, big, net, layers, größe" \
	'says which there are'
# wrong NAME WHY
wrong() { like "$(nni-trial get "$1" 2>&1)" "nni-trial: error: there is no $2" "$1"; }
wrong net.unit "'unit' in the parameter 'net' (did you mean 'units'?); there are: _name, units"
wrong layers.2 "'2' in the parameter 'layers': it is a list of 2, counted from 0"
wrong layers.1x "'1x' in the parameter 'layers'*"
wrong lr.x "'x' in the parameter 'lr': it is 0.10"
wrong zzz "parameter 'zzz'; there are: lr*"
is "$(nni-trial get net.unit -d 32)" 32 'a default in an object'
exits 2 'a variable that is not set' nni-trial get ''
echo '{"param' >s/parameter.cfg
exits 5 'a damaged file' nni-trial get
like "$(cat err)" '*damaged*' 'says so'
echo '{"parameter_id": 3, "parameters": {}}' >s/parameter.cfg

# ---- metrics ----
last() { tail -n 1 s/.nni/metrics; }
for v in 0.5 -0.5 1e-3 NaN -Infinity '{"default": 1, "s": "it'"'"'s \"x\""}' '"text"' null; do
	nni-trial report "$v" || echo "failed $v"
done >r
is "$(cat r)" '' 'values that are JSON'
is "$(last)" 'ME000099{"parameter_id": 3, "trial_job_id": "abcde", "type": "PERIODICAL", "sequence": 7, "value": "null"}' \
	'as the SDK writes them'
is "$(sed 's/^ME......//; s/ME[0-9]\{6\}$//' s/.nni/metrics | jq -r .value | tr '\n' '|')" \
	'0.5|-0.5|1e-3|NaN|-Infinity|{"default": 1, "s": "it'"'"'s \"x\""}|"text"|null|' 'byte for byte'
is "$(sed 's/^ME......//' s/.nni/metrics | jq -r .sequence | tr '\n' ' ')" '0 1 2 3 4 5 6 7 ' \
	'numbered across processes'
nni-trial report .5 && last | grep -q '"value": "0.5"'
ok $? 'a number as bc prints it'
nni-trial report -nan && last | grep -q '"value": "NaN"'
ok $? 'and as C does'
echo '{"default": 2}' | nni-trial report -f - && last | grep -q '{."default.": 2}'
ok $? 'on standard input'
nni-trial report --final -0.25 && last | grep -q '"FINAL", "sequence": 0, "value": "-0.25"'
ok $? 'a negative final result is no option'
before=$(cksum <s/.nni/metrics)
# refused VALUE WHY
refused() {
	exits 2 "report $(printf %.20s "$1" | tr '\n' ' ')" nni-trial report "$1"
	like "$(cat err)" "nni-trial: error: $2" 'says why'
}
refused 0,5 "'0,5' has a decimal comma; LC_ALL=C *"
refused 93% "'93%' is neither a number nor JSON*"
refused '' 'the value is empty*'
refused 'loss
0.5' '*more than one line*tail*'
refused "$(head -c 3000 /dev/zero | tr '\0' x)" "'xxxxxxxx*x...' is neither a number nor JSON*"
refused '{"default":1,}' "'{*}' is neither a number nor JSON: * at byte 14"
printf '1\0002' | nni-trial report - 2>err
is "$? $(cat err)" '2 nni-trial: error: the value holds a NUL byte' 'a byte that ends strings'
: | nni-trial report - 2>err
is "$?" 2 'nothing on standard input'
exits 2 'words' nni-trial report abc
like "$(cat err)" "*'abc' is neither a number nor JSON (text would be '\"abc\"')*" 'are refused'
exits 2 'nothing' nni-trial report
exits 2 'two' nni-trial report 1 2
exits 2 'two negative ones' nni-trial report -1 -2
head -c 1000000 /dev/zero | tr '\0' 1 >long
nni-trial report - <long >out 2>err
is $? 5 'a metric that is too long'
is "$(cksum <s/.nni/metrics)" "$before" 'nothing of all this is reported'
before=$(grep -c . s/.nni/metrics) next=$(cat s/.nni/seq)
for i in 1 2 3 4 5 6 7 8 9 10 11 12; do nni-trial report "0.$i" & done
wait
is "$(sed -n "$((before + 1)),\$p" s/.nni/metrics | sed 's/^ME......//; s/ME[0-9]\{6\}$//' | jq .sequence | tr '\n' ' ')" \
	"$(seq "$next" $((next + 11)) | tr '\n' ' ')" 'reports at the same time come one after the other'
NNI_PLATFORM=remote nni-trial report "{\"a\": \"it's\"}" >out
like "$(cat out)" "NNISDK_MEb'{*\"value\": \"{*it's*}\"}'" 'other platforms read standard output'
REUSE_MODE=true nni-trial report 1 >out
like "$(cat out)" 'NNISDK_ME*' 'and reused machines'

# ---- phases ----
exits 4 'next, where multiPhase is not true' nni-trial next
like "$(cat err)" '*no more parameters: multiPhase is not true*' 'says so'
export MULTI_PHASE=true
before=$(grep -c . s/.nni/metrics)
echo '{"parameter_id": 3, "parameters": {"x": 1}}' >s/parameter.cfg
nni-trial next >out 2>err &
n=$!
wait_for grep -q REQUEST_PARAMETER s/.nni/metrics
is "$(last)" 'ME000092{"trial_job_id": "abcde", "type": "REQUEST_PARAMETER", "sequence": 0, "parameter_index": 1}' \
	'next asks as the SDK does'
is "$(nni-trial get x)" 1 'until it is answered the old ones are there'
echo '{"parameter_id": 5, "parameters": {"x": 2.0}, "parameter_index": 1}' >s/new && mv s/new s/parameter_1.cfg
wait $n
is "$? $(cat out err)" '0 ' 'then it is over'
is "$(nni-trial get x)" 2.0 'get has the new ones'
nni-trial report -f 7
like "$(last)" '*{"parameter_id": 5,*"FINAL"*' 'and what is reported is of them'
echo '{"parameter_id": null, "parameters": null, "parameter_index": 2}' >s/parameter_2.cfg
exits 4 'there are no more' nni-trial next
like "$(cat err)" '*there are no more parameters' 'says so'
is "$(nni-trial get x) $(grep -c REQUEST s/.nni/metrics)" '2.0 1' 'the last ones stay; what is there is not asked for'
NNI_PLATFORM= exits 4 'next without an experiment' nni-trial next
unset MULTI_PHASE
unset NNI_SYS_DIR
exits 5 'no NNI_SYS_DIR' nni-trial report 1
for c in get report next id experiment sequence; do
	exits 0 "$c -h" nni-trial $c -h
done
exits 2 'no command' nni-trial
exits 2 'an unknown one' nni-trial gett
done_testing
