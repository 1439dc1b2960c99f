#!/bin/sh
# nni-tune: names, classArgs, spaces and options that are wrong, and how it ends.
. "$(dirname "$0")/lib.sh"

echo '{"x":{"_type":"uniform","_value":[0,1]}}' >x.json
# refused CODE PATTERN NAME ARGUMENT...: a pattern of the shell for stderr
refused() {
	code=$1 pattern=$2 name=$3
	shift 3
	nni-tune "$@" >out 2>err </dev/null
	is "$?" "$code" "$name: exit code"
	# shellcheck disable=SC2254
	case $(cat err) in
	$pattern) pass "$name: the message" ;;
	*) fail "$name: the message" && diag "$(cat err)" ;;
	esac
	is "$(cat out)" '' "$name: nothing on stdout"
}
args() { # PATTERN NAME JSON [TUNER]
	refused 3 "nni-tune: error: $1" "$2" -s x.json -n 1 -t "${4:-TPE}" -a "$3"
}
space() { # PATTERN NAME SPACE
	echo "$3" >bad.json
	refused 3 "nni-tune: error: bad.json:$1" "$2" -s bad.json -n 1
}

# ---- classArgs ----
args "TPE: classArgs: unknown argument 'optimise_mode'; did you mean 'optimize_mode'?*allowed: 'optimize_mode', 'seed', 'tpe_args'*" \
	'a misspelt argument' '{"optimise_mode":"minimize"}'
args "*classArgs.optimize_mode: must be one of 'minimize', 'maximize', not \"max\"" \
	'optimize_mode' '{"optimize_mode":"max"}'
args "*classArgs.tpe_args: unknown argument 'gama'; did you mean 'gamma'?*" \
	'a misspelt one further in' '{"tpe_args":{"gama":1}}'
args "*classArgs.tpe_args.n_startup_jobs: must be a whole number from 0 to*not 2.5" \
	'not whole' '{"tpe_args":{"n_startup_jobs":2.5}}'
args "*classArgs.tpe_args.gamma: must be a number*" 'not a number' '{"tpe_args":{"gamma":"a"}}'
args "*tpe_args.constant_liar_type: must be one of 'best', 'worst', 'mean' or null*" \
	'liar' '{"tpe_args":{"constant_liar_type":"min"}}'
args "*classArgs.seed: must be a whole number from 0 on, or null*" 'seed' '{"seed":-1}'
args "*classArgs.tpe_args: must be an object" 'tpe_args' '{"tpe_args":[]}'
args "*classArgs: must be an object" 'classArgs' '[1]'
args "*--args: not JSON: column 2:*" 'not JSON' '{x'
args "Random: classArgs: unknown argument 'tpe_args'*" 'arguments of another' '{"tpe_args":{}}' random
args "GridSearch: classArgs: unknown argument 'seed'*" 'a grid has no seed' '{"seed":1}' GridSearch
args "Batch: the Batch tuner's search space is one choice*" 'a space that is not for Batch' '{}' batch
refused 3 "*there is no tuner 'Hypermax' in this version; there are: TPE, Random, GridSearch, Batch" \
	'an unknown tuner' -s x.json -t Hypermax
for good in '{}' null '{"seed":null}' '{"optimize_mode":"maximize","seed":3,"tpe_args":{"constant_liar_type":"Mean","n_startup_jobs":1e1}}' \
	'{"parallel_optimize":false}' '{"parallel_optimize":true,"constant_liar_type":"min"}'; do
	is "$(nni-tune -s x.json -n 1 --seed 1 -a "$good" 2>&1 | grep -c '^{"type":"spec",')" 1 "taken: $good"
done
for t in tpe TPE RANDOM gridsearch; do
	is "$(nni-tune -q -s x.json -t $t -n 1 -a '{"optimize_mode":"maximize"}' | grep -c spec)" 1 \
		"names in any case: $t"
done

# ---- search spaces, every trap of NNI's ----
space '1:*x: unknown _type*did you mean '\''uniform'\''*' 'unknown type' \
	'{"x":{"_type":"unifrom","_value":[0,1]}}'
space '1:*low is above high*' reversed '{"x":{"_type":"uniform","_value":[1,0]}}'
space '1:*low must be above 0*' 'log of 0' '{"x":{"_type":"loguniform","_value":[0,1]}}'
space '1:*sigma must be above 0*' 'negative sigma' '{"x":{"_type":"normal","_value":[0,-1]}}'
space '1:*q must be above 0*' 'q of 0' '{"x":{"_type":"quniform","_value":[0,1,0]}}'
space '1:*at least one element*' 'empty choice' '{"x":{"_type":"choice","_value":[]}}'
space '1:*_value must be*low, high*' 'randint of one value' '{"x":{"_type":"randint","_value":[5]}}'
space '1:*' 'not an object' '{"x":[1,2]}'
space '1:*empty*' 'empty space' '{}'
space '1:*two branches named*' 'two branches of one name' \
	'{"x":{"_type":"choice","_value":[{"_name":"a"},{"_name":"a"}]}}'
space '1:*too wide*' 'infinite range' '{"x":{"_type":"uniform","_value":[-1e308,1e308]}}'
refused 3 '*absent.json*No such file*' 'no such file' -s absent.json -n 1
printf 'a: {_type: uniform, _value: [0, 1]}\nb: {_type: uniform, _value: [1, 0]}\nc: {_type: foo, _value: [1]}\n' >two.yml
nni-tune -s two.yml -n 1 2>err
is "$(grep -c 'two.yml:[23]:' err)" 2 'all errors at once, each with its line'
echo '{"x":{"_type":"choice","_value":[{"a":1},2]}}' >batch.json
refused 3 "*configurations are objects, not 2" 'Batch: not an object' -s batch.json -t Batch

# ---- options ----
refused 2 '*a search space is needed*' 'no space'
refused 2 "*unexpected argument 'more'*" 'an operand' -s x.json more
refused 2 '*' 'none at all' -s x.json -n 0
refused 2 '*' 'no number' -s x.json -n many
echo '{"type":"ask"}' | nni-tune -s x.json 2>err >out
is "$(grep -c 'optimize_mode is not given' err)" 1 'the silent default is said'
is "$(grep -c 'seed [0-9]*; --seed' err)" 1 'and so is the seed that nobody gave'
is "$(grep -c '"type":"spec"' out)" 1 'an ask without a number is for one'
seed=$(sed -n 's/.*--seed \([0-9]*\) .*/\1/p' err)
is "$(nni-tune -q -s x.json -n 1 --seed "$seed")" "$(cat out)" 'with it the same comes again'
printf '{"x":{"_type":"randint","_value":[0,2]}}' >two.json
nni-tune -s two.json -n 5 --seed 1 >out 2>err
is "$?.$(wc -l <out).$(cat err)" '0.2.nni-tune: the search space has no more than 2 proposals' \
	'fewer than asked for'
sed 's/"spec"/"spec","trial":"aaaaa"/' out >journal
nni-tune -q -s two.json -n 5 --journal journal >out
is "$?.$(cat out)" 4. 'nothing left'

# ---- a canonical configuration ----
config() { # TUNER [MORE]
	printf '{"searchSpace":{"x":{"_type":"uniform","_value":[0,1]}},"trialConcurrency":1,%s"trainingService":[{"member":"local","platform":"local"}]%s}' \
		"${1:+\"tuner\":$1,}" "${2:-}" >config.json
}
config '{"name":"Random","classArgs":{"seed":7}}'
is "$(nni-tune -c config.json -n 3)" "$(nni-tune -s x.json -t Random --seed 7 -n 3)" \
	'space, tuner and classArgs'
config '{"name":"Random"}' ',"seed":18446744073709551615'
one=$(nni-tune -c config.json -n 3)
is "$one" "$(nni-tune -c config.json -n 3)" 'its seed'
is "$(nni-tune -c config.json --seed 7 -n 3)" "$(nni-tune -s x.json -t Random --seed 7 -n 3)" \
	'the option goes before it'
jq -c 'del(.seed)' config.json >drawn.json
nni-tune -c drawn.json -n 1 2>&1 >out | grep -q "seed [0-9]*, drawn by chance; 'seed: [0-9]*' in the configuration"
ok $? 'what a configuration without one lacks'
is "$(nni-tune -c config.json -t GridSearch -n 2 | grep -c '0.5\|0.25')" 2 'so does a tuner'
config ''
refused 3 '*config.json: there is no tuner in it' 'no tuner' -c config.json
config '{"className":"mine.Tuner"}'
refused 3 '*of one'\''s own*' 'a tuner of ones own' -c config.json
config '{"name":"Evolution"}'
refused 3 "*there is no tuner 'Evolution' in this version*" 'one that is not here' -c config.json
done_testing
