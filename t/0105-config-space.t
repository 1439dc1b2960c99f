#!/bin/sh
# The mistakes that NNI finds by a crash, or not at all: each is told with its
# line, in JSON and YAML, in the configuration and in a file of its own.
. "$(dirname "$0")/lib.sh"

head='trialCommand: ./t
trialConcurrency: 1
tuner: {name: TPE}
trainingService: {platform: local}'

# mistake NAME SPEC COLUMN MESSAGE       the spec of a parameter, in line 2
mistake() {
	good='"a": {"_type": "choice", "_value": [1]}'
	printf '{%s,\n"x": %s}\n' "$good" "$2" >s.json
	exits 3 "$1, JSON" nni-config --space s.json
	is "$(cat err)" "s.json:2:$(($3 + 5)): $4" 'is told'
	printf 'a: {_type: choice, _value: [1]}\nx: %s\n' "$2" >s.yml
	exits 3 "$1, YAML" nni-config --space s.yml
	is "$(cat err)" "s.yml:2:$(($3 + 3)): $4" 'is told'
	printf '%s\nsearchSpaceFile: s.json\n' "$head" >c.yml
	exits 3 "$1, in a file" nni-config c.yml
	is "$(cat err)" "s.json:2:$(($3 + 5)): $4" 'is told'
	printf '%s\nsearchSpace:\n  a: {_type: choice, _value: [1]}\n  x: %s\n' "$head" "$2" >c.yml
	exits 3 "$1, inline" nni-config c.yml
	is "$(cat err)" "c.yml:7:$(($3 + 5)): $4" 'is told'
}

types='choice randint uniform quniform loguniform qloguniform normal qnormal lognormal qlognormal'
mistake 'an unknown type' '{"_type": "foo", "_value": [0, 1]}' 11 \
	"x: unknown _type 'foo'; must be one of $types"
mistake 'bounds the wrong way round' '{"_type": "uniform", "_value": [2, 1]}' 33 \
	'x: low is above high in uniform [low, high]; swap them'
mistake 'a logarithm of 0' '{"_type": "loguniform", "_value": [0, 1]}' 36 \
	'x: low must be above 0 in loguniform'
mistake 'a negative sigma' '{"_type": "normal", "_value": [0, -1]}' 35 \
	'x: sigma must be above 0'
mistake 'a step of 0' '{"_type": "quniform", "_value": [0, 1, 0]}' 40 \
	'x: q must be above 0'
mistake 'no choice' '{"_type": "choice", "_value": []}' 31 \
	'x: a choice needs at least one element'
mistake 'randint of one number' '{"_type": "randint", "_value": [5]}' 32 \
	'x: _value must be [low, high]; for the numbers below 5 write [0, 5]'
mistake 'randint of none' '{"_type": "randint", "_value": [5, 5]}' 32 \
	'x: randint [low, high] holds no number: high is left out and must be above low'
mistake 'no object' '["uniform", 0, 1]' 1 \
	'x: must be an object {"_type": ..., "_value": ...}, not a list'
mistake 'no _value' '{"_type": "uniform"}' 1 'x: has no _value; uniform needs [low, high]'
mistake 'a text for a number' '{"_type": "uniform", "_value": [0, "many"]}' 36 \
	"x: must be a finite number, not the text 'many'"

for tuner in TPE Random GridSearch; do
	printf '%s\nsearchSpace: {}\n' "$head" | sed "s/TPE/$tuner/" >c.yml
	exits 3 "nothing at all, for $tuner" nni-config c.yml
	is "$(cat err)" 'c.yml:5:14: the search space is empty' 'is told'
done
done_testing
